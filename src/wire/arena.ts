/** Memory for what is being written and for messages that are not complete: lent, given back, lent again. */
import { placeInSimd } from './simd.ts'

/** What is kept for the next who asks, bytes altogether. */
const mostKept = 12 * 2 ** 20

/** How many pieces: looking for one of the right size must not take long. */
const mostPieces = 64

/** Memory that is so much larger than what was asked for is kept for somebody else. */
const mostSurplus = 4

/** Less than this is made without a question, bytes. */
const little = 2 ** 16

/** Who sees to it that what is dropped is free soon, and not only when there is plenty of it. */
export interface Leftovers {
  dropped(bytes: number): void
  /** Much is about to be taken that was not there before. */
  look(): void
}

const nobody: Leftovers = { dropped: () => {}, look: () => {} }

export class Arena {
  /** The smallest last. */
  readonly #free: Buffer[] = []
  readonly #leftovers: Leftovers
  #kept = 0

  constructor(leftovers: Leftovers = nobody) {
    this.#leftovers = leftovers
  }

  /** Memory of so many bytes at least; what stands in it is undefined. */
  take(size: number): Buffer {
    const free = this.#free
    let found = free.length - 1
    while (found >= 0 && (free[found]?.length ?? 0) < size) found -= 1
    const buffer = free[found]
    if (buffer === undefined || buffer.length > mostSurplus * size) {
      if (size >= little) this.#leftovers.look()
      return Buffer.allocUnsafeSlow(size)
    }
    if (found === free.length - 1) free.pop()
    else free.splice(found, 1)
    this.#kept -= buffer.length
    return buffer
  }

  /** Somebody makes memory himself, nobody knows how much. */
  makeRoom(): void {
    this.#leftovers.look()
  }

  /** Nobody uses it any more. */
  give(buffer: Buffer): void {
    // What masks fast is kept in any case: dropping it would free nothing, and there is no more of it.
    const isFast = placeInSimd(buffer) !== -1
    if (!isFast && (this.#free.length === mostPieces || this.#kept + buffer.length > mostKept)) {
      this.#leftovers.dropped(buffer.length)
      return
    }
    this.#kept += buffer.length
    // Most pieces are of one size: the list ends where this one belongs.
    if ((this.#free.at(-1)?.length ?? buffer.length) >= buffer.length) this.#free.push(buffer)
    else {
      const before = this.#free.findLastIndex(({ length }) => length >= buffer.length)
      this.#free.splice(before + 1, 0, buffer)
    }
  }
}
