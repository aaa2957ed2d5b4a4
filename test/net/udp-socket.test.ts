import assert from 'node:assert/strict'
import dgram from 'node:dgram'
import { syncBuiltinESMExports } from 'node:module'
import { after, afterEach, describe, mock, test } from 'node:test'
import { createTeller, type Endpoint, type Event, formatEndpoint } from '../../src/event.ts'
import { DatagramPeer } from '../../src/net/datagram-peer.ts'
import type { DatagramOptions } from '../../src/net/datagram-port.ts'
import { fragmentNote, tooLarge } from '../../src/net/datagram-size.ts'
import { endpoint } from '../../src/net/endpoint.ts'
import { Limits } from '../../src/net/limits.ts'
import { UdpSocket } from '../../src/net/udp-socket.ts'
import { encodeSequenceHeader, readSequenceHeader } from '../../src/wire/sequence.ts'
import {
  closedUdpPort,
  closeFarSockets,
  datagramDefaults,
  datagramsOf,
  type Far,
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

const sockets: UdpSocket[] = []
afterEach(() => {
  mock.restoreAll()
  syncBuiltinESMExports()
})
after(async () => {
  for (const socket of sockets) socket.close()
  await closeFarSockets()
})

const ourStream = 0x12345678

interface Given extends Partial<DatagramOptions> {
  readonly address?: string
  /** Connect to it. */
  readonly remote?: Endpoint
  readonly stream?: number
}

/** A socket whose peers are all that speak or are spoken to, and what it told and gave to its owner. */
async function open({ address = '127.0.0.1', remote, stream = ourStream, ...options }: Given = {}) {
  const { teller, events, now } = recorder()
  const peers = new Map<string, DatagramPeer>()
  const kept: Buffer[] = []
  const peerOf = (from: { address: string; port: number }): DatagramPeer => {
    const end = endpoint(from.address, from.port)
    const known = peers.get(formatEndpoint(end))
    if (known !== undefined) return known
    const peer = new DatagramPeer(`server#${peers.size + 1}`, end, now())
    peers.set(formatEndpoint(end), peer)
    return peer
  }
  const socket = new UdpSocket(
    'server',
    { address, port: 0, ipv6Only: false, reuseAddress: false, reusePort: false },
    { ...datagramDefaults, ...options },
    {
      ...{ teller, now, peerOf, stream, limits: new Limits(teller) },
      peers: () => [...peers.values()],
      received: (_, payload) => void kept.push(payload),
      ...(remote !== undefined && { remote }),
    },
  )
  sockets.push(socket)
  await socket.open()
  const send = (payload: string | Buffer, to: Pick<Far, 'address' | 'port'>) =>
    socket.sender.send(typeof payload === 'string' ? Buffer.from(payload, 'latin1') : payload, peerOf(to))
  return { socket, events, kept, peers, send, peerOf }
}

function endOf({ address, port }: Pick<Far, 'address' | 'port'>): Endpoint {
  return endpoint(address, port)
}

function notes(events: readonly Event[]): string[] {
  return ofKind(events, 'note').map(({ text }) => text)
}

describe('what goes and what comes', () => {
  test('is told one by one, counted for each peer, and given to the owner', quick, async () => {
    const { socket, events, kept, peers, send } = await open()
    const [one, other] = [await farSocket(), await farSocket()]
    send('hello', one)
    send('', one)
    await other.send('', socket.local.port)
    await other.send('abc', socket.local.port)
    await until(() => kept.length === 2 && one.received.length === 2, 'two each way')
    assert.deepEqual(
      datagramsOf(events).toSorted(),
      ['server#1 sent hello', 'server#1 sent ', 'server#2 received ', 'server#2 received abc'].toSorted(),
    )
    const [first] = ofKind(events, 'datagram')
    assert.deepEqual([first?.size, first?.remote], [5, endOf(one)])
    assert.deepEqual(
      [kept.map(String), one.received],
      [
        ['', 'abc'],
        ['hello', ''],
      ],
    )
    const counts = [...peers.values()].map((peer) => peer.state(0))
    assert.deepEqual(
      counts.map(({ sent, received }) => [sent.bytes, sent.datagrams, received.bytes, received.datagrams]),
      [
        [5, 2, 0, 0],
        [0, 0, 3, 2],
      ],
    )
  })

  test('is counted and given to the owner also where nobody wants to be told', quick, async () => {
    const { teller, events, now } = recorder()
    const deaf = createTeller(now, [
      { wants: (kind) => kind === 'closed', hear: (event) => void events.push(event) },
    ])
    const far = await farSocket()
    const peer = new DatagramPeer('client', endOf(far), now())
    let received = 0
    const socket = new UdpSocket(
      'client',
      { address: '127.0.0.1', port: 0, ipv6Only: false, reuseAddress: false, reusePort: false },
      datagramDefaults,
      {
        ...{
          teller: deaf,
          now,
          stream: 1,
          limits: new Limits(teller),
          peerOf: () => peer,
          peers: () => [peer],
        },
        received: () => {
          received += 1
        },
      },
    )
    sockets.push(socket)
    await socket.open()
    far.answer((text) => text)
    socket.sender.send(Buffer.from('hello'), peer)
    await until(() => received === 1, 'an answer')
    socket.close()
    const [closed] = ofKind(events, 'closed')
    assert.ok(closed?.transport === 'udp')
    assert.deepEqual([events.length, closed.sent.bytes, closed.received.bytes], [1, 5, 5])
  })

  test('keeps its payload: the next one does not change it', quick, async () => {
    const [{ socket, kept, events }, far] = [await open(), await farSocket()]
    for (const text of ['one', 'two', 'three']) await far.send(text, socket.local.port)
    await until(() => kept.length === 3, 'three')
    assert.deepEqual([kept.map(String), datagramsOf(events).length], [['one', 'two', 'three'], 3])
  })
})

describe('where nobody listens', () => {
  test('it is told once and counted each time, and again after something came', needsLinux, async () => {
    const remote = endpoint('127.0.0.1', await closedUdpPort())
    const { socket, events, send } = await open({ remote })
    const refusedTimes = (times: number) => async () => {
      send('anyone?', remote)
      await until(() => socket.traffic.refused >= times, `refusal ${times}`)
    }
    await refusedTimes(1)()
    await refusedTimes(2)()
    assert.deepEqual(
      ofKind(events, 'refused').map(({ transport, remote: where, code }) => [transport, where, code]),
      [['udp', remote, 'ECONNREFUSED']],
    )
    assert.equal(socket.isRefused, true)

    const far = farNow({ port: remote.port })
    far.answer((text) => text)
    send('now?', remote)
    await until(() => datagramsOf(events).some((line) => line.includes('received')), 'an answer')
    assert.equal(socket.isRefused, false)
    await far.close()
    await refusedTimes(3)()
    assert.equal(ofKind(events, 'refused').length, 2)
    assert.deepEqual([socket.failure, socket.traffic.unsent], [undefined, 0])
  })

  test('a listener that comes later gets everything that is sent from then on', needsLinux, async () => {
    const remote = endpoint('127.0.0.1', await closedUdpPort())
    const { socket, send } = await open({ remote })
    send('to nobody', remote)
    await until(() => socket.isRefused, 'a refusal')
    // The refusal of this one is what the next send would meet.
    send('to nobody', remote)
    const far = farNow({ port: remote.port })
    const texts = Array.from({ length: 50 }, (_, index) => `${index}`)
    for (const text of texts) send(text, remote)
    await socket.sender.whenSent()
    await until(() => far.received.length >= 50, 'all of them')
    assert.deepEqual(
      far.received.filter((text) => text !== 'to nobody'),
      texts,
    )
    assert.deepEqual([socket.traffic.sent.datagrams, socket.traffic.unsent], [52, 0])
  })
})

describe('a datagram that does not go', () => {
  test('is told each time where it is too large, and the socket goes on', quick, async () => {
    const [{ socket, events, send }, far] = [await open(), await farSocket()]
    for (let count = 0; count < 2; count++) send(Buffer.alloc(65_508), far)
    send('ok', far)
    await until(() => far.received.length === 1, 'the next one')
    const failed = ofKind(events, 'failed')
    assert.deepEqual(
      failed.map(({ code, message, remote, socket: whose }) => [code, message, remote, whose]),
      Array(2).fill(['EMSGSIZE', tooLarge(65_508, 'IPv4'), endOf(far), 'server#1']),
    )
    assert.deepEqual(socket.failure, { count: 2, why: tooLarge(65_508, 'IPv4') })
    const { unsent, sent } = socket.traffic
    assert.deepEqual([unsent, sent.datagrams, sent.bytes, far.received], [2, 1, 2, ['ok']])
  })

  test('the largest one goes and comes', quick, async () => {
    const [{ kept, send }, far] = [await open({ receiveBuffer: 2 ** 18 }), await farSocket()]
    far.answer((text) => text)
    send(Buffer.alloc(65_507, 'x'), far)
    await until(() => kept.length === 1, 'its echo')
    assert.ok(kept[0]?.equals(Buffer.alloc(65_507, 'x')))
  })

  test(
    'is told once for each peer where broadcasting is not allowed, with how to allow it',
    needsLinux,
    async () => {
      const { socket, events, send } = await open({ address: '0.0.0.0' })
      const [one, other] = [
        { address: '127.255.255.255', port: 9 },
        { address: '255.255.255.255', port: 9 },
      ]
      for (const to of [one, one, other, one]) send('x', to)
      await socket.sender.whenSent()
      assert.deepEqual(
        ofKind(events, 'failed').map(({ code, message }) => [code, message]),
        [one, other].map(({ address }) => [
          'EACCES',
          `${address} may be a broadcast address: --broadcast (or /set broadcast on) allows it (EACCES)`,
        ]),
      )
      assert.equal(socket.traffic.unsent, 4)
      const far = await farSocket({ address: '0.0.0.0' })
      socket.set({ name: 'broadcast', value: true })
      send('all', { address: '127.255.255.255', port: far.port })
      await until(() => far.received.length === 1, 'a broadcast on the loopback')
      assert.deepEqual([socket.traffic.unsent, far.received], [4, ['all']])
    },
  )

  test('because a connected socket was refused too often is told', quick, async () => {
    const far = await farSocket()
    const { socket, events, send } = await open({ remote: endOf(far) })
    mock.method(dgram.Socket.prototype, 'send', (_: unknown, done: (error: Error) => void) => {
      process.nextTick(done, Object.assign(new Error(), { code: 'ECONNREFUSED' }))
    })
    send('x', far)
    await until(() => socket.failure !== undefined, 'giving up')
    assert.deepEqual([socket.traffic.unsent, socket.traffic.refused], [1, 8])
    assert.deepEqual(
      events.map((event) => event.kind),
      ['refused', 'failed'],
    )
  })
})

test('a message that was too long to be kept is told, and counts as one that did not go', quick, async () => {
  const { socket, events } = await open()
  socket.leaveOut(2_000_000)
  socket.leaveOut(3_000_000)
  const why = (size: string) => `a message of ${size} B was left out: no datagram is that long`
  assert.deepEqual(
    ofKind(events, 'failed').map(({ socket: whose, code, message }) => [whose, code, message]),
    [
      ['server', 'EMSGSIZE', why('2,000,000')],
      ['server', 'EMSGSIZE', why('3,000,000')],
    ],
  )
  assert.deepEqual([socket.traffic.unsent, socket.failure], [2, { count: 2, why: why('3,000,000') }])
})

test('what the kernel tells without being asked is told once for each cause', quick, async () => {
  const { createSocket } = dgram
  const inner: dgram.Socket[] = []
  mock.method(dgram, 'createSocket', (options: dgram.SocketOptions) => {
    const socket = createSocket(options)
    inner.push(socket)
    return socket
  })
  syncBuiltinESMExports()
  const { socket, events } = await open()
  for (const code of ['ENOBUFS', 'ECONNREFUSED', 'ENOBUFS', 'ECONNREFUSED'])
    inner[0]?.emit('error', Object.assign(new Error(), { code }))
  assert.deepEqual(
    ofKind(events, 'failed').map(({ socket: whose, code, message }) => [whose, code, message]),
    [
      ['server', 'ENOBUFS', 'the system has no buffer space (ENOBUFS)'],
      ['server', 'ECONNREFUSED', 'connection refused: nothing listens there (ECONNREFUSED)'],
    ],
  )
  assert.deepEqual(
    [socket.isRefused, socket.traffic.refused],
    [false, 0],
    'it has no remote that could refuse',
  )
})

describe('a note', () => {
  test('on fragments is told once, by who sends them', quick, async () => {
    const [{ socket, events, send }, far] = [await open(), await farSocket()]
    send(Buffer.alloc(1_472), far)
    await socket.sender.whenSent()
    assert.deepEqual(notes(events), [])
    for (const size of [1_473, 1_473, 9_000]) send(Buffer.alloc(size), far)
    await socket.sender.whenSent()
    assert.deepEqual(notes(events), [fragmentNote(1_473, 'IPv4')])
    assert.equal(ofKind(events, 'note')[0]?.socket, 'server')
  })

  test('on fragments of IPv6 comes earlier', needsIPv6, async () => {
    const [{ socket, events, send }, far] = [
      await open({ address: '::1' }),
      await farSocket({ address: '::1' }),
    ]
    send(Buffer.alloc(1_452), far)
    send(Buffer.alloc(1_453), far)
    await socket.sender.whenSent()
    assert.deepEqual(notes(events), [fragmentNote(1_453, 'IPv6')])
  })

  test('says what the kernel gave where buffers were asked for', quick, async () => {
    const group = (bytes: string | undefined) => Number(bytes?.replaceAll(',', ''))
    const silent = await open()
    silent.socket.tellBuffers()
    assert.deepEqual(notes(silent.events), [])
    const { socket, events } = await open({ receiveBuffer: 8_192, sendBuffer: 16_384 })
    socket.tellBuffers()
    const [receive = '', send = '', ...more] = notes(events)
    assert.deepEqual(more, [])
    const [, got] = /^receive buffer: 8,192 B asked, ([\d,]+) B given by the kernel$/.exec(receive) ?? []
    const [, gotToSend] = /^send buffer: 16,384 B asked, ([\d,]+) B given by the kernel$/.exec(send) ?? []
    assert.ok(group(got) >= 8_192 && group(gotToSend) >= 16_384, `${receive}, ${send}`)
    const alone = await open({ sendBuffer: 4_096 })
    alone.socket.tellBuffers()
    assert.equal(notes(alone.events).length, 1)
    assert.match(notes(alone.events)[0] ?? '', /^send buffer: 4,096 B asked/)
  })
})

describe('truncating', () => {
  test('tells what a shorter recv would have kept, of what comes and is longer', quick, async () => {
    const [{ socket, events, kept, send }, far] = [await open({ truncate: 5 }), await farSocket()]
    for (const text of ['1234', '12345', '123456', '']) await far.send(text, socket.local.port)
    send('123456789', far)
    await until(() => events.length === 5, 'five datagrams')
    const told = ofKind(events, 'datagram').filter((event) => event.direction === 'received')
    assert.deepEqual(
      told.map((event) => ['kept' in event ? event.kept : 'whole', event.size]),
      [
        ['whole', 4],
        ['whole', 5],
        [5, 6],
        ['whole', 0],
      ],
    )
    assert.equal(String(kept[2]), '123456', 'nothing is really lost')
    const [sent] = ofKind(events, 'datagram').filter((event) => event.direction === 'sent')
    assert.ok(sent !== undefined && !('kept' in sent))
  })

  test('can be turned on and off', quick, async () => {
    const [{ socket, events }, far] = [await open(), await farSocket()]
    for (const value of [undefined, 2, undefined]) {
      socket.set({ name: 'truncate', value })
      const before = events.length
      await far.send('abc', socket.local.port)
      await until(() => events.length > before, 'one datagram')
    }
    assert.deepEqual(
      ofKind(events, 'datagram').map((event) => event.kept),
      [undefined, 2, undefined],
    )
  })
})

describe('sequence numbers', () => {
  test('count each peer by itself, from 1, and are told at both ends', quick, async () => {
    const [one, other] = [await open({ sequence: true }), await open({ stream: 1 })]
    const far = await farSocket()
    const otherEnd = { address: '127.0.0.1', port: other.socket.local.port }
    for (const text of ['a', '', 'c']) one.send(text, otherEnd)
    one.send('x', far)
    await until(() => other.kept.length === 3 && far.received.length === 1, 'all of them')
    const numbers = (events: readonly Event[]) =>
      ofKind(events, 'datagram').map(({ socket, number, size }) => [socket, number, size])
    assert.deepEqual(numbers(one.events), [
      ['server#1', 1, 25],
      ['server#1', 2, 24],
      ['server#1', 3, 25],
      ['server#2', 1, 25],
    ])
    assert.deepEqual(numbers(other.events), [
      ['server#1', 1, 25],
      ['server#1', 2, 24],
      ['server#1', 3, 25],
    ])
    const header = readSequenceHeader(Buffer.from(far.received[0] ?? '', 'latin1'))
    assert.deepEqual([header?.stream, header?.number], [ourStream, 1])
    assert.equal(far.received[0]?.slice(24), 'x')
    const { sequence, roundTrips } = other.socket.traffic
    assert.deepEqual(
      [sequence?.received, sequence?.lost, sequence?.duplicates, sequence?.reordered, roundTrips],
      [3, 0, 0, 0, undefined],
    )
    assert.equal(one.socket.traffic.sequence, undefined, 'nothing numbered has come')
    assert.equal(one.socket.traffic.sent.bytes, 25 + 24 + 25 + 25, 'the header is payload')
  })

  test('that come back are round trips, and those of others are none', quick, async () => {
    const [{ socket, kept, send }, far] = [await open({ sequence: true }), await farSocket()]
    far.answer((text) => text)
    for (let count = 0; count < 5; count++) send('ping', far)
    await until(() => kept.length === 5, 'five echoes')
    const foreign = encodeSequenceHeader({ stream: ourStream + 1, number: 1, sentAtMs: 0 })
    await far.send(Buffer.from(foreign).toString('latin1'), socket.local.port)
    await until(() => kept.length === 6, 'a foreign one')
    const { roundTrips } = socket.traffic
    assert.ok(roundTrips !== undefined)
    const { count, minMs, meanMs, maxMs } = roundTrips
    assert.equal(count, 5)
    assert.ok(minMs >= 0 && minMs <= meanMs && meanMs <= maxMs && maxMs < 8_000, JSON.stringify(roundTrips))
    assert.equal(socket.traffic.sequence?.received, 6)
  })

  test('tell what was lost, came twice or late, over all peers, forgotten ones too', quick, async () => {
    const { socket, kept, peers, peerOf, send } = await open()
    const [one, other] = [await farSocket(), await farSocket()]
    const numbered = (number: number, stream: number) =>
      Buffer.from(encodeSequenceHeader({ stream, number, sentAtMs: number })).toString('latin1')
    send('to the first', one)
    for (const number of [1, 2, 5, 5]) await one.send(numbered(number, 1), socket.local.port)
    await until(() => kept.length === 4, 'those of the first')
    const expected = { received: 4, lost: 2, duplicates: 1, reordered: 0 }
    const counts = () => {
      const { jitterMs: _, ...rest } = socket.traffic.sequence ?? {}
      return rest
    }
    assert.deepEqual(counts(), expected)
    socket.forget(peerOf(one))
    peers.clear()
    assert.deepEqual(counts(), expected)
    for (const number of [3, 1, 2]) await other.send(numbered(number, 2), socket.local.port)
    await until(() => kept.length === 7, 'those of the second')
    assert.deepEqual(counts(), { received: 7, lost: 2, duplicates: 1, reordered: 2 })
    assert.deepEqual(
      [socket.traffic.received.datagrams, socket.traffic.received.bytes],
      [7, 7 * 24],
      'what a forgotten one had sent counts',
    )
    assert.deepEqual(
      [socket.traffic.sent.datagrams, socket.traffic.sent.bytes],
      [1, 12],
      'and what it was sent',
    )
  })
})

describe('not reading', () => {
  test('leaves datagrams in the kernel, and reading again brings them', quick, async () => {
    const [{ socket, events, kept }, far] = [await open(), await farSocket()]
    socket.setReading(false)
    for (const text of ['a', 'b']) await far.send(text, socket.local.port)
    await someTurns()
    assert.deepEqual([kept.length, events.length, socket.traffic.received.datagrams], [0, 0, 0])
    socket.setReading(true)
    await until(() => kept.length === 2, 'what waited')
    assert.deepEqual(kept.map(String), ['a', 'b'])
  })

  test('throws them away where this Node cannot leave them there, and tells each', quick, async () => {
    const [{ socket, events, kept }, far] = [await open(), await farSocket()]
    const blind = mock.method(Object, 'getOwnPropertySymbols', () => [])
    socket.setReading(false)
    for (const text of ['a', 'b']) await far.send(text, socket.local.port)
    await until(() => events.length === 2, 'two that were thrown away')
    assert.deepEqual(
      ofKind(events, 'limit').map(({ what, limit, count, detail }) => [what, limit, count, detail]),
      [1, 2].map((count) => ['output', 0, count, 'the output takes no more: a datagram was thrown away']),
    )
    socket.setReading(true)
    blind.mock.restore()
    await far.send('c', socket.local.port)
    await until(() => kept.length === 1, 'what comes later')
    assert.deepEqual(kept.map(String), ['c'])
  })
})

test('not reading is not reading, however often it is asked for', quick, async () => {
  const [{ socket, kept, events }, far] = [await open(), await farSocket()]
  const blind = mock.method(Object, 'getOwnPropertySymbols', () => [])
  socket.setReading(false)
  socket.setReading(false)
  blind.mock.restore()
  await far.send('a', socket.local.port)
  await until(() => events.length > 0, 'a datagram')
  assert.deepEqual([kept.length, events[0]?.kind], [0, 'limit'])
})

describe('closing', () => {
  test('tells once what went each way, and what did not', quick, async () => {
    const far = await farSocket()
    const { socket, events, kept, send } = await open({ remote: endOf(far) })
    far.answer((text) => `${text}!`)
    send('hello', far)
    send(Buffer.alloc(65_508), far)
    await until(() => kept.length === 1, 'an answer')
    await socket.sender.whenSent()
    socket.sender.setHeld(true)
    send('never', far)
    send('ever', far)
    const before = events.length
    socket.close()
    socket.close()
    assert.equal(events.length, before + 1)
    const closed = events.at(-1)
    assert.ok(closed?.kind === 'closed' && closed.transport === 'udp')
    const { connected, sent, received, unsent, refused, openMs } = closed
    assert.deepEqual([connected, unsent, refused, closed.socket], [true, 3, 0, 'server'])
    assert.deepEqual(sent, { bytes: 5, datagrams: 1, spanMs: 0 })
    assert.deepEqual(received, { bytes: 6, datagrams: 1, spanMs: 0 })
    assert.ok(openMs > 0 && openMs < 10_000)
    assert.ok(!('sequence' in closed) && !('roundTrips' in closed))
    const after = socket.traffic
    assert.deepEqual([after.sent, after.unsent, after.dropped], [sent, 3, closed.dropped])
    await someTurns()
    assert.equal(events.length, before + 1, 'nothing comes after it')
  })

  test('tells what the kernel dropped: with what was received it is what was sent', needsLinux, async () => {
    const { socket, events, kept } = await open({ receiveBuffer: 4_096 })
    const far = await farSocket()
    socket.setReading(false)
    const count = 300
    for (let sent = 0; sent < count; sent++) await far.send('x'.repeat(100), socket.local.port)
    const { dropped = 0 } = socket.traffic
    assert.ok(dropped > 0 && dropped < count, `${dropped} dropped`)
    socket.setReading(true)
    await until(() => kept.length === count - dropped, 'the others')
    await someTurns()
    socket.close()
    const [closed] = ofKind(events, 'closed')
    assert.ok(closed?.transport === 'udp')
    assert.deepEqual([closed.dropped, closed.received.datagrams], [dropped, count - dropped])
    assert.equal(socket.traffic.dropped, dropped, 'it is known afterwards, too')
  })

  test('says that an unconnected socket is none', quick, async () => {
    const { socket, events } = await open()
    socket.close()
    const [closed] = ofKind(events, 'closed')
    assert.ok(closed?.transport === 'udp')
    assert.equal(closed.connected, false)
    assert.deepEqual(closed.sent, { bytes: 0, datagrams: 0, spanMs: 0 })
    if (process.platform === 'linux') assert.equal(closed.dropped, 0)
  })
})
