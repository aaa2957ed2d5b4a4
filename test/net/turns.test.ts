import assert from 'node:assert/strict'
import { afterEach, describe, test } from 'node:test'
import { account, isSpent, leaveQueue, queueUp, type Reader } from '../../src/net/turns.ts'

const nobody: Reader = { goOn: () => {} }

/** The end of this turn of the event loop: what was queued before has its time. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** Readers that each take so long when they go on, and the order in which they did. */
function readers(...took: readonly number[]): { readonly all: readonly Reader[]; readonly went: number[] } {
  const went: number[] = []
  const all = took.map((ms, index) => {
    const reader: Reader = {
      goOn: () => {
        went.push(index)
        account(reader, ms)
      },
    }
    return reader
  })
  return { all, went }
}

afterEach(turn)

describe('the turn of a reader', () => {
  test('is not over, and nothing is spent, as long as reads are brief', () => {
    for (let read = 0; read < 1_000; read += 1) {
      const reader: Reader = { goOn: () => {} }
      assert.equal(account(reader, 0.2), 'brief')
    }
    assert.ok(!isSpent())
  })

  test('is over when its reads in a row have taken their share', () => {
    const [one, other]: [Reader, Reader] = [{ goOn: () => {} }, { goOn: () => {} }]
    assert.equal(account(one, 0.2), 'brief')
    assert.equal(account(one, 0.2), 'long')
    assert.equal(account(one, 19.5), 'long')
    assert.equal(account(other, 0.2), 'brief')
    assert.equal(account(one, 0.3), 'over', 'all of them have taken more than a turn has')
  })

  test('that takes too long by itself is over', () => {
    assert.equal(account(nobody, 20.1), 'over')
    assert.ok(isSpent())
  })

  test('begins anew with each turn of the event loop', async () => {
    account(nobody, 50)
    await turn()
    assert.ok(!isSpent())
    assert.equal(account(nobody, 0.1), 'brief')
  })
})

describe('those who wait for a turn', () => {
  test('go on as far as the turn has time, and the others in the next one', async () => {
    const { all, went } = readers(15, 15, 15, 15, 15)
    for (const reader of all) queueUp(reader, false)
    await turn()
    assert.deepEqual(went, [0, 1])
    await turn()
    assert.deepEqual(went, [0, 1, 2, 3])
    await turn()
    assert.deepEqual(went, [0, 1, 2, 3, 4])
  })

  test('go on before the others where their reads were brief', async () => {
    const { all, went } = readers(50, 50, 0.1, 0.1)
    for (const [index, reader] of all.entries()) queueUp(reader, index > 1)
    await turn()
    assert.deepEqual(went, [2, 3, 0])
    await turn()
    assert.deepEqual(went, [2, 3, 0, 1])
  })

  test('do not go on where they have left', async () => {
    const { all, went } = readers(1, 1)
    for (const reader of all) queueUp(reader, false)
    if (all[0] !== undefined) leaveQueue(all[0])
    await turn()
    assert.deepEqual(went, [1])
  })
})
