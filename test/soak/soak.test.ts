import assert from 'node:assert/strict'
import { test } from 'node:test'
import { onLinux } from '../e2e/datagrams.ts'
import { slopeOf } from './slope.ts'
import { soak } from './soak.ts'
import { type Finding, faultOf } from './verdict.ts'

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

const sample = { at: 0, residentMiB: 50, liveMiB: 8, files: 20, timers: 2 }
const sound: Finding = {
  name: 'a server',
  clients: 100,
  failures: [],
  before: sample,
  after: { ...sample, residentMiB: 90 },
  liveMiB: 0.9,
  liveError: 0.1,
  files: 0,
  timers: 0,
  countedMinutes: 5,
  exitCode: 130,
}

const faults: readonly (readonly [Partial<Finding>, string | undefined])[] = [
  [{}, undefined],
  [{ liveMiB: 5, liveError: 2 }, undefined],
  [{ liveMiB: -5 }, undefined],
  [{ liveMiB: 1.1 }, 'memory grows'],
  [{ liveMiB: 3.9, countedMinutes: 1 }, undefined],
  [{ liveMiB: 4.1, countedMinutes: 1 }, 'memory grows'],
  [{ after: { ...sample, files: 21 } }, 'a file or a timer is left'],
  [{ after: { ...sample, timers: 3 } }, 'a file or a timer is left'],
  [{ after: { ...sample, files: 19, timers: 1 } }, undefined],
  [{ failures: ['echo: it was reset', 'another'] }, 'a client was not served: echo: it was reset'],
  [{ clients: 0 }, 'no client came'],
  [{ exitCode: 0 }, 'it ended with 0'],
  [{ exitCode: null }, 'it ended with null'],
]

test('what is wrong with a server: a leak, a client that was not served, another end', () => {
  for (const [more, fault] of faults) assert.equal(faultOf({ ...sound, ...more }), fault)
})

test('clients of every kind come and go: all are served, no file and no timer is left', {
  skip: onLinux,
}, async () => {
  for (const finding of await soak(3_000, 250, false)) {
    // Nothing can be said of memory after so short a time.
    assert.equal(faultOf({ ...finding, liveMiB: 0 }), undefined, finding.name)
    assert.ok(finding.clients >= 3, `${finding.name}: ${finding.clients} clients`)
  }
})
