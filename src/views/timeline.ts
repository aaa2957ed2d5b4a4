/** The timeline of one column: time runs down, and between the sides stands what is sent and not read yet. */
import type { Transport } from '../event.ts'
import { cellWidth, cutCells, wrapWords } from './cells.ts'
import type { Happening } from './comparison.ts'
import { beside, type Line, span } from './lines.ts'
import type { Shown, ShownStep, Side } from './shown.ts'
import { otherLines, payloadLines, payloadWidth, remarkLines, runLines, shortTag } from './timeline-cells.ts'
import { isPayload, layOutRows, type Row, type Single } from './timeline-rows.ts'
import { formatBytes, formatCount } from './units.ts'

export interface Timeline {
  readonly transport: Transport
  /** Who stands on either side, as the head says it. */
  readonly left: string
  readonly right: string
  readonly steps: readonly TimelineStep[]
  readonly causes: ReadonlyMap<Happening, Happening>
}

export interface TimelineStep extends ShownStep {
  /** Bytes sent on the left and not read on the right when it is over; undefined where that says nothing. */
  readonly unread?: number
}

export interface DrawnTimeline {
  readonly head: readonly Line[]
  /** By the numbers of the steps. */
  readonly steps: ReadonlyMap<number, readonly Line[]>
}

const unread = 'unread'
const gap = 2

/** An amount that needs more cells than this gets a line of its own. */
const widestAmount = 8
/** A payload that needs more lines than this in its cell takes the whole width. */
const mostLines = 3
/** From this width on, what stands right begins where the right side's cells begin. */
const roomy = 56

interface Layout {
  readonly width: number
  readonly left: number
  /** 0 where nothing stands between the sides. */
  readonly middle: number
  readonly right: number
  readonly sizes: Readonly<Record<Side, number>>
}

export function drawTimeline(timeline: Timeline, width: number): DrawnTimeline {
  const layout = layOut(timeline, width)
  const { left, right, steps } = timeline
  const drawn = new Map<number, readonly Line[]>()
  const tags: Tags = {}
  for (const step of steps) drawn.set(step.step, drawStep(step, timeline, layout, tags))
  if (steps.every(({ shown }) => shown.length === 0)) drawn.set(1, [[span('nothing was told', 'faint')]])
  const middle = layout.middle === 0 ? '' : unread.padStart(layout.middle)
  const name = (text: string, cells: number): readonly Line[] =>
    wrapWords(text, cells).map((line) => [span(line, 'faint')])
  return {
    head: pairLine(layout, name(left, layout.left), [span(middle, 'faint')], name(right, layout.right)),
    steps: drawn,
  }
}

/** Which tag was told last on either side. */
type Tags = { [Name in Side]?: string | undefined }

function drawStep(step: TimelineStep, timeline: Timeline, layout: Layout, tags: Tags): readonly Line[] {
  const { causes } = timeline
  const fits = (single: Single, side: Side): boolean =>
    payloadLines(single, cellOf(layout, side)).length <= mostLines
  const rows = layOutRows(step.shown, { causes, fits })
  const last = rows.findLastIndex((row) => row.kind === 'pair' || row.item.kind !== 'other')
  return rows.flatMap((row, index) => {
    if (rows.length > mostRows && index >= firstRows && index < rows.length - lastRows)
      return index === firstRows ? [skippedLine(rows.length - firstRows - lastRows)] : []
    const told = index === last ? step.unread : undefined
    return [
      ...sidesOf(row).flatMap(([side, tag]) => tagLines(side, tag, layout, tags)),
      ...drawRow(row, timeline, layout, told),
    ]
  })
}

/** A step of more rows than this is told by its first and its last ones. */
const mostRows = 40
const [firstRows, lastRows] = [15, 10]

function skippedLine(rows: number): Line {
  return [span(`⋮ ${formatCount(rows, 'row')} more of this step`, 'faint')]
}

function sidesOf(row: Row): readonly (readonly [Side, string | undefined])[] {
  if (row.kind === 'wide') return [[row.side, row.item.tag]]
  return (['left', 'right'] as const).flatMap((side) => {
    const single = row[side]
    return single === undefined ? [] : [[side, single.tag] as const]
  })
}

/** Who it is, on a line of its own, where it is somebody else than before. */
function tagLines(side: Side, tag: string | undefined, layout: Layout, tags: Tags): readonly Line[] {
  if (tag === undefined || tag === tags[side]) return []
  tags[side] = tag
  if (cellWidth(tag) <= shortTag) return []
  return side === 'left'
    ? [[span(cutCells(tag, layout.width), 'socket')]]
    : pairLine(layout, [], [], [[span(cutCells(tag, layout.right), 'socket')]])
}

function drawRow(
  row: Row,
  { transport }: Timeline,
  layout: Layout,
  waiting: number | undefined,
): readonly Line[] {
  if (row.kind === 'pair') {
    const cells = (side: Side): readonly Line[] => {
      const single = row[side]
      return single === undefined ? [] : payloadLines(single, cellOf(layout, side))
    }
    const isShort = waiting === undefined || formatBytes(waiting).length <= layout.middle
    return [
      ...pairLine(layout, cells('left'), isShort ? amountOf(waiting, layout) : [], cells('right')),
      ...(isShort ? [] : unreadLine(waiting, layout)),
    ]
  }
  const shift = row.side === 'left' ? 0 : shiftOf(layout)
  const cell = { side: row.side, width: layout.width - shift, sizeWidth: 0 }
  const { item } = row
  const lines =
    item.kind === 'run'
      ? runLines(item, transport, cell)
      : item.kind === 'single'
        ? payloadLines(item, cell)
        : otherLines(item, cell)
  const { before, after } = item.kind === 'other' ? item : {}
  return [
    ...remarkLines(before, layout.width),
    ...lines.map((line) => [span(' '.repeat(shift)), ...line]),
    ...remarkLines(after, layout.width),
    ...(waiting === undefined ? [] : unreadLine(waiting, layout)),
  ]
}

function cellOf(layout: Layout, side: Side) {
  return { side, width: layout[side], sizeWidth: layout.sizes[side] }
}

function shiftOf({ width, left, middle }: Layout): number {
  return width < roomy ? left + gap : left + gap + (middle === 0 ? 0 : middle + gap)
}

function pairLine(
  { left, middle, right }: Layout,
  leftLines: readonly Line[],
  middleLine: Line,
  rightLines: readonly Line[],
): readonly Line[] {
  return beside(
    [
      { lines: leftLines, width: left },
      ...(middle === 0 ? [] : [{ lines: [middleLine], width: middle }]),
      { lines: rightLines, width: right },
    ],
    gap,
  )
}

function amountOf(bytes: number | undefined, { middle }: Layout): Line {
  if (bytes === undefined || middle === 0) return []
  return [span(formatBytes(bytes).padStart(middle), bytes === 0 ? 'faint' : 'warning')]
}

function unreadLine(bytes: number, { left, middle }: Layout): readonly Line[] {
  const text = `${formatBytes(bytes)} ${unread}`
  return [[span(text.padStart(left + gap + middle), bytes === 0 ? 'faint' : 'warning')]]
}

/** The left side gets what it needs, or as much as the right leaves of the room, or half of it. */
function layOut({ steps, left, right }: Timeline, width: number): Layout {
  const amounts = steps.flatMap((step) =>
    step.unread === undefined ? [] : [formatBytes(step.unread).length],
  )
  const middle =
    amounts.length === 0 ? 0 : Math.max(unread.length, ...amounts.filter((cells) => cells <= widestAmount))
  const room = width - gap - (middle === 0 ? 0 : middle + gap)
  const shown = steps.flatMap((step) => step.shown)
  const sizes = { left: sizeWidth(shown, 'left'), right: sizeWidth(shown, 'right') }
  const needs = (side: Side, head: string): number =>
    Math.max(cellWidth(head), ...widthsOf(shown, side, sizes[side]).filter((cells) => cells <= room))
  const [forLeft, forRight] = [needs('left', left), needs('right', right)]
  const half = Math.floor(room / 2)
  const least = Math.min(half, Math.max(cellWidth(left), room - forRight))
  const needed = forLeft + forRight <= room ? forLeft : Math.min(forLeft, least)
  const given = Math.max(needed, Math.min(leastLeft(shown, width, middle), room - forRight))
  return { width, left: given, middle, right: room - given, sizes }
}

/** Where both sides tell more than payload, what stands right is shifted by about a third. */
function leastLeft(shown: readonly Shown[], width: number, middle: number): number {
  const talkers = new Set(
    shown.filter(({ happening }) => !isPayload(happening.event)).map(({ side }) => side),
  )
  if (talkers.size < 2) return 0
  const shift = Math.min(Math.floor(width / 3), widestShift)
  return shift - gap - (width < roomy || middle === 0 ? 0 : middle + gap)
}

const widestShift = 28

function singlesOf(shown: readonly Shown[], on: Side): readonly Single[] {
  return shown.flatMap(({ side, tag, happening: { event } }) =>
    side === on && isPayload(event) ? [{ kind: 'single', event, ...(tag !== undefined && { tag }) }] : [],
  )
}

function widthsOf(shown: readonly Shown[], side: Side, cells: number): readonly number[] {
  return singlesOf(shown, side)
    .slice(0, mostMeasured)
    .map((single) => payloadWidth(single, side, cells))
}

/** More of them are told in runs. */
const mostMeasured = 200

/** The cells that the longest usual size takes. */
function sizeWidth(shown: readonly Shown[], side: Side): number {
  const cells = singlesOf(shown, side).map(({ event }) => formatBytes(event.size).length)
  return Math.max(0, ...cells.filter((each) => each <= widestSize))
}

/** Sizes of more cells than this are not lined up with the others. */
const widestSize = 5
