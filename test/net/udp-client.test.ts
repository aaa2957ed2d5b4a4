import assert from 'node:assert/strict'
import dgram from 'node:dgram'
import dns from 'node:dns/promises'
import { syncBuiltinESMExports } from 'node:module'
import { after, afterEach, describe, mock, test } from 'node:test'
import { NetworkError } from '../../src/errors.ts'
import type { Event } from '../../src/event.ts'
import type { Outcome } from '../../src/net/driver.ts'
import { UdpClient, type UdpClientOptions } from '../../src/net/udp-client.ts'
import {
  closedUdpPort,
  closeFarSockets,
  datagramDefaults,
  datagramsOf,
  farNow,
  farSocket,
  needsIPv6,
  needsLinux,
  ofKind,
  quick,
  someTurns,
  until,
} from './datagrams.ts'
import { recorder } from './loopback.ts'

const clients: UdpClient[] = []
afterEach(() => {
  mock.restoreAll()
  syncBuiltinESMExports()
})
after(async () => {
  for (const client of clients) await client.shutdown(0)
  await closeFarSockets()
})

function create(options: Partial<UdpClientOptions> & Pick<UdpClientOptions, 'port'>) {
  const { teller, events, now } = recorder()
  const client = new UdpClient(
    {
      ...datagramDefaults,
      ...{ host: '127.0.0.1', family: undefined, connect: true, localAddress: undefined },
      ...{ localPort: undefined, replyWaitMs: 1_000 },
      ...options,
    },
    { teller, now, stream: 7 },
  )
  clients.push(client)
  return { client, events, open: (signal = new AbortController().signal) => client.open(signal) }
}

async function opened(options: Partial<UdpClientOptions> & Pick<UdpClientOptions, 'port'>) {
  const { client, events, open } = create(options)
  await open()
  const [event] = ofKind(events, 'opened')
  assert.ok(event?.transport === 'udp')
  const send = (text: string) => client.perform({ kind: 'send', payload: Buffer.from(text) })
  return { client, events, send, ...event }
}

function resolveTo(...addresses: readonly string[]): void {
  mock.method(dns, 'lookup', async () =>
    addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
  )
  syncBuiltinESMExports()
}

function received(events: readonly Event[]): string[] {
  return datagramsOf(events).filter((line) => line.startsWith('client received'))
}

/** How a driver has ended, as far as it has. */
function watch({ ended }: UdpClient): { outcome?: Outcome } {
  const seen: { outcome?: Outcome } = {}
  void ended.then((outcome) => {
    seen.outcome = outcome
  })
  return seen
}

describe('a client', () => {
  test('opens a connected socket and sends nothing', quick, async () => {
    const far = await farSocket()
    const { connected, local, remote, events, client } = await opened({ port: far.port })
    assert.deepEqual([connected, local.address], [true, '127.0.0.1'])
    assert.deepEqual(remote, { address: '127.0.0.1', port: far.port, family: 'IPv4' })
    await someTurns()
    assert.deepEqual([far.received, client.peers()], [[], []])
    assert.deepEqual(
      events.map((event) => `${event.socket} ${event.kind}`),
      ['client opened'],
    )
  })

  test('sends what is asked of it, and hears the answer', quick, async () => {
    const far = await farSocket()
    const { send, client, events } = await opened({ port: far.port })
    far.answer((text) => text.toUpperCase())
    await send('typed')
    assert.equal(client.feed(Buffer.from('piped')), true)
    assert.equal(client.feed(Buffer.alloc(0)), true)
    await until(() => received(events).length === 3, 'three answers')
    assert.deepEqual(far.received, ['typed', 'piped', ''])
    assert.deepEqual(received(events), ['client received TYPED', 'client received PIPED', 'client received '])
  })

  test('is bound where it was asked to be', quick, async () => {
    const [far, localPort] = [await farSocket(), await closedUdpPort('127.0.0.2')]
    const { local } = await opened({ port: far.port, localAddress: '127.0.0.2', localPort })
    assert.deepEqual(local, { address: '127.0.0.2', port: localPort, family: 'IPv4' })
  })

  test('cuts what is sent, and says how large the pieces of a file are', quick, async () => {
    const far = await farSocket()
    const { client, send } = await opened({ port: far.port, chunk: 2 })
    assert.equal(client.filePiece, 2)
    await send('abcde')
    await until(() => far.received.length === 3, 'three datagrams')
    await client.perform({ kind: 'set', setting: { name: 'chunk', value: undefined } })
    assert.equal(client.filePiece, Number.POSITIVE_INFINITY)
    await send('fgh')
    await until(() => far.received.length === 4, 'four datagrams')
    assert.deepEqual(far.received, ['ab', 'cd', 'e', 'fgh'])
  })

  test('keeps whoever sends waiting while the queue is full', quick, async () => {
    const far = await farSocket()
    const { client, send } = await opened({ port: far.port, maxQueue: 2 })
    client.setWriting(false)
    assert.equal(client.feed(Buffer.from('a')), true)
    const answers = [client.feed(Buffer.from('b')), send('c')]
    const settled: unknown[] = []
    for (const answer of answers) void Promise.resolve(answer).then((value) => settled.push(value))
    assert.ok(answers[0] instanceof Promise)
    await someTurns()
    assert.deepEqual([settled, far.received], [[], []])
    client.setWriting(true)
    assert.deepEqual(await Promise.all(answers), [true, undefined])
    await until(() => far.received.length === 3, 'three datagrams')
    assert.deepEqual(far.received, ['a', 'b', 'c'])
  })

  test('is drained when the kernel has everything, and without a socket at once', quick, async () => {
    const far = await farSocket()
    await create({ port: 9 }).client.drained()
    const { client, send } = await opened({ port: far.port })
    await client.drained()
    client.setWriting(false)
    await send('held')
    let isDrained = false
    const draining = client.drained().then(() => {
      isDrained = true
    })
    await someTurns()
    assert.equal(isDrained, false)
    client.setWriting(true)
    await draining
    await until(() => far.received.length === 1, 'what was held')
  })

  test('reads only when it shall', quick, async () => {
    const far = await farSocket()
    const { client, send, events } = await opened({ port: far.port })
    far.answer((text) => text)
    client.setReading(false)
    await send('hi')
    await until(() => far.received.length === 1, 'the request')
    await someTurns()
    assert.deepEqual(received(events), [])
    client.setReading(true)
    await until(() => received(events).length === 1, 'the answer')
  })

  test('refuses what only a stream can do', quick, async () => {
    const { client } = await opened({ port: 9 })
    for (const kind of ['fin', 'reset', 'pause', 'resume', 'close'] as const) {
      await assert.rejects(client.perform({ kind }), {
        name: 'UsageError',
        message: `/${kind} cannot be done on a datagram socket`,
      })
    }
  })

  test('without a socket says so', quick, async () => {
    const { client } = create({ port: 9 })
    const message = 'there is no socket yet'
    await assert.rejects(client.perform({ kind: 'stats' }), { name: 'UsageError', message })
    assert.throws(() => client.feed(Buffer.from('x')), { message })
    assert.equal(client.filePiece, Number.POSITIVE_INFINITY)
    client.setReading(false)
    client.setWriting(false)
    client.endFeed('close')
    await client.shutdown(10)
    assert.deepEqual(await client.ended, {})
  })

  test('tells what went each way when it is asked', quick, async () => {
    const far = await farSocket()
    const { client, send, events, remote } = await opened({ port: far.port })
    far.answer((text) => `${text}!`)
    await send('hello')
    await until(() => received(events).length === 1, 'an answer')
    await client.perform({ kind: 'stats' })
    await client.perform({ kind: 'peers' })
    const [stats, peers] = ofKind(events, 'stats')
    assert.ok(stats?.transport === 'udp' && peers?.transport === 'udp')
    assert.deepEqual([stats.asked, peers.asked], ['stats', 'peers'])
    assert.deepEqual([stats.total.sent.bytes, stats.total.received.bytes, stats.total.unsent], [5, 6, 0])
    const [peer] = peers.peers
    assert.ok(peer !== undefined)
    assert.deepEqual([peer.socket, peer.remote, peer.sent.bytes], ['client', remote, 5])
    assert.deepEqual(peer.received, { bytes: 6, datagrams: 1, spanMs: 0 })
  })
})

describe('whom a client hears', () => {
  test('is nobody else while it is connected', quick, async () => {
    const [far, stranger] = [await farSocket(), await farSocket()]
    const { local, events } = await opened({ port: far.port })
    await stranger.send('stranger', local.port)
    await far.send('friend', local.port)
    await until(() => received(events).length > 0, 'a datagram')
    await someTurns()
    assert.deepEqual(received(events), ['client received friend'])
  })

  test('is everybody where it is not, and what they send counts', quick, async () => {
    const [far, stranger] = [await farSocket(), await farSocket()]
    const { local, connected, events, client } = await opened({ port: far.port, connect: false })
    assert.deepEqual([connected, local.address], [false, '127.0.0.1'])
    assert.deepEqual(ofKind(events, 'note'), [], 'this was asked for')
    await stranger.send('stranger', local.port)
    await far.send('friend', local.port)
    await until(() => received(events).length === 2, 'two datagrams')
    assert.deepEqual(
      ofKind(events, 'datagram').map(({ socket, remote }) => [socket, remote.port]),
      [
        ['client', stranger.port],
        ['client', far.port],
      ],
    )
    await client.shutdown(100)
    const [closed] = ofKind(events, 'closed')
    assert.ok(closed?.transport === 'udp')
    assert.deepEqual([closed.connected, closed.received.datagrams], [false, 2])
  })

  test('is listed by /peers, where many may answer', quick, async () => {
    const [far, stranger] = [await farSocket(), await farSocket()]
    const { local, events, client } = await opened({ port: far.port, connect: false })
    await stranger.send('stranger', local.port)
    await until(() => received(events).length === 1, 'a datagram')
    await client.perform({ kind: 'peers' })
    const [stats] = ofKind(events, 'stats')
    assert.ok(stats?.peers.some((peer) => peer.remote.port === stranger.port))
  })

  const forMany: readonly [host: string, address: string][] = [
    ['239.1.2.3', '0.0.0.0'],
    ['255.255.255.255', '0.0.0.0'],
    ['127.255.255.255', '127.0.0.1'],
  ]
  for (const [host, address] of forMany) {
    test(`is everybody for ${host}, and that is told`, needsLinux, async () => {
      const { connected, local, events } = await opened({ port: 9, host })
      assert.deepEqual([connected, local.address], [false, address])
      assert.deepEqual(
        ofKind(events, 'note').map(({ text }) => text),
        [`many may answer for ${host}, each from an address of its own: the socket stays unconnected`],
      )
    })
  }

  test('is everybody for a group of IPv6', needsIPv6, async () => {
    const { connected, local } = await opened({ port: 9, host: 'ff02::1' })
    assert.deepEqual([connected, local.address], [false, '::'])
  })

  test('needs no note for a group where nothing else was asked for', quick, async () => {
    const { events } = await opened({ port: 9, host: '239.1.2.3', connect: false })
    assert.deepEqual(ofKind(events, 'note'), [])
  })
})

describe('a name', () => {
  const rows: readonly [addresses: readonly string[], chosen: string][] = [
    [['::1', '127.0.0.1'], '127.0.0.1'],
    [['127.0.0.1', '::1'], '127.0.0.1'],
    [['127.0.0.2', '127.0.0.1'], '127.0.0.2'],
  ]
  for (const [addresses, chosen] of rows) {
    test(`of ${addresses.join(' and ')} means ${chosen}`, quick, async () => {
      resolveTo(...addresses)
      const { remote, events } = await opened({ port: 9, host: 'here.test' })
      assert.equal(remote.address, chosen)
      const [resolved] = ofKind(events, 'resolved')
      assert.deepEqual([resolved?.host, resolved?.addresses], ['here.test', addresses])
    })
  }

  test('of ::1 alone means that', needsIPv6, async () => {
    resolveTo('::1')
    const { remote, local } = await opened({ port: 9, host: 'here.test' })
    assert.deepEqual([remote.address, local.family], ['::1', 'IPv6'])
  })

  test('of another machine means what the resolver put first', needsIPv6, async () => {
    resolveTo('::1', '192.0.2.1')
    const { remote } = await opened({ port: 9, host: 'there.test' })
    assert.equal(remote.address, '::1')
  })

  test('that there is not is an error of the network', quick, async () => {
    mock.method(dns, 'lookup', async () => {
      throw Object.assign(new Error(), { code: 'ENOTFOUND' })
    })
    syncBuiltinESMExports()
    const { open } = create({ port: 9, host: 'nowhere.test' })
    await assert.rejects(open(), {
      name: 'NetworkError',
      message: /^Cannot send to nowhere\.test:9: no such name \(ENOTFOUND\)\. Check the spelling/,
    })
  })

  test('that nobody answers for is given up with the signal', quick, async () => {
    mock.method(dns, 'lookup', () => new Promise(() => {}))
    syncBuiltinESMExports()
    const stop = new AbortController()
    const { client, open } = create({ port: 9, host: 'slow.test' })
    const opening = open(stop.signal)
    stop.abort(new Error('enough'))
    await assert.rejects(opening, { message: 'enough' })
    await client.shutdown(0)
    assert.deepEqual(await client.ended, {})
  })
})

describe('a client that cannot open', () => {
  const rows: readonly [name: string, options: Partial<UdpClientOptions>, message: RegExp][] = [
    [
      'a local address of nobody here',
      { localAddress: '192.0.2.77' },
      /^Cannot send to 127\.0\.0\.1:9: .* \(EADDRNOTAVAIL\)\. --local-address takes an address of this machine\.$/,
    ],
    [
      'an interface that there is not',
      { host: '239.1.2.3', interface: 'nowhere0' },
      /^--interface: "nowhere0" is no IPv4 interface/,
    ],
  ]
  for (const [name, options, message] of rows) {
    test(`says why: ${name}`, quick, async () => {
      await assert.rejects(create({ port: 9, ...options }).open(), { message })
    })
  }

  test('says why: a local port that is in use', quick, async () => {
    const far = await farSocket()
    await assert.rejects(create({ port: 9, localAddress: '127.0.0.1', localPort: far.port }).open(), {
      name: 'NetworkError',
      message: /the port is in use \(EADDRINUSE\)\. Choose another --local-port, or leave it out\.$/,
    })
  })

  /** From an address of the loopback no other machine is reached. */
  test('leaves no socket open', needsLinux, async () => {
    const { createSocket } = dgram
    const created: dgram.Socket[] = []
    mock.method(dgram, 'createSocket', (options: dgram.SocketOptions) => {
      const socket = createSocket(options)
      created.push(socket)
      return socket
    })
    syncBuiltinESMExports()
    const { open, events } = create({ port: 9, host: '192.0.2.1', localAddress: '127.0.0.1' })
    await assert.rejects(open(), { name: 'NetworkError' })
    assert.deepEqual([created.length, ofKind(events, 'opened')], [1, []])
    const left = created.filter(isOpen)
    for (const socket of left) socket.close()
    assert.equal(left.length, 0)
  })
})

function isOpen(socket: dgram.Socket): boolean {
  try {
    return socket.address().port > 0
  } catch {
    return false
  }
}

/** The timer of so many milliseconds is ours: it fires when our time has passed, unless it was begun anew. */
function ownTimer(delayMs: number): { pass(ms: number): void } {
  const really = setTimeout
  let leftMs = 0
  let fire: () => void = () => {}
  const timer = {
    refresh() {
      leftMs = delayMs
    },
  }
  mock.method(globalThis, 'setTimeout', (call: () => void, ms: number) => {
    if (ms !== delayMs) return really(call, ms)
    fire = call
    leftMs = delayMs
    return timer
  })
  return {
    pass(ms) {
      if (leftMs > 0 && leftMs <= ms) fire()
      leftMs = Math.max(0, leftMs - ms)
    },
  }
}

describe('at the end of what is fed', () => {
  test('a client waits for replies, anew after each, and then ends', quick, async () => {
    const far = await farSocket()
    const { client, send, events, local } = await opened({ port: far.port, replyWaitMs: 54_321 })
    const { pass } = ownTimer(54_321)
    const seen = watch(client)
    await send('question')
    client.startFeed()
    client.endFeed('close')
    await someTurns()
    for (let reply = 1; reply <= 3; reply++) {
      pass(54_320)
      await far.send(`reply ${reply}`, local.port)
      await until(() => received(events).length === reply, `reply ${reply}`)
    }
    pass(54_320)
    await someTurns()
    assert.deepEqual([seen, ofKind(events, 'closed')], [{}, []])
    pass(1)
    await client.ended
    assert.deepEqual([seen.outcome, ofKind(events, 'closed').length], [{}, 1])
  })

  test('it starts to wait once everything is sent', quick, async () => {
    const far = await farSocket()
    const { client, send } = await opened({ port: far.port, replyWaitMs: 54_321 })
    const { pass } = ownTimer(54_321)
    const seen = watch(client)
    client.setWriting(false)
    await send('held')
    client.endFeed('close')
    await someTurns()
    pass(60_000)
    await someTurns()
    assert.deepEqual(seen, {})
    client.setWriting(true)
    await until(() => far.received.length === 1, 'what was held')
    await someTurns()
    pass(54_320)
    await someTurns()
    assert.deepEqual(seen, {})
    pass(1)
    await client.ended
  })

  test('it stays where it was asked to', quick, async () => {
    const { client, send } = await opened({ port: (await farSocket()).port, replyWaitMs: 1 })
    const seen = watch(client)
    const timers = mock.method(globalThis, 'setTimeout')
    await send('x')
    client.endFeed('stay')
    await someTurns()
    assert.deepEqual([seen, timers.mock.callCount()], [{}, 0])
  })

  test('really waits so long', quick, async () => {
    const far = await farSocket()
    const { client } = await opened({ port: far.port, replyWaitMs: 60 })
    const startedAt = performance.now()
    client.endFeed('close')
    assert.deepEqual(await client.ended, {})
    const tookMs = performance.now() - startedAt
    assert.ok(tookMs >= 58 && tookMs < 4_000, `${tookMs} ms`)
  })
})

describe('how a client ends', () => {
  function messageOf({ error }: Outcome): string {
    assert.ok(error instanceof NetworkError && error.exitCode === 1, String(error))
    return error.message
  }

  test('with an error where nobody listens', needsLinux, async () => {
    const port = await closedUdpPort()
    const { client, send, events } = await opened({ port, replyWaitMs: 1 })
    await send('anyone?')
    await until(() => ofKind(events, 'refused').length === 1, 'a refusal')
    client.endFeed('close')
    assert.equal(
      messageOf(await client.ended),
      `Nobody listens on 127.0.0.1:${port}: the kernel told us through ICMP, about a datagram sent earlier ` +
        '(ECONNREFUSED). Start a server there, or check the port.',
    )
  })

  test('as asked where somebody answered after a refusal', needsLinux, async () => {
    const port = await closedUdpPort()
    const { client, send, events } = await opened({ port })
    await send('anyone?')
    await until(() => ofKind(events, 'refused').length === 1, 'a refusal')
    const far = farNow({ port })
    far.answer((text) => text)
    await send('now?')
    await until(() => received(events).length === 1, 'an answer')
    await client.shutdown(100)
    assert.deepEqual(await client.ended, {})
  })

  test('with an error where something could not be sent', quick, async () => {
    const far = await farSocket()
    const why = 'a datagram of 65,508 B does not go: IPv4 and UDP take 65,507 B at most'
    const one = await opened({ port: far.port })
    await one.client.perform({ kind: 'send', payload: Buffer.alloc(65_508) })
    await one.send('ok')
    await one.client.shutdown(1_000)
    const where = `127.0.0.1:${far.port}`
    const { length } = `1 datagram for ${where} never left this machine: ${why}`
    const message = messageOf(await one.client.ended)
    assert.equal(message.slice(0, length), `1 datagram for ${where} never left this machine: ${why}`)

    const two = await opened({ port: far.port })
    for (let count = 0; count < 2; count++)
      await two.client.perform({ kind: 'send', payload: Buffer.alloc(65_508) })
    two.client.endFeed('close')
    await two.client.shutdown(1_000)
    assert.match(messageOf(await two.client.ended), /^2 datagrams for /)
  })

  test('with an error where a message was too long to be kept', quick, async () => {
    const { client } = await opened({ port: 9, connect: false })
    client.leaveOut(2_000_000)
    await client.shutdown(100)
    const why = 'a message of 2,000,000 B was left out: no datagram is that long'
    assert.equal(messageOf(await client.ended), `1 datagram for 127.0.0.1:9 never left this machine: ${why}`)
  })

  test('as asked where all went', quick, async () => {
    const { client, send } = await opened({ port: (await farSocket()).port })
    await send('ok')
    await client.shutdown(1_000)
    assert.deepEqual(await client.ended, {})
  })

  test('once, however often it is asked to', quick, async () => {
    const { client, events } = await opened({ port: 9 })
    await client.shutdown(10)
    await client.shutdown(10)
    assert.equal(ofKind(events, 'closed').length, 1)
  })
})

describe('shutting down', () => {
  test('sends what waits, in the time that it is given', quick, async () => {
    const far = await farSocket()
    const { client, events } = await opened({ port: far.port, delayMs: 20 })
    for (const text of ['a', 'b', 'c']) client.feed(Buffer.from(text))
    await client.shutdown(5_000)
    await until(() => far.received.length === 3, 'all of it')
    const [closed] = ofKind(events, 'closed')
    assert.ok(closed?.transport === 'udp')
    assert.deepEqual([closed.sent.datagrams, closed.unsent], [3, 0])
  })

  test('gives up what does not go in that time, and says how much', quick, async () => {
    const far = await farSocket()
    const { client, events } = await opened({ port: far.port, delayMs: 60_000 })
    for (const text of ['a', 'b', 'c']) client.feed(Buffer.from(text))
    const startedAt = performance.now()
    await client.shutdown(30)
    assert.ok(performance.now() - startedAt < 4_000)
    const [closed] = ofKind(events, 'closed')
    assert.ok(closed?.transport === 'udp')
    assert.deepEqual([closed.sent.datagrams, closed.unsent], [1, 2])
  })

  test('leaves no timer behind, though replies were still to be waited for', quick, async () => {
    const far = await farSocket()
    const { client } = await opened({ port: far.port, delayMs: 60_000, replyWaitMs: 60_000 })
    for (const text of ['a', 'b']) client.feed(Buffer.from(text))
    client.endFeed('close')
    const set = mock.method(globalThis, 'setTimeout')
    await client.shutdown(10)
    await someTurns()
    for (const { result } of set.mock.calls) clearTimeout(result)
    assert.deepEqual(
      set.mock.calls.map((call) => call.arguments[1]),
      [10],
    )
  })
})
