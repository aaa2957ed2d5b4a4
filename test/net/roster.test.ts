import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Transport } from '../../src/event.ts'
import { noSuchPeer, Roster } from '../../src/net/roster.ts'

function roster(transport: Transport, count: number): Roster<{ number: number }> {
  const one = new Roster<{ number: number }>(transport)
  for (let index = 0; index < count; index++) one.add((number) => ({ number }))
  return one
}

/** What nobody and a wrong number are called where clients connect, and where datagrams come. */
const words = {
  tcp: { nobody: 'nobody is connected', who: 'client', here: 'connected' },
  websocket: { nobody: 'nobody is connected', who: 'client', here: 'connected' },
  udp: { nobody: 'nobody has spoken yet', who: 'peer', here: 'known' },
} as const

for (const transport of ['tcp', 'udp', 'websocket'] as const) {
  const { nobody, who, here } = words[transport]

  describe(`a roster of ${transport}`, () => {
    test('numbers from 1 and gives no number twice', () => {
      const one = roster(transport, 3)
      assert.deepEqual(one.numbers(), [1, 2, 3])
      const [, second] = one.all()
      assert.ok(second !== undefined)
      one.remove(second)
      one.remove(second)
      assert.deepEqual([one.size, one.numbers()], [2, [1, 3]])
      assert.deepEqual(
        one.add((number) => ({ number })),
        { number: 4 },
      )
      assert.deepEqual(one.numbers(), [1, 3, 4])
    })

    test('chooses one by number, or all', () => {
      const one = roster(transport, 2)
      assert.deepEqual(one.choose(2), [{ number: 2 }])
      assert.deepEqual(one.choose('all'), [{ number: 1 }, { number: 2 }])
      assert.deepEqual(one.choose(undefined), one.choose('all'))
    })

    test('says that nobody is there, whomever one chooses', () => {
      const one = roster(transport, 0)
      for (const all of ['all', undefined] as const) {
        assert.throws(() => one.choose(all), { name: 'UsageError', message: `${nobody}: nothing was done` })
      }
      assert.throws(() => one.choose(1), { name: 'UsageError', message: `there is no ${who} #1: ${nobody}` })
    })

    test('says who is there instead of a number that nobody has, 20 at most', () => {
      assert.throws(() => roster(transport, 2).choose(3), {
        message: `there is no ${who} #3: ${here}: #1 #2`,
      })
      const { message } = noSuchPeer(99, roster(transport, 30).numbers(), transport)
      assert.match(message, /: #1 .* #20$/)
    })

    test('tells those who wait for the next to come', async () => {
      const one = roster(transport, 1)
      const came: string[] = []
      const waiting = ['a', 'b'].map((who) => one.nextArrival().then(() => void came.push(who)))
      await Promise.resolve()
      assert.deepEqual(came, [])
      one.add((number) => ({ number }))
      await Promise.all(waiting)
      assert.deepEqual(came, ['a', 'b'])
    })
  })
}
