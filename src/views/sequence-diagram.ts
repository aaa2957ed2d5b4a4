/** A trial as a sequence diagram, not drawn yet: who acts, what happened in which row, what went where. */
import { afterTheirSendings, type Carriages } from './carriage.ts'
import { type ComparedColumn, type Happening, usualLeft, usualRight } from './comparison.ts'
import { type Label, labelOfMany, tellWhole } from './diagram-labels.ts'
import { type Condensed, condense, type Piece, piecesOf, type Run } from './diagram-pieces.ts'
import { group } from './units.ts'

export interface SequenceDiagram {
  readonly lanes: readonly Lane[]
  readonly rowCount: number
  readonly marks: readonly Mark[]
  readonly arrows: readonly Arrow[]
  readonly losses: readonly Loss[]
  readonly holds: readonly Hold[]
  readonly brackets: readonly Bracket[]
  readonly gap: Omission | undefined
}

/** The lifeline of an actor. */
export interface Lane {
  readonly name: string
  readonly side: 'left' | 'right'
}

/** One thing that happened, or many alike: then it takes several rows. */
export interface Mark {
  readonly lane: number
  readonly row: number
  readonly lastRow: number
  readonly label: Label
  readonly whole: string
  readonly isMany: boolean
}

export interface Arrow {
  readonly from: Mark
  readonly to: Mark
}

/** The row that stands for what is left out. */
export interface Omission {
  readonly row: number
  readonly count: number
}

/** What went out and never arrived. */
export interface Loss {
  readonly from: Mark
  readonly text: string
}

/** From here to there an actor did not read; undefined: to the end of the trial. */
export interface Hold {
  readonly lane: number
  readonly from: number
  readonly to: number | undefined
}

/** The reads of a stream, and the rows of what came out of them. */
export interface Bracket {
  readonly lane: number
  readonly from: number
  readonly to: number
  readonly reads: readonly number[]
  /** How many messages, or parts of one, came out of them. */
  readonly count: number
}

/** `ordered`: all that was heard, in causal order. */
export function layOutDiagram(
  column: ComparedColumn,
  trial: string,
  ordered: readonly Happening[],
  carriages: Carriages,
): SequenceDiagram {
  const inTrial = afterTheirSendings(
    ordered.filter((one) => one.trial === trial),
    carriages.carriages,
  )
  const pieces = piecesOf(column, inTrial)
  const lanes = lanesOf(column, pieces)
  const laneOf = (actor: string): number => lanes.findIndex(({ name }) => name === actor)
  const { marks, markOf, rowCount, gap } = placeInRows(condense(pieces), laneOf)
  return {
    lanes,
    rowCount,
    gap,
    marks,
    arrows: arrowsOf(carriages, markOf),
    losses: lossesOf(carriages.lost, markOf, inTrial),
    holds: holdsOf(inTrial, laneOf, markOf),
    brackets: column.transport === 'websocket' ? bracketsOf(inTrial, markOf) : [],
  }
}

/** By the mark that shows it, where one does. */
type MarkOf = ReadonlyMap<Happening, Mark>

interface Placing {
  readonly marks: readonly Mark[]
  readonly markOf: MarkOf
  readonly rowCount: number
  readonly gap: Omission | undefined
}

/** A row for each mark; one of many has two, or more where others happened meanwhile. */
function placeInRows({ runs, gap }: Condensed, laneOf: (actor: string) => number): Placing {
  const ends = runs.flatMap(({ first, last }) => (first === last ? [first] : [first, last]))
  const edges = gap === undefined ? ends : [...ends, gap.at]
  const rows = new Map(edges.toSorted((one, other) => one - other).map((at, row) => [at, row]))
  const markOf = new Map<Happening, Mark>()
  const marks = runs.map((run) => {
    const mark = markOfRun(run, laneOf, rows)
    for (const { happenings } of run.pieces) for (const one of happenings) markOf.set(one, mark)
    return mark
  })
  const omission = gap && { row: rows.get(gap.at) ?? 0, count: gap.count }
  return { marks, markOf, rowCount: edges.length, gap: omission }
}

function markOfRun(
  { pieces, first, last }: Run,
  laneOf: (actor: string) => number,
  rows: ReadonlyMap<number, number>,
): Mark {
  const [{ happenings, label }] = pieces
  const [{ actor, event }] = happenings
  const isMany = pieces.length > 1
  const many = isMany
    ? labelOfMany(
        pieces.map((piece) => piece.happenings[0].event),
        label.role,
      )
    : label
  return {
    lane: laneOf(actor),
    row: rows.get(first) ?? 0,
    lastRow: rows.get(last) ?? 0,
    label: many,
    whole: isMany ? [many.text, many.more].filter(Boolean).join(', ') : tellWhole(event),
    isMany,
  }
}

/** One from mark to mark, however much went along it. */
function arrowsOf({ carriages }: Carriages, markOf: MarkOf): readonly Arrow[] {
  const targets = new Map<Mark, Set<Mark>>()
  for (const carriage of carriages) {
    const [from, to] = [markOf.get(carriage.from), markOf.get(carriage.to)]
    if (from === undefined || to === undefined) continue
    const known = targets.get(from) ?? new Set()
    targets.set(from, known.add(to))
  }
  return [...targets].flatMap(([from, all]) => [...all].map((to) => ({ from, to })))
}

function lossesOf(lost: Carriages['lost'], markOf: MarkOf, inTrial: readonly Happening[]): readonly Loss[] {
  const refused = new Set(inTrial.filter(({ event }) => event.kind === 'refused').map(({ actor }) => actor))
  const counts = new Map<Mark, { readonly count: number; readonly what: string }>()
  for (const one of lost) {
    const mark = markOf.get(one)
    if (mark === undefined) continue
    const what = refused.has(one.actor) ? 'refused' : 'lost'
    counts.set(mark, { count: (counts.get(mark)?.count ?? 0) + 1, what })
  }
  return [...counts].map(([from, { count, what }]) => ({
    from,
    text: from.isMany ? `${group(count)} ${what}` : what,
  }))
}

/** From where an actor stops to read, or to run, to where it goes on. */
function holdsOf(
  inTrial: readonly Happening[],
  laneOf: (actor: string) => number,
  markOf: MarkOf,
): readonly Hold[] {
  const open = new Map<string, Mark>()
  const holds: Hold[] = []
  for (const one of inTrial) {
    const mark = markOf.get(one)
    if (mark === undefined) continue
    const isHeld = open.get(one.actor)
    if (isHeld === undefined && holdBegins(one)) open.set(one.actor, mark)
    if (isHeld !== undefined && holdEnds(one)) {
      holds.push({ lane: mark.lane, from: isHeld.row, to: mark.row })
      open.delete(one.actor)
    }
  }
  const left = [...open].map(([actor, { row }]) => ({ lane: laneOf(actor), from: row, to: undefined }))
  return [...holds, ...left]
}

function holdBegins({ event }: Happening): boolean {
  return event.kind === 'paused' || (event.kind === 'process' && event.what === 'stopped')
}

function holdEnds({ event }: Happening): boolean {
  return event.kind === 'resumed' || (event.kind === 'process' && event.what !== 'stopped')
}

/** What came out of the reads of a stream, and these. */
function bracketsOf(inTrial: readonly Happening[], markOf: MarkOf): readonly Bracket[] {
  const drafts: Draft[] = []
  const waiting = new Map<string, number[]>()
  const current = new Map<string, Draft>()
  for (const one of inTrial) {
    const { actor, event } = one
    if (!('direction' in event) || event.direction !== 'received') continue
    const key = `${actor} ${event.socket}`
    const reads = waiting.get(key) ?? []
    waiting.set(key, reads)
    if (event.kind === 'bytes') {
      reads.push(event.size)
      continue
    }
    const taken = reads.splice(0)
    // A head says itself how long it is, and comes alone.
    if (event.kind === 'request' || event.kind === 'response') continue
    const isWhole = event.kind === 'message' && event.frames > 1
    const draft = extend(current.get(key), markOf.get(one), taken, isWhole ? 0 : 1)
    if (draft === undefined || draft === current.get(key)) continue
    current.set(key, draft)
    drafts.push(draft)
  }
  return drafts
}

interface Draft extends Bracket {
  to: number
  count: number
  readonly reads: number[]
}

/** The bracket that the mark belongs to: a new one where reads came before it, unless it is in the last one anyway. */
function extend(
  last: Draft | undefined,
  mark: Mark | undefined,
  reads: readonly number[],
  /** How much the mark adds: a message of several frames nothing to these. */
  parts: number,
): Draft | undefined {
  if (mark === undefined) return undefined
  if (last !== undefined && (reads.length === 0 || mark.row <= last.to)) {
    if (mark.lastRow > last.to) last.count += parts
    last.to = Math.max(last.to, mark.lastRow)
    last.reads.push(...reads)
    return last
  }
  return reads.length === 0
    ? undefined
    : { lane: mark.lane, from: mark.row, to: mark.lastRow, count: parts, reads: [...reads] }
}

function lanesOf({ left = usualLeft, right = usualRight }: ComparedColumn, pieces: readonly Piece[]): Lane[] {
  const active = new Set(pieces.map(({ happenings: [{ actor }] }) => actor))
  const onSide = (names: readonly string[], side: Lane['side']): Lane[] => {
    const shown = names.filter((name) => active.has(name))
    return (shown.length === 0 ? names.slice(0, 1) : shown).map((name) => ({ name, side }))
  }
  return [...onSide(left, 'left'), ...onSide(right, 'right')]
}
