import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { openMailbox } from './datagrams.ts'
import { keepPeers } from './sockets.ts'
import { type Running, sockpitCommand, start } from './sockpit.ts'
import { onTerminal, promptWithPeer, screenOf, shows, skip } from './terminals.ts'

const [pasteStart, pasteEnd] = ['\x1b[200~', '\x1b[201~']
const [right, left, enter, leave] = ['\x1b[C', '\x1b[D', '\r', '\x1b']

/** A server on a terminal, with as many clients as are asked for. */
async function serverWithClients(t: TestContext, count: number, options = '') {
  const server = onTerminal(t, `${sockpitCommand} tcp-server 0 --time none --no-color ${options}`)
  await server.printed('> ')
  const [, port = ''] = /listening on 127\.0\.0\.1:(\d+)/.exec(server.stdout.toString()) ?? []
  const clients: Running[] = []
  for (let number = 1; number <= count; number += 1) {
    clients.push(start(t, ['tcp-client', '127.0.0.1', port, '--json', '--on-eof', 'stay'], { stdin: 'pipe' }))
    await server.printed(`#${number}      +`)
  }
  return { server, clients }
}

test('the prompt says how the connection stands, and with whom', { skip }, async (t) => {
  const { client, peer, port } = await promptWithPeer(t, '--half-open')
  await shows(client, new RegExp(`^127\\.0\\.0\\.1:${port} open>$`))
  client.write('/pause\r')
  await shows(client, / paused>$/)
  client.write('/resume\r')
  await shows(client, / open>$/)
  peer.socket.end()
  await shows(client, / half-closed by them>$/)
  client.write('/pause\r')
  await shows(client, / half-closed by them, paused>$/)
})

test('the prompt says that we ended our side', { skip }, async (t) => {
  const { client } = await promptWithPeer(t)
  client.write('/fin\r')
  await shows(client, / half-closed by us>$/)
})

test('where the terminal is narrow the prompt is short', { skip }, async (t) => {
  const { port } = await keepPeers(t)
  const client = onTerminal(t, `stty cols 30; ${sockpitCommand} tcp-client 127.0.0.1 ${port} --no-color`)
  await client.printed('> ')
  client.write('/pause\r')
  await client.printed('reading')
  client.write('typed')
  await client.printed('typed')
  assert.match(screenOf(client.stdout.toString()).at(-1) ?? '', /^> typed$/)
})

test('lines that are pasted go as they are, verbs too, and what was typed stays', { skip }, async (t) => {
  const { client, peer } = await promptWithPeer(t)
  client.write('typed')
  await client.printed('typed')
  client.write(`${pasteStart}one\r/quit\r\r\x1b[Alast${pasteEnd}`)
  await peer.has('one\n/quit\n\n\x1b[Alast')
  await shows(client, 'typed')
  client.write(enter)
  await peer.has('lasttyped\n')
})

test('one pasted line waits for Enter, and may be edited', { skip }, async (t) => {
  const { client, peer } = await promptWithPeer(t)
  client.write(`${pasteStart}one line\r${pasteEnd}`)
  await shows(client, 'one line')
  client.write('s\r')
  await peer.has('one lines\n')
})

test('a paste that is too long is refused, and nothing of it sent', { skip }, async (t) => {
  const { client, peer } = await promptWithPeer(t)
  client.write(`${pasteStart}${`${'x'.repeat(1023)}\r`.repeat(1025)}${pasteEnd}`)
  await client.printed('characters; at most 1,048,576 are sent')
  client.write('short\r')
  await peer.has('short\n')
  assert.equal(peer.text, 'short\n')
})

test('over UDP a paste is one datagram', { skip }, async (t) => {
  const mailbox = await openMailbox(t)
  const client = onTerminal(t, `${sockpitCommand} udp-client 127.0.0.1 ${mailbox.port} --no-color`)
  await client.printed(`127.0.0.1:${mailbox.port} udp> `)
  client.write(`${pasteStart}one\rtwo\r${pasteEnd}`)
  await client.printed('datagram  one')
  assert.equal((await mailbox.at(0)).payload.toString(), 'one\ntwo\n')
  assert.equal(mailbox.letters.length, 1)
})

test('/peers lets whom the lines mean be picked with the arrows', { skip }, async (t) => {
  const { server, clients } = await serverWithClients(t, 2)
  await shows(server, /^2 clients>$/)
  server.write('/peers\r')
  await shows(server, /^lines mean {2}\[all\] {2}#1 {3}#2/)
  server.write(right + right)
  await shows(server, /^lines mean {3}all {3}#1 {2}\[#2\]/)
  server.write(enter)
  await shows(server, /^#2 127\.0\.0\.1:\d+ open>$/)
  server.write('for you\r')
  await clients[1]?.received('client', 'for you\n')
  assert.deepEqual(clients[0]?.eventsOf('bytes'), [])
})

test('the picker goes round, leaves with Escape, and gives way to what is typed', { skip }, async (t) => {
  const { server, clients } = await serverWithClients(t, 2)
  server.write('/peers\r')
  await shows(server, /^lines mean {2}\[all\]/)
  server.write(left)
  await shows(server, /\[#2\]/)
  server.write(leave)
  await shows(server, /^2 clients>$/)
  server.write('/peers\r')
  await shows(server, /^lines mean {2}\[all\]/)
  server.write('to all')
  await shows(server, /^2 clients> to all$/)
  server.write(enter)
  for (const client of clients) await client.received('client', 'to all\n')
})

test('nobody is asked whom to mean where there is one client, or where the next line is typed already', {
  skip,
}, async (t) => {
  const one = await serverWithClients(t, 1)
  one.server.write('/peers\r')
  await one.server.printed('1 connection')
  one.server.write('to the only one\r')
  await one.clients[0]?.received('client', 'to the only one\n')
  assert.doesNotMatch(one.server.stdout.toString(), /lines mean/)
  const { server, clients } = await serverWithClients(t, 2)
  server.write('/peers\rtyped ahead')
  await server.printed('2 connections')
  await shows(server, 'typed ahead')
  server.write(enter)
  for (const client of clients) await client.received('client', 'typed ahead\n')
})

test('a terminal is asked to mark pastes, and no longer when the prompt goes, or is stopped', {
  skip,
}, async (t) => {
  const { port } = await keepPeers(t)
  const command = `${sockpitCommand} tcp-client 127.0.0.1 ${port} --no-color`
  const client = onTerminal(t, `set -m; ${command}; echo it stopped; fg; echo it ended`)
  const isMarked = (until = 'it ended'): boolean => {
    const [text = ''] = client.stdout.toString().split(until)
    return text.lastIndexOf('\x1b[?2004h') > text.lastIndexOf('\x1b[?2004l')
  }
  await client.printed('open> ')
  assert.ok(isMarked())
  client.write('\x1a')
  await client.printed('it stopped')
  assert.ok(!isMarked('it stopped'))
  // Keys are ours again: the terminal itself completes nothing.
  client.write('/st\t')
  await shows(client, '/stats')
  assert.ok(isMarked())
  client.write('\x03')
  await client.printed('it ended')
  assert.ok(!isMarked())
})

test('events stand above the picker', { skip }, async (t) => {
  const { server, clients } = await serverWithClients(t, 2)
  server.write('/peers\r')
  await shows(server, /^lines mean {2}\[all\]/)
  clients[0]?.write('an event')
  await server.printed('read   an event')
  await shows(server, /^lines mean {2}\[all\]/)
  const rows = screenOf(server.stdout.toString()).filter((row) => row.includes('lines mean'))
  assert.equal(rows.length, 1)
})

for (const [name, environment, option] of [
  ['a dumb terminal', 'TERM=dumb', ''],
  ['--plain', '', '--plain'],
] as const) {
  test(`${name} gets lines and nothing drawn, and what is typed is kept`, { skip }, async (t) => {
    const { peerAt, port } = await keepPeers(t)
    const words = `tcp-client 127.0.0.1 ${port} --time none ${option}`
    const client = onTerminal(t, `${environment} ${sockpitCommand} ${words}; echo "code $?"`)
    const peer = await peerAt(0)
    await client.printed('connected')
    client.write('half')
    await client.printed('half')
    peer.socket.write('an event\n')
    await client.printed('an event\\n')
    client.write(' a line\r')
    await peer.has('half a line\n')
    client.write('/quit\r')
    await client.printed('code 0')
    assert.doesNotMatch(client.stdout.toString(), /\x1b/)
  })
}

test('--plain says in words what is drawn elsewhere', async (t) => {
  const { peerAt, port } = await keepPeers(t)
  const words = [
    'tcp-client',
    '127.0.0.1',
    String(port),
    '--view',
    'log',
    '--plain',
    '--time',
    'none',
    '--color',
  ]
  const client = start(t, [...words, '-e', 'hello'], { stdin: 'pipe' })
  const peer = await peerAt(0)
  await peer.has('hello\n')
  peer.socket.end('bye')
  const { code, stdout } = await client.exit
  assert.equal(code, 0)
  const text = stdout
    .toString()
    .replace(/127\.0\.0\.1:\d+/g, 'A')
    .replace(/[\d.]+ m?s\b/g, 'T')
  assert.equal(
    text,
    [
      'client: connected to A in T, from A',
      'client: write, 6 B: hello\\n',
      'client: read, 3 B: bye',
      'client: they ended their side (FIN): no more to come',
      'client: we ended our side (FIN): no more will go out',
      'client: closed after T: they ended first (FIN), and we answered; in 3 B (1 read), out 6 B (1 write); nothing lost here',
      '',
    ].join('\n'),
  )
})

test('Ctrl-Z stops the whole pipeline, and fg brings it back', { skip }, async (t) => {
  const { peerAt, port } = await keepPeers(t)
  const client = onTerminal(
    t,
    `set -m; ${sockpitCommand} tcp-client 127.0.0.1 ${port} | cat; echo it stopped; fg`,
  )
  const peer = await peerAt(0)
  // The prompt is there: before it, keys are the terminal's own.
  await client.printed('\x1b[?2004h')
  client.write('half')
  await client.printed('half')
  client.write('\x1a')
  await client.printed('it stopped')
  client.write(' a line\r')
  await peer.has('half a line\n')
  peer.socket.write('through the pipe\n')
  await client.printed('through the pipe')
})

test('what takes long is said while it lasts, and leaves no trace', { skip }, async (t) => {
  const { peerAt, port } = await keepPeers(t)
  const client = onTerminal(t, `${sockpitCommand} ws-client 127.0.0.1:${port} --no-color; echo "code $?"`)
  await shows(client, new RegExp(`^connecting to ws://127\\.0\\.0\\.1:${port}/ …$`))
  ;(await peerAt(0)).socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n')
  await client.printed('code 5')
  assert.doesNotMatch(screenOf(client.stdout.toString()).join('\n'), /connecting to/)
})

test('where data goes to the screen, or nothing is to be said, it is not said', { skip }, async (t) => {
  const { peerAt, port } = await keepPeers(t)
  const options = ['--json', '--raw', '-q', '--plain']
  const lines = options.map((option) => `${sockpitCommand} ws-client 127.0.0.1:${port} ${option}`)
  const client = onTerminal(t, `${lines.join('; ')}; echo it ended`)
  for (const index of options.keys()) {
    const peer = await peerAt(index)
    await peer.has('\r\n\r\n')
    setTimeout(() => peer.socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n'), 500)
  }
  await client.printed('it ended')
  assert.doesNotMatch(client.stdout.toString(), /connecting to ws/)
})

test('what is quick is not said', { skip }, async (t) => {
  const { client } = await promptWithPeer(t)
  client.write('/wait 500ms\r/stats\r')
  await client.printed('1 connection')
  assert.doesNotMatch(client.stdout.toString(), /connecting to/)
})
