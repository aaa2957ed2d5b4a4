/**
 * Recognises TLS in what came first over a connection that has none: enough of the record layer (RFC 8446 §5.1) to
 * say so, and of the ClientHello (§4.1.2) to say whom it was for.
 */

/** What the first bytes turned out to be. */
export type TlsSighting =
  | { readonly kind: 'client-hello'; readonly servername?: string }
  | { readonly kind: 'alert'; readonly description: string }

const contentTypes = { alert: 21, handshake: 22 }
const clientHello = 1
const serverName = 0
/** Content type, version and length, bytes. */
export const recordHead = 5

/** Descriptions of alerts that say why a handshake came to nothing (RFC 8446 §6). */
const alerts: Readonly<Record<number, string>> = {
  0: 'close_notify',
  10: 'unexpected_message',
  20: 'bad_record_mac',
  22: 'record_overflow',
  40: 'handshake_failure',
  42: 'bad_certificate',
  47: 'illegal_parameter',
  50: 'decode_error',
  70: 'protocol_version',
  80: 'internal_error',
  109: 'missing_extension',
  112: 'unrecognized_name',
  116: 'certificate_required',
  120: 'no_application_protocol',
}

/** Looks at the first read of a stream; undefined where it is no TLS. */
export function recogniseTls(bytes: Uint8Array): TlsSighting | undefined {
  const [type, major, minor = 255] = bytes
  if (major !== 3 || minor > 4) return undefined
  if (type === contentTypes.alert && bytes.length === recordHead + 2) {
    const code = bytes[recordHead + 1] ?? 0
    return { kind: 'alert', description: alerts[code] ?? `alert ${code}` }
  }
  if (type !== contentTypes.handshake || bytes[recordHead] !== clientHello) return undefined
  const servername = serverNameOf(bytes.subarray(recordHead))
  return { kind: 'client-hello', ...(servername !== undefined && { servername }) }
}

/** The name in a ClientHello (RFC 6066 §3), where it is among the bytes that are here. */
function serverNameOf(handshake: Uint8Array): string | undefined {
  const reader = new Reader(handshake)
  // Type and length, version and random.
  reader.skip(4 + 2 + 32)
  reader.skip(reader.number(1)) // session
  reader.skip(reader.number(2)) // cipher suites
  reader.skip(reader.number(1)) // compression
  reader.skip(2) // how much of extensions there is
  while (reader.hasMore) {
    const type = reader.number(2)
    const size = reader.number(2)
    if (type !== serverName) reader.skip(size)
    else {
      // The list's length, and the type of its one entry.
      reader.skip(2 + 1)
      return reader.name(reader.number(2))
    }
  }
  return undefined
}

/** Reads numbers in network order; beyond the end there are zeros. */
class Reader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get hasMore(): boolean {
    return this.#at < this.#bytes.length
  }

  skip(size: number): void {
    this.#at += size
  }

  number(size: number): number {
    let value = 0
    for (const end = this.#at + size; this.#at < end; this.#at++) {
      value = value * 256 + (this.#bytes[this.#at] ?? 0)
    }
    return value
  }

  /** So many bytes, where all of them are here and may stand in the name of a host: visible ASCII. */
  name(size: number): string | undefined {
    const name = Buffer.from(this.#bytes.subarray(this.#at, this.#at + size)).toString('latin1')
    return name.length === size && /^[!-~]+$/.test(name) ? name : undefined
  }
}
