import { type DeflateContext, Deflater, mostCompressed } from './deflate.ts'
import { type FrameParts, finBit, rsv1Bit } from './frame.ts'
import { FrameWriter, type WriterOptions } from './frame-writer.ts'
import type { Gatherer } from './gatherer.ts'
import { type Carried, messageOutput, type Output } from './output.ts'

/** Up to this size a message is copied, so that it goes out with others; a longer one goes by itself, bytes. */
const mostCopied = 16_384

/** Writes messages as frames: compressed where that was agreed on and pays, in one frame or in several. */
export class MessageWriter {
  readonly #wantsMessages: boolean
  readonly #outputs: () => Output[]
  readonly #frames: FrameWriter
  readonly #deflater: Deflater | undefined
  #messages = 0
  #messageBytes = 0
  #compressed = { from: 0, to: 0 }

  /** @param outputs the list that outputs go to */
  constructor(options: WriterOptions, compression: DeflateContext | undefined, outputs: () => Output[]) {
    this.#wantsMessages = options.wanted.sentMessages
    this.#outputs = outputs
    this.#frames = new FrameWriter(options, outputs)
    this.#deflater = compression === undefined ? undefined : new Deflater(compression)
  }

  get sent(): Carried {
    return {
      frames: this.#frames.count,
      messages: this.#messages,
      messageBytes: this.#messageBytes,
      compressed: { ...this.#compressed },
    }
  }

  /** Writes a message in so many frames. */
  write(opcode: number, payload: Uint8Array, fragments: number): void {
    const small = this.#deflater?.compress(payload)
    const body = small ?? payload
    this.#count(payload.length)
    if (small !== undefined) {
      this.#compressed.from += payload.length
      this.#compressed.to += small.length
    }
    if (this.#wantsMessages) {
      this.#outputs().push(messageOutput('sent', opcode, payload, fragments, small?.length))
    }
    for (let index = 0; index < fragments; index += 1) {
      const fin = index === fragments - 1 ? finBit : 0
      const start = index === 0 ? opcode | (small === undefined ? 0 : rsv1Bit) : 0
      const from = Math.floor((body.length * index) / fragments)
      const to = Math.floor((body.length * (index + 1)) / fragments)
      this.#frames.write(fin | start, body, from, to)
    }
  }

  /** Sends a message back that stands whole in `bytes`. */
  echo(opcode: number, bytes: Uint8Array, start: number, end: number): void {
    if (this.#deflater !== undefined || this.#wantsMessages) {
      this.write(opcode, bytes.subarray(start, end), 1)
      return
    }
    this.#count(end - start)
    this.#frames.write(finBit | opcode, bytes, start, end)
  }

  /** The same, where the payload still is masked with the key, and nobody wants to be told. */
  echoMasked(opcode: number, bytes: Uint8Array, start: number, end: number, key: Uint8Array): void {
    this.#count(end - start)
    this.#frames.writeUnmasked(finBit | opcode, bytes, start, end, key)
  }

  /** Sends a message back that was gathered; where it goes as it came, so does its memory. */
  echoGathered(opcode: number, message: Gatherer): void {
    const mayShrink = this.#deflater !== undefined && message.size <= mostCompressed
    if (mayShrink || this.#wantsMessages) {
      // Its memory is lent again before anybody is told.
      this.write(opcode, this.#wantsMessages ? Uint8Array.from(message.payload) : message.payload, 1)
      return
    }
    this.#count(message.size)
    if (message.size <= mostCopied) this.#frames.write(finBit | opcode, message.payload)
    else this.#frames.writeAround(finBit | opcode, message)
  }

  control(opcode: number, payload: Uint8Array): void {
    this.#frames.write(finBit | opcode, payload)
  }

  /** Writes a frame made by hand, right or wrong. */
  parts(frame: FrameParts, payload: Uint8Array): void {
    this.#frames.writeParts(frame, payload)
  }

  /** Hands out what was written. */
  flush(): void {
    this.#frames.flush()
  }

  #count(size: number): void {
    this.#messages += 1
    this.#messageBytes += size
  }
}
