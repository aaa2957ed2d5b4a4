import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { manPage } from '../src/help/man-page.ts'
import { root } from './root.ts'

const manifest: { readonly version: string; readonly man: readonly string[] } = JSON.parse(
  readFileSync(join(root, 'package.json'), 'utf8'),
)

test('the package holds only what runs', () => {
  const words = ['pack', '--dry-run', '--json', '--ignore-scripts']
  const [pack] = JSON.parse(execFileSync('npm', words, { cwd: root, encoding: 'utf8', stdio: 'pipe' }))
  const paths = pack.files.map((file: { path: string }) => file.path).sort()
  assert.deepEqual(paths, [
    'LICENSE',
    'README.md',
    'bin/package.json',
    'bin/sockpit.js',
    'dist/sockpit.1',
    'dist/sockpit.cjs',
    'package.json',
  ])
})

test('the manual page is the one of this version', () => {
  // npm links those of a list only.
  assert.deepEqual(manifest.man, ['dist/sockpit.1'])
  const page = readFileSync(join(root, 'dist', 'sockpit.1'), 'utf8')
  assert.equal(page, manPage(manifest.version))
  assert.ok(page.startsWith(`.TH "SOCKPIT" 1 "" "sockpit ${manifest.version}"\n`))
})

test('the bundle needs nothing but Node, for the menu inquirer, for certificates selfsigned, and knows its version', () => {
  const bundle = readFileSync(join(root, 'dist', 'sockpit.cjs'), 'utf8')
  const wanted = [...bundle.matchAll(/\brequire\("([^"]+)"\)/g)].map(([, name]) => name)
  assert.ok(wanted.length > 10)
  for (const name of wanted)
    assert.match(
      name ?? '',
      /^(?:node:[a-z/_]+|events|child_process|path|fs|process|os|tty|@inquirer\/(?:core|prompts)|selfsigned)$/,
    )
  assert.ok(bundle.includes(`"${manifest.version}"`))
})

test('the top level holds what it should and nothing else', () => {
  const expected = [
    ...[
      '.ci',
      '.gitignore',
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'bin',
      'biome.json',
      'package-lock.json',
    ],
    ...['package.json', 'src', 'test', 'tsconfig.json'],
  ]
  const made = new Set(['.git', 'dist', 'node_modules'])
  const present = readdirSync(root).filter((name) => !made.has(name) && !name.endsWith('.tgz'))
  assert.deepEqual(present.sort(), expected.sort())
})

test('the changelog speaks of this version', () => {
  assert.match(
    readFileSync(join(root, 'CHANGELOG.md'), 'utf8'),
    new RegExp(`^## ${manifest.version}\\b`, 'm'),
  )
})
