import assert from 'node:assert/strict'
import { networkInterfaces } from 'node:os'
import { type TestContext, test } from 'node:test'
import { openMailbox } from './datagrams.ts'
import { connectTo, freePort, keepPeers } from './sockets.ts'
import { type Running, run, serve, sockpitCommand, start } from './sockpit.ts'
import { onTerminal, screenOf, skip } from './terminals.ts'
import { serveEcho } from './web-sockets.ts'

const [down, enter, leave, ctrlC, space] = ['\x1b[B', '\r', '\x1b', '\x03', ' ']
const what = /^\? What do you want to do\?/
const run_ = /^\? sockpit /
const refused = /^\? Nothing listens/

function menu(t: TestContext, words = ''): Running {
  return onTerminal(t, `${sockpitCommand} ${words}; echo "code $?"`)
}

/** The rows of the screen, once they are so. */
async function until(
  client: Running,
  isSo: (rows: readonly string[]) => boolean,
): Promise<readonly string[]> {
  for (let tries = 0; tries < 1_000; tries += 1) {
    const rows = screenOf(client.stdout.toString())
    if (isSo(rows)) return rows
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  return assert.fail(`${isSo} did not come:\n${screenOf(client.stdout.toString()).join('\n')}`)
}

/** The rows of the screen, once one of them looks like this. */
function see(client: Running, looks: RegExp): Promise<readonly string[]> {
  return until(client, (rows) => rows.some((row) => looks.test(row)))
}

/** Moves the mark of a question's list to a row and takes it. */
async function choose(client: Running, question: RegExp, row: RegExp, key = enter): Promise<void> {
  for (let moves = 0; moves < 40; moves += 1) {
    // The line about the keys is written last: before it, the list is only half drawn.
    const hasList = (rows: readonly string[]) =>
      markedRow(rows) !== '' &&
      rows.some((one) => question.test(one)) &&
      (rows.findLast((one) => one !== '') ?? '').startsWith('↑↓ navigate')
    const marked = markedRow(await until(client, hasList))
    if (row.test(marked)) {
      client.write(key)
      return
    }
    client.write(down)
    await until(client, (rows) => hasList(rows) && markedRow(rows) !== marked)
  }
  assert.fail(`no row ${row}`)
}

function markedRow(rows: readonly string[]): string {
  return rows.findLast((row) => /^ ?❯/.test(row)) ?? ''
}

/** Takes the default of a question for a text, or types another one. */
async function answer(client: Running, question: RegExp, text = ''): Promise<void> {
  await see(client, question)
  client.write(`${text}${enter}`)
}

async function begin(t: TestContext, title: RegExp): Promise<Running> {
  const client = menu(t)
  await see(client, /^\? What do you want to do\?/)
  await choose(client, what, title)
  return client
}

test('the menu: serve TCP, with its service', { skip }, async (t) => {
  const client = await begin(t, /Serve TCP/)
  await answer(client, /^\? Listen at/, '0')
  await choose(client, /^\? Answer/, /echo/)
  await choose(client, run_, /Run it/)
  await see(client, /^\$ sockpit tcp-server 0 --service echo$/)
  await client.printed('listening on')
  const [, port = ''] = /listening on 127\.0\.0\.1:(\d+)/.exec(client.stdout.toString()) ?? []
  const { stdout } = await run(t, ['tcp-client', '127.0.0.1', port], { stdin: 'echoed' })
  assert.equal(stdout.toString(), 'echoed')
  client.write('/quit\r')
  await client.printed('code 0')
})

test('the menu: connect to TCP, and type', { skip }, async (t) => {
  const { port, peerAt } = await keepPeers(t)
  const client = await begin(t, /Connect to TCP/)
  await answer(client, /^\? Connect to host:port \(localhost:9000\)/, `127.0.0.1:${port}`)
  await choose(client, run_, /Run it/)
  await see(client, new RegExp(`^\\$ sockpit tcp-client 127\\.0\\.0\\.1:${port}$`))
  const peer = await peerAt(0)
  await client.printed('open> ')
  client.write('hello\r')
  await peer.has('hello\n')
})

test('the menu: serve UDP', { skip }, async (t) => {
  const client = await begin(t, /Serve UDP/)
  await answer(client, /^\? Listen at/, '0')
  await choose(client, /^\? Answer/, /echo/)
  await choose(client, run_, /Run it/)
  await see(client, /^\$ sockpit udp-server 0 --service echo$/)
  await client.printed('listening on')
  const [, port = ''] = /listening on 127\.0\.0\.1:(\d+)/.exec(client.stdout.toString()) ?? []
  const { stdout } = await run(t, ['udp-client', '127.0.0.1', port, '-n', '1'], { stdin: 'echoed' })
  assert.equal(stdout.toString(), 'echoed\n')
})

test('the menu: send UDP', { skip }, async (t) => {
  const mailbox = await openMailbox(t)
  const client = await begin(t, /Send UDP/)
  await answer(client, /^\? Send to/, `127.0.0.1:${mailbox.port}`)
  await choose(client, run_, /Run it/)
  await client.printed('udp> ')
  client.write('hello\r')
  assert.equal((await mailbox.at(0)).payload.toString(), 'hello')
})

test('the menu: WebSocket echo', { skip }, async (t) => {
  const client = await begin(t, /WebSocket echo/)
  await answer(client, /^\? Listen at \[host:\]port \(127\.0\.0\.1:9001\)/, '0')
  await choose(client, run_, /Run it/)
  await client.printed('listening on ws://')
  const [, port = ''] = /listening on ws:\/\/127\.0\.0\.1:(\d+)/.exec(client.stdout.toString()) ?? []
  const { stdout } = await run(t, ['ws-client', `127.0.0.1:${port}`, '-n', '1'], { stdin: 'echoed' })
  assert.equal(stdout.toString(), 'echoed\n')
})

test('the menu: WebSocket client', { skip }, async (t) => {
  const { server, port } = await serveEcho(t)
  const client = await begin(t, /WebSocket client/)
  await answer(client, /^\? Connect to URL/, `127.0.0.1:${port}/chat?room=1`)
  await choose(client, run_, /Run it/)
  await see(client, new RegExp(`^\\$ sockpit ws-client '127\\.0\\.0\\.1:${port}/chat\\?room=1'$`))
  await client.printed('open> ')
  client.write('hello\r')
  await server.event('message', ({ direction }) => direction === 'received')
})

test('the menu: compare, one experiment that was searched for', { skip }, async (t) => {
  const client = await begin(t, /Compare/)
  await see(client, /❯ tour/)
  client.write('boundar')
  await choose(client, /^\? Which experiment\? boundar/, /❯ boundaries/)
  await choose(client, run_, /Run it/)
  await see(client, /^\$ sockpit compare boundaries$/)
  await client.printed('code 0')
})

test('the menu: other options, with values that are looked at while they are typed', { skip }, async (t) => {
  const client = await begin(t, /Serve TCP/)
  await answer(client, /^\? Listen at/, '0')
  await choose(client, /^\? Answer/, /none/)
  await choose(client, run_, /Also/)
  await see(client, /^\? Also/)
  const offered = await see(client, /--once/)
  assert.ok(!offered.some((row) => /◯ --service/.test(row)), 'it was asked for before')
  await choose(client, /^\? Also/, /--once/, space)
  await choose(client, /^\? Also/, /--read-size/, space)
  await choose(client, /^\? Also/, /--time/, space)
  client.write(enter)
  await see(client, /^\? --read-size <size>/)
  client.write('5x')
  await see(client, /^✗ "5x" is not a size such as 512, 64KiB or 1MB$/)
  client.write(enter)
  await see(client, /^✗ "5x" is not/)
  client.write('\x7f')
  await see(client, /^\? --read-size <size>.* 5$/)
  client.write(enter)
  await choose(client, /^\? --time/, /delta/)
  await see(client, /^\? sockpit tcp-server 0 --once --read-size 5 --time delta/)
  await choose(client, run_, /Run it/)
  await client.printed('listening on')
  const [, port = ''] = /listening on 127\.0\.0\.1:(\d+)/.exec(client.stdout.toString()) ?? []
  await run(t, ['tcp-client', '127.0.0.1', port], { stdin: 'more than five' })
  await client.printed('in 14 B (3 reads)')
  await client.printed('code 0')
})

test('a wrong address is told while it is typed, in the words of the command', { skip }, async (t) => {
  const client = await begin(t, /Connect to TCP/)
  await see(client, /^\? Connect to/)
  client.write('localhost:80x')
  await see(client, /^✗ "80x" is not a port: expected a whole number from 0 to 65535$/)
  const { stderr } = await run(t, ['tcp-client', 'localhost:80x'])
  assert.match(stderr, /"80x" is not a port: expected a whole number from 0 to 65535/)
})

for (const [name, key, code] of [
  ['Escape', leave, 0],
  ['Ctrl-C', ctrlC, 130],
] as const) {
  test(`${name} leaves the menu quietly, at each of its steps`, { skip }, async (t) => {
    const steps = [
      async () => {},
      (client: Running) => choose(client, what, /Serve TCP/),
      async (client: Running) => {
        await choose(client, what, /Serve TCP/)
        await answer(client, /^\? Listen at/)
        await see(client, /^\? Answer/)
      },
    ]
    for (const step of steps) {
      const client = menu(t, 'menu')
      await see(client, /^\? What do you want/)
      await step(client)
      client.write(key)
      await client.printed(`code ${code}`)
      assert.doesNotMatch(client.stdout.toString(), /sockpit:|Error|force/)
    }
  })
}

test('"Leave" runs nothing', { skip }, async (t) => {
  const client = await begin(t, /WebSocket echo/)
  await answer(client, /^\? Listen at/, '0')
  await choose(client, run_, /Leave/)
  await client.printed('code 0')
  assert.doesNotMatch(client.stdout.toString(), /listening/)
})

test('where nothing can be drawn there is no menu', { skip }, async (t) => {
  const { code, stderr } = await run(t, ['menu'])
  assert.deepEqual([code, stderr.split('\n').length], [2, 2])
  assert.match(stderr, /^sockpit: the menu needs a terminal/)
  const dumb = onTerminal(t, `TERM=dumb ${sockpitCommand}; echo "code $?"`)
  await dumb.printed('code 2')
  assert.match(dumb.stdout.toString(), /Usage: sockpit/)
  const asked = onTerminal(t, `TERM=dumb ${sockpitCommand} menu; echo "code $?"`)
  await asked.printed('code 2')
  assert.match(asked.stdout.toString(), /sockpit: the menu needs a terminal/)
})

test('a client that is refused offers to try again', { skip }, async (t) => {
  const port = await freePort(t)
  const client = onTerminal(t, `${sockpitCommand} tcp-client 127.0.0.1 ${port}; echo "code $?"`)
  await see(client, /^\? Nothing listens on 127\.0\.0\.1/)
  const server = start(t, ['tcp-server', `127.0.0.1:${port}`, '--echo', '--json'])
  await server.event('listening')
  await choose(client, refused, /Try again/)
  await client.printed('open> ')
  client.write('hello\r')
  await see(client, /read {3}hello/)
})

test('… or to start a server there', { skip }, async (t) => {
  const port = await freePort(t)
  const client = onTerminal(t, `${sockpitCommand} tcp-client 127.0.0.1 ${port}; echo "code $?"`)
  await see(client, /^\? Nothing listens/)
  await choose(client, refused, /Start a server/)
  await client.printed(`listening on 127.0.0.1:${port}`)
  assert.equal((await run(t, ['tcp-client', '127.0.0.1', String(port)], { stdin: 'hi' })).code, 0)
  await see(client, /read {3}hi/)
  client.write('\x03')
  await client.printed('code 130')
})

test('the server that a client became is closed by a signal like any other', { skip }, async (t) => {
  const port = await freePort(t)
  const client = onTerminal(
    t,
    `echo "pid $$"; exec ${sockpitCommand} tcp-client 127.0.0.1 ${port} --no-color`,
  )
  await choose(client, refused, /Start a server/)
  await client.printed(`listening on 127.0.0.1:${port}`)
  const peer = await connectTo(t, port)
  await client.printed('connected from')
  process.kill(Number(/pid (\d+)/.exec(client.stdout.toString())?.[1]), 'SIGTERM')
  await peer.fin
  await client.exit
  assert.match(client.stdout.toString(), /#1 {6}- {13}closed after/)
  assert.doesNotMatch(client.stdout.toString(), /\x1b\[[\d;]*m/, '--no-color holds for the question, too')
})

test('… or to leave, with the error', { skip }, async (t) => {
  const port = await freePort(t)
  for (const how of [
    (client: Running) => choose(client, refused, /Leave/),
    async (client: Running) => client.write(leave),
  ]) {
    const client = onTerminal(t, `${sockpitCommand} tcp-client 127.0.0.1 ${port}; echo "code $?"`)
    await see(client, /^\? Nothing listens/)
    await how(client)
    await client.printed('code 1')
    assert.match(client.stdout.toString(), /sockpit: Cannot connect to 127\.0\.0\.1:\d+: connection refused/)
  }
})

const elsewhere = Object.values(networkInterfaces())
  .flatMap((all) => all ?? [])
  .find(({ internal, family }) => !internal && family === 'IPv4')?.address

test('a server of ours is offered for this machine only', {
  skip: skip || (elsewhere === undefined ? 'this machine has no address but loopback' : false),
}, async (t) => {
  const port = await freePort(t)
  const client = onTerminal(t, `${sockpitCommand} tcp-client ${elsewhere} ${port}; echo "code $?"`)
  const rows = await see(client, /^↑↓ navigate/)
  assert.ok(rows.some((row) => /Try again/.test(row)))
  assert.ok(!rows.some((row) => /Start a server/.test(row)))
})

test('nobody is asked where a script waits for the exit code', { skip }, async (t) => {
  const port = await freePort(t)
  for (const options of ['-e hello', '--probe', '--json', '--plain', '-q']) {
    const client = onTerminal(t, `${sockpitCommand} tcp-client 127.0.0.1 ${port} ${options}; echo "code $?"`)
    await client.printed('code 1')
    assert.doesNotMatch(client.stdout.toString(), /Nothing listens/)
  }
})

test('nothing of the menu is loaded where nobody is asked', async (t) => {
  const { port } = await serve(t, ['--echo'])
  const told = `process.on('exit', () => process.stderr.write(Object.keys(require.cache).join('\\n')))`
  const preload = `data:text/javascript,${encodeURIComponent(`import { createRequire } from 'node:module'; const require = createRequire('/'); ${told}`)}`
  for (const args of [['--help'], ['--version'], ['tcp-client', '127.0.0.1', String(port), '-z']]) {
    const { stderr } = await run(t, args, { env: { NODE_OPTIONS: `--import ${preload}` } })
    assert.match(stderr, /run\/main\.cjs/)
    assert.doesNotMatch(stderr, /inquirer/)
  }
})
