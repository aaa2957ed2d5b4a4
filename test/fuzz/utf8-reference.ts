/** UTF-8 by the table of RFC 3629 §4, a byte at a time; written apart from the code under test. */

/** The second byte that each first byte allows. */
function secondRange(first: number): [number, number] {
  if (first === 0xe0) return [0xa0, 0xbf]
  if (first === 0xed) return [0x80, 0x9f]
  if (first === 0xf0) return [0x90, 0xbf]
  return first === 0xf4 ? [0x80, 0x8f] : [0x80, 0xbf]
}

function sizeOf(first: number): number {
  if (first <= 0x7f) return 1
  if (first >= 0xc2 && first <= 0xdf) return 2
  if (first >= 0xe0 && first <= 0xef) return 3
  return first >= 0xf0 && first <= 0xf4 ? 4 : 0
}

/** How many bytes from there on are right: up to a whole character, the end, or the first byte that is impossible. */
function rightFrom(bytes: Uint8Array, at: number, size: number): number {
  for (let next = 1; next < size; next += 1) {
    const byte = bytes[at + next]
    if (byte === undefined) return next
    const [least, most] = next === 1 ? secondRange(bytes[at] ?? 0) : [0x80, 0xbf]
    if (byte < least || byte > most) return next
  }
  return size
}

/** Bytes of the character that begins there; 0 where none does, or not all of it is here. */
export function characterSize(bytes: Uint8Array, at: number): number {
  const size = sizeOf(bytes[at] ?? 0x80)
  return rightFrom(bytes, at, size) === size ? size : 0
}

/** Where the first impossible byte stands, -1 where there is none; and how many bytes of a character the end has cut. */
export function readUtf8(bytes: Uint8Array): { impossible: number; cut: number } {
  for (let at = 0; at < bytes.length; ) {
    const size = sizeOf(bytes[at] ?? 0)
    const right = rightFrom(bytes, at, size)
    if (size > 0 && at + right === bytes.length && right < size) return { impossible: -1, cut: right }
    if (size === 0 || right < size) return { impossible: at + right, cut: 0 }
    at += size
  }
  return { impossible: -1, cut: 0 }
}
