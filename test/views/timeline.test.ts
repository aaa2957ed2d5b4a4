import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EventBody } from '../../src/event.ts'
import { causesOf } from '../../src/views/causes.ts'
import type { Happening } from '../../src/views/comparison.ts'
import { paint } from '../../src/views/lines.ts'
import { createPalette } from '../../src/views/palette.ts'
import type { Shown } from '../../src/views/shown.ts'
import { drawTimeline, type TimelineStep } from '../../src/views/timeline.ts'

const remote = { address: '127.0.0.1', port: 9000, family: 'IPv4' } as const

function datagram(
  direction: 'sent' | 'received',
  text: string,
  more: { number?: number; kept?: number } = {},
): EventBody {
  const payload = Buffer.from(text)
  return { kind: 'datagram', direction, size: payload.length, remote, payload, ...more }
}

function shown(step: number, side: 'left' | 'right', body: EventBody, tag?: string): Shown {
  const actor = side === 'left' ? 'client' : 'server'
  const event = { ...body, seq: 1, at: 0, socket: actor }
  const happening: Happening = { actor, trial: 'control', step, heardAt: 0, event }
  return { side, happening, ...(tag !== undefined && { tag }) }
}

function draw(steps: readonly TimelineStep[], width: number): readonly string[] {
  const causes = causesOf(steps.flatMap((step) => step.shown.map(({ happening }) => happening)))
  const drawn = drawTimeline({ left: 'client', right: 'server', transport: 'udp', steps, causes }, width)
  const lines = [...drawn.head, ...[...drawn.steps.values()].flat()]
  return lines.map((line) => paint(line, createPalette(false)))
}

const numbered = `${'H'.repeat(24)}tick`
const paused: EventBody = { kind: 'paused' }

const steps: readonly TimelineStep[] = [
  { step: 1, unread: 3, shown: [shown(1, 'left', datagram('sent', 'oak'))] },
  {
    step: 2,
    unread: 75,
    shown: [
      shown(2, 'left', datagram('sent', 'x'.repeat(100))),
      shown(2, 'right', datagram('received', numbered, { number: 3, kept: 26 })),
    ],
  },
  { step: 3, unread: 75, shown: [shown(3, 'left', { kind: 'note', text: 'a relay loses one: simulated' })] },
]

test('timeline: datagrams, what is said of them, and notes', () => {
  assert.deepEqual(draw(steps, 90), [
    'client       unread  server',
    '→   3 B oak     3 B',
    '→ 100 B',
    '  xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx',
    '  … 36 B more',
    '                     → 28 B tick',
    '                       no. 3, in a header of 24 B',
    '                       a recv of 26 B would have kept the first 26 B and lost 2 B without',
    '                       a word',
    '        75 B unread',
    '· a relay loses one: simulated',
  ])
})

test('timeline: in a narrow column', () => {
  assert.deepEqual(draw(steps, 37), [
    'client       unread  server',
    '→   3 B oak     3 B',
    '→ 100 B',
    '  xxxxxxxxxxxxxxxx',
    '  … 84 B more',
    '             → 28 B tick',
    '               no. 3, in a header of',
    '               24 B',
    '               a recv of 26 B would',
    '               have kept the first',
    '               26 B and lost 2 B',
    '               without a word',
    '        75 B unread',
    '· a relay loses one: simulated',
  ])
})

test('timeline: what was received stands beside its sending, or below it', () => {
  const both = (text: string): readonly Shown[] => [
    shown(1, 'left', datagram('sent', text)),
    shown(1, 'right', datagram('received', text)),
  ]
  const step = { step: 1, shown: [...both('oak'), shown(1, 'right', paused), ...both('elm')] }
  assert.deepEqual(draw([step], 60), [
    'client     server',
    '→ 3 B oak  → 3 B oak',
    '           ‖ reading stopped',
    '→ 3 B elm  → 3 B elm',
  ])
})

test('timeline: who it is, where there are several', () => {
  const step = {
    step: 1,
    shown: [
      shown(1, 'left', datagram('sent', 'oak'), 'ann'),
      shown(1, 'left', datagram('sent', 'elm'), 'stranger'),
      shown(1, 'right', datagram('received', 'elm'), 'port 9'),
      shown(1, 'right', datagram('received', 'oak'), 'port 8'),
    ],
  }
  assert.deepEqual(draw([step], 60), [
    'client         server',
    'ann → 3 B oak',
    'stranger',
    '               port 9',
    '→ 3 B elm      → 3 B elm',
    '               port 8',
    '               → 3 B oak',
  ])
})

test('timeline: many of a kind are told in one', () => {
  const sent = Array.from({ length: 12 }, () => shown(1, 'left', datagram('sent', 'oak')))
  const received = ['oak', 'o', ...Array.from({ length: 8 }, () => 'oak')].map((text) =>
    shown(1, 'right', datagram('received', text)),
  )
  assert.deepEqual(draw([{ step: 1, unread: 8, shown: [...sent, ...received] }], 37), [
    'client     unread  server',
    '→ 12 datagrams of 3 B, 36 B in all',
    '           → 10 datagrams of 3 B at',
    '             most, 28 B in all',
    '       8 B unread',
  ])
})

test('timeline: of a very long step its beginning and its end', () => {
  const rounds = Array.from({ length: 30 }, (_, round) => [
    shown(1, 'left', datagram('sent', `oak${round}`)),
    shown(1, 'left', paused),
  ]).flat()
  const lines = draw([{ step: 1, shown: rounds }], 80)
  assert.ok(lines.includes('⋮ 35 rows more of this step'))
  assert.equal(lines.filter((line) => line.includes('oak')).length, 13)
  assert.ok(lines.some((line) => line.includes('oak29')))
})
