/** The body behind the head of a response (RFC 9112 §6), of which only the start is of interest. */
import { hasToken, headerValues, type ResponseHead } from './http-head.ts'

/** What is known of a body so far. */
export interface BodyStart {
  /** As it was meant, without the lengths of chunks between. */
  readonly bytes: Uint8Array
  /** Whether nothing more of it will come. */
  readonly isWhole: boolean
}

/** What the bytes behind a head are of its body. */
export function startOfBody({ status, headers }: ResponseHead, received: Uint8Array): BodyStart {
  // RFC 9110 §15.2: an answer of 1xx has none; behind a 101 there are frames.
  if (status < 200) return { bytes: new Uint8Array(), isWhole: true }
  // RFC 9112 §6.3: chunks take the place of a length.
  if (hasToken(headers, 'Transfer-Encoding', 'chunked')) return joinChunks(received)
  const [declared] = headerValues(headers, 'Content-Length')
  if (declared === undefined) return { bytes: received, isWhole: false }
  // Where it is no length, nothing tells that more will come.
  const length = /^\d+$/.test(declared) ? Number(declared) : received.length
  return { bytes: received.subarray(0, length), isWhole: received.length >= length }
}

/** What stands in chunks (RFC 9112 §7.1), up to what is no chunk. */
function joinChunks(received: Uint8Array): BodyStart {
  const bytes = Buffer.from(received.buffer, received.byteOffset, received.length)
  const chunks: Uint8Array[] = []
  for (let at = 0; ; ) {
    const lineEnd = bytes.indexOf('\r\n', at)
    if (lineEnd < 0) return { bytes: Buffer.concat(chunks), isWhole: false }
    const [, digits] = /^([\da-f]+)[ \t]*(?:;|$)/i.exec(bytes.toString('latin1', at, lineEnd)) ?? []
    const size = Number.parseInt(digits ?? '0', 16)
    if (size === 0) return { bytes: Buffer.concat(chunks), isWhole: true }
    const start = lineEnd + 2
    chunks.push(bytes.subarray(start, start + size))
    at = start + size + 2
    if (at > bytes.length) return { bytes: Buffer.concat(chunks), isWhole: false }
  }
}
