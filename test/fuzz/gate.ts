/** A share of fuzzing that every test run does. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seedLimit } from '../../src/experiments/random.ts'
import { judgeInputs, judgeRows } from './run.ts'
import type { Target } from './target.ts'

/** Inputs for each seed. */
const inputs = 50_000

const sameSeed = 1

/** A test for each target: the inputs of its table, those of a seed that stays, and those of a fresh one. */
export function testTargets(targets: readonly Target[]): void {
  const freshSeed = Date.now() % seedLimit
  for (const target of targets) {
    test(`${target.name}: what once broke, and ${inputs} inputs each of the seeds ${sameSeed} and ${freshSeed}`, () => {
      const finding =
        judgeRows(target) ??
        judgeInputs(target, sameSeed, 0, inputs) ??
        judgeInputs(target, freshSeed, 0, inputs)
      if (finding === undefined) return
      const { row, place, error } = finding
      assert.fail(`${error.message}\n${row}\nagain: npm run fuzz -- ${place}`)
    })
  }
}
