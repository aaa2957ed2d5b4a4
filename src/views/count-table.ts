/** What was counted of each trial: calls, messages, and what the bytes were for. */
import { carriesPayload, type Direction, type Event, type Transport } from '../event.ts'
import { isControl } from '../wire/frame.ts'
import { cellWidth } from './cells.ts'
import { transportNames } from './claim-lines.ts'
import type { ComparedColumn, Happening } from './comparison.ts'
import { frameBytes } from './framing.ts'
import { type Line, span, wrapLines } from './lines.ts'
import { createPalette } from './palette.ts'
import { sideOf } from './shown.ts'
import { layOutTable } from './table.ts'
import { formatBytes, group } from './units.ts'

const opening = 'opening'
const none = '–'
const arrows = ['→', '←'] as const

const counted = ['writes', 'reads', 'messages', 'payload', 'framing', 'upgrade'] as const

/** One row a trial, and one more where something came back; on a narrow screen in words. */
export function countTable(columns: readonly ComparedColumn[], width: number): readonly Line[] {
  const isNamed = columns.length > 1
  const rows = columns.flatMap((column) => rowsOf(column))
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

function legendOf(rows: readonly CountRow[]): readonly Line[] {
  const differs = rows.some(({ cells }) => cells.slice(1).some((cell) => cell.includes('→')))
  return differs ? [[], [span('2 → 1: 2 sent, 1 received', 'faint')]] : []
}

/** `TCP control →`, and under it what was counted, without what there was none of. */
function tellRow({ name, trial, cells }: CountRow, isNamed: boolean, width: number): readonly Line[] {
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

interface CountRow {
  readonly name: string
  readonly trial: string
  /** The arrow, then the numbers. */
  readonly cells: readonly string[]
}

function rowsOf(column: ComparedColumn): readonly CountRow[] {
  const { transport, heard, trials, isOneWay = false } = column
  const name = transportNames[transport]
  const row = (trial: string, happenings: readonly Happening[], arrow: '→' | '←'): readonly CountRow[] => {
    const counts = countsOf(column, happenings, arrow)
    return counts === undefined ? [] : [{ name, trial, cells: [arrow, ...cellsOf(counts, transport)] }]
  }
  const before = heard.filter(({ trial }) => trial === undefined).slice(0, openingEnd(heard))
  const opened = before.some(({ event }) => event.kind === 'request')
    ? arrows.flatMap((arrow) => row(opening, before, arrow))
    : []
  return [
    ...opened,
    ...trials.flatMap((trial) => {
      const inTrial = heard.filter((one) => one.trial === trial.name)
      const there = row(trial.name, inTrial, '→')
      const back = isOneWay ? [] : row(trial.name, inTrial, '←')
      return there.length + back.length === 0 ? [emptyRow(name, trial.name)] : [...there, ...back]
    }),
  ]
}

/** How much was heard before the first trial. */
function openingEnd(heard: readonly Happening[]): number {
  const first = heard.findIndex(({ trial }) => trial !== undefined)
  return first === -1 ? heard.length : first
}

function emptyRow(name: string, trial: string): CountRow {
  return { name, trial, cells: ['', '0', '0', none, none, none, none] }
}

/** Where the two ends differ, both are told: sent, and received. */
interface Both {
  readonly sent: number
  readonly received: number
}

interface Counts {
  readonly writes: number
  readonly reads: number
  readonly pieces: Both
  readonly payload: Both
  readonly framing: number
  readonly upgrade: number
}

/** What went one way; undefined where nothing did. */
function countsOf(
  column: ComparedColumn,
  happenings: readonly Happening[],
  arrow: '→' | '←',
): Counts | undefined {
  const { transport } = column
  const [from, to] = arrow === '→' ? (['left', 'right'] as const) : (['right', 'left'] as const)
  const by = (side: 'left' | 'right', direction: Direction): readonly Event[] =>
    happenings
      .filter(({ actor }) => sideOf(column, actor) === side)
      .map(({ event }) => event)
      .filter((event) => 'direction' in event && event.direction === direction)
  const [sent, received] = [by(from, 'sent'), by(to, 'received')]
  if (sent.length + received.length === 0) return undefined
  const calls = (events: readonly Event[]): number =>
    events.filter(({ kind }) => kind === 'bytes' || kind === 'datagram').length
  const payloads = (events: readonly Event[]) => events.filter((event) => carriesPayload(event, transport))
  const sum = (events: readonly Event[]): number =>
    payloads(events).reduce((total, { size }) => total + size, 0)
  return {
    writes: calls(sent),
    reads: calls(received),
    pieces: { sent: payloads(sent).length, received: payloads(received).length },
    payload: { sent: sum(sent), received: sum(received) },
    framing: sent.reduce((total, event) => total + framingBytes(event), 0),
    upgrade: sent.reduce((total, event) => total + headBytes(event), 0),
  }
}

/** Of a frame of data what stands before its payload; a control frame is framing from end to end. */
function framingBytes(event: Event): number {
  if (event.kind !== 'frame') return 0
  return frameBytes(event) - (isControl(event.opcode) ? 0 : event.size)
}

function headBytes(event: Event): number {
  return event.kind === 'request' || event.kind === 'response' ? event.size : 0
}

function cellsOf(counts: Counts, transport: Transport): readonly string[] {
  const { writes, reads, pieces, payload, framing, upgrade } = counts
  const isNothing = pieces.sent + pieces.received === 0
  return [
    group(writes),
    group(reads),
    transport === 'tcp' || isNothing ? none : both(pieces, group),
    isNothing ? none : both(payload, formatBytes),
    framing === 0 ? none : formatBytes(framing),
    upgrade === 0 ? none : formatBytes(upgrade),
  ]
}

/** `5`, or `5 → 4` */
function both({ sent, received }: Both, form: (value: number) => string): string {
  return sent === received ? form(sent) : `${group(sent)} → ${form(received)}`
}
