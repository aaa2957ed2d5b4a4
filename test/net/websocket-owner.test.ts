import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createMaskSource } from '../../src/net/websocket-owner.ts'

test('masking keys: every random byte is used once, and new ones are asked for in bulk', () => {
  let calls = 0
  let next = 0
  const source = createMaskSource((size) => {
    calls += 1
    return Uint8Array.from({ length: size }, () => (next++ * 7) % 251)
  })
  const key = new Uint8Array(4)
  const bytes: number[] = []
  for (let count = 0; count < 5_000; count += 1) {
    source(key)
    bytes.push(...key)
  }
  assert.deepEqual(
    bytes,
    Array.from({ length: 20_000 }, (_, at) => (at * 7) % 251),
  )
  assert.equal(calls, 3)
})
