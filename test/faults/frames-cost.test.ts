/** What frames cost whoever reads them, and that nobody can foresee how they are masked. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { onLinux } from '../e2e/datagrams.ts'
import { start } from '../e2e/sockpit.ts'
import { answerByHand, grant, maskedFrame, upgradeByHand } from '../e2e/web-sockets.ts'
import { signal } from '../net/loopback.ts'
import { beside, inBrief, interrupted, shareQuietEcho } from './beside-honest.ts'
import { weigh } from './memory.ts'

test('ws-echo: what is only declared', { skip: onLinux }, async (t) => {
  const shared = await shareQuietEcho(t)
  const { server, port } = shared

  await beside(t, shared, 'length over the limit → 1009 with no memory taken', async (t) => {
    const more = weigh(server)
    for (const declared of [2 ** 24 + 1, 2 ** 31, 2 ** 31, 2n ** 62n]) {
      const { peer, frames } = await upgradeByHand(t, port)
      peer.socket.write(maskedFrame({ opcode: 2, declared }))
      await peer.whole()
      assert.equal(frames()[0]?.payload.readUInt16BE(), 1009)
    }
    const { held, reserved } = more()
    assert.ok(held < 8 && reserved < 256, `${held} MiB, ${reserved} MiB reserved`)
  })

  await beside(t, shared, 'a length within the limit takes no memory before its bytes arrive', async (t) => {
    const more = weigh(server)
    const bytes = [maskedFrame({ opcode: 9 }), maskedFrame({ opcode: 2, payload: 'x', declared: 2 ** 24 })]
    for (let count = 0; count < 64; count += 1) {
      const { peer, has } = await upgradeByHand(t, port)
      peer.socket.write(Buffer.concat(bytes))
      await has(2)
    }
    const { held, reserved } = more()
    assert.ok(held < 16 && reserved < 256, `${held} MiB, ${reserved} MiB reserved`)
    assert.doesNotMatch(server.stderr, /unfinished/)
  })
  await interrupted(shared)
})

test('ws-echo: a message in half a million reads', { skip: onLinux }, async (t) => {
  const shared = await shareQuietEcho(t, ['--no-compress', '--read-size', '1'])
  const { server, port } = shared
  await beside(t, shared, 'one byte at a time costs no more than the message', async (t) => {
    const { peer, has, body } = await upgradeByHand(t, port)
    const payload = Buffer.alloc(2 ** 19, 'byte by byte ')
    const more = weigh(server)
    peer.socket.write(maskedFrame({ opcode: 2, payload }))
    await has(10 + payload.length)
    assert.ok(body().subarray(10).equals(payload))
    const { held } = more()
    assert.ok(held < 16, `${held} MiB`)
  })
  await interrupted(shared)
})

test('ws-echo: pongs', { skip: onLinux }, async (t) => {
  const shared = await shareQuietEcho(t)
  const { server, port } = shared
  await beside(t, shared, 'a million unsolicited pongs → flat memory', async (t) => {
    const { peer, has, frames } = await upgradeByHand(t, port)
    const pongs = Buffer.concat(Array(10_000).fill(maskedFrame({ opcode: 10, payload: 'x' })))
    const more = weigh(server)
    for (let sent = 0; sent < 100; sent += 1) {
      await new Promise((resolve) => peer.socket.write(pongs, resolve))
    }
    peer.socket.write(maskedFrame({ opcode: 9, payload: 'still there?' }))
    await has(2 + 'still there?'.length)
    assert.deepEqual(frames().map(inBrief), [[10, 'still there?']])
    const { held } = more()
    assert.ok(held < 24, `${held} MiB`)
  })
  await interrupted(shared)
})

/** A frame of a client that carries one byte: two bytes, its key, and the byte. */
const frameSize = 7

/** The masking keys of so many messages that a client sends, as numbers. */
async function masksOf(t: TestContext, count: number): Promise<number[]> {
  const came = signal<Buffer>()
  const port = await answerByHand(t, async (peer, { accept }) => {
    const head = peer.received.length
    peer.socket.write(grant(accept))
    await peer.has(head + count * frameSize)
    came.come(peer.received.subarray(head))
  })
  const client = start(t, ['ws-client', `ws://127.0.0.1:${port}`, '--on-eof', 'stay', '--quiet'], {
    stdin: 'x\n'.repeat(count),
  })
  const bytes = await came.came
  assert.equal((await client.interrupt()).code, 130)
  return Array.from({ length: count }, (_, index) => bytes.readUInt32BE(index * frameSize + 2))
}

test('ws-client: every mask is fresh and unpredictable', async (t) => {
  // More than are drawn in one go.
  const count = 5_000
  const [some, others] = await Promise.all([masksOf(t, count), masksOf(t, count)])
  const fresh = new Set(some)
  // Of so many random numbers of 32 bits, hardly ever two are the same.
  assert.ok(fresh.size > count - 3, `${count - fresh.size} keys came again`)
  assert.ok(others.filter((key) => fresh.has(key)).length < 3, 'two clients share their keys')
  const steps = some.map((key, index) => key ^ (some[index + 1] ?? 0))
  assert.ok(new Set(steps).size > count - 3, 'each key follows from the one before')
  for (let bit = 0; bit < 32; bit += 1) {
    const ones = some.filter((key) => ((key >>> bit) & 1) === 1).length
    assert.ok(Math.abs(ones - count / 2) < count / 10, `bit ${bit} is set in ${ones} of ${count}`)
  }
})
