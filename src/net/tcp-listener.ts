import { createServer, type Server, type Socket } from 'node:net'
import { describeSystemError, NetworkError, systemCode } from '../errors.ts'
import { type Endpoint, formatEndpoint, type Teller } from '../event.ts'
import { endpoint, remoteEnd } from './endpoint.ts'
import type { Limits } from './limits.ts'
import { listenError } from './listen-error.ts'
import { readThrough } from './raw-handle.ts'
import { type ReceiveOptions, Receiver } from './receiver.ts'
import type { Link } from './tcp-connection.ts'

export interface ListenOptions extends ReceiveOptions {
  readonly host: string
  readonly port: number
  readonly ipv6Only: boolean
  readonly maxConnections: number
  readonly backlog: number
}

/** What a server needs of the process around it. */
export interface ServerSurroundings {
  readonly teller: Teller
  now(): number
  date(): Date
  openFiles(): { readonly limit: number; readonly open: number }
}

export interface ListenerHooks {
  /** How many connections there are. */
  count(): number
  /** A client has come, and nothing was read from it yet. */
  accept(link: Link): void
}

/** Files kept free for everything that is not a connection: the output, a file to send, the name service. */
const spareFiles = 8

const name = 'server'

/** A port that is listened on, and the limit of how many may come. */
export class TcpListener {
  readonly #options: ListenOptions
  readonly #surroundings: ServerSurroundings
  readonly #limits: Limits
  readonly #hooks: ListenerHooks
  readonly #server: Server
  #maxConnections: number

  constructor(
    options: ListenOptions,
    surroundings: ServerSurroundings,
    limits: Limits,
    hooks: ListenerHooks,
  ) {
    this.#options = options
    this.#surroundings = surroundings
    this.#limits = limits
    this.#hooks = hooks
    this.#maxConnections = options.maxConnections
    this.#server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) =>
      this.#accept(socket),
    )
  }

  /** Opens the port. @throws NetworkError that says how to mend it */
  async listen(): Promise<Endpoint> {
    const { host, port, backlog, ipv6Only, maxConnections } = this.#options
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (error) => reject(listenError(error, host, port)))
      this.#server.listen({ host, port, backlog, ipv6Only }, resolve)
    })
    this.#server.removeAllListeners('error')
    this.#server.on('error', (error) => this.#tellFailure(error))
    const { limit, open } = this.#surroundings.openFiles()
    this.#maxConnections = Math.max(1, Math.min(maxConnections, limit - open - spareFiles))
    return addressOf(this.#server)
  }

  /** Nobody can come any more. */
  close(): void {
    this.#server.close()
  }

  #accept(accepted: Socket): void {
    if (this.#hooks.count() >= this.#maxConnections) {
      this.#refuse(accepted)
      return
    }
    if (accepted.remoteAddress === undefined) {
      accepted.destroy()
      const message = 'a client had gone before it was accepted'
      this.#surroundings.teller.tell(name, { kind: 'failed', code: 'ECONNABORTED', message })
      return
    }
    const receiver = new Receiver(this.#options)
    const through = readThrough(accepted, receiver.onread)
    this.#hooks.accept({ socket: through ?? accepted, receiver, throughOnread: through !== undefined })
  }

  #refuse(socket: Socket): void {
    const remote = remoteEnd(socket)
    socket.destroy()
    const limit = this.#maxConnections
    const mend =
      limit < this.#options.maxConnections
        ? 'this process may have no more open files; ulimit -n raises that'
        : '--max-connections allows more'
    const detail = `refused ${formatEndpoint(remote)}; ${mend}`
    this.#limits.tell(name, 'connections', { limit, detail, remote })
  }

  #tellFailure(error: Error): void {
    const code = systemCode(error) ?? 'UNKNOWN'
    this.#surroundings.teller.tell(name, { kind: 'failed', code, message: describeSystemError(error) })
  }
}

function addressOf(server: Server): Endpoint {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new NetworkError('the server has no address')
  return endpoint(address.address, address.port)
}
