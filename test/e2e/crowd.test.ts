import assert from 'node:assert/strict'
import { test } from 'node:test'
import { connectTo, type Peer } from './sockets.ts'
import { overTcp, serve } from './sockpit.ts'

const clients = 1_000
const resets = 100

/** What the client of this number sends: its own bytes, so that a mix-up shows. */
function payloadOf(number: number, half: 1 | 2): Buffer {
  return Buffer.alloc(4_000, `client ${number} half ${half}; `)
}

test('1,000 clients, 100 of them reset in the middle: the others are whole, and the count adds up', async (t) => {
  const { server, port } = await serve(t, ['--echo'])
  const peers: Peer[] = []
  while (peers.length < clients) {
    peers.push(...(await Promise.all(Array.from({ length: 100 }, () => connectTo(t, port)))))
  }
  const ports = peers.map(({ socket }) => socket.localPort)
  for (const [number, { socket }] of peers.entries()) socket.write(payloadOf(number, 1))
  await Promise.all(peers.map((peer) => peer.has(4_000)))
  const isReset = (number: number) => number % (clients / resets) === 3
  await Promise.all(
    peers.map(async (peer, number) => {
      if (isReset(number)) {
        peer.socket.write(payloadOf(number, 2))
        peer.socket.resetAndDestroy()
        return
      }
      peer.socket.end(payloadOf(number, 2))
      const whole = Buffer.concat([payloadOf(number, 1), payloadOf(number, 2)])
      assert.ok((await peer.whole()).equals(whole), `client ${number}`)
    }),
  )
  await server.event('closed', () => server.eventsOf('closed').length === clients)
  assert.equal((await server.interrupt()).code, 130)

  const closed = server.eventsOf('closed').map(overTcp)
  const opened = server.eventsOf('opened')
  assert.equal(opened.length, clients)
  assert.equal(closed.length, clients)
  const numbers = Array.from({ length: clients }, (_, index) => `server#${index + 1}`)
  assert.deepEqual(new Set(closed.map(({ socket }) => socket)), new Set(numbers))
  assert.equal(closed.filter(({ first, how }) => first === 'peer' && how === 'reset').length, resets)
  assert.equal(closed.filter(({ first, how }) => first === 'peer' && how === 'fin').length, clients - resets)

  const portsOfResets = new Set(ports.filter((_, number) => isReset(number)))
  const socketsOfResets = closed.filter(({ how }) => how === 'reset').map(({ socket }) => socket)
  const remotes = new Map(opened.map(({ socket, remote }) => [socket, remote.port]))
  assert.deepEqual(new Set(socketsOfResets.map((socket) => remotes.get(socket))), portsOfResets)

  const whole = closed.filter(({ how }) => how === 'fin')
  assert.ok(
    whole.every(
      ({ sent, received, unsent }) => sent.bytes === 8_000 && received.bytes === 8_000 && unsent === 0,
    ),
  )
  const toldBytes = new Map<string, number>()
  for (const { socket, direction, size } of server.eventsOf('bytes')) {
    if (direction === 'received') toldBytes.set(socket, (toldBytes.get(socket) ?? 0) + size)
  }
  assert.ok(closed.every(({ socket, received }) => toldBytes.get(socket) === received.bytes))
})
