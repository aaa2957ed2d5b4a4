import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as units from '../../src/views/units.ts'

function table<Arguments extends readonly unknown[]>(
  format: (...values: Arguments) => string,
  rows: readonly (readonly [...Arguments, string])[],
): void {
  test(format.name, () => {
    for (const row of rows) {
      const values = row.slice(0, -1) as unknown as Arguments
      assert.equal(format(...values), row.at(-1), `${format.name}(${values.join(', ')})`)
    }
  })
}

table(units.formatBytes, [
  [0, '0 B'],
  [6, '6 B'],
  [999, '999 B'],
  [1_000, '1,000 B'],
  [65_536, '65,536 B'],
  [67_108_864, '67,108,864 B'],
])

table(units.formatCount, [
  [0, 'read', '0 reads'],
  [1, 'read', '1 read'],
  [2, 'read', '2 reads'],
  [1_204, 'write', '1,204 writes'],
])

table(units.formatDuration, [
  [0, '0 ms'],
  [0.42, '0.4 ms'],
  [9.94, '9.9 ms'],
  [9.96, '10 ms'],
  [12.4, '12 ms'],
  [999.4, '999 ms'],
  [999.6, '1 s'],
  [1_206, '1.21 s'],
  [1_200, '1.2 s'],
  [10_000, '10 s'],
  [59_994, '59.99 s'],
  [59_996, '1 min 00 s'],
  [123_000, '2 min 03 s'],
  [3_599_499, '59 min 59 s'],
  [3_599_500, '1 h 00 min'],
  [3_720_000, '1 h 02 min'],
  [3_600_000_000, '1,000 h 00 min'],
])

table(units.formatShortDuration, [
  [0, '0 ms'],
  [0.004, '0 ms'],
  [0.0149, '0.01 ms'],
  [0.123, '0.12 ms'],
  [0.994, '0.99 ms'],
  [0.996, '1 ms'],
  [1.25, '1.3 ms'],
  [1_206, '1.21 s'],
])

table(units.formatFrequency, [
  [1, 0, '—'],
  [0, 10, '0/s'],
  [1, 1_500, '0.7/s'],
  [1, 1_000, '1/s'],
  [9_994, 100_000, '99.9/s'],
  [9_996, 100_000, '100/s'],
  [20_000, 2_041, '9,799/s'],
  [3_000_000, 1_000, '3,000,000/s'],
])

table(units.formatRate, [
  [1, 0, '—'],
  [0, 10, '0 B/s'],
  [500, 1_000, '500 B/s'],
  [999_600, 1_000_000, '1 kB/s'],
  [1_200_000, 1_000, '1.2 MB/s'],
  [99_940_000, 1_000, '99.9 MB/s'],
  [99_960_000, 1_000, '100 MB/s'],
  [3_400_000_000, 1_000, '3.4 GB/s'],
])

table(units.formatElapsed, [
  [0, '0.000'],
  [3_219.6, '3.220'],
  [59_999.4, '59.999'],
  [59_999.6, '1:00.000'],
  [723_220, '12:03.220'],
  [4_323_220, '1:12:03.220'],
])

table(units.formatClock, [[new Date(2026, 0, 2, 4, 3, 1, 20), '04:03:01.020']])

table(units.formatSocket, [
  ['server#3', '#3'],
  ['server', 'server'],
  ['client', 'client'],
  ['client#3', 'client#3'],
])
