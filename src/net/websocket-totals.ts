import type { WebSocketClosedEvent, WebSocketState, WebSocketStatsEvent } from '../event.ts'
import { nothingCarried } from '../wire/output.ts'

type Carried = Pick<WebSocketClosedEvent, 'sent' | 'received'>

const nothing = { bytes: 0, ...nothingCarried }

/** What went over all WebSockets of a server, those that are gone included. */
export class WebSocketTotals {
  #closed = 0
  #past: Carried = { sent: { ...nothing, writes: 0 }, received: { ...nothing, reads: 0 } }

  /** Keeps what a connection has carried beyond its end. */
  addClosed(verdict: WebSocketClosedEvent): void {
    this.#closed += 1
    this.#past = add(this.#past, verdict)
  }

  /** @param refused clients that were turned away */
  stats(
    asked: WebSocketStatsEvent['asked'],
    peers: readonly WebSocketState[],
    refused: number,
  ): WebSocketStatsEvent {
    const { sent, received } = peers.reduce(add, this.#past)
    const opened = peers.length + this.#closed
    const total = { opened, closed: this.#closed, refused, sent, received }
    return { kind: 'stats', transport: 'websocket', asked, peers, total }
  }
}

function add(a: Carried, b: Carried): Carried {
  return {
    sent: { ...framed(a.sent, b.sent), writes: a.sent.writes + b.sent.writes },
    received: { ...framed(a.received, b.received), reads: a.received.reads + b.received.reads },
  }
}

function framed(a: typeof nothing, b: typeof nothing): typeof nothing {
  return {
    bytes: a.bytes + b.bytes,
    frames: a.frames + b.frames,
    messages: a.messages + b.messages,
    messageBytes: a.messageBytes + b.messageBytes,
    compressed: {
      from: a.compressed.from + b.compressed.from,
      to: a.compressed.to + b.compressed.to,
    },
  }
}
