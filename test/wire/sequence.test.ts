import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import {
  encodeSequenceHeader,
  RoundTrips,
  readSequenceHeader,
  type SequenceHeader,
  SequenceTracker,
  sequenceHeaderSize,
} from '../../src/wire/sequence.ts'

const magic = 'ff736f636b706974'

describe('the header', () => {
  const rows: readonly [name: string, header: SequenceHeader, hex: string][] = [
    ['zeros', { stream: 0, number: 0, sentAtMs: 0 }, '00000000 00000000 0000000000000000'],
    ['the first', { stream: 0x01020304, number: 1, sentAtMs: 1 }, '01020304 00000001 00000000000003e8'],
    ['a microsecond', { stream: 1, number: 2, sentAtMs: 0.001 }, '00000001 00000002 0000000000000001'],
    [
      'in binary 1000.9999999999999',
      { stream: 1, number: 2, sentAtMs: 1.001 },
      '00000001 00000002 00000000000003e9',
    ],
    [
      'more than 32 bits of time',
      { stream: 1, number: 2, sentAtMs: 4_294_967.296 },
      '00000001 00000002 0000000100000000',
    ],
    [
      'the largest',
      { stream: 0xffffffff, number: 0xffffffff, sentAtMs: 2 ** 42 },
      'ffffffff ffffffff 000fa00000000000',
    ],
  ]
  for (const [name, header, hex] of rows) {
    const bytes = Buffer.from(magic + hex.replaceAll(' ', ''), 'hex')
    test(name, () => {
      assert.equal(Buffer.from(encodeSequenceHeader(header)).toString('hex'), bytes.toString('hex'))
      assert.deepEqual(readSequenceHeader(bytes), header)
      assert.deepEqual(readSequenceHeader(Buffer.concat([bytes, Buffer.from('payload')])), header)
      const within = Uint8Array.from([...Buffer.from('before'), ...bytes]).subarray(6)
      assert.deepEqual(readSequenceHeader(within), header)
    })
  }

  test('carries every whole microsecond up to 2^42 ms', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (number) => {
        const sentAtMs = (Math.abs(number) % (2 ** 42 * 1000)) / 1000
        const bytes = encodeSequenceHeader({ stream: 0, number: 0, sentAtMs })
        assert.equal(readSequenceHeader(bytes)?.sentAtMs, sentAtMs)
      }),
    )
  })

  test('carries the low 32 bits of a larger number', () => {
    const bytes = encodeSequenceHeader({ stream: 1, number: 2 ** 32 + 5, sentAtMs: 0 })
    assert.equal(readSequenceHeader(bytes)?.number, 5)
  })

  test('is none while a byte of it is missing', () => {
    const bytes = encodeSequenceHeader({ stream: 1, number: 2, sentAtMs: 3 })
    assert.equal(bytes.length, sequenceHeaderSize)
    for (let size = 0; size < bytes.length; size++)
      assert.equal(readSequenceHeader(bytes.subarray(0, size)), undefined, `${size} bytes`)
  })

  test('is none where a byte of the magic is another', () => {
    for (let index = 0; index < 8; index++) {
      const bytes = encodeSequenceHeader({ stream: 1, number: 2, sentAtMs: 3 })
      bytes[index] = 0x20
      assert.equal(readSequenceHeader(bytes), undefined, `byte ${index}`)
    }
  })

  test('is no text', () => {
    const bytes = encodeSequenceHeader({ stream: 0x61616161, number: 0x61616161, sentAtMs: 0 })
    assert.throws(() => new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  })
})

/** The counts after these numbers of one stream; each is sent and received at once. */
function countsOf(numbers: readonly number[], tracker = new SequenceTracker(), stream = 7) {
  for (const number of numbers) tracker.take({ stream, number, sentAtMs: 0 }, 0)
  const { jitterMs: _, ...counts } = tracker.report
  return counts
}

describe('what the numbers tell', () => {
  const rows: readonly [
    name: string,
    numbers: number[],
    counts: [received: number, lost: number, duplicates: number, reordered: number],
  ][] = [
    ['nothing yet', [], [0, 0, 0, 0]],
    ['in order', [1, 2, 3], [3, 0, 0, 0]],
    ['a receiver who came late', [5, 6, 7], [3, 0, 0, 0]],
    ['a loss', [1, 2, 4], [3, 1, 0, 0]],
    ['a late one is not lost any more', [1, 2, 4, 3], [4, 0, 0, 1]],
    ['lower than the first', [5, 6, 3], [3, 1, 0, 1]],
    ['a duplicate of the highest', [1, 2, 2], [3, 0, 1, 0]],
    ['a late duplicate is not reordered', [1, 2, 3, 1, 1], [5, 0, 2, 0]],
    ['two that changed places', [2, 1, 4, 3], [4, 0, 0, 2]],
    ['a jump', [1, 4_000_000_000], [2, 3_999_999_998, 0, 0]],
    ['a wrap is no crash', [0xffffffff, 0, 1], [3, 0xffffffff - 2, 0, 2]],
    ['a duplicate at the edge of the window', [1, 2, 65_537, 1], [4, 65_534, 1, 0]],
    ['beyond the window a duplicate passes for reordered', [1, 65_538, 1], [3, 65_535, 0, 1]],
    [
      'which never makes the loss negative',
      [70_000, 70_001, 1, 70_002, ...Array(9).fill(1)],
      [13, 69_989, 0, 10],
    ],
  ]
  for (const [name, numbers, [received, lost, duplicates, reordered]] of rows)
    test(name, () => assert.deepEqual(countsOf(numbers), { received, lost, duplicates, reordered }))

  test('the loss stays at 0 when old duplicates outnumber what is missing', () => {
    const all = Array.from({ length: 65_540 }, (_, index) => index + 1)
    assert.equal(countsOf([...all, 1, 1, 1]).lost, 0)
  })

  /** The rules in their simplest form, with all numbers kept. */
  function model(numbers: readonly number[]) {
    const seen = new Set<number>()
    const counts = { received: numbers.length, lost: 0, duplicates: 0, reordered: 0 }
    for (const number of numbers) {
      const highest = Math.max(...seen)
      if (seen.has(number) && number >= highest - 65_536) counts.duplicates += 1
      else if (number < highest) counts.reordered += 1
      seen.add(number)
    }
    const expected = seen.size === 0 ? 0 : Math.max(...seen) - Math.min(...seen) + 1
    counts.lost = Math.max(0, expected - (counts.received - counts.duplicates))
    return counts
  }

  test('any permutation with losses and duplicates counts as the naive model does', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 80 }), (numbers) => {
        assert.deepEqual(countsOf(numbers), model(numbers))
      }),
    )
  })

  test('so do numbers around the edges of the window and of its blocks', () => {
    const near = fc
      .tuple(fc.constantFrom(0, 1_024, 65_536, 66_560, 131_072, 2 ** 31, 2 ** 32 - 10), fc.nat(5))
      .map(([base, step]) => base + step)
    fc.assert(
      fc.property(fc.array(near, { maxLength: 40 }), (numbers) => {
        assert.deepEqual(countsOf(numbers), model(numbers))
      }),
    )
  })

  test('jumps cost bounded time and memory', () => {
    const before = process.memoryUsage()
    const startedAt = performance.now()
    countsOf(Array.from({ length: 100_000 }, (_, index) => 1 + index * 40_000))
    assert.ok(performance.now() - startedAt < 2_000)
    const after = process.memoryUsage()
    assert.ok(after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers < 64 * 2 ** 20)
  })
})

describe('a sender that was started again', () => {
  test('adds up its streams, and nothing is lost between them', () => {
    const tracker = new SequenceTracker()
    countsOf([1, 3, 3, 2, 6], tracker, 1)
    assert.deepEqual(countsOf([1, 2, 4], tracker, 2), { received: 8, lost: 3, duplicates: 1, reordered: 1 })
    assert.deepEqual(countsOf([9, 8, 8], tracker, 3), { received: 11, lost: 3, duplicates: 2, reordered: 2 })
  })

  test('starts its jitter anew', () => {
    const tracker = new SequenceTracker()
    tracker.take({ stream: 1, number: 1, sentAtMs: 0 }, 0)
    tracker.take({ stream: 1, number: 2, sentAtMs: 0 }, 160)
    assert.equal(tracker.report.jitterMs, 10)
    tracker.take({ stream: 2, number: 1, sentAtMs: 1_000_000 }, 161)
    assert.equal(tracker.report.jitterMs, 0)
    tracker.take({ stream: 2, number: 2, sentAtMs: 1_000_000 }, 177)
    assert.equal(tracker.report.jitterMs, 1)
  })
})

describe('jitter (RFC 3550 §6.4.1)', () => {
  const rows: readonly [
    name: string,
    datagrams: [number: number, sentAtMs: number, receivedAtMs: number][],
    jitterMs: number,
  ][] = [
    ['of nothing', [], 0],
    ['of one', [[1, 0, 1_000]], 0],
    [
      'of an even stream',
      [
        [1, 0, 1_000],
        [2, 20, 1_020],
        [3, 40, 1_040],
      ],
      0,
    ],
    // J = 16 / 16 = 1, then 1 + (16 − 1) / 16 = 1.9375.
    [
      'by hand',
      [
        [1, 0, 1_005],
        [2, 20, 1_025],
        [3, 40, 1_061],
        [4, 60, 1_065],
      ],
      1.938,
    ],
    [
      'in the order of arrival',
      [
        [2, 20, 1_000],
        [1, 0, 1_012],
      ],
      2,
    ],
    [
      'without duplicates',
      [
        [1, 0, 1_000],
        [1, 0, 1_900],
        [2, 20, 1_020],
      ],
      0,
    ],
  ]
  for (const [name, datagrams, jitterMs] of rows) {
    test(name, () => {
      const tracker = new SequenceTracker()
      for (const [number, sentAtMs, receivedAtMs] of datagrams)
        tracker.take({ stream: 1, number, sentAtMs }, receivedAtMs)
      assert.equal(tracker.report.jitterMs, jitterMs)
    })
  }
})

describe('round trips', () => {
  const rows: readonly [times: number[], report: RoundTrips['report']][] = [
    [[], undefined],
    [[5], { count: 1, minMs: 5, meanMs: 5, maxMs: 5 }],
    [[0.25, 1, 0.1234], { count: 3, minMs: 0.123, meanMs: 0.458, maxMs: 1 }],
    [[3, 2, 1], { count: 3, minMs: 1, meanMs: 2, maxMs: 3 }],
  ]
  for (const [times, report] of rows) {
    test(`of ${times.join(', ') || 'nothing'}`, () => {
      const trips = new RoundTrips()
      for (const ms of times) trips.take(ms)
      assert.deepEqual(trips.report, report)
    })
  }
})
