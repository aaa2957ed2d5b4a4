/** What went wrong with TLS, in words for people. */
import { describeSystemError, systemCode } from '../errors.ts'
import type { Certificate } from '../tls-event.ts'

/** Whose certificate, key or protocol is spoken of depends on which end we are. */
export type TlsRole = 'client' | 'server'

/** Alerts of the peer (RFC 8446 §6), by how OpenSSL names them. */
const alerts: Readonly<Record<string, string>> = {
  ACCESS_DENIED: 'they deny us access',
  BAD_CERTIFICATE: 'they do not accept our certificate',
  CERTIFICATE_EXPIRED: 'they find that our certificate has expired',
  CERTIFICATE_REQUIRED: 'they want a certificate of ours: --cert FILE --key FILE',
  CERTIFICATE_REVOKED: 'they find that our certificate is revoked',
  CERTIFICATE_UNKNOWN: 'they do not accept our certificate',
  DECRYPT_ERROR: 'they could not check a signature of ours',
  HANDSHAKE_FAILURE: 'they share no cipher or curve with us, or want a certificate of ours (--cert, --key)',
  INTERNAL_ERROR: 'they have an error of their own',
  NO_APPLICATION_PROTOCOL: 'they speak nothing of what --alpn offers',
  PROTOCOL_VERSION: 'they speak no version of TLS that we do: 1.2 or 1.3',
  UNKNOWN_CA: 'they do not know who issued our certificate',
  UNRECOGNIZED_NAME: 'they have no certificate for that name: --servername says another',
  UNSUPPORTED_CERTIFICATE: 'they cannot use our certificate',
}

/** What came is no record of TLS. */
const noTls = {
  client: 'what answers there does not speak TLS; without TLS it may be understood',
  server: 'what they said is no TLS: they speak plain text to a port with TLS',
}

/** What OpenSSL found by itself. */
const found: Readonly<Record<string, Readonly<Record<TlsRole, string>>>> = {
  WRONG_VERSION_NUMBER: noTls,
  PACKET_LENGTH_TOO_LONG: noTls,
  UNEXPECTED_MESSAGE: {
    client: 'what came back is no answer to a ClientHello: perhaps an echo of it',
    server: 'what they said belongs elsewhere in a handshake',
  },
  HTTP_REQUEST: {
    client: 'what answers there speaks HTTP without TLS',
    server: 'they speak HTTP without TLS to a port with TLS: https:// or wss:// is needed',
  },
  UNSUPPORTED_PROTOCOL: {
    client: 'they speak no version of TLS that we do: 1.2 or 1.3',
    server: 'they speak no version of TLS that we do: 1.2 or 1.3',
  },
  NO_SHARED_CIPHER: {
    client: 'there is no cipher that both sides have',
    server: 'they have no cipher that fits our certificate',
  },
  NO_APPLICATION_PROTOCOL: {
    client: 'they speak nothing of what --alpn offers',
    server: 'they offer nothing of what --alpn names',
  },
  PEER_DID_NOT_RETURN_A_CERTIFICATE: {
    client: 'they showed no certificate',
    server: 'they showed no certificate, and --client-ca asks for one',
  },
}

/** An error of TLS, or of the connection under it, in words with its code. */
export function describeTlsFault(error: unknown, role: TlsRole): string {
  const code = systemCode(error)
  const [, reason = ''] = /^ERR_SSL_(.*)$/.exec(code ?? '') ?? []
  if (reason === '') return describeSystemError(error)
  const [, alert = ''] = /ALERT_(.*)$/.exec(reason) ?? []
  const words = found[reason]?.[role] ?? alerts[alert]
  const plain = `OpenSSL says: ${reason.toLowerCase().replaceAll('_', ' ')}`
  return `${words ?? plain} (${code})`
}

/**
 * Whether the peer left in the midst of a handshake, and by a FIN: Node makes an ECONNRESET of that, without the number
 * that errors of the system have.
 */
export function isLeaving(error: unknown): boolean {
  return systemCode(error) === 'ECONNRESET' && !(error instanceof Error && 'errno' in error)
}

/** Whether what the peer said was no TLS at all. */
export function isPlainText(error: unknown): boolean {
  return /^ERR_SSL_(WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST)$/.test(systemCode(error) ?? '')
}

/** Whether an error is of TLS itself, and not of the connection under it. */
export function isTlsCode(code: string | undefined): boolean {
  return code?.startsWith('ERR_SSL_') === true
}

/** Why a certificate is not trusted: which check failed, and what was there instead. */
export function describeDistrust(
  code: string,
  { chain, host }: { readonly chain: readonly Certificate[]; readonly host: string },
): string {
  const [own] = chain
  const last = chain.at(-1)
  if (own === undefined || last === undefined) return 'no certificate was shown'
  switch (code) {
    case 'CERT_HAS_EXPIRED': {
      const expired = chain.find(({ validTo }) => Date.parse(validTo) < Date.now()) ?? own
      return `the certificate of "${expired.subject}" expired on ${dayOf(expired.validTo)}`
    }
    case 'CERT_NOT_YET_VALID': {
      const early = chain.find(({ validFrom }) => Date.parse(validFrom) > Date.now()) ?? own
      return `the certificate of "${early.subject}" is valid only from ${dayOf(early.validFrom)} on`
    }
    case 'ERR_TLS_CERT_ALTNAME_INVALID': {
      const names = own.names.length === 0 ? `"${own.subject}"` : own.names.slice(0, mostNames).join(', ')
      const more = own.names.length > mostNames ? ` and ${own.names.length - mostNames} more` : ''
      return `the certificate is not for "${host}" but for ${names}${more}`
    }
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
      return `the certificate of "${own.subject}" is self-signed`
    case 'SELF_SIGNED_CERT_IN_CHAIN':
      return `the chain ends in the self-signed "${last.subject}", which is not trusted here`
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
      return `the issuer "${last.issuer}" is not known here`
    default:
      return `the check of the certificate of "${own.subject}" failed`
  }
}

/** So many names of a certificate are told. */
const mostNames = 8

/** `2024-05-01` */
function dayOf(iso: string): string {
  return iso.slice(0, 10)
}
