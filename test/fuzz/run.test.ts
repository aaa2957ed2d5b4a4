import assert from 'node:assert/strict'
import { test } from 'node:test'
import { judgeInputs, judgeRows } from './run.ts'
import type { Target } from './target.ts'

/** Breaks where two bytes stand somewhere, in their order. */
const brittle: Target = {
  name: 'brittle',
  rows: [
    ['whole', '62'],
    ['broken', '616162'],
  ],
  make: (source) => source.bytes(20),
  judge: (input) => {
    const at = input.indexOf(0x61)
    if (at >= 0 && input.indexOf(0x62, at) > 0) throw new Error('a before b')
  },
}

test('a failing input is found again at its place, and told as short as it can be', () => {
  const found = judgeInputs(brittle, 3, 0, 100_000)
  assert.ok(found !== undefined)
  const [, seed = '', index = ''] = /^--seed (\d+) --target brittle --index (\d+)$/.exec(found.place) ?? []
  assert.equal(found.row, `['fuzz brittle ${seed}:${index}', '6162'],`)
  assert.equal(found.error.message, 'a before b')
  assert.deepEqual(judgeInputs(brittle, Number(seed), Number(index), 1)?.row, found.row)
  assert.equal(judgeInputs(brittle, 3, 0, Number(index)), undefined)
})

test('the rows of a target come first, by their names', () => {
  assert.equal(judgeRows(brittle)?.row, "['broken', '616162'],")
})

test('what takes too long is a failure', () => {
  const judge = () => {
    for (const until = performance.now() + 600; performance.now() < until; );
  }
  const rows = [['slow', '00']] as const
  assert.match(judgeRows({ ...brittle, rows, judge })?.error.message ?? '', /^1 bytes took \d+ ms$/)
})
