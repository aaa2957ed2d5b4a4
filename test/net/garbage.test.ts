import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { leftovers } from '../../src/net/garbage.ts'

const mebibyte = 2 ** 20

/** What is outside the heap, MiB; sweeping goes on for a moment after a collection. */
async function outside(): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, 20))
  return process.memoryUsage().arrayBuffers / mebibyte
}

/** Loads the collector, which takes a turn or two. */
async function ready(): Promise<void> {
  leftovers.look()
  await new Promise((resolve) => setTimeout(resolve, 50))
}

describe('memory that nobody holds any more', () => {
  test('is collected before much of it has piled up, whether somebody dropped it or it just went', async () => {
    await ready()
    for (const isTold of [false, true]) {
      const before = await outside()
      let most = 0
      for (let count = 0; count < 24; count += 1) {
        leftovers.look()
        let memory: Buffer | undefined = Buffer.alloc(2 * mebibyte)
        if (isTold) leftovers.dropped(memory.length)
        memory = undefined
        most = Math.max(most, (await outside()) - before)
      }
      assert.ok(most < 24, `${isTold}: ${most} MiB`)
    }
  })

  test('is looked for where it was alive when it was last looked at', async () => {
    await ready()
    const before = await outside()
    const kept = [Buffer.alloc(32 * mebibyte)]
    leftovers.look()
    leftovers.dropped(kept.pop()?.length ?? 0)
    leftovers.look()
    assert.ok((await outside()) < before + 8)
  })
})
