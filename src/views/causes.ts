import { Buffer } from 'node:buffer'
import { type EventOf, formatEndpoint, type ProcessEvent } from '../event.ts'
import type { Happening } from './comparison.ts'
import { grouped } from './grouped.ts'

/** A share in something that goes from one actor to another. */
interface Share {
  /** What goes, and over which connection. */
  readonly way: string
  readonly isSent: boolean
  /** How far it moves on: bytes of a stream, else one; what happens once to a connection, not at all. */
  readonly amount: number
  readonly happening: Happening
}

/**
 * For what had to wait for another actor, what it had to wait for: of bytes that were read the write of the last of
 * them, of an accepted connection its opening. Where nobody is known to have caused it, there is none.
 */
export function causesOf(happenings: readonly Happening[]): ReadonlyMap<Happening, Happening> {
  const links = linksOf(happenings)
  const ports = portsOf(happenings)
  const shares = happenings.flatMap((happening) => sharesOf(happening, links, ports))
  const sent = grouped(
    shares.filter(({ isSent }) => isSent),
    ({ way }) => way,
  )
  const received = grouped(
    shares.filter(({ isSent }) => !isSent),
    ({ way, happening }) => `${happening.actor} ${way}`,
  )
  const causes = new Map([...received.values()].flatMap((taken) => pair(taken, sent)))
  // A server tells of an address that is new before it tells of the datagram by which it knows.
  const datagrams = new Map<string, Happening>()
  for (const one of happenings.toReversed()) {
    if (one.event.kind === 'datagram') datagrams.set(one.actor, one)
    const next = one.event.kind === 'peer' ? datagrams.get(one.actor) : undefined
    const cause = next && causes.get(next)
    if (cause !== undefined) causes.set(one, cause)
  }
  return causes
}

/** Each share that one actor took of a way, with the sending by which there was enough for it. */
function pair(
  taken: readonly Share[],
  sent: ReadonlyMap<string, readonly Share[]>,
): readonly (readonly [Happening, Happening])[] {
  const [{ way, happening } = { way: '', happening: undefined }] = taken
  const sendings = (sent.get(way) ?? []).filter((share) => share.happening.actor !== happening?.actor)
  let [index, given, needed] = [0, sendings[0]?.amount ?? 0, 0]
  return taken.flatMap(({ amount, happening }) => {
    needed += amount
    while (given < needed && index < sendings.length - 1) {
      index += 1
      given += sendings[index]?.amount ?? 0
    }
    const cause = sendings[index]?.happening
    return cause === undefined || given < needed ? [] : [[happening, cause] as const]
  })
}

function sharesOf(
  happening: Happening,
  links: ReadonlyMap<Happening, readonly string[]>,
  ports: ReadonlyMap<string, number>,
): readonly Share[] {
  const { event } = happening
  const on = (what: string, isSent: boolean, amount: number): readonly Share[] =>
    (links.get(happening) ?? []).map((link) => ({ way: `${what} ${link}`, isSent, amount, happening }))
  switch (event.kind) {
    case 'bytes':
      return on('bytes', event.direction === 'sent', event.size)
    case 'frame':
    case 'message':
    case 'request':
    case 'response':
      return on(event.kind, event.direction === 'sent', 1)
    case 'datagram': {
      const isSent = event.direction === 'sent'
      const port = portTo(event, ports.get(happening.actor), ports)
      const way = `datagram ${port} ${Buffer.from(event.payload).toString('latin1')}`
      return [{ way, isSent, amount: 1, happening }]
    }
    case 'opened':
      // Who connects knows how long it took; its end stands before the other one is accepted.
      return event.transport === 'tcp' ? on('opened', event.tookMs !== undefined, 1) : []
    case 'ended':
      return on('goodbye', event.by === 'us', 0)
    case 'closed':
      return event.transport === 'udp' ? [] : on('goodbye', event.first === 'us', 0)
    case 'process':
      return isEnd(event) ? on('goodbye', true, 0) : []
    default:
      return []
  }
}

/** On which port each actor has its datagram socket, where it told. */
function portsOf(happenings: readonly Happening[]): ReadonlyMap<string, number> {
  return new Map(
    happenings.flatMap(({ actor, event }) =>
      (event.kind === 'opened' || event.kind === 'listening') && event.transport === 'udp'
        ? [[actor, event.local.port] as const]
        : [],
    ),
  )
}

/** The port that a datagram goes to, or came to; undefined where nobody told of it. */
function portTo(
  { direction, remote }: EventOf<'datagram'>,
  own: number | undefined,
  ports: ReadonlyMap<string, number>,
): number | undefined {
  if (direction === 'received') return own
  return [...ports.values()].includes(remote.port) ? remote.port : undefined
}

/**
 * The connections that each happening belongs to: one, or of a process that ended all that it had. A connection is
 * known by its two endpoints, from its beginning on; all of which none are known count as one.
 */
function linksOf(happenings: readonly Happening[]): ReadonlyMap<Happening, readonly string[]> {
  const uses = usesOf(happenings)
  const names = new Map<string, string>()
  const times = new Map<string, number>()
  for (const one of happenings) {
    const { event } = one
    const use = uses.get(one) ?? ''
    if (event.kind !== 'opened' || names.has(use)) continue
    const ends = [event.local, event.remote].map(formatEndpoint)
    // The same endpoints may be connected again, and each end counts how often they were.
    const time = (times.get(ends.join(' ')) ?? 0) + 1
    times.set(ends.join(' '), time)
    names.set(use, [...ends.sort(), time].join(' '))
  }
  const ofActor = new Map<string, Set<string>>()
  return new Map(
    happenings.map((one) => {
      const all = ofActor.get(one.actor) ?? new Set()
      ofActor.set(one.actor, all)
      if (one.event.kind === 'process') return [one, [...all]]
      const link = names.get(uses.get(one) ?? '') ?? 'unknown'
      all.add(link)
      return [one, [link]]
    }),
  )
}

/** Which use of its socket's name each happening belongs to: after the end, the name may be given again. */
function usesOf(happenings: readonly Happening[]): ReadonlyMap<Happening, string> {
  const ends = new Map<string, number>()
  const endOf = (name: string): number => ends.get(name) ?? 0
  return new Map(
    happenings.map((one) => {
      const { actor, event } = one
      const socket = `${actor} ${event.socket}`
      const use = `${socket} ${endOf(actor)} ${endOf(socket)}`
      if (event.kind === 'closed') ends.set(socket, endOf(socket) + 1)
      if (event.kind === 'process' && isEnd(event)) ends.set(actor, endOf(actor) + 1)
      return [one, use]
    }),
  )
}

/** Whether the process is no more: the kernel closed what it had open. */
function isEnd({ what }: ProcessEvent): boolean {
  return what === 'killed' || what === 'exited'
}
