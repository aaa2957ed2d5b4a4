import type { Endpoint, Event, EventBody, EventOf } from '../../src/event.ts'
import { acceptOf, type Problem } from '../../src/wire/handshake-response.ts'
import type { Header } from '../../src/wire/http-head.ts'
import { type Moment, stamp } from './recorded.ts'

const here: Endpoint = { address: '127.0.0.1', port: 9000, family: 'IPv4' }
const there: Endpoint = { address: '127.0.0.1', port: 51_812, family: 'IPv4' }
const far: Endpoint = { address: '2001:db8:85a3::8a2e:370:7334', port: 51_813, family: 'IPv6' }

type Direction = EventOf<'frame'>['direction']

function bytes(direction: Direction, payload: string | Uint8Array, size?: number): EventBody {
  const buffer = Buffer.from(payload)
  return { kind: 'bytes', direction, size: size ?? buffer.length, payload: buffer }
}

function request(direction: Direction, target: string, headers: readonly Header[]): EventBody {
  const payload = headOf(`GET ${target} HTTP/1.1`, headers)
  const head = { method: 'GET', target, version: 'HTTP/1.1', headers } as const
  return { kind: 'request', direction, ...head, size: payload.length, payload }
}

function response(
  direction: Direction,
  status: number,
  reason: string,
  headers: readonly Header[],
  more: { readonly problem?: Problem; readonly body?: string } = {},
): EventBody {
  const payload = headOf(`HTTP/1.1 ${status} ${reason}`, headers)
  const head = { version: 'HTTP/1.1', status, reason, headers } as const
  return { kind: 'response', direction, ...head, size: payload.length, payload, ...more, tookMs: 1.24 }
}

function headOf(startLine: string, headers: readonly Header[]): Buffer {
  const lines = [startLine, ...headers.map(([name, value]) => `${name}: ${value}`)]
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')
}

/** A frame that is whole and not masked, but for what is said of it. */
function frame(
  direction: Direction,
  opcode: number,
  payload: string | Uint8Array,
  more: Partial<EventOf<'frame'>> = {},
): EventBody {
  const buffer = Buffer.from(payload)
  const length = more.length ?? buffer.length
  return {
    kind: 'frame',
    direction,
    fin: true,
    rsv1: false,
    rsv2: false,
    rsv3: false,
    opcode,
    lengthForm: length < 126 ? 7 : length < 65_536 ? 16 : 64,
    length,
    size: buffer.length,
    payload: buffer,
    ...more,
  }
}

function message(
  direction: Direction,
  type: 'text' | 'binary',
  payload: string | Uint8Array,
  more: Partial<EventOf<'message'>> = {},
): EventBody {
  const buffer = Buffer.from(payload)
  return { kind: 'message', direction, type, size: buffer.length, payload: buffer, frames: 1, ...more }
}

/** From the RFC's own example (RFC 6455 §1.2). */
const key = 'dGhlIHNhbXBsZSBub25jZQ=='

const asked: readonly Header[] = [
  ['Host', '127.0.0.1:9000'],
  ['Upgrade', 'websocket'],
  ['Connection', 'Upgrade'],
  ['Sec-WebSocket-Key', key],
  ['Origin', 'http://localhost:8080'],
  ['Sec-WebSocket-Protocol', 'superchat, chat'],
  ['Sec-WebSocket-Version', '13'],
  ['Sec-WebSocket-Extensions', 'permessage-deflate; client_max_window_bits'],
  ['Authorization', 'Basic ***'],
  ['X-Room', 'caf\xe9 \\ one'],
]

const granted: readonly Header[] = [
  ['Upgrade', 'websocket'],
  ['Connection', 'Upgrade'],
  ['Sec-WebSocket-Accept', acceptOf(key)],
  ['Sec-WebSocket-Protocol', 'superchat'],
  ['Sec-WebSocket-Extensions', 'permessage-deflate; server_max_window_bits=9'],
]

const masked = { mask: '37fa213d' } as const
const nothing = { frames: 0, messages: 0, messageBytes: 0, compressed: { from: 0, to: 0 } }
const sent = {
  bytes: 241,
  writes: 3,
  frames: 3,
  messages: 1,
  messageBytes: 5,
  compressed: { from: 0, to: 0 },
}
const received = {
  bytes: 1_204,
  reads: 4,
  frames: 5,
  messages: 3,
  messageBytes: 1_041,
  compressed: { from: 1_024, to: 143 },
}

const opened = {
  kind: 'opened',
  transport: 'websocket',
  local: there,
  remote: here,
  target: '/chat?room=1',
  subprotocol: 'superchat',
  compression: 'permessage-deflate; server_max_window_bits=9',
  tookMs: 1.24,
} as const satisfies EventBody

const closed = {
  kind: 'closed',
  transport: 'websocket',
  upgraded: true,
  first: 'us',
  clean: true,
  closeCode: 1000,
  reason: '',
  sentCode: 1000,
  how: 'fin',
  sent,
  received,
  unsent: 0,
  openMs: 3_210,
} as const satisfies EventBody

const total = { opened: 3, closed: 1, refused: 0, sent, received }
const state = {
  socket: 'server#1',
  remote: there,
  state: 'open',
  paused: false,
  sent,
  received,
  queued: 0,
  openMs: 4_886,
} as const

const upgrade: readonly Moment[] = [
  [
    0.4,
    'server',
    {
      kind: 'listening',
      transport: 'websocket',
      local: here,
      reach: 'loopback',
      service: 'echo',
      url: 'ws://127.0.0.1:9000/',
    },
  ],
  [2_901, 'client', { kind: 'connecting', remote: here, attempt: 1, attempts: 1 }],
  [2_902, 'client', bytes('sent', headOf('GET /chat?room=1 HTTP/1.1', asked))],
  [2_902, 'client', request('sent', '/chat?room=1', asked)],
  [2_903, 'client', bytes('received', headOf('HTTP/1.1 101 Switching Protocols', granted))],
  [2_903.2, 'client', response('received', 101, 'Switching Protocols', granted)],
  [2_903.2, 'client', opened],
]

const json = '{"user":"\u202eevil","n":12345678901234567890,"tags":["a","b"],"none":{},"empty":[]}'

const talk: readonly Moment[] = [
  [3_000, 'client', message('sent', 'text', 'Hello')],
  [3_000, 'client', frame('sent', 1, 'Hello', masked)],
  [3_000, 'client', bytes('sent', Buffer.from('818537fa213d7f9f4d5158', 'hex'))],
  [3_001, 'client', bytes('received', Buffer.from('810548656c6c6f', 'hex'))],
  [3_001, 'client', frame('received', 1, 'Hello', { firstRead: 2, lastRead: 2 })],
  [3_001, 'client', message('received', 'text', 'Hello')],
  [3_100, 'client', frame('received', 1, 'one', { firstRead: 3, lastRead: 3 })],
  [3_100, 'client', message('received', 'text', 'one')],
  [3_100, 'client', frame('received', 1, 'two', { firstRead: 3, lastRead: 3 })],
  [3_100, 'client', message('received', 'text', 'two')],
  [3_100, 'client', frame('received', 2, Buffer.from([0, 1, 0xff]), { firstRead: 3, lastRead: 3 })],
  [3_100, 'client', message('received', 'binary', Buffer.from([0, 1, 0xff]))],
  [3_200, 'client', frame('received', 1, 'frag', { fin: false, firstRead: 4, lastRead: 4 })],
  [3_201, 'client', frame('received', 9, 'abcd', { firstRead: 4, lastRead: 5 })],
  [3_201, 'client', frame('sent', 10, 'abcd', masked)],
  [3_202, 'client', frame('received', 0, 'ment', { fin: false, firstRead: 6, lastRead: 6 })],
  [3_203, 'client', frame('received', 0, 's\n', { firstRead: 7, lastRead: 9 })],
  [3_203, 'client', message('received', 'text', 'fragments\n', { frames: 3 })],
  [
    3_300,
    'client',
    frame('received', 1, Buffer.alloc(143, 0x2a), { rsv1: true, firstRead: 10, lastRead: 10 }),
  ],
  [3_300, 'client', message('received', 'text', 'la '.repeat(341), { compressedSize: 143, size: 1_023 })],
  [3_400, 'client', message('sent', 'text', json)],
  [3_400, 'client', frame('sent', 1, json, masked)],
  [
    3_401,
    'client',
    message('sent', 'binary', Buffer.from('\u001b[2J\xff', 'latin1'), { frames: 2, compressedSize: 9 }),
  ],
  [3_402, 'client', message('received', 'text', '')],
  [3_500, 'client', frame('sent', 9, 'are you there?', masked)],
  [
    3_500.4,
    'client',
    frame('received', 10, 'are you there?', { roundTripMs: 0.4, firstRead: 11, lastRead: 11 }),
  ],
  [3_600, 'client', frame('sent', 2, Buffer.alloc(70_000, 0x41), masked)],
  [3_601, 'client', frame('sent', 1, 'short', { ...masked, length: 10, rsv2: true, rsv3: true })],
  [3_602, 'client', frame('sent', 9, '', masked)],
  [3_602.5, 'client', frame('sent', 0, 'x', { ...masked, lengthForm: 64 })],
  [3_603, 'client', frame('sent', 11, '?', { ...masked, rsv1: true })],
  [
    3_604,
    'client',
    frame('received', 8, Buffer.from('\x0f\xa1why', 'latin1'), { firstRead: 12, lastRead: 12 }),
  ],
]

const ends: readonly Moment[] = [
  [4_000, 'client', closed],
  [
    4_001,
    'server#1',
    {
      kind: 'violation',
      code: 'not-masked',
      message: 'a frame from a client that is not masked',
      section: 'RFC 6455 §5.1',
      closeCode: 1002,
    },
  ],
  [4_002, 'server#1', { ...closed, closeCode: 1006, sentCode: 1002, clean: false, unsent: 12 }],
  [
    4_003,
    'server#2',
    { ...closed, first: 'peer', closeCode: 4001, reason: 'why \u001b[2J', sentCode: 1005, openMs: 12 },
  ],
  [4_004, 'server#3', { ...closed, first: 'peer', closeCode: 1005, sentCode: 1005 }],
  [
    4_005,
    'server#4',
    { ...without(closed), first: 'peer', closeCode: 1006, clean: false, how: 'reset', code: 'ECONNRESET' },
  ],
  [4_006, 'server#5', { ...closed, closeCode: 1006, clean: false, how: 'timeout' }],
  [4_007, 'server#6', { ...closed, closeCode: 1001, clean: false, how: 'reset' }],
  [
    4_100,
    'server',
    {
      kind: 'stats',
      transport: 'websocket',
      asked: 'stats',
      total,
      peers: [
        state,
        {
          ...state,
          socket: 'server#2',
          remote: { ...there, port: 7 },
          state: 'closing',
          paused: true,
          queued: 131_072,
        },
      ],
    },
  ],
  [4_101, 'server', { kind: 'stats', transport: 'websocket', asked: 'peers', total, peers: [] }],
  ...(['message', 'fragments', 'unfinished', 'pongs'] as const).map(
    (what, index): Moment => [
      4_200 + index,
      'server#1',
      {
        kind: 'limit',
        what,
        limit: 1_024,
        count: 1,
        detail: 'what was done (1009); --max-payload allows more',
      },
    ],
  ),
  ...(['handshake', 'ping', 'close'] as const).map(
    (what, index): Moment => [4_300 + index, 'server#1', { kind: 'timeout', what, afterMs: 5_000 }],
  ),
]

/** As it ends where no close frame of ours went out. */
function without({ sentCode: _, ...rest }: typeof closed): Omit<typeof closed, 'sentCode'> {
  return rest
}

const plain: readonly Header[] = asked.slice(0, 4).concat(asked.slice(6, 7))
const text: readonly Header[] = [
  ['Content-Type', 'text/plain; charset=utf-8'],
  ['Content-Length', '76'],
  ['Connection', 'close'],
]

const origin: Problem = {
  what: 'Origin',
  reason: 'is "http://evil.example/\u001b[2J", whose pages may not connect',
  section: 'RFC 6455 §10.2',
  hint: "To let them in, start the server with --origin http://evil.example (--origin '*' lets all in).",
}

const refusals: readonly Moment[] = [
  [5_000, 'server#7', request('received', '/', [...plain, ['Origin', 'http://evil.example/\u001b[2J']])],
  [
    5_001,
    'server#7',
    response('sent', 403, 'Forbidden', text, {
      problem: origin,
      body: 'No WebSocket here: Origin is "http://evil.example", whose pages may not connect.\n',
    }),
  ],
  [
    5_002,
    'server#7',
    {
      ...without(closed),
      upgraded: false,
      closeCode: 1006,
      clean: false,
      sent: { ...nothing, bytes: 240, writes: 1 },
      received: { ...nothing, bytes: 180, reads: 1 },
    },
  ],
  [
    5_100,
    'server#8',
    response('sent', 400, 'Bad Request', text, {
      problem: { what: 'header line 3', reason: 'has no colon: "\u202ewhat"', section: 'RFC 9112 §5' },
    }),
  ],
  [5_200, 'client', request('sent', '/', plain)],
  [
    5_201,
    'client',
    response(
      'received',
      101,
      'Switching Protocols',
      [...granted.slice(0, 2), ['Sec-WebSocket-Accept', 'AAAAAAAAAAAAAAAAAAAAAAAAAAA=']],
      {
        problem: {
          what: 'Sec-WebSocket-Accept',
          reason: `is "AAAAAAAAAAAAAAAAAAAAAAAAAAA="; expected "${acceptOf(key)}"`,
          section: 'RFC 6455 §4.1',
        },
      },
    ),
  ],
  [5_300, 'server#9', request('received', '/\\', plain.slice(0, 2))],
  [
    5_301,
    'server#9',
    response('sent', 400, 'Bad Request', text, {
      problem: {
        what: 'Sec-WebSocket-Key',
        reason: 'is missing',
        section: 'RFC 6455 §4.2.1',
        hint: 'Send 16 random bytes in base64.',
      },
    }),
  ],
  [5_310, 'client', request('sent', '/secret', plain)],
  [
    5_311,
    'client',
    response(
      'received',
      401,
      'Unauthorized \u001b[2J',
      [
        ['WWW-Authenticate', 'Basic realm="caf\u00c3\u00a9 \u009b31m"'],
        ['X-Long', 'word '.repeat(30).trim()],
        ['X-Longer', '0123456789'.repeat(12)],
      ],
      {
        problem: {
          what: 'status line',
          reason: 'says 401 Unauthorized \u001b[2J, not 101',
          section: 'RFC 6455 §4.1',
          hint: 'Log in with --auth user:password.',
        },
        body: '<html>\r\n<h1>Log in</h1>\n\u001b]0;owned\u0007caf\u00c3\u00a9\n',
      },
    ),
  ],
  [5_400, 'client', request('sent', '/slow', plain)],
  [5_401, 'client', { kind: 'timeout', what: 'handshake', afterMs: 10_000 }],
  [
    5_402,
    'server#10',
    {
      kind: 'violation',
      code: 'early',
      message: 'bytes before the answer',
      section: 'RFC 6455 §4.1',
      closeCode: 0,
    },
  ],
  [5_403, 'server#11', { ...opened, local: here, remote: far, target: '/\u202e', tookMs: 1 }],
  [5_500, 'server#12', request('received', '/held', plain)],
]

/** A session that never was, with every kind of event that a WebSocket has. */
export const recordedWebSocket: readonly Event[] = stamp([...upgrade, ...talk, ...ends, ...refusals])
