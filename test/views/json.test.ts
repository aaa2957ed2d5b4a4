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
