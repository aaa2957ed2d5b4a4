import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Event, EventBody, EventOf } from '../../src/event.ts'
import { shortWords } from '../../src/views/short-words.ts'

const here = (port: number) => ({ address: '127.0.0.1', port, family: 'IPv4' }) as const
const there = { address: '::1', port: 9000, family: 'IPv6' } as const
const nothing = { bytes: 0, writes: 0, reads: 0 }
const none = { ...nothing, frames: 0, messages: 0, messageBytes: 0, compressed: { from: 0, to: 0 } }

const tcp = {
  kind: 'closed',
  transport: 'tcp',
  sent: nothing,
  received: nothing,
  unsent: 0,
  openMs: 1,
} as const
const webSocket = {
  kind: 'closed',
  transport: 'websocket',
  upgraded: true,
  first: 'us',
  clean: false,
  closeCode: 1006,
  reason: '',
  how: 'fin',
  sent: none,
  received: none,
  unsent: 0,
  openMs: 1,
} as const

function frame(opcode: number, payload: string, more: Partial<EventOf<'frame'>> = {}): EventBody {
  const bytes = Buffer.from(payload, 'latin1')
  const [size, length] = [bytes.length, bytes.length]
  const bits = { fin: true, rsv1: false, rsv2: false, rsv3: false }
  return {
    kind: 'frame',
    direction: 'sent',
    ...bits,
    opcode,
    lengthForm: 7,
    length,
    size,
    payload: bytes,
    ...more,
  }
}

const table: readonly [EventBody, string | undefined][] = [
  [{ kind: 'connecting', remote: here(80), attempt: 1, attempts: 1 }, 'connecting to :80'],
  [
    { kind: 'opened', transport: 'tcp', local: here(1), remote: here(2), tookMs: 3 },
    'connected to :2 in 3 ms, from :1',
  ],
  [{ kind: 'opened', transport: 'tcp', local: there, remote: there }, 'connected from [::1]:9000'],
  [
    { kind: 'opened', transport: 'udp', local: here(1), remote: here(2), connected: true },
    'socket :1, connected to :2',
  ],
  [
    { kind: 'opened', transport: 'udp', local: here(1), remote: here(2), connected: false },
    'socket :1, not connected',
  ],
  [{ kind: 'peer', remote: here(5) }, 'new peer: :5'],
  [{ kind: 'stalled', queued: 75_878 }, 'a write says stop: 75,878 B wait here'],
  [{ kind: 'ended', by: 'us' }, 'FIN sent'],
  [{ kind: 'ended', by: 'peer' }, 'FIN came'],
  [{ kind: 'timeout', what: 'ping', afterMs: 500 }, 'no pong within 500 ms'],
  [{ kind: 'timeout', what: 'idle', afterMs: 500 }, undefined],
  [
    { kind: 'refused', transport: 'tcp', remote: here(9), code: 'ECONNREFUSED\x1b' },
    ':9 refused (ECONNREFUSED\\x1b)',
  ],
  [
    { kind: 'violation', code: 'x', message: 'no\x1bmask', section: 'RFC 6455 §5.1', closeCode: 1002 },
    'a rule is broken: no\\x1bmask (RFC 6455 §5.1): 1002',
  ],
  [frame(8, '\x0f\xa1why\x1b'), 'close 4001 "why\\x1b"'],
  [frame(8, '\x03\xe8'), 'close 1000'],
  [frame(8, ''), 'close, without a code'],
  [frame(8, '\x03'), undefined],
  [frame(9, ''), 'ping'],
  [frame(10, 'fox'), 'pong "fox"'],
  [frame(9, 'fox', { fin: false }), undefined],
  [frame(9, 'fox', { rsv1: true }), undefined],
  [frame(9, 'x'.repeat(126)), undefined],
  [frame(1, 'fox'), undefined],
  [frame(11, 'fox'), undefined],
  [{ ...tcp, first: 'us', how: 'fin', answered: true }, 'closed: a FIN each way'],
  [{ ...tcp, first: 'us', how: 'fin', answered: false }, 'closed: our FIN, without waiting for theirs'],
  [{ ...tcp, first: 'peer', how: 'fin', answered: false }, 'closed: their FIN, and none of ours'],
  [
    { ...tcp, first: 'peer', how: 'reset', answered: false, code: 'ECONNRESET', unsent: 7 },
    'closed: RST came (ECONNRESET); 7 B never left',
  ],
  [{ ...tcp, first: 'us', how: 'reset', answered: false }, 'closed: RST sent'],
  [{ ...tcp, first: 'us', how: 'timeout', answered: false }, 'closed: a time limit of ours'],
  [{ ...tcp, first: 'peer', how: 'error', answered: false, code: 'EPIPE' }, 'closed: an error (EPIPE)'],
  [{ ...webSocket, clean: true, closeCode: 1000, sentCode: 1000 }, 'closed: 1000 each way, clean'],
  [{ ...webSocket, clean: true, closeCode: 1001, sentCode: 1000 }, 'closed: 1001 came, 1000 sent, clean'],
  [webSocket, 'closed: 1006, no close frame came; FIN'],
  [
    { ...webSocket, first: 'peer', how: 'reset', code: 'ECONNRESET' },
    'closed: 1006, no close frame came; RST came (ECONNRESET)',
  ],
  [{ ...webSocket, closeCode: 4001, sentCode: 4001 }, 'closed: 4001 came; FIN, not clean'],
  [{ ...webSocket, failed: true, sentCode: 1002 }, 'closed: with 1002, and nothing looked at after that'],
  [{ ...webSocket, upgraded: false }, 'closed: no WebSocket came of it'],
  [{ kind: 'process', what: 'stopped' }, 'process stopped (SIGSTOP)'],
  [
    { kind: 'process', what: 'exited', exitCode: 2, message: 'sockpit: "/x\x1b" is no verb' },
    'exit code 2: "/x\\x1b" is no verb',
  ],
  [{ kind: 'note', text: 'hello' }, undefined],
]

for (const [body, expected] of table) {
  test(`${body.kind}: ${expected ?? 'the words of the log'}`, () => {
    assert.equal(shortWords({ ...body, seq: 1, at: 0, socket: 'client' } as Event), expected)
  })
}
