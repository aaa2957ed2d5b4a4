import assert from 'node:assert/strict'
import { test } from 'node:test'
import { renderProgress } from '../../src/views/progress.ts'

const lines: readonly [number, number, number, string][] = [
  [0, 20, 80, `  run 1 of 20  ${'░'.repeat(40)}`],
  [10, 20, 80, `  run 11 of 20  ${'█'.repeat(20)}${'░'.repeat(20)}`],
  [19, 20, 80, `  run 20 of 20  ${'█'.repeat(38)}${'░'.repeat(2)}`],
  [5, 10, 24, '  run 6 of 10  ████░░░░'],
  [5, 10, 18, '  run 6 of 10'],
  [1_204, 10_000, 30, '  run 1,205 of 10,000  █░░░░░'],
]

for (const [done, total, width, expected] of lines) {
  test(`${done} of ${total} are done, in ${width} columns`, () => {
    const line = renderProgress('run', done, total, width)
    assert.equal(line, expected)
    assert.ok(line.length < width)
  })
}
