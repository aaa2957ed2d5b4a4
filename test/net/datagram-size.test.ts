import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { fragmentNote, fragmentsOf, tooLarge } from '../../src/net/datagram-size.ts'

type Family = 'IPv4' | 'IPv6'

/** Payload bytes, and how many fragments Linux makes of them where the MTU is 1,500: counted on the wire. */
const fragments: readonly [family: Family, size: number, count: number][] = [
  ['IPv4', 0, 1],
  ['IPv4', 1_472, 1],
  ['IPv4', 1_473, 2],
  ['IPv4', 2_952, 2],
  ['IPv4', 2_953, 3],
  ['IPv4', 65_507, 45],
  ['IPv6', 0, 1],
  ['IPv6', 1_452, 1],
  ['IPv6', 1_453, 2],
  ['IPv6', 2_888, 2],
  ['IPv6', 2_889, 3],
  ['IPv6', 2_893, 3],
  ['IPv6', 4_336, 3],
  ['IPv6', 4_340, 4],
  ['IPv6', 65_527, 46],
]

describe('fragments', () => {
  for (const [family, size, count] of fragments) {
    test(`of ${size} B over ${family}`, () => assert.equal(fragmentsOf(size, family), count))
  }

  test('are told with the size that fits, their number, and that loopback is different', () => {
    assert.equal(
      fragmentNote(1_473, 'IPv4'),
      'a datagram of 1,473 B is more than the 1,472 B that fit where the MTU is 1,500: there IPv4 cuts it ' +
        'into 2 fragments, and if one is lost, all of it is (loopback cuts nothing; said once)',
    )
    assert.match(fragmentNote(65_527, 'IPv6'), /^a datagram of 65,527 B is more than the 1,452 B that fit/)
    assert.match(fragmentNote(65_527, 'IPv6'), /there IPv6 cuts it into 46 fragments/)
  })
})

const large: readonly [family: Family, size: number, reason: string][] = [
  ['IPv4', 65_507, 'this system takes less than that'],
  [
    'IPv4',
    65_508,
    'IPv4 and UDP take 65,507 B at most (65,535 less 20 for the IP header and 8 for the UDP header)',
  ],
  [
    'IPv4',
    1_000_000,
    'IPv4 and UDP take 65,507 B at most (65,535 less 20 for the IP header and 8 for the UDP header)',
  ],
  ['IPv6', 65_508, 'this system takes less than that'],
  ['IPv6', 65_527, 'this system takes less than that'],
  ['IPv6', 65_528, 'IPv6 and UDP take 65,527 B at most (65,535 less 8 for the UDP header)'],
]

describe('a datagram that does not go', () => {
  for (const [family, size, reason] of large) {
    test(`${size} B over ${family}`, () => {
      const [, grouped, why] =
        /^a datagram of ([\d,]+) B does not go: (.*)$/.exec(tooLarge(size, family)) ?? []
      assert.equal(grouped, size.toLocaleString('en-US'))
      assert.equal(why, reason)
    })
  }
})
