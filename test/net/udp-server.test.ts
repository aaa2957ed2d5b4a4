import assert from 'node:assert/strict'
import dgram from 'node:dgram'
import dns from 'node:dns/promises'
import { once } from 'node:events'
import { syncBuiltinESMExports } from 'node:module'
import { after, afterEach, describe, mock, test } from 'node:test'
import type { Peers } from '../../src/action.ts'
import type { Event } from '../../src/event.ts'
import type { DatagramServiceName } from '../../src/net/service-names.ts'
import { UdpServer, type UdpServerOptions } from '../../src/net/udp-server.ts'
import {
  closeFarSockets,
  datagramDefaults,
  datagramsOf,
  type Far,
  farSocket,
  needsIPv6,
  needsLinux,
  ofKind,
  quick,
  someTurns,
  until,
} from './datagrams.ts'
import { recorder } from './loopback.ts'

const servers: UdpServer[] = []
afterEach(() => {
  mock.restoreAll()
  syncBuiltinESMExports()
})
after(async () => {
  for (const server of servers) await server.shutdown(0)
  await closeFarSockets()
})

const date = new Date('1982-08-22T23:14:45Z')

function create(options: Partial<UdpServerOptions> = {}, stop = new AbortController()) {
  const { teller, events, now } = recorder()
  const server = new UdpServer(
    {
      ...datagramDefaults,
      ...{ host: '127.0.0.1', port: 0, family: undefined, ipv6Only: false, service: 'none' },
      ...{ groups: [], reuseAddress: false, reusePort: false },
      ...options,
    },
    { teller, now, date: () => date, stream: 7, signal: stop.signal },
  )
  servers.push(server)
  return { server, events }
}

async function serve(options: Partial<UdpServerOptions> = {}) {
  const { server, events } = create(options)
  const local = await server.listen()
  /** Waits until a socket has said something and was heard. */
  const hears = async (far: Far, text = 'hi') => {
    const before = received(events).length
    await far.send(text, local.port, local.address)
    await until(() => received(events).length > before, `${text} is heard`)
  }
  const send = (text: string, peers?: Peers) =>
    server.perform({ kind: 'send', payload: Buffer.from(text), ...(peers !== undefined && { peers }) })
  return { server, events, local, port: local.port, hears, send }
}

function received(events: readonly Event[]): string[] {
  return datagramsOf(events).filter((line) => line.includes(' received '))
}

async function twoPeers(options: Partial<UdpServerOptions> = {}) {
  const one = await serve(options)
  const [ann, bob] = [await farSocket(), await farSocket()]
  for (const far of [ann, bob]) await one.hears(far)
  return { ...one, ann, bob }
}

describe('a server', () => {
  test('tells where it listens, who can reach it, and what answers there', quick, async () => {
    const { events, local } = await serve({ service: 'daytime' })
    assert.equal(local.address, '127.0.0.1')
    const [listening] = ofKind(events, 'listening')
    assert.ok(listening !== undefined)
    const { transport, reach, service, socket } = listening
    assert.deepEqual(
      [transport, listening.local, reach, service, socket, events.length],
      ['udp', local, 'loopback', 'daytime', 'server', 1],
    )
  })

  test('is within reach of the network where it is bound to every address', quick, async () => {
    const { events } = await serve({ host: '0.0.0.0' })
    assert.equal(ofKind(events, 'listening')[0]?.reach, 'network')
  })

  test('listens on IPv6, for that alone or for both', needsIPv6, async () => {
    const one = await serve({ host: '::1' })
    assert.deepEqual([one.local.address, one.local.family], ['::1', 'IPv6'])
    await one.hears(await farSocket({ address: '::1' }))
    const both = await serve({ host: '::' })
    const ofIPv4 = await farSocket()
    await ofIPv4.send('hi', both.port, '127.0.0.1')
    await until(() => received(both.events).length === 1, 'IPv4 over IPv6')
    assert.equal(ofKind(both.events, 'peer')[0]?.remote.address, '::ffff:127.0.0.1')
    const alone = await serve({ host: '::', ipv6Only: true, family: 6 })
    await ofIPv4.send('hi', alone.port, '127.0.0.1')
    const ofIPv6 = await farSocket({ address: '::1' })
    await ofIPv6.send('over IPv6', alone.port)
    await until(() => received(alone.events).length > 0, 'IPv6')
    assert.deepEqual(received(alone.events), ['server#1 received over IPv6'])
  })

  test('means the first address of a name', quick, async () => {
    mock.method(dns, 'lookup', async () => [
      { address: '127.0.0.2', family: 4 },
      { address: '127.0.0.1', family: 4 },
    ])
    syncBuiltinESMExports()
    const { local, events } = await serve({ host: 'here.test' })
    assert.equal(local.address, '127.0.0.2')
    assert.deepEqual(ofKind(events, 'resolved')[0]?.addresses, ['127.0.0.2', '127.0.0.1'])
  })

  const wrong: readonly [options: Partial<UdpServerOptions>, name: string, message: RegExp][] = [
    [
      { host: '192.0.2.77' },
      'NetworkError',
      /^Cannot listen on 192\.0\.2\.77:0: this machine has no such address \(EADDRNOTAVAIL\)\. Choose an address/,
    ],
    [{ interface: 'nowhere0' }, 'UsageError', /^--interface: "nowhere0" is no IPv4 interface/],
  ]
  for (const [options, name, message] of wrong) {
    test(`says why it cannot listen: ${JSON.stringify(options)}`, quick, async () => {
      const { server, events } = create(options)
      await assert.rejects(server.listen(), { name, message })
      assert.deepEqual(events, [])
    })
  }

  test('says why it cannot listen: the port is in use, and shares it with who shares it', quick, async () => {
    const taken = await farSocket()
    await assert.rejects(create({ port: taken.port }).server.listen(), {
      name: 'NetworkError',
      message: /the port is in use \(EADDRINUSE\)\. Use port 0 for a free one/,
    })
    const shared = await farSocket({ reuse: true })
    const { local } = await serve({ port: shared.port, reuseAddress: true })
    assert.equal(local.port, shared.port)
  })

  test('does not go on listening where it gave up in between', quick, async () => {
    mock.method(dns, 'lookup', () => new Promise(() => {}))
    syncBuiltinESMExports()
    const stop = new AbortController()
    const { server } = create({ host: 'slow.test' }, stop)
    const listening = server.listen()
    stop.abort(new Error('enough'))
    await assert.rejects(listening, { message: 'enough' })
  })

  test('without a socket says so', quick, async () => {
    const { server } = create()
    await assert.rejects(server.perform({ kind: 'stats' }), {
      name: 'UsageError',
      message: 'there is no socket yet',
    })
    assert.equal(server.filePiece, Number.POSITIVE_INFINITY)
    server.setReading(false)
    server.setWriting(false)
    await server.shutdown(10)
    assert.deepEqual(await server.ended, {})
  })
})

describe('whoever speaks to a server', () => {
  test('gets a number, told before what he said, and keeps it', quick, async () => {
    const { server, events, hears, ann, bob } = await twoPeers()
    await hears(ann, 'again')
    assert.deepEqual(server.peers(), [1, 2])
    const told = events.slice(1).map((event) => `${event.socket} ${event.kind}`)
    assert.deepEqual(told, [
      'server#1 peer',
      'server#1 datagram',
      'server#2 peer',
      'server#2 datagram',
      'server#1 datagram',
    ])
    assert.deepEqual(
      ofKind(events, 'peer').map(({ remote }) => remote.port),
      [ann.port, bob.port],
    )
  })

  const rows: readonly [to: Peers | undefined, ann: string[], bob: string[]][] = [
    [undefined, ['x'], ['x']],
    ['all', ['x'], ['x']],
    [1, ['x'], []],
    [2, [], ['x']],
  ]
  for (const [to, annGets, bobGets] of rows) {
    test(`is sent what is for ${to ?? 'whom nobody named'}`, quick, async () => {
      const { send, ann, bob, events } = await twoPeers()
      await send('x', to)
      await until(() => ann.received.length + bob.received.length === annGets.length + bobGets.length, 'all')
      await someTurns()
      assert.deepEqual([ann.received, bob.received], [annGets, bobGets])
      const sent = datagramsOf(events).filter((line) => line.includes(' sent '))
      assert.deepEqual(sent, [
        ...annGets.map(() => 'server#1 sent x'),
        ...bobGets.map(() => 'server#2 sent x'),
      ])
    })
  }

  test('is unknown by a number that nobody has', quick, async () => {
    const { send } = await twoPeers()
    await assert.rejects(send('x', 3), {
      name: 'UsageError',
      message: 'there is no peer #3: known: #1 #2',
    })
  })

  test('may be nobody yet, which is said', quick, async () => {
    const { send, server } = await serve()
    const message = 'nobody has spoken yet: nothing was done'
    for (const to of [undefined, 'all'] as const)
      await assert.rejects(send('x', to), { name: 'UsageError', message })
    await assert.rejects(send('x', 1), { message: 'there is no peer #1: nobody has spoken yet' })
    await server.perform({ kind: 'stats' })
    assert.deepEqual(server.peers(), [])
  })

  test('is sent what is fed, as soon as somebody is there', quick, async () => {
    const { server, hears } = await serve()
    const fed = server.feed(Buffer.from('line one'))
    let isFed = false
    void fed.then(() => {
      isFed = true
    })
    await someTurns()
    assert.equal(isFed, false)
    const [ann, bob] = [await farSocket(), await farSocket()]
    await hears(ann)
    assert.equal(await fed, true)
    await hears(bob)
    assert.equal(await server.feed(Buffer.from('line two')), true)
    await until(() => ann.received.length === 2 && bob.received.length === 1, 'what was fed')
    assert.deepEqual([ann.received, bob.received], [['line one', 'line two'], ['line two']])
  })

  test('keeps whoever sends waiting where he takes nothing', quick, async () => {
    const { server, send, ann } = await twoPeers({ maxQueue: 4 })
    server.setWriting(false)
    await send('1')
    const answers = [send('2'), server.feed(Buffer.from('3'))]
    const settled: unknown[] = []
    for (const answer of answers) void answer.then((value) => settled.push(value))
    await someTurns()
    assert.deepEqual([settled, ann.received], [[], []])
    server.setWriting(true)
    await Promise.all(answers)
    await until(() => ann.received.length === 3, 'what waited')
    assert.deepEqual(ann.received, ['1', '2', '3'])
  })

  test('has everything once the server is drained', quick, async () => {
    const { server } = create()
    await server.drained()
    const two = await twoPeers()
    two.server.setWriting(false)
    await two.send('held')
    let isDrained = false
    const draining = two.server.drained().then(() => {
      isDrained = true
    })
    await someTurns()
    assert.equal(isDrained, false)
    two.server.setWriting(true)
    await draining
    await until(() => two.ann.received.length === 1 && two.bob.received.length === 1, 'what was held')
  })

  test('is listed with what went each way, who was silent longest first', quick, async () => {
    const { server, events, send, hears, ann, bob } = await twoPeers()
    await send('abc', 2)
    await until(() => bob.received.length === 1, 'what was sent')
    await hears(ann, 'again')
    await server.perform({ kind: 'peers' })
    await server.perform({ kind: 'stats' })
    const [peers, stats] = ofKind(events, 'stats')
    assert.ok(peers?.transport === 'udp' && stats?.transport === 'udp')
    assert.deepEqual([peers.asked, stats.asked], ['peers', 'stats'])
    assert.deepEqual(
      peers.peers.map((peer) => [peer.socket, peer.remote.port, peer.sent.bytes, peer.received.bytes]),
      [
        ['server#2', bob.port, 3, 2],
        ['server#1', ann.port, 0, 7],
      ],
    )
    const { sent, received: got, unsent } = stats.total
    assert.deepEqual([sent.datagrams, sent.bytes, got.datagrams, got.bytes, unsent], [1, 3, 3, 9, 0])
    assert.ok(peers.peers.every(({ knownMs }) => knownMs >= 0 && knownMs < 10_000))
  })

  test('cannot be asked for what only a stream can do', quick, async () => {
    const { server } = await twoPeers()
    for (const kind of ['fin', 'reset', 'pause', 'resume', 'close'] as const) {
      await assert.rejects(server.perform({ kind }), {
        name: 'UsageError',
        message: `/${kind} cannot be done on a datagram socket`,
      })
    }
  })

  test('is heard only while it is read', quick, async () => {
    const { server, events, port } = await serve()
    const far = await farSocket()
    server.setReading(false)
    await far.send('hi', port)
    await someTurns()
    assert.equal(events.length, 1)
    server.setReading(true)
    await until(() => received(events).length === 1, 'what waited')
  })

  test('is cut short, sent in pieces and counted as the settings say', quick, async () => {
    const { server, send, hears, ann, bob, events } = await twoPeers({ chunk: 2 })
    assert.equal(server.filePiece, 2)
    await send('abc', 1)
    await until(() => ann.received.length === 2, 'two pieces')
    await server.perform({ kind: 'set', setting: { name: 'chunk', value: undefined } })
    await server.perform({ kind: 'set', setting: { name: 'truncate', value: 1 } })
    await send('abc', 2)
    await hears(bob, 'two')
    await until(() => bob.received.length === 1, 'one piece')
    assert.deepEqual([ann.received, bob.received], [['ab', 'c'], ['abc']])
    const last = ofKind(events, 'datagram').findLast((event) => event.direction === 'received')
    assert.deepEqual([last?.size, last?.kept], [3, 1])
  })
})

describe('many who speak to a server', () => {
  /** From so many addresses of the loopback, one datagram each: all of 127/8 is this machine. */
  async function speak(port: number, from: number, to: number, isHeard: (count: number) => boolean) {
    for (let number = from; number <= to; number++) {
      const socket = dgram.createSocket('udp4')
      socket.bind({ port: 5_000, address: `127.1.${number >> 8}.${number & 255}`, exclusive: true })
      await once(socket, 'listening')
      await new Promise((done) => socket.send('hi', port, '127.0.0.1', done))
      socket.close()
      // The kernel's buffer holds a few hundred.
      if (number % 64 === 0 || number === to) await until(() => isHeard(number), `number ${number}`)
    }
  }

  test('are 4,096 at most: the one that was silent longest is forgotten, which is told', {
    ...needsLinux,
    timeout: 60_000,
  }, async () => {
    const { server, events, port, send } = await serve()
    const isHeard = (count: number) => ofKind(events, 'peer').length >= count
    await speak(port, 1, 4_096, isHeard)
    assert.deepEqual([server.peers().length, ofKind(events, 'limit')], [4_096, []])
    await speak(port, 4_097, 4_098, isHeard)
    assert.deepEqual(
      ofKind(events, 'limit').map(({ socket, what, limit, count, detail }) => [
        socket,
        what,
        limit,
        count,
        detail,
      ]),
      [1, 2].map((number) => [
        `server#${number}`,
        'peers',
        4_096,
        number,
        `forgot 127.1.0.${number}:5000, which was silent longest; if it speaks again, it is new`,
      ]),
    )
    assert.deepEqual([server.peers().length, server.peers()[0]], [4_096, 3])
    await assert.rejects(send('x', 1), { name: 'UsageError', message: /^there is no peer #1: known: #3 #4 / })
    await speak(port, 1, 1, () => isHeard(4_099))
    assert.equal(ofKind(events, 'peer').at(-1)?.socket, 'server#4099', 'it has a new number')
    await server.perform({ kind: 'stats' })
    const [stats] = ofKind(events, 'stats')
    assert.ok(stats?.transport === 'udp')
    const { received: got } = stats.total
    assert.deepEqual([got.datagrams, got.bytes], [4_099, 2 * 4_099], 'those who are forgotten count')
  })
})

describe('a service', () => {
  const line = 'Sun, 22 Aug 1982 23:14:45 GMT\r\n'
  const rows: readonly [service: DatagramServiceName, request: string, answer: string][] = [
    ['echo', 'hello', 'hello'],
    ['echo', '', ''],
    ['chargen', '12345', ' !"#$'],
    ['daytime', '', line],
    ['time', 'x', '\x9b\x71\x51\x65'],
  ]
  for (const [service, request, answer] of rows) {
    test(`answers: ${service} to ${JSON.stringify(request)}`, quick, async () => {
      const { hears } = await serve({ service })
      const far = await farSocket()
      await hears(far, request)
      await until(() => far.received.length === 1, 'an answer')
      assert.deepEqual(far.received, [answer])
    })
  }

  for (const service of ['none', 'discard'] as const) {
    test(`is silent: ${service}`, quick, async () => {
      const { hears, events } = await serve({ service })
      const far = await farSocket()
      await hears(far)
      await someTurns()
      assert.deepEqual([far.received, datagramsOf(events)], [[], ['server#1 received hi']])
    })
  }

  test('answers each with his own', quick, async () => {
    const { events, ann, bob, hears } = await twoPeers({ service: 'echo' })
    await hears(ann, 'from ann')
    await hears(bob, 'from bob')
    await until(() => ann.received.length === 2 && bob.received.length === 2, 'four answers')
    assert.deepEqual([ann.received[1], bob.received[1]], ['from ann', 'from bob'])
    assert.ok(datagramsOf(events).includes('server#2 sent from bob'))
  })
})

describe('a group', () => {
  test('is not heard on an address of its own, which is said', quick, async () => {
    const { events } = await serve({ host: '127.0.0.1', groups: ['239.1.2.3'], interface: '127.0.0.1' })
    assert.equal(
      ofKind(events, 'note')[0]?.text,
      'joined 239.1.2.3 on 127.0.0.1: but a socket on 127.0.0.1 hears only what is sent to that address; leave it out',
    )
  })

  test('is joined through an interface, and told', quick, async () => {
    const spy = mock.method(dgram.Socket.prototype, 'addMembership', () => {})
    const groups = ['239.1.2.3', '239.1.2.4']
    const { events } = await serve({ host: '0.0.0.0', groups, interface: '127.0.0.1' })
    assert.deepEqual(
      spy.mock.calls.map((call) => call.arguments),
      groups.map((group) => [group, '127.0.0.1']),
    )
    assert.deepEqual(
      ofKind(events, 'note').map(({ text }) => text),
      groups.map((group) => `joined ${group} on 127.0.0.1: what is sent to the group comes here, too`),
    )
    const alone = await serve({ host: '0.0.0.0', groups: ['239.1.2.3'] })
    assert.match(ofKind(alone.events, 'note')[0]?.text ?? '', /^joined 239\.1\.2\.3 on the system's choice/)
  })

  test('of the loopback is out of the reach of others', needsLinux, async () => {
    const one = await serve({ host: '239.1.2.3', groups: ['239.1.2.3'], interface: '127.0.0.1' })
    assert.deepEqual(
      [one.local.address, ofKind(one.events, 'listening')[0]?.reach],
      ['239.1.2.3', 'loopback'],
    )
    const far = await farSocket()
    far.socket.setMulticastInterface('127.0.0.1')
    await far.send('to all', one.port, '239.1.2.3')
    await until(() => received(one.events).length === 1, 'what was sent to the group')
    assert.deepEqual(received(one.events), ['server#1 received to all'])
    await one.server.perform({ kind: 'send', payload: Buffer.from('answer') })
    await until(() => far.received.length === 1, 'an answer to him alone')
  })

  const reaches: readonly [options: Partial<UdpServerOptions>, reach: 'loopback' | 'network'][] = [
    [{ host: '0.0.0.0', groups: ['239.1.2.3'], interface: '127.0.0.1' }, 'network'],
    [{ host: '127.0.0.1', groups: ['239.1.2.3'] }, 'loopback'],
    [{ host: '239.1.2.3', groups: ['239.1.2.3'] }, 'network'],
  ]
  for (const [options, reach] of reaches) {
    test(`reaches as far as its address: ${JSON.stringify(options)}`, needsLinux, async () => {
      mock.method(dgram.Socket.prototype, 'addMembership', () => {})
      const { events } = await serve(options)
      assert.equal(ofKind(events, 'listening')[0]?.reach, reach)
    })
  }

  for (const [code, advice] of [
    ['ENODEV', 'No interface leads to groups: choose one with --interface, such as 127.0.0.1.'],
    ['EADDRNOTAVAIL', 'Choose an interface of this machine with --interface.'],
    ['EINVAL', 'A group of the link needs its --interface, and its IP must be the one that is listened on.'],
    ['EPERM', ''],
  ] as const) {
    test(`that cannot be joined is an error with advice: ${code}`, quick, async () => {
      mock.method(dgram.Socket.prototype, 'addMembership', () => {
        throw Object.assign(new Error(code), { code })
      })
      const { server } = create({ host: '0.0.0.0', groups: ['239.1.2.3'] })
      await assert.rejects(server.listen(), (error: Error) => {
        assert.equal(error.name, 'NetworkError')
        assert.match(error.message, /^Cannot join 239\.1\.2\.3: /)
        assert.ok(error.message.endsWith(`(${code}). ${advice}`.trimEnd()), error.message)
        return true
      })
    })
  }
})

describe('shutting a server down', () => {
  test('sends what waits, tells what went each way, and ends as asked', quick, async () => {
    const { server, events, ann, bob } = await twoPeers({ delayMs: 10 })
    void server.feed(Buffer.from('a'))
    void server.feed(Buffer.from('b'))
    await server.shutdown(5_000)
    await server.shutdown(5_000)
    assert.deepEqual(await server.ended, {})
    await until(() => ann.received.length === 2 && bob.received.length === 2, 'all that waited')
    const closed = ofKind(events, 'closed')
    assert.equal(closed.length, 1)
    const [verdict] = closed
    assert.ok(verdict?.transport === 'udp')
    assert.deepEqual([verdict.socket, verdict.connected, verdict.refused], ['server', false, 0])
    assert.deepEqual([verdict.sent.datagrams, verdict.received.datagrams, verdict.unsent], [4, 2, 0])
  })

  test('tells of a message that was too long to be kept', quick, async () => {
    const { server, events } = await serve()
    server.leaveOut(2_000_000)
    assert.match(ofKind(events, 'failed')[0]?.message ?? '', /^a message of 2,000,000 B was left out/)
  })

  test('gives up what does not go in time, and says how much', quick, async () => {
    const { server, events } = await twoPeers({ delayMs: 60_000 })
    void server.feed(Buffer.from('a'))
    await server.shutdown(20)
    const [verdict] = ofKind(events, 'closed')
    assert.ok(verdict?.transport === 'udp')
    assert.deepEqual([verdict.sent.datagrams, verdict.unsent], [1, 1])
  })
})
