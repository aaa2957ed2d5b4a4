import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Event, EventOf } from '../../src/event.ts'
import { createRawView, type RawOptions } from '../../src/views/raw.ts'

function bytes(socket: string, direction: 'sent' | 'received', payload: Uint8Array): Event {
  return { kind: 'bytes', seq: 1, at: 0, socket, direction, size: payload.length, payload }
}

const payload = Buffer.from('\x1b[31m\xff', 'latin1')

test('to a pipe: the borrowed payload itself, of what was received', () => {
  const view = createRawView({ terminal: false, transport: 'tcp' })
  assert.equal(view.render(bytes('client', 'received', payload)), payload)
  assert.equal(view.render(bytes('client', 'sent', payload)), undefined)
  assert.ok(!view.end?.())
})

test('to a terminal: escaped, a cut character held back until it is whole', () => {
  const view = createRawView({ terminal: true, transport: 'tcp' })
  assert.equal(view.render(bytes('client', 'received', payload)), '\\x1b[31m\\xff')
  assert.equal(view.render(bytes('client', 'received', Uint8Array.of(0xc3))), '')
  assert.equal(view.render(bytes('client', 'sent', payload)), undefined)
  assert.equal(view.render(bytes('client', 'received', Uint8Array.of(0xa9, 0xc3))), 'é')
  assert.equal(view.end?.(), '\\xc3')
})

test('to a terminal: one socket does not finish the character of another', () => {
  const view = createRawView({ terminal: true, transport: 'tcp' })
  assert.equal(view.render(bytes('server#1', 'received', Uint8Array.of(0xc3))), '')
  assert.equal(view.render(bytes('server#2', 'received', Uint8Array.of(0xa9))), '\\xc3\\xa9')
})

test('nothing but what was received is wanted', () => {
  const kinds = { tcp: 'bytes', udp: 'datagram', websocket: 'message' } as const
  for (const transport of ['tcp', 'udp', 'websocket'] as const) {
    const view = createRawView({ terminal: true, transport })
    for (const kind of Object.values(kinds)) {
      const isOurs = kind === kinds[transport]
      assert.deepEqual([view.wants(kind), view.wants(kind, 'received')], [isOurs, isOurs])
      assert.ok(!view.wants(kind, 'sent'))
    }
    assert.ok(!view.wants('closed') && !view.wants('frame', 'received'))
  }
})

function datagram(payload: Uint8Array, more: Partial<EventOf<'datagram'>> = {}): Event {
  const remote = { address: '127.0.0.1', port: 9000, family: 'IPv4' } as const
  const stamp = { seq: 1, at: 0, socket: 'client' } as const
  return { kind: 'datagram', ...stamp, direction: 'received', size: payload.length, remote, payload, ...more }
}

test('to a pipe: each datagram is followed by what was asked for', () => {
  const piped = (options: Partial<RawOptions>, payloads: readonly string[]): string => {
    const view = createRawView({ terminal: false, transport: 'udp', ...options })
    return payloads.map((text) => String(view.render(datagram(Buffer.from(text))))).join('')
  }
  assert.equal(piped({}, ['hello', '', 'a\n', 'bb', 'c']), 'hello\n\na\n\nbb\nc\n')
  assert.equal(piped({ after: '\0' }, ['hello', '', 'x']), 'hello\0\0x\0')
  assert.equal(piped({ after: Uint8Array.of(0x2d, 0x0a) }, ['one', 'two', 'three']), 'one-\ntwo-\nthree-\n')
  assert.equal(piped({ after: '' }, ['hello', '', 'x']), 'hellox')
})

test('to a pipe: with nothing after it, the borrowed payload itself', () => {
  const view = createRawView({ terminal: false, transport: 'udp', after: '' })
  assert.equal(view.render(datagram(payload)), payload)
  assert.equal(view.render(datagram(payload, { direction: 'sent' })), undefined)
})

test('to a pipe: the bytes of a stream are followed by nothing', () => {
  const view = createRawView({ terminal: false, transport: 'tcp', after: '\n' })
  assert.equal(view.render(bytes('client', 'received', payload)), payload)
})

test('the header of a numbered datagram can be left out', () => {
  const numbered = Buffer.concat([Buffer.alloc(24, 'H'), Buffer.from('hi')])
  const shown = (options: Partial<RawOptions>, number?: number): string => {
    const view = createRawView({ terminal: false, transport: 'udp', after: '', ...options })
    return String(view.render(datagram(numbered, number === undefined ? {} : { number })))
  }
  assert.equal(shown({ headers: 'strip' }, 0), 'hi')
  assert.equal(shown({ headers: 'strip', after: '\n' }, 1), 'hi\n')
  assert.equal(shown({ headers: 'strip', terminal: true }, 1), 'hi\n')
  assert.equal(shown({ headers: 'strip' }), String(numbered))
  assert.equal(shown({ headers: 'keep' }, 1), String(numbered))
  assert.equal(shown({}, 1), String(numbered))
})

test('to a terminal: each datagram is escaped as a whole, and ends its line', () => {
  for (const after of ['\n', '\0', '']) {
    const view = createRawView({ terminal: true, transport: 'udp', after })
    assert.equal(view.render(datagram(payload)), '\\x1b[31m\\xff\n')
    assert.equal(view.render(datagram(Uint8Array.of(0x61, 0xc3))), 'a\\xc3\n')
    assert.equal(view.render(datagram(Uint8Array.of(0xa9, 0x0d))), '\\xa9\\r\n')
    assert.equal(view.render(datagram(Buffer.from('\u0301b\nc'))), '\\u{301}b\nc\n')
    assert.equal(view.render(datagram(new Uint8Array())), '\n')
    assert.equal(view.render(datagram(payload, { direction: 'sent' })), undefined)
    assert.equal(view.end?.(), '')
  }
})

function message(payload: Uint8Array, direction: 'sent' | 'received' = 'received'): Event {
  const stamp = { seq: 1, at: 0, socket: 'client' } as const
  return { kind: 'message', ...stamp, direction, type: 'text', size: payload.length, payload, frames: 1 }
}

test('a message is written as a datagram is, and of the stream below it nothing', () => {
  const piped = createRawView({ terminal: false, transport: 'websocket' })
  assert.equal(String(piped.render(message(Buffer.from('hello')))), 'hello\n')
  assert.equal(String(piped.render(message(Buffer.from('')))), '\n')
  assert.equal(piped.render(bytes('client', 'received', payload)), undefined)
  assert.equal(piped.render(message(payload, 'sent')), undefined)
  const exact = createRawView({ terminal: false, transport: 'websocket', after: '' })
  assert.equal(exact.render(message(payload)), payload)
  const shown = createRawView({ terminal: true, transport: 'websocket' })
  assert.equal(shown.render(message(Uint8Array.of(0x61, 0xc3))), 'a\\xc3\n')
  assert.equal(shown.render(message(Uint8Array.of(0xa9))), '\\xa9\n')
})
