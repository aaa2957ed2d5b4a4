import { padCells } from './cells.ts'
import type { Line } from './lines.ts'
import type { Role } from './palette.ts'
import { formatBytes, formatCount } from './units.ts'

/** The pieces in which one stream was written, and those in which it was read; or datagrams, which are both. */
export interface Ledger {
  readonly pieces: 'stream' | 'datagrams'
  readonly writes: readonly Uint8Array[]
  readonly reads: readonly Uint8Array[]
}

/** What one piece is called, sent and received. */
const nouns = {
  stream: ['write', 'read'],
  datagrams: ['datagram', 'datagram'],
} as const satisfies Readonly<Record<Ledger['pieces'], readonly [string, string]>>

/**
 * The boundary ledger: the stream, a cell for each byte, its writes above it and its reads below.
 *
 *     3 writes  ┌3┐┌─5─┐┌4─┐
 *               oakmapledune
 *     1 read    └───12 B───┘
 *
 * Nothing where the width has no room for that.
 */
export function drawLedger({ pieces, writes, reads }: Ledger, width: number): readonly Line[] {
  const [above, below] = nouns[pieces]
  const labels = [formatCount(writes.length, above), formatCount(reads.length, below)] as const
  const indent = Math.max(...labels.map(({ length }) => length)) + 2
  const longest = Math.max(totalBytes(writes), totalBytes(reads))
  if (longest === 0 || indent + longest > width) return []
  const streams = [...new Set([printable(writes), printable(reads)])].filter((text) => text !== '')
  const row = (label: string, text: string, role: Role): Line => [
    { text: padCells(label, indent), role: 'faint' },
    { text, role },
  ]
  return [
    row(labels[0], brackets(writes, ['┌', '┐', '╷']), 'sent'),
    ...streams.map((text) => row('', text, 'plain')),
    row(labels[1], brackets(reads, ['└', '┘', '╵']), 'received'),
  ]
}

export type Ends = readonly [open: string, close: string, single: string]

/** A bracket as long as each piece, with its size in the middle where there is room. */
export function brackets(pieces: readonly Uint8Array[], ends: Ends): string {
  const sizes = pieces.map(({ length }) => length)
  const draw = bracketPen(sizes, ends)
  return sizes.map(draw).join('')
}

/** Draws brackets of the sizes, all labelled alike: with the unit, or where one is too short for it, without. */
export function bracketPen(sizes: readonly number[], [open, close, single]: Ends): (size: number) => string {
  const drawn = sizes.filter((size) => size > 0)
  const label = [formatBytes, String].find((form) => drawn.every((size) => form(size).length <= size - 2))
  return (size) => {
    if (size < 2) return single.repeat(size)
    const text = label?.(size) ?? ''
    const left = Math.floor((size - 2 - text.length) / 2)
    return open + '─'.repeat(left) + text + '─'.repeat(size - 2 - left - text.length) + close
  }
}

export function totalBytes(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((total, { length }) => total + length, 0)
}

/** One cell a byte: printable ASCII as it is, else a dot. */
export function printable(pieces: readonly Uint8Array[]): string {
  return pieces.map((piece) => String.fromCharCode(...piece).replace(/[^ -~]/g, '·')).join('')
}
