import type { Socket } from 'node:net'
import { NetworkError, type SockpitError, systemCode, TlsError, UsageError } from '../errors.ts'
import {
  type ConnectionClosedEvent,
  type ConnectionState,
  type Ending,
  type Endpoint,
  type EventBody,
  msSince,
  type Received,
  type Sent,
  type Side,
  type Teller,
} from '../event.ts'
import type { StreamSetting } from '../settings.ts'
import { recogniseTls, type TlsSighting } from '../wire/tls-record.ts'
import { localEnd, remoteEnd } from './endpoint.ts'
import { unsentThroughTls } from './raw-handle.ts'
import type { ReceiveOptions, Receiver } from './receiver.ts'
import { Sender, type SenderHooks, type SendOptions } from './sender.ts'
import { readsRecords, type Tls } from './tls.ts'
import { isLeaving } from './tls-faults.ts'

/** What both ends of TCP can be told on the command line. */
export interface StreamOptions extends ReceiveOptions, SendOptions {
  readonly noDelay: boolean
  /** Milliseconds of silence before the first keep-alive probe; undefined: no probes. */
  readonly keepAliveMs: number | undefined
  /** Do not answer a FIN with ours. */
  readonly halfOpen: boolean
}

/** What a connection needs of whoever owns it. */
export interface ConnectionOwner {
  readonly teller: Teller
  now(): number
  /** Whether standard input may still bring bytes for this connection. */
  isFeeding(): boolean
  /** A read; the bytes are borrowed. */
  received(connection: TcpConnection, bytes: Uint8Array): void
  /** It is over; the owner tells the verdict, or makes one of its own of it. */
  closed(connection: TcpConnection, verdict: ConnectionClosedEvent): void
  /** TLS came to nothing, and the connection with it: its verdict follows. */
  insecure?(connection: TcpConnection, error: SockpitError): void
  /** The queue to the peer is full, or has room again. */
  queueFull(connection: TcpConnection, full: boolean): void
  /** A write said stop, or all that waited has gone out. */
  congested?(connection: TcpConnection, congested: boolean): void
  /** The kernel has taken something that waited. */
  wentOn?(connection: TcpConnection): void
  /** What may be told of a write; the write itself where nothing stands here. */
  tellable?(written: Uint8Array): Uint8Array
}

/** A connected socket that nothing was read from yet, and the receiver that will. */
export interface Link {
  readonly socket: Socket
  readonly receiver: Receiver
  readonly throughOnread: boolean
  /** How long connecting took, milliseconds; a server cannot know it. */
  readonly tookMs?: number
}

const notKnown = () => undefined

/** How long standard input may say nothing after the peer's FIN before we end too, milliseconds. */
const quietMs = 1_000

/** One TCP connection, of a client or of a server: actions in, events out. */
export class TcpConnection implements SenderHooks {
  readonly name: string
  readonly remote: Endpoint
  /** TCP itself: what can be set and asked of the connection is set and asked here. */
  readonly #raw: Socket
  /** What is read and written: TCP, or TLS on top of it. */
  #socket: Socket
  readonly #receiver: Receiver
  readonly #sender: Sender
  readonly #stallTimeoutMs: number
  readonly #owner: ConnectionOwner
  readonly #openedAt: number
  /** Whether anybody wants to be told of each. */
  readonly #tellsReads: boolean
  readonly #tellsWrites: boolean
  #received = { bytes: 0, reads: 0 }
  #halfOpen: boolean
  #first: Side | undefined
  #how: Ending = 'fin'
  #peerEnded = false
  /** Our FIN was asked for, and then: it is out. */
  #weEnd = false
  #weEnded = false
  #errorCode: string | undefined
  /** With TLS: whether the peer ended its side by close_notify. */
  #wasNotified: () => boolean | undefined = notKnown
  #truncated = false
  #isSecuring = false
  #failure: SockpitError | undefined
  /** Milliseconds of silence after which it is closed; 0: never. */
  #idleMs = 0
  #quiet: NodeJS.Timeout | undefined

  constructor(
    name: string,
    { socket, receiver, throughOnread, tookMs }: Link,
    options: StreamOptions,
    owner: ConnectionOwner,
  ) {
    this.name = name
    this.remote = remoteEnd(socket)
    this.#raw = socket
    this.#socket = socket
    this.#receiver = receiver
    this.#owner = owner
    this.#openedAt = owner.now()
    this.#tellsReads = owner.teller.wants('bytes', 'received')
    this.#tellsWrites = owner.teller.wants('bytes', 'sent')
    this.#halfOpen = options.halfOpen
    this.#stallTimeoutMs = options.stallTimeoutMs
    this.#sender = new Sender(socket, options, this, () => owner.now())
    socket.setNoDelay(options.noDelay)
    if (options.keepAliveMs !== undefined) socket.setKeepAlive(true, options.keepAliveMs)
    owner.teller.tell(name, {
      kind: 'opened',
      transport: 'tcp',
      local: this.local,
      remote: this.remote,
      ...(tookMs === undefined ? {} : { tookMs }),
    })
    this.#receiver.deliver = (bytes) => this.#take(bytes)
    this.#listen(throughOnread)
  }

  get local(): Endpoint {
    return localEnd(this.#raw)
  }

  /** What TLS came to grief over. */
  get failure(): SockpitError | undefined {
    return this.#failure
  }

  get isSecure(): boolean {
    return this.#socket !== this.#raw
  }

  get canSend(): boolean {
    return !this.#weEnd && !this.isClosed
  }

  get isClosed(): boolean {
    return this.#socket.destroyed
  }

  get queued(): number {
    return this.#sender.queued
  }

  /** Whether anything of what was sent may still wait here. */
  get isWaiting(): boolean {
    return this.#sender.isWaiting
  }

  /** Whether anything keeps us from reading. */
  get isBlocked(): boolean {
    return this.#receiver.isBlocked
  }

  /** How many reads there were so far. */
  get reads(): number {
    return this.#received.reads
  }

  /** What it has carried so far. */
  get carried(): { readonly sent: Sent; readonly received: Received } {
    return { sent: this.#sender.sent, received: this.#received }
  }

  /** Whether as much waits as may: whoever can must not send more. */
  get isFull(): boolean {
    return this.#sender.isFull
  }

  get state(): ConnectionState {
    return {
      socket: this.name,
      remote: this.remote,
      state: this.#stateWord(),
      paused: this.#receiver.isPaused,
      sent: this.#sender.sent,
      received: { ...this.#received },
      queued: this.#sender.queued,
      openMs: msSince(this.#openedAt, this.#owner.now()),
    }
  }

  /** Queues a payload, which belongs to the connection from now on. */
  send(payload: Uint8Array): void {
    if (this.canSend) this.#sender.send(payload)
  }

  whenRoom(): Promise<void> {
    return this.#sender.whenRoom()
  }

  /** Settles when the kernel has everything, or nothing can be sent any more. */
  whenSent(): Promise<void> {
    return this.#sender.whenBelow(1)
  }

  /** Half-close: our FIN after what is queued (RFC 9293 §3.6). */
  fin(): void {
    if (!this.canSend) return
    this.#weEnd = true
    this.#sender.afterwards(() => this.#socket.end())
  }

  /** Sends what is queued, then closes both directions without waiting for the peer's FIN. */
  close(): void {
    if (this.#socket.destroyed) return
    this.#weEnd = true
    this.#first ??= 'us'
    this.#sender.afterwards(() => this.#socket.end(() => this.#socket.destroy()))
  }

  /** Drops what is queued and ends at once, by FIN where nothing unread forbids it, or by RST. */
  abort(how: 'fin' | 'reset' | 'timeout'): void {
    if (this.#socket.destroyed) return
    this.#first ??= 'us'
    this.#how = how
    this.#sender.stop()
    if (how === 'fin') this.#socket.destroy()
    else this.#raw.resetAndDestroy()
  }

  /**
   * Puts TLS on the stream from here on, once what is queued has gone out; what is sent meanwhile waits.
   * @throws TlsError, after which there is no connection any more; UsageError where it cannot be
   */
  async secure(tls: Tls, servername?: string): Promise<void> {
    if (this.isSecure || this.#isSecuring) throw new UsageError(`${this.name}: TLS is there already`)
    if (!this.canSend || this.#peerEnded) throw new UsageError(`${this.name}: one side has ended already`)
    this.#isSecuring = true
    this.#receiver.detach()
    // Who paused until now kept for TLS what it reads itself.
    this.resume()
    // At once where nothing waits, so that no other reader comes first.
    if (this.#sender.queued > 0) await this.#sender.whenBelow(1)
    this.#sender.detach()
    this.#unlisten()
    const { teller, now } = this.#owner
    const hooks = {
      now: () => now.call(this.#owner),
      tell: (event: EventBody) => teller.tell(this.name, event),
    }
    try {
      const { socket: secured, wasNotified } = await tls.secure(this.#raw, hooks, servername)
      if (secured.destroyed) throw new TlsError('the connection was lost right after the TLS handshake')
      this.#wasNotified = wasNotified
      this.#socket = secured
      this.#listen(false)
      this.#sender.moveTo(secured, (socket) => unsentThroughTls(socket, this.#raw))
      this.closeWhenIdle(this.#idleMs)
    } catch (error) {
      this.#failure = error instanceof TlsError ? error : new NetworkError(`${error}`, { cause: error })
      // Where we gave it up, that was told.
      const wasGivenUp = this.#first === 'us'
      this.#noteLoss(this.#failure.cause)
      if (!wasGivenUp) this.#owner.insecure?.(this, this.#failure)
      this.#lose()
      throw this.#failure
    } finally {
      this.#isSecuring = false
    }
  }

  pause(): void {
    if (this.#receiver.isPaused) return
    this.#receiver.block('asked')
    this.#owner.teller.tell(this.name, { kind: 'paused' })
  }

  resume(): void {
    if (!this.#receiver.isPaused) return
    this.#owner.teller.tell(this.name, { kind: 'resumed' })
    this.#receiver.unblock('asked')
  }

  setBlocked(obstacle: 'queue' | 'output', blocked: boolean): void {
    if (blocked) this.#receiver.block(obstacle)
    else this.#receiver.unblock(obstacle)
  }

  /** Takes so many bytes a read at most; a record of TLS is no longer than 16 KiB anyway. */
  limitReadSize(most: number): void {
    if (!this.isSecure) this.#receiver.limitReadSize(most)
  }

  /** What was read waits for more to come, so many bytes of it. */
  setHeld(bytes: number): void {
    this.#receiver.setHeld(bytes)
  }

  setWriting(writing: boolean): void {
    this.#sender.setHeld(!writing)
  }

  set(setting: StreamSetting): void {
    switch (setting.name) {
      case 'no-delay':
        this.#raw.setNoDelay(setting.value)
        break
      case 'half-open':
        this.#halfOpen = setting.value
        break
      case 'keep-alive':
        this.#raw.setKeepAlive(setting.value !== undefined, setting.value ?? 0)
        break
      case 'read-size':
        if (this.isSecure) throw new UsageError(`/set read-size: ${readsRecords}`)
        this.#receiver.setReadSize(setting.value)
        break
      case 'rate':
        this.#receiver.setRate(setting.value)
        break
      case 'chunk':
        this.#sender.setChunk(setting.value)
        break
      case 'delay':
        this.#sender.setDelay(setting.value)
        break
    }
  }

  /** Closes it after so long of silence both ways, milliseconds; 0: never. */
  closeWhenIdle(afterMs: number): void {
    this.#idleMs = afterMs
    if (afterMs === 0) return
    this.#socket.setTimeout(afterMs, () => {
      this.#owner.teller.tell(this.name, { kind: 'timeout', what: 'idle', afterMs })
      this.abort('fin')
    })
  }

  /** Standard input is over or quiet: a FIN of the peer that waited for it is answered. */
  answerFin(): void {
    clearTimeout(this.#quiet)
    if (this.#peerEnded && !this.#halfOpen) this.fin()
  }

  /** What its sender tells: methods of its own, since six closures for every connection would be felt. */
  wrote(written: Uint8Array): void {
    const { teller } = this.#owner
    if (this.#tellsWrites) {
      const payload = this.#owner.tellable?.(written) ?? written
      teller.tell(this.name, { kind: 'bytes', direction: 'sent', size: written.length, payload })
    } else teller.stir()
  }

  stalled(queued: number): void {
    this.#owner.teller.tell(this.name, { kind: 'stalled', queued })
    this.#owner.congested?.(this, true)
  }

  drained(tookMs: number): void {
    this.#owner.teller.tell(this.name, { kind: 'drained', tookMs })
    this.#owner.congested?.(this, false)
  }

  wentOn(): void {
    this.#owner.wentOn?.(this)
  }

  full(): void {
    this.#owner.queueFull(this, true)
  }

  room(): void {
    this.#owner.queueFull(this, false)
  }

  stuck(): void {
    this.#owner.teller.tell(this.name, { kind: 'timeout', what: 'write', afterMs: this.#stallTimeoutMs })
    this.abort('timeout')
  }

  #listen(throughOnread: boolean): void {
    const socket = this.#socket
    socket.on('end', this.#onPeerFin)
    socket.on('finish', this.#onOurFin)
    socket.on('error', this.#onError)
    socket.on('close', this.#onClose)
    this.#receiver.attach(socket, throughOnread)
  }

  /** Leaves the socket to TLS. */
  #unlisten(): void {
    const socket = this.#socket
    socket.setTimeout(0)
    socket.removeAllListeners('timeout')
    socket.off('end', this.#onPeerFin)
    socket.off('finish', this.#onOurFin)
    socket.off('close', this.#onClose)
  }

  #noteLoss(cause: unknown): void {
    if (isLeaving(cause)) this.#first ??= 'peer'
    else this.#errorCode ??= systemCode(cause)
  }

  /** There is nothing left to speak with: the verdict comes when the kernel has closed it. */
  #lose(): void {
    this.#first ??= 'us'
    this.#sender.stop()
    if (this.#raw.closed) this.#onClose()
    else {
      this.#raw.once('close', this.#onClose)
      this.#raw.destroy()
    }
  }

  #take(bytes: Uint8Array): void {
    this.#received.bytes += bytes.length
    this.#received.reads += 1
    const { teller } = this.#owner
    if (this.#tellsReads) {
      const size = bytes.length
      teller.tell(this.name, { kind: 'bytes', direction: 'received', size, payload: bytes })
    } else teller.stir()
    if (this.#received.reads === 1 && !this.isSecure) this.#lookForTls(bytes)
    this.#owner.received(this, bytes)
  }

  /** Says so where the peer speaks TLS, as its first bytes show, and we do not. */
  #lookForTls(bytes: Uint8Array): void {
    const sighting = recogniseTls(bytes)
    if (sighting === undefined) return
    this.#owner.teller.tell(this.name, { kind: 'note', text: sightingText(sighting) })
  }

  readonly #onError = (error: Error): void => {
    this.#errorCode = systemCode(error) ?? 'UNKNOWN'
  }

  readonly #onPeerFin = (): void => {
    // libuv takes a reset behind bytes that it had still to read for a FIN; a write of nothing learns the truth.
    if (!this.isSecure && !this.#weEnd) this.#socket.write('')
    this.#first ??= 'peer'
    this.#peerEnded = true
    const notified = this.#wasNotified()
    this.#truncated = notified === false
    const told = notified === undefined ? {} : { notified }
    this.#owner.teller.tell(this.name, { kind: 'ended', by: 'peer', ...told })
    if (this.#owner.isFeeding()) this.#answerWhenQuiet()
    else this.answerFin()
  }

  /** Whoever ended may still read: what standard input is about to bring goes out before our FIN. */
  #answerWhenQuiet(): void {
    const before = this.#sender.sent.bytes
    this.#quiet = setTimeout(() => {
      const isBusy = this.#sender.sent.bytes > before || this.#sender.queued > 0
      if (isBusy && this.#owner.isFeeding()) this.#answerWhenQuiet()
      else this.answerFin()
    }, quietMs)
  }

  readonly #onOurFin = (): void => {
    this.#first ??= 'us'
    this.#weEnded = true
    const told = this.isSecure ? { notified: true } : {}
    this.#owner.teller.tell(this.name, { kind: 'ended', by: 'us', ...told })
  }

  readonly #onClose = (): void => {
    this.#receiver.stop()
    this.#sender.stop()
    clearTimeout(this.#quiet)
    this.#owner.closed(this, this.#verdict())
  }

  #verdict(): ConnectionClosedEvent {
    const code = this.#errorCode
    const failed: Ending = isReset(code) ? 'reset' : 'error'
    return {
      kind: 'closed',
      transport: 'tcp',
      first: this.#first ?? 'peer',
      how: code === undefined ? this.#how : failed,
      answered: this.#peerEnded && this.#weEnded,
      ...(code === undefined ? {} : { code }),
      // Where TLS itself has failed, that is why the stream is short.
      ...(this.#truncated && code === undefined ? { truncated: true } : {}),
      sent: this.#sender.sent,
      received: this.#received,
      unsent: this.#sender.unsent,
      openMs: msSince(this.#openedAt, this.#owner.now()),
    }
  }

  #stateWord(): ConnectionState['state'] {
    if (this.#socket.destroyed || (this.#peerEnded && this.#weEnd)) return 'closing'
    if (this.#isSecuring) return 'securing'
    if (this.#weEnd) return 'we ended'
    return this.#peerEnded ? 'they ended' : 'open'
  }
}

function sightingText(sighting: TlsSighting): string {
  if (sighting.kind === 'alert') {
    return `they answer with an alert of TLS (${sighting.description}): they speak TLS, and we do not (--tls or wss:// would)`
  }
  const { servername } = sighting
  const whom = servername === undefined ? '' : ` for "${servername}"`
  return `they speak TLS (a ClientHello${whom}), and we do not (--tls or wss:// would)`
}

/** A write to a connection that the peer has reset fails with EPIPE once the reset itself was reported. */
function isReset(code: string | undefined): boolean {
  return code === 'ECONNRESET' || code === 'EPIPE'
}
