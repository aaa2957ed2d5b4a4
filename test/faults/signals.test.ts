/** Signals end every command in time and in order, a second one at once. */
import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { echo, openMailbox, serveDatagrams, untilTold } from '../e2e/datagrams.ts'
import { connectTo, keepPeers, listenHere } from '../e2e/sockets.ts'
import { isOver, overTcp, overUdp, overWebSocket, type Running, serve, start } from '../e2e/sockpit.ts'
import {
  answerByHand,
  echoTheirs,
  grant,
  openTheirs,
  serveEcho,
  serveTheirs,
  upgradeByHand,
} from '../e2e/web-sockets.ts'

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

/** A command with a peer that is alive, and what both have to see of the signal. */
interface Live {
  readonly running: Running
  afterwards(): Promise<void>
}

const fromUs = { first: 'us', how: 'fin' }

function verdictsOf(running: Running) {
  return running.eventsOf('closed').map(overTcp)
}

/** Every command that has sockets, by what its peers see when a signal ends it. */
const commands: Readonly<Record<string, (t: TestContext) => Promise<Live>>> = {
  'tcp-server → FIN': async (t) => {
    const { server, port } = await serve(t, ['--echo'])
    const peers = [await connectTo(t, port), await connectTo(t, port)]
    await server.event('opened', ({ socket }) => socket === 'server#2')
    const afterwards = async () => {
      await Promise.all(peers.map(({ fin }) => fin))
      assert.deepEqual(
        verdictsOf(server).map(({ first, how }) => ({ first, how })),
        [fromUs, fromUs],
      )
    }
    return { running: server, afterwards }
  },
  'tcp-client → FIN': async (t) => {
    const { peerAt, port } = await keepPeers(t, ({ socket }) => socket.write('hello'))
    const running = start(t, ['tcp-client', '127.0.0.1', String(port), '--json'], { stdin: 'pipe' })
    await running.received('client', 'hello')
    const afterwards = async () => {
      await (await peerAt(0)).fin
      assert.equal(verdictsOf(running)[0]?.first, 'us')
    }
    return { running, afterwards }
  },
  'udp-server → the verdict': async (t) => {
    const { server, port } = await serveDatagrams(t, ['--echo'])
    const mailbox = await openMailbox(t)
    await mailbox.send('last words', port)
    assert.equal((await mailbox.at(0)).payload.toString(), 'last words')
    const afterwards = async () => {
      const { sent, received } = overUdp(await server.event('closed'))
      assert.deepEqual([sent.datagrams, received.datagrams], [1, 1])
    }
    return { running: server, afterwards }
  },
  'udp-client → the verdict': async (t) => {
    const { port } = await openMailbox(t, { onLetter: echo })
    const running = start(t, ['udp-client', '127.0.0.1', String(port), '--json', '-e', 'x'], {
      stdin: 'pipe',
    })
    await untilTold(running, 'received', 1)
    const afterwards = async () => {
      const { sent, received } = overUdp(await running.event('closed'))
      assert.deepEqual([sent.datagrams, received.datagrams], [1, 1])
    }
    return { running, afterwards }
  },
  'ws-echo → WebSocket 1001': async (t) => {
    const { server, url } = await serveEcho(t)
    const all = [await openTheirs(t, url), await openTheirs(t, url)]
    const afterwards = async () => {
      for (const their of all) assert.deepEqual(await their.closed(), [1001, ''])
      const verdicts = server.eventsOf('closed').map(overWebSocket)
      assert.deepEqual(
        verdicts.map(({ first, clean }) => ({ first, clean })),
        all.map(() => ({ first: 'us', clean: true })),
      )
    }
    return { running: server, afterwards }
  },
  'ws-client → WebSocket 1001': async (t) => {
    const { url, theirs } = await serveTheirs(t, echoTheirs)
    const running = start(t, ['ws-client', url, '--json', '-e', 'x'], { stdin: 'pipe' })
    await running.event('message', ({ direction }) => direction === 'received')
    const afterwards = async () => {
      assert.deepEqual(await theirs[0]?.closed(), [1001, ''])
      assert.equal(overWebSocket(await running.event('closed')).clean, true)
    }
    return { running, afterwards }
  },
}

// Side by side: most of these wait for something.
describe('signals', { concurrency: 3 }, () => {
  for (const [command, open] of Object.entries(commands)) {
    for (const [signal, code] of signals) {
      test(`${signal}: ${command}, within 2 s, ${code}`, async (t) => {
        const { running, afterwards } = await open(t)
        const outcome = await endedBy(running, signal)
        assert.deepEqual([outcome.code, outcome.stderr.match(/sockpit: .*/)], [code, null])
        assert.equal(running.events.at(-1)?.kind, 'closed')
        await afterwards()
      })
    }
  }

  function receivedBytes(running: Running): number {
    const received = running.eventsOf('bytes').filter(({ direction }) => direction === 'received')
    return received.reduce((sum, { size }) => sum + size, 0)
  }

  test('SIGINT: what TCP took is drained to who reads late', async (t) => {
    const size = 6 * 2 ** 20
    const { server, port } = await serve(t, ['--echo', '--max-queue', '64MiB'])
    const peer = await connectTo(t, port, { read: false })
    peer.socket.write(Buffer.alloc(size, 'x'))
    await server.event('stalled')
    await server.until('all of it', () => (receivedBytes(server) === size ? true : undefined))
    server.kill('SIGINT')
    await untilRefused(t, port)
    peer.socket.resume()
    assert.equal((await peer.whole()).length, size)
    assert.equal((await server.exit).code, 130)
    assert.equal(verdictsOf(server)[0]?.unsent, 0)
  })

  test('SIGINT: what a WebSocket took is drained to who reads late, then 1001', async (t) => {
    const { server, port, url } = await serveEcho(t, ['--max-queue', '64MiB'])
    const their = await openTheirs(t, url, { perMessageDeflate: false })
    their.socket.pause()
    const received = () => server.eventsOf('message').filter(({ direction }) => direction === 'received')
    let count = 0
    // As many as the kernel holds for a peer that does not read, and one that waits in the server.
    while (server.eventsOf('stalled').length === 0) {
      assert.ok(count < 48, 'the kernel takes everything')
      count += 1
      their.socket.send(Buffer.alloc(2 ** 20, 'x'))
      await server.until(`message ${count}`, () => (received().length === count ? true : undefined))
    }
    server.kill('SIGINT')
    await untilRefused(t, port)
    their.socket.resume()
    assert.deepEqual(await their.closed(), [1001, ''])
    assert.equal(their.messages.length, count)
    assert.equal((await server.exit).code, 130)
  })

  /** A chargen server with a client that reads nothing, once its bytes wait in the server. */
  async function serveStuck(t: TestContext) {
    const { server, port } = await serve(t, ['--service', 'chargen', '--stall-timeout', '0'])
    const peer = await connectTo(t, port, { read: false })
    await server.event('stalled')
    return { server, port, peer }
  }

  test('SIGINT: a peer that never reads does not keep a server, and what never left is counted', async (t) => {
    const { server } = await serveStuck(t)
    assert.equal((await endedBy(server, 'SIGINT')).code, 130)
    const { first, unsent } = overTcp(await server.event('closed'))
    assert.equal(first, 'us')
    assert.ok(unsent > 0)
  })

  test('SIGINT: a server that never answers the close frame does not keep ws-client', async (t) => {
    const port = await answerByHand(t, (peer, { accept }) => {
      peer.socket.write(grant(accept))
    })
    const client = start(t, ['ws-client', `ws://127.0.0.1:${port}`, '--json'], { stdin: 'pipe' })
    await client.event('opened', (event) => isOver(event, 'websocket'))
    assert.equal((await endedBy(client, 'SIGINT')).code, 130)
  })

  test('a second → at once: ws-echo, whose client never answers', async (t) => {
    const { server, port } = await serveEcho(t)
    const { has, frames } = await upgradeByHand(t, port)
    const startedAt = performance.now()
    server.kill('SIGINT')
    await has(4)
    assert.equal(frames()[0]?.payload.readUInt16BE(), 1001)
    server.kill('SIGTERM')
    assert.equal((await server.exit).code, 143)
    assert.ok(performance.now() - startedAt < 1_300)
  })

  test('a second → at once, with its own code: tcp-server, whose client never reads', async (t) => {
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

  test('a signal during the upgrade ends it', async (t) => {
    const { port, peerAt } = await keepPeers(t)
    const client = start(t, ['ws-client', `ws://127.0.0.1:${port}`, '--json'], { stdin: 'pipe' })
    await (await peerAt(0)).has('\r\n\r\n')
    const { code, stderr } = await endedBy(client, 'SIGINT')
    assert.equal(code, 130)
    assert.doesNotMatch(stderr, /sockpit: /)
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
