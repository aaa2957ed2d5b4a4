/** How a WebSocket ends: close frames right and wrong, crossed, missing, and what comes behind them. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Peer } from '../e2e/sockets.ts'
import { type Running, start } from '../e2e/sockpit.ts'
import {
  answerByHand,
  closePayload,
  frame,
  framesIn,
  grant,
  maskedFrame,
  verdictOn,
} from '../e2e/web-sockets.ts'
import { beside, faultIn, inBrief, interrupted, intrude, type Shared, shareEcho } from './beside-honest.ts'

interface Answer {
  readonly statement: string
  readonly payload: Buffer
  /** What the close frame says that answers it. */
  readonly answer: number
  /** What is told of it, where it breaks a rule. */
  readonly fault?: string
  /** Another row stands for it at a client. */
  readonly isLikeOthers?: true
}

const forbidden = 'forbidden-close-code (RFC 6455 §7.4): 1002'
const shown = new Set([999, 1005, 1016, 5000, 1000, 1014, 3000])

const wrong: readonly Answer[] = [
  {
    statement: 'close payload of 1 byte → 1002',
    payload: Buffer.from('x'),
    answer: 1002,
    fault: 'short-close (RFC 6455 §5.5.1): 1002',
  },
  ...[0, 1, 500, 999, 1004, 1005, 1006, 1015, 1016, 2000, 2999, 5000, 65_535].map((code) => ({
    statement: `close code ${code} → 1002`,
    payload: closePayload(code),
    answer: 1002,
    fault: forbidden,
    ...(!shown.has(code) && ({ isLikeOthers: true } as const)),
  })),
]

const right: readonly Answer[] = [
  1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 4999,
].map((code) => ({
  statement: `close code ${code} → answered with the same code`,
  payload: closePayload(code, 'why'),
  answer: code,
  ...(!shown.has(code) && ({ isLikeOthers: true } as const)),
}))

const badReason: Answer = {
  statement: 'bad UTF-8 reason → 1007',
  payload: Buffer.concat([closePayload(1000), Buffer.from([0x61, 0xff])]),
  answer: 1007,
  fault: 'not-utf8 (RFC 6455 §5.5.1): 1007',
}

/** What may not be looked at behind a close frame: a message, a ping, another close frame, and nonsense. */
function behind(make: typeof frame): Buffer {
  const payload = 'late'
  const close = make({ opcode: 8, payload: closePayload(4444) })
  return Buffer.concat([
    make({ opcode: 1, payload }),
    make({ opcode: 9, payload }),
    close,
    make({ opcode: 7 }),
  ])
}

const ignored: Answer = { statement: '', payload: closePayload(1000), answer: 1000 }

interface Ended {
  readonly closeCode: number
  readonly sentCode?: number
  readonly first: 'us' | 'peer'
  readonly clean: boolean
  readonly how?: 'fin' | 'reset'
}

async function endedAs(running: Running, socket: string, expected: Ended): Promise<void> {
  const { closeCode, sentCode, first, clean, how } = await verdictOn(running, socket)
  assert.deepEqual(
    { closeCode, first, clean, how, ...(sentCode !== undefined && { sentCode }) },
    { how: 'fin', ...expected },
  )
}

/** How an end is judged at whose close frame or whose fault it began. */
function verdictOf({ answer, fault }: Answer): Ended {
  return fault === undefined
    ? { closeCode: answer, sentCode: answer, first: 'peer', clean: true }
    : { closeCode: 1006, sentCode: answer, first: 'us', clean: false }
}

/** Sends a close frame, and whatever stands behind it, and sees how it is answered. */
async function answered(
  t: TestContext,
  shared: Shared,
  row: Answer,
  more: Buffer = Buffer.alloc(0),
): Promise<void> {
  const { peer, frames, socket } = await intrude(t, shared)
  peer.socket.write(Buffer.concat([maskedFrame({ opcode: 8, payload: row.payload }), more]))
  await peer.whole()
  assert.deepEqual(frames().map(inBrief), [[8, row.answer]])
  await endedAs(shared.server, socket, verdictOf(row))
  assert.equal(faultIn(shared.server.events, socket), row.fault)
  const messages = shared.server.eventsOf('message').filter((event) => event.socket === socket)
  assert.deepEqual(messages, [])
}

test('ws-echo: close frames', async (t) => {
  const shared = await shareEcho(t)
  for (const row of [...wrong, ...right, badReason]) {
    await beside(t, shared, row.statement, (t) => answered(t, shared, row))
  }

  await beside(t, shared, 'data after close → ignored', (t) =>
    answered(t, shared, ignored, behind(maskedFrame)),
  )
  await interrupted(shared)
})

test('ws-echo: ends without an answer', async (t) => {
  const shared = await shareEcho(t, ['--script', '-'], { stdin: 'pipe' })
  const { server } = shared

  await beside(t, shared, 'both close at once → one close frame each', async (t) => {
    const { peer, frames, socket } = await intrude(t, shared)
    server.write(`/to ${socket.replace(/.*#/, '')} /close 4001\n`)
    // What they send does not answer ours: they had not seen it.
    await peer.has(closePayload(4001))
    peer.socket.write(maskedFrame({ opcode: 8, payload: closePayload(4002) }))
    await peer.whole()
    assert.deepEqual(frames().map(inBrief), [[8, 4001]])
    await endedAs(server, socket, { closeCode: 4002, sentCode: 4001, first: 'us', clean: true })
  })

  const cut: readonly [name: string, how: 'fin' | 'reset', cut: (peer: Peer) => void][] = [
    ['FIN', 'fin', ({ socket }) => socket.end()],
    ['RST', 'reset', ({ socket }) => socket.resetAndDestroy()],
  ]
  for (const [name, how, cutOff] of cut) {
    await beside(t, shared, `${name} without a close frame → told as 1006`, async (t) => {
      const { peer, socket } = await intrude(t, shared)
      cutOff(peer)
      await endedAs(server, socket, { closeCode: 1006, first: 'peer', clean: false, how })
    })
  }
  await interrupted(shared)
})

/** A server by hand whose word for every client is the same; what came from the last one. */
async function answerWith(t: TestContext, word: (peer: Peer) => void | Promise<void>) {
  let last: Promise<Buffer> = Promise.resolve(Buffer.alloc(0))
  const port = await answerByHand(t, (peer, { accept }) => {
    const size = peer.received.length
    last = peer.whole().then((bytes) => bytes.subarray(size))
    last.catch(() => {})
    peer.socket.write(grant(accept))
    // A client that goes early is found out by how it ends.
    Promise.resolve(word(peer)).catch(() => {})
  })
  return { url: `ws://127.0.0.1:${port}`, frames: async () => framesIn(await last) }
}

/** Codes after which a script goes on as if nothing had been. */
const normal = [1000, 1001]

/** Is sent a close frame, and whatever stands behind it; how it answers, and its exit code. */
async function clientAnswers(t: TestContext, row: Answer, more: Buffer = Buffer.alloc(0)): Promise<void> {
  const { url, frames } = await answerWith(t, ({ socket }) => {
    socket.write(Buffer.concat([frame({ opcode: 8, payload: row.payload }), more]))
    // After a clean end it is the server who ends TCP.
    if (row.fault === undefined) socket.end()
  })
  const client = start(t, ['ws-client', url, '--json', '--on-eof', 'stay'])
  const { code, stderr } = await client.exit
  const isNormal = row.fault === undefined && normal.includes(row.answer)
  assert.equal(code, isNormal ? 0 : 6)
  if (!isNormal) assert.match(stderr, new RegExp(`^sockpit: ${url}/ [^\\n]* ${row.answer}\\b[^\\n]*$`, 'm'))
  assert.deepEqual((await frames()).map(inBrief), [[8, row.answer]])
  await endedAs(client, 'client', verdictOf(row))
  assert.equal(faultIn(client.events, 'client'), row.fault)
  assert.deepEqual(client.eventsOf('message'), [])
}

test('ws-client: close frames', { concurrency: 3 }, async (t) => {
  const rows = [...wrong, ...right, badReason].filter(({ isLikeOthers }) => isLikeOthers === undefined)
  await Promise.all([
    ...rows.map((row) => t.test(row.statement, (t) => clientAnswers(t, row))),
    t.test('data after close → ignored', (t) => clientAnswers(t, ignored, behind(frame))),
  ])
})

test('ws-client: ends without an answer', { concurrency: 3 }, async (t) => {
  const crossed = t.test('both close at once → one close frame each', async (t) => {
    const { url, frames } = await answerWith(t, async (peer) => {
      await peer.has(peer.received.length + 8)
      peer.socket.end(frame({ opcode: 8, payload: closePayload(1001) }))
    })
    const client = start(t, ['ws-client', url, '--json', '-e', '/close 1000'])
    assert.equal((await client.exit).code, 0)
    assert.deepEqual((await frames()).map(inBrief), [[8, 1000]])
    await endedAs(client, 'client', { closeCode: 1001, sentCode: 1000, first: 'us', clean: true })
  })

  const ends = (['fin', 'reset'] as const).map((how) =>
    t.test(
      `${how === 'fin' ? 'FIN' : 'RST'} without a close frame → told as 1006, client exits 6`,
      async (t) => {
        const { url } = await answerWith(t, async (peer) => {
          // The head of the request has come already: what is more is the message.
          await peer.has(peer.received.length + 200)
          if (how === 'fin') peer.socket.end()
          else peer.socket.resetAndDestroy()
        })
        const args = ['--json', '--no-compress', '-e', 'x'.repeat(200), '--on-eof', 'stay']
        const client = start(t, ['ws-client', url, ...args])
        const { code, stderr } = await client.exit
        assert.equal(code, 6)
        assert.match(
          stderr,
          new RegExp(`^sockpit: ${url}/ ended without a close frame \\(1006\\)[^\\n]*\\n$`),
        )
        await endedAs(client, 'client', { closeCode: 1006, first: 'peer', clean: false, how })
      },
    ),
  )
  await Promise.all([crossed, ...ends])
})
