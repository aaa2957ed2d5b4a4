import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EventBody } from '../../src/event.ts'
import { inCausalOrder } from '../../src/views/causal.ts'
import type { Happening } from '../../src/views/comparison.ts'

type Heard = readonly [actor: string, body: EventBody, socket?: string]

const endpoint = (port: number) => ({ address: '127.0.0.1', port, family: 'IPv4' }) as const
const remote = endpoint(9000)

function bytes(direction: 'sent' | 'received', text: string): EventBody {
  const payload = Buffer.from(text)
  return { kind: 'bytes', direction, size: payload.length, payload }
}

function datagram(direction: 'sent' | 'received', text: string): EventBody {
  const payload = Buffer.from(text)
  return { kind: 'datagram', direction, size: payload.length, remote, payload }
}

function opened(local: number, far: number, tookMs?: number): EventBody {
  const ends = { local: endpoint(local), remote: endpoint(far) }
  return { kind: 'opened', transport: 'tcp', ...ends, ...(tookMs !== undefined && { tookMs }) }
}

function closed(first: 'us' | 'peer'): EventBody {
  const [sent, received] = [
    { bytes: 0, writes: 0 },
    { bytes: 0, reads: 0 },
  ]
  const counts = { sent, received, unsent: 0, openMs: 1 }
  return { kind: 'closed', transport: 'tcp', first, how: 'fin', answered: true, ...counts }
}

const paused: EventBody = { kind: 'paused' }
const ended = (by: 'us' | 'peer'): EventBody => ({ kind: 'ended', by })

/** All of it in one step; where there are several lists, a step for each. */
function happenings(...steps: readonly (readonly Heard[])[]): readonly Happening[] {
  return steps.flatMap((heard, index) =>
    heard.map(([actor, body, socket = actor], at) => ({
      actor,
      trial: 'control',
      step: index + 1,
      heardAt: at,
      event: { ...body, seq: at + 1, at, socket },
    })),
  )
}

const cases: readonly [string, readonly (readonly Heard[])[], readonly (readonly number[])[]][] = [
  [
    'what is in order stays as it is',
    [
      [
        ['client', bytes('sent', 'oak')],
        ['server', bytes('received', 'oak')],
      ],
    ],
    [[0, 1]],
  ],
  [
    'a read that is heard before its write',
    [
      [
        ['server', bytes('received', 'oak')],
        ['client', bytes('sent', 'oak')],
      ],
    ],
    [[1, 0]],
  ],
  [
    'a read of two writes comes after both; what does not wait for them does not',
    [
      [
        ['server', paused],
        ['server', bytes('received', 'oakelm')],
        ['client', bytes('sent', 'oak')],
        ['client', bytes('sent', 'elm')],
      ],
    ],
    [[0, 2, 3, 1]],
  ],
  [
    'there and back again',
    [
      [
        ['client', bytes('sent', 'oak')],
        ['client', bytes('received', 'oak')],
        ['server', bytes('received', 'oak')],
        ['server', bytes('sent', 'oak')],
      ],
    ],
    [[0, 2, 3, 1]],
  ],
  [
    'bytes of an earlier step are there already',
    [
      [
        ['client', bytes('sent', 'oak')],
        ['client', bytes('sent', 'elm')],
      ],
      [
        ['server', bytes('received', 'oakelm')],
        ['client', bytes('sent', 'fig')],
        ['server', bytes('received', 'fig')],
      ],
    ],
    [
      [0, 1],
      [2, 3, 4],
    ],
  ],
  [
    'datagrams go by what is in them',
    [
      [
        ['server', { kind: 'peer', remote }],
        ['server', datagram('received', 'elm')],
        ['server', datagram('received', 'oak')],
        ['client', datagram('sent', 'oak')],
        ['client', datagram('sent', 'elm')],
      ],
    ],
    [[3, 4, 0, 1, 2]],
  ],
  [
    'one is sent, two receive it',
    [
      [
        ['ann', datagram('received', 'oak')],
        ['bob', datagram('received', 'oak')],
        ['client', datagram('sent', 'oak')],
      ],
    ],
    [[2, 0, 1]],
  ],
  [
    'each connection by itself',
    [
      [
        ['ann', opened(5001, 9000, 1)],
        ['bob', opened(5002, 9000, 1)],
        ['server', opened(9000, 5001), 'server#1'],
        ['server', opened(9000, 5002), 'server#2'],
        ['server', bytes('received', 'fig'), 'server#2'],
        ['ann', bytes('sent', 'oak')],
        ['bob', bytes('sent', 'fig')],
      ],
    ],
    [[0, 1, 2, 3, 5, 6, 4]],
  ],
  [
    'a connection is accepted after it was opened',
    [
      [
        ['server', opened(9000, 5001)],
        ['client', opened(5001, 9000, 1)],
      ],
    ],
    [[1, 0]],
  ],
  [
    'one side ends, then the other',
    [
      [
        ['server', ended('peer')],
        ['server', ended('us')],
        ['client', ended('us')],
        ['client', ended('peer')],
        ['server', closed('peer')],
        ['client', closed('us')],
      ],
    ],
    [[2, 0, 1, 3, 4, 5]],
  ],
  [
    'the same endpoints are connected again',
    [
      [
        ['ann', opened(5001, 9000, 1)],
        ['server', opened(9000, 5001), 'server#1'],
        ['ann', closed('us')],
        ['server', closed('peer'), 'server#1'],
        ['ben', opened(5001, 9000, 1)],
        ['server', opened(9000, 5001), 'server#2'],
        ['server', closed('peer'), 'server#2'],
        ['ben', closed('us')],
      ],
    ],
    [[0, 1, 2, 3, 4, 5, 7, 6]],
  ],
  [
    'a process is killed, and the other end learns of it',
    [
      [
        ['client', opened(5001, 9000, 1)],
        ['server', opened(9000, 5001)],
        ['client', closed('peer')],
        ['server', { kind: 'process', what: 'killed' }],
      ],
    ],
    [[0, 1, 3, 2]],
  ],
  [
    'what cannot have been stays as it was heard',
    [
      [
        ['server', bytes('received', 'oak')],
        ['server', bytes('sent', 'elm')],
        ['client', bytes('received', 'elm')],
        ['client', bytes('sent', 'oak')],
      ],
    ],
    [[0, 1, 2, 3]],
  ],
]

for (const [name, steps, expected] of cases) {
  test(`causal order: ${name}`, () => {
    const heard = happenings(...steps)
    const ordered = inCausalOrder(heard)
    assert.deepEqual(
      ordered.map((one) => heard.indexOf(one)),
      expected.flat(),
    )
  })
}

test('causal order: what was heard a step too late goes into the step of what it caused', () => {
  const heard = happenings(
    [
      ['client', paused],
      ['server', bytes('received', 'oak')],
    ],
    [
      ['client', bytes('sent', 'oak')],
      ['client', bytes('sent', 'elm')],
      ['server', bytes('received', 'elm')],
    ],
  )
  assert.deepEqual(
    inCausalOrder(heard).map(({ actor, step }) => [actor, step]),
    [
      ['client', 1],
      ['client', 1],
      ['server', 1],
      ['client', 2],
      ['server', 2],
    ],
  )
})

test('causal order: thousands of them take no time', () => {
  const reads = Array.from({ length: 4_000 }, (): Heard => ['server', bytes('received', 'x')])
  const writes = Array.from({ length: 4_000 }, (): Heard => ['client', bytes('sent', 'x')])
  const ordered = inCausalOrder(happenings([...reads, ...writes]))
  assert.deepEqual(
    ordered.slice(0, 4).map(({ actor }) => actor),
    ['client', 'server', 'client', 'server'],
  )
  assert.equal(ordered.length, 8_000)
})

test('of datagrams that are alike, each belongs to the port that it went to', () => {
  const open = (port: number): EventBody => ({
    kind: 'opened',
    transport: 'udp',
    local: endpoint(port),
    remote,
    connected: true,
  })
  const sentTo = (port: number): EventBody =>
    ({ ...datagram('sent', 'yew'), remote: endpoint(port) }) as EventBody
  const ordered = inCausalOrder(
    happenings(
      [
        ['ann', open(1)],
        ['ben', open(2)],
      ],
      [
        ['server', sentTo(1)],
        ['ben', datagram('received', 'yew')],
        ['ann', datagram('received', 'yew')],
        ['server', sentTo(2)],
      ],
    ),
  )
  assert.deepEqual(
    ordered.slice(2).map(({ actor }) => actor),
    ['server', 'ann', 'server', 'ben'],
  )
})
