import type { SocketAction } from '../action.ts'
import { UsageError } from '../errors.ts'
import type { ConnectionClosedEvent, Endpoint, Teller } from '../event.ts'
import { type ConnectionAction, carryOut } from './carry-out.ts'
import { type Driver, type Outcome, streamFilePiece } from './driver.ts'
import { isLoopback } from './endpoint.ts'
import { Limits } from './limits.ts'
import { Roster } from './roster.ts'
import type { ServiceName } from './service-names.ts'
import { createService, type Service } from './services.ts'
import { type ConnectionOwner, type Link, type StreamOptions, TcpConnection } from './tcp-connection.ts'
import { type ListenOptions, type ServerSurroundings, TcpListener } from './tcp-listener.ts'
import { failedTls, type Tls, type TlsPlan } from './tls.ts'
import { Totals } from './totals.ts'
import { errorOf } from './verdict.ts'

export interface TcpServerOptions extends StreamOptions, ListenOptions {
  readonly service: ServiceName
  /** Serve one client, then end. */
  readonly once: boolean
  /** Milliseconds of silence both ways after which a client is closed; 0: never. */
  readonly idleTimeoutMs: number
  readonly tls: TlsPlan
  /** Milliseconds that a TLS handshake may take. */
  readonly handshakeTimeoutMs: number
}

const name = 'server'

/** A TCP server: one listener, many numbered connections. */
export class TcpServer implements Driver {
  readonly ended: Promise<Outcome>
  readonly filePiece: number
  readonly longestMessage = Number.POSITIVE_INFINITY
  readonly #options: TcpServerOptions
  readonly #surroundings: ServerSurroundings
  readonly #teller: Teller
  readonly #listener: TcpListener
  readonly #service: Service
  readonly #roster = new Roster<TcpConnection>('tcp')
  readonly #totals = new Totals()
  readonly #limits: Limits
  #isFeeding = false
  /** Those that got bytes from standard input. */
  readonly #fed = new WeakSet<TcpConnection>()
  /** What is put on each connection from its start. */
  #tls: Tls | undefined
  #isReading = true
  #isWriting = true
  #isClosing = false
  #end: (outcome: Outcome) => void = () => {}

  constructor(options: TcpServerOptions, surroundings: ServerSurroundings) {
    this.#options = options
    this.filePiece = streamFilePiece(options)
    this.#surroundings = surroundings
    this.#teller = surroundings.teller
    this.#limits = new Limits(surroundings.teller)
    this.ended = new Promise((end) => {
      this.#end = end
    })
    this.#service = createService(options.service, {
      connections: () => this.#roster.all(),
      date: () => surroundings.date(),
      lineCut: (connection, limit) => this.#onLineCut(connection, limit),
      linesDropped: (connection) => this.#onLinesDropped(connection),
    })
    this.#listener = new TcpListener(options, surroundings, this.#limits, {
      count: () => this.#roster.size,
      accept: (link) => this.#accept(link),
    })
  }

  /** Opens the port. @throws NetworkError that says how to mend it; UsageError where TLS cannot be had */
  async listen(): Promise<Endpoint> {
    const { service, tls } = this.#options
    if (tls.fromStart) this.#tls = await tls.load()
    const local = await this.#listener.listen()
    const reach = isLoopback(local.address) ? 'loopback' : 'network'
    const secure = this.#tls?.identity === undefined ? {} : { tls: this.#tls.identity }
    this.#teller.tell(name, { kind: 'listening', transport: 'tcp', local, reach, service, ...secure })
    return local
  }

  async perform(action: SocketAction): Promise<void> {
    if (action.kind === 'peers' || action.kind === 'stats') {
      const refused = this.#limits.count('connections')
      this.#teller.tell(name, this.#totals.stats(action.kind, this.#roster.all(), refused))
      return
    }
    const chosen = this.#roster.choose('peers' in action ? action.peers : undefined)
    const results = await Promise.allSettled(chosen.map((one) => this.#carryOut(action, one)))
    const failed = results.filter((result) => result.status === 'rejected')
    // Of all, those who can do it do it.
    if (failed.length === chosen.length) throw failed[0]?.reason
  }

  async feed(bytes: Uint8Array): Promise<boolean> {
    let receivers = this.#receivers()
    while (receivers.length === 0) {
      await this.#roster.nextArrival()
      receivers = this.#receivers()
    }
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
    for (const connection of this.#roster.all()) {
      if (this.#fed.has(connection)) connection.fin()
      else connection.answerFin()
    }
  }

  async drained(): Promise<void> {
    await Promise.all(this.#roster.all().map((connection) => connection.whenSent()))
  }

  setReading(reading: boolean): void {
    this.#isReading = reading
    for (const connection of this.#roster.all()) connection.setBlocked('output', !reading)
  }

  setWriting(writing: boolean): void {
    this.#isWriting = writing
    for (const connection of this.#roster.all()) connection.setWriting(writing)
  }

  peers(): readonly number[] {
    return this.#roster.numbers()
  }

  async shutdown(graceMs: number): Promise<void> {
    this.#stopListening()
    if (this.#roster.size === 0) this.#end({})
    for (const connection of this.#roster.all()) connection.close()
    const timer = setTimeout(() => {
      for (const connection of this.#roster.all()) connection.abort('fin')
    }, graceMs)
    await this.ended
    clearTimeout(timer)
  }

  async #carryOut(action: ConnectionAction, connection: TcpConnection): Promise<void> {
    if (action.kind !== 'tls') return carryOut(action, connection)
    if (action.servername !== undefined)
      throw new UsageError('/tls: it is the client that asks for a name: a server takes none')
    await this.#secure(connection, await this.#options.tls.load())
  }

  /** Where it comes to nothing that is told, and touches no other client. @throws UsageError where it cannot be now */
  async #secure(connection: TcpConnection, tls: Tls): Promise<void> {
    const afterMs = this.#options.handshakeTimeoutMs
    const timer = setTimeout(() => {
      this.#teller.tell(connection.name, { kind: 'timeout', what: 'handshake', afterMs })
      connection.abort('fin')
    }, afterMs)
    try {
      await connection.secure(tls)
    } catch (error) {
      if (connection.failure === undefined) throw error
    } finally {
      clearTimeout(timer)
    }
  }

  async #secureFromStart(connection: TcpConnection, tls: Tls): Promise<void> {
    await this.#secure(connection, tls)
    if (connection.isSecure) this.#service.opened?.(connection)
  }

  #accept(link: Link): void {
    if (this.#options.once) this.#stopListening()
    const connection = this.#roster.add(
      (number) => new TcpConnection(`${name}#${number}`, link, this.#options, this.#owner()),
    )
    if (!this.#isReading) connection.setBlocked('output', true)
    if (!this.#isWriting) connection.setWriting(false)
    connection.closeWhenIdle(this.#options.idleTimeoutMs)
    if (this.#tls === undefined) this.#service.opened?.(connection)
    else void this.#secureFromStart(connection, this.#tls)
  }

  #owner(): ConnectionOwner {
    return {
      teller: this.#teller,
      now: () => this.#surroundings.now(),
      isFeeding: () => this.#isFeeding,
      received: (connection, bytes) => this.#service.received?.(connection, bytes),
      closed: (connection, verdict) => this.#forget(connection, verdict),
      insecure: ({ name }, error) => this.#teller.tell(name, failedTls(error)),
      queueFull: (connection, full) => this.#onQueue(connection, full),
    }
  }

  #forget(connection: TcpConnection, verdict: ConnectionClosedEvent): void {
    this.#teller.tell(connection.name, verdict)
    this.#roster.remove(connection)
    this.#totals.addClosed(verdict)
    this.#service.closed?.(connection)
    if (this.#isClosing && this.#roster.size === 0) this.#end(this.#outcome(verdict))
  }

  /** With --once the one connection decides how the command ends. */
  #outcome(verdict: ConnectionClosedEvent): Outcome {
    const error = this.#options.once ? errorOf(verdict, "The client's connection", 'server') : undefined
    return error === undefined ? {} : { error }
  }

  #stopListening(): void {
    this.#isClosing = true
    this.#listener.close()
  }

  /** A peer that sends but does not read: what a service owes it is bounded, so it has to wait. */
  #onQueue(connection: TcpConnection, full: boolean): void {
    connection.setBlocked('queue', full)
    if (!full) return
    const limit = this.#options.maxQueue
    const detail = 'nothing more is read from a peer that takes nothing; --max-queue allows more'
    this.#limits.tell(connection.name, 'queue', { limit, detail })
  }

  #onLineCut(connection: TcpConnection, limit: number): void {
    const detail = 'a longer one is passed on in pieces'
    this.#limits.tell(connection.name, 'line', { limit, detail })
  }

  #onLinesDropped(connection: TcpConnection): void {
    const detail =
      'who takes nothing misses the lines of the chat until there is room; --max-queue allows more'
    this.#limits.tell(connection.name, 'queue', { limit: this.#options.maxQueue, detail })
  }

  #receivers(): TcpConnection[] {
    return this.#roster.all().filter((connection) => connection.canSend)
  }
}
