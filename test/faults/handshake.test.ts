/** What a server makes of requests for an upgrade that are wrong, and of some that only look so. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Event } from '../../src/event.ts'
import { connectTo, type Peer } from '../e2e/sockets.ts'
import { isOver, type Running } from '../e2e/sockpit.ts'
import {
  acceptOfKey,
  closePayload,
  type EchoServer,
  framesIn,
  inWords,
  maskedFrame,
  polite,
  serveEcho,
  upgradeByHand,
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
  type Lines,
  malformed,
  noBody,
  ofThisMachine,
  ordinary,
  type Refused,
  startLines,
} from './handshake-rows.ts'
import { honestWebSocket, type RoundTrip, served } from './honest.ts'

/** A client by hand; it answers no FIN unless it is made polite. */
interface Client {
  readonly peer: Peer
  /** The name of the socket that serves it. */
  readonly socket: string
}

async function arrive(t: TestContext, { server, port }: EchoServer): Promise<Client> {
  const peer = await connectTo(t, port)
  const { localPort } = peer.socket
  const { socket } = await server.event('opened', ({ remote }) => remote.port === localPort)
  return { peer, socket }
}

/** Whatever happened to one socket, in order, but for the reads and writes themselves. */
function storyOf(server: Running, socket: string): string[] {
  const isOfHeads = (event: Event) => event.socket === socket && event.kind !== 'bytes'
  return server.events.filter(isOfHeads).map(inWords)
}

/** The lines behind the status line. */
function linesOf(head: string): Lines {
  const [, ...rest] = head.split('\r\n')
  return Object.fromEntries(rest.map((line) => line.split(': ')))
}

/** Asks as the row says, and sees that the answer, the events and the end are those of a refusal. */
async function refused(t: TestContext, echo: EchoServer, row: Refused): Promise<void> {
  const { peer, socket } = await arrive(t, echo)
  polite(peer).socket.write(row.asked(echo.port))
  const whole = (await peer.whole()).toString()
  const headEnd = whole.indexOf('\r\n\r\n')
  const [head, body] = [whole.slice(0, headEnd), whole.slice(headEnd + 4)]
  assert.equal(head.split('\r\n')[0], `HTTP/1.1 ${row.status}`)
  assert.deepEqual(linesOf(head), {
    Connection: 'close',
    ...row.lines,
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Length': String(Buffer.byteLength(body)),
  })
  const [said, ...more] = body.trimEnd().split('\n')
  assert.equal(said, `No WebSocket here: ${row.problem}.`)
  if (row.hint === undefined) assert.deepEqual(more, [])
  else assert.ok(more.includes(row.hint), body)

  const verdict = await verdictOn(echo.server, socket)
  const request = row.isUnreadable ? [] : ['request received']
  const response = `response sent ${row.status.slice(0, 3)}`
  const end = ['ended us', 'ended peer', 'closed websocket']
  assert.deepEqual(storyOf(echo.server, socket), ['opened tcp', ...request, response, ...end])
  const { problem } = await echo.server.event('response', (event) => event.socket === socket)
  assert.equal(`${problem?.what} ${problem?.reason} (${problem?.section})`, row.problem)
  const { upgraded, first, how, unsent } = verdict
  assert.deepEqual([upgraded, first, how, unsent], [false, 'us', 'fin', 0])
}

/** Asks as the row says, and sees that it has become a WebSocket that echoes. */
async function letIn(t: TestContext, { server, port }: EchoServer, row: LetIn): Promise<void> {
  const { peer, has, frames } = await upgradeByHand(t, port, row.lines)
  const [head = ''] = peer.text.split('\r\n\r\n')
  assert.equal(head.split('\r\n')[0], 'HTTP/1.1 101 Switching Protocols')
  assert.deepEqual(linesOf(head), {
    Upgrade: 'websocket',
    Connection: 'Upgrade',
    'Sec-WebSocket-Accept': acceptOfKey,
    ...(row.extension !== undefined && { 'Sec-WebSocket-Extensions': row.extension }),
  })
  const { localPort } = peer.socket
  peer.socket.write(maskedFrame({ opcode: 1, payload: 'x' }))
  await has(3)
  assert.deepEqual(frames().map(inBrief), [[1, 'x']])
  peer.socket.write(maskedFrame({ opcode: 8, payload: closePayload(1000) }))
  await peer.whole()
  const opened = await server.event(
    'opened',
    (event) => event.remote.port === localPort && isOver(event, 'websocket'),
  )
  assert.equal('compression' in opened ? opened.compression : undefined, row.extension)
  const { upgraded, clean, closeCode } = await verdictOn(server, opened.socket)
  assert.deepEqual([upgraded, clean, closeCode], [true, true, 1000])
}

function inBrief({ opcode, payload }: ReturnType<typeof framesIn>[number]): [number, string] {
  return [opcode, payload.toString()]
}

/** Shows each statement in a test of its own, while the honest client is served. */
function showing(t: TestContext, honest: RoundTrip) {
  return (statement: string, misbehave: (t: TestContext) => Promise<void>) =>
    t.test(statement, async (t) => {
      await served(honest, () => misbehave(t))
    })
}

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
    const close = maskedFrame({ opcode: 8, payload: closePayload(1000) })
    const glued = [...texts.map((payload) => maskedFrame({ opcode: 1, payload })), close]
    const { peer, socket } = await arrive(t, echo)
    polite(peer).socket.write(Buffer.concat([Buffer.from(upgradeRequest(port)), ...glued]))
    const whole = await peer.whole()
    const frames = framesIn(whole.subarray(whole.indexOf('\r\n\r\n') + 4))
    assert.deepEqual(
      frames.slice(0, -1).map(inBrief),
      texts.map((text) => [1, text]),
    )
    assert.deepEqual(frames.at(-1)?.payload, closePayload(1000))
    const { received, clean } = await verdictOn(server, socket)
    assert.deepEqual([received.messages, received.reads, clean], [100, 1, true])
  })
  for (const row of foreign) await refuse(row)
  for (const row of ofThisMachine) await grant(row)

  const { code, stderr } = await server.interrupt()
  assert.equal(code, 130)
  assert.doesNotMatch(stderr, /^sockpit: |^ {4}at /m)
})

test('the server and who takes its time', async (t) => {
  const echo = await serveEcho(t, ['--handshake-timeout', '1s', '--close-timeout', '300ms'])
  const { server } = echo
  const show = showing(t, await honestWebSocket(t, echo.url))

  await show('a header every now and then → closed at --handshake-timeout', async (t) => {
    const { peer, socket } = await arrive(t, echo)
    peer.socket.write('GET / HTTP/1.1\r\n')
    await dripUntilClosed(peer, 'X-More: x\r\n')
    await outOfTime(server, socket, 'handshake', 1_000)
    assert.equal(peer.received.length, 0)
  })

  await show('nothing at all → closed at --handshake-timeout', async (t) => {
    const { peer, socket } = await arrive(t, echo)
    await polite(peer).closed
    await outOfTime(server, socket, 'handshake', 1_000)
    assert.equal(peer.received.length, 0)
  })

  await show('a head that goes on though it was refused → 431, closed at --close-timeout', async (t) => {
    const { peer, socket } = await arrive(t, echo)
    peer.socket.write(`GET / HTTP/1.1\r\n`)
    await dripUntilClosed(peer, `X-More: ${'x'.repeat(8_000)}\r\n`)
    await outOfTime(server, socket, 'close', 300)
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

/** Sees that the server gave a client up because of this time limit. */
async function outOfTime(
  server: Running,
  socket: string,
  what: 'handshake' | 'close',
  afterMs: number,
): Promise<void> {
  const { upgraded, first, openMs } = await verdictOn(server, socket)
  assert.deepEqual([upgraded, first], [false, 'us'])
  // A timer may fire a fraction of a millisecond early.
  assert.ok(openMs > afterMs - 2 && openMs < afterMs + 10_000, `${openMs} ms`)
  const told = await server.event('timeout', (event) => event.socket === socket)
  assert.deepEqual([told.what, told.afterMs], [what, afterMs])
}
