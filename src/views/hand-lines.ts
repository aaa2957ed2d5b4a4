import { cellWidth } from './cells.ts'
import { type ComparedColumn, columnName, type HandStep } from './comparison.ts'
import { type Line, span } from './lines.ts'

const signs = { run: '$', type: '›' } as const satisfies Readonly<Record<HandStep['does'], string>>

/** What the signs are. */
export function handLegend(columns: readonly ComparedColumn[]): string {
  const terminals = new Set(columns.flatMap(({ byHand }) => byHand.map(({ terminal }) => terminal)))
  const names = [...terminals].sort((one, other) => one - other).join(', ')
  return `${names}: ${terminals.size === 1 ? 'the terminal' : 'the terminals'}; $ run it there, › type it into what runs there`
}

/** `1 $ ` */
const signWidth = 4
/** What is in quotes is not to be broken. */
const shellWords = /(?:[^\s'"]|'[^']*'|"[^"]*")+/g

/** The steps of one transport, to be typed and pasted; nothing where a line cannot be broken to fit. */
export function handLines({ byHand }: ComparedColumn, width: number): readonly Line[] | undefined {
  const lines = byHand.map((step) => stepLines(step, width))
  return lines.every((each) => each !== undefined) ? lines.flat() : undefined
}

/** As they are, however wide. */
export function longHandLines({ byHand }: ComparedColumn): readonly Line[] {
  return byHand.map((step) => [sign(step), span(step.line)])
}

export function handTitle(column: ComparedColumn): Line {
  return [span(columnName(column), 'strong')]
}

function sign({ terminal, does }: HandStep): Line[number] {
  return span(`${terminal} ${signs[does]} `, 'faint')
}

function stepLines(step: HandStep, width: number): readonly Line[] | undefined {
  const { does, line } = step
  if (signWidth + cellWidth(line) <= width) return [[sign(step), span(line)]]
  if (does === 'type') return undefined
  return breakCommand(line, width - signWidth)?.map((part, index) =>
    index === 0 ? [sign(step), span(part)] : [span(' '.repeat(signWidth)), span(part)],
  )
}

/** A command line over several, which a shell takes as the one that it is. */
function breakCommand(line: string, width: number): readonly string[] | undefined {
  const [continued, indent] = [' \\', '  ']
  const lines: string[] = []
  let last = ''
  for (const [word] of line.matchAll(shellWords)) {
    const longer = last === '' ? word : last === indent ? last + word : `${last} ${word}`
    if (cellWidth(longer + continued) <= width) {
      last = longer
      continue
    }
    if (last.trim() === '') return undefined
    lines.push(last + continued)
    last = indent + word
    if (cellWidth(last + continued) > width) return undefined
  }
  return [...lines, last]
}
