/** Cuts a stream of bytes into messages: each of them becomes one datagram, or one message of a WebSocket. */

export const splitChoices = ['line', 'nul', 'none'] as const
/** Where a message ends: at a line feed, at a zero byte, or only where the input does. */
export type Split = (typeof splitChoices)[number]

/** A message, or how many bytes one had that was too long to be kept. */
export type Message = { readonly bytes: Buffer } | { readonly tooLong: number }

const endOf: Record<Split, number | undefined> = { line: 0x0a, nul: 0x00, none: undefined }
const nothing = Buffer.alloc(0)

/** The byte that ends a message is no part of it. What has no end when the input ends is one, unless empty. */
export class MessageSplitter {
  readonly #end: number | undefined
  readonly #longest: number
  /** What the message has so far that began in an earlier chunk; nothing once it is too long. */
  #begun = nothing
  #begunSize = 0

  /** @param longest bytes of a message at most; no more than that is held in memory */
  constructor(split: Split, longest: number) {
    this.#end = endOf[split]
    this.#longest = longest
  }

  /** The messages that this chunk completes. Those that are whole within it share its memory. */
  push(chunk: Uint8Array): Message[] {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)
    const messages: Message[] = []
    let start = 0
    if (this.#end !== undefined) {
      for (let end = bytes.indexOf(this.#end); end !== -1; end = bytes.indexOf(this.#end, start)) {
        messages.push(this.#complete(bytes.subarray(start, end)))
        start = end + 1
      }
    }
    this.#keep(bytes.subarray(start))
    return messages
  }

  /** The message that the end of the input completes, if there is one. */
  end(): Message[] {
    return this.#begunSize === 0 ? [] : [this.#complete(nothing)]
  }

  #complete(piece: Buffer): Message {
    if (this.#begunSize === 0 && piece.length <= this.#longest) return { bytes: piece }
    this.#keep(piece)
    const [bytes, size] = [this.#begun, this.#begunSize]
    this.#begun = nothing
    this.#begunSize = 0
    return size > this.#longest ? { tooLong: size } : { bytes: bytes.subarray(0, size) }
  }

  /** Copies what will be needed once the chunk is gone. */
  #keep(piece: Buffer): void {
    const before = this.#begunSize
    this.#begunSize += piece.length
    if (this.#begunSize > this.#longest) {
      this.#begun = nothing
      return
    }
    this.#reserve(this.#begunSize)
    this.#begun.set(piece, before)
  }

  /** Grows by doubling, so that a message in many small chunks costs linear time. */
  #reserve(size: number): void {
    if (size <= this.#begun.length) return
    const larger = Buffer.allocUnsafeSlow(Math.min(this.#longest, Math.max(size, 2 * this.#begun.length)))
    larger.set(this.#begun)
    this.#begun = larger
  }
}

/** Cuts a stream of bytes into pieces of one size, whatever stands in them; the last one may be shorter. */
export class PieceSplitter {
  readonly #size: number
  /** What is left of the chunk before. */
  #rest = nothing

  /** @param size bytes of a piece */
  constructor(size: number) {
    this.#size = size
  }

  /** The pieces that this chunk completes. */
  push(chunk: Uint8Array): Message[] {
    const bytes = Buffer.concat([this.#rest, chunk])
    const whole = bytes.length - (bytes.length % this.#size)
    const messages: Message[] = []
    for (let start = 0; start < whole; start += this.#size) {
      messages.push({ bytes: bytes.subarray(start, start + this.#size) })
    }
    this.#rest = bytes.subarray(whole)
    return messages
  }

  end(): Message[] {
    return this.#rest.length === 0 ? [] : [{ bytes: this.#rest }]
  }
}
