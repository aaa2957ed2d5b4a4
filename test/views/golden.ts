import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Compares with `test/golden/<name>`; with UPDATE_GOLDEN=1 it writes the file instead, to be looked at. */
export function assertGolden(name: string, actual: string | Uint8Array): void {
  const file = join(root(), 'test', 'golden', name)
  if (process.env.UPDATE_GOLDEN === '1') writeFileSync(file, actual)
  const expected = readFileSync(file)
  if (typeof actual === 'string') assert.equal(actual, expected.toString(), name)
  else assert.deepEqual(Buffer.from(actual), expected, name)
}

/** The folder of package.json: tests run from somewhere under it. */
function root(): string {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder)
  return folder
}
