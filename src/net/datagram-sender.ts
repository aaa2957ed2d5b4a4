import { Lookout } from './lookout.ts'

export interface DatagramSendOptions {
  /** Bytes a datagram at most: payloads are cut into pieces. */
  readonly chunk: number | undefined
  /** Milliseconds between two datagrams. */
  readonly delayMs: number | undefined
  /** Bytes a second at most. */
  readonly rate: number | undefined
  /** Bytes that are put before each payload. */
  readonly headerSize?: number
  /** Datagrams that may wait in this process before whoever sends has to wait. */
  readonly maxQueue: number
}

/** What the sender needs of the socket. */
export interface DatagramSenderHooks<To> {
  /** Gives the kernel one datagram; the answer says whether it is done with it, else it will be later. */
  transmit(payload: Uint8Array, to: To, done: () => void): boolean
  now(): number
}

/** A busy timer may be so late, milliseconds: what it missed is made up for. */
const slackMs = 20

/** The list is shortened once so many at its start are gone: shifting each by itself would cost more. */
const mostGone = 1_024

/** What waits to be sent: a payload from `start` on. */
interface Waiting<To> {
  readonly payload: Uint8Array
  readonly to: To
  start: number
}

/** The sending half of a datagram socket: a bounded, ordered queue, each piece a datagram, paced. */
export class DatagramSender<To> {
  readonly #options: DatagramSendOptions
  readonly #hooks: DatagramSenderHooks<To>
  readonly #lookout = new Lookout()
  #chunk: number | undefined
  #delayMs: number | undefined
  #rate: number | undefined
  #waiting: Waiting<To>[] = []
  /** How many at the start of the list are gone. */
  #gone = 0
  /** How many datagrams those in the list will be. */
  #pieces = 0
  /** Whether the kernel has one: until it is done with that, which may have to be tried again, none overtakes it. */
  #isBusy = false
  #isFull = false
  #isHeld = false
  #stopped = false
  /** When the next datagram may go, milliseconds. */
  #readyAt = 0
  #pace: NodeJS.Timeout | undefined

  constructor(options: DatagramSendOptions, hooks: DatagramSenderHooks<To>) {
    this.#options = options
    this.#hooks = hooks
    this.#chunk = options.chunk
    this.#delayMs = options.delayMs
    this.#rate = options.rate
  }

  /** Datagrams that the kernel has not taken. */
  get queued(): number {
    return this.#pieces + (this.#isBusy ? 1 : 0)
  }

  /** Whether as many wait as may, and have not come down to half of that since. */
  get isFull(): boolean {
    return this.#isFull
  }

  get chunk(): number | undefined {
    return this.#chunk
  }

  setChunk(chunk: number | undefined): void {
    this.#chunk = chunk
    this.#pieces = this.#waiting.slice(this.#gone).reduce((sum, one) => sum + this.#piecesOf(one), 0)
  }

  setDelay(delayMs: number | undefined): void {
    this.#delayMs = delayMs
    this.#startAnew()
  }

  setRate(rate: number | undefined): void {
    this.#rate = rate
    this.#startAnew()
  }

  /** What the pace before asked for no longer counts. */
  #startAnew(): void {
    clearTimeout(this.#pace)
    this.#pace = undefined
    this.#readyAt = 0
    this.#pump()
  }

  /** While held, what is sent waits in the queue. */
  setHeld(held: boolean): void {
    this.#isHeld = held
    this.#pump()
  }

  /** Queues a payload, which belongs to the sender from now on: one datagram, or one for each piece. */
  send(payload: Uint8Array, to: To): void {
    if (this.#stopped) return
    const isAlone = this.#chunk === undefined || payload.length <= this.#chunk
    if (isAlone && this.#pieces === 0 && this.#canSend()) {
      this.#transmit(payload, to)
      // Who is told of it may send something, too.
      if (this.#pieces > 0) this.#pump()
      return
    }
    const one = { payload, to, start: 0 }
    this.#waiting.push(one)
    this.#pieces += this.#piecesOf(one)
    if (this.queued >= this.#options.maxQueue) this.#isFull = true
    this.#pump()
  }

  /** Settles when there is room for more, or nothing can be sent any more. */
  whenRoom(): Promise<void> {
    return this.#lookout.until(() => !this.#isFull)
  }

  /** Settles when the kernel has everything, or nothing can be sent any more. */
  whenSent(): Promise<void> {
    return this.#lookout.until(() => this.queued === 0)
  }

  /** Nothing more will be sent; the answer is how many datagrams never were. */
  stop(): number {
    const left = this.queued
    this.#stopped = true
    clearTimeout(this.#pace)
    this.#waiting = []
    this.#gone = 0
    this.#pieces = 0
    this.#lookout.over()
    return left
  }

  /** An empty payload is a datagram, too. */
  #piecesOf({ payload, start }: Waiting<To>): number {
    const left = payload.length - start
    return this.#chunk === undefined ? 1 : Math.max(1, Math.ceil(left / this.#chunk))
  }

  #canSend(): boolean {
    return !this.#isBusy && !this.#isHeld && this.#pace === undefined && !this.#stopped
  }

  #transmit(payload: Uint8Array, to: To): void {
    if (this.#delayMs !== undefined || this.#rate !== undefined)
      this.#rest(payload.length + (this.#options.headerSize ?? 0))
    this.#isBusy = true
    if (this.#hooks.transmit(payload, to, this.#onDone)) this.#isBusy = false
  }

  readonly #onDone = (): void => {
    this.#isBusy = false
    this.#pump()
  }

  #pump(): void {
    for (let next = this.#waiting[this.#gone]; next !== undefined && this.#canSend(); ) {
      const piece = this.#nextPiece(next)
      this.#transmit(piece, next.to)
      next = this.#waiting[this.#gone]
    }
    if (this.#gone > 0 && (this.#gone === this.#waiting.length || this.#gone >= mostGone)) {
      this.#waiting.splice(0, this.#gone)
      this.#gone = 0
    }
    if (this.#isFull && this.queued <= this.#options.maxQueue / 2) this.#isFull = false
    this.#lookout.look()
  }

  #nextPiece(next: Waiting<To>): Uint8Array {
    const { payload, start } = next
    const end = Math.min(payload.length, start + (this.#chunk ?? payload.length))
    next.start = end
    if (end === payload.length) this.#gone += 1
    this.#pieces -= 1
    return start === 0 && end === payload.length ? payload : payload.subarray(start, end)
  }

  /** Lets the next datagram wait for its turn; a late timer does not slow down what follows. */
  #rest(size: number): void {
    const now = this.#hooks.now()
    const byRate = this.#rate === undefined ? 0 : (size / this.#rate) * 1_000
    const slack = this.#delayMs === undefined ? slackMs : 0
    this.#readyAt = Math.max(this.#readyAt, now - slack) + byRate + (this.#delayMs ?? 0)
    const restMs = this.#readyAt - now
    if (restMs <= 0) return
    this.#pace = setTimeout(() => {
      this.#pace = undefined
      this.#pump()
    }, Math.ceil(restMs))
  }
}
