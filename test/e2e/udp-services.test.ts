import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import {
  assertEchoes,
  type Mailbox,
  openMailbox,
  serveDatagrams,
  told,
  toldTexts,
  untilTold,
} from './datagrams.ts'
import { overUdp, type Running } from './sockpit.ts'

// Side by side: most of these wait for something.
describe('services of udp-server', { concurrency: 3 }, () => {
  for (const [args, service] of [
    [['--echo'], 'echo'],
    [['--service', 'echo', '--echo'], 'echo'],
  ] as const) {
    test(`${args.join(' ')} sends each datagram back, the empty one too, and counts them`, async (t) => {
      const { server, port } = await serveDatagrams(t, args)
      assert.equal(server.eventsOf('listening')[0]?.service, service)
      const mailbox = await openMailbox(t)
      for (const payload of ['one', '', 'three']) await mailbox.send(payload, port)
      await mailbox.at(2)
      assert.deepEqual(mailbox.texts, ['one', '', 'three'])
      assert.equal((await server.interrupt()).code, 130)
      const { sent, received, connected, unsent } = overUdp(await server.event('closed'))
      assert.deepEqual([sent.datagrams, sent.bytes, received.datagrams, received.bytes], [3, 8, 3, 8])
      assert.deepEqual([connected, unsent], [false, 0])
    })
  }

  test('discard and none take everything and say nothing', async (t) => {
    for (const service of ['discard', 'none']) {
      const { server, port } = await serveDatagrams(t, ['--service', service, '-n', '2'])
      const mailbox = await openMailbox(t)
      await mailbox.send('one', port)
      await mailbox.send('two', port)
      assert.equal((await server.exit).code, 0)
      assert.deepEqual(toldTexts(server, 'received'), ['one', 'two'])
      const { sent } = overUdp(await server.event('closed'))
      assert.deepEqual([service, sent.datagrams, mailbox.texts], [service, 0, []])
    }
  })

  test('chargen answers with characters, never with more than it was sent', async (t) => {
    const { port } = await serveDatagrams(t, ['--service', 'chargen'])
    const mailbox = await openMailbox(t)
    for (const size of [0, 1, 100, 512, 600]) await mailbox.send(Buffer.alloc(size), port)
    await mailbox.at(4)
    assert.deepEqual(
      mailbox.letters.map(({ payload }) => payload.length),
      [0, 1, 100, 512, 512],
    )
    const ring = Array.from({ length: 95 }, (_, index) => String.fromCharCode(0x20 + index)).join('')
    assert.equal(mailbox.texts[2], `${ring.slice(0, 72)}\r\n${ring.slice(1, 27)}`)
  })

  test('daytime and time answer whatever comes with the time', async (t) => {
    const [daytime, time] = await Promise.all(
      ['daytime', 'time'].map((service) => serveDatagrams(t, ['--service', service])),
    )
    const mailbox = await openMailbox(t)
    await mailbox.send('what time is it?', daytime?.port ?? 0)
    const line = (await mailbox.at(0)).payload.toString()
    assert.match(line, /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT\r\n$/)
    const awayMs = Math.abs(Date.parse(line.trim()) - Date.now())
    assert.ok(awayMs < 30_000, `${awayMs} ms away`)
    await mailbox.send('', time?.port ?? 0)
    const { payload } = await mailbox.at(1)
    assert.equal(payload.length, 4)
    const since1900 = (Date.now() - Date.parse('1900-01-01T00:00:00Z')) / 1000
    assert.ok(Math.abs(payload.readUInt32BE() - since1900) < 30)
  })

  async function trafficOf(server: Running) {
    await server.interrupt()
    return overUdp(await server.event('closed'))
  }

  test('a client that sends back what it gets, and now and then by itself, is answered without end', async (t) => {
    const { server, port } = await serveDatagrams(t, ['--echo'])
    const most = 3_000
    let repeated: NodeJS.Timeout | undefined
    const client = await openMailbox(t, {
      onLetter: ({ payload }, mailbox) => {
        if (mailbox.letters.length < most) void mailbox.send(payload, port)
      },
    })
    t.after(() => clearInterval(repeated))
    // What gets no answer is sent anew, as clients do.
    repeated = setInterval(() => void client.send('once more', port), 200)
    await client.send('ping', port)
    await client.at(most - 1)
    // It was taken for a loop once, while it kept silent.
    const { what, count, remote } = await server.event('limit')
    assert.deepEqual([what, count, remote?.port], ['loop', 1, client.port])
    assert.equal(server.eventsOf('limit').length, 1)
  })

  test('a source port below 1024 is never answered: told, and others are', async (t) => {
    const low = await lowMailbox(t)
    if (low === undefined) {
      t.skip('ports below 1024 need privileges here')
      return
    }
    const { server, port } = await serveDatagrams(t, ['--echo'])
    await low.send('one service to another', port)
    await low.send('once more', port)
    const { what, detail, remote, socket } = await server.event('limit', ({ count }) => count === 2)
    assert.deepEqual([what, remote?.port, socket], ['answer', low.port, 'server#1'])
    assert.match(detail, new RegExp(`^port ${low.port} is a service's port`))
    await assertEchoes(t, port)
    await untilTold(server, 'sent', 1)
    assert.equal((await trafficOf(server)).sent.datagrams, 1)
    assert.ok(told(server, 'sent').every((one) => one.remote.port !== low.port))
    assert.deepEqual(low.letters, [])
  })

  /** On a port of a service, where that is allowed. */
  async function lowMailbox(t: TestContext): Promise<Mailbox | undefined> {
    for (const port of [1023, 1022, 1021]) {
      try {
        return await openMailbox(t, { port })
      } catch (error) {
        if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') continue
        return undefined
      }
    }
    return undefined
  }
})
