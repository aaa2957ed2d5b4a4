/**
 * Decides whether a service that answers datagrams may answer this one, so that nobody can make it shout at
 * others, or talk to another service without end.
 *
 * Some sources are never answered. The rest may be a loop: another service that sends back what we sent it. A
 * loop cannot be told by content from a client that sends back each answer to keep a number in flight, but it
 * can by withholding: what is swallowed never comes again from a loop, and a client starts anew by itself. So
 * after many datagrams that came back as they were sent, the peer's next ones are held back. If it falls
 * silent, it is a loop, and is over. If it goes on, it has a will of its own: it gets its answers, and far
 * more patience from then on.
 */
import type { Endpoint } from '../event.ts'
import { directedBroadcasts, isMulticast, localAddresses } from './multicast.ts'

/** Where datagrams of our own may seem to come from. IPv4 is written as such, and no address has a zone. */
export interface OwnAddresses {
  readonly port: number
  readonly addresses: ReadonlySet<string>
  /** The directed broadcast addresses of the networks that this machine is in (RFC 1122 §3.2.1.3). */
  readonly broadcasts: ReadonlySet<string>
}

/** The addresses of a bound socket: every one of this machine where it is bound to none in particular. */
export function ownAddresses(local: Endpoint): OwnAddresses {
  const bound = plain(local.address)
  const ofMachine = localAddresses().map(({ address }) => plain(address))
  return {
    port: local.port,
    addresses: new Set(isUnspecified(bound) ? ofMachine : [bound]),
    broadcasts: new Set(directedBroadcasts()),
  }
}

/** Ports below are those of services (RFC 6335 §6, the system ports). */
export const firstClientPort = 1024

/** Why datagrams from there are never answered; undefined where they may be. */
export function refusalOf(remote: Endpoint, own: OwnAddresses): string | undefined {
  const { port } = remote
  const address = plain(remote.address)
  if (port === 0) return 'port 0 stands for a sender that takes no answers'
  if (port < firstClientPort)
    return `port ${port} is a service's port: two services would answer each other without end`
  if (port === own.port && own.addresses.has(address))
    return 'it comes from this very socket, which would answer itself without end'
  if (address === '255.255.255.255' || own.broadcasts.has(address))
    return `${address} is a broadcast address: the answer would go to everybody there`
  if (isMulticast(address)) return `${address} is a multicast address: the answer would go to a whole group`
  if (isUnspecified(address)) return `${address} is nobody's address`
  return undefined
}

/** Without a zone, and as IPv4 where it is IPv4 mapped into IPv6 (RFC 4291 §2.5.5.2). */
function plain(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '')
}

function isUnspecified(address: string): boolean {
  return address === '0.0.0.0' || address === '::'
}

/** Datagrams that came back as they were sent, until the peer is put to the test. */
export const firstHopLimit = 500
/** What a proof of life multiplies the limit by, and where that ends. */
const limitGrowth = 64
const lastHopLimit = 2 ** 20
/** A peer on hold that sends nothing for so long is a loop. */
export const quietMs = 25
/** A client that lives comes back within this time; what comes later may be the start of another loop. */
const returnMs = 1_000
/** More than a loop is likely to have in flight; and, for one that has stood the test, more than it can have. */
const mostHeldFirst = 64
const mostHeld = 1_024
/** Bytes held back over all peers. */
const mostHeldBytes = 256 * 1024
/** Places for what a peer was sent lately, two for each hash that shares them: at first, and after as many that differ. */
const fewPlaces = 16
const manyPlaces = 2_048
/** So much news is no sign of life: something that was sent to the peer may have been forgotten. */
const fewNews = 8

/** What becomes of datagrams that were held back. */
export interface LoopGuardHooks<Peer> {
  /** The peer is no loop: these are to be answered, in this order. */
  release(peer: Peer, payloads: readonly Buffer[]): void
  /** So many datagrams are never answered: they were a loop, or more than memory is given to. */
  swallowed(peer: Peer, count: number, why: 'loop' | 'memory'): void
}

interface Hold {
  /** What is held back, in its order, and whether it was sent to the peer before. */
  readonly held: { readonly payload: Buffer; readonly isHop: boolean }[]
  /** How many are news: they were not sent to it, or so long ago that it is forgotten. */
  news: number
  bytes: number
  /** Datagrams for which there was no memory. */
  dropped: number
  lastAt: number
}

interface PeerState {
  /** Hashes of what it was sent lately, none of them 0; a peer that was sent little, or always the same, has few places. */
  sent: Int32Array
  /** How often something was remembered that was not there, until there are many places. */
  newsSent: number
  /** Datagrams that came back as they were sent, less those that did not; never below 0. */
  hops: number
  hopLimit: number
  /** Set while its datagrams are held back. */
  hold: Hold | undefined
  /** When its datagrams were swallowed; undefined once it has come back. */
  silencedAt: number | undefined
}

/** Breaks loops of datagrams. A peer is any object that stands for it; it is not kept alive by the guard. */
export class LoopGuard<Peer extends object> {
  readonly #states = new WeakMap<Peer, PeerState>()
  readonly #hooks: LoopGuardHooks<Peer>
  readonly #now: () => number
  #heldBytes = 0
  /** The hash of what was judged last, because that is what is sent next. */
  #judged: Buffer | undefined
  #judgedHash = 0

  /** @param now milliseconds on a monotonic clock */
  constructor(hooks: LoopGuardHooks<Peer>, now: () => number) {
    this.#hooks = hooks
    this.#now = now
  }

  /**
   * Whether a datagram is to be answered now, or is held back: then it belongs to the guard. What was held
   * back before is released first, so that the order stays.
   */
  judge(peer: Peer, payload: Buffer): 'answer' | 'hold' {
    const state = this.#stateOf(peer)
    this.#judged = payload
    this.#judgedHash = hashOf(payload)
    const isHop = knows(state.sent, this.#judgedHash)
    if (state.hold !== undefined) return this.#judgeHeld(peer, state, state.hold, payload, isHop)
    if (state.silencedAt !== undefined) this.#welcome(state, state.silencedAt)
    else state.hops = isHop ? state.hops + 1 : Math.max(0, state.hops - 1)
    if (state.hops < state.hopLimit) return 'answer'
    state.hold = { held: [], news: 0, bytes: 0, dropped: 0, lastAt: 0 }
    this.#keep(state.hold, payload, isHop)
    this.#watch(peer, state, state.hold, quietMs)
    return 'hold'
  }

  /** Remembers what a peer was sent. */
  sent(peer: Peer, payload: Buffer): void {
    const state = this.#stateOf(peer)
    const isNews = remember(state.sent, payload === this.#judged ? this.#judgedHash : hashOf(payload))
    if (!isNews || state.sent.length === manyPlaces) return
    state.newsSent += 1
    if (state.newsSent === fewPlaces) state.sent = new Int32Array(manyPlaces)
  }

  /** It sends again by itself: it is trusted, unless it took its time. */
  #welcome(state: PeerState, silencedAt: number): void {
    if (this.#now() - silencedAt <= returnMs) trust(state)
    state.silencedAt = undefined
    state.hops = 0
  }

  #stateOf(peer: Peer): PeerState {
    const known = this.#states.get(peer)
    if (known !== undefined) return known
    const state = {
      sent: new Int32Array(fewPlaces),
      newsSent: 0,
      hops: 0,
      hopLimit: firstHopLimit,
      hold: undefined,
      silencedAt: undefined,
    }
    this.#states.set(peer, state)
    return state
  }

  #judgeHeld(peer: Peer, state: PeerState, hold: Hold, payload: Buffer, isHop: boolean): 'answer' | 'hold' {
    const most = state.hopLimit === firstHopLimit ? mostHeldFirst : mostHeld
    const count = hold.held.length + hold.dropped
    if (count < most && (isHop || hold.news < Math.max(fewNews, count / 8))) {
      this.#keep(hold, payload, isHop)
      return 'hold'
    }
    this.#end(state, hold)
    trust(state)
    if (hold.dropped > 0) this.#hooks.swallowed(peer, hold.dropped, 'memory')
    this.#hooks.release(
      peer,
      hold.held.map((one) => one.payload),
    )
    return 'answer'
  }

  #keep(hold: Hold, payload: Buffer, isHop: boolean): void {
    hold.lastAt = this.#now()
    if (!isHop) hold.news += 1
    if (this.#heldBytes + payload.length > mostHeldBytes) {
      hold.dropped += 1
      return
    }
    hold.held.push({ payload, isHop })
    hold.bytes += payload.length
    this.#heldBytes += payload.length
  }

  #end(state: PeerState, hold: Hold): void {
    state.hold = undefined
    this.#heldBytes -= hold.bytes
  }

  /** An immediate comes after everything that waits in the kernel was read, however late the timer was. */
  #watch(peer: Peer, state: PeerState, hold: Hold, ms: number): void {
    setTimeout(() => setImmediate(() => this.#endIfQuiet(peer, state, hold)), ms).unref()
  }

  #endIfQuiet(peer: Peer, state: PeerState, hold: Hold): void {
    if (state.hold !== hold) return
    const leftMs = quietMs - (this.#now() - hold.lastAt)
    if (leftMs > 0) {
      this.#watch(peer, state, hold, leftMs)
      return
    }
    this.#end(state, hold)
    state.silencedAt = this.#now()
    const news = hold.held.flatMap((one) => (one.isHop ? [] : [one.payload]))
    this.#hooks.swallowed(peer, hold.held.length - news.length + hold.dropped, 'loop')
    if (news.length > 0) this.#hooks.release(peer, news)
  }
}

/** The peer has shown that it sends by itself. */
function trust(state: PeerState): void {
  state.hops = 0
  state.hopLimit = Math.min(state.hopLimit * limitGrowth, lastHopLimit)
}

function knows(sent: Int32Array, hash: number): boolean {
  const place = hash & (sent.length - 1)
  return sent[place] === hash || sent[place ^ 1] === hash
}

/** Of two places that a hash may have, the one that was taken longer ago is given up. Answers whether it is news. */
function remember(sent: Int32Array, hash: number): boolean {
  const place = hash & (sent.length - 1)
  const before = sent[place]
  if (before === hash) return false
  const isNews = sent[place ^ 1] !== hash
  if (before !== undefined && before !== 0) sent[place ^ 1] = before
  sent[place] = hash
  return isNews
}

/** Of a datagram's start and of its end, so many bytes are looked at. */
const hashedBytes = 128

/** FNV-1a over the length, the start and the end, 32 bits: enough to know a datagram again. */
function hashOf(payload: Uint8Array): number {
  const { length } = payload
  let hash = 0x811c9dc5 ^ length
  const startEnd = Math.min(length, hashedBytes)
  for (let index = 0; index < startEnd; index++) hash = mix(hash, payload[index] ?? 0)
  for (let index = Math.max(startEnd, length - hashedBytes); index < length; index++)
    hash = mix(hash, payload[index] ?? 0)
  return hash | 1
}

function mix(hash: number, byte: number): number {
  return Math.imul(hash ^ byte, 0x01000193)
}
