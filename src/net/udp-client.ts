import type { RemoteInfo } from 'node:dgram'
import { setImmediate } from 'node:timers/promises'
import type { SocketAction } from '../action.ts'
import { describeSystemError, NetworkError, type SockpitError, systemCode, UsageError } from '../errors.ts'
import { type Endpoint, formatEndpoint, type Teller } from '../event.ts'
import { isDatagramSetting } from '../settings.ts'
import { DatagramPeer } from './datagram-peer.ts'
import type { Binding, DatagramOptions } from './datagram-port.ts'
import { type Driver, longestDatagramMessage, type OnEof, type Outcome } from './driver.ts'
import { endpoint, familyOf, isLoopback } from './endpoint.ts'
import { Limits } from './limits.ts'
import { isForMany, zoneOf } from './multicast.ts'
import { PeerTable } from './peer-table.ts'
import { resolve } from './resolve.ts'
import { UdpSocket } from './udp-socket.ts'
import { within } from './within.ts'

export interface UdpClientOptions extends DatagramOptions {
  readonly host: string
  readonly port: number
  readonly family: 4 | 6 | undefined
  /** Whether the kernel shall pass on what comes from there only, and tell us when nobody listens. */
  readonly connect: boolean
  readonly localAddress: string | undefined
  readonly localPort: number | undefined
  /** How long replies are waited for once there is nothing more to send, milliseconds. */
  readonly replyWaitMs: number
}

/** What a UDP driver needs of the process around it. */
export interface UdpSurroundings {
  readonly teller: Teller
  now(): number
  /** 32 random bits, which mark our numbered datagrams. */
  readonly stream: number
}

const name = 'client'

/** A UDP client: one socket for one remote address. */
export class UdpClient implements Driver {
  readonly ended: Promise<Outcome>
  readonly longestMessage = longestDatagramMessage
  readonly #options: UdpClientOptions
  readonly #surroundings: UdpSurroundings
  #socket: UdpSocket | undefined
  #peer: DatagramPeer | undefined
  #strangers: PeerTable | undefined
  #replyTimer: NodeJS.Timeout | undefined
  #isClosed = false
  #end: (outcome: Outcome) => void = () => {}

  constructor(options: UdpClientOptions, surroundings: UdpSurroundings) {
    this.#options = options
    this.#surroundings = surroundings
    this.ended = new Promise((end) => {
      this.#end = end
    })
  }

  /** Opens the socket: nothing is sent. @throws NetworkError, UsageError, or the reason of the signal */
  async open(signal: AbortSignal): Promise<void> {
    const { teller, now } = this.#surroundings
    const { host, port, family } = this.#options
    const goal = `Cannot send to ${formatEndpoint({ address: host, port })}`
    const addresses = await resolve(name, { host, family }, { teller, now, goal, signal })
    const remote = endpoint(chooseAddress(addresses), port)
    const connected = this.#options.connect && !isForMany(remote.address)
    try {
      await this.#openSocket(remote, connected)
    } catch (error) {
      if (error instanceof UsageError) throw error
      throw openError(error, goal)
    }
    if (this.#options.connect && !connected) {
      const text = `many may answer for ${remote.address}, each from an address of its own: the socket stays unconnected`
      teller.tell(name, { kind: 'note', text })
    }
  }

  async perform(action: SocketAction): Promise<void> {
    const { socket, peer } = this.#opened()
    switch (action.kind) {
      case 'send':
        socket.sender.send(action.payload, peer)
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

  feed(payload: Uint8Array): boolean | Promise<boolean> {
    const { socket, peer } = this.#opened()
    socket.sender.send(payload, peer)
    // What is timed must not wait here while others are sent.
    if (this.#options.sequence) return socket.sender.whenRoom().then(() => setImmediate(true))
    return socket.sender.isFull ? socket.sender.whenRoom().then(() => true) : true
  }

  startFeed(): void {}

  endFeed(onEof: OnEof): void {
    if (onEof === 'stay' || this.#socket === undefined) return
    void this.#socket.sender.whenSent().then(() => this.#awaitReplies())
  }

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
    return []
  }

  async shutdown(graceMs: number): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#replyTimer)
    if (this.#socket !== undefined) {
      await within(graceMs, this.#socket.sender.whenSent())
      this.#socket.close()
    }
    this.#end(this.#outcome())
  }

  async #openSocket(remote: Endpoint, connected: boolean): Promise<void> {
    const { teller, now, stream } = this.#surroundings
    const peer = new DatagramPeer(name, remote, now())
    // Whoever answers an unconnected socket may have another address than the one that was asked.
    const strangers: PeerTable = new PeerTable({
      create: (other) => new DatagramPeer(name, other, now()),
      forgotten: (other) => socket.forget(other),
    })
    const through =
      this.#options.interface ?? (isForMany(remote.address) ? zoneOf(remote.address) : undefined)
    const options = { ...this.#options, interface: through }
    const socket = new UdpSocket(name, this.#binding(remote, connected), options, {
      teller,
      limits: new Limits(teller),
      now: () => now(),
      stream,
      peerOf: (from) => (isFrom(from, remote) ? peer : strangers.of(from)),
      peers: () => [peer, ...strangers.all()],
      received: () => this.#replyTimer?.refresh(),
      ...(connected && { remote }),
    })
    await socket.open()
    this.#socket = socket
    this.#peer = peer
    this.#strangers = strangers
    teller.tell(name, { kind: 'opened', transport: 'udp', local: socket.local, remote, connected })
    socket.tellBuffers()
  }

  #binding(remote: Endpoint, connected: boolean): Binding {
    const { localAddress, localPort = 0 } = this.#options
    const usual = { ipv6Only: false, reuseAddress: false, reusePort: false, port: localPort }
    if (localAddress !== undefined) return { ...usual, address: localAddress }
    const [any, loopback] = remote.family === 'IPv6' ? ['::', '::1'] : ['0.0.0.0', '127.0.0.1']
    // A connected socket hears one address only; any other one hears whoever can reach it.
    return { ...usual, address: !connected && isLoopback(remote.address) ? loopback : any }
  }

  #opened(): { readonly socket: UdpSocket; readonly peer: DatagramPeer } {
    if (this.#socket !== undefined && this.#peer !== undefined)
      return { socket: this.#socket, peer: this.#peer }
    throw new UsageError('there is no socket yet')
  }

  #awaitReplies(): void {
    if (this.#isClosed) return
    this.#replyTimer = setTimeout(() => {
      this.#socket?.close()
      this.#end(this.#outcome())
    }, this.#options.replyWaitMs)
  }

  /** What a script must learn: nobody listens there, or something did not go. */
  #outcome(): Outcome {
    if (this.#socket === undefined || this.#peer === undefined) return {}
    const { isRefused, failure } = this.#socket
    const where = formatEndpoint(this.#peer.remote)
    if (isRefused) {
      const how = 'the kernel told us through ICMP, about a datagram sent earlier (ECONNREFUSED)'
      return {
        error: new NetworkError(
          `Nobody listens on ${where}: ${how}. Start a server there, or check the port.`,
        ),
      }
    }
    if (failure === undefined) return {}
    const { count, why } = failure
    const what = count === 1 ? '1 datagram' : `${count} datagrams`
    return { error: new NetworkError(`${what} for ${where} never left this machine: ${why}`) }
  }

  #tellStats(asked: 'peers' | 'stats'): void {
    const { socket, peer } = this.#opened()
    const { teller, now } = this.#surroundings
    const peers = [peer, ...(this.#strangers?.all() ?? [])].map((one) => one.state(now()))
    teller.tell(name, { kind: 'stats', transport: 'udp', asked, peers, total: socket.traffic })
  }
}

function isFrom({ address, port }: RemoteInfo, remote: Endpoint): boolean {
  return port === remote.port && address === remote.address
}

/** Where a name means this machine, its servers listen on IPv4 unless told otherwise. */
function chooseAddress(addresses: readonly string[]): string {
  const [first = ''] = addresses
  const isThisMachine = addresses.every(isLoopback)
  return (isThisMachine ? addresses.find((address) => familyOf(address) === 4) : undefined) ?? first
}

function openError(error: unknown, goal: string): SockpitError {
  const mends: Readonly<Record<string, string>> = {
    EADDRINUSE: 'Choose another --local-port, or leave it out.',
    EADDRNOTAVAIL: '--local-address takes an address of this machine.',
    EACCES:
      'Ports below 1024 need privileges: choose a higher --local-port. To a broadcast address, add --broadcast.',
    EINVAL: 'An address that starts with fe80 needs its interface: fe80::1%eth0.',
  }
  const mend = mends[systemCode(error) ?? ''] ?? ''
  return new NetworkError(`${goal}: ${describeSystemError(error)}. ${mend}`.trimEnd(), { cause: error })
}
