/**
 * The sequence header of a numbered datagram, and what its receiver finds out from the numbers.
 *
 *     0       8        12       16                    24
 *     | magic | stream | number | sent at, microseconds |   network order
 */

/** Bytes of the header; the datagram's own payload follows. */
export const sequenceHeaderSize = 24

/** `\xffsockpit`: the byte ff stands nowhere in UTF-8 (RFC 3629 §1), so no text begins like this. */
const magic = Uint8Array.of(0xff, 0x73, 0x6f, 0x63, 0x6b, 0x70, 0x69, 0x74)

const twoTo32 = 2 ** 32

export interface SequenceHeader {
  /** Random 32 bits that tell senders and their runs apart. */
  readonly stream: number
  /** Counts from 1; of a larger number the low 32 bits are sent. */
  readonly number: number
  /** On the sender's own clock; whole microseconds are exact up to 2^42 ms (139 years). */
  readonly sentAtMs: number
}

/** The header as 24 bytes, network order. */
export function encodeSequenceHeader({ stream, number, sentAtMs }: SequenceHeader): Uint8Array {
  const bytes = Buffer.allocUnsafe(sequenceHeaderSize)
  const sentAtUs = Math.round(sentAtMs * 1000)
  bytes.set(magic)
  bytes.writeUInt32BE(stream, 8)
  bytes.writeUInt32BE(number >>> 0, 12)
  bytes.writeUInt32BE(Math.floor(sentAtUs / twoTo32), 16)
  bytes.writeUInt32BE(sentAtUs % twoTo32, 20)
  return bytes
}

/** The header that a datagram begins with; undefined where it begins with none, which costs next to nothing. */
export function readSequenceHeader(payload: Uint8Array): SequenceHeader | undefined {
  if (payload[0] !== magic[0] || payload.length < sequenceHeaderSize) return undefined
  for (let index = 1; index < magic.length; index++) if (payload[index] !== magic[index]) return undefined
  const bytes = asBuffer(payload)
  const sentAtUs = bytes.readUInt32BE(16) * twoTo32 + bytes.readUInt32BE(20)
  return { stream: bytes.readUInt32BE(8), number: bytes.readUInt32BE(12), sentAtMs: sentAtUs / 1000 }
}

/** The same bytes. What comes from a socket is a Buffer already, which saves most of the time. */
function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
}

/** What the numbers of one sender tell. */
export interface SequenceReport {
  /** Datagrams with a header, duplicates included. */
  readonly received: number
  /** Numbers between the lowest and the highest seen that have not come, so far. */
  readonly lost: number
  readonly duplicates: number
  /** Those that came after a higher number, duplicates excluded (RFC 4737 §3.3). */
  readonly reordered: number
  /** Interarrival jitter of the sender's present stream, milliseconds, three decimals (RFC 3550 §6.4.1). */
  readonly jitterMs: number
}

/** What several senders' numbers tell together; jitter is the worst one's. */
export function addReports(
  a: SequenceReport | undefined,
  b: SequenceReport | undefined,
): SequenceReport | undefined {
  if (a === undefined || b === undefined) return a ?? b
  return {
    received: a.received + b.received,
    lost: a.lost + b.lost,
    duplicates: a.duplicates + b.duplicates,
    reordered: a.reordered + b.reordered,
    jitterMs: Math.max(a.jitterMs, b.jitterMs),
  }
}

/** Follows the numbers of one sender. When its stream id changes it was started again: the counts add up. */
export class SequenceTracker {
  #stream: StreamTracker | undefined
  /** The sums over the streams before. */
  #earlier: SequenceReport = { received: 0, lost: 0, duplicates: 0, reordered: 0, jitterMs: 0 }

  /** `receivedAtMs` is on the receiver's own clock: only differences count, so the clocks need not agree. */
  take(header: SequenceHeader, receivedAtMs: number): void {
    let stream = this.#stream
    if (stream?.id !== header.stream) {
      this.#earlier = this.report
      stream = new StreamTracker(header.stream)
      this.#stream = stream
    }
    stream.take(header, receivedAtMs)
  }

  get report(): SequenceReport {
    const [before, stream] = [this.#earlier, this.#stream]
    if (stream === undefined) return before
    return {
      received: before.received + stream.received,
      lost: before.lost + stream.lost,
      duplicates: before.duplicates + stream.duplicates,
      reordered: before.reordered + stream.reordered,
      jitterMs: threeDecimals(stream.jitterMs),
    }
  }
}

/** Follows the numbers of one stream. */
class StreamTracker {
  readonly id: number
  received = 0
  duplicates = 0
  reordered = 0
  jitterMs = 0
  #lowest = Number.POSITIVE_INFINITY
  #highest = Number.NEGATIVE_INFINITY
  readonly #seen = new RecentNumbers()
  /** How long the datagram before was under way, plus the unknown difference of the two clocks. */
  #transitMs: number | undefined

  constructor(id: number) {
    this.id = id
  }

  take({ number, sentAtMs }: SequenceHeader, receivedAtMs: number): void {
    this.received += 1
    if (!this.#seen.add(number)) {
      this.duplicates += 1
      return
    }
    if (number < this.#highest) this.reordered += 1
    this.#lowest = Math.min(this.#lowest, number)
    this.#highest = Math.max(this.#highest, number)
    this.#measureJitter(receivedAtMs - sentAtMs)
  }

  /** Never below 0: duplicates that are too old to be recognised as such pass for numbers of their own. */
  get lost(): number {
    const different = this.received - this.duplicates
    return Math.max(0, this.#highest - this.#lowest + 1 - different)
  }

  /** RFC 3550 §A.8, in the order of arrival. */
  #measureJitter(transitMs: number): void {
    const difference = Math.abs(transitMs - (this.#transitMs ?? transitMs))
    this.#transitMs = transitMs
    this.jitterMs += (difference - this.jitterMs) / 16
  }
}

/** So many numbers below the highest are remembered. */
const windowSize = 65_536
const numbersPerBlock = 1_024

/** A set of 32-bit numbers that forgets those far below the highest: 9 KiB at most, 128 bytes at first. */
class RecentNumbers {
  #highest = 0
  /** One bit a number; the key is the block's first number, divided by the size of a block. */
  readonly #blocks = new Map<number, DataView>()

  /** Whether the number is new; one that is below the window always is, since nothing is known of it. */
  add(number: number): boolean {
    if (number < this.#highest - windowSize) return true
    this.#highest = Math.max(this.#highest, number)
    const block = this.#blockOf(number)
    const place = (number % numbersPerBlock) >>> 3
    const bits = block.getUint8(place)
    const bit = 1 << (number & 7)
    block.setUint8(place, bits | bit)
    return (bits & bit) === 0
  }

  #blockOf(number: number): DataView {
    const key = Math.floor(number / numbersPerBlock)
    const known = this.#blocks.get(key)
    if (known !== undefined) return known
    const block = new DataView(new ArrayBuffer(numbersPerBlock / 8))
    this.#blocks.set(key, block)
    this.#forgetOld()
    return block
  }

  #forgetOld(): void {
    const oldest = Math.floor((this.#highest - windowSize) / numbersPerBlock)
    for (const key of this.#blocks.keys()) if (key < oldest) this.#blocks.delete(key)
  }
}

/** Round-trip times, milliseconds with three decimals. */
export interface RoundTripReport {
  readonly count: number
  readonly minMs: number
  readonly meanMs: number
  readonly maxMs: number
}

/** Sums up round-trip times as they come. */
export class RoundTrips {
  #count = 0
  #minMs = Number.POSITIVE_INFINITY
  #maxMs = Number.NEGATIVE_INFINITY
  #sumMs = 0

  take(ms: number): void {
    this.#count += 1
    this.#minMs = Math.min(this.#minMs, ms)
    this.#maxMs = Math.max(this.#maxMs, ms)
    this.#sumMs += ms
  }

  /** Undefined while there was no round trip. */
  get report(): RoundTripReport | undefined {
    if (this.#count === 0) return undefined
    return {
      count: this.#count,
      minMs: threeDecimals(this.#minMs),
      meanMs: threeDecimals(this.#sumMs / this.#count),
      maxMs: threeDecimals(this.#maxMs),
    }
  }
}

function threeDecimals(ms: number): number {
  return Math.round(ms * 1000) / 1000
}
