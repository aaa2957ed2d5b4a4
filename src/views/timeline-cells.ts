/** One thing of a timeline in so many cells. */
import type {
  Direction,
  Event,
  EventOf,
  PayloadEvent,
  RequestEvent,
  ResponseEvent,
  Transport,
} from '../event.ts'
import { isControl } from '../wire/frame.ts'
import { cellWidth, wrapCells, wrapWords } from './cells.ts'
import { faint, type Paragraph } from './entry.ts'
import { showLatin1 } from './head-lines.ts'
import { type Line, lineWidth, span } from './lines.ts'
import type { Role } from './palette.ts'
import { head } from './preview.ts'
import { shortWords } from './short-words.ts'
import type { Side } from './shown.ts'
import type { Other, Run, Single } from './timeline-rows.ts'
import { formatBytes, formatCount } from './units.ts'
import { describe } from './words.ts'

const hang = 2

/** From this width on there is room for more of a payload. */
const wide = 56
/** Bytes of a payload; in a narrow cell of one that does not fit even fewer. */
const [show, showInNarrow, showOfLong] = [64, 32, 16]

export interface Cell {
  readonly side: Side
  readonly width: number
  /** Cells for a size. */
  readonly sizeWidth: number
}

/** `→ 6 B salmon`: which way it went, how much it is, and what. */
export function payloadLines({ event, tag }: Single, { side, width, sizeWidth }: Cell): readonly Line[] {
  const isNarrow = width < wide
  const entry = describe(event.kind, event, shownBytes(event.size, width))
  const text =
    event.size === 0 ? nothing : isNarrow || event.size > show ? runTogether(entry.text) : entry.text
  const arrow = arrowOf(event.direction, side)
  const size = formatBytes(event.size).padStart(sizeWidth)
  const named = shortName(tag)
  const head = [span(named, 'socket'), span(arrow, entry.role), span(` ${size}`)]
  const at = cellWidth(named) + arrow.length + 1 + size.length + 1
  const notes = layOut(entry.notes ?? [], width - hang).map(hung('faint'))
  const [only, ...more] = text
  if (only === undefined) return [head, ...notes]
  const role = only.as === 'faint' ? 'faint' : 'plain'
  if (more.length === 0 && at + cellWidth(only.text) <= width)
    return [[...head, span(' '), span(only.text, role)], ...notes]
  const below = text.flatMap((one) =>
    layOut([one], width - hang).map(hung(one.as === 'faint' ? 'faint' : 'plain')),
  )
  return [head, ...below, ...notes]
}

const nothing: readonly Paragraph[] = [faint('empty')]

function shownBytes(size: number, width: number): number {
  if (width >= wide) return show
  return size > showInNarrow ? showOfLong : showInNarrow
}

/** The lines of a payload as one: its line ends are told all the same. */
function runTogether(text: readonly Paragraph[]): readonly Paragraph[] {
  const payload = text.filter((one) => one.as === 'payload').map((one) => one.text)
  if (payload.length < 2) return text
  return [{ text: payload.join(''), as: 'payload' }, ...text.filter((one) => one.as !== 'payload')]
}

/** A tag of so few cells stands before the arrow. */
export const shortTag = 4

function shortName(tag: string | undefined): string {
  return tag !== undefined && cellWidth(tag) <= shortTag ? `${tag} ` : ''
}

/** How many cells the payload takes on one line. */
export function payloadWidth(single: Single, side: Side, sizeWidth: number): number {
  const [first, ...more] = payloadLines(single, { side, width: Number.POSITIVE_INFINITY, sizeWidth })
  return more.length > 0 || first === undefined ? Number.POSITIVE_INFINITY : lineWidth(first)
}

const nouns = {
  tcp: { sent: 'write', received: 'read' },
  udp: { sent: 'datagram', received: 'datagram' },
  websocket: { sent: 'message', received: 'message' },
} as const satisfies Readonly<Record<Transport, Readonly<Record<Direction, string>>>>

/** `→ 2,000 writes of 1,000 B, 2,000,000 B in all` */
export function runLines({ events }: Run, transport: Transport, { side, width }: Cell): readonly Line[] {
  const [first] = events
  if (first === undefined) return []
  const of = first.kind === 'bytes' ? 'tcp' : transport
  const count = formatCount(events.length, nouns[of][first.direction])
  const text = `${count} ${amountsOf(events)}`
  return marked(arrowOf(first.direction, side), first.direction, text, width, 'plain')
}

function amountsOf(events: readonly PayloadEvent[]): string {
  const sizes = events.map(({ size }) => size)
  const [most, least, sum] = [
    sizes.reduce((one, other) => Math.max(one, other)),
    sizes.reduce((one, other) => Math.min(one, other)),
    sizes.reduce((one, other) => one + other, 0),
  ]
  const each = most === least ? `of ${formatBytes(most)}` : `of ${formatBytes(most)} at most`
  return `${each}, ${formatBytes(sum)} in all`
}

/** Anything that is no payload: its mark, and words. */
export function otherLines({ event, tag }: Other, { side, width }: Cell): readonly Line[] {
  const named = shortName(tag)
  const lines = eventLines(event, side, width - cellWidth(named))
  return lines.map((line, index) => [
    span(index === 0 ? named : ' '.repeat(cellWidth(named)), 'socket'),
    ...line,
  ])
}

function eventLines(event: Event, side: Side, width: number): readonly Line[] {
  if (event.kind === 'request' || event.kind === 'response') {
    return marked(arrowOf(event.direction, side), event.direction, headText(event), width, 'plain')
  }
  const { mark, role, text, notes = [] } = describe(event.kind, event, showInNarrow)
  const arrow = 'direction' in event ? arrowOf(event.direction, side) : mark
  const short = shortWords(event)
  if (short !== undefined) return marked(arrow, role, short, width, 'plain')
  const told = joinedUp(text)
  const lines = told.flatMap((one, index) => {
    const words = event.kind === 'frame' && index === 0 ? frameText(event, one.text) : one.text
    const ink = one.as === 'faint' && event.kind !== 'frame' ? 'faint' : 'plain'
    return index === 0
      ? marked(arrow, role, words, width, ink)
      : layOut([{ ...one, text: words }], width - hang).map(hung(ink))
  })
  return [...lines, ...layOut(notes, width - hang).map(hung('faint'))]
}

/** What it is, and of one that no message tells of also what is in it. */
function frameText({ opcode, payload }: EventOf<'frame'>, text: string): string {
  const said = isControl(opcode) || payload.length === 0 ? '' : `  "${head(payload, showOfLong)}"`
  return `frame ${text}${said}`
}

/** `GET / HTTP/1.1, upgrade, 212 B` */
function headText(event: RequestEvent | ResponseEvent): string {
  const size = formatBytes(event.size)
  return event.kind === 'request'
    ? showLatin1(`${event.method} ${event.target} ${event.version}, upgrade, ${size}`)
    : showLatin1(`${event.status} ${event.reason}, ${size}`)
}

/** Paragraphs that go on in the line before them put there. */
function joinedUp(text: readonly Paragraph[]): readonly Paragraph[] {
  const joined: Paragraph[] = []
  for (const one of text) {
    const before = joined.at(-1)
    if (one.joins && before !== undefined)
      joined[joined.length - 1] = { ...before, text: `${before.text}, ${one.text}` }
    else joined.push(one)
  }
  return joined
}

/** Words behind a mark; they go on under themselves. */
function marked(mark: string, role: Role, text: string, width: number, ink: Role): readonly Line[] {
  return wrapWords(text, width - hang).map((line, index) =>
    index === 0 ? [span(mark, role), span(' '), span(line, ink)] : [span(' '.repeat(hang)), span(line, ink)],
  )
}

/** What no event tells. */
export function remarkLines(text: string | undefined, width: number): readonly Line[] {
  return text === undefined ? [] : marked('·', 'faint', text, width, 'faint')
}

function hung(role: Role): (text: string) => Line {
  return (text) => [span(' '.repeat(hang)), span(text, role)]
}

function layOut(text: readonly Paragraph[], width: number): readonly string[] {
  return text.flatMap((paragraph) =>
    (paragraph.as === 'payload' ? wrapCells : wrapWords)(paragraph.text, width),
  )
}

/** To where the bytes go on this screen. */
function arrowOf(direction: Direction, side: Side): string {
  return (direction === 'sent') === (side === 'left') ? '→' : '←'
}
