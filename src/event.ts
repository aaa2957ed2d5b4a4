/**
 * What observably happens on a socket, as one union on `kind`.
 *
 * `bytes` is one write or one read and promises no boundary; `datagram` is exactly one datagram. Their payload
 * is borrowed: it is valid only while the event is being told, because the buffer behind it may be used again.
 * Who keeps it, copies it.
 */
import type { TlsEvent, TlsIdentity, UntrustedEvent } from './tls-event.ts'
import type { Problem } from './wire/handshake-response.ts'
import type { Header } from './wire/http-head.ts'
import type { Carried, FrameOutput, MessageOutput, ViolationOutput } from './wire/output.ts'
import type { RoundTripReport, SequenceReport } from './wire/sequence.ts'

export type Transport = 'tcp' | 'udp' | 'websocket'

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

/** What went out of a WebSocket; `bytes` counts the whole stream: upgrade, frame headers, masks, payload. */
export interface WebSocketSent extends Sent, Carried {}

/** What came into a WebSocket; `bytes` counts the whole stream. */
export interface WebSocketReceived extends Received, Carried {}

/** Datagrams that went one way. */
export interface DatagramCount {
  /** Payload bytes. */
  readonly bytes: number
  readonly datagrams: number
  /** From the first to the last of them, milliseconds. */
  readonly spanMs: number
}

/** What a datagram socket has carried. */
export interface Traffic {
  /** What the kernel took. */
  readonly sent: DatagramCount
  readonly received: DatagramCount
  /** Datagrams that were to be sent and never left: too large, forbidden, or still waiting. */
  readonly unsent: number
  /** How often the kernel told us through ICMP that nobody listens there. */
  readonly refused: number
  /** Datagrams that the kernel threw away because nobody read them in time, where it tells. */
  readonly dropped?: number
  /** What the numbers of numbered datagrams tell. */
  readonly sequence?: SequenceReport
  /** How long numbered datagrams of ours took there and back. */
  readonly roundTrips?: RoundTripReport
}

/** A server's port is open. */
export interface ListeningEvent {
  readonly kind: 'listening'
  readonly transport: Transport
  readonly local: Endpoint
  /** Who can connect or send: this machine only, or whoever reaches the address. */
  readonly reach: 'loopback' | 'network'
  readonly service: string
  /** Where a WebSocket client connects to. */
  readonly url?: string
  /** With TLS from the start of each connection. */
  readonly tls?: TlsIdentity
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
export interface ConnectionOpenedEvent {
  readonly kind: 'opened'
  readonly transport: 'tcp'
  readonly local: Endpoint
  readonly remote: Endpoint
  /** How long connecting took, milliseconds; a server cannot know it. */
  readonly tookMs?: number
}

/** A client's datagram socket is open: nothing was sent, and nobody was asked. */
export interface DatagramOpenedEvent {
  readonly kind: 'opened'
  readonly transport: 'udp'
  readonly local: Endpoint
  readonly remote: Endpoint
  /** Whether the kernel passes on what comes from there only, and tells us when nobody listens there. */
  readonly connected: boolean
}

/** The upgrade is done: from here on the stream carries frames (RFC 6455 §4). */
export interface WebSocketOpenedEvent {
  readonly kind: 'opened'
  readonly transport: 'websocket'
  readonly local: Endpoint
  readonly remote: Endpoint
  /** The target of the request, such as `/chat?room=1`. */
  readonly target: string
  readonly subprotocol?: string
  /** The extension as it was agreed on, such as `permessage-deflate; server_max_window_bits=9`. */
  readonly compression?: string
  /** From the connection to the answer, milliseconds. */
  readonly tookMs: number
}

export type OpenedEvent = ConnectionOpenedEvent | DatagramOpenedEvent | WebSocketOpenedEvent

/** The request for the upgrade, as its head travelled; credentials of ours are struck out. */
export interface RequestEvent {
  readonly kind: 'request'
  readonly direction: 'sent' | 'received'
  readonly method: string
  readonly target: string
  /** `HTTP/1.1` */
  readonly version: string
  readonly headers: readonly Header[]
  readonly size: number
  readonly payload: Uint8Array
}

/** The answer to the request for the upgrade. */
export interface ResponseEvent {
  readonly kind: 'response'
  readonly direction: 'sent' | 'received'
  readonly version: string
  readonly status: number
  readonly reason: string
  readonly headers: readonly Header[]
  readonly size: number
  readonly payload: Uint8Array
  /** The start of its body, where a refusal has one, as text in which each character is a byte. */
  readonly body?: string
  /** Why there is no WebSocket: what was wrong with the request (sent), or with this answer (received). */
  readonly problem?: Problem
  /** From the request to the answer, milliseconds. */
  readonly tookMs: number
}

/** One frame (RFC 6455 §5.2). */
export interface FrameEvent extends FrameOutput {
  /** A pong: how long ago the ping that it answers was sent, milliseconds. */
  readonly roundTripMs?: number
}

/** One whole message, as the application sees it. */
export type MessageEvent = MessageOutput

/** The peer broke a rule of the protocol: the connection is failed (RFC 6455 §7.1.7). */
export type ViolationEvent = ViolationOutput

/** One write, or one read. */
export interface BytesEvent {
  readonly kind: 'bytes'
  readonly direction: 'sent' | 'received'
  readonly size: number
  readonly payload: Uint8Array
}

/** Exactly one datagram. */
export interface DatagramEvent {
  readonly kind: 'datagram'
  readonly direction: 'sent' | 'received'
  readonly size: number
  readonly remote: Endpoint
  readonly payload: Uint8Array
  /** The number in its sequence header, where it has one. */
  readonly number?: number
  /** How many bytes a recv of the size that was asked about would have kept, where that is fewer. */
  readonly kept?: number
}

/** A server heard from an address for the first time: nothing was accepted, and nothing will close. */
export interface PeerEvent {
  readonly kind: 'peer'
  readonly remote: Endpoint
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
  /**
   * With TLS, as far as it is known: whether close_notify came first (RFC 8446 §6.1). Without it anybody on the way
   * may have cut the stream short.
   */
  readonly notified?: boolean
}

/** Something did not happen in time. */
export interface TimeoutEvent {
  readonly kind: 'timeout'
  readonly what: 'connect' | 'idle' | 'write' | 'wait' | 'handshake' | 'ping' | 'close'
  readonly afterMs: number
  readonly remote?: Endpoint
}

/** Nothing listens there: an attempt to connect was refused, or ICMP said so of a datagram sent earlier. */
export interface RefusedEvent {
  readonly kind: 'refused'
  readonly transport: Transport
  readonly remote: Endpoint
  readonly code: string
  /** How long an attempt to connect took, milliseconds. */
  readonly tookMs?: number
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
export interface ConnectionClosedEvent {
  readonly kind: 'closed'
  readonly transport: 'tcp'
  /** Whose FIN or RST came first; an error from outside counts as the peer's. */
  readonly first: Side
  readonly how: Ending
  /** Whether both sides sent their FIN. */
  readonly answered: boolean
  /** The system's error code where one was reported: a reset with a code is the peer's, without one ours. */
  readonly code?: string
  /** With TLS: the peer's FIN came without close_notify, so that something may be missing. */
  readonly truncated?: true
  readonly sent: Sent
  readonly received: Received
  /** Bytes that were accepted from the user but never reached the kernel: lost. */
  readonly unsent: number
  readonly openMs: number
}

/** A datagram socket was closed, by us: nobody on the other side learns of it. The verdict. */
export interface DatagramClosedEvent extends Traffic {
  readonly kind: 'closed'
  readonly transport: 'udp'
  /** Whether the socket was connected: only then is a refusal told. */
  readonly connected: boolean
  readonly openMs: number
}

/** A WebSocket is over: the verdict. */
export interface WebSocketClosedEvent {
  readonly kind: 'closed'
  readonly transport: 'websocket'
  /** Whether it ever was one: the upgrade may have failed. */
  readonly upgraded: boolean
  /** Who began to end it: whose close frame, FIN or RST came first. */
  readonly first: Side
  /** Whether a close frame went each way, and TCP ended by FIN after that (RFC 6455 §7.1.4). */
  readonly clean: boolean
  /** What the peer's close frame says; 1005: it says nothing; 1006: there was none (RFC 6455 §7.1.5). */
  readonly closeCode: number
  readonly reason: string
  /** The code in our own close frame, 1005 where it has none; undefined where we sent no frame. */
  readonly sentCode?: number
  /** We failed it over a rule or a limit: nothing that came after that was looked at (RFC 6455 §7.1.7). */
  readonly failed?: true
  /** How TCP went down. */
  readonly how: Ending
  readonly code?: string
  readonly sent: WebSocketSent
  readonly received: WebSocketReceived
  /** Bytes of the stream that never reached the kernel. */
  readonly unsent: number
  readonly openMs: number
}

export type ClosedEvent = ConnectionClosedEvent | DatagramClosedEvent | WebSocketClosedEvent

/** A limit acted. */
export interface LimitEvent {
  readonly kind: 'limit'
  readonly what:
    | 'connections'
    | 'queue'
    | 'line'
    | 'peers'
    | 'datagrams'
    | 'answer'
    | 'loop'
    | 'output'
    | 'message'
    | 'fragments'
    | 'unfinished'
    | 'pongs'
  /** The limit's value: connections, bytes, datagrams, peers, hops or frames; 0 where there is none. */
  readonly limit: number
  /** How often it has acted since the command started. */
  readonly count: number
  /** What was done, and how to change the limit. */
  readonly detail: string
  readonly remote?: Endpoint
}

/** The state of one connection. */
export interface ConnectionState {
  readonly socket: string
  readonly remote: Endpoint
  readonly state: 'securing' | 'open' | 'they ended' | 'we ended' | 'closing'
  readonly paused: boolean
  readonly sent: Sent
  readonly received: Received
  /** Bytes that wait in this process to be sent. */
  readonly queued: number
  readonly openMs: number
}

/** What went to and came from one address. */
export interface DatagramPeerState {
  readonly socket: string
  readonly remote: Endpoint
  readonly sent: DatagramCount
  readonly received: DatagramCount
  readonly sequence?: SequenceReport
  /** How long ago it was first heard of, milliseconds. */
  readonly knownMs: number
}

/** `/peers` and `/stats`: who is connected, and what went each way. */
export interface ConnectionStatsEvent {
  readonly kind: 'stats'
  readonly transport: 'tcp'
  readonly asked: 'peers' | 'stats'
  readonly peers: readonly ConnectionState[]
  /** Over every connection of this command, closed ones too. */
  readonly total: {
    readonly opened: number
    readonly closed: number
    readonly refused: number
    readonly sent: Sent
    readonly received: Received
  }
}

/** `/peers` and `/stats` of a datagram socket: the addresses it remembers, and what went each way. */
export interface DatagramStatsEvent {
  readonly kind: 'stats'
  readonly transport: 'udp'
  readonly asked: 'peers' | 'stats'
  readonly peers: readonly DatagramPeerState[]
  /** Over every peer, forgotten ones too. */
  readonly total: Traffic & { readonly openMs: number }
}

/** The state of one WebSocket. */
export interface WebSocketState {
  readonly socket: string
  readonly remote: Endpoint
  readonly state: 'upgrading' | 'open' | 'closing'
  readonly paused: boolean
  readonly sent: WebSocketSent
  readonly received: WebSocketReceived
  /** Bytes that wait in this process to be sent. */
  readonly queued: number
  readonly openMs: number
}

/** `/peers` and `/stats` of WebSockets. */
export interface WebSocketStatsEvent {
  readonly kind: 'stats'
  readonly transport: 'websocket'
  readonly asked: 'peers' | 'stats'
  readonly peers: readonly WebSocketState[]
  /** Over every connection of this command, closed ones too. */
  readonly total: {
    readonly opened: number
    readonly closed: number
    readonly refused: number
    readonly sent: WebSocketSent
    readonly received: WebSocketReceived
  }
}

export type StatsEvent = ConnectionStatsEvent | DatagramStatsEvent | WebSocketStatsEvent

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

/** What became of a process, as who runs it sees it: its own sockets could not tell. */
export interface ProcessEvent {
  readonly kind: 'process'
  readonly what: 'stopped' | 'continued' | 'killed' | 'exited'
  /** Of one that exited by itself. */
  readonly exitCode?: number
  /** Its last words on standard error. */
  readonly message?: string
}

export type EventBody =
  | ListeningEvent
  | ResolvedEvent
  | ConnectingEvent
  | OpenedEvent
  | TlsEvent
  | UntrustedEvent
  | BytesEvent
  | DatagramEvent
  | RequestEvent
  | ResponseEvent
  | FrameEvent
  | MessageEvent
  | ViolationEvent
  | PeerEvent
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
  | ProcessEvent

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

/** An event that carries payload: its boundaries are a message's own, or a write's or read's, which mean nothing. */
export type PayloadEvent = EventOf<'bytes' | 'datagram' | 'message'>
export type Direction = PayloadEvent['direction']

/** The event by which each transport tells what was sent and received through it. */
export const payloadKinds = {
  tcp: 'bytes',
  udp: 'datagram',
  websocket: 'message',
} as const satisfies Readonly<Record<Transport, PayloadEvent['kind']>>

/** Whether it tells what was sent or received over the transport: a WebSocket tells of bytes, too. */
export function carriesPayload(event: Event, transport: Transport): event is PayloadEvent {
  return event.kind === payloadKinds[transport]
}

/** Says which events are of interest; for those that carry payload also in which direction. */
export type Wants = (kind: EventKind, direction?: Direction) => boolean

/** Takes what happens. Who tells asks `wants` first where building the event costs something. */
export interface Teller {
  /** The body is the teller's from now on. @param at when it was, where that is known: milliseconds on its clock */
  tell(socket: string, body: EventBody, at?: number): void
  /** Something happened of which nobody wants an event, so that none was built. */
  stir(): void
  readonly wants: Wants
}

/** Someone who listens to events. */
export interface Listener {
  hear(event: Event): void
  readonly wants: Wants
}

/**
 * Stamps every event and gives it to each listener in turn. `now` is in milliseconds; `stir` is called whatever
 * happens, wanted or not.
 */
export function createTeller(
  now: () => number,
  listeners: readonly Listener[],
  stir: () => void = () => {},
): Teller {
  let seq = 0
  const wants: Wants = (kind, direction) => listeners.some((listener) => listener.wants(kind, direction))
  return {
    wants,
    stir,
    tell(socket, body, at) {
      stir()
      const direction = 'direction' in body ? body.direction : undefined
      let event: Event | undefined
      for (const listener of listeners) {
        if (!listener.wants(body.kind, direction)) continue
        if (event === undefined) {
          seq += 1
          event = stamp(body, seq, at ?? now(), socket)
        }
        listener.hear(event)
      }
    },
  }
}

/** The body itself becomes the event. Measured: a copy by Object.assign takes five times as long, by spreading eighty. */
function stamp(
  body: EventBody & { -readonly [Name in keyof Stamp]?: Stamp[Name] },
  seq: number,
  at: number,
  socket: string,
): Event {
  body.seq = seq
  body.at = at
  body.socket = socket
  return body as Event
}

/** Milliseconds between two readings of the clock, three decimals. */
export function msSince(startedAt: number, now: number): number {
  return Math.round((now - startedAt) * 1000) / 1000
}

/** `127.0.0.1:9000`, `[::1]:9000`. */
export function formatEndpoint({ address, port }: Pick<Endpoint, 'address' | 'port'>): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}
