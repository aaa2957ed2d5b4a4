/** Every place of an event where words of a peer may stand. */
import type { Endpoint, EventBody, Transport } from '../../src/event.ts'
import { nothingCarried } from '../../src/wire/output.ts'

/** The same words of a peer, as events hold them. */
export interface Said {
  readonly bytes: Buffer
  /** As UTF-8. */
  readonly text: string
  /** A character for each byte, as heads of HTTP are kept. */
  readonly latin1: string
}

export function say(bytes: Buffer): Said {
  return { bytes, text: bytes.toString(), latin1: bytes.toString('latin1') }
}

export interface Place {
  readonly name: string
  readonly transport: Transport
  readonly tell: (said: Said) => readonly EventBody[]
  /** How often -v has to be given before it is shown at all. */
  readonly verbosity?: 1 | 2
  /** Whether exactly these bytes can be read from what the log shows, escapes undone. */
  readonly isPayload?: true
  /** Whether what we say beside it depends on what it is: it is laid out, shown in hex, or told what it means. */
  readonly isDiscussed?: true
}

const here: Endpoint = { address: '127.0.0.1', port: 9000, family: 'IPv4' }
const day = '2026-01-02T03:04:05.000Z'
const certificate = {
  subject: 'localhost',
  issuer: 'Root',
  names: ['localhost'],
  validFrom: day,
  validTo: day,
  key: 'EC P-256',
  fingerprint: 'ab'.repeat(32),
}
const tls: Extract<EventBody, { kind: 'tls' }> = {
  kind: 'tls',
  version: 'TLSv1.3',
  cipher: 'TLS_AES_256_GCM_SHA384',
  resumed: false,
  tookMs: 1,
  sent: 1,
  received: 1,
  trust: 'verified',
  chain: [certificate],
}
const carried = { ...nothingCarried, bytes: 0, reads: 0, writes: 0 }
const closed: Extract<EventBody, { kind: 'closed'; transport: 'websocket' }> = {
  kind: 'closed',
  transport: 'websocket',
  upgraded: true,
  first: 'peer',
  clean: true,
  closeCode: 4001,
  reason: '',
  sentCode: 4001,
  how: 'fin',
  sent: carried,
  received: carried,
  unsent: 0,
  openMs: 1,
}
const opened: Extract<EventBody, { kind: 'opened'; transport: 'websocket' }> = {
  kind: 'opened',
  transport: 'websocket',
  local: here,
  remote: here,
  target: '/',
  tookMs: 1,
}
const request: Extract<EventBody, { kind: 'request' }> = {
  kind: 'request',
  direction: 'received',
  method: 'GET',
  target: '/',
  version: 'HTTP/1.1',
  headers: [['Host', 'localhost']],
  size: 4,
  payload: Buffer.from('GET '),
}
const response: Extract<EventBody, { kind: 'response' }> = {
  kind: 'response',
  direction: 'received',
  version: 'HTTP/1.1',
  status: 403,
  reason: 'Forbidden',
  headers: [['Server', 'theirs']],
  size: 4,
  payload: Buffer.from('HTTP'),
  tookMs: 1,
}
const asked: EventBody = { ...request, direction: 'sent' }
const problem = { what: 'status line', reason: 'says 403, not 101', section: 'RFC 6455 §4.1' }

function frame(opcode: number, payload: Buffer): EventBody {
  const { length } = payload
  const bits = { fin: true, rsv1: false, rsv2: false, rsv3: false }
  return {
    kind: 'frame',
    direction: 'received',
    ...bits,
    opcode,
    lengthForm: 7,
    length,
    size: length,
    payload,
  }
}

const places = {
  tcp: {
    'a read': ({ bytes }) => [{ kind: 'bytes', direction: 'received', size: bytes.length, payload: bytes }],
    'the name that was looked up': ({ text }) => [
      { kind: 'resolved', host: text, addresses: ['::1'], tookMs: 1 },
    ],
    'an error': ({ text }) => [{ kind: 'failed', code: 'ECODE', message: `it failed: ${text}` }],
    'the code of an error': ({ text }) => [{ kind: 'failed', code: text, message: 'it failed' }],
    'the code of a refusal': ({ text }) => [
      { kind: 'refused', transport: 'tcp', remote: here, code: text, tookMs: 1 },
    ],
    'why a limit acted': ({ text }) => [
      { kind: 'limit', what: 'line', limit: 9, count: 1, detail: `"${text}" is cut` },
    ],
    'a process that ended': ({ text }) => [{ kind: 'process', what: 'exited', exitCode: 1, message: text }],
    'a note': ({ text }) => [{ kind: 'note', text: `they want "${text.replaceAll('\n', ' ')}"` }],
    'what was waited for': ({ bytes }) => [{ kind: 'expected', met: true, payload: bytes, tookMs: 1 }],
    'what came instead': ({ bytes }) => [
      { kind: 'expected', met: false, payload: Buffer.from('ok'), tookMs: 1, instead: bytes },
    ],
    'a certificate: whose': ({ text }) => [{ ...tls, chain: [{ ...certificate, subject: text }] }],
    'a certificate: by whom': ({ text }) => [{ ...tls, chain: [{ ...certificate, issuer: text }] }],
    'a certificate: for what names': ({ text }) => [{ ...tls, chain: [{ ...certificate, names: [text] }] }],
    'ALPN, the cipher, and the name that was asked for': ({ text }) => [
      { ...tls, alpn: text, servername: 'a', cipher: 'b' },
      { ...tls, servername: text },
      { ...tls, cipher: text },
    ],
    'a certificate that is not trusted': ({ text }) => [
      {
        kind: 'untrusted',
        code: 'CERT_HAS_EXPIRED',
        message: `the certificate of "${text}" expired`,
        accepted: true,
        chain: [],
      },
    ],
  },
  udp: {
    'a datagram': ({ bytes }) => [
      { kind: 'datagram', direction: 'received', size: bytes.length, remote: here, payload: bytes },
    ],
  },
  websocket: {
    'a text message': ({ text }) => [message('text', Buffer.from(text))],
    'a binary message': ({ bytes }) => [message('binary', bytes)],
    'a text message in JSON': ({ text }) => [
      message('text', Buffer.from(JSON.stringify({ [text]: [text, 1] }))),
    ],
    'a ping': ({ bytes }) => [frame(9, bytes)],
    'a close frame': ({ bytes }) => [frame(8, Buffer.concat([Buffer.of(0x0f, 0xa1), bytes]))],
    'the anatomy of a frame': ({ bytes }) => [frame(2, bytes)],
    'the reason of a close': ({ text }) => [{ ...closed, reason: text }],
    'a rule that was broken': ({ text }) => [
      {
        kind: 'violation',
        code: 'x',
        message: `the line "${text}" is no header`,
        section: 'RFC 9112 §5',
        closeCode: 0,
      },
    ],
    'the target that was opened': ({ latin1 }) => [{ ...opened, target: latin1 }],
    'a subprotocol': ({ latin1 }) => [{ ...opened, subprotocol: latin1 }],
    'an extension': ({ latin1 }) => [{ ...opened, compression: latin1 }],
    'the request line, unanswered': ({ latin1 }) => [{ ...request, method: latin1 }, closed],
    'a header of a request': ({ latin1 }) => [
      { ...request, headers: [['X-Said', latin1]] },
      { ...response, direction: 'sent' },
    ],
    'the name of a header': ({ latin1 }) => [asked, { ...response, headers: [[latin1, 'x']] }],
    'what is offered': ({ latin1 }) => [
      { ...request, headers: [['Sec-WebSocket-Extensions', latin1]] },
      { ...response, direction: 'sent' },
    ],
    'a header of an answer': ({ latin1 }) => [asked, { ...response, headers: [['X-Said', latin1]] }],
    'the accept': ({ latin1 }) => [
      { ...asked, headers: [['Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ==']] },
      { ...response, status: 101, headers: [['Sec-WebSocket-Accept', latin1]] },
    ],
    'the phrase of an answer': ({ latin1 }) => [asked, { ...response, reason: `${latin1}.` }],
    'the body of a refused upgrade': ({ latin1 }) => [asked, { ...response, body: `"${latin1}"` }],
    'what is wrong with an answer': ({ latin1 }) => [
      asked,
      { ...response, problem: { ...problem, reason: `says "${latin1}"` } },
    ],
    'where in an answer': ({ latin1 }) => [
      asked,
      { ...response, problem: { ...problem, what: `header "${latin1}"` } },
    ],
    'how to mend it': ({ latin1 }) => [asked, { ...response, problem: { ...problem, hint: latin1 } }],
    'the bytes of a head': ({ bytes }) => [asked, { ...response, size: bytes.length, payload: bytes }],
  },
} as const satisfies Readonly<Record<Transport, Readonly<Record<string, Place['tell']>>>>

function message(type: 'text' | 'binary', payload: Buffer): EventBody {
  return { kind: 'message', direction: 'received', type, size: payload.length, payload, frames: 1 }
}

/** What the log shows only with -v. */
const verbosities: Readonly<Record<string, 1 | 2>> = {
  'the name that was looked up': 1,
  'the code of a refusal': 1,
  'a certificate: by whom': 1,
  'a certificate: for what names': 1,
  'a text message in JSON': 1,
  'a ping': 1,
  'a close frame': 1,
  'the bytes of a head': 1,
  'the anatomy of a frame': 2,
}
const payloads: ReadonlySet<string> = new Set(['a read', 'a datagram', 'a text message', 'a binary message'])
const discussed: ReadonlySet<string> = new Set([
  'what is offered',
  'the bytes of a head',
  'the anatomy of a frame',
  'a text message in JSON',
])

export const allPlaces: readonly Place[] = Object.entries(places).flatMap(([transport, told]) =>
  Object.entries(told).map(([name, tell]): Place => {
    const verbosity = verbosities[name]
    return {
      name,
      transport: transport as Transport,
      tell,
      ...(verbosity !== undefined && { verbosity }),
      ...(payloads.has(name) && { isPayload: true }),
      ...(discussed.has(name) && { isDiscussed: true }),
    }
  }),
)
