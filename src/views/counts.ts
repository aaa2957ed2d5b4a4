/** What was counted in each trial, each way: the same on the screen and on the page. */
import type { Event } from '../event.ts'
import { isControl } from '../wire/frame.ts'
import { type ComparedColumn, type Happening, usualLeft, usualRight } from './comparison.ts'
import { frameBytes } from './framing.ts'

export interface CountRow {
  readonly trial: string
  readonly way: '→' | '←'
  /** Writes of who sends, or datagrams. */
  readonly writes: number
  /** Reads of who receives, or datagrams. */
  readonly reads: number
  /** Messages of a WebSocket that were received. */
  readonly messages?: number
  /** Bytes that were sent: of a WebSocket, what its messages hold, compressed where they travel so. */
  readonly payload: number
  /** Bytes of a WebSocket's stream that are neither payload nor upgrade: headers, keys, control frames. */
  readonly framing: number
  /** Bytes of the request (→), or of the response (←). */
  readonly upgrade: number
}

/** A row for each trial and way in which something went; one at least for each trial. */
export function countsOf(column: ComparedColumn): readonly CountRow[] {
  const { left = usualLeft, right = usualRight, trials, heard, isOneWay, transport } = column
  return trials.flatMap(({ name }) => {
    const inTrial = heard.filter((one) => one.trial === name)
    const to = { name, way: '→', senders: left, receivers: right } as const
    const back = { name, way: '←', senders: right, receivers: left } as const
    const rows = [to, ...(isOneWay ? [] : [back])].map((way) =>
      countOneWay(inTrial, way, transport === 'websocket'),
    )
    const used = rows.filter(({ writes, reads }) => writes + reads > 0)
    return used.length > 0 ? used : rows.slice(0, 1)
  })
}

interface Way {
  readonly name: string
  readonly way: '→' | '←'
  readonly senders: readonly string[]
  readonly receivers: readonly string[]
}

function countOneWay(
  inTrial: readonly Happening[],
  { name, way, senders, receivers }: Way,
  hasMessages: boolean,
): CountRow {
  const sent = inTrial.filter(({ actor, event }) => senders.includes(actor) && goes(event, 'sent'))
  const received = inTrial.filter(({ actor, event }) => receivers.includes(actor) && goes(event, 'received'))
  const writes = sent.filter(isCall)
  const written = total(writes, ({ event }) => ('size' in event ? event.size : 0))
  const upgrade = total(sent, ({ event }) =>
    event.kind === 'request' || event.kind === 'response' ? event.size : 0,
  )
  const frames = total(sent, ({ event }) => (event.kind === 'frame' ? frameBytes(event) : 0))
  const messages = total(sent, ({ event }) =>
    event.kind === 'frame' && !isControl(event.opcode) ? event.size : 0,
  )
  return {
    trial: name,
    way,
    writes: writes.length,
    reads: received.filter(isCall).length,
    ...(hasMessages && { messages: received.filter(({ event }) => event.kind === 'message').length }),
    payload: hasMessages ? messages : written,
    framing: hasMessages ? frames - messages : 0,
    upgrade,
  }
}

function goes(event: Event, direction: 'sent' | 'received'): boolean {
  return 'direction' in event && event.direction === direction
}

/** One call on the socket: a write, a read, or a datagram. */
function isCall({ event }: Happening): boolean {
  return event.kind === 'bytes' || event.kind === 'datagram'
}

function total(heard: readonly Happening[], amountOf: (one: Happening) => number): number {
  return heard.reduce((sum, one) => sum + amountOf(one), 0)
}
