import assert from 'node:assert/strict'
import { test } from 'node:test'
import { onLinux } from '../e2e/datagrams.ts'
import { slopeOf } from './slope.ts'
import { soak } from './soak.ts'

test('a line through points: how steep, and how sure', () => {
  assert.deepEqual(
    slopeOf([
      [0, 1],
      [1, 3],
      [2, 5],
    ]),
    { perUnit: 2, error: 0 },
  )
  const { perUnit, error } = slopeOf([
    [0, 0],
    [1, 1],
    [2, 0],
    [3, 1],
  ])
  assert.equal(perUnit, 0.2)
  assert.ok(Math.abs(error - Math.sqrt(0.08)) < 1e-9, String(error))
})

test('clients of every kind come and go: all are served, no file and no timer is left', {
  skip: onLinux,
}, async () => {
  for (const { name, clients, failures, before, after, exitCode } of await soak(3_000, 250)) {
    assert.deepEqual([name, failures, exitCode], [name, [], 130])
    assert.ok(clients >= 10, `${name}: ${clients} clients`)
    assert.deepEqual([name, after.files <= before.files, after.timers <= before.timers], [name, true, true])
  }
})
