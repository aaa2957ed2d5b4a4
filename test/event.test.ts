import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  carriesPayload,
  createTeller,
  type Direction,
  type Event,
  type EventKind,
  formatEndpoint,
  type Listener,
  msSince,
} from '../src/event.ts'

function listener(kinds: readonly EventKind[], heard: string[], name: string): Listener {
  return {
    wants: (kind) => kinds.includes(kind),
    hear: (event) => void heard.push(`${name} ${event.seq} ${event.kind}`),
  }
}

describe('createTeller', () => {
  test('stamps each event with a number, the time and the socket', () => {
    const times = [1.5, 2.25]
    const events: Event[] = []
    const teller = createTeller(
      () => times.shift() ?? 0,
      [{ wants: () => true, hear: (event) => void events.push(event) }],
    )
    teller.tell('server#3', { kind: 'ended', by: 'peer' })
    teller.tell('session', { kind: 'note', text: 'hello' })
    assert.deepEqual(events, [
      { kind: 'ended', by: 'peer', seq: 1, at: 1.5, socket: 'server#3' },
      { kind: 'note', text: 'hello', seq: 2, at: 2.25, socket: 'session' },
    ])
  })

  test('counts without a gap what somebody wants, and gives it in turn to those who want it', () => {
    const heard: string[] = []
    const teller = createTeller(
      () => 0,
      [listener(['note'], heard, 'a'), listener(['note', 'paused'], heard, 'b')],
    )
    teller.tell('x', { kind: 'paused' })
    teller.tell('x', { kind: 'resumed' })
    teller.tell('x', { kind: 'note', text: '' })
    assert.deepEqual(heard, ['b 1 paused', 'a 2 note', 'b 2 note'])
  })

  test('wants what any listener wants', () => {
    const teller = createTeller(() => 0, [listener([], [], 'none'), listener(['bytes'], [], 'a')])
    assert.equal(teller.wants('bytes'), true)
    assert.equal(teller.wants('note'), false)
  })

  test('bytes and datagrams are wanted by their direction', () => {
    const heard: string[] = []
    const only = (direction: Direction): Listener => ({
      wants: (kind, which) => (kind === 'bytes' || kind === 'datagram') && which === direction,
      hear: (event) => void heard.push(`${direction} ${event.seq}`),
    })
    const payload = Buffer.from('x')
    const remote = { address: '127.0.0.1', port: 9_000, family: 'IPv4' } as const
    const one = createTeller(() => 0, [only('sent')])
    one.tell('x', { kind: 'bytes', direction: 'received', size: 1, payload })
    one.tell('x', { kind: 'bytes', direction: 'sent', size: 1, payload })
    assert.deepEqual(heard, ['sent 1'])
    one.tell('x', { kind: 'datagram', direction: 'received', size: 1, remote, payload })
    one.tell('x', { kind: 'datagram', direction: 'sent', size: 1, remote, payload })
    assert.deepEqual(heard, ['sent 1', 'sent 2'])
    assert.deepEqual([one.wants('bytes', 'sent'), one.wants('bytes', 'received')], [true, false])
    const both = createTeller(() => 0, [only('sent'), only('received')])
    both.tell('x', { kind: 'bytes', direction: 'received', size: 1, payload })
    assert.deepEqual(heard, ['sent 1', 'sent 2', 'received 1'])
  })

  test('whatever happens stirs, wanted or not, with an event or without', () => {
    let stirred = 0
    const teller = createTeller(
      () => 0,
      [listener(['note'], [], 'a')],
      () => {
        stirred += 1
      },
    )
    teller.tell('x', { kind: 'note', text: '' })
    teller.tell('x', { kind: 'paused' })
    assert.equal(stirred, 2)
    teller.stir()
    assert.equal(stirred, 3)
  })

  test('the time is that of who tells, where he has it', () => {
    const times: number[] = []
    const teller = createTeller(() => 9, [{ wants: () => true, hear: ({ at }) => void times.push(at) }])
    teller.tell('x', { kind: 'paused' }, 0)
    teller.tell('x', { kind: 'paused' })
    assert.deepEqual(times, [0, 9])
  })

  test('the clock is read only for what is told', () => {
    let reads = 0
    const clock = () => {
      reads += 1
      return reads
    }
    const teller = createTeller(clock, [listener(['note'], [], 'a')])
    teller.tell('x', { kind: 'paused' })
    assert.equal(reads, 0)
    teller.tell('x', { kind: 'note', text: '' })
    assert.equal(reads, 1)
  })

  test('without a listener nothing is wanted', () => {
    const teller = createTeller(() => 0, [])
    assert.equal(teller.wants('bytes'), false)
    teller.tell('x', { kind: 'paused' })
  })
})

test('carriesPayload', () => {
  const stamp = { seq: 1, at: 0, socket: 'x' } as const
  const payload = Buffer.from('x')
  const remote = { address: '127.0.0.1', port: 9_000, family: 'IPv4' } as const
  const pieces: readonly Event[] = [
    { kind: 'bytes', ...stamp, direction: 'sent', size: 1, payload },
    { kind: 'datagram', ...stamp, direction: 'sent', size: 1, remote, payload },
    { kind: 'message', ...stamp, direction: 'sent', type: 'text', size: 1, payload, frames: 1 },
  ]
  for (const [index, transport] of (['tcp', 'udp', 'websocket'] as const).entries()) {
    const carriers = pieces.map((event) => carriesPayload(event, transport))
    assert.deepEqual(
      carriers,
      pieces.map((_, other) => other === index),
      transport,
    )
  }
  const others: readonly Event[] = [
    { kind: 'expected', ...stamp, met: true, payload, tookMs: 1 },
    { kind: 'note', ...stamp, text: 'x' },
  ]
  for (const event of others) assert.ok(!carriesPayload(event, 'websocket'), event.kind)
})

test('msSince', () => {
  const rows: readonly [startedAt: number, now: number, ms: number][] = [
    [0, 0, 0],
    [10, 12.5, 2.5],
    [0.1, 0.3, 0.2],
    [1, 2.00049, 1],
    [1, 2.0006, 1.001],
  ]
  for (const [startedAt, now, ms] of rows) assert.equal(msSince(startedAt, now), ms)
})

test('formatEndpoint', () => {
  assert.equal(formatEndpoint({ address: '127.0.0.1', port: 9_000 }), '127.0.0.1:9000')
  assert.equal(formatEndpoint({ address: '::1', port: 0 }), '[::1]:0')
  assert.equal(formatEndpoint({ address: 'localhost', port: 80 }), 'localhost:80')
})
