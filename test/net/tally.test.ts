import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { DatagramCount } from '../../src/event.ts'
import { Tally } from '../../src/net/tally.ts'

type Datagram = readonly [size: number, at: number]

function tallyOf(datagrams: readonly Datagram[]): Tally {
  const tally = new Tally()
  for (const [size, at] of datagrams) tally.add(size, at)
  return tally
}

function merged(...lists: readonly (readonly Datagram[])[]): DatagramCount {
  const whole = new Tally()
  for (const list of lists) whole.merge(tallyOf(list))
  return whole.count
}

describe('a tally', () => {
  const rows: readonly [name: string, datagrams: readonly Datagram[], count: DatagramCount][] = [
    ['of nothing', [], { bytes: 0, datagrams: 0, spanMs: 0 }],
    ['of one, which takes no time', [[5, 1_000]], { bytes: 5, datagrams: 1, spanMs: 0 }],
    ['of an empty one', [[0, 7]], { bytes: 0, datagrams: 1, spanMs: 0 }],
    [
      'of two at once',
      [
        [1, 9],
        [2, 9],
      ],
      { bytes: 3, datagrams: 2, spanMs: 0 },
    ],
    [
      'from the first to the last',
      [
        [10, 100.5],
        [20, 101],
        [0, 350.75],
      ],
      { bytes: 30, datagrams: 3, spanMs: 250.25 },
    ],
    [
      'that began at time 0',
      [
        [1, 0],
        [1, 2.0006],
      ],
      { bytes: 2, datagrams: 2, spanMs: 2.001 },
    ],
  ]
  for (const [name, datagrams, count] of rows) {
    test(name, () => assert.deepEqual(tallyOf(datagrams).count, count))
    test(`${name}, merged with nothing on either side`, () => {
      assert.deepEqual(merged([], datagrams, []), count)
    })
  }

  test('goes on counting after it was merged into another one, which does not', () => {
    const [one, whole] = [tallyOf([[1, 5]]), new Tally()]
    whole.merge(one)
    one.add(2, 8)
    assert.deepEqual(whole.count, { bytes: 1, datagrams: 1, spanMs: 0 })
    assert.deepEqual(one.count, { bytes: 3, datagrams: 2, spanMs: 3 })
  })

  test('merged from parts is that of the whole, in whatever order the parts come', () => {
    const datagram = fc.tuple(fc.nat(65_507), fc.nat(100_000))
    const parts = fc.array(fc.array(datagram, { maxLength: 5 }), { maxLength: 5 })
    fc.assert(
      fc.property(parts, (lists) => {
        const inOrder = lists.map((list) => [...list].sort((a, b) => a[1] - b[1]))
        const all = inOrder.flat().sort((a, b) => a[1] - b[1])
        assert.deepEqual(merged(...inOrder), tallyOf(all).count)
        assert.deepEqual(merged(...[...inOrder].reverse()), tallyOf(all).count)
      }),
    )
  })
})
