/** Signals, terminals and too few files: who ends, how, and what it leaves behind. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, type TestContext, test } from 'node:test'
import { connectTo, keepPeers, listenHere } from '../e2e/sockets.ts'
import {
  isOver,
  overTcp,
  overWebSocket,
  type Running,
  serve,
  sockpitCommand,
  start,
  startProgram,
} from '../e2e/sockpit.ts'
import { onTerminal, skip, withoutPrompt } from '../e2e/terminals.ts'
import { answerByHand, grant, openTheirs, serveEcho, serveTheirs } from '../e2e/web-sockets.ts'
import { honestStream } from './honest.ts'

// Side by side: most of these wait for something.
describe('signals', { concurrency: 3 }, () => {
  const signals = [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const

  /** Within so long, milliseconds, it has to end: two seconds, and what a busy machine adds. */
  const limitMs = 3_000

  async function endedBy(running: Running, signal: NodeJS.Signals) {
    const startedAt = performance.now()
    running.kill(signal)
    const outcome = await running.exit
    const tookMs = performance.now() - startedAt
    assert.ok(tookMs < limitMs, `${signal} took ${Math.round(tookMs)} ms`)
    return { ...outcome, tookMs }
  }

  /** A chargen server with a client that reads nothing, once its bytes wait in the server. */
  async function serveStuck(t: TestContext) {
    const { server, port } = await serve(t, ['--service', 'chargen', '--stall-timeout', '0'])
    const peer = await connectTo(t, port, { read: false })
    await server.event('stalled')
    return { server, port, peer }
  }

  for (const [signal, code] of signals) {
    test(`${signal} → an idle server ends with ${code}`, async (t) => {
      const { server } = await serve(t)
      const outcome = await endedBy(server, signal)
      assert.equal(outcome.code, code)
      assert.doesNotMatch(outcome.stderr, /sockpit: /)
    })

    test(`${signal} closes the clients of a server, tells it, and ends with ${code}`, async (t) => {
      const { server, port } = await serve(t, ['--echo'])
      const peers = [await connectTo(t, port), await connectTo(t, port)]
      await server.event('opened', ({ socket }) => socket === 'server#2')
      assert.equal((await endedBy(server, signal)).code, code)
      await Promise.all(peers.map(({ fin }) => fin))
      assert.deepEqual(
        server
          .eventsOf('closed')
          .map(overTcp)
          .map(({ socket, first, how }) => [socket, first, how])
          .sort(),
        [
          ['server#1', 'us', 'fin'],
          ['server#2', 'us', 'fin'],
        ],
      )
    })

    test(`${signal} ends a server whose client never reads with ${code}`, async (t) => {
      const { server } = await serveStuck(t)
      assert.equal((await endedBy(server, signal)).code, code)
      const { first, unsent } = overTcp(await server.event('closed'))
      assert.equal(first, 'us')
      assert.ok(unsent > 0, 'what never left is counted')
    })

    test(`${signal} closes the connection of a client and ends with ${code}`, async (t) => {
      const { peerAt, port } = await keepPeers(t, (peer) => {
        peer.socket.write('hello')
      })
      const client = start(t, ['tcp-client', '127.0.0.1', String(port), '--json'], { stdin: 'pipe' })
      await client.received('client', 'hello')
      const { code: ended, stdout } = await endedBy(client, signal)
      assert.equal(ended, code)
      assert.match(stdout.toString(), /"kind":"closed"[^\n]*\n$/)
      await (await peerAt(0)).fin
    })
  }

  test('a second signal → at once, with its own code', async (t) => {
    const { server, port } = await serveStuck(t)
    const startedAt = performance.now()
    server.kill('SIGINT')
    await untilRefused(t, port)
    server.kill('SIGTERM')
    const { code } = await server.exit
    const tookMs = performance.now() - startedAt
    assert.equal(code, 143)
    assert.ok(tookMs < 1_400, `both took ${Math.round(tookMs)} ms`)
    assert.ok(
      server.eventsOf('closed').every(({ socket }) => socket !== 'server#1'),
      'nothing was waited for',
    )
  })

  /** The first signal has been heard: nobody listens any more. */
  async function untilRefused(t: TestContext, port: number): Promise<void> {
    for (let tries = 0; tries < 1_000; tries++) {
      try {
        const { socket } = await connectTo(t, port)
        socket.destroy()
      } catch {
        return
      }
    }
    throw new Error('it still listens')
  }

  test('a signal while connecting or between two retries ends it', async (t) => {
    const client = start(t, ['tcp-client', '127.0.0.1', '1', '--retry', '20', '--json'])
    await client.event('note', ({ text }) => text.includes('(2 of 20)'))
    const { code, stderr } = await endedBy(client, 'SIGINT')
    assert.equal(code, 130)
    assert.doesNotMatch(stderr, /sockpit: /)
  })

  test('a signal while a script waits ends it', async (t) => {
    const port = await listenHere(t, () => {})
    const client = start(t, [
      'tcp-client',
      '127.0.0.1',
      String(port),
      '--json',
      '-e',
      'x',
      '-e',
      '/wait 1m',
      '-e',
      'y',
    ])
    await client.event('bytes')
    const { code, stderr } = await endedBy(client, 'SIGTERM')
    assert.equal(code, 143)
    assert.doesNotMatch(stderr, /sockpit: /)
    assert.equal(client.eventsOf('bytes').length, 1)
  })

  test('what was received before the signal reaches a slow reader whole', async (t) => {
    const { server, port } = await serve(t, [], { stderr: 'pipe' })
    const quiet = start(t, ['tcp-client', '127.0.0.1', String(port), '--on-eof', 'stay', '--json'], {
      unread: true,
    })
    await server.event('opened')
    const payload = Buffer.alloc(300_000, 'payload that waits in a pipe\n')
    const source = await listenHere(t, ({ socket }) => socket.write(payload))
    const reader = start(t, ['tcp-client', '127.0.0.1', String(source), '--on-eof', 'stay', '-v'], {
      unread: true,
    })
    await reader.said(/connected to/)
    await reader.said(/connected to/)
    reader.kill('SIGINT')
    quiet.kill('SIGINT')
    quiet.readOutput()
    reader.readOutput()
    const { code, stdout } = await reader.exit
    assert.equal(code, 130)
    assert.ok(payload.subarray(0, stdout.length).equals(stdout))
    assert.equal((await quiet.exit).code, 130)
    assert.equal(quiet.events.at(-1)?.kind, 'closed')
  })

  test('a reader that takes nothing does not keep it from ending', async (t) => {
    const source = await listenHere(t, ({ socket }) => {
      socket.write(Buffer.alloc(8 * 2 ** 20))
    })
    const client = start(t, ['tcp-client', '127.0.0.1', String(source), '--on-eof', 'stay', '-v'], {
      unread: true,
    })
    await client.said(/connected to/)
    const startedAt = performance.now()
    client.kill('SIGINT')
    // The exit, not the end of its output, which nobody reads.
    const code = await new Promise((resolve) => client.child.on('exit', resolve))
    const tookMs = performance.now() - startedAt
    assert.equal(code, 130)
    assert.ok(tookMs < limitMs, `it took ${Math.round(tookMs)} ms`)
  })

  for (const [signal, code] of signals) {
    test(`${signal} → everybody of ws-echo gets 1001, ${code}`, async (t) => {
      const { server, url } = await serveEcho(t)
      const all = [await openTheirs(t, url), await openTheirs(t, url)]
      server.kill(signal)
      assert.equal((await server.exit).code, code)
      assert.deepEqual(await Promise.all(all.map((their) => their.closed())), [
        [1001, ''],
        [1001, ''],
      ])
      const verdicts = server.eventsOf('closed').map(overWebSocket)
      assert.deepEqual(
        verdicts.map(({ first, clean }) => [first, clean]),
        [
          ['us', true],
          ['us', true],
        ],
      )
    })
  }

  for (const [signal, code] of signals) {
    test(`${signal} → the server of ws-client gets 1001, ${code}`, async (t) => {
      const { url, theirs } = await serveTheirs(t)
      const client = start(t, ['ws-client', url, '--json'], { stdin: 'pipe' })
      await client.event('opened', (event) => isOver(event, 'websocket'))
      client.kill(signal)
      assert.equal((await client.exit).code, code)
      assert.deepEqual(await theirs[0]?.closed(), [1001, ''])
      assert.equal(client.events.at(-1)?.kind, 'closed')
    })
  }

  test('SIGINT → drained within 2 s, 130, where the close frame is never answered', async (t) => {
    const port = await answerByHand(t, (peer, { accept }) => {
      peer.socket.write(grant(accept))
    })
    const client = start(t, ['ws-client', `ws://127.0.0.1:${port}`, '--json'], { stdin: 'pipe' })
    await client.event('opened', (event) => isOver(event, 'websocket'))
    const startedAt = performance.now()
    assert.equal((await client.interrupt()).code, 130)
    assert.ok(performance.now() - startedAt < 3_000)
  })

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

test('ulimit -n 64 and 200 connects → refusals counted and told, later connects served', async (t) => {
  const script = `ulimit -n 64; exec ${sockpitCommand} tcp-server 0 --echo --json`
  const server = startProgram(t, 'sh', ['-c', script])
  const { port } = (await server.event('listening')).local
  const peers = await Promise.all(Array.from({ length: 200 }, () => connectTo(t, port)))
  await server.event('limit', ({ count }) => count + server.eventsOf('opened').length === 200)
  const limits = server.eventsOf('limit')
  const openedFirst = server.eventsOf('opened').length
  assert.ok(openedFirst >= 16 && openedFirst < 64, `${openedFirst} were served`)
  assert.deepEqual(
    limits.map(({ what, count, limit }) => [what, count, limit]),
    limits.map((_, index) => ['connections', index + 1, openedFirst]),
  )
  assert.match(limits[0]?.detail ?? '', /ulimit -n/)
  for (const { socket } of peers) socket.end('bye')
  await server.event('closed', () => server.eventsOf('closed').length === openedFirst)
  const later = await Promise.all(Array.from({ length: 10 }, () => connectTo(t, port)))
  for (const peer of later) peer.socket.end('later')
  for (const peer of later) assert.equal((await peer.whole()).toString(), 'later')
  const { code, stderr } = await server.interrupt()
  assert.equal(code, 130)
  assert.doesNotMatch(stderr, /sockpit: /)
})
