import { Buffer, isUtf8 } from 'node:buffer'
import type { Event, EventKind, EventOf, Stamp } from '../event.ts'
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

/** What JSON allows but a terminal may act on, and marks that would attach to a quotation mark. */
const risky = /[\p{C}\p{Default_Ignorable_Code_Point}]|(?! )\p{Z}|(?<=")\p{M}+/gu

/** Every event, whole, one a line: the view that loses nothing. */
export function createJsonView(): View {
  return { wants: () => true, render: (event) => `${encodeEvent(event)}\n` }
}

/** An event as one line of JSON, without the line feed: bytes are text where they are UTF-8, else base64. */
export function encodeEvent({ kind, seq, at, socket, ...rest }: Event): string {
  const stamp = { kind, seq, at: Math.round(at * 1_000) / 1_000, socket }
  const fields = Object.entries(rest).map(([name, value]) =>
    value instanceof Uint8Array ? encodeBytes(name, value) : [name, value],
  )
  const json = JSON.stringify({ ...stamp, ...Object.fromEntries(fields) })
  return harmless.test(json) ? json : json.replace(risky, escapeUnits)
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

function encodeBytes(name: string, bytes: Uint8Array): [string, string] {
  const [text, base64] = binaryNames[name === 'instead' ? name : 'payload']
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return isUtf8(bytes) ? [text, buffer.toString()] : [base64, buffer.toString('base64')]
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
  const start = JSON.stringify(line.slice(0, 60)).replace(risky, escapeUnits)
  return new SyntaxError(
    `Cannot read an event from ${start}: expected a JSON object with kind, seq, at and socket`,
    { cause },
  )
}

/** Each UTF-16 code unit as `\u202e`, which is how JSON writes what it cannot hold. */
function escapeUnits(run: string): string {
  let text = ''
  for (let at = 0; at < run.length; at += 1) {
    text += `\\u${run.charCodeAt(at).toString(16).padStart(4, '0')}`
  }
  return text
}

const transport = 'tcp or udp'
const endpoint = 'address, port, family (IPv4 or IPv6)'
const datagrams = 'udp: bytes (payload), datagrams, spanMs (from the first to the last)'
const sent = `tcp: bytes (payload), writes (calls); ${datagrams}`
const received = `tcp: bytes (payload), reads (calls); ${datagrams}`
const tookMs = 'how long it took, milliseconds'
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
    tookMs: `tcp: ${tookMs}; a server cannot know it`,
    connected: 'udp: whether the kernel passes on what comes from there only, and tells of a refusal',
  },
  bytes: {
    direction: 'sent: one write; received: one read',
    size: 'bytes',
    text: 'the payload, where it is valid UTF-8',
    base64: 'the payload, where it is not',
  },
  datagram: {
    direction: 'sent or received: exactly one datagram',
    size: 'bytes',
    remote: endpoint,
    text: 'the payload, where it is valid UTF-8',
    base64: 'the payload, where it is not',
    number: 'the number in its sequence header, where it has one',
    kept: 'bytes that a recv of the size asked about would have kept, where that is fewer',
  },
  peer: { remote: endpoint },
  paused: {},
  resumed: {},
  stalled: { queued: 'bytes that wait in this process' },
  drained: { tookMs },
  ended: { by: 'us or peer: whose direction of the stream ended (FIN)' },
  timeout: {
    what: 'connect, idle, write or wait',
    afterMs: 'the time limit, milliseconds',
    remote: endpoint,
  },
  refused: { transport, remote: endpoint, code, tookMs: `tcp: ${tookMs}` },
  failed: { code, message: 'what failed and why', remote: endpoint, tookMs },
  closed: {
    transport,
    first: 'tcp: us or peer: who ended it first',
    how: 'tcp: fin, reset, timeout or error',
    answered: 'tcp: whether both sides sent their FIN',
    code: `tcp: ${code}`,
    connected: 'udp: whether the socket was connected: only then is a refusal told',
    sent,
    received,
    unsent: 'what never left this process; tcp: bytes; udp: datagrams',
    refused: 'udp: how often ICMP said that nobody listens',
    dropped: 'udp: datagrams that the kernel dropped because nobody read them in time, where it tells',
    sequence: 'udp: what numbered datagrams tell: received, lost, duplicates, reordered, jitterMs',
    roundTrips: 'udp: how long numbered datagrams took there and back: count, minMs, meanMs, maxMs',
    openMs: 'how long it was open, milliseconds',
  },
  limit: {
    what: 'connections, queue, line, peers, datagrams, answer, loop or output',
    limit: 'its value: connections, bytes, datagrams, peers or hops; 0 where there is none',
    count: 'how often it has acted since the command started',
    detail: 'what was done, and how to change the limit',
    remote: endpoint,
  },
  stats: {
    transport,
    asked: 'peers or stats',
    peers:
      'tcp: one for each connection: socket, remote, state, paused, sent, received, queued (bytes), openMs; ' +
      'udp: one for each address: socket, remote, sent, received, sequence, knownMs',
    total:
      'tcp: over every connection, closed ones too: opened, closed, refused, sent, received; udp: over every ' +
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
}
