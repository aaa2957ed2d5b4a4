import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Event } from '../../src/event.ts'
import { decodeEvent, encodeEvent, eventFields, stampFields } from '../../src/views/json.ts'
import { recorded } from './recorded.ts'
import { recordedUdp } from './recorded-udp.ts'

/** The event with plain byte arrays, as decoding makes them. */
function plain(event: Event): Event {
  const fields = Object.entries(event).map(([name, value]) => [
    name,
    value instanceof Uint8Array ? Uint8Array.from(value) : value,
  ])
  return Object.fromEntries(fields) as Event
}

const all: readonly Event[] = [...recorded, ...recordedUdp]

test('every recorded event comes back', () => {
  for (const event of all) assert.deepEqual(decodeEvent(encodeEvent(event)), plain(event))
})

test('no mark stands on a sign or an escape of ours, and no pile of them on a letter', () => {
  const rows: readonly [text: string, json: string][] = [
    ['\u0301', '"\\u0301"'],
    ['a\n\u0301', '"a\\n\\u0301"'],
    ['\u202e\u0301', '"\\u202e\\u0301"'],
    ['"\u0301', '"\\"\\u0301"'],
    ['\\n\u0301', '"\\\\n\u0301"'],
    [' \u0301', '" \\u0301"'],
    [`e${'\u0301'.repeat(7)}`, `"e${'\u0301'.repeat(6)}\\u0301"`],
  ]
  for (const [text, json] of rows) {
    const line = encodeEvent({ kind: 'note', seq: 1, at: 0, socket: 'client', text })
    assert.equal(line, `{"kind":"note","seq":1,"at":0,"socket":"client","text":${json}}`)
    assert.deepEqual(decodeEvent(line), { kind: 'note', seq: 1, at: 0, socket: 'client', text })
  }
})

const anyPayload = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc.string({ unit: 'binary' }).map((text) => Uint8Array.from(Buffer.from(text))),
  fc
    .array(fc.constantFrom('\ufeff', '\u2028', '\u0301', '"', '\\', '\u202e', '\0', '\u{e0041}', 'é'))
    .map((characters) => Uint8Array.from(Buffer.from(characters.join('')))),
)

test('any payload comes back, from a line that is safe on a terminal', () => {
  const stamp = { seq: fc.integer({ min: 1 }), at: fc.nat().map((at) => at / 1_000), socket: fc.string() }
  const direction = fc.constantFrom('sent', 'received')
  const remote = fc.record(
    {
      address: fc.string({ unit: 'binary' }),
      port: fc.nat({ max: 65_535 }),
      family: fc.constantFrom('IPv4', 'IPv6'),
    },
    { noNullPrototype: true },
  )
  const events = fc.oneof(
    fc
      .record({ ...stamp, direction, payload: anyPayload })
      .map((fields) => ({ kind: 'bytes' as const, size: fields.payload.length, ...fields })),
    fc
      .record(
        { ...stamp, direction, payload: anyPayload, remote, number: fc.nat(), kept: fc.nat() },
        { requiredKeys: ['seq', 'at', 'socket', 'direction', 'payload', 'remote'] },
      )
      .map((fields) => ({ kind: 'datagram' as const, size: fields.payload.length, ...fields })),
    fc
      .record(
        {
          ...stamp,
          direction,
          payload: anyPayload,
          type: fc.constantFrom('text', 'binary'),
          compressedSize: fc.nat(),
        },
        { requiredKeys: ['seq', 'at', 'socket', 'direction', 'payload', 'type'] },
      )
      .map((fields) => ({ kind: 'message' as const, size: fields.payload.length, frames: 1, ...fields })),
    fc
      .record({
        ...{ ...stamp, direction, payload: anyPayload, opcode: fc.nat({ max: 15 }), length: fc.maxSafeNat() },
        ...{ fin: fc.boolean(), rsv1: fc.boolean(), rsv2: fc.boolean(), rsv3: fc.boolean() },
        lengthForm: fc.constantFrom(7, 16, 64),
        mask: fc.constantFrom('00000000', 'deadbeef'),
      })
      .map((fields) => ({ kind: 'frame' as const, size: fields.payload.length, ...fields })),
    fc
      .record({ ...stamp, payload: anyPayload, instead: anyPayload })
      .map((fields) => ({ kind: 'expected' as const, met: false, tookMs: 1, ...fields })),
    fc
      .record({ ...stamp, text: fc.string({ unit: 'binary' }) })
      .map((fields) => ({ kind: 'note' as const, ...fields })),
  )
  fc.assert(
    fc.property(events, (event) => {
      const line = encodeEvent(event)
      assert.doesNotMatch(line, /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]|"\p{M}/u)
      assert.deepEqual(decodeEvent(line), event)
    }),
    { numRuns: 1_000 },
  )
})

const told = { seq: 1, at: 0, socket: 'client' } as const
const place = { address: '127.0.0.1', port: 9_001, family: 'IPv4' } as const
const head = {
  ...told,
  version: 'HTTP/1.1',
  headers: [
    ['Host', 'localhost'],
    ['X-Odd', '\xff "\u202e"'],
  ],
  size: 4,
} as const
const framed = { frames: 2, messages: 1, messageBytes: 9, compressed: { from: 9, to: 4 } } as const
const flow = { sent: { bytes: 20, writes: 1, ...framed }, received: { bytes: 20, reads: 1, ...framed } }

/** One of each kind that only a WebSocket tells, and of those that it tells otherwise, with every field. */
const ofWebSocket: readonly Event[] = [
  {
    kind: 'listening',
    ...{ ...told, transport: 'websocket', local: place, reach: 'loopback', service: 'echo' },
    url: 'ws://127.0.0.1:9001/',
  },
  {
    kind: 'opened',
    ...{ ...told, transport: 'websocket', local: place, remote: place, target: '/chat?room=1', tookMs: 1 },
    ...{ subprotocol: 'chat', compression: 'permessage-deflate' },
  },
  {
    kind: 'request',
    ...{ ...head, direction: 'sent', method: 'GET', target: '/' },
    payload: Uint8Array.from(Buffer.from('GET ')),
  },
  {
    kind: 'response',
    ...{ ...head, direction: 'received', status: 403, reason: 'Forbidden', body: 'no\xff', tookMs: 2 },
    problem: { what: 'Origin', reason: 'is foreign', section: 'RFC 6455 §4.2.2', hint: 'use --origin' },
    payload: Uint8Array.of(0xff, 0, 1, 2),
  },
  {
    kind: 'frame',
    ...{ ...told, direction: 'received', fin: true, rsv1: false, rsv2: false, rsv3: true, opcode: 10 },
    ...{ mask: '01020304', lengthForm: 16, length: 300, size: 1, payload: Uint8Array.of(0xff) },
    ...{ firstRead: 1, lastRead: 2, roundTripMs: 0.5 },
  },
  {
    kind: 'message',
    ...{ ...told, direction: 'received', type: 'text', size: 2, frames: 2, compressedSize: 4 },
    payload: Uint8Array.from(Buffer.from('hi')),
  },
  {
    kind: 'violation',
    ...{ ...told, code: 'reserved-opcode', message: 'opcode 3', section: 'RFC 6455 §5.2', closeCode: 1_002 },
  },
  {
    kind: 'closed',
    ...{
      ...told,
      ...flow,
      transport: 'websocket',
      upgraded: true,
      first: 'peer',
      clean: false,
      closeCode: 1_006,
    },
    ...{ reason: '', sentCode: 1_002, how: 'reset', code: 'ECONNRESET', unsent: 0, openMs: 5 },
  },
  {
    kind: 'stats',
    ...{
      ...told,
      transport: 'websocket',
      asked: 'stats',
      total: { opened: 1, closed: 0, refused: 0, ...flow },
    },
    peers: [
      { socket: 'server#1', remote: place, state: 'open', paused: false, queued: 0, openMs: 5, ...flow },
    ],
  },
]

test('every event of a WebSocket comes back, and each of its fields is described', () => {
  for (const event of ofWebSocket) {
    const line = encodeEvent(event)
    assert.deepEqual(decodeEvent(line), event)
    const described = { ...stampFields, ...eventFields[event.kind] }
    for (const name of Object.keys(JSON.parse(line)))
      assert.ok(Object.hasOwn(described, name), `${event.kind}.${name}`)
  }
})

test('the kind comes first, then the stamp, its time to the microsecond', () => {
  const line = encodeEvent({ seq: 7, socket: 'client', text: 'hi', at: 1.23456, kind: 'note' })
  assert.equal(line, '{"kind":"note","seq":7,"at":1.235,"socket":"client","text":"hi"}')
})

test('what is no event is refused', () => {
  const stamp = '"seq":1,"at":0,"socket":"client"'
  const lines = [
    '',
    'hello',
    'null',
    '[]',
    '{}',
    `{"kind":"nothing",${stamp}}`,
    `{"kind":"toString",${stamp}}`,
    '{"kind":"paused","seq":0,"at":0,"socket":"client"}',
    '{"kind":"paused","seq":1.5,"at":0,"socket":"client"}',
    '{"kind":"paused","seq":1,"at":-1,"socket":"client"}',
    '{"kind":"paused","seq":1,"at":0,"socket":3}',
    '{"kind":"paused","seq":1,"at":0}',
  ]
  for (const line of lines) {
    assert.throws(
      () => decodeEvent(line),
      { name: 'SyntaxError', message: /^Cannot read an event from / },
      line,
    )
  }
  assert.equal(decodeEvent(`{"kind":"paused",${stamp}}`).kind, 'paused')
  assert.throws(
    () => decodeEvent('\u009b2J'),
    ({ message }: Error) => !message.includes('\u009b'),
  )
})

test('every field in the JSON of a recorded event is described', () => {
  for (const event of all) {
    const described = { ...stampFields, ...eventFields[event.kind] }
    for (const name of Object.keys(JSON.parse(encodeEvent(event)))) {
      assert.ok(Object.hasOwn(described, name), `${event.kind}.${name}`)
    }
  }
})
