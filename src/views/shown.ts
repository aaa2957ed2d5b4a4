/** What of a trial is drawn in a column of the comparison, and on which side. */
import type { Event, EventOf, Transport } from '../event.ts'
import { isControl } from '../wire/frame.ts'
import { type ComparedColumn, type Happening, usualLeft, usualRight } from './comparison.ts'
import { escapeText } from './escape.ts'
import { grouped } from './grouped.ts'
import { repeatedOpenings } from './openings.ts'
import { formatBytes, formatSocket } from './units.ts'

export type Side = 'left' | 'right'

/** What no event tells, above and below one that has to do with it. */
export interface Remarks {
  readonly before?: string
  readonly after?: string
}

export interface Shown extends Remarks {
  readonly side: Side
  /** Who or what it is, where there are several on this side: safe to show. */
  readonly tag?: string
  readonly happening: Happening
}

/** What happened in one step, in an order in which it can have been. */
export interface ShownStep {
  readonly step: number
  readonly shown: readonly Shown[]
}

/** What is no part of a comparison, but an instrument of it. */
const never: ReadonlySet<Event['kind']> = new Set(['resolved', 'expected', 'stats'])

export function sideOf(column: ComparedColumn, actor: string): Side | undefined {
  const { left = usualLeft, right = usualRight } = column
  return left.includes(actor) ? 'left' : right.includes(actor) ? 'right' : undefined
}

export function namesOf(
  { left = usualLeft, right = usualRight }: ComparedColumn,
  side: Side,
): readonly string[] {
  return side === 'left' ? left : right
}

export function happeningsIn(column: ComparedColumn, trial: string): readonly Happening[] {
  return column.heard.filter((one) => one.trial === trial)
}

/** Each step of a trial; of one in which nothing is to be seen there is nothing. */
export function shownSteps(column: ComparedColumn, trial: string): readonly ShownStep[] {
  const hints = {
    loose: looseFrames(column.heard),
    repeated: repeatedOpenings(column),
    plain: plainActors(column.heard),
  }
  const tagOf = tagger(column, trial)
  const steps = grouped(happeningsIn(column, trial), ({ step }) => step)
  return Array.from(steps, ([step, inStep]) => ({
    step,
    shown: withRemarks(
      column,
      inStep.some((one) => hints.repeated.has(one)),
      newPeersLast(inStep).flatMap((happening): readonly Shown[] => {
        const side = sideOf(column, happening.actor)
        if (side === undefined || !isShown(happening, side, column, hints)) return []
        const tag = tagOf(happening, side)
        return [{ side, happening, ...(tag !== undefined && { tag }) }]
      }),
    ),
  }))
}

/** An address is new because of the datagram that came from it: told first, it is drawn after it. */
function newPeersLast(inStep: readonly Happening[]): readonly Happening[] {
  const drawn = [...inStep]
  for (const peer of inStep.filter(({ event }) => event.kind === 'peer')) {
    const at = drawn.indexOf(peer)
    const datagram = drawn.findIndex(
      ({ actor, event }, index) =>
        index > at && actor === peer.actor && event.kind === 'datagram' && event.direction === 'received',
    )
    if (datagram === -1) continue
    drawn.splice(at, 1)
    drawn.splice(datagram, 0, peer)
  }
  return drawn
}

const unseen = "SYN, SYN-ACK, ACK: the kernels' work, unseen from here"
const nothing = 'nothing travelled: no end has told the other anything'

/** Of an opening, what of it nobody can see. */
function withRemarks(
  { heard }: ComparedColumn,
  isRepeated: boolean,
  shown: readonly Shown[],
): readonly Shown[] {
  const opened = shown.filter(
    ({ happening: { event } }) => event.kind === 'opened' && event.transport === 'tcp',
  )
  const areBoth = new Set(opened.map(({ side }) => side)).size === 2
  const secured = shown.find(({ happening: { event } }) => event.kind === 'tls')
  return shown.map((one) => {
    if (areBoth && !isRepeated && one === opened[0]) return { ...one, before: unseen }
    if (one === secured) return { ...one, before: unseenOfTls(one) }
    return isSilent(one, heard) ? { ...one, after: nothing } : one
  })
}

/** What went both ways for it, as the side tells of which it is told first. */
function unseenOfTls({ side, happening: { event } }: Shown): string {
  if (event.kind !== 'tls') return ''
  const { sent, received } = event
  const [up, down] = side === 'left' ? [sent, received] : [received, sent]
  return `ClientHello to Finished: OpenSSL's work, unseen from here; ${formatBytes(up)} up, ${formatBytes(down)} down`
}

/** A datagram socket was opened, and the other side has told nothing since, until the first datagram was sent. */
function isSilent({ side, happening }: Shown, heard: readonly Happening[]): boolean {
  const { actor, event } = happening
  if (side !== 'left' || event.kind !== 'opened' || event.transport !== 'udp') return false
  const after = heard.slice(heard.indexOf(happening) + 1)
  const sent = after.findIndex((one) => one.actor === actor && one.event.kind === 'datagram')
  return (sent === -1 ? after : after.slice(0, sent)).every(
    (one) => one.actor === actor || one.trial === undefined || one.event.kind === 'process',
  )
}

function isShown(
  happening: Happening,
  side: Side,
  { transport, isOneWay }: ComparedColumn,
  { loose, repeated, plain }: Hints,
): boolean {
  const { event } = happening
  if (never.has(event.kind) || repeated.has(happening) || isOrdinaryEnd(event)) return false
  if (transport !== 'websocket') return !isOneWay || goesOn(event, side)
  if (event.kind === 'bytes') return plain.has(happening.actor)
  if (event.kind !== 'frame') return !isOneWay || goesOn(event, side)
  if (isControl(event.opcode)) return true
  return loose.has(happening) && (!isOneWay || goesOn(event, side))
}

interface Hints {
  readonly loose: ReadonlySet<Happening>
  readonly repeated: ReadonlySet<Happening>
  readonly plain: ReadonlySet<string>
}

/** Who knows nothing of WebSocket: there bytes are all that can be told. */
function plainActors(heard: readonly Happening[]): ReadonlySet<string> {
  const plain = new Set(heard.map(({ actor }) => actor))
  for (const { actor, event } of heard) {
    const { kind } = event
    if (kind === 'request' || kind === 'response' || kind === 'frame' || kind === 'message')
      plain.delete(actor)
  }
  return plain
}

/** A process that ended as it was asked to. */
function isOrdinaryEnd(event: Event): boolean {
  return event.kind === 'process' && event.exitCode === 0
}

/** Whether it goes from left to right; so does what goes nowhere. */
function goesOn(event: Event, side: Side): boolean {
  const isCarried =
    event.kind === 'bytes' || event.kind === 'datagram' || event.kind === 'message' || event.kind === 'frame'
  return !isCarried || (event.direction === 'sent') === (side === 'left')
}

/** Frames of data of which no message tells it all: those of several in a message, and those in none. */
function looseFrames(heard: readonly Happening[]): ReadonlySet<Happening> {
  const loose = new Set<Happening>()
  const lines = new Map<string, { readonly frames: Happening[]; readonly messages: EventOf<'message'>[] }>()
  for (const one of heard) {
    const { actor, event } = one
    if (event.kind !== 'frame' && event.kind !== 'message') continue
    const name = `${actor} ${event.socket} ${event.direction}`
    const line = lines.get(name) ?? { frames: [], messages: [] }
    lines.set(name, line)
    if (event.kind === 'message') line.messages.push(event)
    else if (!isControl(event.opcode)) line.frames.push(one)
  }
  for (const { frames, messages } of lines.values()) {
    let next = 0
    for (const group of groupsOf(frames)) {
      const size = group.reduce((sum, { event }) => sum + ('size' in event ? event.size : 0), 0)
      const message = messages[next]
      const isWhole = message !== undefined && (message.compressedSize ?? message.size) === size
      if (isWhole) next += 1
      if (!isWhole || group.length > 1) for (const frame of group) loose.add(frame)
    }
  }
  return loose
}

/** The frames of one message after the other: the last of each is final. */
function groupsOf(frames: readonly Happening[]): readonly (readonly Happening[])[] {
  const groups: Happening[][] = []
  let open: Happening[] | undefined
  for (const frame of frames) {
    if (open === undefined) {
      open = []
      groups.push(open)
    }
    open.push(frame)
    if (frame.event.kind === 'frame' && frame.event.fin) open = undefined
  }
  return groups
}

/** Who acts on the side in a trial; all who might, where nobody does. */
export function actingOn(column: ComparedColumn, trial: string, side: Side): readonly string[] {
  const names = namesOf(column, side)
  const heard = happeningsIn(column, trial)
  const acting = names.filter(
    (name) => sideOf(column, name) === side && heard.some(({ actor }) => actor === name),
  )
  return acting.length === 0 ? names : acting
}

/** Says who it is where several act on one side, and by which socket, or which address, where one has several. */
function tagger(
  column: ComparedColumn,
  trial: string,
): (happening: Happening, side: Side) => string | undefined {
  const acting = { left: actingOn(column, trial, 'left'), right: actingOn(column, trial, 'right') }
  const several = new Set(acting.right.filter((actor) => waysOf(column, trial, actor).size > 1))
  return ({ actor, event }, side) => {
    const isOneOfMany = acting[side].length > 1
    const way = several.has(actor) ? wayOf(event, column.transport) : undefined
    const parts = [...(isOneOfMany ? [actor] : []), ...(way === undefined ? [] : [way])]
    return parts.length === 0 ? undefined : escapeText(parts.join(' '))
  }
}

/** The connections that an actor has in a trial; of a datagram socket the addresses that it knows by then. */
function waysOf({ heard, transport }: ComparedColumn, trial: string, actor: string): ReadonlySet<string> {
  const [first, last] = [
    heard.findIndex((one) => one.trial === trial),
    heard.findLastIndex((one) => one.trial === trial),
  ]
  const ways = new Set<string>()
  heard.slice(0, last + 1).forEach((one, index) => {
    const way = one.actor === actor ? wayOf(one.event, transport) : undefined
    if (way === undefined) return
    if (one.event.kind === 'closed' && index < first) ways.delete(way)
    else ways.add(way)
  })
  return ways
}

/** `#2`, or of a datagram the port at its other end: all of them are on this machine. */
function wayOf(event: Event, transport: Transport): string | undefined {
  if (transport === 'udp') return event.kind === 'datagram' ? `port ${event.remote.port}` : undefined
  return event.socket.includes('#') ? formatSocket(event.socket) : undefined
}
