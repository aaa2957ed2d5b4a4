import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EventBody } from '../../src/event.ts'
import { afterTheirSendings, carriagesOf } from '../../src/views/carriage.ts'
import type { Happening } from '../../src/views/comparison.ts'
import { bytes } from '../experiments/staged.ts'

const endpoint = (port: number) => ({ address: '127.0.0.1', port, family: 'IPv4' }) as const

type Told = readonly [actor: string, body: EventBody, socket?: string]

function heardOf(told: readonly Told[]): readonly Happening[] {
  return told.map(([actor, body, socket = actor], index) => ({
    actor,
    trial: 'control',
    step: 1,
    heardAt: index,
    event: { ...body, seq: index + 1, at: index, socket },
  }))
}

/** Each arrow as `from>to`, by the place in what was told; and what was lost. */
function arrows(told: readonly Told[]): { readonly arrows: string; readonly lost: readonly number[] } {
  const heard = heardOf(told)
  const { carriages, lost } = carriagesOf(heard)
  const pairs = carriages.map(({ from, to }) => [heard.indexOf(from), heard.indexOf(to)] as const)
  const sorted = pairs.toSorted(([a, b], [c, d]) => a - c || b - d)
  return {
    arrows: sorted.map((pair) => pair.join('>')).join(' '),
    lost: [...lost].map((one) => heard.indexOf(one)),
  }
}

const sent = (text: string): Told => ['client', bytes('sent', text)]
const read = (text: string): Told => ['server', bytes('received', text)]

function datagram(direction: 'sent' | 'received', text: string, port: number): EventBody {
  return {
    kind: 'datagram',
    direction,
    size: text.length,
    payload: Buffer.from(text),
    remote: endpoint(port),
  }
}

const cases: readonly [name: string, told: readonly Told[], arrows: string, lost?: readonly number[]][] = [
  ['several writes merge into one read', [sent('oak'), sent('plum'), read('oakplum')], '0>2 1>2'],
  [
    'one write is split into several reads',
    [sent('meadow'), read('me'), read('ad'), read('ow')],
    '0>1 0>2 0>3',
  ],
  [
    'a read ends amid a write',
    [sent('abcd'), sent('ef'), read('ab'), read('cde'), read('f')],
    '0>2 0>3 1>3 1>4',
  ],
  ['what was not read has no arrow', [sent('oak'), sent('plum'), read('oak')], '0>2'],
  ['a read that was heard before its write', [read('oak'), sent('oak')], '1>0'],
  [
    'datagrams by their payload, and one is lost',
    [
      ['client', datagram('sent', 'oak', 9)],
      ['client', datagram('sent', 'plum', 9)],
      ['client', datagram('sent', 'fig', 9)],
      ['server', datagram('received', 'fig', 7)],
      ['server', datagram('received', 'oak', 7)],
    ],
    '0>4 2>3',
    [1],
  ],
  [
    'one datagram to a group comes to each of it',
    [
      ['client', datagram('sent', 'oak', 9)],
      ['one', datagram('received', 'oak', 7)],
      ['other', datagram('received', 'oak', 7)],
    ],
    '0>1 0>2',
    [],
  ],
  [
    'alike datagrams to several, each by its port',
    [
      ['ann', { kind: 'opened', transport: 'udp', local: endpoint(1), remote: endpoint(9), connected: true }],
      ['ben', { kind: 'opened', transport: 'udp', local: endpoint(2), remote: endpoint(9), connected: true }],
      ['server', datagram('sent', 'oak', 1)],
      ['server', datagram('sent', 'oak', 2)],
      ['ben', datagram('received', 'oak', 9)],
      ['ann', datagram('received', 'oak', 9)],
    ],
    '2>5 3>4',
    [],
  ],
  [
    'two connections to one server are two streams',
    [
      ['ann', { kind: 'opened', transport: 'tcp', local: endpoint(1), remote: endpoint(9), tookMs: 1 }],
      ['server', { kind: 'opened', transport: 'tcp', local: endpoint(9), remote: endpoint(1) }, 'server#1'],
      ['ben', { kind: 'opened', transport: 'tcp', local: endpoint(2), remote: endpoint(9), tookMs: 1 }],
      ['server', { kind: 'opened', transport: 'tcp', local: endpoint(9), remote: endpoint(2) }, 'server#2'],
      ['ann', bytes('sent', 'oak')],
      ['ben', bytes('sent', 'fig')],
      ['server', bytes('received', 'fig'), 'server#2'],
      ['server', bytes('received', 'oak'), 'server#1'],
    ],
    '0>1 2>3 4>7 5>6',
  ],
  [
    'a FIN and its other end',
    [
      ['client', { kind: 'ended', by: 'us' }],
      ['server', { kind: 'ended', by: 'peer' }],
      ['server', { kind: 'ended', by: 'us' }],
    ],
    '0>1',
  ],
]

for (const [name, told, expected, lost = []] of cases) {
  test(`carriage: ${name}`, () => assert.deepEqual(arrows(told), { arrows: expected, lost }))
}

test('carriage: what was heard too early moves behind its sending, and nobody changes his own order', () => {
  const heard = heardOf([sent('a'), read('abc'), read('d'), sent('bc'), sent('d'), sent('e'), read('e')])
  const ordered = afterTheirSendings(heard, carriagesOf(heard).carriages)
  assert.deepEqual(
    ordered.map((one) => heard.indexOf(one)),
    [0, 3, 1, 4, 2, 5, 6],
  )
})
