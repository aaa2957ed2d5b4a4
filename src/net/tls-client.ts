/** The client's half of TLS: the handshake, and whether we trust who answered. */
import type { Socket } from 'node:net'
import { type ConnectionOptions, checkServerIdentity, connect, type TLSSocket } from 'node:tls'
import { systemCode, TlsError } from '../errors.ts'
import { msSince } from '../event.ts'
import type { Certificate, Trust } from '../tls-event.ts'
import { familyOf } from './endpoint.ts'
import {
  chainOf,
  countWire,
  type HandshakeHooks,
  handOver,
  type Secured,
  type Tls,
  type TlsOptions,
  tlsEvent,
} from './tls.ts'
import { checkContext } from './tls-context.ts'
import { describeDistrust, describeTlsFault, isLeaving } from './tls-faults.ts'

export interface TlsClientOptions extends TlsOptions {
  /** The host that we were told to connect to. */
  readonly host: string
  /** The name to ask for and to check instead of that. */
  readonly servername: string | undefined
  /** PEM of who may issue certificates, instead of those that Node trusts. */
  readonly ca: string | undefined
  /** Fingerprints of certificates that are trusted by themselves: 64 hex digits in lower case. */
  readonly pins: readonly string[]
  /** Trust anybody. */
  readonly insecure: boolean
}

/** What our check of the peer's certificate led to. */
type Check = { readonly trust: Trust } | { readonly code: string; readonly message: string }

/** @throws UsageError where a certificate or a key is none */
export function createTlsClient(options: TlsClientOptions): Tls {
  const { cert, key, passphrase, ca, alpn } = options
  const context = checkContext({ cert, key, passphrase, ca }, '--ca')
  return {
    async secure(raw, hooks, servername = options.servername) {
      const host = servername ?? options.host
      const startedAt = hooks.now()
      // An address is no name to ask for (RFC 6066 §3).
      const asked = familyOf(host) === undefined ? host : undefined
      const connection: ConnectionOptions = {
        secureContext: context,
        ...(asked !== undefined && { servername: asked }),
        ...(alpn.length > 0 && { ALPNProtocols: [...alpn] }),
      }
      const count = countWire(raw)
      const { socket, wasNotified, ...outcome } = await shakeHands(
        raw,
        connection,
        options.keyLog,
        (shaken) => {
          const chain = chainOf(shaken)
          const check = checkPeer(shaken, chain, options, host)
          const trust = 'code' in check ? decide(check, chain, options, hooks) : check.trust
          return { trust, chain, received: count().received }
        },
      )
      const tookMs = msSince(startedAt, hooks.now())
      hooks.tell(tlsEvent(socket, { servername: asked, tookMs, sent: count().sent, ...outcome }))
      return { socket, wasNotified }
    },
  }
}

/**
 * The handshake, and what the peer's part in it is judged to be: before ours is over, so that whom we do not trust learns
 * of it in the handshake.
 */
function shakeHands<Outcome extends object>(
  raw: Socket,
  options: ConnectionOptions,
  keyLog: TlsOptions['keyLog'],
  judge: (socket: TLSSocket) => Outcome,
): Promise<Secured & Outcome> {
  return new Promise((resolve, reject) => {
    // The check is ours, so that every way in which it fails can be told, with the chain.
    const socket = connect({
      ...options,
      socket: raw,
      rejectUnauthorized: false,
      checkServerIdentity: () => undefined,
    })
    if (keyLog !== undefined) socket.on('keylog', keyLog)
    const fail = (error: Error): void => reject(handshakeError(error))
    socket.once('error', fail)
    socket.once('secureConnect', () => {
      socket.off('error', fail)
      const secured = handOver(socket, raw)
      try {
        const outcome = judge(socket)
        // Our own last part goes out when this turn is over.
        setImmediate(() => resolve({ ...secured, ...outcome }))
      } catch (error) {
        socket.destroy()
        reject(error)
      }
    })
  })
}

function handshakeError(error: Error): TlsError {
  const why = isLeaving(error) ? 'they left before it was done' : describeTlsFault(error, 'client')
  return new TlsError(`the TLS handshake failed: ${why}`, { cause: error })
}

function checkPeer(
  socket: TLSSocket,
  chain: readonly Certificate[],
  { pins }: TlsClientOptions,
  host: string,
): Check {
  const [own] = chain
  if (own !== undefined && pins.includes(own.fingerprint)) return { trust: 'pinned' }
  if (pins.length > 0) {
    return { code: 'PIN', message: 'the certificate is not the one that --pin names' }
  }
  const identity = chain.length === 0 ? undefined : checkServerIdentity(host, socket.getPeerCertificate())
  // What is wrong with the certificate itself comes before whom it is for.
  const code = authorizationCode(socket) ?? systemCode(identity)
  if (code === undefined) return { trust: 'verified' }
  return { code, message: describeDistrust(code, { chain, host }) }
}

function authorizationCode({ authorized, authorizationError }: TLSSocket): string | undefined {
  if (authorized) return undefined
  // Its type says Error, and it is the code of one.
  const code: unknown = authorizationError
  return typeof code === 'string' ? code : (systemCode(code) ?? 'UNKNOWN')
}

/** Goes on with who is not trusted where that was asked for. @throws TlsError */
function decide(
  { code, message }: { readonly code: string; readonly message: string },
  chain: readonly Certificate[],
  { insecure }: TlsClientOptions,
  hooks: HandshakeHooks,
): Trust {
  hooks.tell({ kind: 'untrusted', code, message, accepted: insecure, chain })
  if (insecure) return 'unchecked'
  throw new TlsError(`${message} (${code}). ${adviceFor(code, chain[0])}`)
}

function adviceFor(code: string, own: Certificate | undefined): string {
  const pin = own === undefined ? '' : `--pin ${own.fingerprint} trusts this very certificate`
  if (code === 'PIN') return own === undefined ? '' : `It is ${own.fingerprint}`
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return `--servername NAME expects another; ${pin}`
  const others = code.startsWith('CERT_') ? '' : ', --ca FILE its issuer'
  return `${pin}${others}, -k anybody`
}
