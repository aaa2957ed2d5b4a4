/** What of a trial stands in its diagram, each thing by itself, or many alike as one. */
import type { Event } from '../event.ts'
import { isControl } from '../wire/frame.ts'
import { type ComparedColumn, type Happening, usualLeft, usualRight } from './comparison.ts'
import { type Label, labelOf } from './diagram-labels.ts'

/** A happening, and those that say the same of it in another way. */
export interface Piece {
  readonly happenings: readonly [Happening, ...Happening[]]
  readonly label: Label
}

/** Alike pieces of one actor that are shown as one, and where the first and the last of them stand among all. */
export interface Run {
  readonly pieces: readonly [Piece, ...Piece[]]
  readonly first: number
  readonly last: number
}

/** So many alike are shown one by one; fewer where others are shown as one anyway. */
const mostAlike = 12
const mostBesideMany = 3

/** Where there are still too many rows, so much of both ends is shown. */
const mostRows = 48
const shownOfBeginning = 20
const shownOfEnd = 8

/** What a diagram of the trial tells, in order. */
export function piecesOf(column: ComparedColumn, inTrial: readonly Happening[]): readonly Piece[] {
  const { left = usualLeft, right = usualRight } = column
  const frames = framesOfMessages(inTrial)
  const hidden = new Set(frames.values())
  return inTrial.flatMap((one): readonly Piece[] => {
    const { actor, event } = one
    const isTold = left.includes(actor) ? !goesBack(column, event, 'received') : right.includes(actor)
    if (!isTold || (right.includes(actor) && goesBack(column, event, 'sent'))) return []
    if (hidden.has(one) || (column.transport === 'websocket' && event.kind === 'bytes')) return []
    const label = labelOf(event)
    const frame = frames.get(one)
    if (label === undefined) return []
    return [{ happenings: frame === undefined ? [one] : [one, frame], label }]
  })
}

/** What is left out of the picture of one way: control frames stay. */
function goesBack({ isOneWay }: ComparedColumn, event: Event, direction: 'sent' | 'received'): boolean {
  if (isOneWay !== true || !('direction' in event) || event.direction !== direction) return false
  if (event.kind === 'frame') return !isControl(event.opcode)
  return event.kind === 'bytes' || event.kind === 'datagram' || event.kind === 'message'
}

/** Of each message that is a single frame, that frame: both are shown as one. */
function framesOfMessages(inTrial: readonly Happening[]): ReadonlyMap<Happening, Happening> {
  const found = new Map<Happening, Happening>()
  const waiting = new Map<string, Happening[]>()
  const endOf = ({ actor, event }: Happening, direction: string): Happening[] => {
    const key = `${actor} ${event.socket} ${direction}`
    const queue = waiting.get(key) ?? []
    waiting.set(key, queue)
    return queue
  }
  for (const one of inTrial) {
    if (one.event.kind === 'message' && one.event.frames === 1) endOf(one, one.event.direction).push(one)
  }
  for (const one of inTrial) {
    const { event } = one
    if (event.kind !== 'frame' || !event.fin || event.opcode === 0 || isControl(event.opcode)) continue
    const queue = endOf(one, event.direction)
    const [message] = queue
    if (message?.event.kind !== 'message') continue
    if ((message.event.compressedSize ?? message.event.size) !== event.size) continue
    found.set(message, one)
    queue.shift()
  }
  return found
}

export interface Condensed {
  readonly runs: readonly Run[]
  /** What is left out in the middle: where it stood among all, and how many it is. */
  readonly gap: Gap | undefined
}

export interface Gap {
  readonly at: number
  readonly count: number
}

/** What is alike and comes one after the other becomes one, where it is too much to be shown one by one. */
export function condense(pieces: readonly Piece[]): Condensed {
  const alone = runsOf(pieces, mostAlike)
  if (alone.every((run) => run.pieces.length === 1) && alone.length <= mostRows)
    return { runs: alone, gap: undefined }
  const runs = runsOf(pieces, mostBesideMany)
  return countRows(runs) <= mostRows ? { runs, gap: undefined } : leaveOut(runs)
}

/** A run of many begins in one row and ends in another. */
function countRows(runs: readonly Run[]): number {
  return runs.reduce((sum, { pieces }) => sum + Math.min(pieces.length, 2), 0)
}

/** The beginning and the end are shown. */
function leaveOut(runs: readonly Run[]): Condensed {
  const inOrder = runs.toSorted((one, other) => one.first - other.first)
  const [head, rest] = [inOrder.slice(0, shownOfBeginning), inOrder.slice(shownOfBeginning)]
  const [left, tail] = [rest.slice(0, -shownOfEnd), rest.slice(-shownOfEnd)]
  const [first] = left
  if (first === undefined) return { runs, gap: undefined }
  const count = left.reduce((sum, { pieces }) => sum + pieces.length, 0)
  return { runs: [...head, ...tail], gap: { at: first.first, count } }
}

interface Placed {
  readonly piece: Piece
  readonly at: number
}

/** Alike is what an actor tells one after the other, of one kind, about one socket; up to `most` stay alone. */
function runsOf(pieces: readonly Piece[], most: number): readonly Run[] {
  const runs: Placed[][] = []
  const open = new Map<string, { readonly key: string; readonly run: Placed[] }>()
  for (const [at, piece] of pieces.entries()) {
    const [{ actor, event }] = piece.happenings
    const direction = 'direction' in event ? event.direction : ''
    const key = `${event.socket} ${event.kind} ${direction}`
    const before = open.get(actor)
    if (before?.key === key) before.run.push({ piece, at })
    else {
      const run = [{ piece, at }]
      open.set(actor, { key, run })
      runs.push(run)
    }
  }
  return runs.flatMap((run) => (run.length > most ? toRuns([run]) : toRuns(run.map((one) => [one]))))
}

function toRuns(groups: readonly (readonly Placed[])[]): readonly Run[] {
  return groups.flatMap((group): readonly Run[] => {
    const [first, ...more] = group
    if (first === undefined) return []
    const last = more.at(-1) ?? first
    return [{ pieces: [first.piece, ...more.map(({ piece }) => piece)], first: first.at, last: last.at }]
  })
}
