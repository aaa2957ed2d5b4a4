import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, test } from 'node:test'
import { onLinux, peakMiB } from './datagrams.ts'
import { connectTo } from './sockets.ts'
import { isOver, overWebSocket, run, start, text } from './sockpit.ts'
import {
  everyByte,
  maskedFrame,
  openTheirs,
  serveEcho,
  serveEchoQuietly,
  type Their,
  upgradeByHand,
  upgradeRequest,
  verdictOn,
} from './web-sockets.ts'

// Side by side: most of these wait for something.
describe('ws-echo: messages', { concurrency: 3 }, () => {
  test('listening is line one, with a url', async (t) => {
    const { server, port, url } = await serveEcho(t)
    const [first] = server.events
    assert.ok(first?.kind === 'listening')
    assert.deepEqual(
      [first.seq, first.transport, first.local, first.reach, first.service, url],
      [
        1,
        'websocket',
        { address: '127.0.0.1', port, family: 'IPv4' },
        'loopback',
        'echo',
        `ws://127.0.0.1:${port}/`,
      ],
    )
  })

  test('raw shows what was received, each message and a line feed', async (t) => {
    const server = start(t, ['ws-echo', '127.0.0.1:0', '--raw', '-n', '3'])
    const [, port] = await server.said(/ws:\/\/127\.0\.0\.1:(\d+)\//)
    const their = await openTheirs(t, `ws://127.0.0.1:${port}/`)
    for (const payload of ['one', everyByte, 'three']) their.socket.send(payload)
    const { code, stdout } = await server.exit
    assert.equal(code, 0)
    assert.ok(stdout.equals(Buffer.concat([Buffer.from('one\n'), everyByte, Buffer.from('\nthree\n')])))
    assert.deepEqual(await their.closed(), [1001, ''])
  })

  test('a thousand clients, of which some go without a word: the others are whole', async (t) => {
    const { server, url } = await serveEcho(t, ['--no-compress'])
    const all: Their[] = []
    while (all.length < 1_000) {
      all.push(...(await Promise.all(Array.from({ length: 100 }, () => openTheirs(t, url)))))
    }
    await Promise.all(
      all.map(async (their, number) => {
        if (number % 10 === 3) {
          their.socket.terminate()
          return
        }
        const payload = `client ${number} `.repeat(20)
        assert.equal((await their.echo(payload))?.bytes.toString(), payload)
        their.socket.close(1000)
        assert.deepEqual(await their.closed(), [1000, ''])
      }),
    )
    await server.until('every verdict', () => (server.eventsOf('closed').length === 1_000 ? true : undefined))
    const verdicts = server.eventsOf('closed').map(overWebSocket)
    assert.equal(verdicts.filter(({ closeCode }) => closeCode === 1006).length, 100)
    assert.equal(verdicts.filter(({ clean }) => clean).length, 900)
  })

  test('verbs of a server reach one client, or all of them', async (t) => {
    const { server, url } = await serveEcho(t, ['--script', '-'], { stdin: 'pipe' })
    const [one, two] = [await openTheirs(t, url), await openTheirs(t, url)]
    server.write('/to 1 only one\n/all all of you\n/to 2 /close 4002 "off you go"\n')
    await one.has(2)
    await two.has(1)
    assert.deepEqual([one.texts, two.texts], [['only one', 'all of you'], ['all of you']])
    assert.deepEqual(await two.closed(), [4002, 'off you go'])
    server.write('/quit\n')
    assert.equal((await server.exit).code, 0)
    assert.equal((await one.closed())[0], 1001)
  })
})

describe('ws-echo: clients that do not behave', { concurrency: 3 }, () => {
  test('--ping-interval: who answers stays, who is deaf is given up', async (t) => {
    const { server, url, port } = await serveEcho(t, ['--ping-interval', '1s'])
    // In a process of its own: nothing that this one is busy with makes it late.
    const client = start(t, ['ws-client', url, '--json', '--on-eof', 'stay'])
    await client.event('opened', (event) => isOver(event, 'websocket'))
    const deaf = await upgradeByHand(t, port)
    const { socket, what, afterMs } = await server.event('timeout')
    assert.deepEqual([socket, what, afterMs], ['server#2', 'ping', 1_000])
    await deaf.has(2)
    assert.equal(deaf.frames()[0]?.opcode, 9)
    const verdict = await verdictOn(server, 'server#2')
    assert.deepEqual([verdict.closeCode, verdict.first, verdict.how], [1006, 'us', 'timeout'])
    const pongs = server.eventsOf('frame').filter(({ opcode }) => opcode === 10)
    assert.ok(pongs.some((pong) => pong.socket === 'server#1' && pong.roundTripMs !== undefined))
    assert.deepEqual(client.eventsOf('closed'), [])
  })

  test('--idle-timeout closes who says nothing', async (t) => {
    const { server, url } = await serveEcho(t, ['--idle-timeout', '300ms'])
    await (await openTheirs(t, url)).closed()
    assert.equal((await server.event('timeout')).what, 'idle')
  })

  test('20 MiB to a client that does not read: bounded, told, and whole once it reads', {
    skip: onLinux,
  }, async (t) => {
    const { server, port } = await serveEchoQuietly(t, ['--no-compress', '-v'])
    const peer = await connectTo(t, port, { read: false })
    const payload = randomBytes(2 ** 16)
    const message = maskedFrame({ opcode: 2, payload })
    peer.socket.write(upgradeRequest(port))
    const count = 320
    for (let sent = 0; sent < count; sent += 1) peer.socket.write(message)
    await server.said(/nothing\s+more\s+is\s+read\s+from\s+a\s+peer/)
    assert.ok(peakMiB(server) < 150, `${peakMiB(server)} MiB`)
    const other = await upgradeByHand(t, port)
    other.peer.socket.write(maskedFrame({ opcode: 1, payload: 'me too' }))
    await other.has(8)
    peer.socket.resume()
    await peer.has('\r\n\r\n')
    const head = peer.received.indexOf('\r\n\r\n') + 4
    await peer.has(head + count * (10 + payload.length))
    const echoed = peer.received.subarray(head)
    const unmasked = echoed.subarray(0, 10 + payload.length)
    assert.ok(unmasked.subarray(10).equals(payload))
    assert.ok(echoed.equals(Buffer.concat(Array.from({ length: count }, () => unmasked))))
  })

  test('who takes a long message slowly gets it as it was sent, whatever others say meanwhile', async (t) => {
    const { server, port } = await serveEchoQuietly(t, ['--no-compress'])
    const size = 15 * 2 ** 20
    const [slow, quick] = [await upgradeByHand(t, port), await upgradeByHand(t, port)]
    slow.peer.socket.pause()
    slow.peer.socket.write(maskedFrame({ opcode: 2, payload: Buffer.alloc(size, 'slow') }))
    await server.said(/nothing\s+more\s+is\s+read\s+from\s+a\s+peer/)
    // A part of it is taken, so that what it stood in is free; the rest still waits.
    slow.peer.socket.resume()
    await slow.has(2 ** 20)
    slow.peer.socket.pause()
    quick.peer.socket.write(maskedFrame({ opcode: 2, payload: Buffer.alloc(size, 'quick') }))
    await quick.has(10 + size)
    slow.peer.socket.resume()
    await slow.has(10 + size)
    assert.ok(slow.body().subarray(10).equals(Buffer.alloc(size, 'slow')))
    assert.ok(quick.body().subarray(10).equals(Buffer.alloc(size, 'quick')))
  })
})

describe('ws-echo: the end', { concurrency: 3 }, () => {
  test('a port that is taken: exit 1, and how to mend it', async (t) => {
    const { port } = await serveEcho(t)
    const { code, stderr, ...outcome } = await run(t, ['ws-echo', String(port)])
    assert.deepEqual([code, outcome.stdout.length], [1, 0])
    assert.match(stderr, /^sockpit: Cannot listen on 127\.0\.0\.1:\d+: [^\n]*EADDRINUSE[^\n]*\n$/)
  })

  test('two of ours talk to each other', async (t) => {
    const { url } = await serveEcho(t)
    const stdin = Array.from({ length: 2_000 }, (_, index) => `line ${index}\n`).join('')
    const outcome = await run(t, ['ws-client', url], { stdin })
    assert.deepEqual([outcome.code, text(outcome), outcome.stderr], [0, stdin, ''])
  })
})
