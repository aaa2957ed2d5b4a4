import type { Socket } from 'node:net'
import { msSince } from '../event.ts'
import { Lookout } from './lookout.ts'
import { unsentBytes } from './raw-handle.ts'

export interface SendOptions {
  /** Bytes a write at most: payloads are cut into pieces. */
  readonly chunk: number | undefined
  /** Milliseconds between two writes. */
  readonly delayMs: number | undefined
  /** Bytes that may wait in this process before whoever sends has to wait. */
  readonly maxQueue: number
  /** Milliseconds without progress after which a peer that does not read is given up; 0: never. */
  readonly stallTimeoutMs: number
}

/** So many payloads may wait at most: each costs memory of its own, however small it is. */
const mostPayloads = 16_384

/** What the sending half tells its connection. */
export interface SenderHooks {
  wrote(piece: Uint8Array): void
  stalled(queued: number): void
  drained(tookMs: number): void
  /** What waited may have come further. */
  wentOn?(): void
  /** The queue has as much as it may hold. */
  full(): void
  /** The queue has room again. */
  room(): void
  /** No progress for the stall timeout. */
  stuck(): void
}

/** The writing half of a connection: a bounded, ordered queue, cut into pieces and paced. */
export class Sender {
  #chunk: number | undefined
  #delayMs: number | undefined
  #socket: Socket
  #unsentBytes: (socket: Socket) => number = unsentBytes
  readonly #options: SendOptions
  readonly #hooks: SenderHooks
  readonly #now: () => number
  /** What no write has taken yet, in order; the first one from `#offset` on. */
  readonly #pending: Uint8Array[] = []
  #pendingBytes = 0
  #offset = 0
  #writes = 0
  #accepted = 0
  #confirmed = 0
  #stalledAt: number | undefined
  #isFull = false
  #isHeld = false
  /** Between two sockets nothing is written. */
  #isDetached = false
  /** TLS confirms a write in its own time, even where the kernel has taken all of it. */
  #isUnconfirmed = false
  #stopped = false
  #pace: NodeJS.Timeout | undefined
  #patience: NodeJS.Timeout | undefined
  /** What is left to do once everything has gone to the kernel. */
  #afterwards: (() => void) | undefined
  #lookout: Lookout | undefined

  constructor(socket: Socket, options: SendOptions, hooks: SenderHooks, now: () => number) {
    this.#socket = socket
    this.#options = options
    this.#chunk = options.chunk
    this.#delayMs = options.delayMs
    this.#hooks = hooks
    this.#now = now
  }

  /** Bytes that wait in this process. */
  get queued(): number {
    return this.#pendingBytes + this.#unsentBytes(this.#socket)
  }

  /** Whether anything waits, or a write has said stop and was not answered yet: cheaper to ask than how much. */
  get isWaiting(): boolean {
    return this.#pendingBytes > 0 || this.#stalledAt !== undefined
  }

  /** Whether the queue has had as much as it may hold, and has not come down to half of that since. */
  get isFull(): boolean {
    return this.#isFull
  }

  /** What the kernel took. */
  get sent(): { bytes: number; writes: number } {
    return { bytes: this.#accepted - this.unsent, writes: this.#writes }
  }

  /** Bytes that were accepted and are not known to have reached the kernel. */
  get unsent(): number {
    return this.#stopped ? this.#accepted - this.#confirmed : this.queued
  }

  setChunk(chunk: number | undefined): void {
    this.#chunk = chunk
  }

  setDelay(delayMs: number | undefined): void {
    this.#delayMs = delayMs
  }

  /** While held, what is sent waits in the queue. */
  setHeld(held: boolean): void {
    this.#isHeld = held
    this.#pump()
  }

  /** Leaves the socket to somebody else: what is sent waits. */
  detach(): void {
    this.#isDetached = true
  }

  /** Goes on over another socket, on top of the one before. */
  moveTo(socket: Socket, unsentBytes: (socket: Socket) => number): void {
    this.#socket = socket
    this.#unsentBytes = unsentBytes
    this.#isDetached = false
    this.#pump()
  }

  /** Queues a payload, which belongs to the sender from now on, and writes what can be written. */
  send(payload: Uint8Array): void {
    if (this.#stopped || payload.length === 0) return
    this.#accepted += payload.length
    if (this.#goesAtOnce) this.#write(payload)
    else {
      this.#pending.push(payload)
      this.#pendingBytes += payload.length
      this.#pump()
    }
    if (!this.#isFull && this.isWaiting && this.#fullness >= 1) {
      this.#isFull = true
      this.#hooks.full()
    }
  }

  /** Settles when fewer than so many bytes wait here, or nothing can be sent any more. */
  whenBelow(bytes: number): Promise<void> {
    return this.#until(() => this.queued < bytes)
  }

  /** Settles when there is room for more, or nothing can be sent any more. */
  whenRoom(): Promise<void> {
    return this.#until(() => !this.#isFull)
  }

  /** Does something once everything queued has gone to the kernel; replaces what was to be done. */
  afterwards(what: () => void): void {
    this.#afterwards = what
    this.#pump()
  }

  /** Nothing more will be written. Before the socket is destroyed its queue is exact; after, writes that failed count. */
  stop(): void {
    if (this.#stopped) return
    if (!this.#socket.destroyed) this.#confirmed = this.#accepted - this.queued
    this.#stopped = true
    clearTimeout(this.#pace)
    clearTimeout(this.#patience)
    this.#settle()
    this.#lookout?.over()
  }

  async #until(isSo: () => boolean): Promise<void> {
    if (this.#stopped || isSo()) return
    this.#lookout ??= new Lookout()
    await this.#lookout.until(isSo)
  }

  #pump(): void {
    while (this.#pendingBytes > 0 && this.#canWrite) {
      this.#write(this.#nextPiece())
      if (this.#delayMs !== undefined && this.#delayMs > 0) this.#rest(this.#delayMs)
    }
    if (this.#pendingBytes === 0 && this.#stalledAt === undefined && !this.#stopped && !this.#isDetached) {
      const what = this.#afterwards
      this.#afterwards = undefined
      what?.()
    }
    this.#hooks.wentOn?.()
    this.#settle()
  }

  /** How much of what may wait does: 1 and more is too much. */
  get #fullness(): number {
    return Math.max(this.queued / this.#options.maxQueue, this.#pending.length / mostPayloads)
  }

  /** The commonest payload of all: nothing is before it, and nobody asked for pieces or pauses. */
  get #goesAtOnce(): boolean {
    const isPlain = this.#chunk === undefined && this.#delayMs === undefined && this.#afterwards === undefined
    return isPlain && this.#pendingBytes === 0 && this.#canWrite
  }

  get #canWrite(): boolean {
    if (!this.#socket.writable || this.#isDetached || this.#isUnconfirmed) return false
    return !this.#stopped && !this.#isHeld && this.#pace === undefined && this.#stalledAt === undefined
  }

  #nextPiece(): Uint8Array {
    const [payload = new Uint8Array()] = this.#pending
    const end = Math.min(payload.length, this.#offset + (this.#chunk ?? payload.length))
    const isWhole = this.#offset === 0 && end === payload.length
    const piece = isWhole ? payload : payload.subarray(this.#offset, end)
    this.#offset = end
    if (end === payload.length) {
      this.#pending.shift()
      this.#offset = 0
    }
    this.#pendingBytes -= piece.length
    return piece
  }

  #rest(delayMs: number): void {
    this.#pace = setTimeout(() => {
      this.#pace = undefined
      this.#pump()
    }, delayMs)
  }

  #write(piece: Uint8Array): void {
    this.#writes += 1
    this.#socket.write(piece, this.#onWritten)
    this.#hooks.wrote(piece)
    // A write that failed at once leaves nothing behind either.
    if (this.#stopped || this.#socket.errored !== null) return
    if (this.#socket.writableLength === 0) {
      this.#confirmed = this.#accepted - this.#pendingBytes
      return
    }
    if (this.#unsentBytes(this.#socket) === 0) {
      this.#isUnconfirmed = true
      return
    }
    this.#stalledAt = this.#now()
    this.#hooks.stalled(this.queued)
    this.#watch()
  }

  /** The write that stalled has gone to the kernel whole; those that did not stall need no answer. */
  readonly #onWritten = (error?: Error | null): void => {
    // Of a connection that was reset the answer is no proof: Node may give it without an error then.
    if (this.#stopped || this.#socket.destroyed || (error ?? null) !== null) return
    if (this.#socket.writableLength > 0) return
    const since = this.#stalledAt
    if (since === undefined && !this.#isUnconfirmed) return
    this.#stalledAt = undefined
    this.#isUnconfirmed = false
    this.#confirmed = this.#accepted - this.#pendingBytes
    clearTimeout(this.#patience)
    if (since !== undefined) this.#hooks.drained(msSince(since, this.#now()))
    this.#pump()
  }

  #settle(): void {
    if (this.#isFull && this.#fullness <= 0.5) {
      this.#isFull = false
      this.#hooks.room()
    }
    this.#lookout?.look()
  }

  /** Gives a peer up that takes nothing for the whole stall timeout. */
  #watch(): void {
    const { stallTimeoutMs } = this.#options
    if (stallTimeoutMs === 0) return
    const before = this.#unsentBytes(this.#socket)
    this.#patience = setTimeout(() => {
      if (this.#unsentBytes(this.#socket) < before) this.#watch()
      else this.#hooks.stuck()
    }, stallTimeoutMs)
  }
}
