import { createServer, type Server, type Socket } from 'node:net'
import type { Peers, SocketAction } from '../action.ts'
import { describeSystemError, NetworkError, systemCode, UsageError } from '../errors.ts'
import { type ClosedEvent, type Endpoint, formatEndpoint, type StatsEvent, type Teller } from '../event.ts'
import type { Driver, Outcome } from './driver.ts'
import { endpoint, isLoopback, remoteEnd } from './endpoint.ts'
import { readThrough } from './raw-handle.ts'
import { Receiver } from './receiver.ts'
import { createService, type Service, type ServiceName } from './services.ts'
import { type ConnectionOwner, type StreamOptions, TcpConnection } from './tcp-connection.ts'

export interface TcpServerOptions extends StreamOptions {
  readonly host: string
  readonly port: number
  readonly ipv6Only: boolean
  readonly service: ServiceName
  /** Serve one client, then end. */
  readonly once: boolean
  readonly maxConnections: number
  readonly backlog: number
  /** Milliseconds of silence both ways after which a client is closed; 0: never. */
  readonly idleTimeoutMs: number
}

/** What the server needs of the process around it. */
export interface ServerSurroundings {
  readonly teller: Teller
  now(): number
  date(): Date
  openFiles(): { readonly limit: number; readonly open: number }
}

/** Files kept free for everything that is not a connection: the output, a file to send, the name service. */
const spareFiles = 8

const name = 'server'

/** A TCP server: one listener, many numbered connections. */
export class TcpServer implements Driver {
  readonly ended: Promise<Outcome>
  readonly #options: TcpServerOptions
  readonly #surroundings: ServerSurroundings
  readonly #teller: Teller
  readonly #server: Server
  readonly #service: Service
  readonly #connections = new Map<number, TcpConnection>()
  readonly #numbers = new Map<TcpConnection, number>()
  readonly #counts = { opened: 0, closed: 0, refused: 0, queue: 0, line: 0 }
  #maxConnections: number
  #past = { sent: { bytes: 0, writes: 0 }, received: { bytes: 0, reads: 0 } }
  #isFeeding = false
  /** Those that got bytes from standard input. */
  readonly #fed = new WeakSet<TcpConnection>()
  #isReading = true
  #isWriting = true
  #isClosing = false
  #end: (outcome: Outcome) => void = () => {}
  #someone: { promise: Promise<void>; came: () => void } | undefined

  constructor(options: TcpServerOptions, surroundings: ServerSurroundings) {
    this.#options = options
    this.#surroundings = surroundings
    this.#teller = surroundings.teller
    this.#maxConnections = options.maxConnections
    this.ended = new Promise((end) => {
      this.#end = end
    })
    this.#service = createService(options.service, {
      connections: () => this.#connections.values(),
      date: () => surroundings.date(),
      lineCut: (connection, limit) => this.#tellLineCut(connection, limit),
    })
    this.#server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) =>
      this.#accept(socket),
    )
  }

  /** Opens the port. @throws NetworkError that says how to mend it */
  async listen(): Promise<Endpoint> {
    const { host, port, backlog, ipv6Only, service } = this.#options
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (error) => reject(listenError(error, host, port)))
      this.#server.listen({ host, port, backlog, ipv6Only }, resolve)
    })
    this.#server.removeAllListeners('error')
    this.#server.on('error', (error) => this.#tellFailure(error))
    const { limit, open } = this.#surroundings.openFiles()
    this.#maxConnections = Math.max(1, Math.min(this.#options.maxConnections, limit - open - spareFiles))
    const local = addressOf(this.#server)
    const reach = isLoopback(local.address) ? 'loopback' : 'network'
    this.#teller.tell(name, { kind: 'listening', local, reach, service })
    return local
  }

  async perform(action: SocketAction): Promise<void> {
    if (action.kind === 'peers' || action.kind === 'stats') {
      this.#tellStats(action.kind)
      return
    }
    const chosen = this.#choose('peers' in action ? action.peers : undefined)
    await Promise.all(chosen.map((connection) => connection.perform(action)))
  }

  async feed(bytes: Uint8Array): Promise<boolean> {
    while (!this.#receivers().length) await this.#untilSomeoneComes()
    const receivers = this.#receivers()
    for (const connection of receivers) {
      this.#fed.add(connection)
      connection.send(bytes)
    }
    await Promise.all(receivers.map((connection) => connection.whenSent()))
    return true
  }

  startFeed(): void {
    this.#isFeeding = true
  }

  endFeed(): void {
    this.#isFeeding = false
    for (const connection of this.#connections.values()) {
      if (this.#fed.has(connection)) connection.fin()
      else connection.answerFin()
    }
  }

  setReading(reading: boolean): void {
    this.#isReading = reading
    for (const connection of this.#connections.values()) connection.setBlocked('output', !reading)
  }

  setWriting(writing: boolean): void {
    this.#isWriting = writing
    for (const connection of this.#connections.values()) connection.setWriting(writing)
  }

  peers(): readonly number[] {
    return [...this.#connections.keys()]
  }

  async shutdown(graceMs: number): Promise<void> {
    this.#stopListening()
    if (this.#connections.size === 0) this.#end({})
    for (const connection of this.#connections.values()) connection.close()
    const timer = setTimeout(() => {
      for (const connection of this.#connections.values()) connection.abort('fin')
    }, graceMs)
    await this.ended
    clearTimeout(timer)
  }

  #accept(accepted: Socket): void {
    if (this.#connections.size >= this.#maxConnections) {
      this.#refuse(accepted)
      return
    }
    if (accepted.remoteAddress === undefined) {
      accepted.destroy()
      const message = 'a client had gone before it was accepted'
      this.#teller.tell(name, { kind: 'failed', code: 'ECONNABORTED', message })
      return
    }
    if (this.#options.once) this.#stopListening()
    const receiver = new Receiver(this.#options)
    const through = readThrough(accepted, receiver.onread)
    const link = { socket: through ?? accepted, receiver, throughOnread: through !== undefined }
    this.#counts.opened += 1
    const number = this.#counts.opened
    const connection = new TcpConnection(`${name}#${number}`, link, this.#options, this.#owner())
    this.#connections.set(number, connection)
    this.#numbers.set(connection, number)
    if (!this.#isReading) connection.setBlocked('output', true)
    if (!this.#isWriting) connection.setWriting(false)
    this.#watchIdle(link.socket, connection)
    this.#service.opened?.(connection)
    this.#someone?.came()
    this.#someone = undefined
  }

  #owner(): ConnectionOwner {
    return {
      teller: this.#teller,
      now: () => this.#surroundings.now(),
      isFeeding: () => this.#isFeeding,
      received: (connection, bytes) => this.#service.received?.(connection, bytes),
      ended: () => {},
      closed: (connection, verdict) => this.#forget(connection, verdict),
      queueFull: (connection, full) => this.#onQueue(connection, full),
    }
  }

  #forget(connection: TcpConnection, verdict: ClosedEvent): void {
    const number = this.#numbers.get(connection)
    if (number === undefined) return
    this.#connections.delete(number)
    this.#numbers.delete(connection)
    this.#counts.closed += 1
    this.#past = addTotals(this.#past, verdict)
    this.#service.closed?.(connection)
    if (this.#isClosing && this.#connections.size === 0) this.#end(this.#outcome(verdict))
  }

  /** With --once the one connection decides how the command ends. */
  #outcome(verdict: ClosedEvent): Outcome {
    const { how, code, sent, received } = verdict
    if (!this.#options.once || how === 'fin' || (how === 'reset' && code === undefined)) return {}
    const counts = `after ${received.bytes} B received, ${sent.bytes} B sent`
    return { error: new NetworkError(`The client's connection broke (${code ?? how}) ${counts}`) }
  }

  #stopListening(): void {
    this.#isClosing = true
    this.#server.close()
  }

  #refuse(socket: Socket): void {
    this.#counts.refused += 1
    const remote = remoteEnd(socket)
    socket.destroy()
    const limit = this.#maxConnections
    const detail =
      limit < this.#options.maxConnections
        ? `refused ${formatEndpoint(remote)}: this process may have no more open files; ulimit -n raises that`
        : `refused ${formatEndpoint(remote)}: ${limit} are connected; --max-connections allows more`
    this.#teller.tell(name, {
      kind: 'limit',
      what: 'connections',
      limit,
      count: this.#counts.refused,
      detail,
      remote,
    })
  }

  /** A peer that sends but does not read: what a service owes it is bounded, so it has to wait. */
  #onQueue(connection: TcpConnection, full: boolean): void {
    connection.setBlocked('queue', full)
    if (!full) return
    this.#counts.queue += 1
    const limit = this.#options.maxQueue
    const detail = `${limit} B wait for a peer that does not read: nothing more is read from it; --max-queue allows more`
    this.#teller.tell(connection.name, {
      kind: 'limit',
      what: 'queue',
      limit,
      count: this.#counts.queue,
      detail,
    })
  }

  #tellLineCut(connection: TcpConnection, limit: number): void {
    this.#counts.line += 1
    const detail = `a line of the chat is longer than ${limit} B: it is passed on in pieces`
    this.#teller.tell(connection.name, {
      kind: 'limit',
      what: 'line',
      limit,
      count: this.#counts.line,
      detail,
    })
  }

  #watchIdle(socket: Socket, connection: TcpConnection): void {
    const afterMs = this.#options.idleTimeoutMs
    if (afterMs === 0) return
    socket.setTimeout(afterMs, () => {
      this.#teller.tell(connection.name, { kind: 'timeout', what: 'idle', afterMs })
      connection.abort('fin')
    })
  }

  #choose(peers: Peers | undefined): readonly TcpConnection[] {
    if (typeof peers === 'number') {
      const one = this.#connections.get(peers)
      if (one === undefined) throw new UsageError(`there is no client #${peers}: ${this.#who()}`)
      return [one]
    }
    if (this.#connections.size === 0) throw new UsageError('nobody is connected: nothing was done')
    return [...this.#connections.values()]
  }

  #who(): string {
    const numbers = this.peers().slice(0, 20)
    return numbers.length === 0
      ? 'nobody is connected'
      : `connected: ${numbers.map((n) => `#${n}`).join(' ')}`
  }

  #receivers(): TcpConnection[] {
    return [...this.#connections.values()].filter((connection) => connection.canSend)
  }

  #untilSomeoneComes(): Promise<void> {
    if (this.#someone === undefined) {
      let came = () => {}
      const promise = new Promise<void>((resolve) => {
        came = resolve
      })
      this.#someone = { promise, came }
    }
    return this.#someone.promise
  }

  #tellStats(asked: StatsEvent['asked']): void {
    const peers = [...this.#connections.values()].map((connection) => connection.state)
    const { opened, closed, refused } = this.#counts
    const total = peers.reduce(addTotals, this.#past)
    this.#teller.tell(name, { kind: 'stats', asked, peers, total: { opened, closed, refused, ...total } })
  }

  #tellFailure(error: Error): void {
    const code = systemCode(error) ?? 'UNKNOWN'
    this.#teller.tell(name, { kind: 'failed', code, message: describeSystemError(error) })
  }
}

type Totals = Pick<ClosedEvent, 'sent' | 'received'>

function addTotals(a: Totals, b: Totals): Totals {
  return {
    sent: { bytes: a.sent.bytes + b.sent.bytes, writes: a.sent.writes + b.sent.writes },
    received: { bytes: a.received.bytes + b.received.bytes, reads: a.received.reads + b.received.reads },
  }
}

function addressOf(server: Server): Endpoint {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new NetworkError('the server has no address')
  return endpoint(address.address, address.port)
}

function listenError(error: Error, host: string, port: number): NetworkError {
  const where = formatEndpoint({ address: host, port })
  const mends: Readonly<Record<string, string>> = {
    EADDRINUSE: 'Use port 0 for a free one, or stop the process that holds it.',
    EACCES: 'Ports below 1024 need privileges: choose a higher one.',
    EADDRNOTAVAIL: 'Choose an address of this machine, or 127.0.0.1.',
    ENOTFOUND: 'Choose an address of this machine, or 127.0.0.1.',
  }
  const mend = mends[systemCode(error) ?? ''] ?? ''
  return new NetworkError(`Cannot listen on ${where}: ${describeSystemError(error)}. ${mend}`.trimEnd(), {
    cause: error,
  })
}
