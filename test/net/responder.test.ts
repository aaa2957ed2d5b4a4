import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { type Endpoint, formatEndpoint } from '../../src/event.ts'
import { DatagramPeer } from '../../src/net/datagram-peer.ts'
import type { DatagramOptions } from '../../src/net/datagram-port.ts'
import type { AnsweringService } from '../../src/net/datagram-services.ts'
import { endpoint } from '../../src/net/endpoint.ts'
import { Limits } from '../../src/net/limits.ts'
import { Responder } from '../../src/net/responder.ts'
import { UdpSocket } from '../../src/net/udp-socket.ts'
import {
  closeFarSockets,
  datagramDefaults,
  datagramsOf,
  farSocket,
  ofKind,
  quick,
  someTurns,
  until,
} from './datagrams.ts'
import { recorder } from './loopback.ts'

const sockets: UdpSocket[] = []
after(async () => {
  for (const socket of sockets) socket.close()
  await closeFarSockets()
})

/** A socket with a service behind it; peers are made up, or speak. */
async function serve(service: AnsweringService, options: Partial<DatagramOptions> = {}) {
  const { teller, events, now } = recorder()
  const peers = new Map<string, DatagramPeer>()
  const limits = new Limits(teller)
  const peerOf = ({ address, port }: Pick<Endpoint, 'address' | 'port'>): DatagramPeer => {
    const remote = endpoint(address, port)
    const key = formatEndpoint(remote)
    const peer = peers.get(key) ?? new DatagramPeer(`server#${peers.size + 1}`, remote, now())
    peers.set(key, peer)
    return peer
  }
  const all = { ...datagramDefaults, ...options }
  const binding = { address: '127.0.0.1', port: 0, ipv6Only: false, reuseAddress: false, reusePort: false }
  const socket: UdpSocket = new UdpSocket('server', binding, all, {
    ...{ teller, limits, now, peerOf, stream: 1, peers: () => [...peers.values()] },
    received: (peer, payload) => responder.take(peer, payload),
  })
  sockets.push(socket)
  await socket.open()
  const responder = new Responder(service, socket, {
    ...{ limits, now, maxQueue: all.maxQueue, date: () => new Date(0) },
  })
  const take = (address: string, port: number, text: string) =>
    responder.take(peerOf({ address, port }), Buffer.from(text))
  const sent = () => datagramsOf(events).filter((line) => line.includes(' sent '))
  return { socket, events, take, sent, port: socket.local.port }
}

describe('who is refused an answer', () => {
  const rows: readonly [address: string, port: number, why: RegExp][] = [
    ['127.0.0.1', 7, /^port 7 is a service's port: two services would answer each other without end$/],
    ['127.0.0.1', 1_023, /^port 1023 is a service's port/],
    ['127.0.0.1', 0, /^port 0 stands for a sender that takes no answers$/],
    ['255.255.255.255', 5_000, /^255\.255\.255\.255 is a broadcast address/],
    ['239.1.2.3', 5_000, /^239\.1\.2\.3 is a multicast address/],
    ['0.0.0.0', 5_000, /^0\.0\.0\.0 is nobody's address$/],
  ]
  for (const [address, port, why] of rows) {
    test(`${address} ${port}, which is told each time`, quick, async () => {
      const { take, sent, events } = await serve('echo')
      for (let count = 0; count < 3; count++) take(address, port, 'x')
      await someTurns()
      assert.deepEqual(sent(), [])
      const told = ofKind(events, 'limit')
      assert.deepEqual(
        told.map(({ socket, what, limit, count, remote }) => [socket, what, limit, count, remote]),
        [1, 2, 3].map((count) => ['server#1', 'answer', 0, count, endpoint(address, port)]),
      )
      for (const { detail } of told) assert.match(detail, why)
    })
  }

  test('the socket itself', quick, async () => {
    const { take, port, events, sent } = await serve('echo')
    take('127.0.0.1', port, 'x')
    await someTurns()
    assert.deepEqual(sent(), [])
    assert.match(ofKind(events, 'limit')[0]?.detail ?? '', /^it comes from this very socket/)
  })

  test('does not keep others from theirs', quick, async () => {
    const far = await farSocket()
    const { take, sent } = await serve('echo')
    take('127.0.0.1', 7, 'x')
    take('127.0.0.1', far.port, 'y')
    take('127.0.0.1', 7, 'x')
    await until(() => far.received.length === 1, 'an answer')
    assert.deepEqual([far.received, sent()], [['y'], ['server#2 sent y']])
  })
})

describe('a loop', () => {
  test('with one who sends back whatever comes falls silent, which is told', quick, async () => {
    const { events, socket, take } = await serve('echo')
    const far = await farSocket()
    far.answer((text) => text)
    take('127.0.0.1', far.port, 'ball')
    await until(() => ofKind(events, 'limit').length > 0, 'the end of the loop')
    const { datagrams } = socket.traffic.sent
    assert.ok(datagrams >= 500 && datagrams <= 1_024, `${datagrams} hops`)
    const [limit] = ofKind(events, 'limit')
    assert.deepEqual([limit?.socket, limit?.what, limit?.limit, limit?.count], ['server#1', 'loop', 500, 1])
    assert.deepEqual(limit?.remote, endpoint('127.0.0.1', far.port))
    assert.match(
      limit?.detail ?? '',
      /^so many came back just as they were sent, and none while we kept silent: the last one is not answered, which ends/,
    )
    await someTurns()
    assert.equal(socket.traffic.sent.datagrams, datagrams)
  })

  test('of several that are under way names how many are not answered', quick, async () => {
    const { events, take } = await serve('echo')
    const far = await farSocket()
    far.answer((text) => text)
    for (const ball of ['a', 'b', 'c']) take('127.0.0.1', far.port, ball)
    await until(() => ofKind(events, 'limit').length > 0, 'the end of the loop')
    const [limit] = ofKind(events, 'limit')
    assert.match(limit?.detail ?? '', /: the last 3 are not answered, which ends the loop$/)
  })

  test('is none where more comes than a loop can have under way: all of it is answered', quick, async () => {
    const { take, sent, events, socket } = await serve('echo', { maxQueue: 10_000 })
    const far = await farSocket()
    for (let count = 0; count < 1_000; count++) take('127.0.0.1', far.port, 'again')
    await socket.sender.whenSent()
    assert.equal(sent().length, 1_000)
    assert.deepEqual(ofKind(events, 'limit'), [])
  })

  test('is over, and he who begins anew by himself is answered from then on', quick, async () => {
    const { socket, events, port } = await serve('echo')
    const far = await farSocket()
    let left = 1_500
    const start = () => far.send(`ball ${left}`, port)
    far.socket.on('message', (payload) => {
      left -= 1
      // He sends back the very same most of the time, and begins anew when nothing comes.
      if (left > 0) far.socket.send(payload, port, '127.0.0.1')
    })
    const again = setInterval(start, 50)
    await start()
    await until(() => left <= 0, 'the last of his balls').finally(() => clearInterval(again))
    assert.ok(socket.traffic.sent.datagrams >= 1_500)
    assert.deepEqual(
      ofKind(events, 'limit').map(({ what }) => what),
      ['loop'],
    )
  })
})

describe('answers that nobody takes', () => {
  test('are left out while the queue is full, which is told once, and again later', quick, async () => {
    const { socket, take, events, sent } = await serve('echo', { maxQueue: 4 })
    const far = await farSocket()
    const takeSome = () => {
      for (let count = 0; count < 10; count++) take('127.0.0.1', far.port, `${count}`)
    }
    const told = () =>
      ofKind(events, 'limit').map(({ socket: whose, what, limit, count, detail }) => [
        ...[whose, what, limit, count, detail],
      ])
    const detail = 'answers are left out until the kernel takes some; --max-queue allows more'
    socket.sender.setHeld(true)
    takeSome()
    assert.deepEqual([socket.sender.queued, told()], [4, [['server#1', 'datagrams', 4, 1, detail]]])
    socket.sender.setHeld(false)
    await until(() => sent().length === 4, 'those that waited')
    take('127.0.0.1', far.port, 'between')
    await until(() => far.received.length === 5, 'five answers')
    assert.deepEqual(far.received, ['0', '1', '2', '3', 'between'])
    socket.sender.setHeld(true)
    takeSome()
    assert.equal(told().length, 2)
  })
})

describe('an answer', () => {
  const rows: readonly [service: AnsweringService, request: string, answer: string][] = [
    ['echo', 'hello', 'hello'],
    ['chargen', 'abc', ' !"'],
    ['daytime', '', 'Thu, 01 Jan 1970 00:00:00 GMT\r\n'],
    ['time', '', '\x83\xaa\x7e\x80'],
  ]
  for (const [service, request, answer] of rows) {
    test(`of ${service} goes to who asked`, quick, async () => {
      const { take } = await serve(service)
      const [far, other] = [await farSocket(), await farSocket()]
      take('127.0.0.1', far.port, request)
      await until(() => far.received.length === 1, 'an answer')
      assert.deepEqual([far.received, other.received], [[answer], []])
    })
  }
})
