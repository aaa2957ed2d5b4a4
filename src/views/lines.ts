/** Text in its roles, laid out before it is painted: so colour can change nothing but colour. */
import { cellWidth, leastRoom, wrapWords } from './cells.ts'
import type { Palette, Role } from './palette.ts'

export interface Span {
  readonly text: string
  readonly role: Role
}

export type Line = readonly Span[]

export function span(text: string, role: Role = 'plain'): Span {
  return { text, role }
}

export function lineWidth(line: Line): number {
  return line.reduce((width, { text }) => width + cellWidth(text), 0)
}

/** Words from the indent on, as many lines as they need. */
export function wrapLines(text: string, width: number, indent: number, role: Role): Line[] {
  const lines = wrapWords(text, Math.max(width - indent, leastRoom))
  return lines.map((line) => [span(' '.repeat(indent)), span(line, role)])
}

/** The line with spaces after it up to the width. */
function padLine(line: Line, width: number): Line {
  return [...line, span(' '.repeat(Math.max(0, width - lineWidth(line))))]
}

export interface Block {
  readonly lines: readonly Line[]
  readonly width: number
}

/** Blocks of lines next to each other, each of its width, with a gap between them. */
export function beside(blocks: readonly Block[], gap: number): Line[] {
  return joined(blocks, span(' '.repeat(gap)))
}

const rule = span(' │ ', 'faint')

/** Blocks next to each other with a rule between them, which takes {@link ruleWidth}. */
export function ruled(blocks: readonly Block[]): Line[] {
  return joined(blocks, rule)
}

export const ruleWidth = rule.text.length

function joined(blocks: readonly Block[], between: Span): Line[] {
  const height = Math.max(0, ...blocks.map(({ lines }) => lines.length))
  return Array.from({ length: height }, (_, row) =>
    blocks.flatMap(({ lines, width }, index) => [
      ...(index === 0 ? [] : [between]),
      ...padLine(lines[row] ?? [], width),
    ]),
  )
}

/** The line as text, without spaces at its end. */
export function paint(line: Line, palette: Palette): string {
  const text = line.map(({ text }) => text).join('')
  let room = text.trimEnd().length
  let painted = ''
  for (const { text, role } of line) {
    const kept = text.slice(0, room)
    room -= kept.length
    painted += kept.trim() === '' ? kept : palette[role](kept)
  }
  return painted
}
