/** The server's half of TLS, for every connection of a server. */
import { X509Certificate } from 'node:crypto'
import type { Socket } from 'node:net'
import { createServer, type Server, type TLSSocket } from 'node:tls'
import { TlsError } from '../errors.ts'
import { msSince } from '../event.ts'
import type { TlsEvent, TlsIdentity } from '../tls-event.ts'
import { recordHead } from '../wire/tls-record.ts'
import { rawUnder } from './raw-handle.ts'
import {
  chainOf,
  countWire,
  fingerprintOf,
  handOver,
  type Secured,
  type Tls,
  type TlsOptions,
  tlsEvent,
} from './tls.ts'
import { checkContext } from './tls-context.ts'
import { describeTlsFault, isLeaving, isPlainText } from './tls-faults.ts'

export interface TlsServerOptions extends TlsOptions {
  readonly cert: string
  readonly key: string
  /** PEM of who may issue certificates of clients, which are asked for then. */
  readonly clientCa: string | undefined
  /** Whether the certificate was made for this run only. */
  readonly isMade: boolean
}

/** A fatal alert (RFC 8446 §6.2): whoever speaks plain text may know by it that TLS is spoken here. */
const unexpectedMessage = Uint8Array.of(21, 3, 3, 0, 2, 2, 10)

/** A handshake that is done, and the bytes that it took each way. */
type Shaken = Secured & Pick<TlsEvent, 'sent' | 'received'>

/** A handshake under way. */
interface Handshake {
  succeed(socket: TLSSocket): void
  fail(error: Error, socket: TLSSocket): void
}

/** @throws UsageError where a certificate or a key is none */
export function createTlsServer(options: TlsServerOptions): Tls {
  const { cert, key, passphrase, clientCa, alpn, keyLog, isMade } = options
  checkContext({ cert, key, passphrase, ca: clientCa }, '--client-ca')
  const server = createServer({
    cert,
    key,
    ...(passphrase !== undefined && { passphrase }),
    ...(clientCa !== undefined && { ca: clientCa, requestCert: true, rejectUnauthorized: true }),
    ...(alpn.length > 0 && { ALPNProtocols: [...alpn] }),
    // Whoever owns the connection has a time limit of his own.
    handshakeTimeout: 2 ** 31 - 1,
  })
  if (keyLog !== undefined) server.on('keylog', keyLog)
  const handshakes = new Handshakes(server)
  const identity: TlsIdentity = {
    fingerprint: fingerprintOf(new X509Certificate(cert).fingerprint256),
    isMade,
  }
  return {
    identity,
    async secure(raw, hooks) {
      const startedAt = hooks.now()
      const { socket, wasNotified, ...wire } = await handshakes.begin(raw)
      const servername = typeof socket.servername === 'string' ? socket.servername : undefined
      const chain = clientCa === undefined ? [] : chainOf(socket)
      const trust = chain.length > 0 ? 'verified' : 'anonymous'
      const tookMs = msSince(startedAt, hooks.now())
      hooks.tell(tlsEvent(socket, { servername, tookMs, ...wire, trust, chain }))
      return { socket, wasNotified }
    },
  }
}

/**
 * Gives connections to a `tls.Server` that listens nowhere, and takes them back. It does not say which is which: where
 * their sockets do not, the other end's address and port do, of which there is one at a time.
 */
class Handshakes {
  readonly #server: Server
  readonly #underWay = new Map<string, Handshake>()
  readonly #keys = new WeakMap<Socket, string>()

  constructor(server: Server) {
    this.#server = server
    server.on('secureConnection', (socket) => this.#find(socket)?.succeed(socket))
    server.on('tlsClientError', (error, socket) => this.#find(socket)?.fail(error, socket))
  }

  #find(socket: TLSSocket): Handshake | undefined {
    const raw = rawUnder(socket)
    const key = raw === undefined ? undefined : this.#keys.get(raw)
    return this.#underWay.get(key ?? keyOf(socket))
  }

  begin(raw: Socket): Promise<Shaken> {
    const key = keyOf(raw)
    const { allowHalfOpen } = raw
    const count = countWire(raw)
    // Whoever ends his side before it is done has left.
    raw.allowHalfOpen = false
    this.#keys.set(raw, key)
    return new Promise<Shaken>((resolve, reject) => {
      const over = (): void => {
        this.#underWay.delete(key)
        raw.off('close', onClose)
      }
      const onClose = (): void => {
        // Why it was closed may be told in the same turn.
        setImmediate(() => {
          over()
          reject(new TlsError('the TLS handshake failed: the connection was closed before it was done'))
        })
      }
      this.#underWay.set(key, {
        succeed(socket) {
          over()
          socket.allowHalfOpen = allowHalfOpen
          const shaken = { ...handOver(socket, raw), ...count() }
          // In the midst of OpenSSL's own turn a close_notify would not go out.
          setImmediate(() => resolve(shaken))
        },
        fail(error, socket) {
          over()
          if (isPlainText(error)) raw.write(unexpectedMessage)
          const reason = reasonOf(error, socket, count().received)
          reject(new TlsError(`the TLS handshake failed: ${reason}`, { cause: error }))
        },
      })
      raw.once('close', onClose)
      this.#server.emit('connection', raw)
    })
  }
}

function keyOf({ remoteAddress, remotePort, localPort }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localPort}`
}

function reasonOf(error: Error, { authorizationError }: TLSSocket, received: number): string {
  // Its type says Error, and it is the code of one.
  const distrust: unknown = authorizationError
  if (typeof distrust === 'string') return `their certificate is not one of --client-ca (${distrust})`
  if (isLeaving(error)) return reasonOfLeaving(received)
  return describeTlsFault(error, 'server')
}

/** OpenSSL judges nothing before it has the head of a record. */
function reasonOfLeaving(received: number): string {
  if (received === 0 || received >= recordHead) return 'they left before it was done'
  const bytes = received === 1 ? '1 byte' : `${received} bytes`
  return `they left after ${bytes}, fewer than any record of TLS has: plain text to a port with TLS, perhaps`
}
