import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { licences, locked, lockfileVersion } from './lockfile.ts'
import { root } from './root.ts'

const manifest: {
  readonly scripts: Readonly<Record<string, string>>
  readonly dependencies: Readonly<Record<string, string>>
} = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

test('nothing that is installed runs a script', () => {
  for (const [path, { hasInstallScript }] of locked) assert.notEqual(hasInstallScript, true, path)
  // `prepare` runs in a checkout only, and not where the package is installed.
  for (const script of ['preinstall', 'install', 'postinstall'])
    assert.ok(!(script in manifest.scripts), script)
})

test('the lockfile pins every package by its hash, and names no host', () => {
  assert.equal(lockfileVersion, 3)
  assert.ok(locked.length > 50)
  for (const [path, { integrity, resolved, version }] of locked) {
    assert.match(version, /^\d+\.\d+\.\d+/, path)
    assert.match(integrity ?? '', /^sha512-[A-Za-z0-9+/]{86}==$/, path)
    assert.equal(resolved, undefined, path)
  }
})

test('what is installed with sockpit may be used by anybody', () => {
  for (const licence of licences().keys()) {
    assert.ok(['MIT', 'ISC', '0BSD', 'BSD-3-Clause', 'Apache-2.0'].includes(licence), licence)
  }
  const names = [...licences().values()].flat()
  for (const name of Object.keys(manifest.dependencies)) assert.ok(names.includes(name), name)
})
