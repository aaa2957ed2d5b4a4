/**
 * Runs the tests that were built. Those of the parts that open no sockets share one process, since starting a
 * hundred takes longer than what they test; the others have one for each file.
 */
import { spawnSync } from 'node:child_process'
import { readdirSync, writeFileSync } from 'node:fs'

const built = 'dist/test'
const together = `${built}/together.js`
const shared = ['', 'wire', 'views', 'help', 'menu', 'session', 'commands']

/** What takes longest begins first, so that in the end nobody waits for one file. */
const longest = [
  'faults/hostile',
  'e2e/tls',
  'faults/terminal',
  'fuzz/texts',
  'fuzz/wire',
  'e2e/streams',
].map((name) => `${built}/${name}.test.js`)

const folders = readdirSync(built, { withFileTypes: true }).filter((entry) => entry.isDirectory())
const filesOf = (folder) =>
  readdirSync(`${built}/${folder}`)
    .filter((name) => name.endsWith('.test.js'))
    .sort()
    .map((name) => (folder === '' ? name : `${folder}/${name}`))

writeFileSync(
  together,
  shared
    .flatMap(filesOf)
    .map((file) => `import './${file}'\n`)
    .join(''),
)
const apart = folders.map(({ name }) => name).filter((name) => !shared.includes(name))
const others = apart.flatMap(filesOf).map((file) => `${built}/${file}`)
const files = [...longest, together, ...others.filter((file) => !longest.includes(file))]
// A file that does not end fails after five minutes, instead of never.
const { status } = spawnSync(
  process.execPath,
  ['--test', '--test-reporter=spec', '--test-concurrency=3', '--test-timeout=300000', ...files],
  { stdio: 'inherit' },
)
process.exitCode = status ?? 1
