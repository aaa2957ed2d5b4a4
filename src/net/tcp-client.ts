import type { SocketAction } from '../action.ts'
import { TimeoutError, TlsError, UsageError } from '../errors.ts'
import { type ConnectionClosedEvent, formatEndpoint, msSince, type Teller } from '../event.ts'
import { carryOut } from './carry-out.ts'
import { type ConnectOptions, connect } from './connect.ts'
import { type Driver, type OnEof, type Outcome, streamFilePiece } from './driver.ts'
import { aborted } from './resolve.ts'
import { type StreamOptions, TcpConnection } from './tcp-connection.ts'
import type { Tls, TlsPlan } from './tls.ts'
import { errorOf } from './verdict.ts'

export interface TcpClientOptions extends ConnectOptions, StreamOptions {
  readonly tls: TlsPlan
}

const name = 'client'

/** A TCP client: one connection that was asked for. */
export class TcpClient implements Driver {
  readonly ended: Promise<Outcome>
  readonly filePiece: number
  readonly longestMessage = Number.POSITIVE_INFINITY
  readonly #options: TcpClientOptions
  readonly #teller: Teller
  readonly #now: () => number
  #connection: TcpConnection | undefined
  #isFeeding = false
  #isClosed = false
  #end: (outcome: Outcome) => void = () => {}

  constructor(options: TcpClientOptions, { teller, now }: { teller: Teller; now: () => number }) {
    this.#options = options
    this.filePiece = streamFilePiece(options)
    this.#teller = teller
    this.#now = now
    this.ended = new Promise((end) => {
      this.#end = end
    })
  }

  /**
   * Connects, with TLS where that is to be from the start; the answer is how long it took, milliseconds.
   * @throws NetworkError, TimeoutError, TlsError, or the reason of the signal
   */
  async connect(signal: AbortSignal): Promise<number> {
    const startedAt = this.#now()
    const { tls: plan, connectTimeoutMs } = this.#options
    // What cannot be used is refused before anything is opened.
    const tls = plan.fromStart ? await plan.load() : undefined
    const telling = { teller: this.#teller, now: this.#now, signal }
    const { socket, receiver, tookMs } = await connect(name, this.#options, telling)
    const connection = new TcpConnection(
      name,
      { socket, receiver, throughOnread: true, tookMs },
      this.#options,
      {
        teller: this.#teller,
        now: this.#now,
        isFeeding: () => this.#isFeeding,
        received: () => {},
        closed: (_, verdict) => this.#onClosed(verdict),
        queueFull: () => {},
      },
    )
    this.#connection = connection
    if (tls === undefined) return tookMs
    await this.#secure(connection, tls, {
      leftMs: connectTimeoutMs - msSince(startedAt, this.#now()),
      signal,
    })
    return msSince(startedAt, this.#now())
  }

  async perform(action: SocketAction): Promise<void> {
    if (action.kind === 'peers' || action.kind === 'stats') this.#tellStats(action.kind)
    else if (action.kind === 'tls') await this.#secureNow(action.servername)
    else await carryOut(action, this.#connected())
  }

  feed(bytes: Uint8Array): boolean | Promise<boolean> {
    const connection = this.#connected()
    connection.send(bytes)
    if (connection.queued === 0) return connection.canSend
    return connection.whenSent().then(() => connection.canSend)
  }

  startFeed(): void {
    this.#isFeeding = true
  }

  endFeed(onEof: OnEof): void {
    this.#isFeeding = false
    if (onEof === 'fin') this.#connection?.fin()
    else if (onEof === 'close') this.#connection?.close()
    else this.#connection?.answerFin()
  }

  async drained(): Promise<void> {
    await this.#connection?.whenSent()
  }

  setReading(reading: boolean): void {
    this.#connection?.setBlocked('output', !reading)
  }

  setWriting(writing: boolean): void {
    this.#connection?.setWriting(writing)
  }

  peers(): readonly number[] {
    return []
  }

  async shutdown(graceMs: number): Promise<void> {
    const connection = this.#connection
    if (connection === undefined) this.#end({})
    if (connection === undefined || this.#isClosed) return
    connection.close()
    const timer = setTimeout(() => connection.abort('fin'), graceMs)
    await this.ended
    clearTimeout(timer)
  }

  /** @throws TlsError, TimeoutError, or the reason of the signal */
  async #secure(
    connection: TcpConnection,
    tls: Tls,
    { leftMs, signal }: { readonly leftMs: number; readonly signal: AbortSignal },
  ): Promise<void> {
    const deadline = AbortSignal.timeout(Math.max(1, Math.ceil(leftMs)))
    try {
      await Promise.race([connection.secure(tls), aborted(AbortSignal.any([signal, deadline]))])
    } catch (error) {
      connection.abort('fin')
      if (signal.aborted) throw error
      if (deadline.aborted && !(error instanceof TlsError)) throw this.#lateError(connection)
      throw this.#named(error)
    }
  }

  async #secureNow(servername: string | undefined): Promise<void> {
    const connection = this.#connected()
    const tls = await this.#options.tls.load()
    try {
      await connection.secure(tls, servername)
    } catch (error) {
      throw this.#named(error)
    }
  }

  #lateError({ remote }: TcpConnection): TimeoutError {
    const afterMs = this.#options.connectTimeoutMs
    this.#teller.tell(name, { kind: 'timeout', what: 'handshake', afterMs })
    return new TimeoutError(
      `No TLS with ${formatEndpoint(remote)}: the handshake was not answered within ${afterMs} ms. ` +
        'Perhaps nobody speaks TLS there; --connect-timeout waits longer.',
    )
  }

  /** Of TLS, with whom it came to nothing. */
  #named<E>(error: E): E | TlsError {
    if (!(error instanceof TlsError)) return error
    const where = formatEndpoint({ address: this.#options.host, port: this.#options.port })
    return new TlsError(`No TLS with ${where}: ${error.message}`, { cause: error.cause })
  }

  #connected(): TcpConnection {
    if (this.#connection !== undefined) return this.#connection
    throw new UsageError('there is no connection yet')
  }

  #onClosed(verdict: ConnectionClosedEvent): void {
    this.#teller.tell(name, verdict)
    this.#isClosed = true
    const { remote, failure } = this.#connected()
    const error = this.#named(failure) ?? errorOf(verdict, `The connection to ${formatEndpoint(remote)}`)
    this.#end(error === undefined ? {} : { error })
  }

  #tellStats(asked: 'peers' | 'stats'): void {
    const state = this.#connected().state
    const isOpen = !this.#isClosed
    this.#teller.tell(name, {
      kind: 'stats',
      transport: 'tcp',
      asked,
      peers: isOpen ? [state] : [],
      total: { opened: 1, closed: isOpen ? 0 : 1, refused: 0, sent: state.sent, received: state.received },
    })
  }
}
