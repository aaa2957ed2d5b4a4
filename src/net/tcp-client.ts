import type { SocketAction } from '../action.ts'
import { UsageError } from '../errors.ts'
import { type ConnectionClosedEvent, formatEndpoint, type Teller } from '../event.ts'
import { carryOut } from './carry-out.ts'
import { type ConnectOptions, connect } from './connect.ts'
import { type Driver, type OnEof, type Outcome, streamFilePiece } from './driver.ts'
import { type StreamOptions, TcpConnection } from './tcp-connection.ts'
import { errorOf } from './verdict.ts'

export interface TcpClientOptions extends ConnectOptions, StreamOptions {}

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
   * Connects; the answer is how long it took, milliseconds.
   * @throws NetworkError, TimeoutError, or the reason of the signal
   */
  async connect(signal: AbortSignal): Promise<number> {
    const telling = { teller: this.#teller, now: this.#now, signal }
    const { socket, receiver, tookMs } = await connect(name, this.#options, telling)
    this.#connection = new TcpConnection(
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
    return tookMs
  }

  async perform(action: SocketAction): Promise<void> {
    if (action.kind === 'peers' || action.kind === 'stats') this.#tellStats(action.kind)
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

  #connected(): TcpConnection {
    if (this.#connection !== undefined) return this.#connection
    throw new UsageError('there is no connection yet')
  }

  #onClosed(verdict: ConnectionClosedEvent): void {
    this.#teller.tell(name, verdict)
    this.#isClosed = true
    const where = formatEndpoint(this.#connected().remote)
    const error = errorOf(verdict, `The connection to ${where}`)
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
