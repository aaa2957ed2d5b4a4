/** The limits of whatever comes before a WebSocket: heads, their time, and how many may come. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { connectTo, type Peer } from '../e2e/sockets.ts'
import { overWebSocket, type Running, run, sockpitCommand, startProgram } from '../e2e/sockpit.ts'
import {
  answerByHand,
  closePayload,
  frame,
  grant,
  openTheirs,
  polite,
  serveEcho,
  startTheirs,
  upgradeRequest,
} from '../e2e/web-sockets.ts'
import { asked, type LetIn, type Refused } from './handshake-rows.ts'
import { honestWebSocket, served } from './honest.ts'
import { arrive, letIn, outOfTime, refused, showing } from './upgrading.ts'

/** A head that `write` makes of its headers, with some more so that it has this size, none of them too long. */
function padded(write: (lines: Readonly<Record<string, string>>) => string, size: number): string {
  const long = { 'X-Long': 'x'.repeat(8_100) }
  const missing = size - write({ ...long, 'X-Rest': 'x' }).length
  return write({ ...long, 'X-Rest': 'x'.repeat(missing + 1) })
}

const targetOf = (lineSize: number) => `GET /${'x'.repeat(lineSize - 'GET / HTTP/1.1'.length)} HTTP/1.1`
const lineOf = (size: number) => ({ 'X-A': 'x'.repeat(size - 'X-A: '.length) })
/** With the five of every upgrade. */
const headersOf = (count: number) =>
  Object.fromEntries(Array.from({ length: count - 5 }, (_, at) => [`X-${at}`, 'x']))

const fitting: readonly LetIn[] = [
  {
    statement: 'HTTP head of 16 KiB in all → 101',
    asked: (port) => padded((lines) => upgradeRequest(port, lines), 16_384),
  },
  { statement: 'a request line of 8 KiB → 101', asked: asked({}, targetOf(8_192)) },
  { statement: 'a header of 8 KiB → 101', asked: asked(lineOf(8_192)) },
  { statement: '100 headers → 101', asked: asked(headersOf(100)) },
]

const tooLarge = {
  status: '431 Request Header Fields Too Large',
  isUnreadable: true,
  hint: undefined,
} as const

const oneOver: readonly Refused[] = [
  {
    statement: 'HTTP head of one byte over 16 KiB → 431, closed',
    asked: (port) => padded((lines) => upgradeRequest(port, lines), 16_385),
    problem: 'head is longer than 16384 bytes (RFC 6585 §5)',
    ...tooLarge,
  },
  {
    statement: 'a request line of one byte over 8 KiB → 414, closed',
    asked: asked({}, targetOf(8_193)),
    problem: 'request line is longer than 8192 bytes (RFC 9110 §15.5.15)',
    ...tooLarge,
    status: '414 URI Too Long',
  },
  {
    statement: 'a header of one byte over 8 KiB → 431, closed',
    asked: asked(lineOf(8_193)),
    problem: 'header "X-A" is longer than 8192 bytes (RFC 6585 §5)',
    ...tooLarge,
  },
  {
    statement: '101 headers → 431, closed',
    asked: asked(headersOf(101)),
    problem: 'header line 101 is one more than the 100 that are allowed (RFC 6585 §5)',
    ...tooLarge,
  },
]

test('HTTP head: 16 KiB in all, 8 KiB a line, 100 headers', async (t) => {
  const echo = await serveEcho(t)
  const show = showing(t, await honestWebSocket(t, echo.url))
  for (const row of fitting) await show(row.statement, (t) => letIn(t, echo, row))
  for (const row of oneOver) await show(row.statement, (t) => refused(t, echo, row))
  assert.equal((await echo.server.interrupt()).code, 130)
})

/** Runs a client whose upgrade is granted with a head of so many bytes, and whose WebSocket then says a word. */
async function grantedWith(t: TestContext, headSize: number) {
  const port = await answerByHand(t, ({ socket }, { accept }) => {
    const head = padded((lines) => grant(accept, lines), headSize)
    const word = frame({ opcode: 1, payload: 'in time' })
    const close = frame({ opcode: 8, payload: closePayload(1000) })
    socket.end(Buffer.concat([Buffer.from(head), word, close]))
  })
  const url = `ws://127.0.0.1:${port}/`
  return { url, ...(await run(t, ['ws-client', url], { stdin: 'pipe' })) }
}

test('HTTP head of an answer: 16 KiB in all → exit 0; one byte over → exit 5', async (t) => {
  const [whole, over] = await Promise.all([grantedWith(t, 16_384), grantedWith(t, 16_385)])
  assert.deepEqual([whole.code, whole.stdout.toString(), whole.stderr], [0, 'in time\n', ''])
  assert.deepEqual([over.code, over.stdout.length], [5, 0])
  const error = `sockpit: Cannot upgrade to WebSocket at ${over.url}: head is longer than 16384 bytes (RFC 6585 §5).`
  assert.equal(over.stderr.trimEnd().split('\n').at(-1), error)
})

test('handshake, from accept to complete head: a head without its last byte → closed, told', async (t) => {
  const echo = await serveEcho(t, ['--handshake-timeout', '700ms'])
  // Who is done stays, though its own time has passed, too.
  const honest = await honestWebSocket(t, echo.url)
  await served(honest, async () => {
    const { peer, socket } = await arrive(t, echo)
    polite(peer).socket.write(upgradeRequest(echo.port).slice(0, -1))
    await peer.closed
    await outOfTime(echo.server, socket, 'handshake', 700)
    assert.equal(peer.received.length, 0)
  })
  assert.equal(echo.server.eventsOf('timeout').length, 1)
  assert.equal((await echo.server.interrupt()).code, 130)
})

/** Connects to a server that is full, and sees that it is refused without a word, counted and told. */
async function refusedFor(
  t: TestContext,
  server: Running,
  port: number,
  expected: { limit: number; count: number; why: string },
) {
  const peer = await connectTo(t, port)
  const { localPort } = peer.socket
  await polite(peer).closed
  assert.equal(peer.received.length, 0)
  const told = await server.event('limit', ({ remote }) => remote?.port === localPort)
  const { socket, what, limit, count, detail } = told
  assert.deepEqual(
    { socket, what, limit, count, detail },
    {
      socket: 'server',
      what: 'connections',
      limit: expected.limit,
      count: expected.count,
      detail: `refused 127.0.0.1:${localPort}; ${expected.why}`,
    },
  )
}

/** How many have been refused, as `/stats` tells it. */
async function refusals(server: Running): Promise<number> {
  const before = server.eventsOf('stats').length
  server.write('/stats\n')
  await server.event('stats', () => server.eventsOf('stats').length > before)
  return server.eventsOf('stats').at(-1)?.total.refused ?? -1
}

test('connections: --max-connections → refused, counted, told', async (t) => {
  const args = ['--max-connections', '4', '--handshake-timeout', '2s', '--script', '-']
  const echo = await serveEcho(t, args, { stdin: 'pipe' })
  const { server, port, url } = echo
  const honest = await honestWebSocket(t, url)
  const why = '--max-connections allows more'
  await served(honest, async () => {
    const mute = await Promise.all([1, 2, 3].map(() => arrive(t, echo)))
    for (const count of [1, 2, 3]) await refusedFor(t, server, port, { limit: 4, count, why })
    assert.equal(await refusals(server), 3)
    // Those who only hold a place lose it in time.
    await Promise.all(mute.map(({ peer }) => polite(peer).closed))
    for (const { socket } of mute) await outOfTime(server, socket, 'handshake', 2_000)
    assert.equal((await (await openTheirs(t, url)).echo('later'))?.bytes.toString(), 'later')
  })
  assert.equal(server.eventsOf('limit').length, 3)
  assert.equal((await server.interrupt()).code, 130)
})

test('connections: 1,000 are served, one more is refused, counted and told', async (t) => {
  const { server, port, url } = await serveEcho(t, ['--script', '-'], { stdin: 'pipe' })
  const honest = await honestWebSocket(t, url)
  await served(honest, async () => {
    const all: Peer[] = []
    while (all.length < 999) {
      all.push(...(await Promise.all(Array.from({ length: 111 }, () => connectTo(t, port)))))
    }
    await server.event('opened', ({ socket }) => socket === 'server#1000')
    const expected = { limit: 1_000, count: 1, why: '--max-connections allows more' }
    await refusedFor(t, server, port, expected)
    const [last] = all.slice(-1)
    last?.socket.write(upgradeRequest(port))
    await last?.has('HTTP/1.1 101 Switching Protocols\r\n')
    assert.equal(await refusals(server), 1)
    const [first] = all
    first?.socket.destroy()
    await server.event('closed')
    assert.equal((await (await openTheirs(t, url)).echo('later'))?.bytes.toString(), 'later')
  })
  assert.equal((await server.interrupt()).code, 130)
})

test('connections: below the soft limit of open files → refused, counted, told', async (t) => {
  const script = `ulimit -n 64; exec ${sockpitCommand} ws-echo 0 --json --script -`
  const server = startProgram(t, 'sh', ['-c', script], { stdin: 'pipe' })
  const { url = '', local } = await server.event('listening')
  const honest = await honestWebSocket(t, url)
  await served(honest, async () => {
    const all = Array.from({ length: 100 }, () => startTheirs(t, url))
    const results = await Promise.allSettled(all.map((their) => their.opened()))
    const open = all.filter((_, index) => results[index]?.status === 'fulfilled')
    const limit = open.length + 1
    assert.ok(limit >= 16 && limit < 64, `${limit} were served`)
    const why = 'this process may have no more open files; ulimit -n raises that'
    await refusedFor(t, server, local.port, { limit, count: 101 - open.length, why })
    const told = server.eventsOf('limit').map(({ limit, count }) => [limit, count])
    assert.deepEqual(
      told,
      told.map((_, index) => [limit, index + 1]),
    )
    assert.equal(await refusals(server), told.length)
    const [first] = open
    first?.socket.close(1000)
    assert.equal(overWebSocket(await server.event('closed')).closeCode, 1000)
    assert.equal((await (await openTheirs(t, url)).echo('later'))?.bytes.toString(), 'later')
  })
  const { code, stderr } = await server.interrupt()
  assert.equal(code, 130)
  assert.doesNotMatch(stderr, /^sockpit: |^ {4}at /m)
})
