import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { missing } from './peers.ts'
import { run, sockpitCommand, startProgram, temporaryFolder, text } from './sockpit.ts'

/** What `compare` says to a terminal; what is written to it is typed. */
function onTerminal(t: TestContext, words: string) {
  const command = `stty cols 100 rows 40; ${sockpitCommand} compare ${words}; echo code=$?`
  return startProgram(t, 'script', ['-qfec', command, '/dev/null'], {
    stdin: 'pipe',
    env: { SHELL: '/bin/sh' },
  })
}

const skip = missing('script')

test('the tour runs through where nobody could press a key', async (t) => {
  const { code, stderr, stdout } = await run(t, ['compare'])
  assert.equal(stderr, '')
  assert.equal(code, 0)
  const names = [...stdout.toString().matchAll(/^ {2}Repeat this very run {2}sockpit compare (\S+)/gm)]
  assert.deepEqual(
    names.map(([, name]) => name),
    ['boundaries', 'handshake', 'price'],
  )
})

test('the tour on a terminal waits for a key between its experiments', { skip }, async (t) => {
  const terminal = onTerminal(t, '--only udp --seed 7')
  for (const next of ['handshake', 'price']) {
    await terminal.printed(`Next: ${next}. Any key goes on, q leaves. `)
    terminal.write(' ')
  }
  await terminal.printed('code=0')
})

for (const [name, key, code] of [
  ['q leaves the tour', 'q', 0],
  ['Escape leaves it', '\x1b', 0],
  ['Ctrl-D leaves it', '\x04', 0],
  ['Ctrl-C interrupts it', '\x03', 130],
] as const) {
  test(name, { skip }, async (t) => {
    const terminal = onTerminal(t, '--only udp')
    await terminal.printed('q leaves. ')
    terminal.write(key)
    await terminal.printed(`code=${code}`)
  })
}

test('--only shows the transports that are asked for', async (t) => {
  const outcome = await run(t, ['compare', 'boundaries', '--only', 'udp,tcp', '--seed', '7'])
  assert.equal(outcome.code, 0)
  assert.match(text(outcome), /TCP · stream/)
  assert.match(text(outcome), /UDP · datagrams/)
  assert.doesNotMatch(text(outcome), /WebSocket · messages/)
  assert.match(text(outcome), /sockpit compare boundaries --only tcp,udp --seed 7\n$/)
})

test('--repeat shows how many reads the runs had, and how the claims fared', async (t) => {
  const outcome = await run(t, ['compare', 'boundaries', '--only', 'tcp,udp', '--repeat', '2', '--seed', '7'])
  assert.equal(outcome.stderr, '')
  assert.equal(outcome.code, 0)
  const screen = text(outcome)
  assert.match(screen, /^ {2}control {2}5 reads {2}█+ {2}2$/m)
  assert.match(screen, /^ {2}control {2}5 datagrams {2}█+ {2}2$/m)
  assert.match(screen, /✓ Nothing is lost, added or put in another order\.\n {4}observed in 2 of 2 runs\n/)
  assert.match(screen, /sockpit compare boundaries --only tcp,udp --seed 7 --repeat 2\n$/)
})

test('--repeat as JSON: every run, then how many reads each had', async (t) => {
  const words = ['compare', 'boundaries', '--only', 'tcp', '--repeat', '2', '--seed', '4294967295', '--json']
  const outcome = await run(t, words)
  assert.equal(outcome.code, 0)
  const rows = text(outcome)
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  assert.deepEqual([...new Set(rows.map(({ seed }) => seed))], [4294967295, 0])
  assert.equal(rows.filter((row) => 'claim' in row).length, 8)
  assert.deepEqual(
    rows.slice(-2).map(({ seed, runs, transport, trial }) => [seed, runs, transport, trial]),
    [
      [4294967295, 2, 'tcp', 'control'],
      [4294967295, 2, 'tcp', 'held'],
    ],
  )
  assert.deepEqual(rows.at(-2).reads, [5, 5])
})

test('--repeat shows its progress on a terminal, and takes it away', { skip }, async (t) => {
  const terminal = onTerminal(t, 'boundaries --only udp --repeat 2')
  await terminal.printed('run 1 of 2')
  await terminal.printed('run 2 of 2')
  await terminal.printed('\r\x1b[K')
  await terminal.printed('code=0')
})

test('--report writes the comparison as a page, too', async (t) => {
  const file = join(temporaryFolder(t), 'report.html')
  const outcome = await run(t, ['compare', 'boundaries', '--only', 'tcp', '--report', file, '--seed', '7'])
  assert.equal(outcome.code, 0)
  assert.equal(outcome.stderr, `The report is in ${file}\n`)
  assert.match(text(outcome), /TCP · stream/)
  const page = readFileSync(file, 'utf8')
  assert.match(page, /^<!doctype html>/i)
  assert.match(page, /<svg/)
  assert.match(page, /sockpit compare boundaries --only tcp --seed 7/)
})

test('a report that cannot be written: told before anything is run', async (t) => {
  const folder = temporaryFolder(t)
  for (const file of [join(folder, 'nowhere', 'report.html'), folder]) {
    const { code, stdout, stderr } = await run(t, ['compare', 'boundaries', '--report', file])
    assert.equal(code, 2)
    assert.equal(stdout.length, 0)
    assert.match(stderr, /^sockpit: Cannot write the report ".*": .*\n$/)
  }
  assert.equal(existsSync(join(folder, 'nowhere')), false)
})

test('an unknown experiment: exit 2, one line', async (t) => {
  const { code, stdout, stderr } = await run(t, ['compare', 'boundarys'])
  assert.equal(code, 2)
  assert.equal(stdout.length, 0)
  assert.match(stderr, /^sockpit: "boundarys" is no experiment: did you mean boundaries\?/)
  assert.equal(stderr.trimEnd().split('\n').length, 1)
})

test('a contradiction in one of several runs: exit 7, and the seed that repeats it', async (t) => {
  const liar = join(temporaryFolder(t), 'liar.cjs')
  writeFileSync(
    liar,
    `if (process.argv.includes('udp-server')) {
      const write = process.stdout.write.bind(process.stdout)
      process.stdout.write = (line, ...rest) => write(String(line).replace(/"text":"\\w/, '"text":"#'), ...rest)
    }`,
  )
  const env = { NODE_OPTIONS: `--require "${liar}"` }
  const words = ['compare', 'boundaries', '--only', 'udp', '--repeat', '2', '--seed', '7']
  const { code, stdout, stderr } = await run(t, words, { env })
  assert.equal(code, 7)
  assert.match(stdout.toString(), /✗ What arrives is a datagram .*\n.*\n? *contradicted in 2 of 2 runs/)
  assert.match(
    stderr,
    /^sockpit: boundaries: contradicted: ".*" \(.*\), and \d claims more; with --seed 7\n$/,
  )
})

test('where the system has no room for the actors: one line that says so', async (t) => {
  const running = startProgram(t, 'sh', ['-c', `ulimit -n 20; exec ${sockpitCommand} compare boundaries`])
  const { code, stderr } = await running.exit
  assert.equal(code, 1)
  assert.match(
    stderr,
    /^sockpit: (?:TCP|UDP|WebSocket) · .*: the server could not be started: .*\(EMFILE\)\n$/,
  )
})

test('transports that take no part: why, and nothing that is empty', async (t) => {
  const outcome = await run(t, ['compare', 'closes', '--only', 'tcp,udp'])
  assert.equal(outcome.code, 0)
  assert.match(text(outcome), /^ {2}– TCP · stream: /m)
  assert.match(text(outcome), /^ {2}– UDP · datagrams: /m)
  assert.doesNotMatch(text(outcome), /Counted|Claims|By hand/)
})
