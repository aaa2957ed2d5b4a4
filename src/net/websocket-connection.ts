import type { HandmadeFrame } from '../action.ts'
import type { SockpitError } from '../errors.ts'
import {
  type ConnectionClosedEvent,
  type EventBody,
  msSince,
  type Side,
  type Teller,
  type WebSocketClosedEvent,
  type WebSocketReceived,
  type WebSocketSent,
  type WebSocketState,
} from '../event.ts'
import type { Arena } from '../wire/arena.ts'
import { lengthFormOf, opcodes, type Role, type Violation } from '../wire/frame.ts'
import type { Problem } from '../wire/handshake-response.ts'
import { nothingCarried, type Output, type Wanted } from '../wire/output.ts'
import { WebSocketMachine } from '../wire/websocket.ts'
import { LentWrites } from './lent-writes.ts'
import type { Limits } from './limits.ts'
import { PingLog } from './ping-log.ts'
import { type ConnectionOwner, type Link, type StreamOptions, TcpConnection } from './tcp-connection.ts'
import { failedTls, type Tls } from './tls.ts'
import { type Agreed, compressionText, type Upgrade, type UpgradeHooks } from './upgrade.ts'

/** What both ends of a WebSocket can be told on the command line. */
export interface WebSocketOptions extends StreamOptions {
  readonly maxPayload: number
  /** How long the peer may take for its half of the end, milliseconds. */
  readonly closeTimeoutMs: number
  /** Do not judge frames. */
  readonly lax: boolean
  /** Send every message back as it came. */
  readonly echo: boolean
  /** After the upgrade, read no frames until asked to. */
  readonly holdFrames: boolean
}

/** What a WebSocket needs of whoever owns it; many share one. */
export interface WebSocketOwner {
  readonly role: Role
  readonly teller: Teller
  readonly limits: Limits
  readonly arena: Arena
  readonly wanted: Wanted
  /** What is put on each connection before the upgrade. */
  readonly tls?: Tls
  now(): number
  nextMask(into: Uint8Array): void
  /** Begins the upgrade. */
  upgrade(hooks: UpgradeHooks): Upgrade
  opened(connection: WebSocketConnection): void
  /** The upgrade came to nothing. */
  failed(connection: WebSocketConnection, problem: Problem, body: string): void
  /** A read was looked at. */
  received(connection: WebSocketConnection): void
  closed(connection: WebSocketConnection, verdict: WebSocketClosedEvent): void
  /** What may be told of a write; the write itself where nothing stands here. */
  tellable?(written: Uint8Array): Uint8Array
}

/** Frames of a message at most: empty ones cost something, too. */
export const maxFragments = 131_072

/** What one read brings is looked at as a whole: compressed, each KiB of it can stand for a MiB, bytes. */
const mostCompressedRead = 16_384

/** There was no close frame (RFC 6455 §7.1.5). */
const abnormal = 1006

/** One WebSocket, of a client or of a server, from the TCP connection to the verdict. */
export class WebSocketConnection implements ConnectionOwner {
  readonly name: string
  readonly teller: Teller
  /** The connection below: what concerns the stream alone is asked of it. */
  readonly tcp: TcpConnection
  readonly #options: WebSocketOptions
  readonly #owner: WebSocketOwner
  readonly #openedAt: number
  #upgrade: Upgrade | undefined
  #machine: WebSocketMachine | undefined
  #pings: PingLog | undefined
  /** Who began the close handshake. */
  #closingBy: Side | undefined
  #closeTimer: NodeJS.Timeout | undefined
  #writes: LentWrites | undefined
  /** With a limit for silence: its timer, and how many messages had come when it was last put off. */
  #idle: NodeJS.Timeout | undefined
  #messagesBefore = 0
  /** Whether nothing came since the last ping that keeps the connection alive. */
  #isSilent = false

  constructor(name: string, link: Link, options: WebSocketOptions, owner: WebSocketOwner) {
    this.name = name
    this.teller = owner.teller
    this.#options = options
    this.#owner = owner
    this.#openedAt = owner.now()
    this.tcp = new TcpConnection(name, link, options, this)
    if (owner.tls === undefined) this.#begin()
    else void this.#secure(owner.tls)
  }

  /** Whether there is a WebSocket some day: neither TLS nor the upgrade has failed. */
  get isUpgrading(): boolean {
    return this.#machine === undefined && !this.tcp.isClosed
  }

  /** The rule or the limit that ended it. */
  get failure(): Violation | undefined {
    return this.#machine?.failure
  }

  /** Whether messages can be sent. */
  get isOpen(): boolean {
    return this.#machine?.isOpen === true && this.tcp.canSend
  }

  get isUpgraded(): boolean {
    return this.#machine !== undefined
  }

  /** What has come of a message that is not finished, and what is owed beyond what may wait, bytes. */
  get held(): number {
    return (this.#machine?.held ?? 0) + this.#owed
  }

  /** A long message is owed as a whole, however little more may wait. */
  get #owed(): number {
    return Math.max(0, this.tcp.queued - this.#options.maxQueue)
  }

  /** What it has carried so far. */
  get carried(): { readonly sent: WebSocketSent; readonly received: WebSocketReceived } {
    const { sent, received } = this.tcp.carried
    const { sent: out, received: into } = this.#machine ?? { sent: nothingCarried, received: nothingCarried }
    return { sent: { ...sent, ...out }, received: { ...received, ...into } }
  }

  get state(): WebSocketState {
    const { paused, queued, socket, remote } = this.tcp.state
    const state = this.isOpen ? 'open' : this.isUpgrading ? 'upgrading' : 'closing'
    const openMs = msSince(this.#openedAt, this.#owner.now())
    return { socket, remote, state, paused, ...this.carried, queued, openMs }
  }

  /** Sends a message; nothing where it is not open. */
  send(type: 'text' | 'binary', payload: Uint8Array, fragments?: number): void {
    this.#idle?.refresh()
    this.#carryOut(this.#machine?.send(type, payload, fragments))
  }

  sendControl(type: 'ping' | 'pong', payload: Uint8Array): void {
    if (type === 'ping') {
      this.#pings ??= new PingLog()
      this.#pings.sent(payload, this.#owner.now())
    }
    this.#carryOut(this.#machine?.sendControl(type, payload))
  }

  /** Sends a frame made by hand; what is not said is as it should be. */
  sendFrame(frame: HandmadeFrame): void {
    const { payload, fin = true, rsv1 = false, rsv2 = false, rsv3 = false, opcode } = frame
    const { length = payload.length } = frame
    const parts = {
      fin,
      rsv1,
      rsv2,
      rsv3,
      opcode,
      length,
      lengthForm: frame.lengthForm ?? lengthFormOf(length),
    }
    this.#carryOut(this.#machine?.sendFrame({ ...parts, mask: this.#maskOf(frame) }, payload))
  }

  /** Begins the close handshake; before the upgrade there is only TCP to be closed. */
  close(code?: number, reason?: string): void {
    if (this.#machine === undefined) this.tcp.close()
    else this.#carryOut(this.#machine.close(code, reason))
  }

  /** A limit that all connections share was passed by this one. What it is owed and does not take is dropped. */
  refuse(limit: number, detail: string): void {
    this.#carryOut(this.#machine?.refuse({ kind: 'limit', what: 'unfinished', limit, detail }))
    if (this.#owed > 0) this.tcp.abort('fin')
  }

  /** Closes it after so long without a message either way, milliseconds; 0: never. Pings do not count. */
  closeWhenIdle(afterMs: number): void {
    if (afterMs === 0) return
    this.#idle = setTimeout(() => {
      this.#tell({ kind: 'timeout', what: 'idle', afterMs })
      this.close(1001)
    }, afterMs)
  }

  /** The upgrade took too long. */
  expireUpgrade(afterMs: number): void {
    if (this.#machine !== undefined || this.tcp.isClosed) return
    this.#tell({ kind: 'timeout', what: 'handshake', afterMs })
    this.tcp.abort('fin')
  }

  /** Sends a ping; where nothing at all came since the one before, so many milliseconds ago, gives the peer up. */
  beat(intervalMs: number): void {
    if (!this.isOpen || this.tcp.isBlocked) return
    if (this.#isSilent) {
      this.#tell({ kind: 'timeout', what: 'ping', afterMs: intervalMs })
      this.tcp.abort('timeout')
      return
    }
    this.#isSilent = true
    this.sendControl('ping', new Uint8Array())
  }

  now(): number {
    return this.#owner.now()
  }

  /** Standard input has no say in when a WebSocket ends. */
  isFeeding(): boolean {
    return false
  }

  received(tcp: TcpConnection, bytes: Uint8Array): void {
    this.#isSilent = false
    if (this.#machine === undefined) this.#upgrade?.take(bytes)
    else {
      this.#carryOut(this.#machine.receive(bytes, tcp.reads))
      tcp.setHeld(this.#machine.held)
    }
    if (this.#idle !== undefined) this.#noteActivity(this.#idle)
    this.#owner.received(this)
  }

  /** A client tells it by how its command ends. */
  insecure(_: TcpConnection, error: SockpitError): void {
    if (this.#owner.role === 'server') this.#tell(failedTls(error))
  }

  /** A peer that sends but does not read has to wait: what an echo owes it is bounded. */
  queueFull(tcp: TcpConnection, full: boolean): void {
    // Only what goes back can be kept small by reading less.
    if (!this.#options.echo) return
    tcp.setBlocked('queue', full)
    if (!full) return
    const detail = 'nothing more is read from a peer that takes nothing; --max-queue allows more'
    this.#owner.limits.tell(this.name, 'queue', { limit: this.#options.maxQueue, detail })
  }

  congested(_: TcpConnection, congested: boolean): void {
    this.#carryOut(this.#machine?.setCongested(congested))
  }

  wentOn(): void {
    this.#writes?.takeBack()
  }

  tellable(written: Uint8Array): Uint8Array {
    return this.#machine === undefined ? (this.#owner.tellable?.(written) ?? written) : written
  }

  closed(_: TcpConnection, verdict: ConnectionClosedEvent): void {
    clearTimeout(this.#idle)
    // An upgrade that ends now has failed, which would be waited for.
    this.#upgrade?.end()
    this.#machine?.end()
    this.#writes?.end()
    clearTimeout(this.#closeTimer)
    const told = this.#verdict(verdict)
    this.#tell(told)
    this.#owner.closed(this, told)
  }

  /** The upgrade waits for TLS. */
  async #secure(tls: Tls): Promise<void> {
    try {
      await this.tcp.secure(tls)
    } catch {
      // Told where it matters: by a server at once, by a client in how it ends.
      return
    }
    this.#begin()
  }

  #begin(): void {
    this.#upgrade = this.#owner.upgrade({
      now: () => this.#owner.now(),
      tell: (event) => this.#tell(event),
      send: (bytes) => this.tcp.send(bytes),
      agreed: (agreed, rest) => this.#open(agreed, rest),
      failed: (problem, body = '') => this.#fail(problem, body),
    })
  }

  #noteActivity(idle: NodeJS.Timeout): void {
    const { messages } = this.carried.received
    if (messages === this.#messagesBefore) return
    this.#messagesBefore = messages
    idle.refresh()
  }

  #open(agreed: Agreed, rest: Uint8Array): void {
    const { role, arena, wanted } = this.#owner
    const { maxPayload, lax, echo } = this.#options
    this.#upgrade = undefined
    this.#machine = new WebSocketMachine({
      role,
      compression: agreed.compression,
      maxPayload,
      maxFragments,
      echo,
      lax,
      wanted,
      arena,
      nextMask: this.#owner.nextMask,
    })
    this.#tell({
      kind: 'opened',
      transport: 'websocket',
      local: this.tcp.local,
      remote: this.tcp.remote,
      target: agreed.target,
      ...(agreed.subprotocol !== undefined && { subprotocol: agreed.subprotocol }),
      ...compressionText(agreed),
      tookMs: msSince(this.#openedAt, this.#owner.now()),
    })
    if (agreed.compression !== undefined) this.tcp.limitReadSize(mostCompressedRead)
    this.#owner.opened(this)
    if (this.#options.holdFrames) this.tcp.pause()
    // Frames may stand in the segment of the head itself.
    if (rest.length > 0) this.#carryOut(this.#machine.receive(rest, this.tcp.reads))
  }

  #fail(problem: Problem, body: string): void {
    this.#owner.failed(this, problem, body)
    // The answer has to reach a client; a server gets none of ours.
    if (this.#owner.role === 'client') this.tcp.abort('fin')
    else {
      this.tcp.fin()
      this.#awaitEnd()
    }
  }

  #carryOut(outputs: readonly Output[] = []): void {
    for (const output of outputs) {
      switch (output.kind) {
        case 'write':
          this.#writes ??= new LentWrites(this.tcp, this.#owner.arena)
          this.#writes.write(output.bytes, output.memory)
          break
        case 'frame':
          this.#tell({ ...output, ...this.#roundTripOf(output) })
          break
        case 'message':
        case 'violation':
          this.#tell(output)
          break
        case 'pong':
          this.#pings?.answered(output.payload)
          break
        case 'limit': {
          const { what, limit, detail } = output
          this.#owner.limits.tell(this.name, what, { limit, detail })
          break
        }
        case 'closing':
          this.#closingBy = output.by
          this.#awaitEnd()
          break
        case 'end':
          this.tcp.fin()
          break
      }
    }
  }

  #roundTripOf({ direction, opcode, payload }: Extract<Output, { kind: 'frame' }>): { roundTripMs?: number } {
    if (direction === 'sent' || opcode !== opcodes.pong) return {}
    const sentAt = this.#pings?.find(payload)
    return sentAt === undefined ? {} : { roundTripMs: msSince(sentAt, this.#owner.now()) }
  }

  #maskOf({ mask }: HandmadeFrame): Uint8Array | undefined {
    if (mask === 'none') return undefined
    if (mask !== undefined || this.#owner.role === 'server') return mask
    const key = new Uint8Array(4)
    this.#owner.nextMask(key)
    return key
  }

  /** The end has begun: it may not take for ever. */
  #awaitEnd(): void {
    if (this.#closeTimer !== undefined) return
    const afterMs = this.#options.closeTimeoutMs
    this.#closeTimer = setTimeout(() => {
      this.#tell({ kind: 'timeout', what: 'close', afterMs })
      this.tcp.abort('fin')
    }, afterMs)
  }

  #verdict({ first, how, code, unsent, openMs }: ConnectionClosedEvent): WebSocketClosedEvent {
    const { sentClose, receivedClose, failure } = this.#machine ?? {}
    return {
      kind: 'closed',
      transport: 'websocket',
      upgraded: this.#machine !== undefined,
      first: this.#closingBy ?? first,
      clean: sentClose !== undefined && receivedClose !== undefined && how === 'fin',
      closeCode: receivedClose?.code ?? abnormal,
      reason: receivedClose?.reason ?? '',
      ...(sentClose !== undefined && { sentCode: sentClose.code }),
      ...(failure !== undefined && { failed: true }),
      how,
      ...(code !== undefined && { code }),
      ...this.carried,
      unsent,
      openMs,
    }
  }

  #tell(event: EventBody): void {
    this.teller.tell(this.name, event)
  }
}
