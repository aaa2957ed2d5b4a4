import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { connectTo, keepPeers, listenHere } from './sockets.ts'
import { overTcp, type Running, serve, start } from './sockpit.ts'

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
    test(`${signal} ends an idle server with ${code}`, async (t) => {
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

  test('a second signal ends at once, with its own code', async (t) => {
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
})
