import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Event, EventOf } from '../../src/event.ts'
import { createHexView } from '../../src/views/hex.ts'
import { hexRows } from '../../src/views/hexdump.ts'

const rows: readonly [name: string, bytes: Uint8Array, offset: number, expected: readonly string[]][] = [
  ['nothing', new Uint8Array(), 0, []],
  ['one byte', Uint8Array.of(0x7e), 0, ['00000000|7e|~']],
  ['eight', Buffer.from('12345678'), 8, ['00000008|31 32 33 34 35 36 37 38|12345678']],
  ['nine', Buffer.from('123456789'), 0, ['00000000|31 32 33 34 35 36 37 38  39|123456789']],
  [
    'what has no shape',
    Uint8Array.of(0, 0x1f, 0x20, 0x7f, 0x80, 0xff),
    0,
    ['00000000|00 1f 20 7f 80 ff|.. ...'],
  ],
  [
    'two rows',
    Buffer.from('hello, world!\r\n\0ab'),
    0x1_2345_6789,
    ['123456789|68 65 6c 6c 6f 2c 20 77  6f 72 6c 64 21 0d 0a 00|hello, world!...', '123456799|61 62|ab'],
  ],
]

test('hexRows', () => {
  for (const [name, payload, start, expected] of rows) {
    const found = [...hexRows(payload, start)]
    assert.deepEqual(
      found.map(({ offset, bytes, text }) => [offset, bytes.trimEnd(), text].join('|')),
      expected,
      name,
    )
    for (const { bytes } of found) assert.equal(bytes.length, 48, name)
  }
})

function bytes(socket: string, direction: 'sent' | 'received', size: number): Event {
  return { kind: 'bytes', seq: 1, at: 0, socket, direction, size, payload: new Uint8Array(size) }
}

test('offsets run on, by socket and direction, until the socket is closed', () => {
  const view = createHexView({ color: false, transport: 'tcp' })
  const offset = (event: Event): string | undefined =>
    /^. ([0-9a-f]{8,}) /m.exec(String(view.render(event)))?.[1]
  assert.equal(offset(bytes('server#1', 'received', 6)), '00000000')
  assert.equal(offset(bytes('server#1', 'received', 20)), '00000006')
  assert.equal(offset(bytes('server#1', 'received', 1)), '0000001a')
  assert.equal(offset(bytes('server#1', 'sent', 1)), '00000000')
  assert.equal(offset(bytes('server#2', 'received', 1)), '00000000')
  const nothing = { bytes: 0, reads: 0, writes: 0 }
  const closed = view.render({
    kind: 'closed',
    seq: 2,
    at: 0,
    socket: 'server#1',
    transport: 'tcp',
    first: 'us',
    how: 'fin',
    answered: true,
    sent: nothing,
    received: nothing,
    unsent: 0,
    openMs: 0,
  })
  assert.equal(closed, undefined)
  assert.equal(offset(bytes('server#1', 'received', 1)), '00000000')
  assert.equal(offset(bytes('server#2', 'received', 1)), '00000001')
})

test('a datagram stands for itself: its offsets begin at 0', () => {
  const view = createHexView({ color: false, transport: 'udp' })
  const remote = { address: '127.0.0.1', port: 51_812, family: 'IPv4' } as const
  const datagram = (socket: string, direction: 'sent' | 'received', size: number): Event => ({
    kind: 'datagram',
    seq: 1,
    at: 0,
    socket,
    direction,
    size,
    remote,
    payload: new Uint8Array(size),
  })
  const lines = (event: Event): string[] =>
    String(view.render(event))
      .split('\n')
      .map((line) => line.slice(0, 11))
  for (let round = 0; round < 2; round += 1) {
    assert.deepEqual(lines(datagram('client', 'sent', 17)), ['→ client  d', '→ 00000000 ', '→ 00000010 ', ''])
  }
  assert.equal(
    view.render(datagram('server#1', 'received', 0)),
    '← #1  datagram 0 B  from 127.0.0.1:51812  at 0.000\n',
  )
})

test('no row is wider than 80 cells', () => {
  const view = createHexView({ color: false, transport: 'tcp' })
  view.render({ ...bytes('client', 'sent', 0), size: 2 ** 35 } as Event)
  for (const line of String(view.render(bytes('client', 'sent', 40))).split('\n'))
    assert.ok(line.length <= 80)
})

describe('a WebSocket', () => {
  const view = createHexView({ color: false, transport: 'websocket' })
  const stamp = { seq: 1, at: 1_234, socket: 'client' } as const

  function frame(more: Partial<EventOf<'frame'>>): EventOf<'frame'> {
    const payload = Buffer.from('Hello')
    return {
      kind: 'frame',
      ...{ ...stamp, direction: 'sent', fin: true, rsv1: false, rsv2: false, rsv3: false, opcode: 1 },
      ...{ lengthForm: 7, length: payload.length, size: payload.length, payload, ...more },
    }
  }

  /** The caption, and the bytes without their offsets and text. */
  function shown(event: Event): [caption: string, bytes: string] {
    const [caption = '', ...rows] = String(view.render(event)).trimEnd().split('\n')
    assert.match(caption, /^[→←] client {2}.* {2}at 1\.234$/)
    const bytes = rows.map((row) => row.slice(12, 60).replace(/ +/g, ' ').trim())
    for (const [index, row] of rows.entries())
      assert.equal(row.slice(2, 10), (16 * index).toString(16).padStart(8, '0'))
    return [caption.slice('→ client  '.length, -'  at 1.234'.length), bytes.join(' ')]
  }

  // RFC 6455 §5.7 has the first four.
  const frames: readonly [caption: string, event: EventOf<'frame'>, bytes: string][] = [
    ['frame text FIN  5 B', frame({}), '81 05 48 65 6c 6c 6f'],
    ['frame text FIN  5 B', frame({ mask: '37fa213d' }), '81 85 37 fa 21 3d 7f 9f 4d 51 58'],
    [
      'frame text  3 B',
      frame({ fin: false, payload: Buffer.from('Hel'), size: 3, length: 3 }),
      '01 03 48 65 6c',
    ],
    ['frame ping FIN  5 B', frame({ opcode: 9 }), '89 05 48 65 6c 6c 6f'],
    [
      'frame reserved 3 FIN RSV1 RSV3  5 B',
      frame({ opcode: 3, rsv1: true, rsv3: true }),
      'd3 05 48 65 6c 6c 6f',
    ],
    [
      'frame text FIN  5 B, declared as 300 B',
      frame({ length: 300, lengthForm: 16 }),
      '81 7e 01 2c 48 65 6c 6c 6f',
    ],
    [
      'frame continuation FIN  5 B',
      frame({ opcode: 0, lengthForm: 64 }),
      '80 7f 00 00 00 00 00 00 00 05 48 65 6c 6c 6f',
    ],
    [
      'frame close FIN  0 B',
      frame({ opcode: 8, payload: new Uint8Array(), size: 0, length: 0, mask: '01020304' }),
      '88 80 01 02 03 04',
    ],
  ]
  for (const [caption, event, bytes] of frames) {
    test(`shows as it travelled: ${caption}, ${event.lengthForm} bits, key ${event.mask}`, () => {
      const before = Buffer.from(event.payload)
      assert.deepEqual(shown(event), [caption, bytes])
      assert.deepEqual(shown(event), [caption, bytes], 'begins at 0 again')
      assert.deepEqual(Buffer.from(event.payload), before, 'the payload is borrowed')
    })
  }

  test('shows both heads, and neither reads, writes nor messages', () => {
    const payload = Buffer.from('GET /')
    const head = { ...stamp, version: 'HTTP/1.1', headers: [], size: payload.length, payload } as const
    const request: Event = { kind: 'request', ...head, direction: 'sent', method: 'GET', target: '/' }
    const answer = { status: 101, reason: 'Switching Protocols', tookMs: 1 } as const
    assert.deepEqual(shown(request), ['request 5 B', '47 45 54 20 2f'])
    const response: Event = { kind: 'response', ...head, direction: 'received', ...answer }
    assert.deepEqual(shown(response), ['response 101  5 B', '47 45 54 20 2f'])
    const piece = { ...stamp, direction: 'received', size: payload.length, payload } as const
    assert.equal(view.render({ kind: 'bytes', ...piece }), undefined)
    assert.equal(view.render({ kind: 'message', ...piece, type: 'text', frames: 1 }), undefined)
    const kinds = (['request', 'response', 'frame', 'bytes', 'message', 'datagram'] as const).map((kind) =>
      view.wants(kind),
    )
    assert.deepEqual(kinds, [true, true, true, false, false, false])
  })
})
