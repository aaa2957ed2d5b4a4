/** What was counted in each trial, each way: the same on the screen and on the page. */
import { carriesPayload, type Direction, type Event } from '../event.ts'
import { isControl } from '../wire/frame.ts'
import type { ComparedColumn, Happening } from './comparison.ts'
import { frameBytes } from './framing.ts'
import { type Side, sideOf } from './shown.ts'

/** Where the two ends may differ. */
export interface Both {
  readonly sent: number
  readonly received: number
}

export interface CountRow {
  /** Its name; `opening` for an upgrade before the first of them. */
  readonly trial: string
  /** Nothing where nothing went either way. */
  readonly way: '→' | '←' | undefined
  /** Writes of who sends, or datagrams. */
  readonly writes: number
  /** Reads of who receives, or datagrams. */
  readonly reads: number
  /** Messages, or datagrams; a stream has none. */
  readonly messages: Both | undefined
  /** Bytes of them, or of the stream. */
  readonly payload: Both
  /** Bytes of a WebSocket's stream that are neither payload nor upgrade: headers, masks, control frames. */
  readonly framing: number
  /** Bytes of the request (→), or of the response (←). */
  readonly upgrade: number
}

const opening = 'opening'
const ways = ['→', '←'] as const

/** A row for each trial and way in which something went; one at least for each trial. */
export function countsOf(column: ComparedColumn): readonly CountRow[] {
  const { heard, trials, isOneWay = false } = column
  const before = heard.filter(({ trial }) => trial === undefined).slice(0, openingEnd(heard))
  const hasUpgrade = before.some(({ event }) => event.kind === 'request')
  return [
    ...(hasUpgrade ? ways.flatMap((way) => countWay(column, { name: opening, heard: before }, way)) : []),
    ...trials.flatMap(({ name }) => {
      const trial = { name, heard: heard.filter((one) => one.trial === name) }
      const rows = (isOneWay ? ways.slice(0, 1) : ways).flatMap((way) => countWay(column, trial, way))
      return rows.length > 0 ? rows : [nothingIn(name)]
    }),
  ]
}

/** How much was heard before the first trial. */
function openingEnd(heard: readonly Happening[]): number {
  const first = heard.findIndex(({ trial }) => trial !== undefined)
  return first === -1 ? heard.length : first
}

function nothingIn(trial: string): CountRow {
  const none = { sent: 0, received: 0 }
  return {
    trial,
    way: undefined,
    writes: 0,
    reads: 0,
    messages: undefined,
    payload: none,
    framing: 0,
    upgrade: 0,
  }
}

interface Counted {
  readonly name: string
  readonly heard: readonly Happening[]
}

/** What went one way; no row where nothing did. */
function countWay(
  column: ComparedColumn,
  { name, heard }: Counted,
  way: '→' | '←',
): readonly [] | readonly [CountRow] {
  const { transport } = column
  const [from, to] = way === '→' ? (['left', 'right'] as const) : (['right', 'left'] as const)
  const by = (side: Side, direction: Direction): readonly Event[] =>
    heard
      .filter(({ actor }) => sideOf(column, actor) === side)
      .map(({ event }) => event)
      .filter((event) => 'direction' in event && event.direction === direction)
  const [sent, received] = [by(from, 'sent'), by(to, 'received')]
  if (sent.length + received.length === 0) return []
  const payloads = (events: readonly Event[]) => events.filter((event) => carriesPayload(event, transport))
  const [out, into] = [payloads(sent), payloads(received)]
  return [
    {
      trial: name,
      way,
      writes: sent.filter(isCall).length,
      reads: received.filter(isCall).length,
      messages: transport === 'tcp' ? undefined : { sent: out.length, received: into.length },
      payload: { sent: total(out, ({ size }) => size), received: total(into, ({ size }) => size) },
      framing: total(sent, framingBytes),
      upgrade: total(sent, headBytes),
    },
  ]
}

/** One call on the socket: a write, a read, or a datagram. */
function isCall({ kind }: Event): boolean {
  return kind === 'bytes' || kind === 'datagram'
}

/** Of a frame of data what stands before its payload; a control frame is framing from end to end. */
function framingBytes(event: Event): number {
  if (event.kind !== 'frame') return 0
  return frameBytes(event) - (isControl(event.opcode) ? 0 : event.size)
}

function headBytes(event: Event): number {
  return event.kind === 'request' || event.kind === 'response' ? event.size : 0
}

function total<Item>(items: readonly Item[], amountOf: (item: Item) => number): number {
  return items.reduce((sum, item) => sum + amountOf(item), 0)
}
