import { type DatagramCount, msSince } from '../event.ts'

/** Counts datagrams that go one way. */
export class Tally {
  #bytes = 0
  #datagrams = 0
  #firstAt = Number.POSITIVE_INFINITY
  #lastAt = Number.NEGATIVE_INFINITY

  /** @param at milliseconds */
  add(size: number, at: number): void {
    if (this.#datagrams === 0) this.#firstAt = at
    this.#bytes += size
    this.#datagrams += 1
    this.#lastAt = at
  }

  /** Counts what another one has counted, too. */
  merge(other: Tally): void {
    this.#bytes += other.#bytes
    this.#datagrams += other.#datagrams
    this.#firstAt = Math.min(this.#firstAt, other.#firstAt)
    this.#lastAt = Math.max(this.#lastAt, other.#lastAt)
  }

  get count(): DatagramCount {
    const spanMs = this.#datagrams === 0 ? 0 : msSince(this.#firstAt, this.#lastAt)
    return { bytes: this.#bytes, datagrams: this.#datagrams, spanMs }
  }
}
