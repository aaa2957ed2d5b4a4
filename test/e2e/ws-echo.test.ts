import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { openSync } from 'node:fs'
import { describe, test } from 'node:test'
import { onLinux, peakMiB } from './datagrams.ts'
import { connectTo } from './sockets.ts'
import { isOver, overWebSocket, run, start, text } from './sockpit.ts'
import {
  closePayload,
  everyByte,
  maskedFrame,
  openTheirs,
  serveEcho,
  type Their,
  upgradeByHand,
  upgradeRequest,
  verdictOn,
} from './web-sockets.ts'

/** Starts it in raw, its output thrown away: for loads of which nobody wants to be told. */
async function serveQuietly(t: Parameters<typeof start>[0], args: readonly string[] = []) {
  const stdout = openSync('/dev/null', 'w')
  const server = start(t, ['ws-echo', '127.0.0.1:0', '--raw', ...args], { stdout })
  const [, port] = await server.said(/listening\s+on\s+ws:\/\/127\.0\.0\.1:(\d+)\//)
  return { server, port: Number(port), url: `ws://127.0.0.1:${port}/` }
}

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

  for (const perMessageDeflate of [false, true]) {
    const how = perMessageDeflate ? 'compressed' : 'uncompressed'
    test(`16 MiB come back whole, one byte more is refused with 1009, ${how}`, async (t) => {
      const { url } = await serveQuietly(t)
      const options = { perMessageDeflate, maxPayload: 2 ** 25 }
      const limit = perMessageDeflate ? Buffer.alloc(2 ** 24, 'compressible ') : randomBytes(2 ** 24)
      const their = await openTheirs(t, url, options)
      assert.ok((await their.echo(limit))?.bytes.equals(limit))
      their.socket.send(Buffer.concat([limit, Buffer.from('x')]))
      assert.equal((await their.closed())[0], 1009)
    })
  }

  test('exactly --max-payload, in one frame and in many; one more is 1009 and told', async (t) => {
    const { server, port } = await serveEcho(t, ['--max-payload', '1000'])
    const whole = await upgradeByHand(t, port)
    whole.peer.socket.write(maskedFrame({ opcode: 2, payload: Buffer.alloc(1_000) }))
    whole.peer.socket.write(maskedFrame({ opcode: 2, payload: Buffer.alloc(600), fin: false }))
    whole.peer.socket.write(maskedFrame({ opcode: 0, payload: Buffer.alloc(400) }))
    await whole.has(2 * 1_004)
    // The declared length is judged before anything of the payload is there.
    whole.peer.socket.write(maskedFrame({ opcode: 2, declared: 1_001 }))
    await whole.peer.whole()
    assert.equal(whole.frames().at(-1)?.payload.readUInt16BE(), 1009)
    const { what, limit } = await server.event('limit')
    assert.deepEqual([what, limit], ['message', 1_000])
    assert.equal((await verdictOn(server, 'server#1')).sentCode, 1009)
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
    const { server, port } = await serveQuietly(t, ['--no-compress', '-v'])
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

  test('a flood of pings to a client that does not read: bounded, and the newest is answered', {
    skip: onLinux,
  }, async (t) => {
    const { server, port } = await serveQuietly(t)
    const peer = await connectTo(t, port, { read: false })
    peer.socket.write(upgradeRequest(port))
    const pings = Buffer.concat(
      Array.from({ length: 2_000 }, () => maskedFrame({ opcode: 9, payload: 'x'.repeat(125) })),
    )
    for (let sent = 0; sent < 60; sent += 1) peer.socket.write(pings)
    peer.socket.write(maskedFrame({ opcode: 9, payload: 'newest' }))
    peer.socket.write(maskedFrame({ opcode: 1, payload: 'last' }))
    await server.said(/pongs/)
    assert.ok(peakMiB(server) < 150, `${peakMiB(server)} MiB`)
    peer.socket.resume()
    await peer.has('newest')
    await peer.has('last')
  })

  test('an end without a close frame is told as 1006, by FIN and by RST; nobody else notices', async (t) => {
    const { server, port, url } = await serveEcho(t)
    const their = await openTheirs(t, url)
    const [fin, reset] = [await upgradeByHand(t, port), await upgradeByHand(t, port)]
    fin.peer.socket.end()
    reset.peer.socket.resetAndDestroy()
    const verdicts = [await verdictOn(server, 'server#2'), await verdictOn(server, 'server#3')]
    assert.deepEqual(
      verdicts.map(({ closeCode, first, how, clean }) => [closeCode, first, how, clean]),
      [
        [1006, 'peer', 'fin', false],
        [1006, 'peer', 'reset', false],
      ],
    )
    assert.equal((await their.echo('still here'))?.bytes.toString(), 'still here')
  })

  test('rules that a client breaks: the close code, the violation, and nobody else notices', async (t) => {
    const { server, port, url } = await serveEcho(t, ['--no-compress'])
    const their = await openTheirs(t, url)
    const rows: readonly [name: string, bytes: Buffer, code: number][] = [
      ['unmasked', maskedFrame({ opcode: 1, payload: 'x', masked: false }), 1002],
      ['RSV1', maskedFrame({ opcode: 1, payload: 'x', rsv: 4 }), 1002],
      ['opcode 3', maskedFrame({ opcode: 3 }), 1002],
      ['opcode 11', maskedFrame({ opcode: 11 }), 1002],
      ['a ping in fragments', maskedFrame({ opcode: 9, fin: false }), 1002],
      ['a ping of 126', maskedFrame({ opcode: 9, payload: 'x'.repeat(126) }), 1002],
      ['a continuation of nothing', maskedFrame({ opcode: 0, payload: 'x' }), 1002],
      [
        'a message inside a message',
        Buffer.concat([maskedFrame({ opcode: 1, fin: false }), maskedFrame({ opcode: 1 })]),
        1002,
      ],
      ['a length not in its shortest form', maskedFrame({ opcode: 1, payload: 'x', form: 16 }), 1002],
      ['a length of 2^63', maskedFrame({ opcode: 1, declared: 2n ** 63n, form: 64 }), 1002],
      ['a length of 2^62', maskedFrame({ opcode: 1, declared: 2n ** 62n, form: 64 }), 1009],
      ['text that is not UTF-8', maskedFrame({ opcode: 1, payload: Buffer.from([0xc0, 0xaf]) }), 1007],
      [
        'a bad byte in an unfinished frame',
        maskedFrame({ opcode: 1, payload: Buffer.from([0xff]), declared: 1_000 }),
        1007,
      ],
      ['a close of one byte', maskedFrame({ opcode: 8, payload: 'x' }), 1002],
      ['close code 1005', maskedFrame({ opcode: 8, payload: closePayload(1005) }), 1002],
      ['close code 999', maskedFrame({ opcode: 8, payload: closePayload(999) }), 1002],
      ['close code 5000', maskedFrame({ opcode: 8, payload: closePayload(5000) }), 1002],
      ['a reason that is not UTF-8', maskedFrame({ opcode: 8, payload: Buffer.from([3, 232, 0xff]) }), 1007],
    ]
    for (const [index, [name, bytes, code]] of rows.entries()) {
      const { peer, frames } = await upgradeByHand(t, port)
      peer.socket.write(bytes)
      await peer.fin
      const told = frames().map(({ opcode, payload }) => [opcode, payload.readUInt16BE()])
      assert.deepEqual([name, told], [name, [[8, code]]])
      const verdict = await verdictOn(server, `server#${index + 2}`)
      assert.deepEqual([name, verdict.first, verdict.sentCode, verdict.clean], [name, 'us', code, false])
    }
    assert.equal(server.eventsOf('violation').length + server.eventsOf('limit').length, rows.length)
    assert.ok(server.eventsOf('violation').every(({ section }) => /^RFC \d+ §/.test(section)))
    assert.equal((await their.echo('still here'))?.bytes.toString(), 'still here')
  })

  test('a message one byte at a time, and a ping inside a message, whose pong comes first', async (t) => {
    const { port } = await serveEcho(t)
    const { peer, has, frames } = await upgradeByHand(t, port)
    peer.socket.setNoDelay(true)
    const parts = [
      maskedFrame({ opcode: 1, payload: Buffer.from('€').subarray(0, 1), fin: false }),
      maskedFrame({ opcode: 9, payload: 'now' }),
      maskedFrame({ opcode: 0, payload: Buffer.from('€').subarray(1) }),
    ]
    for (const byte of Buffer.concat(parts)) peer.socket.write(Buffer.of(byte))
    await has(5 + 5)
    assert.deepEqual(
      frames().map(({ opcode, payload }) => [opcode, payload.toString()]),
      [
        [10, 'now'],
        [1, '€'],
      ],
    )
  })
})

describe('ws-echo: the end', { concurrency: 3 }, () => {
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const) {
    test(`${signal}: everybody is told 1001, then ${code}`, async (t) => {
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

  test('a client that never answers does not keep it, and a second signal ends it at once', async (t) => {
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
