/** Processes that are stopped and go on, and the terminal that they leave. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { connectTo, keepPeers } from '../e2e/sockets.ts'
import { serve, sockpitCommand, start } from '../e2e/sockpit.ts'
import { onTerminal, skip, withoutPrompt } from '../e2e/terminals.ts'
import { honestStream } from './honest.ts'

test('SIGSTOP and SIGCONT of a server in the middle of a transfer → nothing lost', async (t) => {
  const { server, port } = await serve(t, ['--echo'])
  const peer = await connectTo(t, port)
  const bytes = randomBytes(4 * 2 ** 20)
  peer.socket.write(bytes)
  await peer.has(65_536)
  server.kill('SIGSTOP')
  // Nothing more comes but what is under way: a second server shows that time goes on meanwhile.
  const other = await serve(t, ['--echo'])
  const honest = await honestStream(t, other.port)
  for (let turn = 0; turn < 20; turn += 1) assert.equal(await honest(`turn ${turn}`), `turn ${turn}`)
  assert.ok(peer.received.length < bytes.length, 'it was stopped too late')
  server.kill('SIGCONT')
  peer.socket.end()
  assert.ok((await peer.whole()).equals(bytes))
  assert.equal((await server.interrupt()).code, 130)
})

test('SIGSTOP and SIGCONT of a client in the middle of a transfer → nothing lost', async (t) => {
  const bytes = randomBytes(4 * 2 ** 20)
  const { peerAt, port } = await keepPeers(t)
  const client = start(t, ['tcp-client', '127.0.0.1', String(port)])
  const { socket } = await peerAt(0)
  socket.end(bytes.subarray(0, 2 ** 20))
  await client.until('the first bytes', () => (client.stdout.length > 0 ? true : undefined))
  client.kill('SIGSTOP')
  client.kill('SIGCONT')
  const { code, stdout } = await client.exit
  assert.deepEqual([code, stdout.equals(bytes.subarray(0, 2 ** 20))], [0, true])
})

for (const [name, stop, code] of [
  ['Ctrl-C', '\x03', 130],
  ['Ctrl-D', '\x04', 0],
  ['/quit', '/quit\r', 0],
] as const) {
  test(`${name} → the terminal is as it was`, { skip }, async (t) => {
    const { peerAt, port } = await keepPeers(t, (peer) => {
      void peer.fin.then(() => peer.socket.end())
    })
    const command = `stty -g; ${sockpitCommand} tcp-client 127.0.0.1 ${port}; echo "code $?"; stty -g`
    const client = onTerminal(t, command)
    await client.printed('> ')
    client.write('typed but not sent')
    await client.printed('not sent')
    client.write(name === 'Ctrl-C' ? stop : `\x15${stop}`)
    await client.printed('code ')
    client.end()
    const text = (await client.exit).stdout.toString()
    const lines = text.split('\r\n').filter((line) => line !== '')
    assert.equal(withoutPrompt(lines.at(-2)), `code ${code}`)
    assert.match(lines[0] ?? '', /^[0-9a-f]+:/)
    assert.equal(lines.at(-1), lines[0])
    assert.equal((await peerAt(0)).text, '')
  })
}

test('a reset, and an end from outside → the terminal is as it was', { skip }, async (t) => {
  const { peerAt, port } = await keepPeers(t)
  for (const [action, code] of [
    [async () => (await peerAt(0)).socket.resetAndDestroy(), 1],
    [async () => (await peerAt(1)).socket.end(), 0],
  ] as const) {
    const command = `stty -g; ${sockpitCommand} tcp-client 127.0.0.1 ${port}; echo "code $?"; stty -g`
    const client = onTerminal(t, command)
    await client.printed('> ')
    await action()
    if (code === 0) client.write('\x04')
    await client.printed('code ')
    client.end()
    const lines = (await client.exit).stdout
      .toString()
      .split('\r\n')
      .filter((line) => line !== '')
    assert.deepEqual([withoutPrompt(lines.at(-2)), lines.at(-1)], [`code ${code}`, lines[0]])
  }
})
