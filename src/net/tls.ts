/** What both ends of TLS share: what puts it on a connection, and how its certificates are read. */
import { isIPv6, type Socket, SocketAddress } from 'node:net'
import type { DetailedPeerCertificate, PeerCertificate, TLSSocket } from 'node:tls'
import { type SockpitError, systemCode } from '../errors.ts'
import type { EventBody } from '../event.ts'
import type { Certificate, TlsEvent, TlsIdentity } from '../tls-event.ts'
import { watchTlsEnd } from './raw-handle.ts'
import { isLeaving } from './tls-faults.ts'

/** What of ours both ends take on the command line; certificates and keys as PEM. */
export interface TlsOptions {
  readonly cert: string | undefined
  readonly key: string | undefined
  readonly passphrase: string | undefined
  /** What we can speak above TLS, in order of preference (RFC 7301). */
  readonly alpn: readonly string[]
  /** Gets a line for each secret (the format that Wireshark reads); undefined: nobody does. */
  readonly keyLog: ((line: Uint8Array) => void) | undefined
}

/** What a handshake needs of the connection that it is for. */
export interface HandshakeHooks {
  now(): number
  tell(event: EventBody): void
}

/** Puts TLS on connections. */
export interface Tls {
  /** Of a server. */
  readonly identity?: TlsIdentity
  /**
   * Does the handshake on a connected socket that nobody reads; what it is about is told.
   * @throws TlsError in words for people
   */
  secure(raw: Socket, hooks: HandshakeHooks, servername?: string): Promise<Secured>
}

/** A connection with TLS on it, not read yet. */
export interface Secured {
  readonly socket: TLSSocket
  /** Once the peer has ended: whether by close_notify, undefined where that cannot be known. */
  wasNotified(): boolean | undefined
}

/** TLS as it was asked for on the command line: from the start, or once `/tls` asks for it. */
export interface TlsPlan {
  readonly fromStart: boolean
  /** Made when it is first needed. @throws UsageError where a certificate or a key is none */
  load(): Promise<Tls>
}

/**
 * Done with its handshake: to be handed over, which has to be at once, since all that the peer says may come together
 * with the last of its handshake. An error of TLS does not end a socket by itself.
 */
export function handOver(socket: TLSSocket, raw: Socket): Secured {
  socket.pause()
  socket.on('error', () => socket.destroy())
  return { socket, wasNotified: watchTlsEnd(socket, raw) }
}

/** Why no size of a read can be chosen over TLS. */
export const readsRecords =
  'over TLS a read brings what its records held: how much that is, the sender has chosen'

/** How it is told that there is no TLS with a peer. */
export function failedTls({ message, cause }: SockpitError): EventBody {
  const code = isLeaving(cause) ? undefined : systemCode(cause)
  return { kind: 'failed', code: code ?? 'TLS', message }
}

/** What has gone over the stream below TLS since now: bytes, each way. */
export function countWire(raw: Socket): () => Pick<TlsEvent, 'sent' | 'received'> {
  const { bytesWritten, bytesRead } = raw
  return () => ({ sent: raw.bytesWritten - bytesWritten, received: raw.bytesRead - bytesRead })
}

/** What a handshake led to, whoever began it. */
export function tlsEvent(
  socket: TLSSocket,
  more: Pick<TlsEvent, 'tookMs' | 'sent' | 'received' | 'trust' | 'chain'> & {
    readonly servername: string | undefined
  },
): TlsEvent {
  const { servername, ...rest } = more
  const { standardName } = socket.getCipher()
  return {
    kind: 'tls',
    version: socket.getProtocol() ?? 'unknown',
    cipher: standardName,
    ...(typeof socket.alpnProtocol === 'string' && { alpn: socket.alpnProtocol }),
    ...(servername !== undefined && servername !== '' && { servername }),
    resumed: socket.isSessionReused(),
    ...rest,
  }
}

/** So many certificates of a chain are looked at. */
const longestChain = 8

/** What the peer showed, its own certificate first; empty where it showed none. */
export function chainOf(socket: TLSSocket): readonly Certificate[] {
  const chain: Certificate[] = []
  let next: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true)
  while (next?.raw !== undefined && chain.length < longestChain) {
    chain.push(readCertificate(next))
    // The last one names itself as its issuer, or nobody.
    next = next.issuerCertificate === next ? undefined : next.issuerCertificate
  }
  return chain
}

function readCertificate(certificate: PeerCertificate): Certificate {
  const { subject, issuer, subjectaltname = '', valid_from, valid_to, fingerprint256 } = certificate
  return {
    subject: nameOf(subject),
    issuer: nameOf(issuer),
    names: namesOf(subjectaltname),
    validFrom: isoDate(valid_from),
    validTo: isoDate(valid_to),
    key: keyOf(certificate),
    fingerprint: fingerprintOf(fingerprint256),
  }
}

/** The common name, else everything that it says of itself. */
function nameOf(name: object | undefined): string {
  const fields: Record<string, unknown> = { ...name }
  const common = [fields.CN ?? fields.O].flat()[0]
  if (typeof common === 'string') return common
  return Object.entries(fields)
    .map(([field, value]) => `${field}=${[value].flat().join(' + ')}`)
    .join(', ')
}

/** The names in `DNS:localhost, IP Address:127.0.0.1`; a name with an odd character stands there in quotes. */
export function namesOf(altNames: string): readonly string[] {
  const parts = altNames.match(/(?:"(?:\\.|[^"\\])*"|[^,])+/g) ?? []
  return parts.flatMap((part) => {
    const [, kind = '', value = ''] = /^\s*([^:]+):(.*)$/s.exec(part) ?? []
    return kind === 'DNS' ? [value] : kind === 'IP Address' ? [shortAddress(value)] : []
  })
}

/** `::1` for `0:0:0:0:0:0:0:1` */
function shortAddress(address: string): string {
  return isIPv6(address) ? new SocketAddress({ address, family: 'ipv6' }).address : address
}

/** 64 hex digits, of which OpenSSL puts colons between every two. */
export function fingerprintOf(fingerprint256: string): string {
  return fingerprint256.replaceAll(':', '').toLowerCase()
}

function isoDate(text: string): string {
  const date = new Date(text)
  return Number.isNaN(date.getTime()) ? text : date.toISOString()
}

function keyOf({ asn1Curve, nistCurve, bits, modulus }: PeerCertificate): string {
  const curve = nistCurve ?? asn1Curve
  if (curve !== undefined) return `EC ${curve}`
  const kind = modulus === undefined ? '' : 'RSA '
  return bits === undefined ? 'unknown' : `${kind}${bits} bits`
}
