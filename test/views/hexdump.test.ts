import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Event } from '../../src/event.ts'
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
  const view = createHexView({ color: false })
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

test('a datagram stands for itself: its offsets begin at 0, and move none of a stream', () => {
  const view = createHexView({ color: false })
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
  assert.deepEqual(lines(bytes('client', 'sent', 3)), ['→ client  w', '→ 00000000 ', ''])
  for (let round = 0; round < 2; round += 1) {
    assert.deepEqual(lines(datagram('client', 'sent', 17)), ['→ client  d', '→ 00000000 ', '→ 00000010 ', ''])
  }
  assert.deepEqual(lines(bytes('client', 'sent', 1)), ['→ client  w', '→ 00000003 ', ''])
  assert.equal(
    view.render(datagram('server#1', 'received', 0)),
    '← #1  datagram 0 B  from 127.0.0.1:51812  at 0.000\n',
  )
})

test('no row is wider than 80 cells', () => {
  const view = createHexView({ color: false })
  view.render({ ...bytes('client', 'sent', 0), size: 2 ** 35 } as Event)
  for (const line of String(view.render(bytes('client', 'sent', 40))).split('\n'))
    assert.ok(line.length <= 80)
})
