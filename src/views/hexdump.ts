/** Sixteen bytes or fewer, to be looked at. */
export interface HexRow {
  /** Where the row begins, eight digits or more: `00000010`. */
  readonly offset: string
  /** Two groups of eight, always 48 cells: `68 65 6c 6c 6f 0a 00 01  68 65 6c 6c 6f 0a 00 01`. */
  readonly bytes: string
  /** Printable ASCII as it is, else a dot. */
  readonly text: string
}

const rowSize = 16
const bytesWidth = 48
const pairs = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** The rows of a byte array whose first byte has the given offset. */
export function* hexRows(bytes: Uint8Array, offset = 0): Generator<HexRow> {
  for (let start = 0; start < bytes.length; start += rowSize) {
    let left = ''
    let text = ''
    for (const byte of bytes.subarray(start, start + rowSize)) {
      if (text.length === rowSize / 2) left += ' '
      left += `${pairs[byte]} `
      text += byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.'
    }
    yield {
      offset: (offset + start).toString(16).padStart(8, '0'),
      bytes: left.slice(0, -1).padEnd(bytesWidth),
      text,
    }
  }
}
