import { Buffer, isUtf8 } from 'node:buffer'
import type { Event, EventKind, EventOf, Stamp } from '../event.ts'
import { lazily } from '../lazily.ts'
import { mark, strayMarks } from './escape.ts'
import type { View } from './view.ts'

/** The names in JSON of a field that holds bytes: the one for UTF-8, and the one for all else. */
const binaryNames = {
  payload: ['text', 'base64'],
  instead: ['insteadText', 'insteadBase64'],
} as const satisfies Readonly<Record<string, readonly [string, string]>>

type JsonName<Field> = Field extends keyof typeof binaryNames ? (typeof binaryNames)[Field][number] : Field

/** The fields of every member of a union. */
type KeyOf<Union> = Union extends unknown ? keyof Union : never

type FieldOf<Kind extends EventKind> = Exclude<KeyOf<EventOf<Kind>>, 'kind' | keyof Stamp>

/** JSON that needs no further escape to be safe on a terminal. */
const harmless = /^[ -~]*$/

/** What JSON allows but a terminal may act on, and marks that would attach to it, to an escape or to a sign of JSON. */
const risky = lazily(
  () =>
    new RegExp(
      `(?:\\\\(?:u[\\da-f]{4}|.)|[\\p{C}\\p{Default_Ignorable_Code_Point}]|(?! )\\p{Z})${mark}*|${strayMarks}`,
      'gu',
    ),
)

/** Every event, whole, one a line: the view that loses nothing. */
export function createJsonView(): View {
  return { wants: () => true, render: (event) => `${encodeEvent(event)}\n` }
}

/**
 * An event as one line of JSON, without the line feed: bytes are text where they are UTF-8, else base64.
 * Field by field into one object: measured, making it of entries takes five times as long.
 */
export function encodeEvent(event: Event): string {
  const { kind, seq, at, socket } = event
  const shown: Record<string, unknown> = { kind, seq, at: Math.round(at * 1_000) / 1_000, socket }
  for (const [name, value] of Object.entries(event)) {
    if (value instanceof Uint8Array) encodeBytes(shown, name, value)
    else if (!(name in shown)) shown[name] = value
  }
  const json = JSON.stringify(shown)
  return harmless.test(json) ? json : json.replace(risky(), escapeUnits)
}

/**
 * The event that a line of JSON tells.
 * @throws SyntaxError when it is no event
 */
export function decodeEvent(line: string): Event {
  const value = parseJson(line)
  if (!isStamped(value)) throw notAnEvent(line)
  const holdsBytes = 'base64' in eventFields[value.kind]
  const fields = Object.entries(value).map(([name, field]) =>
    holdsBytes && typeof field === 'string' ? decodeBytes(name, field) : [name, field],
  )
  // Kind and stamp are checked; the rest is what encodeEvent wrote.
  return Object.fromEntries(fields) as Event
}

function encodeBytes(shown: Record<string, unknown>, name: string, bytes: Uint8Array): void {
  const [text, base64] = binaryNames[name === 'instead' ? name : 'payload']
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (isUtf8(bytes)) shown[text] = buffer.toString()
  else shown[base64] = buffer.toString('base64')
}

function decodeBytes(name: string, field: string): [string, string | Uint8Array] {
  for (const [original, [text, base64]] of Object.entries(binaryNames)) {
    if (name === text) return [original, Uint8Array.from(Buffer.from(field))]
    if (name === base64) return [original, Uint8Array.from(Buffer.from(field, 'base64'))]
  }
  return [name, field]
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch (cause) {
    throw notAnEvent(line, cause)
  }
}

function isStamped(value: unknown): value is Stamp & { readonly kind: EventKind } {
  if (typeof value !== 'object' || value === null) return false
  if (!('kind' in value && 'seq' in value && 'at' in value && 'socket' in value)) return false
  const { kind, seq, at, socket } = value
  return (
    typeof kind === 'string' &&
    Object.hasOwn(eventFields, kind) &&
    typeof seq === 'number' &&
    Number.isSafeInteger(seq) &&
    seq >= 1 &&
    typeof at === 'number' &&
    at >= 0 &&
    typeof socket === 'string'
  )
}

function notAnEvent(line: string, cause?: unknown): SyntaxError {
  const start = JSON.stringify(line.slice(0, 60)).replace(risky(), escapeUnits)
  return new SyntaxError(
    `Cannot read an event from ${start}: expected a JSON object with kind, seq, at and socket`,
    { cause },
  )
}

/** Each UTF-16 code unit as `\u202e`, which is how JSON writes what it cannot hold; an escape stays as it is. */
function escapeUnits(run: string): string {
  let text = ''
  for (let at = 0; at < run.length; at += 1) {
    const unit = run.charCodeAt(at)
    text += unit < 0x7f ? run[at] : `\\u${unit.toString(16).padStart(4, '0')}`
  }
  return text
}

const transport = 'tcp, udp or websocket'
const endpoint = 'address, port, family (IPv4 or IPv6)'
const datagrams = 'udp: bytes (payload), datagrams, spanMs (from the first to the last)'
const frames =
  'websocket: bytes (whole stream), frames, messages, messageBytes (payload), compressed (from and to, bytes)'
const sent = `tcp: bytes (payload), writes (calls); ${datagrams}; ${frames}, writes`
const received = `tcp: bytes (payload), reads (calls); ${datagrams}; ${frames}, reads`
const tookMs = 'how long it took, milliseconds'
const text = 'the payload, where it is valid UTF-8'
const base64 = 'the payload, where it is not'
const head = {
  direction: 'sent or received',
  version: 'such as HTTP/1.1',
  headers: 'pairs of name and value, in order',
  size: 'of the head, bytes',
  text: 'the head as it travelled, where it is valid UTF-8; credentials of ours are struck out',
  base64: 'the head as it travelled, where it is not',
}
const chain =
  'what the peer showed, its own certificate first: subject, issuer, names, validFrom, validTo, key, fingerprint'
const code = "the system's error code, such as ECONNRESET"

/** What every event says in JSON: unit and meaning. */
export const stampFields: Readonly<Record<'kind' | keyof Stamp, string>> = {
  kind: 'what happened',
  seq: 'counts from 1 without a gap',
  at: 'milliseconds since the command started',
  socket: "client, server, or server#3 for a server's third connection, or third peer (udp)",
}

/** What each kind says in JSON beyond that: unit and meaning. */
export const eventFields: {
  readonly [Kind in EventKind]: Readonly<Record<JsonName<FieldOf<Kind>>, string>>
} = {
  listening: {
    transport,
    local: endpoint,
    reach: 'loopback: this machine only; network: whoever reaches the address',
    service: 'what answers there, none for nothing',
    url: 'websocket: where a client connects to',
    tls: 'with TLS: fingerprint (SHA-256 of its certificate, hex digits), isMade (for this run only)',
  },
  resolved: { host: 'the name', addresses: 'in the order in which they are tried', tookMs },
  connecting: {
    remote: endpoint,
    attempt: 'counts from 1 over all addresses',
    attempts: 'how many there can be',
  },
  opened: {
    transport,
    local: endpoint,
    remote: endpoint,
    tookMs: `tcp: ${tookMs}; a server cannot know it; websocket: from the connection to the answer`,
    connected: 'udp: whether the kernel passes on what comes from there only, and tells of a refusal',
    target: 'websocket: the path and query that were asked for',
    subprotocol: 'websocket: the one that was agreed on',
    compression: 'websocket: the extension as it was agreed on, such as permessage-deflate',
  },
  tls: {
    version: 'such as TLSv1.3',
    cipher: 'such as TLS_AES_256_GCM_SHA384',
    alpn: 'what both sides chose to speak above TLS',
    servername: 'the name that the client asked for (SNI)',
    resumed: 'whether it goes on with the keys of an earlier session',
    tookMs: 'the handshake, milliseconds',
    sent: 'bytes that the handshake took on the stream below, by when it was done',
    received: 'the same, the other way',
    trust: 'verified, pinned, unchecked or anonymous (the peer shows no certificate)',
    chain,
  },
  untrusted: {
    code: 'the check that failed, such as CERT_HAS_EXPIRED',
    message: 'what is wrong with the certificate',
    accepted: 'whether we go on all the same (--insecure)',
    chain,
  },
  bytes: {
    direction: 'sent: one write; received: one read',
    size: 'bytes',
    text,
    base64,
  },
  datagram: {
    direction: 'sent or received: exactly one datagram',
    size: 'bytes',
    remote: endpoint,
    text,
    base64,
    number: 'the number in its sequence header, where it has one',
    kept: 'bytes that a recv of the size asked about would have kept, where that is fewer',
  },
  request: { ...head, method: 'such as GET', target: 'the path and query that are asked for' },
  response: {
    ...head,
    status: 'such as 101',
    reason: 'the words beside the status',
    body: 'of a refusal: the start of its body, a character a byte',
    problem: 'why there is no WebSocket: what is wrong, reason, section, hint',
    tookMs: 'from the request to the answer, milliseconds',
  },
  frame: {
    direction: 'sent or received: exactly one frame',
    fin: 'whether it ends its message',
    rsv1: 'whether this reserved bit is set; of a message: it is compressed',
    rsv2: 'whether this reserved bit is set',
    rsv3: 'whether this reserved bit is set',
    opcode: '0 continuation, 1 text, 2 binary, 8 close, 9 ping, 10 pong; the others are reserved',
    mask: 'the masking key, eight hex digits, where the frame is masked',
    lengthForm: 'bits of the form in which the length stands: 7, 16 or 64',
    length: 'bytes that the header declares',
    size: 'bytes of payload that it has',
    text: 'the payload, unmasked, where it is valid UTF-8; of a compressed message still compressed',
    base64,
    firstRead: 'received: which read of the connection, counted from 1, brought its first byte',
    lastRead: 'received: which read brought its last byte',
    roundTripMs: 'a pong: how long ago the ping that it answers was sent, milliseconds',
  },
  message: {
    direction: 'sent or received: one whole message',
    type: 'text or binary',
    size: 'bytes',
    text,
    base64,
    frames: 'how many frames carried it',
    compressedSize: 'payload bytes of these frames, where it was compressed',
  },
  violation: {
    code: 'which rule the peer broke: stable, such as reserved-opcode',
    message: 'what it did',
    section: 'the RFC and section that say so',
    closeCode: 'what our close frame says of it; 0 where there is no WebSocket yet',
  },
  peer: { remote: endpoint },
  paused: {},
  resumed: {},
  stalled: { queued: 'bytes that wait in this process' },
  drained: { tookMs },
  ended: {
    by: 'us or peer: whose direction of the stream ended (FIN)',
    notified: 'with TLS: whether close_notify came first; without it the stream may be cut short',
  },
  timeout: {
    what: 'connect, idle, write, wait, handshake, ping or close',
    afterMs: 'the time limit, milliseconds',
    remote: endpoint,
  },
  refused: { transport, remote: endpoint, code, tookMs: `tcp: ${tookMs}` },
  failed: { code, message: 'what failed and why', remote: endpoint, tookMs },
  closed: {
    transport,
    first: 'tcp, websocket: us or peer: who ended it first',
    how: 'tcp, websocket: fin, reset, timeout or error: how TCP went down',
    answered: 'tcp: whether both sides sent their FIN',
    code: `tcp, websocket: ${code}`,
    truncated: "tcp: with TLS: the peer's FIN came without close_notify: something may be missing",
    upgraded: 'websocket: whether it ever was one: the upgrade may have failed',
    clean: 'websocket: whether a close frame went each way, and TCP ended by FIN after that',
    closeCode: "websocket: what the peer's close frame says; 1005: nothing; 1006: there was none",
    reason: "websocket: the text in the peer's close frame",
    failed:
      'websocket: whether we failed it over a rule or a limit, so that nothing was looked at after that',
    sentCode: 'websocket: the code in our close frame, 1005 where it has none; where we sent one',
    connected: 'udp: whether the socket was connected: only then is a refusal told',
    sent,
    received,
    unsent: 'what never left this process; tcp, websocket: bytes; udp: datagrams',
    refused: 'udp: how often ICMP said that nobody listens',
    dropped: 'udp: datagrams that the kernel dropped because nobody read them in time, where it tells',
    sequence: 'udp: what numbered datagrams tell: received, lost, duplicates, reordered, jitterMs',
    roundTrips: 'udp: how long numbered datagrams took there and back: count, minMs, meanMs, maxMs',
    openMs: 'how long it was open, milliseconds',
  },
  limit: {
    what:
      'connections, queue, line, peers, datagrams, answer, loop, output, message, fragments, unfinished ' +
      'or pongs',
    limit: 'its value: connections, bytes, datagrams, peers, hops or frames; 0 where there is none',
    count: 'how often it has acted since the command started',
    detail: 'what was done, and how to change the limit',
    remote: endpoint,
  },
  stats: {
    transport,
    asked: 'peers or stats',
    peers:
      'tcp, websocket: one for each connection: socket, remote, state, paused, sent, received, queued (bytes), openMs; ' +
      'udp: one for each address: socket, remote, sent, received, sequence, knownMs',
    total:
      'tcp, websocket: over every connection, closed ones too: opened, closed, refused, sent, received; udp: over every ' +
      'address, forgotten ones too: sent, received, unsent, refused, dropped, sequence, roundTrips, openMs',
  },
  expected: {
    met: 'whether it came in time',
    text: 'what was waited for, where it is valid UTF-8',
    base64: 'what was waited for, where it is not',
    tookMs,
    insteadText: 'not met: the end of what came instead, where it is valid UTF-8',
    insteadBase64: 'not met: the end of what came instead, where it is not',
  },
  note: { text: 'what is said to the person' },
  process: {
    what: 'stopped, continued, killed or exited: what became of an actor of compare',
    exitCode: 'of one that ended by itself',
    message: 'its last words on standard error',
  },
}
