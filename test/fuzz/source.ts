/** Where inputs come from: a random source for each of them, and what it makes of valid ones. */
import type { Random } from '../../src/experiments/random.ts'

/** Numbers that a seed and an index decide; quick, since each input has a source of its own. */
export class Source implements Random {
  #state: number

  constructor(seed: number, index: number) {
    this.#state = (Math.imul(seed, 0x9e37_79b1) ^ Math.imul(index + 1, 0x85eb_ca6b)) | 0
  }

  /** mulberry32 */
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b_79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit
  }

  bytes(count: number): Uint8Array {
    const bytes = new Uint8Array(count)
    for (let at = 0; at < count; at += 1) bytes[at] = this.below(256)
    return bytes
  }

  /** Whether it is the one case in so many. */
  once(cases: number): boolean {
    return this.below(cases) === 0
  }

  pick<Item>(items: readonly Item[]): Item {
    const item = items[this.below(items.length)]
    if (item === undefined) throw new RangeError('There is nothing to pick from')
    return item
  }

  /** So many of them, from none to the most; small numbers are likelier. */
  some<Item>(most: number, make: () => Item): Item[] {
    const items: Item[] = []
    for (let count = this.below(this.below(most + 1) + 1); count > 0; count -= 1) items.push(make())
    return items
  }
}

/** A source that the bytes themselves decide: what a judge tries on an input is the same whenever it is judged. */
export function sourceOf(bytes: Uint8Array): Source {
  let hash = 0x811c_9dc5
  for (let at = 0; at < bytes.length; at += 1) hash = Math.imul(hash ^ (bytes[at] ?? 0), 0x0100_0193)
  return new Source(hash, bytes.length)
}

/** Bytes cut into pieces, empty ones among them. */
export function inAnyPieces(bytes: Uint8Array, source: Source): Uint8Array[] {
  const edges = source
    .some(6, () => source.below(bytes.length + 1))
    .concat(0, bytes.length)
    .sort((a, b) => a - b)
  return edges.slice(1).map((end, index) => bytes.subarray(edges[index], end))
}

/** The bytes one by one, in memory that each of them spoils for the one before. */
export function* byteByByte(bytes: Uint8Array): Iterable<Uint8Array> {
  const piece = new Uint8Array(1)
  for (let at = 0; at < bytes.length; at += 1) {
    piece[0] = bytes[at] ?? 0
    yield piece
  }
}

/** The longest that bytes become by being changed. */
const longest = 2 ** 15

/** Bytes where lengths and limits have their edges. */
const edges = [0, 1, 0x0a, 0x0d, 0x20, 0x7d, 0x7e, 0x7f, 0x80, 0xbf, 0xc0, 0xff]

type Change = (bytes: Buffer, source: Source, tokens: readonly Uint8Array[]) => Buffer

const changes: readonly Change[] = [
  // One bit is another.
  (bytes, source) => {
    const at = source.below(bytes.length)
    bytes[at] = (bytes[at] ?? 0) ^ (1 << source.below(8))
    return bytes
  },
  // A number is one more or one less.
  (bytes, source) => {
    const at = source.below(bytes.length)
    bytes[at] = (bytes[at] ?? 0) + (source.once(2) ? 1 : 255)
    return bytes
  },
  (bytes, source) => {
    bytes[source.below(bytes.length)] = source.once(2) ? source.pick(edges) : source.below(256)
    return bytes
  },
  // Something is put in.
  (bytes, source, tokens) => spliced(bytes, source.below(bytes.length + 1), 0, source.pick(tokens)),
  (bytes, source) => spliced(bytes, source.below(bytes.length + 1), 0, source.bytes(1 + source.below(4))),
  // Something is left out.
  (bytes, source) => spliced(bytes, source.below(bytes.length), 1 + source.below(source.once(3) ? 40 : 3)),
  (bytes, source) => bytes.subarray(0, source.below(bytes.length)),
  // Something stands in another place.
  (bytes, source, tokens) =>
    spliced(bytes, source.below(bytes.length), 1 + source.below(4), source.pick(tokens)),
  (bytes, source) => {
    const from = source.below(bytes.length)
    const part = Buffer.from(bytes.subarray(from, from + 1 + source.below(40)))
    return spliced(bytes, source.below(bytes.length + 1), 0, part)
  },
  // Something stands there again and again: seldom so often that it reaches a limit.
  (bytes, source, tokens) => {
    const from = source.below(bytes.length)
    const part = source.once(2) ? source.pick(tokens) : bytes.subarray(from, from + 1 + source.below(8))
    const times = source.once(500) ? source.below(longest) : source.below(12)
    return spliced(bytes, from, 0, Buffer.alloc(Math.min(part.length * times, longest), part))
  },
]

const nothing = new Uint8Array()

function spliced(bytes: Buffer, at: number, removed: number, added: Uint8Array = nothing): Buffer {
  if (bytes.length + added.length > longest) return bytes
  // A token may be empty, and what is put in its place is all.
  if (bytes.length === 0) return Buffer.from(added)
  const rest = Math.min(at + removed, bytes.length)
  const all = Buffer.allocUnsafe(at + added.length + bytes.length - rest)
  all.set(added, at)
  bytes.copy(all, 0, 0, at)
  bytes.copy(all, at + added.length, rest)
  return all
}

/** A valid input as it is in one case of four, else changed a little; or, seldom, noise in its place. */
export function changed(valid: Uint8Array, source: Source, tokens: readonly Uint8Array[]): Uint8Array {
  if (source.once(30)) return source.bytes(source.below(60))
  let bytes: Buffer = Buffer.from(valid)
  for (let count = source.below(4); count > 0; count -= 1) {
    // What is empty can only grow.
    if (bytes.length === 0) bytes = Buffer.from(source.pick(tokens))
    bytes = source.pick(changes)(bytes, source, tokens)
  }
  return bytes
}

/** Texts as bytes. */
export function inUtf8(...texts: readonly string[]): Uint8Array[] {
  return texts.map((text) => Buffer.from(text))
}
