import { carriesPayload, type Direction, type Event, type Transport } from '../event.ts'
import type { ComparedColumn } from './comparison.ts'
import { happeningsIn, namesOf, type Side, sideOf } from './shown.ts'

/**
 * Bytes that the left has sent and the right has not read yet, after each step of a trial: of the stream, framing and
 * all, or of the datagrams. Nothing where no payload goes from left to right, or several read each its own.
 */
export function unreadAfter(column: ComparedColumn, trial: string): ReadonlyMap<number, number> {
  const after = new Map<number, number>()
  const heard = happeningsIn(column, trial)
  const { transport } = column
  if (namesOf(column, 'right').length > 1) return after
  let [sent, read] = [0, 0]
  for (const { actor, step, event } of heard) {
    const side = sideOf(column, actor)
    sent += bytesOf(event, side, 'left', 'sent', transport)
    read += bytesOf(event, side, 'right', 'received', transport)
    after.set(step, Math.max(0, sent - read))
  }
  const isSome = heard.some(
    ({ actor, event }) =>
      carriesPayload(event, transport) && event.direction === 'sent' && sideOf(column, actor) === 'left',
  )
  return isSome ? after : new Map()
}

function bytesOf(
  event: Event,
  side: Side | undefined,
  wanted: Side,
  direction: Direction,
  transport: Transport,
): number {
  const kind = transport === 'udp' ? 'datagram' : 'bytes'
  if (side !== wanted || event.kind !== kind) return 0
  return event.direction === direction ? event.size : 0
}
