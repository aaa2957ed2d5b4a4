import { createSocket, type RemoteInfo, type Socket, type SocketOptions } from 'node:dgram'
import { getSystemErrorName } from 'node:util'
import type { Endpoint } from '../event.ts'
import type { DatagramSetting } from '../settings.ts'
import { DatagramSender, type DatagramSendOptions } from './datagram-sender.ts'
import { endpoint, familyOf } from './endpoint.ts'
import { interfaceFor } from './multicast.ts'
import { type DirectSend, learnToSend, setReceiving } from './raw-handle.ts'

/** What both ends of UDP can be told on the command line. */
export interface DatagramOptions extends DatagramSendOptions {
  /** A datagram that is larger is told with what a recv of so many bytes would have kept. */
  readonly truncate: number | undefined
  /** Put a sequence header on what is sent. */
  readonly sequence: boolean
  readonly broadcast: boolean
  readonly ttl: number | undefined
  readonly multicastTtl: number | undefined
  /** Whether what we send to a group comes back to members on this machine. */
  readonly multicastLoopback: boolean
  /** The interface to reach groups through, by name or address; undefined: the system's choice. */
  readonly interface: string | undefined
  /** Bytes asked of the kernel. */
  readonly receiveBuffer: number | undefined
  readonly sendBuffer: number | undefined
}

/** How the socket is bound. */
export interface Binding {
  /** An address, no name. */
  readonly address: string
  readonly port: number
  readonly ipv6Only: boolean
  readonly reuseAddress: boolean
  readonly reusePort: boolean
}

/** Whom a datagram is for. */
export interface Addressee {
  readonly remote: Endpoint
}

export interface DatagramPortHooks<To extends Addressee> {
  /** One datagram; its payload is ours to keep. */
  received(payload: Buffer, from: RemoteInfo): void
  /** The payload with the header that it may need. */
  prepare(payload: Uint8Array, to: To): Uint8Array
  sent(bytes: Uint8Array, to: To): void
  failed(bytes: Uint8Array, to: To, error: Error): void
  /** What the kernel tells without having been asked, such as an ICMP refusal. */
  troubled(error: Error): void
  now(): number
}

/** How often a datagram is tried again that the kernel did not take because it had to tell of an earlier one. */
const mostRetries = 8

/** A datagram socket of the system: bound, set up, and written to in order. */
export class DatagramPort<To extends Addressee> {
  readonly sender: DatagramSender<To>
  readonly #binding: Binding
  readonly #options: DatagramOptions
  readonly #socket: Socket
  readonly #hooks: DatagramPortHooks<To>
  /** Set from the first datagram on, where this Node offers that way. */
  #direct: DirectSend | undefined
  #isConnected = false
  #isReading = true
  #canPause = true
  #isClosed = false

  constructor(binding: Binding, options: DatagramOptions, hooks: DatagramPortHooks<To>) {
    this.#binding = binding
    this.#options = options
    this.#hooks = hooks
    this.#socket = createSocket(socketOptions(binding, options))
    this.sender = new DatagramSender<To>(options, {
      transmit: (payload, to, done) => this.#transmit(payload, to, done),
      now: () => hooks.now(),
    })
  }

  /** Binds the socket and sets its options. @throws the system's error, or UsageError */
  async open(): Promise<void> {
    const { address, port } = this.#binding
    try {
      await new Promise<void>((resolve, reject) => {
        this.#socket.once('error', reject)
        this.#socket.bind({ address, port, exclusive: true }, () => resolve())
      })
      this.#configure()
    } catch (error) {
      this.close()
      throw error
    }
    learnToSend(this.#socket, (direct) => {
      this.#direct = direct
    })
    this.#socket.removeAllListeners('error')
    this.#socket.on('error', (error) => this.#hooks.troubled(error))
    this.#socket.on('message', (payload, from) => {
      if (!this.#isClosed) this.#hooks.received(payload, from)
    })
  }

  get local(): Endpoint {
    const { address, port } = this.#socket.address()
    return endpoint(address, port)
  }

  /** What the kernel gave, bytes; Linux counts what it needs itself. */
  get buffers(): { readonly receive: number; readonly send: number } {
    return { receive: this.#socket.getRecvBufferSize(), send: this.#socket.getSendBufferSize() }
  }

  /** From now on the kernel passes on what comes from there only. @throws the system's error */
  async connect({ address, port }: Endpoint): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#socket.connect(port, address, (error?: Error) => {
        if (error === undefined || error === null) resolve()
        else reject(error)
      })
    })
    this.#isConnected = true
  }

  /** Joins a group, through the interface that the options name. @throws the system's error, or UsageError */
  join(group: string, through: string | undefined): void {
    const family = familyOf(group) ?? 4
    this.#socket.addMembership(
      group,
      through === undefined ? undefined : interfaceFor(through, family).system,
    )
  }

  set(setting: Exclude<DatagramSetting, { name: 'truncate' }>): void {
    switch (setting.name) {
      case 'chunk':
        this.sender.setChunk(setting.value)
        break
      case 'delay':
        this.sender.setDelay(setting.value)
        break
      case 'rate':
        this.sender.setRate(setting.value)
        break
      case 'ttl':
        this.#socket.setTTL(setting.value)
        break
      case 'multicast-ttl':
        this.#socket.setMulticastTTL(setting.value)
        break
      case 'broadcast':
        this.#socket.setBroadcast(setting.value)
        break
    }
  }

  /** Whether datagrams are read; else they wait in the kernel. The answer is false where they cannot. */
  setReading(reading: boolean): boolean {
    if (reading !== this.#isReading && !this.#isClosed) {
      this.#isReading = reading
      this.#canPause = setReceiving(this.#socket, reading)
    }
    return this.#canPause
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#socket.close()
  }

  #configure(): void {
    const socket = this.#socket
    const { broadcast, ttl, multicastTtl, multicastLoopback, interface: through } = this.#options
    if (broadcast) socket.setBroadcast(true)
    if (ttl !== undefined) socket.setTTL(ttl)
    if (multicastTtl !== undefined) socket.setMulticastTTL(multicastTtl)
    if (!multicastLoopback) socket.setMulticastLoopback(false)
    if (through !== undefined) {
      socket.setMulticastInterface(interfaceFor(through, familyOf(this.#binding.address) ?? 4).system)
    }
  }

  #transmit(payload: Uint8Array, to: To, done: () => void): boolean {
    return this.#give(this.#hooks.prepare(payload, to), to, done, mostRetries)
  }

  /** The answer says whether the kernel is done with it; else `done` is called. */
  #give(bytes: Uint8Array, to: To, done: () => void, retries: number): boolean {
    // Node says more of a port 0, from which a datagram may well come, than the kernel would.
    const direct = to.remote.port === 0 ? undefined : this.#direct
    if (direct === undefined) return this.#giveLater(bytes, to, done, retries)
    const answer = direct.give(bytes, this.#isConnected ? undefined : to.remote)
    if (answer > 0) {
      this.#hooks.sent(bytes, to)
      return true
    }
    if (answer < 0) return this.#onError(sendError(answer), bytes, to, done, retries)
    direct.whenOver((error) =>
      this.#onAnswer(error === 0 ? null : sendError(error), bytes, to, done, retries),
    )
    return false
  }

  /** Sends as `node:dgram` would have it: the kernel's answer comes by a callback. */
  #giveLater(bytes: Uint8Array, to: To, done: () => void, retries: number): boolean {
    const answer = (error: Error | null): void => this.#onAnswer(error, bytes, to, done, retries)
    try {
      if (this.#isConnected) this.#socket.send(bytes, answer)
      else this.#socket.send(bytes, to.remote.port, to.remote.address, answer)
    } catch (error) {
      queueMicrotask(() => answer(error instanceof Error ? error : new Error(String(error))))
    }
    return false
  }

  #onAnswer(error: Error | null, bytes: Uint8Array, to: To, done: () => void, retries: number): void {
    if (this.#isClosed) return
    if (error === null) this.#hooks.sent(bytes, to)
    else if (!this.#onError(error, bytes, to, done, retries)) return
    done()
  }

  /** Tells of an error, or tries again. */
  #onError(error: Error, bytes: Uint8Array, to: To, done: () => void, retries: number): boolean {
    if (this.#isConnected && isRefusal(error) && retries > 0) {
      // The error is about an earlier datagram, and has kept this one from being sent.
      this.#hooks.troubled(error)
      return this.#give(bytes, to, done, retries - 1)
    }
    this.#hooks.failed(bytes, to, error)
    return true
  }
}

/** The error that `node:dgram` would make of its number, which libuv gave. */
function sendError(number: number): Error {
  const code = getSystemErrorName(number)
  return Object.assign(new Error(`send ${code}`), { code, errno: number, syscall: 'send' })
}

/** Nobody listens there, told by ICMP (RFC 1122 §4.1.3.3). */
export function isRefusal(error: Error): boolean {
  return 'code' in error && error.code === 'ECONNREFUSED'
}

function socketOptions(binding: Binding, options: DatagramOptions): SocketOptions & { reusePort?: boolean } {
  const family = familyOf(binding.address) ?? 4
  return {
    type: `udp${family}`,
    reuseAddr: binding.reuseAddress,
    ipv6Only: binding.ipv6Only,
    // Measured: addresses that need no lookup and get one all the same cost a fifth of an echo.
    lookup: (address, _, done) => done(null, address, family),
    ...(binding.reusePort && { reusePort: true }),
    ...(options.receiveBuffer !== undefined && { recvBufferSize: options.receiveBuffer }),
    ...(options.sendBuffer !== undefined && { sendBufferSize: options.sendBuffer }),
  }
}
