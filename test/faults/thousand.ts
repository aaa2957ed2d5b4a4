/** A thousand clients that come at once. */
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { connectTo, type Peer } from '../e2e/sockets.ts'
import { overTcp, type Running, serve } from '../e2e/sockpit.ts'
import { honestStream, served } from './honest.ts'
import { endsAsAsked } from './statements.ts'

/** With the honest one they are as many as are let in. */
const clients = 999
const half = 1_000

/** One in ten is reset in the middle. */
function isReset(number: number): boolean {
  return number % 10 === 3
}

/** What the client of this number sends: its own bytes, so that a mix-up shows. */
function payloadOf(number: number, part: 1 | 2): Buffer {
  return Buffer.alloc(half, `client ${number} half ${part}; `)
}

/** Says its second half, and goes: the answer is whole, or nobody waits for it. */
async function leave(peer: Peer, number: number): Promise<void> {
  const { socket } = peer
  if (isReset(number)) {
    socket.write(payloadOf(number, 2))
    socket.resetAndDestroy()
    return
  }
  socket.end(payloadOf(number, 2))
  const whole = Buffer.concat([payloadOf(number, 1), payloadOf(number, 2)])
  assert.ok((await peer.whole()).equals(whole), `client ${number}`)
}

/** All of them connect, all at once, and are served: those that stay are whole, and the count adds up. */
export async function comeAtOnce(t: TestContext): Promise<void> {
  const serving = await serve(t, ['--echo'])
  const { server, port } = serving
  const resetPorts = new Set<number | undefined>()
  await served(await honestStream(t, port), async () => {
    const peers = await Promise.all(Array.from({ length: clients }, () => connectTo(t, port)))
    for (const [number, { socket }] of peers.entries()) {
      if (isReset(number)) resetPorts.add(socket.localPort)
      socket.write(payloadOf(number, 1))
    }
    await Promise.all(peers.map((peer) => peer.has(half)))
    await Promise.all(peers.map((peer, number) => leave(peer, number)))
    await server.until(`${clients} verdicts`, () =>
      server.eventsOf('closed').length === clients ? true : undefined,
    )
  })
  assertVerdicts(server, resetPorts)
  await endsAsAsked(serving)
}

function assertVerdicts(server: Running, resetPorts: ReadonlySet<number | undefined>): void {
  const closed = server.eventsOf('closed').map(overTcp)
  const remotes = new Map(server.eventsOf('opened').map(({ socket, remote }) => [socket, remote.port]))
  assert.deepEqual([remotes.size, server.eventsOf('limit').length], [clients + 1, 0])
  assert.equal(new Set(closed.map(({ socket }) => socket)).size, clients)
  assert.ok(closed.every(({ first }) => first === 'peer'))

  const reset = closed.filter(({ how }) => how === 'reset')
  assert.deepEqual(new Set(reset.map(({ socket }) => remotes.get(socket))), resetPorts)

  const whole = closed.filter(({ how }) => how === 'fin')
  assert.equal(whole.length, clients - resetPorts.size)
  for (const { sent, received, unsent } of whole) {
    assert.deepEqual([sent.bytes, received.bytes, unsent], [2 * half, 2 * half, 0])
  }
  const told = new Map<string, number>()
  for (const { socket, direction, size } of server.eventsOf('bytes')) {
    if (direction === 'received') told.set(socket, (told.get(socket) ?? 0) + size)
  }
  assert.ok(closed.every(({ socket, received }) => told.get(socket) === received.bytes))
}
