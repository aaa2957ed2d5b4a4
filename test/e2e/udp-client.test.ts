import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import {
  closedDatagramPort,
  echo,
  freeDatagramPort,
  openMailbox,
  serveDatagrams,
  told,
  toldTexts,
  untilTold,
  withoutIpv6,
} from './datagrams.ts'
import { overUdp, run, start, temporaryFolder, text } from './sockpit.ts'
import { resolveTo } from './stand-ins.ts'

// Side by side: most of these wait for something.
describe('udp-client', { concurrency: 6 }, () => {
  const everyByte = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))

  /** A client of 127.0.0.1 that tells JSON. */
  function startClient(
    t: TestContext,
    port: number,
    args: readonly string[],
    stdin: string | Buffer | number,
  ) {
    return start(t, ['udp-client', '127.0.0.1', String(port), '--json', ...args], { stdin })
  }

  test('every byte value passes through stdin, echo and stdout in one datagram, and nothing else', async (t) => {
    const { server, port } = await serveDatagrams(t, ['--echo'])
    const args = ['udp-client', '127.0.0.1', String(port), '--split', 'none', '-n', '1']
    const { code, stdout, stderr } = await run(t, args, { stdin: everyByte })
    assert.deepEqual([code, stdout.equals(everyByte), stderr], [0, true, ''])
    await untilTold(server, 'received', 1)
    assert.deepEqual(
      told(server, 'received').map(({ size, payload }) => [size, everyByte.equals(payload)]),
      [[256, true]],
    )
  })

  test('-n ends after so many datagrams', async (t) => {
    const mailbox = await openMailbox(t, {
      onLetter: ({ from }, { socket }) => {
        for (const answer of ['one', 'two', 'three', 'four', 'five'])
          socket.send(answer, from.port, from.address)
      },
    })
    const args = ['udp-client', '127.0.0.1', String(mailbox.port), '-n', '3', '--on-eof', 'stay']
    const outcome = await run(t, args, { stdin: 'question' })
    assert.deepEqual([outcome.code, text(outcome), outcome.stderr], [0, 'one\ntwo\nthree\n', ''])
  })

  test('-w ends after so long with nothing happening', async (t) => {
    const mailbox = await openMailbox(t, {
      onLetter: ({ from }, { socket }) => setTimeout(() => socket.send('late', from.port, from.address), 200),
    })
    const client = startClient(t, mailbox.port, ['-w', '1200ms', '--on-eof', 'stay'], 'question')
    assert.equal((await client.exit).code, 0)
    assert.deepEqual(toldTexts(client, 'received'), ['late'])
    const [closed, last] = [client.events.at(-1), told(client, 'received').at(-1)]
    const quietMs = (closed?.at ?? 0) - (last?.at ?? 0)
    assert.ok(closed?.kind === 'closed' && quietMs >= 1_190 && quietMs < 10_000, `ended after ${quietMs} ms`)
  })

  test('a reply 700 ms after the end of standard input is printed, and the next second begins', async (t) => {
    const mailbox = await openMailbox(t, {
      onLetter: ({ from }, { socket }) => {
        setTimeout(() => socket.send('slow answer', from.port, from.address), 700)
        setTimeout(() => socket.send('slower one', from.port, from.address), 1_400)
      },
    })
    const args = ['udp-client', '127.0.0.1', String(mailbox.port)]
    const outcome = await run(t, args, { stdin: 'question' })
    assert.deepEqual([outcome.code, text(outcome), outcome.stderr], [0, 'slow answer\nslower one\n', ''])
  })

  test('--no-connect hears nothing of a closed port: silence, exit 0', async (t) => {
    const port = await closedDatagramPort(t)
    const client = startClient(t, port, ['--no-connect'], 'one\ntwo\nthree\n')
    const { code, stderr } = await client.exit
    assert.deepEqual([code, stderr], [0, ''])
    assert.equal(overUdp(await client.event('opened')).connected, false)
    const { connected, refused, sent, received } = overUdp(await client.event('closed'))
    assert.deepEqual([connected, refused, sent.datagrams, received.datagrams], [false, 0, 3, 0])
    assert.deepEqual([client.eventsOf('refused'), client.eventsOf('failed')], [[], []])
  })

  test('a refusal is an error also where a script ends with /quit', async (t) => {
    const port = await closedDatagramPort(t)
    const script = ['-e', 'hi', '-e', '/wait 200ms', '-e', '/quit']
    const { code, stderr } = await run(t, ['udp-client', '127.0.0.1', String(port), '-q', ...script])
    assert.equal(code, 1)
    assert.match(stderr, /^sockpit: Nobody listens on /)
  })

  test('a mistake in a script that comes over standard input is told, whatever else went wrong', async (t) => {
    const port = await closedDatagramPort(t)
    const words = ['udp-client', '127.0.0.1', String(port), '-q', '--script', '-']
    const { code, stderr } = await run(t, words, { stdin: 'hi\n/wait 200ms\n/bogus\n' })
    assert.equal(code, 2)
    assert.match(stderr, /^sockpit: standard input:3: "\/bogus" is no verb/)
  })

  test('a server that restarts: the refusal is told, and nothing that is sent afterwards is lost', async (t) => {
    const port = await freeDatagramPort(t)
    const first = await serveDatagrams(t, ['--echo'], { address: String(port) })
    const client = start(t, ['udp-client', '127.0.0.1', String(port), '--json', '--script', '-'], {
      stdin: 'pipe',
    })
    client.write('before\n')
    await untilTold(client, 'received', 1)
    first.server.kill('SIGKILL')
    await first.server.exit
    client.write('lost 1\nlost 2\nlost 3\n')
    await untilTold(client, 'sent', 4)
    await client.event('refused')
    await serveDatagrams(t, ['--echo'], { address: String(port) })
    const after = Array.from({ length: 20 }, (_, number) => `after ${number}`)
    client.write(`${after.join('\n')}\n`)
    await untilTold(client, 'received', 21)
    client.write('/quit\n')
    const { code, stderr } = await client.exit
    assert.deepEqual(toldTexts(client, 'received'), ['before', ...after])
    assert.equal(client.eventsOf('refused').length, 1)
    assert.equal(code, 0)
    assert.doesNotMatch(stderr, /sockpit: /)
  })

  test('a stranger is not heard by a connected client, and heard by another one as who it is', async (t) => {
    const [mailbox, stranger] = [await openMailbox(t), await openMailbox(t)]
    for (const [more, who] of [
      [[], [mailbox.port]],
      [['--no-connect'], [stranger.port, mailbox.port]],
    ] as const) {
      const args = ['udp-client', '127.0.0.1', String(mailbox.port), '--json', '--on-eof', 'stay', ...more]
      const client = start(t, args)
      const { local } = await client.event('opened')
      await stranger.send('from a stranger', local.port, '127.0.0.1')
      await mailbox.send('from the one', local.port, '127.0.0.1')
      await untilTold(client, 'received', who.length)
      const ports = told(client, 'received').map(({ remote, payload }) => [
        remote.port,
        `${Buffer.from(payload)}`,
      ])
      const texts = new Map([
        [stranger.port, 'from a stranger'],
        [mailbox.port, 'from the one'],
      ])
      assert.deepEqual(
        ports,
        who.map((port) => [port, texts.get(port)]),
      )
      await client.interrupt()
    }
  })

  test('--sequence: both verdicts report what the numbers tell, and the round trips', async (t) => {
    const { server, port } = await serveDatagrams(t, ['--echo'])
    const client = startClient(t, port, ['--sequence', '-n', '30'], 'payload\n'.repeat(30))
    assert.equal((await client.exit).code, 0)
    await server.interrupt()
    for (const running of [server, client]) {
      const { sequence } = overUdp(await running.event('closed'))
      const { jitterMs, ...counts } = sequence ?? { jitterMs: -1 }
      assert.deepEqual(counts, { received: 30, lost: 0, duplicates: 0, reordered: 0 })
      assert.ok(jitterMs >= 0 && jitterMs < 10_000)
      assert.deepEqual(
        told(running, 'received').map(({ number, size }) => [number, size]),
        Array.from({ length: 30 }, (_, index) => [index + 1, 24 + 7]),
      )
    }
    const { count, minMs, meanMs, maxMs } = overUdp(await client.event('closed')).roundTrips ?? {}
    assert.equal(count, 30)
    assert.ok(minMs !== undefined && meanMs !== undefined && maxMs !== undefined)
    assert.ok(minMs > 0 && minMs <= meanMs && meanMs <= maxMs && maxMs < 10_000)
    assert.equal(overUdp(await server.event('closed')).roundTrips, undefined)
  })

  test('--sequence into a pipe: what was sent comes out again, without the header', async (t) => {
    const { port } = await serveDatagrams(t, ['--echo'])
    const args = ['udp-client', '127.0.0.1', String(port), '--sequence', '-n', '2']
    const outcome = await run(t, args, { stdin: 'one\ntwo\n' })
    assert.deepEqual([outcome.code, text(outcome)], [0, 'one\ntwo\n'])
  })

  test('a relay that drops every tenth, doubles one and swaps two is seen through exactly', async (t) => {
    const { server, port } = await serveDatagrams(t)
    let count = 0
    let held: Uint8Array = Buffer.alloc(0)
    const relay = await openMailbox(t, {
      onLetter: ({ payload }, mailbox) => {
        count += 1
        if (count % 10 === 0) return
        if (count === 14) {
          held = payload
          return
        }
        const onward = count === 5 ? [payload, payload] : count === 15 ? [payload, held] : [payload]
        for (const one of onward) void mailbox.send(one, port)
      },
    })
    const client = startClient(t, relay.port, ['--sequence'], 'x\n'.repeat(35))
    assert.equal((await client.exit).code, 0)
    await untilTold(server, 'received', 33)
    await server.interrupt()
    const { jitterMs, ...counts } = overUdp(await server.event('closed')).sequence ?? {}
    assert.deepEqual(counts, { received: 33, lost: 3, duplicates: 1, reordered: 1 })
    const numbers = told(server, 'received').map(({ number }) => number)
    assert.deepEqual(numbers.slice(3, 7), [4, 5, 5, 6])
    assert.deepEqual(numbers.slice(11, 15), [12, 13, 15, 14])
  })

  test('a name of this machine: IPv6 where that is asked for, else where servers listen', {
    skip: withoutIpv6,
  }, async (t) => {
    const six = await openMailbox(t, { address: '::1', onLetter: echo })
    const four = await openMailbox(t, { onLetter: echo })
    const names = resolveTo(t, ['::1', '127.0.0.1'])
    for (const [mailbox, args] of [
      [six, ['-6']],
      [four, []],
    ] as const) {
      const command = ['udp-client', 'here.test', String(mailbox.port), '--json', '-n', '1', ...args]
      const client = start(t, command, { stdin: 'hello', ...names })
      assert.equal((await client.exit).code, 0)
      assert.equal((await client.event('opened')).remote.address, mailbox.address)
      assert.deepEqual(toldTexts(client, 'received'), ['hello'])
    }
  })

  test('no such name: another line, exit 1', async (t) => {
    const { code, stderr } = await run(t, ['udp-client', 'no-such-name.invalid', '9'])
    assert.equal(code, 1)
    assert.match(stderr, /^sockpit: Cannot send to no-such-name\.invalid:9: [^\n]*\n$/)
  })

  test('a script: /send, /hex, /file, /expect and /quit', async (t) => {
    const path = join(temporaryFolder(t), 'file')
    writeFileSync(path, 'of a file\n')
    const mailbox = await openMailbox(t, { onLetter: echo })
    const lines = [
      'plain',
      '/send a\\x00b',
      '/hex ff 00',
      `/file ${path}`,
      '/send ""',
      '/expect "of a"',
      '/quit',
    ]
    const args = lines.flatMap((line) => ['-e', line])
    const client = startClient(t, mailbox.port, args, 'ignore')
    assert.equal((await client.exit).code, 0)
    assert.deepEqual(
      mailbox.letters.map(({ payload }) => payload.toString('latin1')),
      ['plain', 'a\0b', '\xff\0', 'of a file\n', ''],
    )
    assert.equal(client.eventsOf('expected')[0]?.met, true)
  })

  test('/wait drained waits until the kernel has everything', async (t) => {
    const mailbox = await openMailbox(t)
    const lines = ['one', 'two', 'three', '/wait drained', '/stats', '/quit']
    const args = ['--delay', '50ms', ...lines.flatMap((line) => ['-e', line])]
    const client = startClient(t, mailbox.port, args, 'ignore')
    assert.equal((await client.exit).code, 0)
    const { total } = overUdp(await client.event('stats'))
    assert.deepEqual([total.sent.datagrams, mailbox.texts], [3, ['one', 'two', 'three']])
  })

  test('/set changes the socket, and tells the new value in its unit', async (t) => {
    const mailbox = await openMailbox(t, { onLetter: echo })
    const lines = [
      '/set ttl 3',
      '/set multicast-ttl 2',
      '/set chunk 3',
      '/set truncate 2',
      'abcd',
      '/expect d',
      '/quit',
    ]
    const args = lines.flatMap((line) => ['-e', line])
    const client = startClient(t, mailbox.port, args, 'ignore')
    assert.equal((await client.exit).code, 0)
    assert.deepEqual(
      client.eventsOf('note').map((note) => note.text),
      ['ttl is 3 now', 'multicast-ttl is 2 now', 'chunk is 3 B now', 'truncate is 2 B now'],
    )
    assert.deepEqual(
      told(client, 'received').map(({ size, kept }) => [size, kept]),
      [
        [3, 2],
        [1, undefined],
      ],
    )
  })
})
