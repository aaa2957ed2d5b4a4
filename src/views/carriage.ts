/** Which reception brought what somebody sent: the arrows of a sequence diagram. */
import { Buffer } from 'node:buffer'
import { type Event, formatEndpoint } from '../event.ts'
import type { Happening } from './comparison.ts'
import { grouped } from './grouped.ts'

/** A sending, and a reception that brought it or a part of it. */
export interface Carriage {
  readonly from: Happening
  readonly to: Happening
}

export interface Carriages {
  readonly carriages: readonly Carriage[]
  /** Datagrams that nobody received. */
  readonly lost: ReadonlySet<Happening>
}

/** One of the two ends of what goes one way. */
interface End {
  readonly happening: Happening
  readonly isSent: boolean
  /** What goes, and over which connection. */
  readonly way: string
  /** How far it moves on: bytes of a stream, else one. */
  readonly amount: number
  /** Of a datagram: the port that it went to, where it is known. */
  readonly port?: number | undefined
}

/** The more of a run is given, the more is known of it. */
export function carriagesOf(heard: readonly Happening[]): Carriages {
  const links = linksOf(heard)
  const ports = portsOf(heard)
  const ends = heard.flatMap((happening) => endsOf(happening, links.get(happening) ?? '', ports))
  const carriages = [...grouped(ends, ({ way }) => way).values()].flatMap(carriedOneWay)
  const arrived = new Set(carriages.map(({ from }) => from))
  const lost = ends.filter(
    ({ happening, isSent }) => isSent && happening.event.kind === 'datagram' && !arrived.has(happening),
  )
  return { carriages, lost: new Set(lost.map(({ happening }) => happening)) }
}

/** The same, but nothing comes before what it brings, nor before what its actor told earlier. */
export function afterTheirSendings(
  heard: readonly Happening[],
  carriages: readonly Carriage[],
): readonly Happening[] {
  const sendings = grouped(carriages, ({ to }) => to)
  const isGiven = new Set(heard)
  const queues = grouped(heard, ({ actor }) => actor)
  const placed = new Set<Happening>()
  const begun = new Set<Happening>()
  const place = (one: Happening): void => {
    if (begun.has(one)) return
    const queue = queues.get(one.actor) ?? []
    for (let next = queue[0]; next !== undefined && !begun.has(one); next = queue[0]) {
      queue.shift()
      begun.add(next)
      for (const { from } of sendings.get(next) ?? []) if (isGiven.has(from)) place(from)
      placed.add(next)
    }
  }
  for (const one of heard) place(one)
  return [...placed]
}

function endsOf(
  happening: Happening,
  link: string,
  ports: ReadonlyMap<Happening, number | undefined>,
): readonly End[] {
  const { event } = happening
  const end = (what: string, isSent: boolean, amount = 1): readonly End[] => [
    { happening, isSent, way: `${what} ${link}`, amount },
  ]
  switch (event.kind) {
    case 'bytes':
      return end('bytes', event.direction === 'sent', event.size)
    case 'frame':
    case 'request':
    case 'response':
      return end(event.kind, event.direction === 'sent')
    case 'datagram': {
      const way = `datagram ${Buffer.from(event.payload).toString('latin1')}`
      const isSent = event.direction === 'sent'
      const port = isSent ? event.remote.port : ports.get(happening)
      return [{ happening, isSent, way, amount: 1, port }]
    }
    case 'opened':
      // Who connects knows how long it took; its end stands before the other one is accepted.
      return event.transport === 'tcp' ? end('connection', event.tookMs !== undefined) : []
    case 'ended':
      return end('FIN', event.by === 'us')
    case 'closed':
      return isReset(event) ? end('RST', event.code === undefined) : []
    default:
      return []
  }
}

/** A reset with a code is the peer's, one without is ours. */
function isReset(event: Event): event is Event & { readonly kind: 'closed'; readonly code?: string } {
  return event.kind === 'closed' && event.transport !== 'udp' && event.how === 'reset'
}

/** Everybody who receives gets what another has sent: of a datagram to a group, each of the group. */
function carriedOneWay(ends: readonly End[]): readonly Carriage[] {
  const receivers = grouped(
    ends.filter(({ isSent }) => !isSent),
    ({ happening }) => happening.actor,
  )
  return [...receivers].flatMap(([actor, received]) => {
    const sent = ends.filter(({ happening, isSent }) => isSent && happening.actor !== actor)
    return received[0]?.happening.event.kind === 'datagram'
      ? matchDatagrams(sent, received)
      : overlaps(sent, received)
  })
}

/** Each reception brings the first of those alike that went to its port and came to nobody yet. */
function matchDatagrams(sent: readonly End[], received: readonly End[]): readonly Carriage[] {
  const left = [...sent]
  return received.flatMap(({ happening, port }): readonly Carriage[] => {
    const index = left.findIndex((one) => port === undefined || one.port === port)
    const [found] = index === -1 ? [] : left.splice(index, 1)
    return found === undefined ? [] : [{ from: found.happening, to: happening }]
  })
}

/** For each datagram that was received, the port of who received it, where that was told. */
function portsOf(heard: readonly Happening[]): ReadonlyMap<Happening, number | undefined> {
  const ports = new Map<string, number>()
  const found = new Map<Happening, number | undefined>()
  for (const one of heard) {
    const { actor, event } = one
    if ((event.kind === 'opened' || event.kind === 'listening') && event.transport === 'udp')
      ports.set(actor, event.local.port)
    if (event.kind === 'datagram') found.set(one, ports.get(actor))
  }
  return found
}

/** Both are the same, cut in two ways: what of the one lies in what of the other. */
function overlaps(sent: readonly End[], received: readonly End[]): readonly Carriage[] {
  const carriages: Carriage[] = []
  let [from, start] = [0, 0]
  let taken = 0
  for (const { happening, amount } of received) {
    const until = taken + amount
    for (let one = sent[from]; one !== undefined && start < until; one = sent[from]) {
      if (start + one.amount > taken) carriages.push({ from: one.happening, to: happening })
      if (start + one.amount > until) break
      start += one.amount
      from += 1
    }
    taken = until
  }
  return carriages
}

/**
 * The connection of each happening, known by its two endpoints from its beginning on; all of which none are known
 * count as one. After its end, a socket's name may be given again.
 */
function linksOf(heard: readonly Happening[]): ReadonlyMap<Happening, string> {
  const ends = new Map<string, number>()
  const names = new Map<string, string>()
  const uses = heard.map((one): readonly [Happening, string] => {
    const { actor, event } = one
    const socket = `${actor} ${event.socket}`
    const use = `${socket} ${ends.get(actor) ?? 0} ${ends.get(socket) ?? 0}`
    if (event.kind === 'opened')
      names.set(use, [event.local, event.remote].map(formatEndpoint).sort().join(' '))
    if (event.kind === 'closed') ends.set(socket, (ends.get(socket) ?? 0) + 1)
    if (event.kind === 'process' && (event.what === 'killed' || event.what === 'exited'))
      ends.set(actor, (ends.get(actor) ?? 0) + 1)
    return [one, use]
  })
  return new Map(uses.map(([one, use]) => [one, names.get(use) ?? 'unknown']))
}
