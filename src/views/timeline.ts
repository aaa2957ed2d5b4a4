import { carriesPayload, type Direction, type Event, type Transport } from '../event.ts'
import { wrapCells, wrapWords } from './cells.ts'
import type { Paragraph } from './entry.ts'
import { beside, type Line, lineWidth, span } from './lines.ts'
import { formatBytes } from './units.ts'
import { describe } from './words.ts'

/** One step: what happened on either side of it. */
export interface TimelineRow {
  readonly left: readonly Event[]
  readonly right: readonly Event[]
  /** By how much there is more unread after it, bytes, where the events shown do not add up to that. */
  readonly moreUnread?: number
}

export interface Timeline {
  /** Who stands on either side. */
  readonly left: string
  readonly right: string
  readonly transport: Transport
  readonly rows: readonly TimelineRow[]
}

/** Narrower than this, the two sides take turns instead of standing beside each other. */
const leastBeside = 56

const unread = 'unread'
const gap = 2
const hang = 2

/** How much of a payload is shown, bytes. */
const show = 64

/** Time runs down. Between the sides: how many bytes the left has sent that the right has not read yet. */
export function drawTimeline(timeline: Timeline, width: number): readonly Line[] {
  return width < leastBeside ? drawInTurn(timeline, width) : drawBeside(timeline, width)
}

function drawBeside({ left, right, transport, rows }: Timeline, width: number): readonly Line[] {
  const sizeWidth = widestSize(rows)
  const half = Math.floor((width - unread.length) / 2) - gap
  const before = rows.map((row) => cellLines(row.left, { side: 'left', width: half, sizeWidth }))
  const leftWidth = Math.max(left.length, ...before.flat().map(lineWidth))
  const rightWidth = width - leftWidth - unread.length - 2 * gap
  const waiting = unreadAfter(rows, transport)
  const row = (leftLines: readonly Line[], middle: Line, rightLines: readonly Line[]): readonly Line[] =>
    beside(
      [
        { lines: leftLines, width: leftWidth },
        { lines: [middle], width: unread.length },
        { lines: rightLines, width: rightWidth },
      ],
      gap,
    )
  return [
    ...row([[span(left, 'faint')]], [span(unread, 'faint')], [[span(right, 'faint')]]),
    ...rows.flatMap((one, index) => {
      const after = cellLines(one.right, { side: 'right', width: rightWidth, sizeWidth })
      return row(before[index] ?? [], amount(waiting[index] ?? 0), after)
    }),
  ]
}

function drawInTurn({ left, right, rows }: Timeline, width: number): readonly Line[] {
  const sizeWidth = widestSize(rows)
  const shift = Math.floor(width / 3)
  const shifted = (line: Line): Line => [span(' '.repeat(shift)), ...line]
  return [
    [span(left.padEnd(shift), 'faint'), span(right, 'faint')],
    ...rows.flatMap((row) => [
      ...cellLines(row.left, { side: 'left', width, sizeWidth }),
      ...cellLines(row.right, { side: 'right', width: width - shift, sizeWidth }).map(shifted),
    ]),
  ]
}

/** The cells that the longest size takes, two digits being usual. */
function widestSize(rows: readonly TimelineRow[]): number {
  const events = rows.flatMap(({ left, right }) => [...left, ...right])
  const sizes = events.flatMap((event) => ('size' in event ? [event.size] : []))
  return formatBytes(Math.max(10, ...sizes)).length
}

/** Bytes sent on the left and not read on the right, after each row. */
function unreadAfter(rows: readonly TimelineRow[], transport: Transport): readonly number[] {
  const carried = (events: readonly Event[], direction: Direction): number =>
    events
      .filter((event) => carriesPayload(event, transport))
      .reduce((bytes, event) => bytes + (event.direction === direction ? event.size : 0), 0)
  let bytes = 0
  return rows.map(({ left, right, moreUnread }) => {
    bytes += moreUnread ?? carried(left, 'sent') - carried(right, 'received')
    return bytes
  })
}

function amount(bytes: number): Line {
  return [span(formatBytes(bytes).padStart(unread.length), bytes === 0 ? 'faint' : 'warning')]
}

/** Where an event is told: on which side, and in how many cells. */
interface Cell {
  readonly side: 'left' | 'right'
  readonly width: number
  readonly sizeWidth: number
}

function cellLines(events: readonly Event[], cell: Cell): readonly Line[] {
  return events.flatMap((event) => eventLines(event, cell))
}

/** The log's words for an event; but an arrow points to where the bytes go on this screen. */
function eventLines(event: Event, { side, width, sizeWidth }: Cell): readonly Line[] {
  const { mark, role, size, verb = '', text, notes = [] } = describe(event.kind, event, show)
  const arrow = 'direction' in event ? direct(event.direction, side) : mark
  const facts = size === undefined ? ' ' : ` ${verb.padEnd(5)}  ${formatBytes(size).padStart(sizeWidth)}  `
  const head = arrow.length + facts.length
  const told = layOut(text, width - head)
  const hanging = layOut(notes, width - hang).map((line) => [span(' '.repeat(hang) + line, 'faint')])
  // What is too long to stand beside its facts stands below them, where it has more room.
  if (size !== undefined && told.length > text.length) {
    const below = layOut(text, width - hang).map((line) => [span(' '.repeat(hang) + line)])
    return [[span(arrow, role), span(facts)], ...below, ...hanging]
  }
  const [first = '', ...rest] = told
  return [
    [span(arrow, role), span(facts), span(first)],
    ...rest.map((line) => [span(' '.repeat(head) + line)]),
    ...hanging,
  ]
}

function layOut(text: readonly Paragraph[], width: number): readonly string[] {
  return text.flatMap((paragraph) =>
    (paragraph.as === 'payload' ? wrapCells : wrapWords)(paragraph.text, width),
  )
}

function direct(direction: Direction, side: 'left' | 'right'): string {
  return (direction === 'sent') === (side === 'left') ? '→' : '←'
}
