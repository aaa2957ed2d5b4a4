/** More connections than there may be open files. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { connectTo, type Peer } from '../e2e/sockets.ts'
import { sockpitCommand, startProgram } from '../e2e/sockpit.ts'
import { honestStream, served } from './honest.ts'

test('`ulimit -n 64` and 200 connects → refusals counted and told, later connects served', async (t) => {
  const script = `ulimit -n 64; exec ${sockpitCommand} tcp-server 0 --echo --json`
  const server = startProgram(t, 'sh', ['-c', script])
  const { port } = (await server.event('listening')).local
  const honest = await honestStream(t, port)
  const peers: Peer[] = []
  await served(honest, async () => {
    peers.push(...(await Promise.all(Array.from({ length: 200 }, () => connectTo(t, port)))))
    await server.event('limit', ({ count }) => count + server.eventsOf('opened').length === 201)
  })
  const limits = server.eventsOf('limit')
  const openedFirst = server.eventsOf('opened').length
  assert.ok(openedFirst >= 16 && openedFirst < 64, `${openedFirst} were served`)
  assert.deepEqual(
    limits.map(({ what, count, limit }) => [what, count, limit]),
    limits.map((_, index) => ['connections', index + 1, openedFirst]),
  )
  assert.match(limits[0]?.detail ?? '', /ulimit -n/)
  for (const { socket } of peers) socket.end('bye')
  await server.event('closed', () => server.eventsOf('closed').length === openedFirst - 1)
  const later = await Promise.all(Array.from({ length: 10 }, () => connectTo(t, port)))
  for (const peer of later) peer.socket.end('later')
  for (const peer of later) assert.equal((await peer.whole()).toString(), 'later')
  const { code, stderr } = await server.interrupt()
  assert.equal(code, 130)
  assert.doesNotMatch(stderr, /sockpit: /)
})
