import { isUtf8 } from 'node:buffer'

/** The longest head of a character that can wait for its rest, bytes. */
const mostHeld = 3

/**
 * Checks UTF-8 that arrives in pieces, and says no at the first byte that no text can hold (RFC 3629 §4).
 * A character may be cut anywhere; its head is refused as soon as no character begins so.
 */
export class Utf8Checker {
  readonly #head = new Uint8Array(mostHeld)
  #held = 0

  /** Whether what has come so far can be the start of valid UTF-8. */
  accepts(bytes: Uint8Array): boolean {
    let start = 0
    while (this.#held > 0) {
      const byte = bytes[start]
      if (byte === undefined) return true
      if (!continues(this.#head, this.#held, byte)) return false
      start += 1
      this.#held = this.#held + 1 === lengthOf(this.#head[0] ?? 0) ? 0 : this.#hold(byte)
    }
    const cut = cutAt(bytes, start)
    if (!isUtf8(bytes.subarray(start, cut))) return false
    for (let at = cut; at < bytes.length; at += 1) {
      const byte = bytes[at] ?? 0
      if (this.#held > 0 && !continues(this.#head, this.#held, byte)) return false
      this.#hold(byte)
    }
    return true
  }

  /** Whether no character is cut at the end; after it, another text may be checked. */
  ends(): boolean {
    const isWhole = this.#held === 0
    this.#held = 0
    return isWhole
  }

  #hold(byte: number): number {
    this.#head[this.#held] = byte
    this.#held += 1
    return this.#held
  }
}

/** How many bytes a character has that begins with this one, which is not ASCII; 0 where none does. */
function lengthOf(first: number): number {
  if (first < 0xc2) return 0
  if (first < 0xe0) return 2
  if (first < 0xf0) return 3
  return first < 0xf5 ? 4 : 0
}

/** Whether a character that begins with the held bytes can go on with this one. */
function continues(head: Uint8Array, held: number, byte: number): boolean {
  if (byte < 0x80 || byte > 0xbf) return false
  if (held > 1) return true
  switch (head[0]) {
    case 0xe0:
      return byte >= 0xa0
    case 0xed:
      return byte <= 0x9f
    case 0xf0:
      return byte >= 0x90
    case 0xf4:
      return byte <= 0x8f
    default:
      return true
  }
}

/** Where a character begins that the end cuts; the end where none is cut. */
function cutAt(bytes: Uint8Array, start: number): number {
  const end = bytes.length
  for (let back = 1; back <= mostHeld && end - back >= start; back += 1) {
    const byte = bytes[end - back] ?? 0
    if (byte < 0x80) return end
    if (byte >= 0xc0) return lengthOf(byte) > back ? end - back : end
  }
  return end
}
