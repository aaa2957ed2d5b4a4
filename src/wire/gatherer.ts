import type { Arena } from './arena.ts'
import { mostHeaderBytes } from './frame.ts'

/** Memory that grows has so many times what it needs, where so much is expected. */
const growth = 4

const leastSize = 1_024

/** Payload that comes in parts, in one piece of memory that grows; before it there is room for a header. */
export class Gatherer {
  readonly #arena: Arena
  #memory: Buffer | undefined
  #size = 0

  constructor(arena: Arena) {
    this.#arena = arena
  }

  /** Bytes of payload that are here. */
  get size(): number {
    return this.#size
  }

  /** Bytes of memory that they hold. */
  get held(): number {
    return this.#memory?.length ?? 0
  }

  /** Everything that is here, borrowed. */
  get payload(): Uint8Array {
    return this.from(0)
  }

  /** What is here from an offset on, borrowed. */
  from(offset: number): Uint8Array {
    return this.#memory?.subarray(mostHeaderBytes + offset, mostHeaderBytes + this.#size) ?? new Uint8Array()
  }

  /** @param expected how many bytes are to come in all, as far as the peer has said */
  add(bytes: Uint8Array, expected: number): void {
    if (bytes.length === 0) return
    const memory = this.#reserve(this.#size + bytes.length, expected)
    memory.set(bytes, mostHeaderBytes + this.#size)
    this.#size += bytes.length
  }

  /** Hands its memory over: payload stands in it from `mostHeaderBytes` on. */
  release(): Buffer | undefined {
    const memory = this.#memory
    this.#memory = undefined
    this.#size = 0
    return memory
  }

  clear(): void {
    const memory = this.release()
    if (memory !== undefined) this.#arena.give(memory)
  }

  /** Grows by a factor, so that many small parts cost linear time, and a length that is only declared costs nothing. */
  #reserve(size: number, expected: number): Buffer {
    const before = this.#memory
    if (before !== undefined && before.length >= mostHeaderBytes + size) return before
    const larger = Math.max(2 * size, Math.min(expected, growth * size), leastSize)
    const memory = this.#arena.take(mostHeaderBytes + larger)
    if (before !== undefined) {
      memory.set(before.subarray(0, mostHeaderBytes + this.#size))
      this.#arena.give(before)
    }
    this.#memory = memory
    return memory
  }
}
