/** How what happened in a step stands in the rows of a timeline: what belongs together beside each other. */
import type { Event, PayloadEvent } from '../event.ts'
import type { Happening } from './comparison.ts'
import type { Remarks, Shown, Side } from './shown.ts'

/** One payload, in its side's cell. */
export interface Single {
  readonly kind: 'single'
  readonly tag?: string
  readonly event: PayloadEvent
}

/** Many payloads, one after the other, told in one. */
export interface Run {
  readonly kind: 'run'
  readonly tag?: string
  readonly events: readonly PayloadEvent[]
}

/** Anything else. */
export interface Other extends Remarks {
  readonly kind: 'other'
  readonly tag?: string
  readonly event: Event
}

/** Either a cell on each side, or one item that takes the whole width. */
export type Row =
  | { readonly kind: 'pair'; left?: Single; right?: Single }
  | { readonly kind: 'wide'; readonly side: Side; readonly item: Single | Run | Other }

/** More of a kind than this, one after the other, are told in one. */
const mostSingles = 8

export interface RowRules {
  /** Of each happening, what had to happen before it. */
  readonly causes: ReadonlyMap<Happening, Happening>
  /** Whether the payload has room in a cell of its side. */
  fits(single: Single, side: Side): boolean
}

/**
 * The rows of one step. What was received never stands above its sending, and may stand beside it; where a side has
 * several on it, beside nothing else.
 */
export function layOutRows(shown: readonly Shown[], rules: RowRules): readonly Row[] {
  const rows: Row[] = []
  /** The first row that is still free, below what takes the whole width; and for each actor. */
  let free = 0
  const freeFor = new Map<string, number>()
  const rowOf = new Map<Happening, number>()
  for (const { side, item, happenings } of itemsOf(shown)) {
    const [happening] = happenings
    if (happening === undefined) continue
    if (item.kind !== 'single' || !rules.fits(item, side)) {
      for (const one of happenings) rowOf.set(one, rows.length)
      rows.push({ kind: 'wide', side, item })
      free = rows.length
      continue
    }
    const cause = rules.causes.get(happening)
    const least = Math.max(free, freeFor.get(happening.actor) ?? 0)
    const beside = cause && rowOf.get(cause)
    const at =
      item.tag === undefined
        ? firstFree(rows, side, Math.max(least, beside ?? 0))
        : beside !== undefined && beside >= least
          ? firstFree(rows.slice(0, beside + 1), side, beside, rows.length)
          : rows.length
    const row = rows[at] ?? { kind: 'pair' }
    if (row.kind === 'pair') row[side] = item
    rows[at] = row
    freeFor.set(happening.actor, at + 1)
    rowOf.set(happening, at)
  }
  return rows
}

/** The first row from one on whose cell is empty, or else a new one. */
function firstFree(rows: readonly Row[], side: Side, from: number, end = rows.length): number {
  const found = rows.findIndex((row, at) => at >= from && row.kind === 'pair' && row[side] === undefined)
  return found === -1 ? end : found
}

interface Placed {
  readonly side: Side
  readonly item: Single | Run | Other
  readonly happenings: readonly Happening[]
}

/** What is shown, with runs of payloads told in one: each side's in its own order. */
function itemsOf(shown: readonly Shown[]): readonly Placed[] {
  const runs: Shown[][] = []
  const last: { left?: Shown[]; right?: Shown[] } = {}
  for (const one of shown) {
    const run = last[one.side]
    const [first] = run ?? []
    if (run !== undefined && first !== undefined && isAlike(first, one)) run.push(one)
    else {
      last[one.side] = [one]
      runs.push(last[one.side] ?? [])
    }
  }
  const place = new Map(shown.map((one, index) => [one, index]))
  return runs
    .flatMap((run) => (run.length > mostSingles ? [run] : run.map((one) => [one])))
    .sort(([one], [other]) => (one && other ? (place.get(one) ?? 0) - (place.get(other) ?? 0) : 0))
    .flatMap((run) => placedOf(run))
}

function isAlike(one: Shown, other: Shown): boolean {
  const [{ event: first }, { event: second }] = [one.happening, other.happening]
  return (
    isPayload(first) &&
    isPayload(second) &&
    first.kind === second.kind &&
    first.direction === second.direction &&
    one.happening.actor === other.happening.actor &&
    one.tag === other.tag
  )
}

function placedOf(run: readonly Shown[]): readonly Placed[] {
  const [first] = run
  if (first === undefined) return []
  const { side, tag, happening, before, after } = first
  const tagged = tag === undefined ? {} : { tag }
  const happenings = run.map((one) => one.happening)
  const { event } = happening
  if (run.length > 1) {
    const events = happenings.map((one) => one.event).filter(isPayload)
    return [{ side, happenings, item: { kind: 'run', ...tagged, events } }]
  }
  const item = isPayload(event)
    ? ({ kind: 'single', ...tagged, event } as const)
    : ({
        kind: 'other',
        ...tagged,
        event,
        ...(before !== undefined && { before }),
        ...(after !== undefined && { after }),
      } as const)
  return [{ side, happenings, item }]
}

/** Whether it carries payload; what else a stream under messages carries is not shown at all. */
export function isPayload(event: Event): event is PayloadEvent {
  return event.kind === 'bytes' || event.kind === 'datagram' || event.kind === 'message'
}
