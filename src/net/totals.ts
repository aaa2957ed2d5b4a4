import type { ConnectionClosedEvent, ConnectionStatsEvent } from '../event.ts'
import type { TcpConnection } from './tcp-connection.ts'

type Carried = Pick<ConnectionClosedEvent, 'sent' | 'received'>

/** What went over all connections of a server, those that are gone included. */
export class Totals {
  #closed = 0
  #past: Carried = { sent: { bytes: 0, writes: 0 }, received: { bytes: 0, reads: 0 } }

  /** Keeps what a connection has carried beyond its end. */
  addClosed(verdict: ConnectionClosedEvent): void {
    this.#closed += 1
    this.#past = add(this.#past, verdict)
  }

  /** @param refused clients that were turned away */
  stats(
    asked: ConnectionStatsEvent['asked'],
    connections: readonly TcpConnection[],
    refused: number,
  ): ConnectionStatsEvent {
    const peers = connections.map((connection) => connection.state)
    const { sent, received } = peers.reduce(add, this.#past)
    const opened = peers.length + this.#closed
    const total = { opened, closed: this.#closed, refused, sent, received }
    return { kind: 'stats', transport: 'tcp', asked, peers, total }
  }
}

function add(a: Carried, b: Carried): Carried {
  return {
    sent: { bytes: a.sent.bytes + b.sent.bytes, writes: a.sent.writes + b.sent.writes },
    received: { bytes: a.received.bytes + b.received.bytes, reads: a.received.reads + b.received.reads },
  }
}
