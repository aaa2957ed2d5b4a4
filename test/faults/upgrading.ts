/** Asks a server for an upgrade by hand, and sees what becomes of it. */
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import type { Event } from '../../src/event.ts'
import { connectTo, type Peer } from '../e2e/sockets.ts'
import type { Running } from '../e2e/sockpit.ts'
import {
  acceptOfKey,
  closePayload,
  type EchoServer,
  framesIn,
  inWords,
  maskedFrame,
  polite,
  verdictOn,
} from '../e2e/web-sockets.ts'
import type { LetIn, Lines, Refused } from './handshake-rows.ts'
import { type RoundTrip, served } from './honest.ts'

/** A client by hand; it answers no FIN unless it is made polite. */
export interface Client {
  readonly peer: Peer
  /** The name of the socket that serves it. */
  readonly socket: string
}

export async function arrive(t: TestContext, { server, port }: EchoServer): Promise<Client> {
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
export async function refused(t: TestContext, echo: EchoServer, row: Refused): Promise<void> {
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
export async function letIn(t: TestContext, echo: EchoServer, row: LetIn): Promise<void> {
  const { server, port } = echo
  const { peer, socket } = await arrive(t, echo)
  polite(peer).socket.write(row.asked(port))
  await peer.has('\r\n\r\n')
  const [head = ''] = peer.text.split('\r\n\r\n')
  assert.equal(head.split('\r\n')[0], 'HTTP/1.1 101 Switching Protocols')
  assert.deepEqual(linesOf(head), {
    Upgrade: 'websocket',
    Connection: 'Upgrade',
    'Sec-WebSocket-Accept': acceptOfKey,
    ...(row.extension !== undefined && { 'Sec-WebSocket-Extensions': row.extension }),
  })
  const before = peer.received.length
  peer.socket.write(maskedFrame({ opcode: 1, payload: 'x' }))
  await peer.has(before + 3)
  assert.deepEqual(framesIn(peer.received.subarray(before)).map(inBrief), [[1, 'x']])
  peer.socket.write(maskedFrame({ opcode: 8, payload: closePayload(1000) }))
  await peer.whole()
  const opened = await server.event(
    'opened',
    (event) => event.socket === socket && event.transport === 'websocket',
  )
  assert.equal('compression' in opened ? opened.compression : undefined, row.extension)
  const { upgraded, clean, closeCode } = await verdictOn(server, socket)
  assert.deepEqual([upgraded, clean, closeCode], [true, true, 1000])
}

export function inBrief({ opcode, payload }: ReturnType<typeof framesIn>[number]): [number, string] {
  return [opcode, payload.toString()]
}

/** Shows each statement in a test of its own, while the honest client is served. */
export function showing(t: TestContext, honest: RoundTrip) {
  return (statement: string, misbehave: (t: TestContext) => Promise<void>) =>
    t.test(statement, async (t) => {
      await served(honest, () => misbehave(t))
    })
}

/** Sees that the server gave a client up because of this time limit. */
export async function outOfTime(
  server: Running,
  socket: string,
  what: 'handshake' | 'close',
  afterMs: number,
): Promise<void> {
  const { upgraded, first, openMs } = await verdictOn(server, socket)
  assert.deepEqual([upgraded, first], [false, 'us'])
  // A timer may fire a fraction of a millisecond early.
  assert.ok(openMs > afterMs - 2 && openMs < afterMs + 10_000, `${openMs} ms`)
  const told = server.eventsOf('timeout').filter((event) => event.socket === socket)
  assert.deepEqual(
    told.map((one) => [one.what, one.afterMs]),
    [[what, afterMs]],
  )
}
