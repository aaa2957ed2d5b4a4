import type { Paragraph } from './entry.ts'
import { cutLength, escapeBytes } from './escape.ts'
import { formatBytes } from './units.ts'

/** The payload, a line for each of its lines, and how much more there is. */
export function preview(payload: Uint8Array, size: number, show: number): Paragraph[] {
  const shown = withoutCut(payload, show)
  const lines = escapeBytes(shown, { keepNewlines: true }).match(/[^\n]*\n|[^\n]+/g) ?? []
  const text: Paragraph[] = lines.map((line) => ({ text: line.replace('\n', '\\n'), as: 'payload' }))
  const more = size - shown.length
  return more === 0 ? text : [...text, { text: `… ${formatBytes(more)} more`, as: 'faint' }]
}

/** The beginning of a payload on one line. */
export function head(bytes: Uint8Array, show: number): string {
  const shown = withoutCut(bytes, show)
  return `${escapeBytes(shown)}${shown.length < bytes.length ? '…' : ''}`
}

/** The end of a payload on one line: its last bytes, without the rest of a character that is cut there. */
export function tail(bytes: Uint8Array, show: number): string {
  if (bytes.length <= show) return escapeBytes(bytes)
  const last = bytes.subarray(bytes.length - show)
  const start = last.subarray(0, 4).findIndex((byte) => (byte & 0xc0) !== 0x80)
  return `…${escapeBytes(last.subarray(Math.max(0, start)))}`
}

/** The first bytes, without the head of a character that is cut there. */
function withoutCut(bytes: Uint8Array, size: number): Uint8Array {
  if (bytes.length <= size) return bytes
  const first = bytes.subarray(0, size)
  return first.subarray(0, size - cutLength(first))
}
