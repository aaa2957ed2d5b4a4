import assert from 'node:assert/strict'
import { test } from 'node:test'
import { connectTo } from './sockets.ts'
import { sockpitCommand, startProgram } from './sockpit.ts'

test('ulimit -n 64 and 200 connects: refusals are counted and told, later ones are served', async (t) => {
  const script = `ulimit -n 64; exec ${sockpitCommand} tcp-server 0 --echo --json`
  const server = startProgram(t, 'sh', ['-c', script])
  const { port } = (await server.event('listening')).local
  const peers = await Promise.all(Array.from({ length: 200 }, () => connectTo(t, port)))
  await server.event('limit', ({ count }) => count + server.eventsOf('opened').length === 200)
  const limits = server.eventsOf('limit')
  const openedFirst = server.eventsOf('opened').length
  assert.ok(openedFirst >= 16 && openedFirst < 64, `${openedFirst} were served`)
  assert.deepEqual(
    limits.map(({ what, count, limit }) => [what, count, limit]),
    limits.map((_, index) => ['connections', index + 1, openedFirst]),
  )
  assert.match(limits[0]?.detail ?? '', /ulimit -n/)
  for (const { socket } of peers) socket.end('bye')
  await server.event('closed', () => server.eventsOf('closed').length === openedFirst)
  const later = await Promise.all(Array.from({ length: 10 }, () => connectTo(t, port)))
  for (const peer of later) peer.socket.end('later')
  for (const peer of later) assert.equal((await peer.whole()).toString(), 'later')
  const { code, stderr } = await server.interrupt()
  assert.equal(code, 130)
  assert.doesNotMatch(stderr, /sockpit: /)
})
