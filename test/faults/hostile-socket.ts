/** One connection of a client that means no good: it says what it likes, and bounds itself. */
import { connect, type Socket } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import { upgradeRequest } from '../e2e/web-sockets.ts'

/** How a connection went: bytes that it got rid of, and how it ended. */
export interface Went {
  readonly sent: number
  /** The code of the other side's close frame, `fin`, `reset`, `refused`; `left` where it was we who went. */
  readonly end: string
}

/** A close frame is the last thing that a server says: so many bytes at the end are kept to find it. */
const longestClose = 127

export class HostileSocket {
  readonly socket: Socket
  /** Settles when the connection is over. */
  readonly over: Promise<void>
  #end = 'left'
  #tail: Buffer = Buffer.alloc(0)

  constructor(port: number) {
    this.socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true, noDelay: true })
    this.socket.on('data', (chunk: Buffer) => {
      this.#tail = Buffer.from(
        Buffer.concat([this.#tail, chunk.subarray(-longestClose)]).subarray(-longestClose),
      )
    })
    this.socket.on('error', (error) => {
      this.#end = 'code' in error && error.code === 'ECONNREFUSED' ? 'refused' : 'reset'
    })
    this.socket.on('end', () => {
      this.#end = closeCodeIn(this.#tail) ?? 'fin'
      this.socket.end()
    })
    this.over = new Promise((resolve) => this.socket.on('close', () => resolve()))
  }

  get isOver(): boolean {
    return this.socket.destroyed
  }

  /** Settles when it is connected, or never will be. */
  async connected(): Promise<this> {
    if (!this.socket.connecting) return this
    const came = new Promise<void>((resolve) => this.socket.once('connect', () => resolve()))
    await Promise.race([came, this.over])
    return this
  }

  /** Becomes a WebSocket: settles with the other side's answer. */
  async upgraded(port: number, { compress = false } = {}): Promise<this> {
    await this.connected()
    const lines = compress ? { 'Sec-WebSocket-Extensions': 'permessage-deflate' } : {}
    const came = new Promise<void>((resolve) => this.socket.once('data', () => resolve()))
    this.socket.write(upgradeRequest(port, lines))
    await Promise.race([came, this.over])
    return this
  }

  /** Writes piece after piece as fast as they are taken, until there are no more or so many milliseconds are over. */
  async pour(pieces: Iterable<Uint8Array>, forMs: number): Promise<void> {
    const deadline = performance.now() + forMs
    for (const piece of pieces) {
      const left = deadline - performance.now()
      if (left <= 0 || this.isOver) return
      if (!this.socket.write(piece)) await this.#drained(left)
      // This process has other connections to feed, too.
      else await setImmediate()
    }
  }

  /** Stays for so long, or until it is turned out. */
  async stay(forMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, forMs)
    })
    await Promise.race([late, this.over])
    clearTimeout(timer)
  }

  /** Goes without a word, and says how it went. */
  async leave(): Promise<Went> {
    const sent = this.socket.bytesWritten - this.socket.writableLength
    if (!this.isOver) this.socket.resetAndDestroy()
    await this.over
    return { sent, end: this.#end }
  }

  #drained(forMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer)
        this.socket.off('drain', done)
        this.socket.off('close', done)
        resolve()
      }
      const timer = setTimeout(done, forMs)
      this.socket.on('drain', done)
      this.socket.on('close', done)
    })
  }
}

/** The code in the close frame that stands last. */
function closeCodeIn(tail: Buffer): string | undefined {
  for (let at = tail.length - 4; at >= 0; at -= 1) {
    if (tail[at] === 0x88 && at + 2 + (tail[at + 1] ?? 0) === tail.length)
      return `${tail.readUInt16BE(at + 2)}`
  }
  return undefined
}
