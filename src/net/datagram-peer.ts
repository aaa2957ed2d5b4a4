import { type DatagramPeerState, type Endpoint, msSince } from '../event.ts'
import { type SequenceHeader, type SequenceReport, SequenceTracker } from '../wire/sequence.ts'
import { Tally } from './tally.ts'

/** An address that datagrams go to and come from, and what has gone each way. */
export class DatagramPeer {
  readonly name: string
  readonly remote: Endpoint
  readonly sent = new Tally()
  readonly received = new Tally()
  readonly #knownAt: number
  #tracker: SequenceTracker | undefined
  #numbered = 0

  /** @param name `client`, or `server#3` */
  constructor(name: string, remote: Endpoint, knownAt: number) {
    this.name = name
    this.remote = remote
    this.#knownAt = knownAt
  }

  /** The number of the next numbered datagram to it. */
  nextNumber(): number {
    this.#numbered += 1
    return this.#numbered
  }

  /** Takes the number of one of its datagrams into account. */
  track(header: SequenceHeader, receivedAt: number): void {
    this.#tracker ??= new SequenceTracker()
    this.#tracker.take(header, receivedAt)
  }

  get sequence(): SequenceReport | undefined {
    return this.#tracker?.report
  }

  state(now: number): DatagramPeerState {
    const { sequence } = this
    return {
      socket: this.name,
      remote: this.remote,
      sent: this.sent.count,
      received: this.received.count,
      ...(sequence !== undefined && { sequence }),
      knownMs: msSince(this.#knownAt, now),
    }
  }
}
