import type { HandmadeFrame } from '../action.ts'
import {
  type ConnectionClosedEvent,
  type Endpoint,
  type EventBody,
  msSince,
  type Side,
  type Teller,
  type WebSocketClosedEvent,
  type WebSocketReceived,
  type WebSocketSent,
  type WebSocketState,
} from '../event.ts'
import type { StreamSetting } from '../settings.ts'
import type { Arena } from '../wire/arena.ts'
import { lengthFormOf, opcodes, type Role, type Violation } from '../wire/frame.ts'
import type { Problem } from '../wire/handshake-response.ts'
import type { Carried, Output, Wanted } from '../wire/output.ts'
import { WebSocketMachine } from '../wire/websocket.ts'
import type { Limits } from './limits.ts'
import { PingLog } from './ping-log.ts'
import { type ConnectionOwner, type Link, type StreamOptions, TcpConnection } from './tcp-connection.ts'
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
}

/** What a WebSocket needs of whoever owns it; many share one. */
export interface WebSocketOwner {
  readonly role: Role
  readonly teller: Teller
  readonly limits: Limits
  readonly arena: Arena
  readonly wanted: Wanted
  now(): number
  nextMask(into: Uint8Array): void
  /** Begins the upgrade. */
  upgrade(hooks: UpgradeHooks): Upgrade
  opened(connection: WebSocketConnection): void
  /** The upgrade came to nothing. */
  failed(connection: WebSocketConnection, problem: Problem): void
  /** A read was looked at. */
  received(connection: WebSocketConnection): void
  closed(connection: WebSocketConnection, verdict: WebSocketClosedEvent): void
  /** What may be told of a write; the write itself where nothing stands here. */
  tellable?(written: Uint8Array): Uint8Array
}

/** Frames of a message at most: empty ones cost something, too. */
const maxFragments = 131_072

/** There was no close frame (RFC 6455 §7.1.5). */
const abnormal = 1006

const noFrames: Carried = { frames: 0, messages: 0, messageBytes: 0, compressed: { from: 0, to: 0 } }

/** One WebSocket, of a client or of a server, from the TCP connection to the verdict. */
export class WebSocketConnection implements ConnectionOwner {
  readonly name: string
  readonly teller: Teller
  readonly #options: WebSocketOptions
  readonly #owner: WebSocketOwner
  readonly #tcp: TcpConnection
  readonly #openedAt: number
  #upgrade: Upgrade | undefined
  #machine: WebSocketMachine | undefined
  #pings: PingLog | undefined
  /** Who began the close handshake. */
  #closingBy: Side | undefined
  #closeTimer: NodeJS.Timeout | undefined
  /** Memory of writes that are still under way. */
  #lent: Buffer[] | undefined
  /** Whether nothing came since the last ping that keeps the connection alive. */
  #isSilent = false

  constructor(name: string, link: Link, options: WebSocketOptions, owner: WebSocketOwner) {
    this.name = name
    this.teller = owner.teller
    this.#options = options
    this.#owner = owner
    this.#openedAt = owner.now()
    this.#tcp = new TcpConnection(name, link, options, this)
    this.#upgrade = owner.upgrade({
      now: () => owner.now(),
      tell: (event) => this.#tell(event),
      send: (bytes) => this.#tcp.send(bytes),
      agreed: (agreed, rest) => this.#open(agreed, rest),
      failed: (problem) => this.#fail(problem),
    })
  }

  get remote(): Endpoint {
    return this.#tcp.remote
  }

  /** The rule that the peer broke, where that ended it. */
  get failure(): Violation | undefined {
    return this.#machine?.failure
  }

  /** Whether messages can be sent. */
  get isOpen(): boolean {
    return this.#machine?.isOpen === true && this.#tcp.canSend
  }

  get isClosed(): boolean {
    return this.#tcp.isClosed
  }

  get isUpgraded(): boolean {
    return this.#machine !== undefined
  }

  get queued(): number {
    return this.#tcp.queued
  }

  /** Memory that an unfinished message holds, bytes. */
  get held(): number {
    return this.#machine?.held ?? 0
  }

  /** What it has carried so far. */
  get carried(): { readonly sent: WebSocketSent; readonly received: WebSocketReceived } {
    const { sent, received } = this.#tcp.carried
    const { sent: out, received: into } = this.#machine ?? { sent: noFrames, received: noFrames }
    return { sent: { ...sent, ...out }, received: { ...received, ...into } }
  }

  get state(): WebSocketState {
    const { paused, queued, socket, remote } = this.#tcp.state
    const state = this.isOpen
      ? 'open'
      : this.#upgrade !== undefined && !this.isClosed
        ? 'upgrading'
        : 'closing'
    const openMs = msSince(this.#openedAt, this.#owner.now())
    return { socket, remote, state, paused, ...this.carried, queued, openMs }
  }

  /** Sends a message; nothing where it is not open. */
  send(type: 'text' | 'binary', payload: Uint8Array, fragments?: number): void {
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
    if (this.#machine === undefined) this.#tcp.close()
    else this.#carryOut(this.#machine.close(code, reason))
  }

  /** A limit that all connections share was passed by this one. */
  refuse(limit: number, detail: string): void {
    this.#carryOut(this.#machine?.refuse({ kind: 'limit', what: 'unfinished', limit, detail }))
  }

  /** Half-close of TCP, without a close frame. */
  fin(): void {
    this.#tcp.fin()
  }

  abort(how: 'fin' | 'reset' | 'timeout'): void {
    this.#tcp.abort(how)
  }

  pause(): void {
    this.#tcp.pause()
  }

  resume(): void {
    this.#tcp.resume()
  }

  set(setting: StreamSetting): void {
    this.#tcp.set(setting)
  }

  setBlocked(obstacle: 'queue' | 'output', blocked: boolean): void {
    this.#tcp.setBlocked(obstacle, blocked)
  }

  setWriting(writing: boolean): void {
    this.#tcp.setWriting(writing)
  }

  closeWhenIdle(afterMs: number): void {
    this.#tcp.closeWhenIdle(afterMs)
  }

  whenRoom(): Promise<void> {
    return this.#tcp.whenRoom()
  }

  whenSent(): Promise<void> {
    return this.#tcp.whenSent()
  }

  /** The upgrade took too long. */
  expireUpgrade(afterMs: number): void {
    if (this.#machine !== undefined || this.isClosed) return
    this.#tell({ kind: 'timeout', what: 'handshake', afterMs })
    this.abort('fin')
  }

  /** Sends a ping; where nothing at all came since the one before, so many milliseconds ago, gives the peer up. */
  beat(intervalMs: number): void {
    if (!this.isOpen || this.#tcp.isBlocked) return
    if (this.#isSilent) {
      this.#tell({ kind: 'timeout', what: 'ping', afterMs: intervalMs })
      this.abort('timeout')
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
    else this.#carryOut(this.#machine.receive(bytes, tcp.carried.received.reads))
    this.#owner.received(this)
  }

  /** A peer that sends but does not read has to wait: what an echo owes it is bounded. */
  queueFull(tcp: TcpConnection, full: boolean): void {
    tcp.setBlocked('queue', full)
    if (!full) return
    const detail = 'nothing more is read from a peer that takes nothing; --max-queue allows more'
    this.#owner.limits.tell(this.name, 'queue', { limit: this.#options.maxQueue, detail })
  }

  congested(_: TcpConnection, congested: boolean): void {
    if (!congested) this.#takeBack()
    this.#carryOut(this.#machine?.setCongested(congested))
  }

  tellable(written: Uint8Array): Uint8Array {
    return this.#machine === undefined ? (this.#owner.tellable?.(written) ?? written) : written
  }

  closed(_: TcpConnection, verdict: ConnectionClosedEvent): void {
    clearTimeout(this.#closeTimer)
    this.#upgrade?.end()
    this.#machine?.end()
    const told = this.#verdict(verdict)
    this.#tell(told)
    this.#owner.closed(this, told)
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
      local: this.#tcp.local,
      remote: this.remote,
      target: agreed.target,
      ...(agreed.subprotocol !== undefined && { subprotocol: agreed.subprotocol }),
      ...compressionText(agreed),
      tookMs: msSince(this.#openedAt, this.#owner.now()),
    })
    this.#owner.opened(this)
    // Frames may stand in the segment of the head itself.
    if (rest.length > 0) this.#carryOut(this.#machine.receive(rest, this.#tcp.carried.received.reads))
  }

  #fail(problem: Problem): void {
    this.#owner.failed(this, problem)
    this.#tcp.fin()
    this.#awaitEnd()
  }

  #carryOut(outputs: readonly Output[] = []): void {
    for (const output of outputs) {
      switch (output.kind) {
        case 'write':
          this.#write(output.bytes, output.memory)
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
          this.#tcp.fin()
          break
      }
    }
  }

  /** Lent memory goes back as soon as the kernel has its bytes; behind a queue, a copy waits instead. */
  #write(bytes: Uint8Array, memory: Buffer): void {
    const { arena } = this.#owner
    if (this.#tcp.queued > 0) {
      this.#tcp.send(Buffer.from(bytes))
      arena.give(memory)
      return
    }
    this.#takeBack()
    this.#tcp.send(bytes)
    if (this.#tcp.queued === 0) arena.give(memory)
    else this.#lent = [memory]
  }

  /** Nothing waits any more: what was lent for it is free. */
  #takeBack(): void {
    for (const memory of this.#lent ?? []) this.#owner.arena.give(memory)
    this.#lent = undefined
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
      this.abort('fin')
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
