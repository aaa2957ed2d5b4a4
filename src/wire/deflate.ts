/**
 * Compression of messages: permessage-deflate (RFC 7692).
 *
 * Each message is compressed and decompressed at once, so that nothing is under way when a connection ends. What
 * a context takes over from one message to the next is the last bytes of what went before: they are handed to
 * zlib as a dictionary, which means the same and keeps an idle connection small.
 */
import { constants, deflateRawSync, inflateRawSync } from 'node:zlib'

/** What every compressed message ends with and leaves out (§7.2.1): an empty block that is stored. */
const tail = Uint8Array.of(0x00, 0x00, 0xff, 0xff)

/** The same, and then an empty block that is the last one: it is reached only if the message was whole. */
const tailAndEnd = Uint8Array.of(...tail, 0x01, 0x00, 0x00, 0xff, 0xff)

/** zlib has no raw window of 2^8 bytes: who is held to that sends messages as they are. */
const leastWindowBits = 9

/** A longer message goes as it is: to compress 16 MiB takes half a second, in which nobody else is served, bytes. */
export const mostCompressed = 2 ** 20

/** Up to this size a message is decompressed piece by piece, bytes. */
const mostInPieces = 2 ** 20

/** Blocks in one message that are marked as the last one: each costs a call of zlib, of whatever size it is. */
const mostLastBlocks = 1_000

export interface DeflateContext {
  /** The window: 2 to the power of so many bytes. */
  readonly windowBits: number
  /** Whether a message may refer to those before it. */
  readonly takeover: boolean
}

/** A larger window than was agreed on does no harm to who reads, and one of 2^8 bytes is beyond zlib. */
const widest: DeflateContext = { windowBits: 15, takeover: true }

/** The last bytes of what has passed, as far back as the window reaches. */
class Window {
  readonly #most: number
  #bytes: Uint8Array | undefined

  constructor({ windowBits, takeover }: DeflateContext) {
    this.#most = takeover ? 2 ** windowBits : 0
  }

  get dictionary(): { dictionary?: Uint8Array } {
    return this.#bytes === undefined ? {} : { dictionary: this.#bytes }
  }

  add(message: Uint8Array): void {
    if (this.#most === 0 || message.length === 0) return
    const before = this.#bytes ?? new Uint8Array()
    const kept = before.subarray(Math.max(0, before.length + message.length - this.#most))
    const newest = message.subarray(-this.#most)
    this.#bytes = Buffer.concat([kept, newest])
  }
}

/** Compresses the messages that go one way. */
export class Deflater {
  readonly #windowBits: number
  readonly #window: Window

  constructor(context: DeflateContext) {
    this.#windowBits = context.windowBits
    this.#window = new Window(context)
  }

  /** The payload to be sent with RSV1, where that is shorter; else nothing: the message goes as it is. */
  compress(message: Uint8Array): Uint8Array | undefined {
    const { length } = message
    if (this.#windowBits < leastWindowBits || length === 0 || length > mostCompressed) return undefined
    const options = { windowBits: this.#windowBits, finishFlush: constants.Z_SYNC_FLUSH }
    const whole = deflateRawSync(message, { ...options, ...this.#window.dictionary })
    const size = whole.length - tail.length
    if (size >= message.length) return undefined
    this.#window.add(message)
    return whole.subarray(0, size)
  }
}

type Inflated = { readonly bytes: Buffer; readonly consumed: number } | 'too large' | 'corrupt'

/** Decompresses the messages that come one way. */
export class Inflater {
  readonly #takeover: boolean
  #window = new Window(widest)

  constructor({ takeover }: Pick<DeflateContext, 'takeover'>) {
    this.#takeover = takeover
  }

  /** The message, of at most so many bytes; or why there is none. */
  inflate(payload: Uint8Array, mostBytes: number): Buffer | 'too large' | 'corrupt' {
    if (payload.length === 0) return Buffer.alloc(0)
    const pieces: Buffer[] = []
    let rest = Buffer.concat([payload, tailAndEnd])
    let size = 0
    // A block may be marked as the last one before the message ends (§7.2.3.4): others can follow.
    while (rest.length > tailAndEnd.length) {
      const piece = pieces.length < mostLastBlocks ? this.#inflate(rest, mostBytes - size) : 'corrupt'
      if (typeof piece === 'string') return piece
      pieces.push(piece.bytes)
      size += piece.bytes.length
      rest = rest.subarray(piece.consumed)
      // Without takeover, too, the rest of a message may refer to what stands before it.
      if (this.#takeover || rest.length > tailAndEnd.length) this.#window.add(piece.bytes)
    }
    if (!this.#takeover) this.#window = new Window(widest)
    return pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces)
  }

  #inflate(rest: Uint8Array, most: number): Inflated {
    const small = this.#inflateTo(rest, Math.min(most, mostInPieces))
    // In one piece from the start: zlib would join many small ones, and have it all twice.
    return small === 'too large' && most > mostInPieces ? this.#inflateTo(rest, most, most + 1) : small
  }

  #inflateTo(rest: Uint8Array, most: number, chunkSize?: number): Inflated {
    try {
      const maxOutputLength = Math.max(1, most)
      const size = chunkSize === undefined ? {} : { chunkSize }
      const options = { info: true, maxOutputLength, ...size, ...this.#window.dictionary }
      const result: unknown = inflateRawSync(rest, options)
      if (!isInfo(result)) return 'corrupt'
      return result.buffer.length > most
        ? 'too large'
        : { bytes: result.buffer, consumed: result.engine.bytesWritten }
    } catch (error) {
      return isTooLarge(error) ? 'too large' : 'corrupt'
    }
  }
}

/** What zlib answers with `info`, which its types leave out. */
function isInfo(result: unknown): result is { buffer: Buffer; engine: { bytesWritten: number } } {
  return typeof result === 'object' && result !== null && 'buffer' in result && 'engine' in result
}

function isTooLarge(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE'
}
