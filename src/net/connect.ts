/** Connecting to a name: every address of it, staggered, the first that answers wins (RFC 8305). */
import { connect as connectSocket, type Socket } from 'node:net'
import { describeSystemError, NetworkError, type SockpitError, systemCode, TimeoutError } from '../errors.ts'
import { type Endpoint, formatEndpoint, msSince, type Teller } from '../event.ts'
import { endpoint, familyOf } from './endpoint.ts'
import { type ReceiveOptions, Receiver } from './receiver.ts'
import { aborted, type Purpose, resolve } from './resolve.ts'

export interface ConnectOptions {
  readonly host: string
  readonly port: number
  readonly family: 4 | 6 | undefined
  readonly localAddress: string | undefined
  readonly localPort: number | undefined
  /** Milliseconds for the whole of it: name and every address. */
  readonly connectTimeoutMs: number
}

export interface Connected {
  readonly socket: Socket
  readonly receiver: Receiver
  readonly tookMs: number
}

/** How long an attempt is alone before the next address is tried beside it (RFC 8305 §5), milliseconds. */
const attemptDelayMs = 250

/**
 * Connects, telling every attempt.
 * @throws NetworkError that names every address and why it failed; TimeoutError; the reason of the signal
 */
export async function connect(
  name: string,
  options: ConnectOptions & ReceiveOptions,
  { teller, now, signal }: { teller: Teller; now: () => number; signal: AbortSignal },
): Promise<Connected> {
  const startedAt = now()
  const deadline = AbortSignal.timeout(options.connectTimeoutMs)
  const either = AbortSignal.any([signal, deadline])
  const goal = `Cannot connect to ${formatEndpoint({ address: options.host, port: options.port })}`
  try {
    const { host, localAddress } = options
    const family = options.family ?? (localAddress === undefined ? undefined : familyOf(localAddress))
    const addresses = await resolve(name, { host, family }, { teller, now, goal, signal: either })
    const race = new Race(name, addresses, options, { teller, now, goal })
    return await race.run(either)
  } catch (error) {
    if (signal.aborted || !deadline.aborted) throw error
    const afterMs = options.connectTimeoutMs
    teller.tell(name, { kind: 'timeout', what: 'connect', afterMs })
    const waited = Math.round(msSince(startedAt, now()))
    throw new TimeoutError(
      `${goal}: no answer within ${waited} ms. A firewall may drop it, or the host is down; --connect-timeout waits longer.`,
    )
  }
}

interface Attempt {
  readonly socket: Socket
  readonly receiver: Receiver
}

/** The attempts on all addresses of one name: state enough for a class, alive until one of them wins. */
class Race {
  readonly #name: string
  readonly #addresses: readonly string[]
  readonly #options: ConnectOptions & ReceiveOptions
  readonly #purpose: Purpose
  readonly #startedAt: number
  readonly #running = new Set<Attempt>()
  readonly #failures: { readonly remote: Endpoint; readonly error: unknown }[] = []
  #next = 0
  #timer: NodeJS.Timeout | undefined
  #win: (connected: Connected) => void = () => {}
  #lose: (error: unknown) => void = () => {}

  constructor(
    name: string,
    addresses: readonly string[],
    options: ConnectOptions & ReceiveOptions,
    purpose: Purpose,
  ) {
    this.#name = name
    this.#addresses = addresses
    this.#options = options
    this.#purpose = purpose
    this.#startedAt = purpose.now()
  }

  async run(signal: AbortSignal): Promise<Connected> {
    try {
      const finish = new Promise<Connected>((win, lose) => {
        this.#win = win
        this.#lose = lose
      })
      this.#start()
      return await Promise.race([finish, aborted(signal)])
    } finally {
      clearTimeout(this.#timer)
      this.#next = this.#addresses.length
      for (const { socket } of this.#running) socket.destroy()
    }
  }

  #start(): void {
    clearTimeout(this.#timer)
    const address = this.#addresses[this.#next]
    if (address === undefined) {
      if (this.#running.size === 0) this.#lose(this.#failure())
      return
    }
    this.#next += 1
    this.#timer = setTimeout(() => this.#start(), attemptDelayMs)
    this.#attempt(endpoint(address, this.#options.port), this.#next)
  }

  #attempt(remote: Endpoint, attempt: number): void {
    const { teller, now } = this.#purpose
    const receiver = new Receiver(this.#options)
    const { localAddress, localPort } = this.#options
    const socket = connectSocket({
      host: remote.address,
      port: remote.port,
      allowHalfOpen: true,
      onread: receiver.onread,
      ...(localAddress === undefined ? {} : { localAddress }),
      ...(localPort === undefined ? {} : { localPort }),
    })
    const running = { socket, receiver }
    const startedAt = now()
    this.#running.add(running)
    teller.tell(this.#name, { kind: 'connecting', remote, attempt, attempts: this.#addresses.length })
    // Nothing is read before the connection has an owner.
    socket.pause()
    socket.once('error', (error) => {
      this.#running.delete(running)
      this.#failures.push({ remote, error })
      this.#tellFailure(remote, error, msSince(startedAt, now()))
      this.#start()
    })
    socket.once('connect', () => {
      this.#running.delete(running)
      socket.removeAllListeners('error')
      this.#win({ socket, receiver, tookMs: msSince(this.#startedAt, now()) })
    })
  }

  #tellFailure(remote: Endpoint, error: unknown, tookMs: number): void {
    const code = systemCode(error) ?? 'UNKNOWN'
    const { teller } = this.#purpose
    if (code === 'ECONNREFUSED') {
      teller.tell(this.#name, { kind: 'refused', transport: 'tcp', remote, code, tookMs })
      return
    }
    teller.tell(this.#name, { kind: 'failed', code, message: describeSystemError(error), remote, tookMs })
  }

  #failure(): SockpitError {
    const { goal } = this.#purpose
    const [only, ...others] = this.#failures
    const cause = { cause: only?.error }
    if (only === undefined) return new NetworkError(`${goal}: the name has no address`)
    const codes = new Set(this.#failures.map((failure) => systemCode(failure.error)))
    const reasons =
      others.length === 0
        ? describeSystemError(only.error)
        : this.#failures
            .map(({ remote, error }) => `${formatEndpoint(remote)}: ${describeSystemError(error)}`)
            .join('; ')
    const message = `${goal}: ${reasons}.${advice(codes)}`
    return codes.has('ETIMEDOUT') && codes.size === 1
      ? new TimeoutError(message, cause)
      : new NetworkError(message, cause)
  }
}

function advice(codes: ReadonlySet<string | undefined>): string {
  if (codes.size > 1) return ''
  if (codes.has('ECONNREFUSED')) return ' Start a server there, or check the port.'
  if (codes.has('EADDRNOTAVAIL')) return ' --local-address takes an address of this machine.'
  if (codes.has('EADDRINUSE')) return ' Choose another --local-port, or leave it out.'
  return ''
}
