import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
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
  const paths: string[] = pack.files.map((file: { path: string }) => file.path).sort()
  const isChunk = (path: string) => /^dist\/run\/[\w-]+\.cjs$/.test(path)
  assert.ok(paths.filter(isChunk).length > 10)
  assert.deepEqual(
    paths.filter((path) => !isChunk(path)),
    ['LICENSE', 'README.md', 'bin/package.json', 'bin/sockpit.js', 'dist/sockpit.1', 'package.json'],
  )
})

test('the manual page is the one of this version', () => {
  // npm links those of a list only.
  assert.deepEqual(manifest.man, ['dist/sockpit.1'])
  const page = readFileSync(join(root, 'dist', 'sockpit.1'), 'utf8')
  assert.equal(page, manPage(manifest.version))
  assert.ok(page.startsWith(`.TH "SOCKPIT" 1 "" "sockpit ${manifest.version}"\n`))
})

const chunks = new Map(
  readdirSync(join(root, 'dist', 'run')).map((name) => [
    name,
    readFileSync(join(root, 'dist', 'run', name), 'utf8'),
  ]),
)

function requiredBy(chunk: string): string[] {
  return [...(chunks.get(chunk) ?? '').matchAll(/\brequire\("([^"]+)"\)/g)].map(([, name = '']) => name)
}

test('the bundle needs nothing but Node, for the menu inquirer, and for certificates selfsigned', () => {
  const wanted = [...chunks.keys()].flatMap(requiredBy)
  assert.ok(wanted.length > 10)
  for (const name of wanted) {
    if (name.startsWith('./')) assert.ok(chunks.has(name.slice(2)), name)
    else
      assert.match(
        name,
        /^(?:node:[a-z/_]+|events|child_process|path|fs|process|os|tty|@inquirer\/(?:core|prompts)|selfsigned)$/,
      )
  }
})

test('a start loads one file, and nothing that only commands need', () => {
  const script = `
    process.on('exit', () => {
      const files = Object.keys(require.cache).map((path) => path.split('/').pop())
      const slow = ['child_process', 'tls'].filter((name) => process.moduleLoadList.includes('NativeModule ' + name))
      console.error(JSON.stringify([...files, ...slow]))
    })
    process.argv = ['node', 'sockpit', '--version']
    require('${join(root, 'bin', 'sockpit.js')}')`
  const { stdout, stderr } = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' })
  assert.equal(stdout, `${manifest.version}\n`)
  assert.deepEqual(JSON.parse(stderr), ['sockpit.js', 'main.cjs'])
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
