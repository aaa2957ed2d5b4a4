import { UsageError } from '../../errors.ts'
import { asText, duration, type OptionRow } from './row.ts'

/** Their group; what begins TLS stands beside the connection. */
export const tlsGroup = 'TLS'

const group = tlsGroup
const connection = 'The connection'

/** `AB:CD:…` as 64 hex digits in lower case. @throws UsageError */
function parsePin(text: string): string {
  const digits = text
    .replace(/^sha-?256[:/=]/i, '')
    .replaceAll(':', '')
    .toLowerCase()
  if (/^[0-9a-f]{64}$/.test(digits)) return digits
  throw new UsageError(`"${text}" is no SHA-256 fingerprint: expected 64 hex digits, with or without colons`)
}

/** A name as it goes over the wire in the ClientHello (RFC 7301 §3.1). @throws UsageError */
function parseAlpn(text: string): string {
  const size = Buffer.byteLength(text)
  if (size > 0 && size <= 255) return text
  throw new UsageError(`"${text}" is no protocol: expected 1 to 255 bytes, such as h2 or http/1.1`)
}

/** What both ends of TLS take. */
export const tlsOptions = {
  cert: { flags: '--cert <file>', help: 'our certificate, as PEM', group, parse: asText, isFile: true },
  key: { flags: '--key <file>', help: 'its private key, as PEM', group, parse: asText, isFile: true },
  passphrase: {
    flags: '--passphrase <text>',
    help: 'opens the key; asked for where it is missing',
    group,
    parse: asText,
  },
  alpn: {
    flags: '--alpn <protocol>',
    help: 'speak this above TLS; repeatable',
    group,
    parse: parseAlpn,
    repeat: true,
  },
  keyLog: {
    flags: '--key-log <file>',
    help: 'add the secrets, so that Wireshark can read',
    group,
    parse: asText,
    isFile: true,
  },
} as const satisfies Record<string, OptionRow>

export const tlsServerOptions = {
  tls: { flags: '--tls', help: 'TLS; without --cert one is made for this run', group: connection },
  ...tlsOptions,
  clientCa: {
    flags: '--client-ca <file>',
    help: 'ask clients for a certificate of this CA',
    group,
    parse: asText,
    isFile: true,
  },
} as const satisfies Record<string, OptionRow>

export const tlsHandshakeTimeout = {
  flags: '--handshake-timeout <duration>',
  help: 'close who does not get done with TLS (10s)',
  group: connection,
  parse: duration({ min: 1 }),
} as const satisfies OptionRow

export const tlsClientOptions = {
  insecure: { flags: '-k, --insecure', help: 'trust any certificate', group },
  ca: {
    flags: '--ca <file>',
    help: 'trust what this CA issued, as PEM',
    group,
    parse: asText,
    isFile: true,
  },
  pin: {
    flags: '--pin <sha256>',
    help: 'trust the certificate with this fingerprint',
    group,
    parse: parsePin,
    repeat: true,
  },
  servername: {
    flags: '--servername <name>',
    help: 'ask for and expect another name',
    group,
    parse: asText,
  },
  ...tlsOptions,
} as const satisfies Record<string, OptionRow>

/** What is told in one place for all: each command takes those of its role. */
export const sharedTlsOptions: Readonly<Record<string, OptionRow>> = Object.fromEntries(
  Object.entries<OptionRow>({ ...tlsClientOptions, ...tlsServerOptions }).filter(
    ([, row]) => row.group === tlsGroup,
  ),
)

export const tlsFromStart = {
  tls: { flags: '--tls', help: 'TLS from the start; else /tls begins it', group: connection },
} as const satisfies Record<string, OptionRow>
