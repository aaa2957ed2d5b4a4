import { padCells, wrapWords } from '../views/cells.ts'
import type { Palette } from '../views/palette.ts'

/** How help is laid out. */
export interface Layout {
  readonly width: number
  readonly palette: Palette
}

const indent = 2
const gap = 2

/** Help is no wider than this, however wide the terminal: long lines are hard to read. */
export const widest = 120

/** Terms with what they mean beside them: one line each where the width allows. */
export function columnLines(
  rows: readonly (readonly [term: string, meaning: string])[],
  { width }: Pick<Layout, 'width'>,
): readonly string[] {
  const textAt = indent + Math.max(...rows.map(([term]) => term.length)) + gap
  return rows.flatMap(([term, meaning]) => {
    const [first = '', ...more] = wrapWords(meaning, Math.min(width, widest) - textAt)
    return [
      padCells(' '.repeat(indent) + term, textAt) + first,
      ...more.map((line) => ' '.repeat(textAt) + line.trimStart()),
    ]
  })
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
