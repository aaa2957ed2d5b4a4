/** One trial of a comparison: the timelines of all that take part in it beside each other, and what lies under them. */
import type { Event } from '../event.ts'
import { causesOf } from './causes.ts'
import { wrapWords } from './cells.ts'
import { type ComparedColumn, columnName, columnTitle } from './comparison.ts'
import { chunks, columnsPerRow, shareOf } from './grid.ts'
import { drawTrialLedger, tellTrialLedger } from './ledgers.ts'
import { type Line, ruled, span } from './lines.ts'
import { actingOn, happeningsIn, type Side, shownSteps, sideOf } from './shown.ts'
import { type DrawnTimeline, drawTimeline } from './timeline.ts'
import { unreadAfter } from './unread.ts'
import { upgradeSection } from './upgrade-section.ts'

const empty: Line = []

export function drawTrial(columns: readonly ComparedColumn[], trial: string, width: number): readonly Line[] {
  const taking = columns.filter(({ trials }) => trials.some(({ name }) => name === trial))
  const titles = new Set(taking.map((column) => titleOf(column, trial)))
  const [title = ''] = titles
  const isShared = titles.size === 1
  const perRow = columnsPerRow(taking.length, width)
  return [
    ...headingLines(trial, isShared ? title : '', width),
    empty,
    ...chunks(taking, perRow).flatMap((row) => [...drawRow(row, { trial, width, isShared }), empty]),
    ...taking.flatMap((column) => upgradeSection(column, trial, width)),
  ]
}

interface Frame {
  readonly trial: string
  readonly width: number
  /** Whether the trial's title is the same for all: then it stands above them. */
  readonly isShared: boolean
}

/** `control  the server reads after every send ─────────` */
function headingLines(name: string, title: string, width: number): readonly Line[] {
  const used = name.length + (title === '' ? 0 : title.length + 2) + 1
  const head = [span(name, 'strong'), span(title === '' ? '' : `  ${title}`)]
  if (used <= width) return [[...head, span(` ${'─'.repeat(width - used)}`, 'faint')]]
  const hang = ' '.repeat(name.length + 2)
  return wrapWords(title, width - hang.length).map((line, index) =>
    index === 0 ? [span(name, 'strong'), span(`  ${line}`)] : [span(hang + line)],
  )
}

/** Columns beside each other: step by step where all have as many of them, else each by itself. */
function drawRow(columns: readonly ComparedColumn[], { trial, width, isShared }: Frame): readonly Line[] {
  const share = shareOf(columns.length, width)
  const row = (blocks: readonly (readonly Line[])[]): readonly Line[] =>
    ruled(blocks.map((lines) => ({ lines, width: share })))
  const timelines = columns.map((column) => timelineOf(column, trial, share))
  const wide = columns.map((column) => (columns.length === 1 ? [] : wideLedger(column, trial, width)))
  const ledgers = columns.map((column, index) => {
    const drawn = drawTrialLedger(column, trial, share)
    if (drawn.length > 0) return drawn
    return wide[index]?.length === 0 ? tellTrialLedger(column, trial, share) : []
  })
  const blank = row(columns.map(() => [empty]))
  return [
    ...row(columns.map((column) => [[span(columnTitle(column), 'strong')]])),
    ...(isShared ? [] : row(columns.map((column) => titleLines(column, trial, share)))),
    ...blank,
    ...row(timelines.map(({ head }) => head)),
    ...stepLines(timelines, row),
    ...(ledgers.every((lines) => lines.length === 0) ? [] : [...blank, ...row(ledgers)]),
    ...wide.flatMap((lines, index) =>
      lines.length === 0 || ledgers[index]?.length !== 0 ? [] : [empty, ...lines],
    ),
  ]
}

function stepLines(
  timelines: readonly DrawnTimeline[],
  row: (blocks: readonly (readonly Line[])[]) => readonly Line[],
): readonly Line[] {
  const counts = new Set(timelines.map(({ steps }) => Math.max(0, ...steps.keys())))
  const [count = 0] = counts
  if (counts.size > 1) return row(timelines.map(({ steps }) => [...steps.values()].flat()))
  return Array.from({ length: count + 1 }, (_, step) =>
    row(timelines.map(({ steps }) => steps.get(step) ?? [])),
  ).flat()
}

/** A ledger too wide for its column, in the whole width behind the name of its transport. */
function wideLedger(column: ComparedColumn, trial: string, width: number): readonly Line[] {
  const name = columnName(column)
  const hang = name.length + 2
  const lines = drawTrialLedger(column, trial, width - hang)
  return lines.map((line, index) => [span((index === 0 ? name : '').padEnd(hang), 'strong'), ...line])
}

function titleLines(column: ComparedColumn, trial: string, width: number): readonly Line[] {
  return wrapWords(titleOf(column, trial), width).map((line) => [span(line)])
}

function titleOf({ trials }: ComparedColumn, trial: string): string {
  return trials.find(({ name }) => name === trial)?.title ?? ''
}

function timelineOf(column: ComparedColumn, trial: string, width: number): DrawnTimeline {
  const unread = unreadAfter(column, trial)
  const steps = shownSteps(column, trial).map((one) => {
    const waiting = unread.get(one.step)
    return waiting === undefined ? one : { ...one, unread: waiting }
  })
  const { transport, heard } = column
  const [left, right] = headsOf(column, trial)
  return drawTimeline({ transport, left, right, steps, causes: causesOf(heard) }, width)
}

const verbs = {
  tcp: ['writes', 'reads'],
  udp: ['sends', 'receives'],
  websocket: ['sends', 'receives'],
} as const

/** Who stands on either side, and what each does where all goes one way. */
function headsOf(column: ComparedColumn, trial: string): readonly [left: string, right: string] {
  const { transport, isOneWay = false } = column
  const [left, right] = [actingOn(column, trial, 'left'), actingOn(column, trial, 'right')]
  const heard = happeningsIn(column, trial)
  const goesBack = (event: Event, side: Side | undefined): boolean =>
    (event.kind === 'bytes' || event.kind === 'datagram') &&
    side !== undefined &&
    (event.direction === 'sent') === (side === 'right')
  const isBothWays = !isOneWay && heard.some(({ actor, event }) => goesBack(event, sideOf(column, actor)))
  if (isBothWays || left.length > 1 || right.length > 1) return [left.join(', '), right.join(', ')]
  const [writes, reads] = verbs[transport]
  return [`${left[0]} ${writes}`, `${right[0]} ${reads}`]
}
