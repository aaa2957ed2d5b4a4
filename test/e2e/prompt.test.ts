import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { openMailbox } from './datagrams.ts'
import { sockpitCommand, startProgram, temporaryFolder } from './sockpit.ts'
import { onTerminal, promptWithPeer, screenOf, shows, skip } from './terminals.ts'

test('a terminal gets the log, and a typed line is sent', { skip }, async (t) => {
  const { client, peer } = await promptWithPeer(t)
  client.write('hello there\r')
  await peer.has('hello there\n')
  await client.printed('write')
  client.write('//slash\r/send no end\r')
  await peer.has('no end')
  assert.equal(peer.text, 'hello there\n/slash\nno end')
  assert.match(
    screenOf(client.stdout.toString()).join('\n'),
    /client {2}→ {7}12 B {2}write {2}hello there\\n/,
  )
})

test('an event stands above the line that is being typed, which stays whole', { skip }, async (t) => {
  const { client, peer } = await promptWithPeer(t)
  client.write('half a li')
  await client.printed('half a li')
  for (const line of ['one', 'two', 'three']) {
    peer.socket.write(`${line}\n`)
    await client.printed(`${line}\\n`)
  }
  client.write('ne')
  await shows(client, 'half a line')
  const screen = screenOf(client.stdout.toString()).filter((line) => line !== '')
  assert.match(screen.at(-1) ?? '', /^127\.0\.0\.1:\d+ open> half a line$/)
  const heard = screen.filter((line) => line.includes('read'))
  assert.deepEqual(heard, [
    'client  ←        4 B  read   one\\n',
    'client  ←        4 B  read   two\\n',
    'client  ←        6 B  read   three\\n',
  ])
  assert.equal(screen.filter((line) => line.includes('half')).length, 1)
  client.write('\r')
  await peer.has('half a line\n')
})

test('a typed line that is longer than the screen is wide stays whole, too', { skip }, async (t) => {
  const { client, peer } = await promptWithPeer(t)
  const long = 'long line '.repeat(20).trim()
  client.write(long)
  await client.printed('line')
  peer.socket.write('an event\n')
  await client.printed('an event\\n')
  client.write('\r')
  await peer.has(`${long}\n`)
  assert.equal(peer.text, `${long}\n`)
})

test('events after a long typed line leave no blank rows, and take none away', { skip }, async (t) => {
  const { client, peer } = await promptWithPeer(t)
  client.write('long line '.repeat(20).trim())
  await client.printed('line')
  for (const line of ['one', 'two', 'three']) {
    peer.socket.write(`${line}\n`)
    await client.printed(`${line}\\n`)
  }
  await shows(client, /long line$/)
  const screen = screenOf(client.stdout.toString())
  const first = screen.findIndex((line) => line.includes('read   one'))
  assert.match(screen[first + 1] ?? '', /read {3}two/)
  assert.match(screen[first + 2] ?? '', /read {3}three/)
  assert.match(screen[first + 3] ?? '', /open> long line/)
})

test('lines that are pasted are carried out in their order', { skip }, async (t) => {
  const { client, peer } = await promptWithPeer(t)
  client.write('one\rtwo\r/stats\rthree\r')
  await peer.has('one\ntwo\nthree\n')
  await client.printed('out 8 B (2 writes)')
})

test('raw shows what has no line end above the line that is being typed', { skip }, async (t) => {
  const { client, peer, port } = await promptWithPeer(t, '--raw')
  client.write('abc')
  await client.printed('abc')
  peer.socket.write('login: ')
  await client.printed('login: ')
  await shows(client, 'abc')
  assert.deepEqual(screenOf(client.stdout.toString()).slice(-2), ['login:', `127.0.0.1:${port} open> abc`])
})

test('Tab completes verbs and numbers of clients', { skip }, async (t) => {
  const server = onTerminal(t, `${sockpitCommand} tcp-server 0 --time none --no-color`)
  await server.printed('> ')
  const [, port] = /listening on 127\.0\.0\.1:(\d+)/.exec(server.stdout.toString()) ?? []
  const visitor = startProgram(
    t,
    'sh',
    ['-c', `exec ${sockpitCommand} tcp-client ${port} -4 --on-eof stay`],
    {
      stdin: 'pipe',
    },
  )
  await server.printed('connected from')
  server.write('/ki\t')
  await server.printed('/kick ')
  server.write('1\t')
  await server.printed('/kick 1 ')
  server.write('\r')
  assert.equal((await visitor.exit).code, 0)
  server.write('/pe\t')
  await server.printed('/peers ')
  server.write('\r')
  await server.printed('nobody is connected')
})

test('a mistyped verb is told and nothing is sent; /help lists what can be done', { skip }, async (t) => {
  const { client, peer } = await promptWithPeer(t)
  client.write('/sed x\r')
  await client.printed('did you mean /send?')
  assert.match(client.stdout.toString(), /sockpit: "\/sed" is no verb/)
  client.write('/help\r')
  await client.printed('/expect')
  assert.doesNotMatch(client.stdout.toString(), /\/kick/)
  client.write('still alive\r')
  await peer.has('still alive\n')
  assert.equal(peer.text, 'still alive\n')
})

test('history lasts between runs in a file that only its owner reads; --no-history keeps none', {
  skip,
}, async (t) => {
  const state = temporaryFolder(t)
  const file = join(state, 'sockpit', 'history')
  const first = await promptWithPeer(t, '', state)
  first.client.write('remember me\r')
  await first.peer.has('remember me\n')
  first.client.write('\x04')
  first.peer.socket.end()
  await first.client.exit
  assert.equal(readFileSync(file, 'utf8'), 'remember me\n')
  assert.equal(statSync(file).mode & 0o777, 0o600)
  assert.equal(statSync(join(state, 'sockpit')).mode & 0o777, 0o700)

  const second = await promptWithPeer(t, '', state)
  second.client.write('\x1b[A\r')
  await second.peer.has('remember me\n')

  const third = await promptWithPeer(t, '--no-history', state)
  third.client.write('forget me\r')
  await third.peer.has('forget me\n')
  third.client.write('\x1b[A\r')
  await third.peer.has('forget me\nforget me\n')
  assert.doesNotMatch(third.peer.text, /remember/)
  assert.equal(readFileSync(file, 'utf8'), 'remember me\n')
})

test('a history that others could read is closed to them', { skip }, async (t) => {
  const state = temporaryFolder(t)
  mkdirSync(join(state, 'sockpit'))
  const file = join(state, 'sockpit', 'history')
  writeFileSync(file, 'from before\n', { mode: 0o644 })
  const { client, peer } = await promptWithPeer(t, '', state)
  client.write('\x1b[A\r')
  await peer.has('from before\n')
  assert.equal(statSync(file).mode & 0o777, 0o600)
})

test('Ctrl-D is the end of stdin: our FIN, and what still comes is shown; exit 0', { skip }, async (t) => {
  const { client, peer } = await promptWithPeer(t)
  client.write('last\r\x04')
  assert.equal((await peer.whole()).toString(), 'last\n')
  peer.socket.end('farewell\n')
  const { code } = await client.exit
  assert.equal(code, 0)
  assert.match(client.stdout.toString(), /farewell\\n/)
})

test('an error is broken at words, not where the terminal ends', { skip }, async (t) => {
  const { port } = await openMailbox(t)
  const client = onTerminal(t, `stty cols 60; ${sockpitCommand} udp-client 127.0.0.1 ${port} --no-color`)
  await client.printed('udp> ')
  client.write('/pause\r')
  await client.printed('then fg')
  assert.match(
    client.stdout.toString(),
    /sockpit: \/pause cannot be done here: UDP has no flow ?\r\n {9}control, so/,
  )
})
