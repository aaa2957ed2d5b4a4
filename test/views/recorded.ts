import type { Endpoint, Event, EventBody } from '../../src/event.ts'
import type { View } from '../../src/views/view.ts'

const here: Endpoint = { address: '127.0.0.1', port: 9000, family: 'IPv4' }
const there: Endpoint = { address: '127.0.0.1', port: 51_812, family: 'IPv4' }
const far: Endpoint = { address: '2001:db8:85a3::8a2e:370:7334', port: 51_813, family: 'IPv6' }
const nobody: Endpoint = { address: '::1', port: 9000, family: 'IPv6' }

function received(payload: string | Uint8Array): EventBody {
  const bytes = Buffer.from(payload)
  return { kind: 'bytes', direction: 'received', size: bytes.length, payload: bytes }
}

/** One write, of which the payload may be only the beginning. */
function sent(payload: string, size = payload.length): EventBody {
  return { kind: 'bytes', direction: 'sent', size, payload: Buffer.from(payload) }
}

const total = {
  opened: 3,
  closed: 1,
  refused: 0,
  sent: { bytes: 1_310_740, writes: 24 },
  received: { bytes: 65_561, reads: 7 },
}

const shown = {
  subject: '\u001b[2Jowned',
  issuer: 'Test Root',
  names: ['localhost', '*.example.test', '127.0.0.1', '::1'],
  validFrom: '2025-12-01T00:00:00.000Z',
  validTo: '2025-12-31T00:00:00.000Z',
  key: 'EC P-256',
  fingerprint: '8c3f'.repeat(16),
}

const moments: readonly Moment[] = [
  [0.4, 'server', { kind: 'listening', transport: 'tcp', local: here, reach: 'loopback', service: 'none' }],
  [
    1.125,
    'server',
    {
      kind: 'listening',
      transport: 'tcp',
      local: { ...here, address: '0.0.0.0' },
      reach: 'network',
      service: 'echo',
    },
  ],
  [
    1.2,
    'server',
    {
      kind: 'listening',
      transport: 'tcp',
      local: here,
      reach: 'loopback',
      service: 'none',
      tls: { fingerprint: 'e6d1'.repeat(16), isMade: true },
    },
  ],
  [
    1.5,
    'server',
    {
      kind: 'note',
      text: 'Connect with: nc 127.0.0.1 9000\nA line that you type goes to everyone; /help lists what else there is to do here.',
    },
  ],
  [2_900, 'client', { kind: 'resolved', host: 'localhost', addresses: ['::1', '127.0.0.1'], tookMs: 1.24 }],
  [2_901, 'client', { kind: 'connecting', remote: nobody, attempt: 1, attempts: 2 }],
  [
    2_901.3,
    'client',
    { kind: 'refused', transport: 'tcp', remote: nobody, code: 'ECONNREFUSED', tookMs: 0.31 },
  ],
  [
    2_901.4,
    'client',
    {
      kind: 'failed',
      code: 'ENETUNREACH',
      message: 'the network cannot be reached (ENETUNREACH)',
      remote: far,
      tookMs: 0.1,
    },
  ],
  [3_213.6, 'client', { kind: 'opened', transport: 'tcp', local: there, remote: here, tookMs: 0.42 }],
  [3_214, 'server#1', { kind: 'opened', transport: 'tcp', local: here, remote: there }],
  [
    3_215,
    'client',
    {
      kind: 'untrusted',
      code: 'DEPTH_ZERO_SELF_SIGNED_CERT',
      message: 'the certificate of "\u001b[2Jowned" is self-signed',
      accepted: true,
      chain: [shown],
    },
  ],
  [
    3_216,
    'client',
    {
      kind: 'tls',
      version: 'TLSv1.3',
      cipher: 'TLS_AES_256_GCM_SHA384',
      alpn: 'h2',
      servername: 'localhost',
      resumed: false,
      tookMs: 4.2,
      sent: 429,
      received: 1_753,
      trust: 'unchecked',
      chain: [shown],
    },
  ],
  [
    3_217,
    'server#1',
    {
      kind: 'tls',
      version: 'TLSv1.2',
      cipher: 'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384',
      resumed: true,
      tookMs: 1.1,
      sent: 120,
      received: 290,
      trust: 'anonymous',
      chain: [],
    },
  ],
  [
    3_218,
    'client',
    {
      kind: 'untrusted',
      code: 'CERT_HAS_EXPIRED',
      message: 'the certificate of "localhost" expired on 2025-12-31',
      accepted: false,
      chain: [shown],
    },
  ],
  [3_220, 'server#1', received('hello\n')],
  [3_220.4, 'server#1', sent('hello\n')],
  [
    4_001,
    'server#1',
    received('GET /caf\u00e9?q=\u6f22\u5b57 HTTP/1.1\r\nHost: example.test\r\nX-Path: C:\\temp\r\n\r\n'),
  ],
  [4_100, 'server#1', received('\u001b[2J\u001b]0;owned\u0007 \u009b31m \u202etxt.exe\u2028 \rover\u200b')],
  [4_101, 'server#1', received(Uint8Array.of(0xff, 0xfe, 0x00, 0xc0, 0xaf, 0x41, 0xe2, 0x82))],
  [
    4_102,
    'server#1',
    received(
      '\u0301\u65e5\u672c\u8a9e\u306e\u30c6\u30ad\u30b9\u30c8\u306f\u5e45\u304c\u5e83\u3044\u3002\u4e8c\u884c\u76ee\u306b\u3082\u7d9a\u304f\u306f\u305a\u3067\u3059\u3002 \u{1f600}\u{1f1e6}\u{1f1f9} cafe\u0301\n',
    ),
  ],
  [5_000, 'server#1', sent('0123456789abcdef'.repeat(20), 65_536)],
  [5_001, 'server#1', sent('z', 67_108_864)],
  [5_002, 'server#1', { kind: 'stalled', queued: 131_072 }],
  [6_202, 'server#1', { kind: 'drained', tookMs: 1_200 }],
  [6_300, 'server#1', { kind: 'paused' }],
  [7_300, 'server#1', { kind: 'resumed' }],
  [8_000, 'server#12345', { kind: 'opened', transport: 'tcp', local: here, remote: far }],
  [
    8_100,
    'server',
    {
      kind: 'stats',
      transport: 'tcp',
      asked: 'peers',
      total,
      peers: [
        {
          socket: 'server#1',
          remote: there,
          state: 'open',
          paused: false,
          sent: { bytes: 6, writes: 1 },
          received: { bytes: 65_561, reads: 7 },
          queued: 0,
          openMs: 4_886,
        },
        {
          socket: 'server#2',
          remote: { ...there, port: 7 },
          state: 'they ended',
          paused: true,
          sent: { bytes: 1_310_734, writes: 23 },
          received: { bytes: 0, reads: 0 },
          queued: 131_072,
          openMs: 123_000,
        },
      ],
    },
  ],
  [
    8_101,
    'server',
    {
      kind: 'stats',
      transport: 'tcp',
      asked: 'stats',
      total,
      peers: [
        {
          socket: 'server#12345',
          remote: far,
          state: 'open',
          paused: false,
          sent: { bytes: 1_310_734, writes: 23 },
          received: { bytes: 65_561, reads: 7 },
          queued: 0,
          openMs: 100,
        },
      ],
    },
  ],
  [8_102, 'server', { kind: 'stats', transport: 'tcp', asked: 'peers', total, peers: [] }],
  [8_103, 'server', { kind: 'stats', transport: 'tcp', asked: 'stats', total, peers: [] }],
  [8_200, 'client', { kind: 'expected', met: true, payload: Buffer.from('220 ready'), tookMs: 12 }],
  [
    8_201,
    'client',
    {
      kind: 'expected',
      met: false,
      payload: Buffer.from('250 OK\r\n'),
      tookMs: 5_000,
      instead: Buffer.from('550 \u001b[31mno such mailbox\u001b[0m\r\n'),
    },
  ],
  [
    8_202,
    'client',
    {
      kind: 'expected',
      met: false,
      payload: Uint8Array.of(0xff),
      tookMs: 5_000,
      instead: Uint8Array.of(0xfe),
    },
  ],
  [8_203, 'client', { kind: 'expected', met: false, payload: Buffer.from('250 OK'), tookMs: 5_000 }],
  [
    8_300,
    'server',
    {
      kind: 'limit',
      what: 'connections',
      limit: 1_000,
      count: 1_204,
      detail: 'refused 127.0.0.1:51814; --max-connections allows more',
      remote: there,
    },
  ],
  [8_400, 'client', { kind: 'timeout', what: 'connect', afterMs: 10_000, remote: here }],
  [8_401, 'server#1', { kind: 'timeout', what: 'idle', afterMs: 30_000 }],
  [8_402, 'server#1', { kind: 'timeout', what: 'write', afterMs: 5_000 }],
  [8_403, 'client', { kind: 'timeout', what: 'wait', afterMs: 250 }],
  [
    8_500,
    'server',
    {
      kind: 'failed',
      code: 'EMFILE',
      message: 'Cannot accept a connection: too many open files in this process',
    },
  ],
  [9_000, 'server#1', { kind: 'ended', by: 'peer' }],
  [9_001, 'server#1', { kind: 'ended', by: 'us' }],
  [
    9_002,
    'server#1',
    {
      kind: 'closed',
      transport: 'tcp',
      first: 'peer',
      how: 'fin',
      answered: true,
      sent: { bytes: 6, writes: 1 },
      received: { bytes: 65_561, reads: 7 },
      unsent: 0,
      openMs: 5_788,
    },
  ],
  [
    723_220,
    'client',
    {
      kind: 'closed',
      transport: 'tcp',
      first: 'peer',
      how: 'reset',
      answered: false,
      code: 'ECONNRESET',
      sent: { bytes: 67_108_864, writes: 1_024 },
      received: { bytes: 0, reads: 0 },
      unsent: 131_072,
      openMs: 720_006,
    },
  ],
  [
    723_221,
    'server#2',
    {
      kind: 'closed',
      transport: 'tcp',
      first: 'us',
      how: 'reset',
      answered: false,
      sent: { bytes: 12, writes: 1 },
      received: { bytes: 1, reads: 1 },
      unsent: 0,
      openMs: 0.4,
    },
  ],
  [
    723_222,
    'server#3',
    {
      kind: 'closed',
      transport: 'tcp',
      first: 'us',
      how: 'timeout',
      answered: false,
      sent: { bytes: 0, writes: 0 },
      received: { bytes: 0, reads: 0 },
      unsent: 0,
      openMs: 30_000,
    },
  ],
  [
    4_323_220,
    'server#12345',
    {
      kind: 'closed',
      transport: 'tcp',
      first: 'peer',
      how: 'error',
      answered: false,
      code: 'EPIPE',
      sent: { bytes: 5, writes: 1 },
      received: { bytes: 0, reads: 0 },
      unsent: 7,
      openMs: 4_315_220,
    },
  ],
  [4_323_300, 'process', { kind: 'process', what: 'stopped' }],
  [4_323_310, 'process', { kind: 'process', what: 'continued' }],
  [4_323_320, 'process', { kind: 'process', what: 'killed' }],
  [4_323_330, 'process', { kind: 'process', what: 'exited', exitCode: 0 }],
  [
    4_323_340,
    'process',
    { kind: 'process', what: 'exited', exitCode: 2, message: 'sockpit: "/ping\u001b[2J" is no verb' },
  ],
]

export type Moment = readonly [at: number, socket: string, body: EventBody]

/** A session that never was, with every kind of event that TCP has. */
export const recorded: readonly Event[] = stamp(moments)

export function stamp(unstamped: readonly Moment[]): readonly Event[] {
  return unstamped.map(([at, socket, body], index) => ({ ...body, seq: index + 1, at, socket }))
}

/** Everything that a view writes for the events. */
export function renderAll(view: View, events: readonly Event[]): Buffer {
  const parts = events.map((event) => Buffer.from((view.wants(event.kind) && view.render(event)) || ''))
  return Buffer.concat([...parts, Buffer.from(view.end?.() ?? '')])
}
