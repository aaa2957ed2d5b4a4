import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { defaults } from '../../src/commands/defaults.ts'
import { mostPeers } from '../../src/net/peer-table.ts'
import { onLinux, openMailbox, serveDatagrams, toldTexts, untilTold } from '../e2e/datagrams.ts'
import { connectTo, type Peer } from '../e2e/sockets.ts'
import { overUdp, type Running, type Serving, serve, start } from '../e2e/sockpit.ts'
import { maskedFrame, serveEcho, upgradeRequest } from '../e2e/web-sockets.ts'
import {
  honestChat,
  honestDatagrams,
  honestStream,
  honestWebSocket,
  type RoundTrip,
  served,
} from './honest.ts'
import { endsAsAsked } from './statements.ts'

const MiB = 2 ** 20
/** Long enough for an honest reader on a busy machine. */
const stallMs = 3_000
/** Here nobody misses a line of the chat: it is waited for as long as it takes. */
const neverMs = 30_000

/** A server that somebody does not read from. */
interface Owing {
  readonly serve: (t: TestContext, args: readonly string[]) => Promise<Serving>
  readonly honest: (t: TestContext, port: number) => Promise<RoundTrip>
  /** Gives the server more for the deaf one than kernel and queue can hold. */
  readonly overfeed: (t: TestContext, serving: Serving, deaf: Peer) => Promise<void>
}

/** More than the kernel holds for a peer that does not read, and the queue. */
const tooMuch = 12 * MiB

const tcpEcho: Owing = {
  serve: (t, args) => serve(t, ['--echo', ...args]),
  honest: honestStream,
  overfeed: async (_, __, deaf) => void deaf.socket.write(Buffer.alloc(tooMuch, 'x')),
}

const webSocketEcho: Owing = {
  serve: (t, args) => serveEcho(t, ['--no-compress', ...args]),
  honest: (t, port) => honestWebSocket(t, `ws://127.0.0.1:${port}/`),
  async overfeed(_, { port }, { socket }) {
    const message = maskedFrame({ opcode: 1, payload: 'x'.repeat(2 ** 16) })
    socket.write(upgradeRequest(port))
    for (let sent = 0; sent < tooMuch; sent += message.length) socket.write(message)
  },
}

const chat: Owing = {
  serve: (t, args) => serve(t, ['--service', 'chat', ...args]),
  honest: (t, port) => honestChat(t, port, neverMs),
  async overfeed(t, { server, port }) {
    const lines = `${'x'.repeat(8_191)}\n`.repeat(32)
    const [shouter, hearer] = [await connectTo(t, port), await connectTo(t, port)]
    for (let sent = lines.length; server.eventsOf('limit').length < 2; sent += lines.length) {
      assert.ok(sent < 64 * MiB, 'the deaf one takes everything')
      shouter.socket.write(lines)
      // Not faster than those can hear who do.
      await hearer.has(sent)
    }
    const [, { what, detail } = { what: '', detail: '' }] = server.eventsOf('limit')
    assert.deepEqual(
      [what, detail],
      [
        'queue',
        'who takes nothing misses the lines of the chat until there is room; --max-queue allows more',
      ],
    )
  },
}

const deafTo: readonly (readonly [string, Owing, readonly string[], number])[] = [
  ['tcp-server --echo', tcpEcho, [], MiB],
  ['tcp-server --echo --max-queue 256KiB', tcpEcho, ['--max-queue', '256KiB'], MiB / 4],
  ['tcp-server --service chat', chat, [], MiB],
  ['ws-echo', webSocketEcho, [], MiB],
]

async function assertGivenUp(t: TestContext, owing: Owing, serving: Serving, most: number) {
  const { server, port } = serving
  const deaf = await connectTo(t, port, { read: false })
  const { localPort } = deaf.socket
  await owing.overfeed(t, serving, deaf)
  const { socket, what, limit, count, detail } = await server.event('limit')
  assert.deepEqual([what, limit, count], ['queue', most, 1])
  assert.equal(detail, 'nothing more is read from a peer that takes nothing; --max-queue allows more')
  deaf.socket.write('not read any more\n')
  const { remote } = await server.event('opened', (opened) => opened.socket === socket)
  assert.equal(remote.port, localPort)

  const timeout = await server.event('timeout')
  assert.deepEqual([timeout.what, timeout.afterMs, timeout.socket], ['write', stallMs, socket])
  const closed = await server.event('closed', (one) => one.socket === socket)
  assert.ok(closed.transport !== 'udp')
  assert.deepEqual([closed.first, closed.how], ['us', 'timeout'])
  // It is read from again where half has gone; and a read is taken whole.
  const { unsent } = closed
  assert.ok(unsent > most / 2 && unsent <= most + 2 ** 17, `${unsent} B were never sent`)
  assert.ok(!server.receivedBy(socket).includes('not read any more'))
}

/** Where a client takes what it sends from: what is written to its standard input, line by line. */
const sources: readonly (readonly [string, readonly string[]])[] = [
  ['lines of standard input', []],
  ['--chunk', ['--chunk', '1400']],
  ['a script', ['--script', '-']],
]

const lines = 4_000
const line = `${'x'.repeat(1_399)}\n`

// Side by side: they wait for time limits, and for the end of ours.
describe('limits', { concurrency: 4 }, () => {
  for (const [name, owing, more, most] of deafTo) {
    test(`bytes queued to a peer that does not read, ${name}: ${most / MiB} MiB: stop reading it; without progress: close; both told`, async (t) => {
      const serving = await owing.serve(t, ['--stall-timeout', `${stallMs}ms`, ...more])
      const roundTrip = await owing.honest(t, serving.port)
      await served(roundTrip, () => assertGivenUp(t, owing, serving, most))
      assert.equal(serving.server.eventsOf('timeout').length, 1)
      await endsAsAsked(serving)
    })
  }

  for (const [name, args] of sources) {
    test(`datagrams queued to send, ${name}: 1,000 → back-pressure to the source, never unbounded`, async (t) => {
      const serving = await serveDatagrams(t, ['--echo', '--script', '-'], { stdin: 'pipe' })
      const { server, port } = serving
      await served(await honestDatagrams(t, port), async () => {
        // After the first one they wait, longer than this test does.
        const paced = ['udp-client', '127.0.0.1', String(port), '--json', '--delay', '1h', ...args]
        const client = start(t, paced, { stdin: 'pipe' })
        const taken = feed(client)
        await untilTold(client, 'received', 1)
        // Each round trip is a turn in which it could take more.
        for (let [turn, turnsMore] = [1, 0]; turnsMore < 50; turn++) {
          assert.ok(turn < 5_000, `only ${taken()} lines were taken`)
          server.write(`/to 2 turn ${turn}\n`)
          await untilTold(client, 'received', 1 + turn)
          if (taken() > 1_000) turnsMore += 1
        }
        const { code, stderr } = await client.interrupt()
        assert.deepEqual([code, stderr], [130, ''])
        assert.equal(overUdp(await client.event('closed')).unsent, 1_000)
        assert.ok(taken() < 1_200, `${taken()} lines were taken`)
      })
      await endsAsAsked(serving)
    })
  }

  test('datagrams queued to send, answers of a service: 1,000 wait, the others are left out, told; later ones are answered', async (t) => {
    const options = { stdin: 'pipe' } as const
    const serving = await serveDatagrams(t, ['--echo', '--delay', '1h', '--script', '-'], options)
    const { server, port } = serving
    const mailbox = await openMailbox(t)
    // No more at once than the kernel's buffer holds.
    for (let sent = 0; sent < 1_200; ) {
      for (let number = 1; number <= 100; number++, sent++) await mailbox.send(`question ${sent}`, port)
      await untilTold(server, 'received', sent)
    }
    const { what, limit, detail } = await server.event('limit')
    assert.deepEqual([what, limit], ['datagrams', 1_000])
    assert.equal(detail, 'answers are left out until the kernel takes some; --max-queue allows more')
    server.write('/set delay off\n')
    await untilTold(server, 'sent', 1_001)
    const answers = toldTexts(server, 'sent')
    assert.deepEqual([answers.length, answers.at(-1)], [1_001, 'question 1000'])
    await served(await honestDatagrams(t, port), async () => {})
    assert.equal(server.eventsOf('limit').length, 1)
    await endsAsAsked(serving)
  })
})

/** Writes line by line, each when the one before was taken; answers how many were. */
function feed({ child: { stdin } }: Running): () => number {
  let taken = 0
  const next = () => {
    if (taken < lines) stdin?.write(line, onTaken)
  }
  const onTaken = (error?: Error | null) => {
    if (error) return
    taken += 1
    next()
  }
  next()
  return () => taken
}

test('of themselves queues hold 1 MiB for 30 s, 1,000 datagrams, 4,096 peers', () => {
  const { maxQueue, stallTimeoutMs, maxDatagrams } = defaults
  assert.deepEqual([maxQueue, stallTimeoutMs, maxDatagrams, mostPeers], [MiB, 30_000, 1_000, 4_096])
})

// By itself: while so many sockets come and go, /proc/net/udp tells others too little.
test('UDP peers remembered: 4,096 → the oldest is forgotten', {
  skip: onLinux && 'only Linux answers on all of 127/8',
}, async (t) => {
  const options = { stdin: 'pipe' } as const
  const { server, port } = await serveDatagrams(t, ['--echo', '-q', '--script', '-'], options)
  const roundTrip = await honestDatagrams(t, port)
  await served(roundTrip, async () => {
    // No more at once than the kernel's buffer holds.
    for (let host = 1; host <= 44; host++) await askFrom(t, `127.0.0.${host}`, 100, port)
  })
  server.write('/stats\n/to 1 you are known\n/to 2 forgotten\n')
  const { code, stderr } = await server.exit
  assert.equal(code, 2)
  assert.match(stderr, /^sockpit: [^\n]*there is no peer #2: known: #1 #307 #308 [^\n]*\n$/m)
  const { peers } = overUdp(await server.event('stats'))
  assert.deepEqual([peers.length, peers.at(-1)?.socket], [4_096, 'server#1'])
  const limits = server.eventsOf('limit')
  assert.deepEqual(
    limits.map(({ what, limit, count, socket }) => [what, limit, count, socket]),
    Array.from({ length: 305 }, (_, index) => ['peers', 4_096, index + 1, `server#${index + 2}`]),
  )
  assert.deepEqual(limits[0]?.remote, server.eventsOf('peer')[1]?.remote)
})

/** So many sockets of an address, each of which asks, and is answered. */
async function askFrom(t: TestContext, address: string, count: number, port: number): Promise<void> {
  const mailboxes = await Promise.all(Array.from({ length: count }, () => openMailbox(t, { address })))
  await Promise.all(
    mailboxes.map(async (mailbox) => {
      const ask = () => void mailbox.send('hello', port, '127.0.0.1')
      // One that is lost is sent again; who is remembered stays the same.
      const asking = setInterval(ask, 2_000)
      ask()
      await mailbox.at(0).finally(() => clearInterval(asking))
    }),
  )
  await Promise.all(mailboxes.map((mailbox) => mailbox.close()))
}
