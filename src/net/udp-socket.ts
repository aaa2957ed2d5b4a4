import type { RemoteInfo } from 'node:dgram'
import { describeSystemError, systemCode } from '../errors.ts'
import {
  type DatagramEvent,
  type Endpoint,
  formatEndpoint,
  msSince,
  type Teller,
  type Traffic,
} from '../event.ts'
import { group } from '../quantities.ts'
import type { DatagramSetting } from '../settings.ts'
import {
  addReports,
  encodeSequenceHeader,
  RoundTrips,
  readSequenceHeader,
  type SequenceHeader,
  type SequenceReport,
} from '../wire/sequence.ts'
import type { DatagramPeer } from './datagram-peer.ts'
import { type Binding, type DatagramOptions, DatagramPort, isRefusal } from './datagram-port.ts'
import type { DatagramSender } from './datagram-sender.ts'
import { fragmentNote, fragmentsOf, tooLarge } from './datagram-size.ts'
import { readKernelDrops } from './kernel-drops.ts'
import type { Limits } from './limits.ts'
import { Tally } from './tally.ts'

/** What a datagram socket needs of whoever owns it. */
export interface UdpOwner {
  readonly teller: Teller
  readonly limits: Limits
  now(): number
  /** Tells our numbered datagrams from those of others: 32 random bits. */
  readonly stream: number
  /** Whose address that is. */
  peerOf(from: RemoteInfo): DatagramPeer
  peers(): readonly DatagramPeer[]
  /** A datagram, which is the owner's to keep. */
  received(peer: DatagramPeer, payload: Buffer): void
  /** The one remote of a connected socket. */
  readonly remote?: Endpoint
}

/** A datagram socket of a client or of a server: what it sends and receives is counted and told. */
export class UdpSocket {
  readonly #name: string
  readonly #options: DatagramOptions
  readonly #owner: UdpOwner
  readonly #openedAt: number
  /** Whether anybody wants to be told what comes and goes. */
  readonly #tellsReceived: boolean
  readonly #tellsSent: boolean
  readonly #port: DatagramPort<DatagramPeer>
  readonly #roundTrips = new RoundTrips()
  /** What peers that are forgotten had sent and got. */
  readonly #past = { sent: new Tally(), received: new Tally() }
  #pastSequence: SequenceReport | undefined
  #truncate: number | undefined
  #unsent = 0
  #refused = 0
  /** Why the last one that was not taken was not. */
  #failure: string | undefined
  /** What was said once and need not be said again. */
  readonly #said = new Set<string>()
  /** Refused, and nothing has come from there since. */
  #isRefused = false
  /** The output is full, and this Node cannot leave in the kernel what arrives. */
  #isDeaf = false
  #drops: number | undefined
  #isClosed = false

  constructor(name: string, binding: Binding, options: DatagramOptions, owner: UdpOwner) {
    this.#name = name
    this.#options = options
    this.#owner = owner
    this.#openedAt = owner.now()
    this.#tellsReceived = owner.teller.wants('datagram', 'received')
    this.#tellsSent = owner.teller.wants('datagram', 'sent')
    this.#truncate = options.truncate
    this.#port = new DatagramPort(binding, options, {
      received: (payload, from) => this.#take(payload, from),
      prepare: (payload, peer) => this.#prepare(payload, peer),
      sent: (bytes, peer) => this.#onSent(bytes, peer),
      failed: (bytes, peer, error) => this.#onFailed(bytes, peer, error),
      troubled: (error) => this.#onTrouble(error),
      now: () => owner.now(),
    })
  }

  /** Binds it, and connects it where there is one remote. @throws the system's error, or UsageError */
  async open(): Promise<void> {
    const { remote } = this.#owner
    await this.#port.open()
    try {
      if (remote !== undefined) await this.#port.connect(remote)
    } catch (error) {
      this.#port.close()
      throw error
    }
  }

  /** @throws the system's error, or UsageError */
  join(group: string, through: string | undefined): void {
    this.#port.join(group, through)
  }

  /** Linux counts its own bookkeeping, and has a limit: what was asked is seldom what is given. */
  tellBuffers(): void {
    const { receiveBuffer, sendBuffer } = this.#options
    const given = receiveBuffer === undefined && sendBuffer === undefined ? undefined : this.#port.buffers
    const say = (which: string, asked: number | undefined, got: number | undefined): void => {
      if (asked === undefined || got === undefined) return
      const text = `${which} buffer: ${group(asked)} B asked, ${group(got)} B given by the kernel`
      this.#owner.teller.tell(this.#name, { kind: 'note', text })
    }
    say('receive', receiveBuffer, given?.receive)
    say('send', sendBuffer, given?.send)
  }

  get local(): Endpoint {
    return this.#port.local
  }

  get sender(): DatagramSender<DatagramPeer> {
    return this.#port.sender
  }

  /** Whether nobody listened there when it was last heard of. */
  get isRefused(): boolean {
    return this.#isRefused
  }

  /** How many could not be sent, and why the last of them could not; undefined where all could. */
  get failure(): { readonly count: number; readonly why: string } | undefined {
    return this.#failure === undefined ? undefined : { count: this.#unsent, why: this.#failure }
  }

  set(setting: DatagramSetting): void {
    if (setting.name === 'truncate') this.#truncate = setting.value
    else this.#port.set(setting)
  }

  setReading(reading: boolean): void {
    this.#isDeaf = !this.#port.setReading(reading) && !reading
  }

  /** A message was too long to be kept, let alone sent. */
  leaveOut(size: number): void {
    const message = `a message of ${group(size)} B was left out: no datagram is that long`
    this.#unsent += 1
    this.#failure = message
    this.#owner.teller.tell(this.#name, { kind: 'failed', code: 'EMSGSIZE', message })
  }

  /** Keeps what went to and came from a peer that is forgotten. */
  forget(peer: DatagramPeer): void {
    this.#past.sent.merge(peer.sent)
    this.#past.received.merge(peer.received)
    this.#pastSequence = addReports(this.#pastSequence, peer.sequence)
  }

  /** What went each way so far, over all peers. */
  get traffic(): Traffic & { readonly openMs: number } {
    const [sent, received] = [new Tally(), new Tally()]
    let sequence = this.#pastSequence
    for (const one of [this.#past, ...this.#owner.peers()]) {
      sent.merge(one.sent)
      received.merge(one.received)
      if ('sequence' in one) sequence = addReports(sequence, one.sequence)
    }
    const dropped = this.#isClosed ? this.#drops : readKernelDrops(this.local)
    const roundTrips = this.#roundTrips.report
    return {
      sent: sent.count,
      received: received.count,
      unsent: this.#unsent,
      refused: this.#refused,
      ...(dropped !== undefined && { dropped }),
      ...(sequence !== undefined && { sequence }),
      ...(roundTrips !== undefined && { roundTrips }),
      openMs: msSince(this.#openedAt, this.#owner.now()),
    }
  }

  /** Closes the socket at once, and tells what it has carried. */
  close(): void {
    if (this.#isClosed) return
    this.#unsent += this.sender.stop()
    this.#drops = readKernelDrops(this.local)
    this.#isClosed = true
    this.#port.close()
    const connected = this.#owner.remote !== undefined
    this.#owner.teller.tell(this.#name, { kind: 'closed', transport: 'udp', connected, ...this.traffic })
  }

  #take(payload: Buffer, from: RemoteInfo): void {
    const { teller } = this.#owner
    if (this.#isDeaf) {
      this.#owner.limits.tell(this.#name, 'output', {
        limit: 0,
        detail: 'the output takes no more: a datagram was thrown away',
      })
      return
    }
    const peer = this.#owner.peerOf(from)
    const now = this.#owner.now()
    peer.received.add(payload.length, now)
    this.#isRefused = false
    const header = readSequenceHeader(payload)
    if (header !== undefined) this.#track(header, peer, now)
    if (this.#tellsReceived) {
      teller.tell(peer.name, this.#describe('received', payload, peer, header), now)
    } else teller.stir()
    this.#owner.received(peer, payload)
  }

  #track(header: SequenceHeader, peer: DatagramPeer, now: number): void {
    peer.track(header, now)
    if (header.stream === this.#owner.stream) this.#roundTrips.take(now - header.sentAtMs)
  }

  #describe(
    direction: DatagramEvent['direction'],
    payload: Uint8Array,
    { remote }: DatagramPeer,
    header: SequenceHeader | undefined,
  ): DatagramEvent {
    const size = payload.length
    const kept = this.#truncate
    const isCut = direction === 'received' && kept !== undefined && kept < size
    const plain = { kind: 'datagram', direction, size, remote, payload } as const
    // Measured: spreading into every event would take longer than all else that is done for a datagram.
    if (header === undefined && !isCut) return plain
    return { ...plain, ...(header !== undefined && { number: header.number }), ...(isCut && { kept }) }
  }

  #prepare(payload: Uint8Array, peer: DatagramPeer): Uint8Array {
    return this.#options.sequence ? this.#number(payload, peer) : payload
  }

  #number(payload: Uint8Array, peer: DatagramPeer): Uint8Array {
    const { stream } = this.#owner
    const header = encodeSequenceHeader({ stream, number: peer.nextNumber(), sentAtMs: this.#owner.now() })
    return Buffer.concat([header, payload])
  }

  #onSent(bytes: Uint8Array, peer: DatagramPeer): void {
    const now = this.#owner.now()
    peer.sent.add(bytes.length, now)
    const { teller } = this.#owner
    if (this.#tellsSent) {
      teller.tell(peer.name, this.#describe('sent', bytes, peer, readSequenceHeader(bytes)), now)
    } else teller.stir()
    if (fragmentsOf(bytes.length, peer.remote.family) > 1 && this.#isNew('fragments')) {
      teller.tell(this.#name, { kind: 'note', text: fragmentNote(bytes.length, peer.remote.family) })
    }
  }

  #onFailed(bytes: Uint8Array, peer: DatagramPeer, error: Error): void {
    this.#unsent += 1
    const code = systemCode(error) ?? 'UNKNOWN'
    const message = explain(error, bytes.length, peer.remote)
    this.#failure = message
    if (code !== 'EMSGSIZE' && !this.#isNew(`${code} ${formatEndpoint(peer.remote)}`)) return
    this.#owner.teller.tell(peer.name, { kind: 'failed', code, message, remote: peer.remote })
  }

  /** What the kernel tells of datagrams sent earlier: once for each cause. */
  #onTrouble(error: Error): void {
    const { remote, teller } = this.#owner
    if (remote === undefined || !isRefusal(error)) {
      const code = systemCode(error) ?? 'UNKNOWN'
      const message = describeSystemError(error)
      if (this.#isNew(code)) teller.tell(this.#name, { kind: 'failed', code, message })
      return
    }
    this.#refused += 1
    if (this.#isRefused) return
    this.#isRefused = true
    teller.tell(this.#name, { kind: 'refused', transport: 'udp', remote, code: 'ECONNREFUSED' })
  }

  #isNew(cause: string): boolean {
    if (this.#said.has(cause) || this.#said.size >= mostSaid) return false
    this.#said.add(cause)
    return true
  }
}

/** So many different things are said once; a thousand peers may fail in as many ways. */
const mostSaid = 1_000

/** Why a datagram was not taken, and what to do. */
function explain(error: Error, size: number, remote: Endpoint): string {
  switch (systemCode(error)) {
    case 'EMSGSIZE':
      return tooLarge(size, remote.family)
    case 'EACCES':
      return `${remote.address} may be a broadcast address: --broadcast (or /set broadcast on) allows it (EACCES)`
    default:
      return describeSystemError(error)
  }
}
