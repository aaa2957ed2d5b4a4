/** What many runs of one experiment brought: how many reads there were, and how the claims fared. */
import { wrapWords } from './cells.ts'
import { type ColumnSubject, columnName, columnTitle, type JudgedClaim, verdicts } from './comparison.ts'
import { type Line, paint, span, wrapLines } from './lines.ts'
import { createPalette } from './palette.ts'
import { formatCount, group } from './units.ts'

export interface Distribution {
  readonly name: string
  readonly question: string
  readonly runs: number
  readonly columns: readonly DistributionColumn[]
  /** The command line that repeats these very runs. */
  readonly repeat: string
}

export interface DistributionColumn extends ColumnSubject {
  /** For each trial, how many reads each run had. */
  readonly trials: readonly { readonly name: string; readonly reads: readonly number[] }[]
  /** For each claim, its verdict in each run. */
  readonly claims: readonly {
    readonly text: string
    readonly verdicts: readonly JudgedClaim['verdict'][]
  }[]
}

/** A bar of the histogram: from one number of reads to another, and how many runs had that. */
export interface Bar {
  readonly from: number
  readonly to: number
  readonly runs: number
}

const indent = 2
const gap = 2
const mostBars = 8
const longestBar = 40
const leastBar = 8

/** One bar for each number of reads; where these are too many, for each of some equal ranges. */
export function barsOf(reads: readonly number[]): readonly Bar[] {
  const values = [...new Set(reads)].sort((one, other) => one - other)
  const [least = 0, most = least] = [values[0], values.at(-1)]
  const width = values.length <= mostBars ? 1 : Math.ceil((most - least + 1) / mostBars)
  const starts = width === 1 ? values : Array.from({ length: mostBars }, (_, index) => least + index * width)
  return starts
    .map((from) => {
      const to = Math.min(from + width - 1, most)
      return { from, to, runs: reads.filter((count) => count >= from && count <= to).length }
    })
    .filter(({ from }) => from <= most)
}

/** The whole screen. */
export function renderDistribution(
  { name, question, runs, columns, repeat }: Distribution,
  { width, color }: { readonly width: number; readonly color: boolean },
): string {
  const palette = createPalette(color)
  const room = Math.max(width - 2 * indent, 36)
  const hang = ' '.repeat(name.length + gap)
  const lines: Line[] = [
    ...wrapWords(question, room - hang.length).map((line, index) =>
      index === 0 ? [span(name, 'strong'), span(`  ${line}`)] : [span(hang + line)],
    ),
    ...wrapLines(
      `${formatCount(runs, 'run')}: how many reads there were, and in how many runs`,
      room,
      hang.length,
      'faint',
    ),
    [],
    ...columns.flatMap((column) => [...columnLines(column, runs, room), []]),
    [span('Repeat these runs  ', 'faint'), span(repeat)],
  ]
  return lines.map((line) => `${paint([span(' '.repeat(indent)), ...line], palette)}\n`).join('')
}

function columnLines(column: DistributionColumn, runs: number, width: number): readonly Line[] {
  const title = columnTitle(column)
  return [
    [span(`${title} `, 'strong'), span('─'.repeat(Math.max(0, width - title.length - 1)), 'faint')],
    [],
    ...histogram(column, width),
    [],
    ...column.claims.flatMap((claim) => claimLines(claim, runs, width)),
  ]
}

function histogram({ transport, trials }: DistributionColumn, width: number): readonly Line[] {
  const noun = transport === 'udp' ? 'datagram' : 'read'
  const rows = trials.flatMap(({ name, reads }) =>
    barsOf(reads).map((bar, index) => ({ name: index === 0 ? name : '', label: labelOf(bar, noun), bar })),
  )
  const nameWidth = Math.max(...rows.map(({ name }) => name.length)) + gap
  const labelWidth = Math.max(...rows.map(({ label }) => label.length)) + gap
  const most = Math.max(...rows.map(({ bar }) => bar.runs))
  const countWidth = group(most).length
  const longest = Math.min(longestBar, Math.max(leastBar, width - nameWidth - labelWidth - gap - countWidth))
  return rows.map(({ name, label, bar }) => {
    const length = bar.runs === 0 ? 0 : Math.max(1, Math.round((bar.runs / most) * longest))
    return [
      span(name.padEnd(nameWidth), 'strong'),
      span(label.padEnd(labelWidth)),
      span('█'.repeat(length), 'received'),
      span(`${' '.repeat(longest - length + gap)}${group(bar.runs).padStart(countWidth)}`, 'faint'),
    ]
  })
}

function labelOf({ from, to }: Bar, noun: string): string {
  return from === to ? formatCount(from, noun) : `${group(from)} to ${formatCount(to, noun)}`
}

/** The same as lines of words, for screen readers. */
export function plainDistribution({ name, question, runs, columns, repeat }: Distribution): string {
  const lines = [
    `Experiment ${name}: ${question}`,
    ...columns.flatMap((column) => [
      ...column.trials.flatMap((trial) =>
        barsOf(trial.reads).map((bar) => {
          const label = labelOf(bar, column.transport === 'udp' ? 'datagram' : 'read')
          return `${columnName(column)}, ${trial.name}, ${label}: ${formatCount(bar.runs, 'run')}`
        }),
      ),
      ...column.claims.map((claim) => {
        const { figures } = tallyOf(claim, runs)
        return `Claim, ${columnName(column)}, ${figures}: ${claim.text}`
      }),
    ]),
    `Repeat these runs: ${repeat}`,
  ]
  return lines.map((line) => `${line}\n`).join('')
}

/** The worst verdict, and how often each was given. */
function tallyOf(
  { verdicts: given }: DistributionColumn['claims'][number],
  runs: number,
): { readonly worst: JudgedClaim['verdict']; readonly figures: string } {
  const tally = worstFirst
    .map((verdict) => ({ verdict, times: given.filter((one) => one === verdict).length }))
    .filter(({ times }) => times > 0)
  const figures = tally.map(({ verdict, times }) => `${verdict} in ${times} of ${formatCount(runs, 'run')}`)
  return { worst: tally[0]?.verdict ?? 'not supported here', figures: figures.join(', ') }
}

/** The mark is that of the worst verdict. */
function claimLines(
  claim: DistributionColumn['claims'][number],
  runs: number,
  width: number,
): readonly Line[] {
  const { text } = claim
  const { worst, figures } = tallyOf(claim, runs)
  const { mark, role } = verdicts[worst]
  const hang = ' '.repeat(mark.length + 1)
  return [
    ...wrapWords(text, width - hang.length).map((line, index) => [
      span(index === 0 ? `${mark} ` : hang, role),
      span(line),
    ]),
    ...wrapWords(figures, width - hang.length).map((line) => [span(hang), span(line, 'faint')]),
  ]
}

const worstFirst = ['contradicted', 'not supported here', 'not observed this run', 'observed'] as const
