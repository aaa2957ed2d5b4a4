import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Lookout } from '../../src/net/lookout.ts'
import { within } from '../../src/net/within.ts'

/** Everything that is due without time passing. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

describe('a lookout', () => {
  test('keeps nobody waiting where it is so already', async () => {
    const lookout = new Lookout()
    await lookout.until(() => true)
  })

  test('lets each go when his time has come, once something has changed', async () => {
    const lookout = new Lookout()
    const gone: string[] = []
    let level = 3
    for (const most of [2, 1, 2]) void lookout.until(() => level <= most).then(() => gone.push(`to ${most}`))
    lookout.look()
    await turn()
    assert.deepEqual(gone, [])
    level = 2
    await turn()
    assert.deepEqual(gone, [], 'nobody has looked')
    lookout.look()
    await turn()
    assert.deepEqual(gone, ['to 2', 'to 2'])
    level = 0
    lookout.look()
    await turn()
    assert.deepEqual(gone, ['to 2', 'to 2', 'to 1'])
  })

  test('keeps nobody once it is over, neither those who wait nor who comes later', async () => {
    const lookout = new Lookout()
    const waiting = [lookout.until(() => false), lookout.until(() => false)]
    lookout.over()
    await Promise.all(waiting)
    await lookout.until(() => false)
  })
})

describe('within', () => {
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length

  test('settles with the promise, and leaves no timer', async () => {
    const before = timers()
    await within(60_000, Promise.resolve())
    assert.equal(timers(), before)
  })

  test('settles in time where the promise does not', { timeout: 5_000 }, async () => {
    const startedAt = performance.now()
    await within(20, new Promise(() => {}))
    assert.ok(performance.now() - startedAt >= 18)
  })

  test('is told what went wrong', async () => {
    await assert.rejects(within(20, Promise.reject(new Error('broken'))), { message: 'broken' })
  })
})
