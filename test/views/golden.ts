import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../root.ts'

/** Compares with `test/golden/<name>`; with UPDATE_GOLDEN=1 it writes the file instead, to be looked at. */
export function assertGolden(name: string, actual: string | Uint8Array): void {
  const file = join(root, 'test', 'golden', name)
  if (process.env.UPDATE_GOLDEN === '1') writeFileSync(file, actual)
  const expected = readFileSync(file)
  if (typeof actual === 'string') assert.equal(actual, expected.toString(), name)
  else assert.deepEqual(Buffer.from(actual), expected, name)
}
