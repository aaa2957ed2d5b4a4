import type { Condition, Dialect, Peers } from '../action.ts'
import { ExpectationError, TimeoutError } from '../errors.ts'
import {
  carriesPayload,
  type Direction,
  type Event,
  type EventKind,
  type Listener,
  msSince,
  type PayloadEvent,
  payloadKinds,
  type Teller,
  type Transport,
} from '../event.ts'
import { escapeBytes } from '../views/escape.ts'
import { formatDuration } from '../views/units.ts'

/** How much of what a socket received is kept for `/expect`, bytes. */
export const tailSize = 65_536

/** How many datagrams or messages of a socket are kept for `/expect`. */
const mostPieces = 1_024

/** How many of them are named that came instead. */
const mostNamed = 4

/** How many sockets are remembered, open or not. */
const mostSockets = 1_024

/** How much is shown of what came instead, bytes. */
const insteadSize = 256

const kinds: ReadonlySet<EventKind> = new Set(['opened', 'ended', 'closed', 'stalled', 'drained'])

/** Watches the events of a session for `/wait` and `/expect`. */
export class Watch implements Listener {
  readonly #transport: Transport
  readonly #now: () => number
  /**
   * What each socket received and no `/expect` has taken yet, its newest part: a stream is one piece, each datagram
   * and each message one of its own.
   */
  readonly #tails = new Map<string, readonly Buffer[]>()
  readonly #open = new Set<string>()
  readonly #stalled = new Set<string>()
  /** One for each who waits: looks whether it has come true. */
  readonly #looks = new Set<() => void>()
  /** The socket that received last, or that `/expect` found something in. */
  #newest: string
  #opened = 0
  #fins = 0
  #isOver = false

  constructor({ role, transport }: Pick<Dialect, 'role' | 'transport'>, now: () => number) {
    // What is named where no socket has received anything yet.
    this.#newest = role
    this.#transport = transport
    this.#now = now
  }

  wants(kind: EventKind, direction?: Direction): boolean {
    return kinds.has(kind) || (kind === payloadKinds[this.#transport] && direction !== 'sent')
  }

  hear(event: Event): void {
    if (carriesPayload(event, this.#transport)) {
      if (event.direction === 'received') this.#receive(event)
      return
    }
    switch (event.kind) {
      case 'opened':
        // A WebSocket tells of its TCP connection first, which is not open for messages yet.
        if (event.transport !== this.#transport) return
        this.#opened += 1
        this.#open.add(event.socket)
        break
      case 'ended':
        if (event.by === 'peer') this.#fins += 1
        break
      case 'stalled':
        this.#stalled.add(event.socket)
        break
      case 'drained':
        this.#stalled.delete(event.socket)
        break
      case 'closed':
        this.#stalled.delete(event.socket)
        this.#open.delete(event.socket)
        break
      default:
        return
    }
    this.look()
  }

  /** Nothing will happen any more: whoever waits is told now. */
  over(): void {
    this.#isOver = true
    this.look()
  }

  /** Settles when the condition holds, and something besides that no event tells. @throws TimeoutError */
  async until(
    condition: Condition,
    withinMs: number | undefined,
    signal: AbortSignal,
    also: () => boolean = () => true,
  ): Promise<void> {
    const met = await this.#wait(() => this.#holds(condition) && also(), withinMs, signal)
    if (met) return
    const limit =
      withinMs === undefined ? 'before the connection was over' : `within ${formatDuration(withinMs)}`
    throw new TimeoutError(`/wait ${condition}: it did not come to that ${limit}`)
  }

  /**
   * Settles when a chosen socket has received the bytes; what stands before them is taken with them.
   * @throws ExpectationError that says what was received instead
   */
  async expect(
    payload: Uint8Array,
    {
      peers,
      withinMs,
      signal,
      teller,
    }: { peers?: Peers; withinMs: number; signal: AbortSignal; teller: Teller },
  ): Promise<void> {
    const startedAt = this.#now()
    const only = typeof peers === 'number' ? `server#${peers}` : undefined
    const met = await this.#wait(() => this.#take(payload, only), withinMs, signal)
    const tookMs = msSince(startedAt, this.#now())
    if (met) {
      teller.tell(this.#newest, { kind: 'expected', met, payload, tookMs })
      return
    }
    const socket = only ?? this.#newest
    const tail = this.#tails.get(socket) ?? []
    const instead = (tail.at(-1) ?? Buffer.alloc(0)).subarray(-insteadSize)
    const pieces = [...tail.slice(-mostNamed, -1), instead].map(
      (piece) => `"${escapeBytes(piece.subarray(-insteadSize))}"`,
    )
    teller.tell(socket, { kind: 'expected', met, payload, tookMs, instead })
    const isNothing = tail.every(({ length }) => length === 0)
    const got = isNothing ? 'nothing was received' : `received instead: ${pieces.join(', ')}`
    const limit = this.#isOver ? 'before the connection was over' : `within ${formatDuration(withinMs)}`
    throw new ExpectationError(`Expected "${escapeBytes(payload)}" ${limit}: ${got}`)
  }

  #receive({ kind, socket, payload }: PayloadEvent): void {
    const before = this.#tails.get(socket) ?? []
    const isStream = kind === 'bytes'
    const tail = isStream
      ? [Buffer.concat([...before, payload])]
      : [...before.slice(1 - mostPieces), Buffer.from(payload)]
    this.#newest = socket
    // Set anew, so that the oldest stands first.
    this.#tails.delete(socket)
    this.#tails.set(socket, tail)
    const [oldest] = this.#tails.keys()
    if (this.#tails.size > mostSockets && oldest !== undefined) this.#tails.delete(oldest)
    // Whoever waits sees all of it; a large message is cut only for those who come later.
    this.look()
    const left = this.#tails.get(socket)
    if (left !== undefined) this.#tails.set(socket, newest(left))
  }

  #take(payload: Uint8Array, only: string | undefined): boolean {
    for (const [socket, tail] of this.#tails) {
      if (only !== undefined && socket !== only) continue
      const index = tail.findIndex((piece) => piece.indexOf(payload) !== -1)
      const piece = tail[index]
      if (piece === undefined) continue
      this.#newest = socket
      const rest = piece.subarray(piece.indexOf(payload) + payload.length)
      const later = tail.slice(index + 1)
      this.#tails.set(socket, rest.length === 0 ? later : [rest, ...later])
      return true
    }
    return false
  }

  #holds(condition: Condition): boolean {
    switch (condition) {
      case 'connected':
        return this.#open.size > 0
      case 'fin':
        return this.#fins > 0
      case 'closed':
        return this.#opened > 0 && this.#open.size === 0
      case 'drained':
        return this.#stalled.size === 0
    }
  }

  /** Whether it came true in time, while there was something to wait for. */
  #wait(isTrue: () => boolean, withinMs: number | undefined, signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      let timer: NodeJS.Timeout | undefined
      const settle = (met: boolean) => {
        this.#looks.delete(look)
        clearTimeout(timer)
        signal.removeEventListener('abort', giveUp)
        resolve(met)
      }
      const giveUp = () => settle(false)
      const look = () => {
        if (isTrue()) settle(true)
        else if (this.#isOver || signal.aborted) settle(false)
      }
      this.#looks.add(look)
      signal.addEventListener('abort', giveUp)
      if (withinMs !== undefined) timer = setTimeout(giveUp, withinMs)
      look()
    })
  }

  /** Something may have come true. */
  look(): void {
    for (const look of this.#looks) look()
  }
}

/** The newest of it, whose size is bounded. */
function newest(tail: readonly Buffer[]): readonly Buffer[] {
  const last = tail.at(-1)
  if (last !== undefined && last.length > tailSize) return [Buffer.from(last.subarray(-tailSize))]
  let size = 0
  const from = tail.findLastIndex((piece) => {
    size += piece.length
    return size > tailSize
  })
  return tail.slice(from + 1)
}
