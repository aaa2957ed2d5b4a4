import type { OnReadOpts, Socket } from 'node:net'
import { Arena } from '../wire/arena.ts'
import { leftovers } from './garbage.ts'
import { readNextInto } from './raw-handle.ts'
import { account, isSpent, leaveQueue, queueUp, type Reader } from './turns.ts'

/** What may keep us from reading; we read while nothing does. */
export type Obstacle = 'asked' | 'rate' | 'queue' | 'output' | 'turn'

export interface ReceiveOptions {
  /** Bytes taken a read at most. */
  readonly readSize: number | undefined
  /** Bytes read a second at most. */
  readonly rate: number | undefined
  /** Do not read until asked to. */
  readonly hold: boolean
}

/** One bit for each, since a set for every connection would be felt where there are thousands. */
const bits: Readonly<Record<Obstacle, number>> = { asked: 1, rate: 2, queue: 4, output: 8, turn: 16 }

/** What Node reads at most in one go. */
const usualReadSize = 65_536

/** So little cannot take long, even where it is compressed and stands for a thousand times as much, bytes. */
const mostBrief = 1_024

/** With a rate, so many reads a second. */
const readsPerSecond = 10

/** One buffer for every socket: a read is told and used up before the next one begins. */
let shared: Buffer = Buffer.allocUnsafeSlow(0)

/** Has every socket read into this memory, unless what they read into is larger already. */
export function shareReads(memory: Buffer): void {
  if (memory.length > shared.length) shared = memory
}

/** Holds reads that are put off: where many have much to say, there are a hundred of them in every turn. */
const putOffs = new Arena(leftovers)

/** Makes reads larger where bulk data goes to a file or pipe and nobody looks at single reads. */
export const bulkReadSize = 2 ** 19

/** The reading half of a connection: how much a read takes, how often, and whether we read at all. */
export class Receiver implements Reader {
  /** Gets each read; the bytes are borrowed until it returns. */
  deliver: (bytes: Uint8Array) => void = () => {}
  readonly onread: OnReadOpts
  #socket: Socket | undefined
  #throughOnread = false
  /** Where there is no `onread`. */
  #onData: ((chunk: Buffer) => void) | undefined
  #obstacles = 0
  #readSize: number | undefined
  #rate: number | undefined
  /** For the next read, and the one that the socket reads into now. */
  #buffer: Buffer
  #inUse: Buffer
  #rateTimer: NodeJS.Timeout | undefined
  #resuming: NodeJS.Immediate | undefined
  /** A read that waits for another turn of the event loop. */
  #putOff: { readonly memory: Buffer; readonly size: number } | undefined
  /** Whether its last read took next to nothing; of somebody new that is not known. */
  #wasBrief = false
  /** What was read before and waits for more to come, bytes. */
  #held = 0

  constructor(options: ReceiveOptions) {
    this.#readSize = options.readSize
    this.#rate = options.rate
    if (options.hold) this.#obstacles = bits.asked
    this.#buffer = this.#chooseBuffer()
    this.#inUse = this.#buffer
    this.onread = {
      // A function in its place would be asked after every read, and the handle told anew: measured with a
      // hundred busy connections, that takes a third of their messages.
      buffer: this.#buffer,
      callback: (size) => {
        this.#take(size === this.#inUse.length ? this.#inUse : viewOf(this.#inUse, size))
        return true
      },
    }
  }

  /** Starts reading from a connected socket, unless something is in the way. */
  attach(socket: Socket, throughOnread: boolean): void {
    this.#socket = socket
    this.#throughOnread = throughOnread
    socket.pause()
    if (!throughOnread) {
      this.#onData = (chunk) => this.#take(chunk)
      socket.on('data', this.#onData)
    }
    if (this.#obstacles === 0) this.#resume()
  }

  /** Leaves the socket to somebody else, unread from here on. */
  detach(): void {
    clearImmediate(this.#resuming)
    this.#socket?.pause()
    if (this.#onData !== undefined) this.#socket?.off('data', this.#onData)
    this.#socket = undefined
    // It came before whatever comes now.
    this.#takePutOff()
  }

  /** What was read waits for more to come, so many bytes of it: it is looked at with the rest. */
  setHeld(bytes: number): void {
    this.#held = bytes
  }

  /** Its turn has come. */
  goOn(): void {
    this.#obstacles &= ~bits.turn
    if (this.#obstacles === 0) this.#readOn()
  }

  get isPaused(): boolean {
    return (this.#obstacles & bits.asked) !== 0
  }

  /** Whether anything keeps us from reading. */
  get isBlocked(): boolean {
    return this.#obstacles !== 0
  }

  block(obstacle: Obstacle): void {
    clearImmediate(this.#resuming)
    this.#socket?.pause()
    this.#obstacles |= bits[obstacle]
  }

  unblock(obstacle: Obstacle): void {
    if ((this.#obstacles & bits[obstacle]) === 0) return
    this.#obstacles &= ~bits[obstacle]
    if (this.#obstacles === 0) this.#resume()
  }

  setReadSize(readSize: number | undefined): void {
    this.#readSize = readSize
    this.#changeBuffer()
  }

  /** Takes so many bytes a read at most, or fewer where that was asked for. */
  limitReadSize(most: number): void {
    this.setReadSize(Math.min(most, this.#readSize ?? most))
  }

  setRate(rate: number | undefined): void {
    this.#rate = rate
    this.#changeBuffer()
  }

  stop(): void {
    clearImmediate(this.#resuming)
    clearTimeout(this.#rateTimer)
    leaveQueue(this)
    if (this.#putOff !== undefined) putOffs.give(this.#putOff.memory)
    this.#putOff = undefined
  }

  /** In a turn of its own: a socket that is resumed and paused in one turn reads all the same. */
  #resume(): void {
    this.#resuming = setImmediate(() => {
      this.#resuming = undefined
      this.#readOn()
    })
  }

  #readOn(): void {
    this.#takePutOff()
    if (this.#obstacles === 0) this.#socket?.resume()
  }

  #takePutOff(): void {
    const putOff = this.#putOff
    if (putOff === undefined) return
    this.#putOff = undefined
    this.#deliver(putOff.memory.subarray(0, putOff.size))
    putOffs.give(putOff.memory)
  }

  #take(bytes: Uint8Array): void {
    if (isSpent() && !this.#isBrief(bytes)) {
      const memory = putOffs.take(bytes.length)
      memory.set(bytes)
      this.#putOff = { memory, size: bytes.length }
      this.#waitForTurn()
    } else this.#deliver(bytes)
  }

  #isBrief({ length }: Uint8Array): boolean {
    return length <= mostBrief && this.#held <= mostBrief
  }

  #deliver(bytes: Uint8Array): void {
    // Nobody keeps account of what is brief: where it takes long all the same, it is the machine that was busy.
    if (this.#isBrief(bytes)) {
      this.#wasBrief = true
      this.deliver(bytes)
    } else this.#deliverInTurn(bytes)
    if (this.#rate !== undefined) this.#rest((bytes.length / this.#rate) * 1000)
  }

  #deliverInTurn(bytes: Uint8Array): void {
    const startedAt = performance.now()
    this.deliver(bytes)
    const verdict = account(this, performance.now() - startedAt)
    this.#wasBrief = verdict === 'brief'
    if (verdict === 'over') this.#waitForTurn()
  }

  #waitForTurn(): void {
    this.block('turn')
    queueUp(this, this.#wasBrief)
  }

  #rest(ms: number): void {
    this.block('rate')
    clearTimeout(this.#rateTimer)
    this.#rateTimer = setTimeout(() => this.unblock('rate'), ms)
  }

  #changeBuffer(): void {
    this.#buffer = this.#chooseBuffer()
    if (this.#socket === undefined || !this.#throughOnread) return
    if (readNextInto(this.#socket, this.#buffer)) this.#inUse = this.#buffer
  }

  #chooseBuffer(): Buffer {
    const size = this.#readSize ?? usualReadSize
    const perRead = this.#rate === undefined ? size : Math.ceil(this.#rate / readsPerSecond)
    return sharedBuffer(Math.min(size, perRead))
  }
}

/** The view of the last read: where messages are alike, the next one is the same. */
let lastView: { readonly of: Buffer; readonly view: Buffer } = { of: shared, view: shared }

/** The first so many bytes of the buffer. */
function viewOf(buffer: Buffer, size: number): Buffer {
  if (lastView.of !== buffer || lastView.view.length !== size) {
    lastView = { of: buffer, view: buffer.subarray(0, size) }
  }
  return lastView.view
}

function sharedBuffer(size: number): Buffer {
  if (shared.length < size) shared = Buffer.allocUnsafeSlow(Math.max(size, usualReadSize))
  return size === shared.length ? shared : shared.subarray(0, size)
}
