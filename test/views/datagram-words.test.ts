import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DatagramClosedEvent, DatagramCount, Traffic } from '../../src/event.ts'
import { datagramStats, datagramVerdict } from '../../src/views/datagram-words.ts'

function count(datagrams: number, bytes: number, spanMs = 0): DatagramCount {
  return { bytes, datagrams, spanMs }
}

const nothing: Traffic = { sent: count(0, 0), received: count(0, 0), unsent: 0, refused: 0 }

/** The lines of a verdict, but for its first. */
function told(some: Partial<DatagramClosedEvent>): readonly string[] {
  const event = {
    kind: 'closed',
    transport: 'udp',
    connected: true,
    openMs: 5_380,
    ...nothing,
    ...some,
  } as const
  const [first, ...lines] = datagramVerdict(event).text.map(({ text }) => text)
  assert.equal(first, 'closed after 5.38 s: UDP has no goodbye')
  return lines
}

const one = count(1, 6)

const verdicts: readonly [string, Partial<DatagramClosedEvent>, readonly string[]][] = [
  ['nothing at all', {}, ['in 0 B (0 datagrams)', 'out 0 B (0 datagrams)']],
  [
    'a rate is counted after the first datagram',
    { received: count(11, 110, 10_000) },
    ['in 110 B (11 datagrams, 10 B/s, 1/s)', 'out 0 B (0 datagrams)'],
  ],
  [
    'no rate of few datagrams, or of no time',
    { received: count(9, 90, 5), sent: count(20, 100, 0) },
    ['in 90 B (9 datagrams)', 'out 100 B (20 datagrams)', 'whether each of ours arrived, UDP does not say'],
  ],
  [
    'what the kernel dropped, and what arrived in all',
    { received: count(7_655, 7_655), dropped: 12_345 },
    [
      'in 7,655 B (7,655 datagrams)',
      'out 0 B (0 datagrams)',
      'the kernel dropped 12,345 datagrams that nobody read in time: 20,000 or more arrived here',
    ],
  ],
  [
    'one dropped',
    { dropped: 1 },
    [
      'in 0 B (0 datagrams)',
      'out 0 B (0 datagrams)',
      'the kernel dropped 1 datagram that nobody read in time: 1 or more arrived here',
    ],
  ],
  [
    'none dropped',
    { dropped: 0 },
    ['in 0 B (0 datagrams)', 'out 0 B (0 datagrams)', 'the kernel dropped none here'],
  ],
  [
    'unsent and refused',
    { sent: one, unsent: 3, refused: 1 },
    [
      'in 0 B (0 datagrams)',
      'out 6 B (1 datagram)',
      '3 datagrams never left this process',
      'refused once: ICMP told us that nobody listens',
    ],
  ],
  [
    'numbered, once there and back',
    {
      received: one,
      sequence: { received: 1_000, lost: 3, duplicates: 1, reordered: 0, jitterMs: 0.123 },
      roundTrips: { count: 1, minMs: 0.4, meanMs: 0.4, maxMs: 0.4 },
    },
    [
      'in 6 B (1 datagram)',
      'out 0 B (0 datagrams)',
      'numbered: 1,000 received, 3 missing in between, 1 duplicate, 0 reordered, jitter 0.12 ms',
      'there and back once: 0.4 ms',
    ],
  ],
  [
    'often there and back',
    { roundTrips: { count: 1_000, minMs: 0.2, meanMs: 0.413, maxMs: 1_200 } },
    [
      'in 0 B (0 datagrams)',
      'out 0 B (0 datagrams)',
      'there and back 1,000 times: 0.2 ms to 1.2 s, 0.41 ms on average',
    ],
  ],
]

for (const [name, some, lines] of verdicts) {
  test(`verdict: ${name}`, () => assert.deepEqual(told(some), lines))
}

test('verdict: what can be known of what was sent', () => {
  const last = (some: Partial<DatagramClosedEvent>): string | undefined => told(some).at(-1)
  assert.match(
    last({ sent: one, connected: false }) ?? '',
    /^nothing came back, which proves nothing: .* refusal$/,
  )
  assert.match(
    last({ sent: one, connected: true }) ?? '',
    /^nothing came back, and no refusal either: .* dropped it$/,
  )
  assert.equal(
    last({ sent: one, connected: true, refused: 1 }),
    'refused once: ICMP told us that nobody listens',
  )
  for (const connected of [true, false]) {
    assert.equal(
      last({ sent: one, received: one, connected }),
      'whether each of ours arrived, UDP does not say',
    )
    assert.equal(last({ received: one, connected }), 'out 0 B (0 datagrams)')
  }
})

test('verdict: what went wrong is loud', () => {
  const role = (some: Partial<Traffic>): string => {
    const event = {
      ...nothing,
      kind: 'closed',
      transport: 'udp',
      connected: true,
      openMs: 1,
      ...some,
    } as const
    return datagramVerdict(event).role
  }
  assert.equal(role({ sent: one, received: one, dropped: 0 }), 'plain')
  for (const some of [{ unsent: 1 }, { refused: 1 }, { dropped: 1 }]) assert.equal(role(some), 'warning')
})

test('stats: altogether only where it was asked for', () => {
  const total = { ...nothing, sent: one, openMs: 12 }
  const lines = (asked: 'peers' | 'stats'): readonly string[] =>
    datagramStats({ kind: 'stats', transport: 'udp', asked, peers: [], total }).text.map(({ text }) => text)
  assert.deepEqual(lines('peers'), ['no peer is known'])
  assert.deepEqual(lines('stats'), [
    'no peer is known',
    'altogether, open for 12 ms',
    'in 0 B (0 datagrams)',
    'out 6 B (1 datagram)',
  ])
})
