import type { SocketAction } from '../action.ts'
import { describeSystemError, NetworkError, systemCode, UsageError } from '../errors.ts'
import { type Endpoint, formatEndpoint } from '../event.ts'
import { isDatagramSetting } from '../settings.ts'
import { DatagramPeer } from './datagram-peer.ts'
import type { DatagramOptions } from './datagram-port.ts'
import type { AnsweringService } from './datagram-services.ts'
import { type Driver, longestDatagramMessage, type Outcome } from './driver.ts'
import { familyOf, isLoopback } from './endpoint.ts'
import { Limits } from './limits.ts'
import { listenError } from './listen-error.ts'
import { interfaceFor, isMulticast, zoneOf } from './multicast.ts'
import { mostPeers, PeerTable } from './peer-table.ts'
import { resolve } from './resolve.ts'
import { Responder } from './responder.ts'
import { Roster } from './roster.ts'
import type { DatagramServiceName } from './service-names.ts'
import type { UdpSurroundings } from './udp-client.ts'
import { UdpSocket } from './udp-socket.ts'
import { within } from './within.ts'

export interface UdpServerOptions extends DatagramOptions {
  readonly host: string
  readonly port: number
  readonly family: 4 | 6 | undefined
  readonly ipv6Only: boolean
  readonly service: DatagramServiceName
  /** Groups to be a member of. */
  readonly groups: readonly string[]
  readonly reuseAddress: boolean
  readonly reusePort: boolean
}

export interface UdpServerSurroundings extends UdpSurroundings {
  date(): Date
  readonly signal: AbortSignal
}

const name = 'server'

/** A UDP server: one socket for everyone; whoever speaks gets a number. */
export class UdpServer implements Driver {
  readonly ended: Promise<Outcome>
  readonly longestMessage = longestDatagramMessage
  readonly #options: UdpServerOptions
  readonly #surroundings: UdpServerSurroundings
  readonly #limits: Limits
  readonly #roster = new Roster<DatagramPeer>('udp')
  readonly #peers: PeerTable
  #socket: UdpSocket | undefined
  #responder: Responder | undefined
  #end: (outcome: Outcome) => void = () => {}

  constructor(options: UdpServerOptions, surroundings: UdpServerSurroundings) {
    this.#options = options
    this.#surroundings = surroundings
    this.#limits = new Limits(surroundings.teller)
    this.#peers = new PeerTable({
      create: (remote) => this.#meet(remote),
      forgotten: (peer) => this.#forget(peer),
    })
    this.ended = new Promise((end) => {
      this.#end = end
    })
  }

  /** Opens the port and joins the groups. @throws NetworkError that says how to mend it, or UsageError */
  async listen(): Promise<Endpoint> {
    const { host, port, family, service } = this.#options
    const { teller, now, signal } = this.#surroundings
    const goal = `Cannot listen on ${formatEndpoint({ address: host, port })}`
    const [address = host] = await resolve(name, { host, family }, { teller, now, goal, signal })
    const socket = this.#createSocket(address)
    try {
      await socket.open()
    } catch (error) {
      throw error instanceof UsageError ? error : listenError(error, host, port)
    }
    this.#socket = socket
    const { local } = socket
    if (service !== 'none' && service !== 'discard') this.#responder = this.#createResponder(service, socket)
    teller.tell(name, { kind: 'listening', transport: 'udp', local, reach: this.#reach(local), service })
    socket.tellBuffers()
    for (const group of this.#options.groups) this.#join(group, socket)
    return local
  }

  async perform(action: SocketAction): Promise<void> {
    const socket = this.#opened()
    switch (action.kind) {
      case 'send':
        for (const peer of this.#roster.choose(action.peers)) socket.sender.send(action.payload, peer)
        return socket.sender.whenRoom()
      case 'set':
        if (isDatagramSetting(action.setting)) socket.set(action.setting)
        return
      case 'peers':
      case 'stats':
        this.#tellStats(action.kind)
        return
      default:
        throw new UsageError(`/${action.kind} cannot be done on a datagram socket`)
    }
  }

  async feed(payload: Uint8Array): Promise<boolean> {
    while (this.#roster.size === 0) await this.#roster.nextArrival()
    const { sender } = this.#opened()
    for (const peer of this.#roster.all()) sender.send(payload, peer)
    await sender.whenRoom()
    return true
  }

  startFeed(): void {}

  endFeed(): void {}

  get filePiece(): number {
    return this.#socket?.sender.chunk ?? Number.POSITIVE_INFINITY
  }

  async drained(): Promise<void> {
    await this.#socket?.sender.whenSent()
  }

  leaveOut(size: number): void {
    this.#socket?.leaveOut(size)
  }

  setReading(reading: boolean): void {
    this.#socket?.setReading(reading)
  }

  setWriting(writing: boolean): void {
    this.#socket?.sender.setHeld(!writing)
  }

  peers(): readonly number[] {
    return this.#roster.numbers()
  }

  async shutdown(graceMs: number): Promise<void> {
    if (this.#socket !== undefined) {
      await within(graceMs, this.#socket.sender.whenSent())
      this.#socket.close()
    }
    this.#end({})
  }

  #createSocket(address: string): UdpSocket {
    const { port, ipv6Only, reuseAddress, reusePort } = this.#options
    const { teller, now, stream } = this.#surroundings
    const binding = { address: withZone(address, this.#options), port, ipv6Only, reuseAddress, reusePort }
    return new UdpSocket(name, binding, this.#options, {
      teller,
      limits: this.#limits,
      now: () => now(),
      stream,
      peerOf: (from) => this.#peers.of(from),
      peers: () => this.#peers.all(),
      received: (peer, payload) => this.#responder?.take(peer, payload),
    })
  }

  #createResponder(service: AnsweringService, socket: UdpSocket): Responder {
    const { date, now } = this.#surroundings
    return new Responder(service, socket, {
      limits: this.#limits,
      maxQueue: this.#options.maxQueue,
      date: () => date(),
      now: () => now(),
    })
  }

  #join(group: string, socket: UdpSocket): void {
    const through = this.#options.interface ?? zoneOf(group)
    try {
      socket.join(group.replace(/%.*$/, ''), through)
    } catch (error) {
      if (error instanceof UsageError) throw error
      throw joinError(error, group)
    }
    const where = through === undefined ? "the system's choice of interface" : through
    const { address } = socket.local
    const isHeard = isMulticast(address) || address === '0.0.0.0' || address === '::'
    const what = isHeard
      ? 'what is sent to the group comes here, too'
      : `but a socket on ${address} hears only what is sent to that address; leave it out`
    const text = `joined ${group} on ${where}: ${what}`
    this.#surroundings.teller.tell(name, { kind: 'note', text })
  }

  /** A group that is joined on the loopback interface only is out of the reach of others, too. */
  #reach({ address }: Endpoint): 'loopback' | 'network' {
    const { groups, interface: through } = this.#options
    if (isLoopback(address)) return 'loopback'
    const isGroup = groups.includes(address) && through !== undefined
    return isGroup && interfaceFor(through, familyOf(address) ?? 4).isLoopback ? 'loopback' : 'network'
  }

  #meet(remote: Endpoint): DatagramPeer {
    const { teller, now } = this.#surroundings
    const peer = this.#roster.add((number) => new DatagramPeer(`${name}#${number}`, remote, now()))
    teller.tell(peer.name, { kind: 'peer', remote })
    return peer
  }

  #forget(peer: DatagramPeer): void {
    this.#roster.remove(peer)
    this.#socket?.forget(peer)
    const detail = `forgot ${formatEndpoint(peer.remote)}, which was silent longest; if it speaks again, it is new`
    this.#limits.tell(peer.name, 'peers', { limit: mostPeers, detail, remote: peer.remote })
  }

  #opened(): UdpSocket {
    if (this.#socket !== undefined) return this.#socket
    throw new UsageError('there is no socket yet')
  }

  #tellStats(asked: 'peers' | 'stats'): void {
    const { teller, now } = this.#surroundings
    const peers = this.#peers.all().map((peer) => peer.state(now()))
    teller.tell(name, { kind: 'stats', transport: 'udp', asked, peers, total: this.#opened().traffic })
  }
}

/** A group of a link is bound on that link (RFC 4007 §6). */
function withZone(address: string, { interface: through }: UdpServerOptions): string {
  const isLink = /^ff[\da-f][12]:/i.test(address) && !address.includes('%')
  return isLink && through !== undefined
    ? address + interfaceFor(through, 6).system.replace('::', '')
    : address
}

function joinError(error: unknown, group: string): NetworkError {
  const mends: Readonly<Record<string, string>> = {
    ENODEV: 'No interface leads to groups: choose one with --interface, such as 127.0.0.1.',
    EADDRNOTAVAIL: 'Choose an interface of this machine with --interface.',
    EINVAL: 'A group of the link needs its --interface, and its IP must be the one that is listened on.',
  }
  const mend = mends[systemCode(error) ?? ''] ?? ''
  return new NetworkError(`Cannot join ${group}: ${describeSystemError(error)}. ${mend}`.trimEnd(), {
    cause: error,
  })
}
