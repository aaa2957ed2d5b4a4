/** What was counted of each trial: calls, messages, and what the bytes were for. */
import { cellWidth } from './cells.ts'
import { type ComparedColumn, columnName } from './comparison.ts'
import { type Both, type CountRow, countsOf } from './counts.ts'
import { type Line, span, wrapLines } from './lines.ts'
import { createPalette } from './palette.ts'
import { layOutTable } from './table.ts'
import { formatBytes, group } from './units.ts'

const none = '–'

const counted = ['writes', 'reads', 'messages', 'payload', 'framing', 'upgrade'] as const

/** One row a trial, and one more where something came back; on a narrow screen in words. */
export function countTable(columns: readonly ComparedColumn[], width: number): readonly Line[] {
  const isNamed = columns.length > 1
  const rows = columns.flatMap((column) => rowsOf(column))
  if (rows.length === 0) return []
  const head = ['', '', '', ...counted]
  const sparse = rows.map(({ cells, name, trial }, index) => {
    const before = rows[index - 1]
    const isSame = before !== undefined && before.name === name
    return [isSame ? '' : name, isSame && before.trial === trial ? '' : trial, ...cells]
  })
  const fromName = isNamed ? 0 : 1
  const table = {
    head: head.slice(fromName),
    rows: sparse.map((row) => row.slice(fromName)),
    words: 3 - fromName,
  }
  if (widthOf([table.head, ...table.rows]) <= width) {
    const lines = layOutTable(table, 0, width, createPalette(false))
    return [
      ...lines.map((line, index): Line => [span(line, index === 0 ? 'faint' : 'plain')]),
      ...legendOf(rows),
    ]
  }
  return [...rows.flatMap((row) => tellRow(row, isNamed, width)), ...legendOf(rows)]
}

function legendOf(rows: readonly TableRow[]): readonly Line[] {
  const differs = rows.some(({ cells }) => cells.slice(1).some((cell) => cell.includes('→')))
  return differs ? [[], [span('2 → 1: 2 sent, 1 received', 'faint')]] : []
}

/** `TCP control →`, and under it what was counted, without what there was none of. */
function tellRow({ name, trial, cells }: TableRow, isNamed: boolean, width: number): readonly Line[] {
  const [arrow = '', ...numbers] = cells
  const facts = numbers.flatMap((cell, index) => (cell === none ? [] : [`${counted[index]} ${cell}`]))
  return [
    [span([...(isNamed ? [name] : []), trial, arrow].join(' '), 'faint')],
    ...wrapLines(facts.join(', '), width, 2, 'plain'),
  ]
}

function widthOf(rows: readonly (readonly string[])[]): number {
  const [head = []] = rows
  const widths = head.map((_, column) => Math.max(...rows.map((row) => cellWidth(row[column] ?? ''))))
  return widths.reduce((sum, cells) => sum + cells + 2, -2)
}

interface TableRow {
  readonly name: string
  readonly trial: string
  /** The arrow, then the numbers. */
  readonly cells: readonly string[]
}

function rowsOf(column: ComparedColumn): readonly TableRow[] {
  const name = columnName(column)
  return countsOf(column).map((row) => ({ name, trial: row.trial, cells: [row.way ?? '', ...cellsOf(row)] }))
}

function cellsOf({ writes, reads, messages, payload, framing, upgrade }: CountRow): readonly string[] {
  const hasPayload = payload.sent + payload.received > 0 || (messages !== undefined && hasAny(messages))
  return [
    group(writes),
    group(reads),
    messages === undefined || !hasAny(messages) ? none : both(messages, group),
    hasPayload ? both(payload, formatBytes) : none,
    framing === 0 ? none : formatBytes(framing),
    upgrade === 0 ? none : formatBytes(upgrade),
  ]
}

function hasAny({ sent, received }: Both): boolean {
  return sent + received > 0
}

/** `5`, or `5 → 4` */
function both({ sent, received }: Both, form: (value: number) => string): string {
  return sent === received ? form(sent) : `${group(sent)} → ${form(received)}`
}
