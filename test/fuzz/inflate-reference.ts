/** DEFLATE read bit by bit, slowly and plainly (RFC 1951); written apart from zlib, which the code under test uses. */

export interface Inflated {
  /** What came out before the end, or before what cannot be. */
  readonly bytes: Uint8Array
  readonly isCorrupt: boolean
}

/** What every message leaves out (RFC 7692 §7.2.1), and the end that is reached only where it was whole. */
const tail = Uint8Array.of(0x00, 0x00, 0xff, 0xff, 0x01, 0x00, 0x00, 0xff, 0xff)

/** Streams in one message, each with a last block, that are read at most. */
const mostStreams = 1_000

const lengthBases = [
  3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195,
  227, 258,
]
const lengthBits = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0]
const distanceBases = [
  ...[1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073],
  ...[4097, 6145, 8193, 12289, 16385, 24577],
]
const distanceBits = [
  0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13,
]
const lengthOrder = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]

class Corrupt extends Error {}

/** How many codes there are of each length, and their symbols in order. */
interface Code {
  readonly counts: readonly number[]
  readonly symbols: readonly number[]
}

/** Puts a code together. One whose lengths leave something over may have one symbol, and only where that is said. */
function codeOf(lengths: readonly number[], mayBeSingle: boolean): Code {
  const counts = Array.from({ length: 16 }, () => 0)
  for (const length of lengths) counts[length] = (counts[length] ?? 0) + 1
  let left = 1
  for (let length = 1; length < 16; length += 1) {
    left = 2 * left - (counts[length] ?? 0)
    if (left < 0) throw new Corrupt()
  }
  const used = lengths.length - (counts[0] ?? 0)
  if (left > 0 && !(mayBeSingle && used === (counts[1] ?? 0))) throw new Corrupt()
  const next = [0, 0]
  for (let length = 1; length < 15; length += 1) next.push((next[length] ?? 0) + (counts[length] ?? 0))
  const symbols = Array.from({ length: used }, () => 0)
  for (const [symbol, length] of lengths.entries()) {
    if (length === 0) continue
    symbols[next[length] ?? 0] = symbol
    next[length] = (next[length] ?? 0) + 1
  }
  return { counts, symbols }
}

const fixed = {
  lengths: codeOf(
    Array.from({ length: 288 }, (_, symbol) => (symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8)),
    false,
  ),
  distances: codeOf(
    Array.from({ length: 32 }, () => 5),
    false,
  ),
}

class Reader {
  readonly #bytes: Uint8Array
  readonly #most: number
  /** What came out, behind what went before it; there is room for more. */
  #out: Uint8Array
  #size: number
  readonly #from: number
  #bit = 0

  constructor(bytes: Uint8Array, before: Uint8Array, most: number) {
    this.#bytes = bytes
    this.#most = most
    this.#out = new Uint8Array(2 * before.length + 512)
    this.#out.set(before)
    this.#size = before.length
    this.#from = before.length
  }

  /** Bytes that were begun. */
  get at(): number {
    return Math.ceil(this.#bit / 8)
  }

  get isFull(): boolean {
    return this.#size - this.#from > this.#most
  }

  /** What came out. */
  get bytes(): Uint8Array {
    return this.#out.slice(this.#from, this.#size)
  }

  #push(byte: number): void {
    if (this.#size === this.#out.length) {
      const larger = new Uint8Array(4 * this.#size)
      larger.set(this.#out)
      this.#out = larger
    }
    this.#out[this.#size] = byte
    this.#size += 1
  }

  /** Reads blocks through one that is marked as the last; whether the limit was passed before. */
  stream(): void {
    for (let isLast = false; !isLast && !this.isFull; ) {
      isLast = this.#bits(1) === 1
      const type = this.#bits(2)
      if (type === 0) this.#stored()
      else if (type === 1) this.#codes(fixed.lengths, fixed.distances)
      else if (type === 2) this.#dynamic()
      else throw new Corrupt()
    }
    this.#bit = 8 * this.at
  }

  #bits(count: number): number {
    let value = 0
    for (let index = 0; index < count; index += 1) {
      const byte = this.#bytes[this.#bit >>> 3]
      if (byte === undefined) throw new Corrupt()
      value |= ((byte >>> (this.#bit & 7)) & 1) << index
      this.#bit += 1
    }
    return value
  }

  #symbol({ counts, symbols }: Code): number {
    let [code, first, index] = [0, 0, 0]
    for (let length = 1; length < 16; length += 1) {
      code |= this.#bits(1)
      const count = counts[length] ?? 0
      if (code - count < first) return symbols[index + (code - first)] ?? 0
      index += count
      first = (first + count) << 1
      code <<= 1
    }
    throw new Corrupt()
  }

  #stored(): void {
    this.#bit = 8 * this.at
    const size = this.#bits(16)
    if (this.#bits(16) !== (size ^ 0xffff)) throw new Corrupt()
    for (let index = 0; index < size; index += 1) this.#push(this.#bits(8))
  }

  #dynamic(): void {
    const [literals, distances, given] = [257 + this.#bits(5), 1 + this.#bits(5), 4 + this.#bits(4)]
    if (literals > 286 || distances > 30) throw new Corrupt()
    const orderly = Array.from({ length: 19 }, () => 0)
    for (const place of lengthOrder.slice(0, given)) orderly[place] = this.#bits(3)
    const code = codeOf(orderly, false)
    const lengths: number[] = []
    while (lengths.length < literals + distances) {
      const symbol = this.#symbol(code)
      if (symbol < 16) lengths.push(symbol)
      else {
        const before = symbol === 16 ? lengths.at(-1) : 0
        if (before === undefined) throw new Corrupt()
        const times =
          symbol === 16 ? 3 + this.#bits(2) : symbol === 17 ? 3 + this.#bits(3) : 11 + this.#bits(7)
        for (let time = 0; time < times; time += 1) lengths.push(before)
      }
    }
    // RFC 1951 §3.2.7: without an end of the block there is none; a repetition ends with the lengths.
    if (lengths.length > literals + distances || lengths[256] === 0) throw new Corrupt()
    this.#codes(codeOf(lengths.slice(0, literals), true), codeOf(lengths.slice(literals), true))
  }

  #codes(lengths: Code, distances: Code): void {
    while (!this.isFull) {
      const symbol = this.#symbol(lengths)
      if (symbol === 256) return
      if (symbol < 256) this.#push(symbol)
      else {
        const size = this.#number(symbol - 257, lengthBases, lengthBits)
        const distance = this.#number(this.#symbol(distances), distanceBases, distanceBits)
        if (distance > this.#size) throw new Corrupt()
        for (let index = 0; index < size; index += 1) this.#push(this.#out[this.#size - distance] ?? 0)
      }
    }
  }

  #number(symbol: number, bases: readonly number[], extra: readonly number[]): number {
    const [base, bits] = [bases[symbol], extra[symbol]]
    if (base === undefined || bits === undefined) throw new Corrupt()
    return base + this.#bits(bits)
  }
}

/** The message that a payload stands for (RFC 7692 §7.2.2), behind those before it; read until it passes the limit. */
export function inflated(payload: Uint8Array, before: Uint8Array, most: number): Inflated {
  if (payload.length === 0) return { bytes: payload, isCorrupt: false }
  const bytes = Buffer.concat([payload, tail])
  const window = before.subarray(-32_768)
  const reader = new Reader(bytes, window, most)
  let isCorrupt = false
  try {
    let streams = 0
    // Behind a last block another stream may begin (§7.2.3.4).
    for (; reader.at < payload.length && !reader.isFull; streams += 1) {
      if (streams === mostStreams) throw new Corrupt()
      reader.stream()
    }
  } catch (error) {
    if (!(error instanceof Corrupt)) throw error
    isCorrupt = true
  }
  return { bytes: reader.bytes, isCorrupt }
}
