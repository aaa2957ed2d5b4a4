import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PingLog } from '../../src/net/ping-log.ts'

const [a, b, c] = [Buffer.from('a'), Buffer.from('b'), Buffer.from('c')]

test('a pong answers its ping and those before it, not those after it', () => {
  const log = new PingLog()
  for (const [index, payload] of [a, b, c].entries()) log.sent(payload, index)
  assert.equal(log.find(b), 1)
  log.answered(b)
  assert.deepEqual([log.find(a), log.find(b), log.find(c)], [undefined, undefined, 2])
})

test('a pong that nobody asked for answers nothing', () => {
  const log = new PingLog()
  log.sent(a, 1)
  log.answered(b)
  assert.deepEqual([log.find(a), log.find(b)], [1, undefined])
})

test('of many that nobody answers the newest are kept', () => {
  const log = new PingLog()
  for (let at = 0; at < 100; at += 1) log.sent(Buffer.of(at), at)
  assert.deepEqual(
    [log.find(Buffer.of(35)), log.find(Buffer.of(36)), log.find(Buffer.of(99))],
    [undefined, 36, 99],
  )
})
