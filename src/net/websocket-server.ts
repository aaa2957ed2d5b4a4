import { isUtf8 } from 'node:buffer'
import type { SocketAction } from '../action.ts'
import {
  type Endpoint,
  formatEndpoint,
  type Teller,
  type WebSocketClosedEvent,
  type WebSocketState,
} from '../event.ts'
import type { Policy } from '../wire/handshake.ts'
import type { Driver, EndReason, Outcome } from './driver.ts'
import { isLoopback } from './endpoint.ts'
import { leftovers } from './garbage.ts'
import { Heartbeat } from './heartbeat.ts'
import { Limits } from './limits.ts'
import { Lookout } from './lookout.ts'
import { Roster } from './roster.ts'
import type { Link } from './tcp-connection.ts'
import { type ListenOptions, type ServerSurroundings, TcpListener } from './tcp-listener.ts'
import type { TlsPlan } from './tls.ts'
import { ServerUpgrade } from './upgrade.ts'
import { carryOutOnWebSocket } from './websocket-actions.ts'
import { WebSocketConnection, type WebSocketOptions, type WebSocketOwner } from './websocket-connection.ts'
import { createArena } from './websocket-memory.ts'
import { wantedOf } from './websocket-owner.ts'
import { WebSocketTotals } from './websocket-totals.ts'

export interface WebSocketServerOptions extends WebSocketOptions, ListenOptions {
  readonly policy: Omit<Policy, 'isLoopback'>
  /** From accept to a complete request, milliseconds. */
  readonly handshakeTimeoutMs: number
  /** Milliseconds of silence both ways after which a client is closed; 0: never. */
  readonly idleTimeoutMs: number
  /** Milliseconds between two pings; 0: none. */
  readonly pingIntervalMs: number
  readonly tls: TlsPlan
}

/** What may have come of the unfinished messages of all connections, and be owed of long ones, together, bytes. */
export const mostUnfinished = 128 * 2 ** 20

const name = 'server'

/** A WebSocket server: one listener, many numbered connections. */
export class WebSocketServer implements Driver {
  readonly ended: Promise<Outcome>
  readonly filePiece = Number.POSITIVE_INFINITY
  readonly longestMessage: number
  readonly #options: WebSocketServerOptions
  readonly #teller: Teller
  readonly #listener: TcpListener
  readonly #limits: Limits
  readonly #roster = new Roster<WebSocketConnection>('websocket')
  readonly #totals = new WebSocketTotals()
  readonly #heartbeat: Heartbeat
  #owner: WebSocketOwner
  /** Those who wait for somebody to send to. */
  readonly #openings = new Lookout()
  readonly #upgradeTimers = new Map<WebSocketConnection, NodeJS.Timeout>()
  /** What each connection holds of unfinished messages and of those that it does not take, where it holds anything. */
  readonly #held = new Map<WebSocketConnection, number>()
  #heldBytes = 0
  #policy: Policy
  #isReading = true
  #isWriting = true
  #isClosing = false
  #end: (outcome: Outcome) => void = () => {}

  constructor(options: WebSocketServerOptions, surroundings: ServerSurroundings) {
    this.#options = options
    this.#teller = surroundings.teller
    this.longestMessage = options.maxPayload
    this.#limits = new Limits(surroundings.teller)
    this.#policy = { ...options.policy, isLoopback: true }
    this.ended = new Promise((end) => {
      this.#end = end
    })
    this.#owner = this.#createOwner(surroundings)
    this.#listener = new TcpListener(options, surroundings, this.#limits, {
      count: () => this.#roster.size,
      accept: (link) => this.#accept(link),
    })
    this.#heartbeat = new Heartbeat(options.pingIntervalMs, () => this.#roster.all())
  }

  /** Opens the port. @throws NetworkError that says how to mend it */
  async listen(): Promise<Endpoint> {
    const { tls: plan } = this.#options
    const tls = plan.fromStart ? await plan.load() : undefined
    if (tls !== undefined) this.#owner = { ...this.#owner, tls }
    // The first to come may bring much at once.
    leftovers.look()
    const local = await this.#listener.listen()
    const reach = isLoopback(local.address) ? 'loopback' : 'network'
    this.#policy = { ...this.#policy, isLoopback: reach === 'loopback' }
    const url = `${tls === undefined ? 'ws' : 'wss'}://${formatEndpoint(local)}${this.#policy.paths?.[0] ?? '/'}`
    const secure = tls?.identity === undefined ? {} : { tls: tls.identity }
    const service = this.#options.echo ? 'echo' : 'none'
    this.#teller.tell(name, {
      kind: 'listening',
      transport: 'websocket',
      local,
      reach,
      service,
      url,
      ...secure,
    })
    return local
  }

  async perform(action: SocketAction): Promise<void> {
    if (action.kind === 'peers' || action.kind === 'stats') {
      const peers: readonly WebSocketState[] = this.#roster.all().map(({ state }) => state)
      const refused = this.#limits.count('connections')
      this.#teller.tell(name, this.#totals.stats(action.kind, peers, refused))
      return
    }
    const chosen = this.#roster.choose('peers' in action ? action.peers : undefined)
    const results = await Promise.allSettled(chosen.map((one) => carryOutOnWebSocket(action, one, false)))
    const failed = results.filter((result) => result.status === 'rejected')
    // Of all, those who can do it do it.
    if (failed.length === chosen.length) throw failed[0]?.reason
  }

  /** One message to everybody. */
  async feed(bytes: Uint8Array): Promise<boolean> {
    await this.#openings.until(() => this.#receivers().length > 0 || this.#isClosing)
    const receivers = this.#receivers()
    const type = isUtf8(bytes) ? 'text' : 'binary'
    for (const connection of receivers) connection.send(type, bytes)
    await Promise.all(receivers.map((connection) => connection.tcp.whenRoom()))
    return !this.#isClosing
  }

  startFeed(): void {}

  endFeed(): void {}

  async drained(): Promise<void> {
    await Promise.all(this.#roster.all().map((connection) => connection.tcp.whenSent()))
  }

  setReading(reading: boolean): void {
    this.#isReading = reading
    for (const connection of this.#roster.all()) connection.tcp.setBlocked('output', !reading)
  }

  setWriting(writing: boolean): void {
    this.#isWriting = writing
    for (const connection of this.#roster.all()) connection.tcp.setWriting(writing)
  }

  peers(): readonly number[] {
    return this.#roster.numbers()
  }

  /** Everybody is told that we go away. */
  async shutdown(graceMs: number, _: EndReason): Promise<void> {
    this.#isClosing = true
    this.#listener.close()
    this.#heartbeat.stop()
    this.#openings.look()
    if (this.#roster.size === 0) this.#end({})
    for (const connection of this.#roster.all()) connection.close(1001)
    const timer = setTimeout(() => {
      for (const connection of this.#roster.all()) connection.tcp.abort('fin')
    }, graceMs)
    await this.ended
    clearTimeout(timer)
  }

  #createOwner({ teller, now }: Pick<ServerSurroundings, 'teller' | 'now'>): WebSocketOwner {
    return {
      role: 'server',
      teller,
      limits: this.#limits,
      arena: createArena(),
      wanted: wantedOf(teller),
      now,
      // A server masks nothing.
      nextMask: () => {},
      upgrade: (hooks) => new ServerUpgrade(this.#policy, hooks),
      opened: (connection) => this.#onOpened(connection),
      failed: (connection) => this.#stopTimer(connection),
      received: (connection) => this.#weigh(connection),
      closed: (connection, verdict) => this.#forget(connection, verdict),
    }
  }

  #accept(link: Link): void {
    const connection = this.#roster.add(
      (number) => new WebSocketConnection(`${name}#${number}`, link, this.#options, this.#owner),
    )
    if (!this.#isReading) connection.tcp.setBlocked('output', true)
    if (!this.#isWriting) connection.tcp.setWriting(false)
    connection.closeWhenIdle(this.#options.idleTimeoutMs)
    const afterMs = this.#options.handshakeTimeoutMs
    this.#upgradeTimers.set(
      connection,
      setTimeout(() => connection.expireUpgrade(afterMs), afterMs),
    )
  }

  #onOpened(connection: WebSocketConnection): void {
    this.#stopTimer(connection)
    this.#openings.look()
  }

  #stopTimer(connection: WebSocketConnection): void {
    clearTimeout(this.#upgradeTimers.get(connection))
    this.#upgradeTimers.delete(connection)
  }

  #forget(connection: WebSocketConnection, verdict: WebSocketClosedEvent): void {
    this.#stopTimer(connection)
    this.#setHeld(connection, 0)
    this.#roster.remove(connection)
    this.#totals.addClosed(verdict)
    if (this.#isClosing && this.#roster.size === 0) this.#end({})
  }

  /** What is held for all of them is bounded: where it passes that, the largest has to go. */
  #weigh(connection: WebSocketConnection): void {
    this.#setHeld(connection, connection.held)
    if (this.#heldBytes <= mostUnfinished) return
    // Whoever only reads what it was owed brings nobody here.
    for (const one of this.#held.keys()) this.#setHeld(one, one.held)
    if (this.#heldBytes <= mostUnfinished) return
    const [largest] = [...this.#held].sort(([, one], [, other]) => other - one)[0] ?? []
    if (largest === undefined) return
    const detail =
      'messages of all clients that are unfinished or not taken hold too much: the largest is refused (1008)'
    largest.refuse(mostUnfinished, detail)
    this.#setHeld(largest, 0)
  }

  #setHeld(connection: WebSocketConnection, bytes: number): void {
    if (bytes === 0 && this.#held.size === 0) return
    this.#heldBytes += bytes - (this.#held.get(connection) ?? 0)
    if (bytes === 0) this.#held.delete(connection)
    else this.#held.set(connection, bytes)
  }

  #receivers(): WebSocketConnection[] {
    return this.#roster.all().filter((connection) => connection.isOpen)
  }
}
