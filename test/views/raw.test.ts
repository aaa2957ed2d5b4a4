import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Event } from '../../src/event.ts'
import { createRawView } from '../../src/views/raw.ts'

function bytes(socket: string, direction: 'sent' | 'received', payload: Uint8Array): Event {
  return { kind: 'bytes', seq: 1, at: 0, socket, direction, size: payload.length, payload }
}

const payload = Buffer.from('\x1b[31m\xff', 'latin1')

test('to a pipe: the borrowed payload itself, of what was received', () => {
  const view = createRawView({ terminal: false })
  assert.equal(view.render(bytes('client', 'received', payload)), payload)
  assert.equal(view.render(bytes('client', 'sent', payload)), undefined)
  assert.ok(!view.end?.())
})

test('to a terminal: escaped, a cut character held back until it is whole', () => {
  const view = createRawView({ terminal: true })
  assert.equal(view.render(bytes('client', 'received', payload)), '\\x1b[31m\\xff')
  assert.equal(view.render(bytes('client', 'received', Uint8Array.of(0xc3))), '')
  assert.equal(view.render(bytes('client', 'sent', payload)), undefined)
  assert.equal(view.render(bytes('client', 'received', Uint8Array.of(0xa9, 0xc3))), 'é')
  assert.equal(view.end?.(), '\\xc3')
})

test('to a terminal: one socket does not finish the character of another', () => {
  const view = createRawView({ terminal: true })
  assert.equal(view.render(bytes('server#1', 'received', Uint8Array.of(0xc3))), '')
  assert.equal(view.render(bytes('server#2', 'received', Uint8Array.of(0xa9))), '\\xc3\\xa9')
})

test('nothing but bytes is wanted', () => {
  const view = createRawView({ terminal: true })
  assert.ok(view.wants('bytes'))
  assert.ok(!view.wants('closed'))
})
