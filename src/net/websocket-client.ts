import { isUtf8 } from 'node:buffer'
import type { SocketAction } from '../action.ts'
import {
  type SockpitError,
  TimeoutError,
  TlsError,
  UpgradeError,
  UsageError,
  WebSocketError,
} from '../errors.ts'
import type { Teller, WebSocketClosedEvent } from '../event.ts'
import { describeCloseCode, isNormalClosure } from '../wire/close-code.ts'
import { encodeRequest, type UpgradeRequest } from '../wire/handshake.ts'
import type { Problem } from '../wire/handshake-response.ts'
import { type ConnectOptions, connect } from './connect.ts'
import type { Driver, EndReason, OnEof, Outcome } from './driver.ts'
import { Heartbeat } from './heartbeat.ts'
import { Limits } from './limits.ts'
import { aborted } from './resolve.ts'
import type { Tls, TlsPlan } from './tls.ts'
import { ClientUpgrade, withoutCredentials } from './upgrade.ts'
import { errorOf } from './verdict.ts'
import { carryOutOnWebSocket } from './websocket-actions.ts'
import { WebSocketConnection, type WebSocketOptions, type WebSocketOwner } from './websocket-connection.ts'
import { createArena } from './websocket-memory.ts'
import { createMaskSource, wantedOf } from './websocket-owner.ts'

export interface WebSocketClientOptions extends ConnectOptions, WebSocketOptions {
  /** For messages to people: the URL without credentials. */
  readonly url: string
  readonly request: Omit<UpgradeRequest, 'key'>
  /** What is typed and piped goes as bytes. */
  readonly binary: boolean
  /** Milliseconds between two pings; 0: none. */
  readonly pingIntervalMs: number
  /** How long answers are waited for at the end of standard input, milliseconds. */
  readonly replyWaitMs: number
  readonly tls: TlsPlan
}

export interface ClientSurroundings {
  readonly teller: Teller
  now(): number
  /** Unpredictable bytes. */
  randomBytes(size: number): Uint8Array
}

const name = 'client'

/** How much of what a server says of its refusal stands in the message, characters. */
const mostQuoted = 300

/** A WebSocket client: one connection that was asked for. */
export class WebSocketClient implements Driver {
  readonly ended: Promise<Outcome>
  readonly filePiece = Number.POSITIVE_INFINITY
  readonly longestMessage: number
  readonly #options: WebSocketClientOptions
  readonly #surroundings: ClientSurroundings
  readonly #limits: Limits
  #connection: WebSocketConnection | undefined
  #heartbeat: Heartbeat | undefined
  #problem: Problem | undefined
  /** What the server said of it. */
  #body = ''
  #verdict: WebSocketClosedEvent | undefined
  #replyTimer: NodeJS.Timeout | undefined
  /** Whether we were asked to end it. */
  #isAsked = false
  /** Whether we were asked to end TCP without a close frame. */
  #isCut = false
  /** Whether the answer to the upgrade did not come in time. */
  #isLate = false
  #hasToldBinary = false
  #opened: () => void = () => {}
  #end: (outcome: Outcome) => void = () => {}

  constructor(options: WebSocketClientOptions, surroundings: ClientSurroundings) {
    this.#options = options
    this.#surroundings = surroundings
    this.#limits = new Limits(surroundings.teller)
    this.longestMessage = options.maxPayload
    this.ended = new Promise((end) => {
      this.#end = end
    })
  }

  /**
   * Connects and upgrades.
   * @throws NetworkError, TimeoutError, TlsError, UpgradeError, or the reason of the signal
   */
  async open(signal: AbortSignal): Promise<void> {
    const { teller, now } = this.#surroundings
    const startedAt = now()
    const { tls: plan } = this.#options
    const tls = plan.fromStart ? await plan.load() : undefined
    const link = await connect(name, this.#options, { teller, now, signal })
    const isOpen = new Promise<void>((opened) => {
      this.#opened = opened
    })
    const connection = new WebSocketConnection(
      name,
      { ...link, throughOnread: true },
      this.#options,
      this.#createOwner(tls),
    )
    this.#connection = connection
    const leftMs = Math.max(1, this.#options.connectTimeoutMs - (now() - startedAt))
    const timer = setTimeout(() => {
      this.#isLate = this.#problem === undefined
      connection.expireUpgrade(this.#options.connectTimeoutMs)
    }, leftMs)
    try {
      const failure = await Promise.race([isOpen, this.ended, aborted(signal)])
      if (failure?.error !== undefined) throw failure.error
    } finally {
      clearTimeout(timer)
    }
    this.#heartbeat = new Heartbeat(this.#options.pingIntervalMs, () => [connection])
  }

  async perform(action: SocketAction): Promise<void> {
    if (action.kind === 'peers' || action.kind === 'stats') {
      this.#tellStats(action.kind)
      return
    }
    if (action.kind === 'fin' || action.kind === 'reset') this.#isCut = true
    await carryOutOnWebSocket(action, this.#connected(), this.#options.binary)
  }

  /** One message. */
  feed(bytes: Uint8Array): boolean | Promise<boolean> {
    const connection = this.#connected()
    connection.send(this.#typeOf(bytes), bytes)
    if (connection.tcp.queued === 0) return connection.isOpen
    return connection.tcp.whenRoom().then(() => connection.isOpen)
  }

  leaveOut(size: number): void {
    const limit = this.#options.maxPayload
    const detail = `a message of ${size} bytes was not sent; --max-payload allows more`
    this.#limits.tell(name, 'message', { limit, detail })
  }

  startFeed(): void {}

  /** What was sent may still be answered: we close once nothing has come for a while. */
  endFeed(onEof: OnEof): void {
    if (onEof === 'stay' || this.#options.echo || this.#verdict !== undefined) return
    this.#replyTimer = setTimeout(() => this.#connection?.close(1000), this.#options.replyWaitMs)
  }

  async drained(): Promise<void> {
    await this.#connection?.tcp.whenSent()
  }

  setReading(reading: boolean): void {
    this.#connection?.tcp.setBlocked('output', !reading)
  }

  setWriting(writing: boolean): void {
    this.#connection?.tcp.setWriting(writing)
  }

  peers(): readonly number[] {
    return []
  }

  async shutdown(graceMs: number, why: EndReason): Promise<void> {
    const connection = this.#connection
    clearTimeout(this.#replyTimer)
    if (connection === undefined) this.#end({})
    if (connection === undefined || this.#verdict !== undefined) return
    this.#isAsked = true
    connection.close(why === 'signal' ? 1001 : 1000)
    // Who was only asked may wait for the answer to the close frame: that has a limit of its own.
    const isPatient = why === 'asked' && graceMs > 0 && connection.isUpgraded
    const limitMs = isPatient ? Math.max(graceMs, 2 * this.#options.closeTimeoutMs) : graceMs
    const timer = setTimeout(() => connection.tcp.abort('fin'), limitMs)
    await this.ended
    clearTimeout(timer)
  }

  #createOwner(tls: Tls | undefined): WebSocketOwner {
    const { teller, now, randomBytes } = this.#surroundings
    const key = Buffer.from(randomBytes(16)).toString('base64')
    const request = { ...this.#options.request, key }
    return {
      role: 'client',
      teller,
      limits: this.#limits,
      arena: createArena(),
      ...(tls !== undefined && { tls }),
      wanted: wantedOf(teller),
      now,
      nextMask: createMaskSource(randomBytes),
      upgrade: (hooks) => new ClientUpgrade(request, hooks),
      opened: () => this.#opened(),
      failed: (_, problem, body) => {
        this.#problem = problem
        this.#body = body
      },
      received: () => this.#replyTimer?.refresh(),
      closed: (_, verdict) => this.#onClosed(verdict),
      tellable: () => encodeRequest(withoutCredentials(request)),
    }
  }

  #connected(): WebSocketConnection {
    if (this.#connection !== undefined) return this.#connection
    throw new UsageError('there is no connection yet')
  }

  /** What is not UTF-8 cannot be a text message: it goes as bytes, so that nothing is lost. */
  #typeOf(bytes: Uint8Array): 'text' | 'binary' {
    if (this.#options.binary) return 'binary'
    if (isUtf8(bytes)) return 'text'
    if (!this.#hasToldBinary) {
      const text = 'a message that is not UTF-8 goes as a binary one (--binary: all of them)'
      this.#surroundings.teller.tell(name, { kind: 'note', text })
    }
    this.#hasToldBinary = true
    return 'binary'
  }

  #onClosed(verdict: WebSocketClosedEvent): void {
    this.#verdict = verdict
    this.#heartbeat?.stop()
    clearTimeout(this.#replyTimer)
    const error = this.#errorOf(verdict)
    this.#end(error === undefined ? {} : { error })
  }

  /** What a script must learn; undefined where it ended as asked. */
  #errorOf(verdict: WebSocketClosedEvent): SockpitError | undefined {
    const { url } = this.#options
    const insecure = this.#connection?.tcp.failure
    if (insecure !== undefined && !this.#isLate) {
      return new TlsError(`No TLS with ${url}: ${insecure.message}`, { cause: insecure.cause })
    }
    const broken = verdict.code === undefined ? undefined : errorOf(verdict, `The connection to ${url}`)
    if (!verdict.upgraded) return this.#isAsked ? undefined : (broken ?? this.#upgradeError())
    const { closeCode, sentCode, reason, first } = verdict
    const failure = this.#connection?.failure
    if (failure !== undefined) {
      const { message, section, closeCode: code } = failure
      return new WebSocketError(`${url} had to be closed with ${code}: ${message} (${section})`)
    }
    if (this.#isCut || (first === 'us' && closeCode === sentCode)) return undefined
    if (closeCode === 1006) {
      const sent = sentCode === undefined ? '' : ': ours was not answered'
      const cause = verdict.code === undefined ? '' : ` (${verdict.code})`
      return new WebSocketError(`${url} ended without a close frame (1006)${sent}${cause}`)
    }
    if (isNormalClosure(closeCode)) return undefined
    const why = reason === '' ? '' : ` "${reason}"`
    return new WebSocketError(
      `${url} ended with close code ${closeCode} (${describeCloseCode(closeCode).name})${why}`,
    )
  }

  #upgradeError(): SockpitError {
    const { url } = this.#options
    const problem = this.#problem
    if (problem === undefined || this.#isLate) {
      return new TimeoutError(
        `Cannot upgrade to WebSocket at ${url}: no answer in time; --connect-timeout waits longer`,
      )
    }
    const { what, reason, section, hint } = problem
    const mend = hint === undefined ? '' : ` ${hint}`
    const line = firstWords(Buffer.from(this.#body, 'latin1').toString())
    const said = line === '' ? '' : ` They say: "${line.slice(0, mostQuoted)}"`
    return new UpgradeError(
      `Cannot upgrade to WebSocket at ${url}: ${what} ${reason} (${section}).${mend}${said}`,
    )
  }

  #tellStats(asked: 'peers' | 'stats'): void {
    const { state } = this.#connected()
    const isOpen = this.#verdict === undefined
    const { sent, received } = state
    const total = { opened: 1, closed: isOpen ? 0 : 1, refused: 0, sent, received }
    const peers = isOpen ? [state] : []
    this.#surroundings.teller.tell(name, { kind: 'stats', transport: 'websocket', asked, peers, total })
  }
}

/** The first line of a text in which anything stands; of a page, without its tags. */
function firstWords(body: string): string {
  const isPage = body.trimStart().startsWith('<')
  const words = isPage ? body.replace(/<[^>]*>/g, '') : body
  return (
    words
      .trim()
      .split(/[\r\n]/)[0]
      ?.trim() ?? ''
  )
}
