/** The boundary ledger of one trial of a comparison: which writes a read carried, over whatever transport. */
import { carriesPayload, type Direction, type Event, type EventOf, type Transport } from '../event.ts'
import { wrapWords } from './cells.ts'
import type { ComparedColumn } from './comparison.ts'
import { drawFrameLedger, type FrameLedger } from './frame-ledger.ts'
import { drawLedger, type Ledger } from './ledger.ts'
import { type Line, span } from './lines.ts'
import { happeningsIn, type Side, sideOf } from './shown.ts'
import { formatCount } from './units.ts'

/** What went from left to right; nothing where the width has no room for it, or nothing went. */
export function drawTrialLedger(column: ComparedColumn, trial: string, width: number): readonly Line[] {
  const ledger = ledgerOf(column, trial)
  if (ledger.writes.length === 0) return []
  return ledger.pieces === 'messages' ? drawFrameLedger(ledger, width) : drawLedger(ledger, width)
}

/** In words, for what no width has room for: `1 message → 20 reads → 1 message`. */
export function tellTrialLedger(column: ComparedColumn, trial: string, width: number): readonly Line[] {
  const ledger = ledgerOf(column, trial)
  if (ledger.writes.length === 0) return []
  const [sent, received] = nouns[ledger.pieces]
  const counts =
    ledger.pieces === 'messages'
      ? [formatCount(ledger.reads.length, 'read'), formatCount(ledger.received.length, received)]
      : [formatCount(ledger.reads.length, received)]
  const text = [formatCount(ledger.writes.length, sent), ...counts].join(' → ')
  return wrapWords(text, width).map((line) => [span(line, 'faint')])
}

const nouns = {
  stream: ['write', 'read'],
  datagrams: ['datagram', 'datagram'],
  messages: ['message', 'message'],
} as const

function ledgerOf(column: ComparedColumn, trial: string): Ledger | FrameLedger {
  const { transport } = column
  const heard = happeningsIn(column, trial)
  const told = (side: Side) =>
    heard.filter(({ actor }) => sideOf(column, actor) === side).map(({ event }) => event)
  const payloads = (side: Side, direction: Direction, by: Transport): readonly Uint8Array[] =>
    told(side).flatMap((event) =>
      carriesPayload(event, by) && event.direction === direction ? [event.payload] : [],
    )
  const writes = payloads('left', 'sent', transport)
  if (transport !== 'websocket') {
    const pieces = transport === 'udp' ? 'datagrams' : 'stream'
    return { pieces, writes, reads: payloads('right', 'received', transport) }
  }
  const frames = (side: Side, direction: Direction): readonly EventOf<'frame'>[] =>
    told(side)
      .filter((event) => event.kind === 'frame')
      .filter((frame) => frame.direction === direction)
  return {
    pieces: 'messages',
    sent: frames('left', 'sent'),
    found: frames('right', 'received'),
    writes,
    reads: readsOfFrames(told('right')),
    received: payloads('right', 'received', transport),
  }
}

/** What was read after the upgrade. */
function readsOfFrames(events: readonly Event[]): readonly Uint8Array[] {
  const upgrade = events.findLastIndex(({ kind }) => kind === 'request')
  return events
    .slice(upgrade + 1)
    .flatMap((event) => (event.kind === 'bytes' && event.direction === 'received' ? [event.payload] : []))
}
