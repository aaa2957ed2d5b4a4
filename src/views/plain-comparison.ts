/** A comparison as lines of words from left to right, for screen readers: nothing is drawn, nothing stands beside. */
import { inCausalOrder } from './causal.ts'
import { type ComparedColumn, type Comparison, columnName } from './comparison.ts'
import { type Both, type CountRow, countsOf } from './counts.ts'
import { plainLine } from './plain.ts'
import { shownSteps } from './shown.ts'
import { formatBytes, formatCount } from './units.ts'
import { describe } from './words.ts'

/** How much of a payload is told, bytes. */
const show = 64

/** The whole of it: what each transport did, trial by trial, then what was counted, shown, and why. */
export function plainComparison({ name, question, explanation, columns, repeat }: Comparison): string {
  const present = columns.flatMap((column) =>
    'because' in column ? [] : [{ ...column, heard: inCausalOrder(column.heard) }],
  )
  const absent = columns.flatMap((column) =>
    'because' in column ? [`${columnName(column)} takes no part: ${column.because}`] : [],
  )
  const lines = [
    `Experiment ${name}: ${question}`,
    ...present.flatMap(trialLines),
    ...absent,
    ...present.flatMap((column) => countsOf(column).map((row) => countLine(column, row))),
    ...present.flatMap(claimLines),
    `Why: ${explanation}`,
    ...present.flatMap(handLines),
    `Repeat this very run: ${repeat}`,
  ]
  return lines.map((line) => `${line}\n`).join('')
}

function trialLines(column: ComparedColumn): readonly string[] {
  return column.trials.flatMap(({ name, title }) => [
    `${columnName(column)}, trial ${name}: ${title}`,
    ...shownSteps(column, name).flatMap(({ shown }) =>
      shown.map(({ happening: { actor, event }, tag }) => {
        const who = tag === undefined || tag.startsWith(actor) ? (tag ?? actor) : `${actor} ${tag}`
        const entry = describe(event.kind, event, show)
        return plainLine(event, entry, undefined, who).trimEnd()
      }),
    ),
  ])
}

function countLine(column: ComparedColumn, row: CountRow): string {
  const { trial, way, writes, reads, messages, payload, framing, upgrade } = row
  const back = way === '←' ? ' on the way back' : ''
  const facts = [
    formatCount(writes, 'write'),
    formatCount(reads, 'read'),
    ...(messages === undefined
      ? []
      : bothWays(messages, (count) =>
          formatCount(count, column.transport === 'udp' ? 'datagram' : 'message'),
        )),
    ...bothWays(payload, (size) => `${formatBytes(size)} of payload`),
    ...(framing === 0 ? [] : [`${formatBytes(framing)} of framing`]),
    ...(upgrade === 0 ? [] : [`${formatBytes(upgrade)} of upgrade`]),
  ]
  return `Counted, ${columnName(column)}, ${trial}${back}: ${facts.join(', ')}`
}

function bothWays({ sent, received }: Both, form: (value: number) => string): readonly string[] {
  if (sent + received === 0) return []
  return sent === received ? [form(sent)] : [`${form(sent)} sent`, `${form(received)} received`]
}

function claimLines(column: ComparedColumn): readonly string[] {
  return column.claims.map(
    ({ text, verdict, figures }) => `Claim, ${columnName(column)}, ${verdict}: ${text} Figures: ${figures}`,
  )
}

function handLines(column: ComparedColumn): readonly string[] {
  return column.byHand.map(
    (step) => `By hand, ${columnName(column)}, terminal ${step.terminal}, ${step.does}: ${step.line}`,
  )
}
