import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { boundaries } from '../../src/experiments/boundaries.ts'
import { experiments } from '../../src/experiments/index.ts'
import { createRandom } from '../../src/experiments/random.ts'
import { decodeEvent } from '../../src/views/json.ts'
import { readAll, run, serve, start, temporaryFolder, text } from './sockpit.ts'

type Row = Readonly<Record<string, unknown>>

/** Runs it with --json, and parses every line. */
async function runJson(t: TestContext, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const running = start(t, ['compare', ...args, '--json'], { unread: true, env })
  const { stdout } = running.child
  assert.ok(stdout)
  const [output, { code, stderr }] = await Promise.all([readAll(stdout), running.exit])
  const lines = output.toString().trimEnd().split('\n')
  return { code, stderr, rows: lines.map((line): Row => JSON.parse(line)) }
}

function payloads(all: readonly Row[], trial: string, direction: string): readonly unknown[] {
  return all.filter((row) => row.trial === trial && row.direction === direction).map((row) => row.text)
}

/** What is looked at by more than one test. */
let ofSeven: ReturnType<typeof runJson> | undefined

test('compare boundaries as JSON: every event stamped, then the claims', async (t) => {
  ofSeven = runJson(t, ['boundaries', '--seed', '7'])
  const { code, stderr, rows: all } = await ofSeven
  assert.equal(stderr, '')
  assert.equal(code, 0)
  for (const row of all) {
    assert.deepEqual([row.experiment, row.seed], ['boundaries', 7])
    assert.match(String(row.transport), /^(?:tcp|udp|websocket)$/)
  }
  const claims = all.filter((row) => 'claim' in row)
  assert.deepEqual(
    claims.map(({ transport }) => transport),
    [...Array(4).fill('tcp'), ...Array(3).fill('udp'), ...Array(4).fill('websocket')],
  )
  assert.deepEqual(all.slice(-claims.length), claims)
  for (const { verdict, figures } of claims) {
    assert.equal(verdict, 'observed')
    assert.match(String(figures), /\d/)
  }
  for (const row of all.slice(0, -claims.length)) {
    assert.ok(row.actor === 'client' || row.actor === 'server')
    assert.equal(decodeEvent(JSON.stringify(row)).kind, row.kind)
  }
  const [stream, datagrams] = ['tcp', 'udp'].map((name) => all.filter(({ transport }) => transport === name))
  assert.ok(stream !== undefined && datagrams !== undefined)
  const words = payloads(stream, 'control', 'sent')
  assert.equal(words.length, 5)
  assert.deepEqual(payloads(stream, 'control', 'received'), words)
  assert.deepEqual(payloads(stream, 'held', 'sent'), words)
  assert.deepEqual(payloads(stream, 'held', 'received').join(''), words.join(''))
  for (const trial of ['control', 'held']) {
    assert.deepEqual(payloads(datagrams, trial, 'sent'), words)
    assert.deepEqual(payloads(datagrams, trial, 'received'), words)
    const messages = all.filter((row) => row.transport === 'websocket' && row.kind === 'message')
    const by = (actor: string) => messages.filter((row) => row.actor === actor)
    assert.deepEqual(payloads(by('client'), trial, 'sent'), words)
    assert.deepEqual(payloads(by('server'), trial, 'received'), words)
    assert.deepEqual(payloads(by('client'), trial, 'received'), words)
  }
})

test('a seed repeats the payloads; without one they are fresh', async (t) => {
  const [first, again, fresh] = (
    await Promise.all([
      ofSeven ?? runJson(t, ['boundaries', '--seed', '7']),
      runJson(t, ['boundaries', '--seed', '7']),
      runJson(t, ['boundaries']),
    ])
  ).map(({ rows }) => {
    const told = rows.filter((row) => row.actor === 'client' && row.kind !== 'frame' && 'text' in row)
    return payloads(told, 'control', 'sent').toSorted()
  })
  assert.equal(first?.length, 15)
  assert.deepEqual(again, first)
  assert.equal(fresh?.length, 15)
  assert.notDeepEqual(fresh, first)
})

test('the screen, into a pipe: 80 columns, no colour, what is needed to repeat it', async (t) => {
  const outcome = await run(t, ['compare', 'boundaries', '--seed', '7'])
  assert.equal(outcome.stderr, '')
  assert.equal(outcome.code, 0)
  const screen = text(outcome)
  assert.doesNotMatch(screen, /\x1b/)
  for (const line of screen.split('\n')) assert.ok(line.length <= 80, line)
  assert.match(screen, /TCP · stream/)
  assert.match(screen, /^ {2}5 writes {2}┌\S+┐ +│ 5 datagrams {2}┌\S+┐$/m)
  assert.match(screen, /^ {2}1 read {4}└─+2\d B─+┘ +│ 5 datagrams {2}└\S+┘$/m)
  assert.equal(screen.match(/│ 5 datagrams {2}[┌└]/g)?.length, 4)
  assert.match(screen, /WebSocket · messages on a stream/)
  assert.equal(screen.match(/^ {2}5 messages {8}[┌└].*┐?$/gm)?.length, 4)
  assert.match(screen, /^ {2}1 read {6}└─+\d\d B─+┘$/m)
  assert.equal(screen.match(/✓/g)?.length, 11)
  assert.match(screen, /sockpit compare boundaries --seed 7\n$/)
})

test('width and colour as asked', async (t) => {
  const outcome = await run(t, ['compare', 'boundaries', '--width', '120', '--color'])
  assert.equal(outcome.code, 0)
  assert.match(
    text(outcome).replace(/\x1b\[\d+m/g, ''),
    /TCP · stream +│ UDP · datagrams +│ WebSocket · messages/,
  )
  assert.match(text(outcome), /\x1b\[36m/)
})

test('--list: each with its question, its minutes and its transports', async (t) => {
  const outcome = await run(t, ['compare', '--list'])
  assert.equal(outcome.code, 0)
  const lines = text(outcome).trimEnd().split('\n')
  assert.equal(lines.length, 2 * experiments.length)
  for (const [index, { name, question, minutes, transports, tls }] of experiments.entries()) {
    assert.match(lines[2 * index] ?? '', new RegExp(`^${name} {2,}\\S`))
    assert.ok(lines[2 * index]?.endsWith(question))
    const more = `${minutes} minute${minutes === 1 ? '' : 's'} · ${transports.join(', ')}`
    const secured = tls === undefined ? '' : ', and TLS with --tls'
    assert.equal(lines[2 * index + 1]?.trim(), more + secured)
  }
})

test('--tls: one more column where it has something to show, else exit 2', async (t) => {
  const told = await run(t, ['compare', 'handshake', '--tls', '--only', 'tcp', '--json'])
  assert.equal(told.code, 0, told.stderr)
  const claims = text(told)
    .trimEnd()
    .split('\n')
    .map((line): Record<string, unknown> => JSON.parse(line))
    .filter(({ claim }) => claim !== undefined)
  assert.deepEqual(
    claims.map(({ transport, tls }) => [transport, tls]),
    [...Array(2).fill(['tcp', undefined]), ...Array(4).fill(['tcp', true])],
  )
  const without = await run(t, ['compare', 'handshake', '--only', 'tcp'])
  assert.doesNotMatch(text(without), /TLS/)
  const shown = await run(t, ['compare', 'handshake', '--tls', '--only', 'udp'])
  assert.match(text(shown), /^ {2}UDP · datagrams +│ TLS · encrypted stream$/m)
  assert.match(text(shown), /ClientHello to Finished: OpenSSL's$/m)
  assert.match(text(shown), /RFC\s+8446 §2/)
  assert.match(text(shown), /compare handshake --only udp --tls --seed \d+$/m)
  for (const words of [['boundaries'], []]) {
    const refused = await run(t, ['compare', ...words, '--tls'])
    assert.equal(refused.code, 2)
    assert.match(refused.stderr, /^sockpit: --tls: TLS has a column in handshake only\n$/)
  }
})

/** Makes a server lie about what it read: loaded into every process of the run by Node itself. */
function liar(t: TestContext): Readonly<Record<string, string>> {
  const file = join(temporaryFolder(t), 'liar.cjs')
  writeFileSync(
    file,
    `if (process.argv.includes('tcp-server')) {
      const write = process.stdout.write.bind(process.stdout)
      process.stdout.write = (line, ...rest) =>
        write(
          line.replace(/("received","size":\\d+,"text":")(\\w+)/, (_, head, text) => head + text.toUpperCase()),
          ...rest,
        )
    }`,
  )
  return { NODE_OPTIONS: `--require "${file}"` }
}

test('a contradicted claim: the screen says which, exit 7', async (t) => {
  const { code, stdout, stderr } = await run(t, ['compare', 'boundaries', '--only', 'tcp,udp'], {
    env: liar(t),
  })
  assert.match(stdout.toString(), /✗ TCP +Nothing is lost, added or put in another order\.\n +contradicted: /)
  assert.match(
    stderr,
    /^sockpit: boundaries: contradicted: "Nothing is lost, .*" \(control .* sha256 \w{8} and \w{8}.*\).*; with --seed \d+\n$/,
  )
  assert.equal(code, 7)
})

test('a contradicted claim as JSON', async (t) => {
  const { code, rows } = await runJson(t, ['boundaries', '--only', 'tcp'], liar(t))
  const [first] = rows.filter((row) => 'claim' in row)
  assert.equal(first?.verdict, 'contradicted')
  assert.equal(code, 7)
})

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  test(`${signal} ends the actors and then the run`, async (t) => {
    const running = start(t, ['compare', '--json'])
    const { local } = await running.event('listening')
    running.kill(signal)
    const outcome = await running.exit
    assert.equal(outcome.code, code)
    assert.equal(outcome.stderr, '')
    await assert.rejects(
      new Promise((resolve, reject) =>
        connect(local.port, '127.0.0.1').on('connect', resolve).on('error', reject),
      ),
      { code: 'ECONNREFUSED' },
    )
  })
}

test('the command lines to do it by hand work', async (t) => {
  const [part] = boundaries.plan(createRandom(7))
  assert.ok(part !== undefined && !('because' in part))
  const ran = part.byHand.filter(({ does }) => does === 'run').map(({ line }) => line.split(' '))
  const [[, serverCommand, ...serverWords] = [], [, clientCommand, ...clientWords] = []] = ran
  assert.deepEqual([serverCommand, clientCommand], ['tcp-server', 'tcp-client'])
  const serving = await serve(t, [...serverWords, '--script', '-'], { stdin: 'pipe' })
  const entering = start(
    t,
    ['tcp-client', '127.0.0.1', String(serving.port), '--json', ...clientWords, '--script', '-'],
    { stdin: 'pipe' },
  )
  const typedIn = (terminal: 1 | 2) =>
    part.byHand.filter((step) => step.does === 'type' && step.terminal === terminal).map(({ line }) => line)
  const sent = typedIn(2)
  assert.equal(sent.length, 5)
  entering.write(`${sent.join('\n')}\n`)
  await entering.event('bytes', ({ payload }) => Buffer.from(payload).toString() === sent.at(-1))
  assert.equal(serving.server.receivedBy('server#1'), '')
  serving.server.write(`${typedIn(1).join('\n')}\n`)
  await serving.server.received('server#1', sent.join(''))
  assert.equal(serving.server.eventsOf('bytes').length, 1)
})

test('the command lines to do it by hand work over WebSocket, too', async (t) => {
  const part = boundaries.plan(createRandom(7)).find(({ transport }) => transport === 'websocket')
  assert.ok(part !== undefined && !('because' in part))
  const ran = part.byHand.filter(({ does }) => does === 'run').map(({ line }) => line.split(' '))
  const [[, ...serverWords] = [], [, ...clientWords] = []] = ran
  const [serverCommand = '', ...serverFlags] = serverWords
  const server = start(t, [serverCommand, '127.0.0.1:0', '--json', ...serverFlags, '--script', '-'], {
    stdin: 'pipe',
  })
  const { url } = await server.event('listening')
  const [clientCommand = '', ...clientFlags] = clientWords
  const client = start(t, [clientCommand, String(url), '--json', ...clientFlags, '--script', '-'], {
    stdin: 'pipe',
  })
  await server.event('opened', ({ transport }) => transport === 'websocket')
  const typedIn = (terminal: 1 | 2) =>
    part.byHand.filter((step) => step.does === 'type' && step.terminal === terminal).map(({ line }) => line)
  await server.event('paused')
  const sent = typedIn(2)
  assert.equal(sent.length, 5)
  client.write(`${sent.join('\n')}\n`)
  await client.event('message', ({ payload }) => Buffer.from(payload).toString() === sent.at(-1))
  server.write(`${typedIn(1).join('\n')}\n`)
  const isLast = ({ payload }: { payload: Uint8Array }) => Buffer.from(payload).toString() === sent.at(-1)
  await server.event('message', isLast)
  const received = server.eventsOf('message').filter(({ direction }) => direction === 'received')
  assert.deepEqual(
    received.map(({ payload }) => Buffer.from(payload).toString()),
    sent,
  )
})
