/** The screen of a comparison: the transports beside each other, and under them what was counted and shown. */
import { inCausalOrder } from './causal.ts'
import { leastRoom, wrapWords } from './cells.ts'
import { claimSection, widestText } from './claim-lines.ts'
import { type ComparedColumn, type Comparison, columnTitle } from './comparison.ts'
import { countTable } from './count-table.ts'
import { chunks, columnsPerRow, shareOf } from './grid.ts'
import { handLegend, handLines, handTitle, longHandLines } from './hand-lines.ts'
import { type Line, paint, ruled, span } from './lines.ts'
import { createPalette } from './palette.ts'
import { drawTrial } from './trial.ts'

export interface ColumnsOptions {
  /** Cells of the terminal. */
  readonly width: number
  readonly color: boolean
}

const empty: Line = []
const indent = 2

/** The whole screen, from what was heard: time runs down, and a row is a step. */
export function renderComparison(comparison: Comparison, { width, color }: ColumnsOptions): string {
  const palette = createPalette(color)
  const room = Math.max(width - indent, leastRoom)
  const present = comparison.columns.flatMap((column) =>
    'because' in column ? [] : [{ ...column, heard: inCausalOrder(column.heard) }],
  )
  const lines = [
    ...titled(comparison.name, comparison.question, room),
    empty,
    ...trialNames(present).flatMap((name) => drawTrial(present, name, room)),
    ...absentLines(comparison, room),
    ...section('Counted', countTable(present, room), room),
    ...section('Claims', claimSection(present, room), room),
    ...section('Why', paragraph(comparison.explanation, room), room),
    ...section('By hand', handSection(present, room), room),
    [span('Repeat this very run  ', 'faint'), span(comparison.repeat)],
  ]
  return lines.map((line) => `${paint([span(' '.repeat(indent)), ...line], palette)}\n`).join('')
}

function trialNames(columns: readonly ComparedColumn[]): readonly string[] {
  return [...new Set(columns.flatMap(({ trials }) => trials.map(({ name }) => name)))]
}

/** A name, and what it stands for hanging beside it. */
function titled(name: string, title: string, width: number): readonly Line[] {
  const hang = ' '.repeat(name.length + 2)
  return wrapWords(title, Math.max(width - hang.length, leastRoom)).map((line, index) =>
    index === 0 ? [span(name, 'strong'), span(`  ${line}`)] : [span(hang + line)],
  )
}

function section(title: string, lines: readonly Line[], width: number): readonly Line[] {
  if (lines.length === 0) return []
  return [headingLine(title, width), empty, ...lines, empty]
}

/** `Claims ─────────` */
function headingLine(title: string, width: number): Line {
  return [span(title, 'strong'), span(` ${'─'.repeat(Math.max(0, width - title.length - 1))}`, 'faint')]
}

/** Who takes no part, and why. */
function absentLines({ columns }: Comparison, width: number): readonly Line[] {
  const lines = columns.flatMap((column): readonly Line[] => {
    if (!('because' in column)) return []
    const told = wrapWords(`${columnTitle(column)}: ${column.because}`, Math.min(width, widestText) - 2)
    const title = columnTitle(column).length + 1
    return told.map((line, index) =>
      index === 0
        ? [span('– ', 'faint'), span(line.slice(0, title), 'strong'), span(line.slice(title))]
        : [span(`  ${line}`)],
    )
  })
  return lines.length === 0 ? [] : [...lines, empty]
}

function paragraph(text: string, width: number): readonly Line[] {
  return wrapWords(text, Math.min(width, widestText)).map((line) => [span(line)])
}

/** The steps of each transport beside those of others where they fit, else under each other. */
function handSection(columns: readonly ComparedColumn[], width: number): readonly Line[] {
  if (columns.length === 0) return []
  const legend = wrapWords(handLegend(columns), width).map((line) => [span(line, 'faint')])
  const rows = chunks(columns, columnsPerRow(columns.length, width)).flatMap((row) => [
    empty,
    ...handRow(row, columns.length > 1, width),
  ])
  return [...legend, ...rows]
}

function handRow(columns: readonly ComparedColumn[], isNamed: boolean, width: number): readonly Line[] {
  const share = shareOf(columns.length, width)
  const blocks = columns.map((column) => handLines(column, share))
  const title = (column: ComparedColumn): readonly Line[] => (isNamed ? [handTitle(column)] : [])
  if (columns.length > 1 && blocks.every((lines) => lines !== undefined)) {
    const titled = columns.map((column, index) => [...title(column), ...(blocks[index] ?? [])])
    return ruled(titled.map((lines) => ({ lines, width: share })))
  }
  return columns.flatMap((column, index) => [
    ...(index === 0 ? [] : [empty]),
    ...title(column),
    ...longHandLines(column),
  ])
}
