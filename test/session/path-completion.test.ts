import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { complete } from '../../src/session/completion.ts'
import { temporaryFolder } from '../e2e/sockpit.ts'

test('Tab completes the path of /file: files, and folders with a slash', (t) => {
  const folder = temporaryFolder(t)
  for (const name of [
    'notes one.txt',
    'notes two.txt',
    '.hidden',
    'evil\x1b[2J.txt',
    'quo"te',
    'back\\slash',
  ]) {
    writeFileSync(join(folder, name), '')
  }
  mkdirSync(join(folder, 'north'))
  const completed = (start: string): readonly [string[], string] => {
    const [paths, word] = complete(`/file ${folder}/${start}`, {
      transport: 'tcp',
      role: 'client',
      peers: [],
    })
    return [paths.map((path) => path.slice(folder.length + 1)), word.slice(folder.length + 1)]
  }
  assert.deepEqual(completed('no'), [['north/', 'notes one.txt', 'notes two.txt'], 'no'])
  assert.deepEqual(completed('notes t'), [['notes two.txt'], 'notes t'])
  assert.deepEqual(completed(''), [['north/', 'notes one.txt', 'notes two.txt'], ''])
  assert.deepEqual(completed('.h'), [['.hidden'], '.h'])
  assert.deepEqual(completed('nowhere/x'), [[], 'nowhere/x'])
})
