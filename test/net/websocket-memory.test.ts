import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Receiver } from '../../src/net/receiver.ts'
import { createArena } from '../../src/net/websocket-memory.ts'
import { slabSize } from '../../src/wire/frame-writer.ts'
import { placeInSimd } from '../../src/wire/simd.ts'
import { portSaid, sockpitPath, startProgram } from '../e2e/sockpit.ts'
import { honestWebSocket } from '../faults/honest.ts'

const isFast = (bytes: Uint8Array) => placeInSimd(bytes) !== -1

test('reads, and the first writes, stand where masking is fast; further ones elsewhere', () => {
  const arena = createArena()
  const { onread } = new Receiver({ readSize: undefined, rate: undefined, hold: false })
  assert.ok(onread.buffer instanceof Uint8Array && isFast(onread.buffer))
  const lent = Array.from({ length: 5 }, () => arena.take(slabSize))
  assert.deepEqual(lent.map(isFast), [true, true, true, true, false])
})

test('a second arena of the same process has ordinary memory', () => {
  assert.equal(isFast(createArena().take(slabSize)), false)
})

test('where there is no WebAssembly, JavaScript masks', async (t) => {
  const words = ['--jitless', sockpitPath, 'ws-echo', '127.0.0.1:0', '--raw', '--no-compress']
  const server = startProgram(t, process.execPath, words)
  const port = await portSaid(server)
  const roundTrip = await honestWebSocket(t, `ws://127.0.0.1:${port}/`)
  for (const text of ['short', 'long '.repeat(5_000)]) assert.equal(await roundTrip(text), text)
})
