/** What is told of TLS on a connection (RFC 8446, RFC 5246). */

/** A certificate, as far as people look at one; its texts are the peer's own. */
export interface Certificate {
  /** The common name, else the whole subject. */
  readonly subject: string
  readonly issuer: string
  /** The names and addresses that it is for, such as `localhost` and `127.0.0.1`. */
  readonly names: readonly string[]
  /** ISO 8601. */
  readonly validFrom: string
  readonly validTo: string
  /** `EC P-256`, `RSA 2048` */
  readonly key: string
  /** SHA-256 of the whole certificate: 64 hex digits. */
  readonly fingerprint: string
}

/** Whether we know who is on the other side: checked, trusted by its fingerprint, not checked, or it shows nothing. */
export type Trust = 'verified' | 'pinned' | 'unchecked' | 'anonymous'

/** The TLS handshake is done: what goes over the connection from here on is encrypted. */
export interface TlsEvent {
  readonly kind: 'tls'
  /** `TLSv1.3` */
  readonly version: string
  /** `TLS_AES_256_GCM_SHA384` */
  readonly cipher: string
  /** What both sides chose to speak (RFC 7301). */
  readonly alpn?: string
  /** The name that the client asked for (SNI, RFC 6066 §3). */
  readonly servername?: string
  /** Whether it goes on with the keys of an earlier session. */
  readonly resumed: boolean
  /** From the first byte of the handshake that we sent or waited for, milliseconds. */
  readonly tookMs: number
  /** Bytes that the handshake itself took on the stream below, each way, by when it was done. */
  readonly sent: number
  readonly received: number
  readonly trust: Trust
  /** What the peer showed, its own certificate first. */
  readonly chain: readonly Certificate[]
}

/** The peer's certificate does not stand up to our check. */
export interface UntrustedEvent {
  readonly kind: 'untrusted'
  /** The check that failed, as OpenSSL or Node names it: `CERT_HAS_EXPIRED`. */
  readonly code: string
  readonly message: string
  /** Whether we go on all the same, since that was asked for. */
  readonly accepted: boolean
  readonly chain: readonly Certificate[]
}

/** How a server with TLS can be told from another. */
export interface TlsIdentity {
  /** SHA-256 of its certificate. */
  readonly fingerprint: string
  /** Whether it was made for this run only. */
  readonly isMade: boolean
}
