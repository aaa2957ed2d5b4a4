import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Result } from '../../src/experiments/run.ts'
import { addTallies, tally } from '../../src/experiments/tally.ts'
import {
  barsOf,
  type Distribution,
  plainDistribution,
  renderDistribution,
} from '../../src/views/distribution.ts'
import { control, held, stage } from '../experiments/staged.ts'
import { assertGolden } from './golden.ts'

const spread = Array.from({ length: 40 }, (_, index) => 100 + 3 * index)

const bars: readonly [string, readonly number[], readonly (readonly [number, number, number])[]][] = [
  ['one number', [5, 5, 5], [[5, 5, 3]]],
  [
    'some numbers, in order',
    [2, 1, 1, 7],
    [
      [1, 1, 2],
      [2, 2, 1],
      [7, 7, 1],
    ],
  ],
  [
    'eight numbers are told one by one',
    [1, 2, 3, 4, 5, 6, 7, 80],
    [1, 2, 3, 4, 5, 6, 7, 80].map((reads) => [reads, reads, 1]),
  ],
  [
    'more of them, in ranges',
    [1, 2, 3, 4, 5, 6, 7, 8, 17],
    [
      [1, 3, 3],
      [4, 6, 3],
      [7, 9, 2],
      [10, 12, 0],
      [13, 15, 0],
      [16, 17, 1],
    ],
  ],
  ['no run', [], []],
]

for (const [name, reads, expected] of bars) {
  test(`bars: ${name}`, () => {
    assert.deepEqual(
      barsOf(reads).map(({ from, to, runs }) => [from, to, runs]),
      expected,
    )
  })
}

test('bars: no run is lost in ranges', () => {
  assert.equal(
    barsOf(spread).reduce((sum, { runs }) => sum + runs, 0),
    spread.length,
  )
})

const distribution: Distribution = {
  name: 'boundaries',
  question: 'Five words are sent, one by one. Do five reads bring them?',
  runs: 40,
  columns: [
    {
      transport: 'tcp',
      trials: [
        { name: 'control', reads: Array(40).fill(5) },
        { name: 'held', reads: [...Array(37).fill(1), 2, 2, 3] },
        { name: 'many', reads: spread },
      ],
      claims: [
        { text: 'Nothing is lost.', verdicts: Array(40).fill('observed') },
        {
          text: 'Held until all is written, one read carries several writes.',
          verdicts: [...Array(38).fill('observed'), 'not observed this run', 'contradicted'],
        },
      ],
    },
    {
      transport: 'udp',
      trials: [{ name: 'control', reads: Array(40).fill(1) }],
      claims: [{ text: 'The kernel counts.', verdicts: Array(40).fill('not supported here') }],
    },
  ],
  repeat: 'sockpit compare boundaries --seed 7 --repeat 40',
}

for (const [name, width, color] of [
  ['distribution-80.txt', 80, false],
  ['distribution-40.txt', 40, false],
  ['distribution-120-color.txt', 120, true],
] as const) {
  test(name, () => assertGolden(name, renderDistribution(distribution, { width, color })))
}

test('distribution-plain.txt', () => assertGolden('distribution-plain.txt', plainDistribution(distribution)))

test('tallies of runs add up to a distribution', () => {
  const result = (reads: readonly string[] | undefined, verdict: 'observed' | 'contradicted'): Result => ({
    transport: 'tcp',
    actors: [],
    byHand: [],
    trials: [
      { name: 'control', title: '', steps: [] },
      { name: 'held', title: '', steps: [] },
    ],
    heard: stage(control(), held(reads)),
    claims: [{ text: 'So it is.', verdict, figures: '1' }],
  })
  const absent: Result = { transport: 'udp', because: 'No.' }
  const one = tally([absent, result(undefined, 'observed')])
  const other = tally([absent, result(['oak', 'heron'], 'contradicted')])
  assert.deepEqual(addTallies(one, other), [
    {
      transport: 'tcp',
      trials: [
        { name: 'control', reads: [5, 5] },
        { name: 'held', reads: [1, 2] },
      ],
      claims: [{ text: 'So it is.', verdicts: ['observed', 'contradicted'] }],
    },
  ])
})
