/** What other tools know of TLS. */
import type { tlsClientOptions, tlsFromStart, tlsServerOptions } from '../commands/options/tls.ts'
import { anyway, cannot, noSuchLimit, type Rules, type Said, words } from './rule.ts'

type ServerRules = Rules<typeof tlsServerOptions>
type ClientRules = Rules<typeof tlsClientOptions>

const noSecrets = cannot('it writes no secrets down')
const noPin = cannot('it trusts no single certificate')

/** The same answer for every option. */
function all<Names extends string>(names: readonly Names[], said: Said): { readonly [Name in Names]: Said } {
  return Object.fromEntries(names.map((name) => [name, said])) as { readonly [Name in Names]: Said }
}

const shared = ['cert', 'key', 'passphrase', 'alpn', 'keyLog'] as const
const ofClients = ['insecure', 'ca', 'pin', 'servername'] as const

const none = cannot('it has no TLS')
export const noTlsServer = {
  ...all(['tls', 'clientCa', 'handshakeTimeout', ...shared], none),
} satisfies ServerRules
export const noTlsClient = {
  ...all(['tls', ...ofClients, ...shared], none),
} satisfies ClientRules & Rules<typeof tlsFromStart>

const ncat = {
  tls: words('--ssl'),
  cert: (path) => words('--ssl-cert', path),
  key: (path) => words('--ssl-key', path),
  passphrase: cannot('it opens no encrypted key by an option'),
  alpn: (names) => words('--ssl-alpn', names.join(',')),
  keyLog: noSecrets,
} satisfies Omit<ServerRules, 'clientCa'>

export const ncatTlsServer = {
  ...ncat,
  clientCa: cannot('it asks clients for no certificate'),
  handshakeTimeout: noSuchLimit,
} satisfies ServerRules & { readonly handshakeTimeout: Said }

export const ncatTlsClient = {
  ...ncat,
  insecure: anyway,
  ca: (path) => words('--ssl-trustfile', path),
  pin: noPin,
  servername: (name) => words('--ssl-servername', name),
} satisfies ClientRules & Rules<typeof tlsFromStart>

/** Ncat trusts anybody, unless it is told to look. */
export function ncatVerifies({
  tls,
  insecure,
}: {
  readonly tls?: boolean
  readonly insecure?: boolean
}): readonly string[] {
  return tls === true && insecure !== true ? ['--ssl-verify'] : []
}

const socat = {
  tls: anyway,
  cert: (path) => ({ address: `cert=${path}` }),
  key: (path) => ({ address: `key=${path}` }),
  passphrase: cannot('it asks for the passphrase by itself'),
  alpn: cannot('it speaks of no protocols (ALPN)'),
  keyLog: noSecrets,
} satisfies Omit<ServerRules, 'clientCa'>

export const socatTlsServer = {
  ...socat,
  clientCa: (path) => ({ address: `cafile=${path}` }),
  handshakeTimeout: noSuchLimit,
} satisfies ServerRules & { readonly handshakeTimeout: Said }

export const socatTlsClient = {
  ...socat,
  insecure: { address: 'verify=0' },
  ca: (path) => ({ address: `cafile=${path}` }),
  pin: noPin,
  servername: (name) => ({ address: `commonname=${name},snihost=${name}` }),
} satisfies ClientRules & Rules<typeof tlsFromStart>

const pkcs12 = cannot('it wants a PKCS#12 file, in DER')

export const websocatTlsServer = {
  tls: pkcs12,
  clientCa: cannot('it asks clients for no certificate'),
  ...all(shared, pkcs12),
  alpn: cannot('it speaks of no protocols (ALPN)'),
  keyLog: noSecrets,
} satisfies ServerRules

export const websocatTlsClient = {
  insecure: words('-k'),
  ca: cannot('SSL_CERT_FILE=FILE before it does that'),
  pin: noPin,
  servername: (name) => words('--tls-domain', name),
  ...all(shared, pkcs12),
  alpn: cannot('it speaks of no protocols (ALPN)'),
  keyLog: noSecrets,
} satisfies ClientRules

export const wscatTlsServer = {
  ...all(['tls', 'clientCa', ...shared], cannot('it listens without TLS only')),
} satisfies ServerRules

export const wscatTlsClient = {
  insecure: words('-n'),
  ca: (path) => words('--ca', path),
  pin: noPin,
  servername: cannot('it asks for the name in the URL'),
  cert: (path) => words('--cert', path),
  key: (path) => words('--key', path),
  passphrase: (text) => words('--passphrase', text),
  alpn: cannot('it speaks of no protocols (ALPN)'),
  keyLog: noSecrets,
} satisfies ClientRules
