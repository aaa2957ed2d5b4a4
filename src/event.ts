/**
 * What observably happens on a socket, as one union on `kind`.
 *
 * `bytes` is one write or one read and promises no boundary. Its payload is borrowed: it is valid only
 * while the event is being told, because the buffer behind it is used again. Who keeps it, copies it.
 */

/** One end of a socket. */
export interface Endpoint {
  readonly address: string
  readonly port: number
  readonly family: 'IPv4' | 'IPv6'
}

/** Which of the two ends did it. */
export type Side = 'us' | 'peer'

/** What went out of a socket: payload bytes, and the calls of write that carried them. */
export interface Sent {
  readonly bytes: number
  readonly writes: number
}

/** What came into a socket: payload bytes, and the reads that carried them. */
export interface Received {
  readonly bytes: number
  readonly reads: number
}

/** A server's port is open. */
export interface ListeningEvent {
  readonly kind: 'listening'
  readonly local: Endpoint
  /** Who can connect: this machine only, or whoever reaches the address. */
  readonly reach: 'loopback' | 'network'
  readonly service: string
}

/** A name became addresses, in the order in which they are tried. */
export interface ResolvedEvent {
  readonly kind: 'resolved'
  readonly host: string
  readonly addresses: readonly string[]
  readonly tookMs: number
}

/** An attempt to connect began. */
export interface ConnectingEvent {
  readonly kind: 'connecting'
  readonly remote: Endpoint
  /** Counts from 1 over all addresses of this try. */
  readonly attempt: number
  readonly attempts: number
}

/** A connection stands. */
export interface OpenedEvent {
  readonly kind: 'opened'
  readonly local: Endpoint
  readonly remote: Endpoint
  /** How long connecting took, milliseconds; a server cannot know it. */
  readonly tookMs?: number
}

/** One write, or one read. */
export interface BytesEvent {
  readonly kind: 'bytes'
  readonly direction: 'sent' | 'received'
  readonly size: number
  readonly payload: Uint8Array
}

/** We stopped reading on request; what arrives now waits in the kernel. */
export interface PausedEvent {
  readonly kind: 'paused'
}

/** We read again. */
export interface ResumedEvent {
  readonly kind: 'resumed'
}

/** A write said stop: the kernel's send buffer is full and the rest waits in this process. */
export interface StalledEvent {
  readonly kind: 'stalled'
  /** Bytes that wait in this process. */
  readonly queued: number
}

/** Everything that waited went to the kernel. */
export interface DrainedEvent {
  readonly kind: 'drained'
  readonly tookMs: number
}

/** One direction of the stream ended: a FIN. */
export interface EndedEvent {
  readonly kind: 'ended'
  readonly by: Side
}

/** Something did not happen in time. */
export interface TimeoutEvent {
  readonly kind: 'timeout'
  readonly what: 'connect' | 'idle' | 'write' | 'wait'
  readonly afterMs: number
  readonly remote?: Endpoint
}

/** An attempt to connect was refused: nothing listens there. */
export interface RefusedEvent {
  readonly kind: 'refused'
  readonly remote: Endpoint
  readonly code: string
  readonly tookMs: number
}

/** An operation failed; `message` says which and why. */
export interface FailedEvent {
  readonly kind: 'failed'
  readonly code: string
  readonly message: string
  readonly remote?: Endpoint
  readonly tookMs?: number
}

/** How a connection went down: by FIN, by a reset, by a time limit of ours, or by an error. */
export type Ending = 'fin' | 'reset' | 'timeout' | 'error'

/** A connection is over: the verdict. */
export interface ClosedEvent {
  readonly kind: 'closed'
  /** Whose FIN or RST came first; an error from outside counts as the peer's. */
  readonly first: Side
  readonly how: Ending
  /** Whether both sides sent their FIN. */
  readonly answered: boolean
  /** The system's error code where one was reported: a reset with a code is the peer's, without one ours. */
  readonly code?: string
  readonly sent: Sent
  readonly received: Received
  /** Bytes that were accepted from the user but never reached the kernel: lost. */
  readonly unsent: number
  readonly openMs: number
}

/** A limit acted. */
export interface LimitEvent {
  readonly kind: 'limit'
  readonly what: 'connections' | 'queue' | 'line'
  /** The limit's value: connections, or bytes. */
  readonly limit: number
  /** How often it has acted since the command started. */
  readonly count: number
  /** What was done, and how to change the limit. */
  readonly detail: string
  readonly remote?: Endpoint
}

/** The state of one connection. */
export interface PeerState {
  readonly socket: string
  readonly remote: Endpoint
  readonly state: 'open' | 'they ended' | 'we ended' | 'closing'
  readonly paused: boolean
  readonly sent: Sent
  readonly received: Received
  /** Bytes that wait in this process to be sent. */
  readonly queued: number
  readonly openMs: number
}

/** `/peers` and `/stats`: who is connected, and what went each way. */
export interface StatsEvent {
  readonly kind: 'stats'
  readonly asked: 'peers' | 'stats'
  readonly peers: readonly PeerState[]
  /** Over every connection of this command, closed ones too. */
  readonly total: {
    readonly opened: number
    readonly closed: number
    readonly refused: number
    readonly sent: Sent
    readonly received: Received
  }
}

/** `/expect` was met, or not. */
export interface ExpectedEvent {
  readonly kind: 'expected'
  readonly met: boolean
  /** The bytes that were waited for. */
  readonly payload: Uint8Array
  readonly tookMs: number
  /** Where it was not met: the end of what was received instead. */
  readonly instead?: Uint8Array
}

/** Narration: something said to the person. */
export interface NoteEvent {
  readonly kind: 'note'
  readonly text: string
}

export type EventBody =
  | ListeningEvent
  | ResolvedEvent
  | ConnectingEvent
  | OpenedEvent
  | BytesEvent
  | PausedEvent
  | ResumedEvent
  | StalledEvent
  | DrainedEvent
  | EndedEvent
  | TimeoutEvent
  | RefusedEvent
  | FailedEvent
  | ClosedEvent
  | LimitEvent
  | StatsEvent
  | ExpectedEvent
  | NoteEvent

export interface Stamp {
  /** Counts from 1 without a gap. */
  readonly seq: number
  /** Milliseconds since the command started, on a monotonic clock. */
  readonly at: number
  /** `client`, `server`, `server#3`. */
  readonly socket: string
}

export type Event = EventBody & Stamp
export type EventKind = Event['kind']
export type EventOf<Kind extends EventKind> = Extract<Event, { kind: Kind }>
export type Direction = BytesEvent['direction']

/** Says which events are of interest; for `bytes` also in which direction. */
export type Wants = (kind: EventKind, direction?: Direction) => boolean

/** Takes what happens. Who tells asks `wants` first where building the event costs something. */
export interface Teller {
  tell(socket: string, body: EventBody): void
  readonly wants: Wants
}

/** Someone who listens to events. */
export interface Listener {
  hear(event: Event): void
  readonly wants: Wants
}

/** Stamps every event and gives it to each listener in turn. `now` is in milliseconds. */
export function createTeller(now: () => number, listeners: readonly Listener[]): Teller {
  let seq = 0
  const wants: Wants = (kind, direction) => listeners.some((listener) => listener.wants(kind, direction))
  return {
    wants,
    tell(socket, body) {
      const direction = body.kind === 'bytes' ? body.direction : undefined
      if (!wants(body.kind, direction)) return
      seq += 1
      // Measured: spreading the body takes seventeen times as long.
      const event: Event = Object.assign({ seq, at: now(), socket }, body)
      for (const listener of listeners) if (listener.wants(body.kind, direction)) listener.hear(event)
    },
  }
}

/** Milliseconds between two readings of the clock, three decimals. */
export function msSince(startedAt: number, now: number): number {
  return Math.round((now - startedAt) * 1000) / 1000
}

/** `127.0.0.1:9000`, `[::1]:9000`. */
export function formatEndpoint({ address, port }: Pick<Endpoint, 'address' | 'port'>): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}
