import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { after, describe, test } from 'node:test'
import { type ServiceName, serviceNames } from '../../src/net/service-names.ts'
import { characterPattern, daytime, time } from '../../src/net/services.ts'
import { TcpServer } from '../../src/net/tcp-server.ts'
import { read, recorder, signal } from './loopback.ts'

const quick = { timeout: 8_000 }
const date = new Date('1982-08-22T23:14:45Z')

describe('daytime (RFC 867)', () => {
  const rows: readonly [date: string, line: string][] = [
    ['1982-08-22T23:14:45Z', 'Sun, 22 Aug 1982 23:14:45 GMT\r\n'],
    ['2026-01-02T03:04:05.999+02:00', 'Fri, 02 Jan 2026 01:04:05 GMT\r\n'],
  ]
  for (const [given, line] of rows) test(given, () => assert.equal(daytime(new Date(given)), line))

  test('is printable ASCII and one line', () => assert.match(daytime(new Date()), /^[ -~]+\r\n$/))
})

describe('time (RFC 868)', () => {
  /** The examples of the RFC in decimal, then the wrap. */
  const rows: readonly [date: string, hex: string][] = [
    ['1900-01-01T00:00:00Z', '00000000'],
    ['1900-01-01T00:00:01Z', '00000001'],
    ['1970-01-01T00:00:00Z', (2_208_988_800).toString(16)],
    ['1970-01-01T00:00:00Z', '83aa7e80'],
    ['1976-01-01T00:00:00Z', (2_398_291_200).toString(16)],
    ['1980-01-01T00:00:00Z', (2_524_521_600).toString(16)],
    ['1983-05-01T00:00:00Z', (2_629_584_000).toString(16)],
    ['2000-01-01T00:00:00.999Z', 'bc17c200'],
    ['2036-02-07T06:28:15Z', 'ffffffff'],
    ['2036-02-07T06:28:16Z', '00000000'],
    ['2036-02-07T06:28:17Z', '00000001'],
  ]
  for (const [given, hex] of rows) {
    test(`${given} ${hex}`, () => assert.equal(Buffer.from(time(new Date(given))).toString('hex'), hex))
  }
})

describe('chargen (RFC 864)', () => {
  const all = Buffer.from(characterPattern()).toString('latin1')
  const lines = all.split('\r\n')

  test('is 95 lines of 72 and a line end', () => {
    assert.equal(all.length, 95 * 74)
    assert.equal(lines.pop(), '')
    assert.equal(lines.length, 95)
    for (const line of lines) assert.match(line, /^[ -~]{72}$/)
  })

  test('starts and ends as the pattern of the RFC', () => {
    assert.equal(lines[0], ' !"#$%&\'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefg')
    assert.equal(lines[1], '!"#$%&\'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefgh')
    assert.equal(lines[94], '~ !"#$%&\'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdef')
  })

  test('each line is the one before, one further on, and after the last comes the first', () => {
    for (const [index, line] of lines.slice(0, 95).entries()) {
      const next = lines[(index + 1) % 95] ?? ''
      assert.equal(next.slice(0, -1), line.slice(1))
      assert.notEqual(next, line)
    }
  })
})

test('the services are those of CLI.md', () => {
  assert.deepEqual(serviceNames, ['none', 'echo', 'discard', 'chargen', 'daytime', 'time', 'chat'])
})

describe('on a server', () => {
  const running: { server: TcpServer; sockets: Socket[] }[] = []
  after(async () => {
    for (const { sockets } of running) for (const socket of sockets) socket.destroy()
    await Promise.all(running.map(({ server }) => server.shutdown(100)))
  })

  async function serve(service: ServiceName, options: { readSize?: number } = {}) {
    const { teller, events, now } = recorder()
    const server = new TcpServer(
      {
        ...{ host: '127.0.0.1', port: 0, ipv6Only: false, service, once: false, maxConnections: 10 },
        ...{ backlog: 10, idleTimeoutMs: 0, rate: undefined, hold: false, readSize: options.readSize },
        ...{ chunk: undefined, delayMs: undefined, maxQueue: 2 ** 20, stallTimeoutMs: 0 },
        ...{ noDelay: false, keepAliveMs: undefined, halfOpen: false, handshakeTimeoutMs: 1_000 },
        tls: { fromStart: false, load: () => Promise.reject(new Error('no TLS here')) },
      },
      { teller, now, date: () => date, openFiles: () => ({ limit: 1_000, open: 0 }) },
    )
    const { port } = await server.listen()
    const one = { server, sockets: [] as Socket[] }
    running.push(one)
    const client = async (): Promise<Socket> => {
      const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true })
      one.sockets.push(socket)
      await once(socket, 'connect')
      return socket
    }
    return { server, events, client }
  }

  test('echo sends back what it got, and its FIN after it', quick, async () => {
    const { client } = await serve('echo')
    const socket = await client()
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, index) => index))
    socket.write(bytes)
    assert.deepEqual(await read(socket, 256), bytes)
    socket.end('last')
    assert.equal(String(await read(socket)), 'last')
  })

  test('echo copies: many reads into one buffer come back as they were', quick, async () => {
    const { client, events } = await serve('echo', { readSize: 16_384 })
    const socket = await client()
    const bytes = Buffer.alloc(32 * 2 ** 20, Buffer.from(Array.from({ length: 251 }, (_, index) => index)))
    socket.write(bytes)
    while (!events.some((event) => event.kind === 'limit')) await new Promise(setImmediate)
    assert.ok((await read(socket, bytes.length)).equals(bytes))
  })

  test('discard and none take everything and say nothing', quick, async () => {
    for (const service of ['discard', 'none'] as const) {
      const { client, events } = await serve(service)
      const socket = await client()
      socket.end('x'.repeat(100_000))
      assert.equal((await read(socket)).length, 0)
      if (!socket.destroyed) socket.destroy()
      const received = events.filter((event) => event.kind === 'bytes')
      assert.equal(
        received.reduce((sum, event) => sum + event.size, 0),
        100_000,
      )
    }
  })

  test('daytime says its line, asked or not, and ends', quick, async () => {
    const { client } = await serve('daytime')
    assert.equal(String(await read(await client())), 'Sun, 22 Aug 1982 23:14:45 GMT\r\n')
  })

  test('time says its four bytes and ends', quick, async () => {
    const { client } = await serve('time')
    assert.equal((await read(await client())).toString('hex'), '9b715165')
  })

  test('chargen goes on with the pattern for as long as somebody reads', quick, async () => {
    const { client } = await serve('chargen')
    const size = 200_000
    const text = (await read(await client(), size)).toString('latin1')
    const pattern = Buffer.from(characterPattern()).toString('latin1')
    assert.equal(text, pattern.repeat(Math.ceil(text.length / pattern.length)).slice(0, text.length))
    assert.ok(text.length >= size)
  })

  test(
    'chargen does not pile up for one who does not read, and ends with the connection',
    quick,
    async () => {
      const { server, client, events } = await serve('chargen')
      const lazy = await client()
      while (!events.some((event) => event.kind === 'stalled')) await new Promise(setImmediate)
      for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
      await server.perform({ kind: 'stats' })
      const queued = events.flatMap((event) =>
        event.kind === 'stats' && event.transport === 'tcp' ? [event.peers[0]?.queued] : [],
      )
      assert.ok(Number(queued[0]) <= characterPattern().length, `${queued} B wait`)
      lazy.destroy()
      while (!events.some((event) => event.kind === 'closed')) await new Promise(setImmediate)
      const { length } = events
      for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
      assert.equal(events.length, length)
    },
  )

  test('chat tells the others what one says, with who it was, and not oneself', quick, async () => {
    const { client, events } = await serve('chat')
    const [ann, bob, cid] = [await client(), await client(), await client()]
    while (events.filter((event) => event.kind === 'opened').length < 3) await new Promise(setImmediate)
    const heard = Promise.all([read(bob, 10), read(cid, 10)])
    ann.write('hello\n')
    assert.deepEqual((await heard).map(String), ['#1: hello\n', '#1: hello\n'])
    const answer = signal<string>()
    ann.once('data', (chunk) => answer.come(String(chunk)))
    bob.write('hi')
    bob.end(' all')
    assert.equal(await answer.came, '#2: hi all\n')
  })
})
