import { cellWidth, padCells, wrapWords } from '../views/cells.ts'
import type { Palette } from '../views/palette.ts'
import type { Block, Section, Term } from './section.ts'

/** How help is laid out. */
export interface Layout {
  readonly width: number
  readonly palette: Palette
}

const indent = 2
const gap = 2

/** Help is no wider than this, however wide the terminal: long lines are hard to read. */
export const widest = 120

/** A longer term stands in a line of its own, its meaning below it. */
const longestBeside = 32
/** The same where the room beside such terms would be less than {@link leastBeside}. */
const longestBesideWhenNarrow = 6
const leastBeside = 28

/** Help as it is written: what is wide is cut nowhere, and no line ends in spaces. */
export function helpText(lines: readonly string[]): string {
  return lines.map((line) => `${line.trimEnd()}\n`).join('')
}

/** Sections under their headings; what their terms mean stands in one column through all of them. */
export function sectionLines(sections: readonly Section[], layout: Layout): readonly string[] {
  const blocks = sections.flatMap((section) => section.blocks)
  const all = blocks.flatMap((block) => (block.kind === 'terms' ? block.rows : []))
  const textAt = meaningColumn(all, layout)
  return sections.flatMap(({ heading, blocks }) => {
    const laidOut = blocks.map((block) => blockLines(block, layout, textAt))
    return [
      '',
      layout.palette.strong(heading),
      ...laidOut.flatMap((some, index) => (index === 0 ? some : ['', ...some])),
    ]
  })
}

function blockLines(block: Block, layout: Layout, textAt: number): readonly string[] {
  switch (block.kind) {
    case 'text':
      return wrapWords(block.text, Math.min(layout.width, widest) - indent).map(hanging(indent))
    case 'terms':
      return columnLines(block.rows, layout, textAt)
    case 'lines':
      return block.lines.map((line) => ' '.repeat(indent) + line)
  }
}

/** Terms with what they mean beside them: one line each where the width allows. */
export function columnLines(
  rows: readonly Term[],
  { width }: Pick<Layout, 'width'>,
  textAt = meaningColumn(rows, { width }),
): readonly string[] {
  const total = Math.min(width, widest)
  return rows.flatMap(([term, meaning]) => {
    const [first = '', ...more] = wrapWords(meaning, total - textAt)
    const below = more.map(hanging(textAt))
    if (indent + cellWidth(term) + gap <= textAt) {
      return [padCells(' '.repeat(indent) + term, textAt) + first, ...below]
    }
    const [start = '', ...rest] = wrapWords(term, total - 2 * indent)
    const named = [hanging(indent)(start), ...rest.map(hanging(2 * indent))]
    return meaning === '' ? named : [...named, hanging(textAt)(first), ...below]
  })
}

/** Where what terms mean begins: beside the longest of them that leaves it room enough. */
function meaningColumn(rows: readonly Term[], { width }: Pick<Layout, 'width'>): number {
  const widths = rows.map(([term]) => cellWidth(term))
  const after = (longest: number) =>
    indent + Math.max(indent, ...widths.filter((cells) => cells <= longest)) + gap
  const usual = after(longestBeside)
  return Math.min(width, widest) - usual < leastBeside ? after(longestBesideWhenNarrow) : usual
}

function hanging(at: number): (line: string) => string {
  return (line) => ' '.repeat(at) + line.trimStart()
}

/** Words one after the other with room between them, in as many lines as they need. */
export function flowLines(words: readonly string[], { width }: Pick<Layout, 'width'>): readonly string[] {
  const lines: string[] = []
  for (const word of words) {
    const line = lines.at(-1)
    const longer = `${line}${' '.repeat(gap)}${word}`
    if (line !== undefined && longer.length <= Math.min(width, widest)) lines[lines.length - 1] = longer
    else lines.push(' '.repeat(indent) + word)
  }
  return lines
}
