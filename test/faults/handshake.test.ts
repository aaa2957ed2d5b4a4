/** What a server makes of requests for an upgrade that are wrong, and of some that only look so. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Peer } from '../e2e/sockets.ts'
import {
  closePayload,
  framesIn,
  maskedFrame,
  polite,
  serveEcho,
  upgradeRequest,
  verdictOn,
} from '../e2e/web-sockets.ts'
import {
  extensions,
  foreign,
  forms,
  heads,
  keysAndVersions,
  type LetIn,
  malformed,
  noBody,
  ofThisMachine,
  ordinary,
  type Refused,
  startLines,
} from './handshake-rows.ts'
import { honestWebSocket } from './honest.ts'
import { arrive, inBrief, letIn, outOfTime, refused, showing } from './upgrading.ts'

test('the server and the request', async (t) => {
  const echo = await serveEcho(t)
  const { server, port } = echo
  const show = showing(t, await honestWebSocket(t, echo.url))
  const refuse = (row: Refused) => show(row.statement, (t) => refused(t, echo, row))
  const grant = (row: LetIn) => show(row.statement, (t) => letIn(t, echo, row))

  for (const row of [...heads, ...startLines]) await refuse(row)
  for (const row of ordinary) await grant(row)
  for (const row of [...keysAndVersions, ...forms]) await refuse(row)
  await grant(noBody)
  await refuse(malformed)
  await show('… in under 10 ms', async (t) => {
    const tookMs: number[] = []
    while (tookMs.length < 20) {
      const { peer, socket } = await arrive(t, echo)
      const askedAt = performance.now()
      polite(peer).socket.write(malformed.asked(port))
      await peer.whole()
      tookMs.push(performance.now() - askedAt)
      await verdictOn(server, socket)
    }
    // Whatever else the machine has to do falls on some of them.
    assert.ok(Math.min(...tookMs) < 10, `${tookMs} ms`)
  })
  for (const row of extensions) await grant(row)
  await show("frames in the request's own segment → handled once, in order", async (t) => {
    const texts = Array.from({ length: 100 }, (_, at) => `message ${at}`)
    const glued = texts.map((payload) => maskedFrame({ opcode: 1, payload }))
    const { peer, socket } = await arrive(t, echo)
    polite(peer).socket.write(Buffer.concat([Buffer.from(upgradeRequest(port)), ...glued]))
    await peer.has(texts.at(-1) ?? '')
    peer.socket.write(maskedFrame({ opcode: 8, payload: closePayload(1000) }))
    const whole = await peer.whole()
    const frames = framesIn(whole.subarray(whole.indexOf('\r\n\r\n') + 4))
    assert.deepEqual(
      frames.slice(0, -1).map(inBrief),
      texts.map((text) => [1, text]),
    )
    assert.deepEqual(frames.at(-1)?.payload, closePayload(1000))
    const { received, clean } = await verdictOn(server, socket)
    assert.deepEqual([received.messages, received.reads, clean], [100, 2, true])
  })
  for (const row of foreign) await refuse(row)
  for (const row of ofThisMachine) await grant(row)

  const { code, stderr } = await server.interrupt()
  assert.equal(code, 130)
  assert.doesNotMatch(stderr, /^sockpit: |^ {4}at /m)
})

test('the server and who takes its time', async (t) => {
  const echo = await serveEcho(t, ['--handshake-timeout', '500ms', '--close-timeout', '1s'])
  const { server } = echo
  const show = showing(t, await honestWebSocket(t, echo.url))

  await show('a header every now and then → closed at --handshake-timeout', async (t) => {
    const { peer, socket } = await arrive(t, echo)
    peer.socket.write('GET / HTTP/1.1\r\n')
    await dripUntilClosed(peer, 'X-More: x\r\n')
    await outOfTime(server, socket, 'handshake', 500)
    assert.equal(peer.received.length, 0)
  })

  await show('nothing at all → closed at --handshake-timeout', async (t) => {
    const { peer, socket } = await arrive(t, echo)
    await polite(peer).closed
    await outOfTime(server, socket, 'handshake', 500)
    assert.equal(peer.received.length, 0)
  })

  await show('a head that goes on though it was refused → 431, closed at --close-timeout', async (t) => {
    const { peer, socket } = await arrive(t, echo)
    peer.socket.write(`GET / HTTP/1.1\r\n`)
    await dripUntilClosed(peer, `X-More: ${'x'.repeat(8_000)}\r\n`)
    await outOfTime(server, socket, 'close', 1_000)
    assert.match(peer.text, /^HTTP\/1\.1 431 Request Header Fields Too Large\r\n/)
  })

  const { code, stderr } = await server.interrupt()
  assert.equal(code, 130)
  assert.doesNotMatch(stderr, /^sockpit: |^ {4}at /m)
})

/** Sends the text again and again, whatever the other side says, until there is no connection any more. */
async function dripUntilClosed({ socket, closed }: Peer, text: string): Promise<void> {
  const timer = setInterval(() => socket.write(text), 20)
  try {
    await closed
  } finally {
    clearInterval(timer)
  }
}
