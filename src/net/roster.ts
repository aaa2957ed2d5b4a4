import type { Peers } from '../action.ts'
import { UsageError } from '../errors.ts'
import type { ClosedEvent, PeerState, StatsEvent } from '../event.ts'
import type { TcpConnection } from './tcp-connection.ts'

type Totals = Pick<ClosedEvent, 'sent' | 'received'>

/** How many numbers a message names at most. */
const mostNamed = 20

/** Who is connected to a server, by number, and what those who have left had brought and got. */
export class Roster {
  readonly #connections = new Map<number, TcpConnection>()
  readonly #numbers = new Map<TcpConnection, number>()
  #opened = 0
  #closed = 0
  #past: Totals = { sent: { bytes: 0, writes: 0 }, received: { bytes: 0, reads: 0 } }
  #arrivals: (() => void)[] = []

  get size(): number {
    return this.#connections.size
  }

  all(): TcpConnection[] {
    return [...this.#connections.values()]
  }

  numbers(): number[] {
    return [...this.#connections.keys()]
  }

  /** Gives the next number to a new connection. */
  add(create: (number: number) => TcpConnection): TcpConnection {
    this.#opened += 1
    const connection = create(this.#opened)
    this.#connections.set(this.#opened, connection)
    this.#numbers.set(connection, this.#opened)
    for (const arrive of this.#arrivals.splice(0)) arrive()
    return connection
  }

  remove(connection: TcpConnection, verdict: ClosedEvent): void {
    const number = this.#numbers.get(connection)
    if (number === undefined) return
    this.#connections.delete(number)
    this.#numbers.delete(connection)
    this.#closed += 1
    this.#past = add(this.#past, verdict)
  }

  /** Those who are meant: one by number, else all. @throws UsageError where nobody is */
  choose(peers: Peers | undefined): readonly TcpConnection[] {
    if (typeof peers === 'number') {
      const one = this.#connections.get(peers)
      if (one === undefined) throw noSuchClient(peers, this.numbers())
      return [one]
    }
    if (this.size === 0) throw new UsageError('nobody is connected: nothing was done')
    return this.all()
  }

  /** Settles when the next client has come. */
  nextArrival(): Promise<void> {
    return new Promise((arrive) => this.#arrivals.push(arrive))
  }

  /** @param refused clients that were turned away */
  stats(asked: StatsEvent['asked'], refused: number): StatsEvent {
    const peers: readonly PeerState[] = this.all().map((connection) => connection.state)
    const { sent, received } = peers.reduce(add, this.#past)
    const total = { opened: this.#opened, closed: this.#closed, refused, sent, received }
    return { kind: 'stats', asked, peers, total }
  }
}

/** What is said of a number that nobody has. */
export function noSuchClient(number: number, connected: readonly number[]): UsageError {
  const named = connected.slice(0, mostNamed).map((one) => `#${one}`)
  const who = named.length === 0 ? 'nobody is connected' : `connected: ${named.join(' ')}`
  return new UsageError(`there is no client #${number}: ${who}`)
}

function add(a: Totals, b: Totals): Totals {
  return {
    sent: { bytes: a.sent.bytes + b.sent.bytes, writes: a.sent.writes + b.sent.writes },
    received: { bytes: a.received.bytes + b.received.bytes, reads: a.received.reads + b.received.reads },
  }
}
