import {
  type ConnectionState,
  type DatagramPeerState,
  formatEndpoint,
  type WebSocketState,
} from '../event.ts'
import { cellWidth, leastRoom, padCells, wrapWords } from './cells.ts'
import { escapeText } from './escape.ts'
import type { Palette } from './palette.ts'
import { formatBytes, formatDuration, formatSocket, group } from './units.ts'

const gap = '  '

/** Rows of equal length, safe to show. */
export interface Table {
  /** What the columns hold; empty where that needs no word. */
  readonly head: readonly string[]
  readonly rows: readonly (readonly string[])[]
  /** How many columns, from the left, hold words; the others hold numbers. */
  readonly words: number
}

/** One row a connection. */
export function connectionTable(connections: readonly ConnectionState[]): Table {
  return {
    head: ['', '', '', 'in', 'out', 'waiting', 'open for'],
    words: 3,
    rows: connections.map(({ socket, remote, state, paused, received, sent, queued, openMs }) =>
      [
        formatSocket(socket),
        formatEndpoint(remote),
        paused ? `${state}, paused` : state,
        formatBytes(received.bytes),
        formatBytes(sent.bytes),
        formatBytes(queued),
        formatDuration(openMs),
      ].map((cell) => escapeText(cell)),
    ),
  }
}

/** One row an address; how many were lost only where somebody numbers them. */
export function datagramTable(peers: readonly DatagramPeerState[]): Table {
  const isNumbered = peers.some(({ sequence }) => sequence !== undefined)
  return {
    head: ['', '', 'in', 'datagrams', 'out', 'datagrams', ...(isNumbered ? ['lost'] : []), 'known for'],
    words: 2,
    rows: peers.map(({ socket, remote, received, sent, sequence, knownMs }) =>
      [
        formatSocket(socket),
        formatEndpoint(remote),
        formatBytes(received.bytes),
        group(received.datagrams),
        formatBytes(sent.bytes),
        group(sent.datagrams),
        ...(isNumbered ? [sequence === undefined ? '–' : group(sequence.lost)] : []),
        formatDuration(knownMs),
      ].map((cell) => escapeText(cell)),
    ),
  }
}

/** One row a WebSocket; bytes are those of the whole stream. */
export function webSocketTable(sockets: readonly WebSocketState[]): Table {
  return {
    head: ['', '', '', 'in', 'messages', 'out', 'messages', 'waiting', 'open for'],
    words: 3,
    rows: sockets.map(({ socket, remote, state, paused, received, sent, queued, openMs }) =>
      [
        formatSocket(socket),
        formatEndpoint(remote),
        paused ? `${state}, paused` : state,
        formatBytes(received.bytes),
        group(received.messages),
        formatBytes(sent.bytes),
        group(sent.messages),
        formatBytes(queued),
        formatDuration(openMs),
      ].map((cell) => escapeText(cell)),
    ),
  }
}

/**
 * The lines of a table that begins at the given cell, or more to the left where it needs the room.
 * One that is wider than the terminal is told in words instead.
 */
export function layOutTable(table: Table, at: number, total: number, palette: Palette): string[] {
  const { head, rows, words } = table
  const widths = head.map((name, column) =>
    Math.max(cellWidth(name), ...rows.map((row) => cellWidth(row[column] ?? ''))),
  )
  const width = widths.reduce((sum, cells) => sum + gap.length + cells)
  if (width > total) return rows.flatMap((row) => tellRow(row, table, at, total))
  const align = (row: readonly string[]): string =>
    row.map((cell, column) => alignCell(cell, widths[column] ?? 0, column < words)).join(gap)
  const indent = ' '.repeat(Math.min(at, total - width))
  return [palette.faint(align(head)), ...rows.map(align)].map((line) => indent + line)
}

function alignCell(cell: string, width: number, isWords: boolean): string {
  return isWords ? padCells(cell, width) : cell.padStart(width)
}

/** `#1  127.0.0.1:51812, open, in 6 B, out 6 B, waiting 0 B, open for 12 ms` */
function tellRow(row: readonly string[], { head }: Table, at: number, total: number): string[] {
  const [name = '', ...facts] = row.map((cell, column) => `${head[column]} ${cell}`.trim())
  const hang = at + cellWidth(name) + gap.length
  const lines = wrapWords(facts.join(', '), Math.max(total - hang, leastRoom))
  return lines.map((line, index) => (index === 0 ? ' '.repeat(at) + name + gap : ' '.repeat(hang)) + line)
}
