import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Event, EventBody } from '../../src/event.ts'
import { paint } from '../../src/views/lines.ts'
import { createPalette } from '../../src/views/palette.ts'
import { drawTimeline, type TimelineRow } from '../../src/views/timeline.ts'

const stamp = { seq: 1, at: 0, socket: 'client' } as const
const remote = { address: '127.0.0.1', port: 9000, family: 'IPv4' } as const

function datagram(
  direction: 'sent' | 'received',
  text: string,
  more: { number?: number; kept?: number } = {},
): Event {
  const payload = Buffer.from(text)
  return { kind: 'datagram', ...stamp, direction, size: payload.length, remote, payload, ...more }
}

function told(body: EventBody): Event {
  return { ...body, ...stamp }
}

function draw(rows: readonly TimelineRow[], width: number): readonly string[] {
  const lines = drawTimeline({ left: 'client', right: 'server', transport: 'udp', rows }, width)
  return lines.map((line) => paint(line, createPalette(false)))
}

const numbered = `${'H'.repeat(24)}tick`

const rows: readonly TimelineRow[] = [
  { left: [datagram('sent', 'oak')], right: [] },
  {
    left: [datagram('sent', 'x'.repeat(100))],
    right: [datagram('received', numbered, { number: 3, kept: 26 })],
  },
  { left: [told({ kind: 'note', text: 'a relay loses one: simulated' })], right: [datagram('sent', 'oak')] },
]

test('timeline: datagrams, what is said of them, and notes', () => {
  assert.deepEqual(draw(rows, 90), [
    'client                                    unread  server',
    '→ datagram    3 B  oak                       3 B',
    '→ datagram  100 B                           75 B  → datagram   28 B  tick',
    '  xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx            no. 3, in a header of 24 B',
    '  xxxxxxxxxxxxxxxxxxxxxxxxxx                        a recv of 26 B would have kept the',
    '  … 36 B more                                       first 26 B and lost 2 B without a word',
    '· a relay loses one: simulated              75 B  ← datagram    3 B  oak',
  ])
})

test('timeline: the sides take turns where they have no room', () => {
  assert.deepEqual(draw(rows, 50).slice(0, 3), [
    'client          server',
    '→ datagram    3 B  oak',
    '→ datagram  100 B',
  ])
})
