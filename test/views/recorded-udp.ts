import type { DatagramCount, Endpoint, Event, EventBody, LimitEvent, Traffic } from '../../src/event.ts'
import { encodeSequenceHeader } from '../../src/wire/sequence.ts'
import { type Moment, stamp } from './recorded.ts'

const here: Endpoint = { address: '127.0.0.1', port: 9000, family: 'IPv4' }
const there: Endpoint = { address: '127.0.0.1', port: 51_812, family: 'IPv4' }
const stranger: Endpoint = { address: '127.0.0.1', port: 5_353, family: 'IPv4' }
const far: Endpoint = { address: '2001:db8:85a3::8a2e:370:7334', port: 51_813, family: 'IPv6' }

type Told = Partial<Extract<EventBody, { kind: 'datagram' }>>

function datagram(
  direction: 'sent' | 'received',
  remote: Endpoint,
  payload: string | Uint8Array,
  more: Told = {},
): EventBody {
  const bytes = Buffer.from(payload)
  return { kind: 'datagram', direction, size: bytes.length, remote, payload: bytes, ...more }
}

function numbered(number: number, payload: string, more: Told = {}): EventBody {
  const header = encodeSequenceHeader({ stream: 0xcafe_f00d, number, sentAtMs: 3_499.5 })
  return datagram('received', there, Buffer.concat([header, Buffer.from(payload)]), { number, ...more })
}

function limit(what: LimitEvent['what'], limit: number, count: number, detail: string): EventBody {
  return { kind: 'limit', what, limit, count, detail }
}

function count(datagrams: number, bytes: number, spanMs = 0): DatagramCount {
  return { bytes, datagrams, spanMs }
}

const none = count(0, 0)

/** Nothing at all, but for what is given. */
function traffic(some: Partial<Traffic>): Traffic {
  return { sent: none, received: none, unsent: 0, refused: 0, ...some }
}

const asked: readonly Moment[] = [
  [
    5_000,
    'server',
    {
      kind: 'stats',
      transport: 'udp',
      asked: 'peers',
      total: { ...traffic({}), openMs: 5_000 },
      peers: [
        { socket: 'server#1', remote: there, received: count(2, 20), sent: count(2, 42), knownMs: 1_786 },
        {
          socket: 'server#2',
          remote: { ...there, port: 7 },
          received: count(20_000, 1_280_000, 2_041),
          sent: none,
          knownMs: 123_000,
        },
      ],
    },
  ],
  [
    5_001,
    'server',
    {
      kind: 'stats',
      transport: 'udp',
      asked: 'stats',
      total: {
        ...traffic({ received: count(1_001, 88_020, 2_000), sent: count(2, 42), dropped: 0 }),
        sequence: { received: 1_000, lost: 3, duplicates: 1, reordered: 2, jitterMs: 0.123 },
        openMs: 5_001,
      },
      peers: [
        { socket: 'server#1', remote: there, received: count(1, 20), sent: count(2, 42), knownMs: 1_787 },
        {
          socket: 'server#2',
          remote: { ...there, port: 7 },
          received: count(1_000, 88_000, 2_000),
          sent: none,
          sequence: { received: 1_000, lost: 3, duplicates: 1, reordered: 2, jitterMs: 0.123 },
          knownMs: 2_100,
        },
      ],
    },
  ],
  [
    5_002,
    'server',
    { kind: 'stats', transport: 'udp', asked: 'peers', total: { ...traffic({}), openMs: 5_002 }, peers: [] },
  ],
  [
    5_003,
    'server',
    { kind: 'stats', transport: 'udp', asked: 'stats', total: { ...traffic({}), openMs: 5_003 }, peers: [] },
  ],
]

const limits: readonly EventBody[] = [
  limit('peers', 4_096, 95_904, 'the one that was silent the longest is forgotten'),
  limit('datagrams', 1_000, 1, 'nothing more is taken from the input until there is room'),
  limit(
    'answer',
    0,
    2,
    'not answered: 127.0.0.1:53 is a port below 1024, where another server may answer back',
  ),
  limit('loop', 500, 1, 'not answered: this datagram has come back again and again, and looks like a loop'),
  limit('output', 0, 3, 'the output takes no more: a datagram was thrown away'),
]

/** Each a way for a datagram socket to end. */
const verdicts: readonly Moment[] = [
  [
    8_593.6,
    'client',
    {
      kind: 'closed',
      transport: 'udp',
      connected: true,
      ...traffic({ received: count(2, 20, 8.3), sent: count(2, 42), dropped: 0 }),
      openMs: 5_380,
    },
  ],
  [
    8_600,
    'client',
    { kind: 'closed', transport: 'udp', connected: true, ...traffic({ sent: count(1, 6) }), openMs: 1_006 },
  ],
  [
    8_601,
    'client',
    { kind: 'closed', transport: 'udp', connected: false, ...traffic({ sent: count(1, 6) }), openMs: 1_006 },
  ],
  [
    8_602,
    'client',
    {
      kind: 'closed',
      transport: 'udp',
      connected: true,
      ...traffic({ sent: count(3, 18, 2_000), unsent: 1, refused: 2 }),
      openMs: 720_006,
    },
  ],
  [
    8_603,
    'client',
    {
      kind: 'closed',
      transport: 'udp',
      connected: true,
      ...traffic({ sent: count(1_000, 88_000, 1_020), received: count(998, 87_824, 1_020), dropped: 0 }),
      sequence: { received: 998, lost: 2, duplicates: 0, reordered: 0, jitterMs: 0.014 },
      roundTrips: { count: 998, minMs: 0.085, meanMs: 0.213, maxMs: 12.4 },
      openMs: 2_020,
    },
  ],
  [
    8_604,
    'server',
    {
      kind: 'closed',
      transport: 'udp',
      connected: false,
      ...traffic({ received: count(7_655, 489_920, 1_041), dropped: 12_345 }),
      openMs: 61_000,
    },
  ],
  [8_605, 'server', { kind: 'closed', transport: 'udp', connected: false, ...traffic({}), openMs: 0.4 }],
]

const talk: readonly Moment[] = [
  [0.4, 'server', { kind: 'listening', transport: 'udp', local: here, reach: 'loopback', service: 'none' }],
  [
    1.125,
    'server',
    {
      kind: 'listening',
      transport: 'udp',
      local: { ...here, address: '0.0.0.0' },
      reach: 'network',
      service: 'echo',
    },
  ],
  [1.5, 'server', { kind: 'note', text: 'Send with: nc -u 127.0.0.1 9000' }],
  [3_213.6, 'client', { kind: 'opened', transport: 'udp', local: there, remote: here, connected: true }],
  [3_214, 'client', datagram('sent', here, 'hello\n')],
  [3_214.5, 'server#1', { kind: 'peer', remote: there }],
  [3_214.5, 'server#1', datagram('received', there, 'hello\n')],
  [3_215, 'server#1', datagram('sent', there, 'hello\n')],
  [3_215.2, 'client', datagram('received', here, 'hello\n')],
  [3_300, 'server#1', datagram('received', there, '')],
  [3_301, 'server#1', datagram('sent', there, '')],
  [3_302, 'server#1', datagram('received', there, 'one\ntwo \u001b[2J\u202eevil\n')],
  [3_303, 'server#1', datagram('received', there, Uint8Array.of(0xff, 0xfe, 0x00, 0xe2, 0x82))],
  [3_304, 'server#1', datagram('received', there, '0123456789abcdef'.repeat(20), { size: 65_507 })],
  [3_400, 'server#1', datagram('received', there, 'HELLO WORLD', { kept: 5 })],
  [3_500, 'server#1', numbered(3, 'tick')],
  [3_501, 'server#1', numbered(1_204, '')],
  [3_502, 'server#1', numbered(1_205, 'one\ntwo', { kept: 26 })],
  [3_503, 'server#1', datagram('received', there, 'one\nno. 3, in a header of 24 B')],
  [3_600, 'server', datagram('received', stranger, 'from nobody that is remembered')],
  [3_700, 'server#12345', { kind: 'peer', remote: far }],
  ...limits.map((body, index): Moment => [4_000 + index, 'server', body]),
  ...asked,
  [
    6_000,
    'client',
    {
      kind: 'failed',
      code: 'EMSGSIZE',
      message: '65,508 B do not fit into one datagram: 65,507 B are the most (EMSGSIZE)',
      remote: here,
    },
  ],
  [6_100, 'client', { kind: 'refused', transport: 'udp', remote: here, code: 'ECONNREFUSED' }],
  ...verdicts,
  [
    9_000,
    'client',
    {
      kind: 'opened',
      transport: 'udp',
      local: { ...there, address: '0.0.0.0' },
      remote: here,
      connected: false,
    },
  ],
  [9_001, 'client', datagram('sent', here, 'anybody there?\n')],
  [9_002, 'client', datagram('received', here, 'yes\n')],
  [9_003, 'client', datagram('received', stranger, 'I, too\n')],
  [9_004, 'client', datagram('received', far, '', {})],
  [9_005, 'client', datagram('sent', stranger, 'hello\n')],
]

/** A server and a client of datagrams that never were, with every kind of event that only UDP has. */
export const recordedUdp: readonly Event[] = stamp(talk)
