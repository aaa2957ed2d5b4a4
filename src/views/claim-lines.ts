import { wrapWords } from './cells.ts'
import { type ComparedColumn, columnName, type JudgedClaim, verdicts } from './comparison.ts'
import { type Line, span } from './lines.ts'

/** Running text is hard to read in longer lines. */
export const widestText = 96

/** `✓ WebSocket  ` */
const nameWidth = 11
/** From this width on, the names of the transports have a column of their own. */
const roomForNames = 60

/** Every claim with its mark, and under it the verdict and the figures that prove it. */
export function claimSection(columns: readonly ComparedColumn[], width: number): readonly Line[] {
  const isNamed = columns.length > 1
  return columns
    .filter(({ claims }) => claims.length > 0)
    .flatMap((column, at) => [
      ...(at === 0 ? [] : [[]]),
      ...column.claims.flatMap((claim, index) => {
        const name = columnName(column)
        if (!isNamed) return claimLines(claim, '', 0, width)
        if (width < roomForNames) return claimLines(claim, `${name}: `, 0, width)
        return claimLines(claim, index === 0 ? name : '', nameWidth, width)
      }),
    ])
}

function claimLines(
  { text, verdict, figures }: JudgedClaim,
  name: string,
  nameCells: number,
  width: number,
): readonly Line[] {
  const { mark, role } = verdicts[verdict]
  const at = mark.length + 1 + nameCells
  const room = Math.min(width - at, widestText)
  const hang = span(' '.repeat(at))
  const column = span(nameCells === 0 ? '' : name.padEnd(nameCells), 'faint')
  const claim = wrapWords(nameCells === 0 ? name + text : text, room)
  const proof = wrapWords(`${verdict}: ${figures}`, room)
  return [
    ...claim.map((line, index) =>
      index === 0 ? [span(mark, role), span(' '), column, span(line)] : [hang, span(line)],
    ),
    ...proof.map((line, index) =>
      index === 0
        ? [hang, span(line.slice(0, verdict.length), role), span(line.slice(verdict.length), 'faint')]
        : [hang, span(line, 'faint')],
    ),
  ]
}
