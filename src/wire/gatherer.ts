import type { Arena } from './arena.ts'
import { mostHeaderBytes } from './frame.ts'

/** Memory that grows has so many times what it needs, where so much is expected. */
const growth = 4

const leastSize = 1_024

/** Up to this size payload stands in one piece of memory, which grows, bytes. */
const mostTogether = 2 ** 20

/** What is longer goes on in pieces of this size, bytes: all alike, they fit whoever needs one next. */
const pieceSize = 2 ** 18

/** Payload that comes in parts, in memory that grows; before it there is room for a header. */
export class Gatherer {
  readonly #arena: Arena
  /** Pieces that are full, in order; then the one that is not, and where in it the next byte goes. */
  #full: Buffer[] | undefined
  #memory: Buffer | undefined
  #end = mostHeaderBytes
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
    return this.#pieces.reduce((sum, { length }) => sum + length, 0)
  }

  /** Whether all of it stands in one piece. */
  get isTogether(): boolean {
    return this.#full === undefined
  }

  /** Everything that is here, borrowed. */
  get payload(): Uint8Array {
    return this.from(0)
  }

  /** What is here from an offset on, borrowed; a copy where it stands in several pieces. */
  from(offset: number): Uint8Array {
    if (this.isTogether) {
      return this.#memory?.subarray(mostHeaderBytes + offset, this.#end) ?? new Uint8Array()
    }
    let skipped = mostHeaderBytes + offset
    const parts: Buffer[] = []
    for (const piece of this.#pieces) {
      if (skipped < piece.length) parts.push(piece.subarray(skipped))
      skipped = Math.max(0, skipped - piece.length)
    }
    return Buffer.concat(parts, this.#size - offset)
  }

  /** @param expected how many bytes are to come in all, as far as the peer has said */
  add(bytes: Uint8Array, expected: number): void {
    for (let at = 0; at < bytes.length; ) {
      const memory = this.#reserve(bytes.length - at, expected)
      const room = memory.length - this.#end
      const part = at === 0 && bytes.length <= room ? bytes : bytes.subarray(at, at + room)
      memory.set(part, this.#end)
      this.#end += part.length
      this.#size += part.length
      at += part.length
    }
  }

  /** Takes a payload as it stands, in the place of what was here; it belongs to the gatherer from now on. */
  adopt(payload: Buffer): void {
    this.clear()
    this.#full = [this.#arena.take(mostHeaderBytes).subarray(0, mostHeaderBytes)]
    this.#memory = payload
    this.#end = payload.length
    this.#size = payload.length
  }

  /** Hands its memory over: payload stands in it from `mostHeaderBytes` on, then in further pieces from their start. */
  release(): readonly Buffer[] {
    const pieces = this.#pieces
    this.#full = undefined
    this.#memory = undefined
    this.#end = mostHeaderBytes
    this.#size = 0
    return pieces
  }

  clear(): void {
    for (const piece of this.release()) this.#arena.give(piece)
  }

  get #pieces(): readonly Buffer[] {
    const full = this.#full ?? []
    return this.#memory === undefined ? full : [...full, this.#memory]
  }

  /** Memory with room for all of that or, where that is too much for one piece, for the beginning. */
  #reserve(more: number, expected: number): Buffer {
    const before = this.#memory
    const left = (before?.length ?? 0) - this.#end
    if (before !== undefined && left >= more) return before
    const mayGrow = this.isTogether && (before?.length ?? 0) < mostHeaderBytes + mostTogether
    if (before === undefined || mayGrow) return this.#grow(this.#size + more, expected)
    if (left > 0) return before
    this.#full ??= []
    this.#full.push(before)
    this.#memory = this.#arena.take(pieceSize)
    this.#end = 0
    return this.#memory
  }

  /** Grows by a factor, so that many small parts cost linear time, and a length that is only declared costs nothing. */
  #grow(size: number, expected: number): Buffer {
    const before = this.#memory
    const larger = Math.max(2 * size, Math.min(expected, growth * size), leastSize)
    const memory = this.#arena.take(mostHeaderBytes + Math.min(larger, mostTogether))
    if (before !== undefined) {
      memory.set(before.subarray(0, this.#end))
      this.#arena.give(before)
    }
    this.#memory = memory
    return memory
  }
}
