import type { Arena } from './arena.ts'
import {
  type FrameParts,
  firstByte,
  headerSizeOf,
  lengthFormOf,
  mostHeaderBytes,
  type Role,
  writeHeader,
} from './frame.ts'
import type { Gatherer } from './gatherer.ts'
import { applyMask, copyBytes, copyMasked } from './mask.ts'
import { bitsOf, type Output, type Wanted } from './output.ts'

/** As much as a large read may bring, and some headers, bytes. */
export const slabSize = 2 ** 18 + 2 ** 10

export interface WriterOptions {
  readonly role: Role
  readonly arena: Arena
  readonly wanted: Wanted
  /** Fills four bytes with a key that nobody can foresee (RFC 6455 §5.3). */
  nextMask(into: Uint8Array): void
}

/**
 * Writes frames one behind the other into lent memory, so that all that one call brings goes out in one write:
 * measured, that is what makes small messages fast.
 */
export class FrameWriter {
  #count = 0
  readonly #options: WriterOptions
  readonly #key: Uint8Array | undefined
  readonly #outputs: () => Output[]
  #memory: Buffer | undefined
  #size = 0

  /** @param outputs the list that outputs go to */
  constructor(options: WriterOptions, outputs: () => Output[]) {
    this.#options = options
    this.#outputs = outputs
    // Only clients mask.
    this.#key = options.role === 'client' ? new Uint8Array(4) : undefined
  }

  /** Frames written so far. */
  get count(): number {
    return this.#count
  }

  /** Writes a frame as it should be, with the payload from `start` to `end`. */
  write(first: number, payload: Uint8Array, start = 0, end = payload.length): void {
    const length = end - start
    const memory = this.#reserve(length)
    const mask = this.#nextKey()
    const bodyAt = writeHeader(memory, this.#size, first, length, lengthFormOf(length), mask)
    copyBytes(payload, start, end, memory, bodyAt)
    this.#finish(memory, first, bodyAt, length, mask)
  }

  /** Writes a frame of a server with a payload that still is masked with the key. */
  writeUnmasked(first: number, bytes: Uint8Array, start: number, end: number, key: Uint8Array): void {
    const length = end - start
    const memory = this.#reserve(length)
    const bodyAt = writeHeader(memory, this.#size, first, length, lengthFormOf(length), undefined)
    copyMasked(bytes, start, end, key, memory, bodyAt)
    this.#size = bodyAt + length
    this.#count += 1
  }

  /** Writes one frame around a payload where it stands: its memory is handed on, nothing is copied. */
  writeAround(first: number, gathered: Gatherer): void {
    const isSeen = this.#options.wanted.sentFrames || this.#key !== undefined
    if (isSeen && !gathered.isTogether) {
      this.write(first, gathered.payload)
      return
    }
    this.flush()
    const length = gathered.size
    const [memory, ...more] = gathered.release()
    if (memory === undefined) {
      this.write(first, new Uint8Array())
      return
    }
    const mask = this.#nextKey()
    const lengthForm = lengthFormOf(length)
    const headerSize = headerSizeOf(lengthForm) + (mask === undefined ? 0 : 4)
    const start = mostHeaderBytes - headerSize
    const bodyAt = writeHeader(memory, start, first, length, lengthForm, mask)
    const here = Math.min(length, memory.length - bodyAt)
    this.#memory = memory
    this.#finish(memory, first, bodyAt, here, mask, { length, lengthForm })
    this.#flushFrom(start)
    this.#writeOn(more, length - here)
  }

  /** The rest of a payload, which stands in further pieces. */
  #writeOn(pieces: readonly Buffer[], size: number): void {
    let left = size
    for (const memory of pieces) {
      this.#outputs().push({ kind: 'write', bytes: memory.subarray(0, left), memory })
      left -= memory.length
    }
  }

  /** Writes a frame made by hand, right or wrong. */
  writeParts(frame: FrameParts, payload: Uint8Array): void {
    const memory = this.#reserve(payload.length)
    const first = firstByte(frame)
    const bodyAt = writeHeader(memory, this.#size, first, frame.length, frame.lengthForm, frame.mask)
    memory.set(payload, bodyAt)
    this.#finish(memory, first, bodyAt, payload.length, frame.mask, frame)
  }

  /** Hands out what was written. */
  flush(): void {
    this.#flushFrom(0)
  }

  #flushFrom(start: number): void {
    const memory = this.#memory
    if (memory === undefined) return
    this.#outputs().push({ kind: 'write', bytes: memory.subarray(start, this.#size), memory })
    this.#memory = undefined
    this.#size = 0
  }

  /** Each frame has a key of its own. */
  #nextKey(): Uint8Array | undefined {
    if (this.#key !== undefined) this.#options.nextMask(this.#key)
    return this.#key
  }

  #reserve(length: number): Buffer {
    const needed = this.#size + mostHeaderBytes + length
    if (this.#memory !== undefined && this.#memory.length >= needed) return this.#memory
    this.flush()
    this.#memory = this.#options.arena.take(Math.max(slabSize, mostHeaderBytes + length))
    return this.#memory
  }

  /** Tells of a frame, masks its payload and counts it. */
  #finish(
    memory: Buffer,
    first: number,
    bodyAt: number,
    size: number,
    mask: Uint8Array | undefined,
    { length, lengthForm }: Pick<FrameParts, 'length' | 'lengthForm'> = {
      length: size,
      lengthForm: lengthFormOf(size),
    },
  ): void {
    const end = bodyAt + size
    if (this.#options.wanted.sentFrames)
      this.#tell(first, memory.subarray(bodyAt, end), mask, length, lengthForm)
    if (mask !== undefined) applyMask(memory, bodyAt, end, mask, 0)
    this.#size = end
    this.#count += 1
  }

  #tell(
    first: number,
    body: Uint8Array,
    mask: Uint8Array | undefined,
    length: number,
    lengthForm: 7 | 16 | 64,
  ): void {
    // What is written is masked in place: who is told gets the bytes as they are meant.
    const payload = mask === undefined ? body : Uint8Array.from(body)
    this.#outputs().push({
      kind: 'frame',
      direction: 'sent',
      ...bitsOf(first),
      ...(mask !== undefined && { mask: Buffer.from(mask).toString('hex') }),
      lengthForm,
      length,
      size: body.length,
      payload,
    })
  }
}
