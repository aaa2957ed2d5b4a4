/** What becomes of compressed messages that are too much, broken, or unusual, at either end. */
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { type TestContext, test } from 'node:test'
import { deflateRawSync } from 'node:zlib'
import { onLinux } from '../e2e/datagrams.ts'
import { type Running, start } from '../e2e/sockpit.ts'
import {
  answerByHand,
  frame,
  framesIn,
  grant,
  maskedFrame,
  upgradeByHand,
  verdictOn,
} from '../e2e/web-sockets.ts'
import {
  beside,
  compressed,
  faultIn,
  inBrief,
  interrupted,
  intrude,
  type Shared,
  shareEcho,
  shareQuietEcho,
} from './beside-honest.ts'
import type { Make } from './frame-rows.ts'
import { honestWebSocket } from './honest.ts'
import { weigh } from './memory.ts'

const mebibyte = 2 ** 20
const bomb = deflateRawSync(Buffer.alloc(100 * mebibyte))

/** One compressed message in so many frames. */
function inFrames(make: Make, payload: Buffer, count: number): Buffer {
  const size = Math.ceil(payload.length / count)
  const frames = Array.from({ length: count }, (_, index) =>
    make({
      opcode: index === 0 ? 2 : 0,
      rsv: index === 0 ? 4 : 0,
      fin: index === count - 1,
      payload: payload.subarray(index * size, (index + 1) * size),
    }),
  )
  return Buffer.concat(frames)
}

interface Refused {
  readonly statement: string
  readonly made: (make: Make) => Buffer
  readonly closeCode: number
  readonly told: string
}

const bombs: readonly Refused[] = [1, 100].map((count) => ({
  statement: `100 MiB of zeros in 100 KB, ${count === 1 ? 'whole' : `in ${count} fragments`} → 1009`,
  made: (make) => inFrames(make, bomb, count),
  closeCode: 1009,
  told: 'more than 16777216: message',
}))

const corrupt = { closeCode: 1007, told: 'corrupt-deflate (RFC 7692 §7.2.2): 1007' } as const
const misplaced = { closeCode: 1002, told: 'reserved-bits (RFC 7692 §6.1): 1002' } as const
const hello = Buffer.from('f248cdc9c90700', 'hex')

const garbage: readonly Refused[] = [
  {
    statement: 'garbage → 1007',
    made: (make) => make({ opcode: 2, rsv: 4, payload: Buffer.from('ffffffff', 'hex') }),
    ...corrupt,
  },
  {
    statement: 'garbage (cut in the middle of a block) → 1007',
    made: (make) => make({ opcode: 1, rsv: 4, payload: hello.subarray(0, 4) }),
    ...corrupt,
  },
]

const flags: readonly Refused[] = [
  {
    statement: 'RSV1 on a continuation → 1002',
    made: (make) =>
      Buffer.concat([
        make({ opcode: 1, rsv: 4, payload: hello.subarray(0, 3), fin: false }),
        make({ opcode: 0, rsv: 4, payload: hello.subarray(3) }),
      ]),
    ...misplaced,
  },
  ...([8, 9, 10] as const).map((opcode) => ({
    statement: `RSV1 on a control frame (${['close', 'ping', 'pong'][opcode - 8]}) → 1002`,
    made: (make: Make) => make({ opcode, rsv: 4 }),
    ...misplaced,
  })),
]

async function refused(t: TestContext, shared: Shared, row: Refused): Promise<void> {
  const { peer, frames, socket } = await intrude(t, shared, compressed)
  peer.socket.write(row.made(maskedFrame))
  await peer.whole()
  assert.deepEqual(frames().map(inBrief), [[8, row.closeCode]])
  const { first, sentCode, closeCode, clean, failed } = await verdictOn(shared.server, socket)
  assert.deepEqual(
    { first, sentCode, closeCode, clean, failed },
    { first: 'us', sentCode: row.closeCode, closeCode: 1006, clean: false, failed: true },
  )
  assert.equal(faultIn(shared.server.events, socket), row.told)
  assert.ok(!shared.server.eventsOf('message').some((event) => event.socket === socket))
}

test('ws-echo: compressed messages', { skip: onLinux }, async (t) => {
  const shared = await shareEcho(t)
  for (const row of bombs) {
    await beside(t, shared, `${row.statement}, memory +32 MiB at most`, async (t) => {
      const more = weigh(shared.server)
      await refused(t, shared, row)
      const { held } = more()
      assert.ok(held <= 32, `${held} MiB`)
    })
  }
  for (const row of garbage) await beside(t, shared, row.statement, (t) => refused(t, shared, row))

  await beside(t, shared, 'empty compressed message → echoed', async (t) => {
    const { peer, frames, has, socket } = await intrude(t, shared, compressed)
    peer.socket.write(maskedFrame({ opcode: 1, rsv: 4, payload: Buffer.of(0) }))
    await has(2)
    const told = await shared.server.event('message', (event) => event.socket === socket)
    assert.deepEqual([told.size, told.compressedSize], [0, 1])
    assert.deepEqual(frames().map(inBrief), [[1, '']])
  })

  await beside(t, shared, 'a block with BFINAL set, then another message → both decode', async (t) => {
    const { peer, frames, has } = await intrude(t, shared, {
      'Sec-WebSocket-Extensions': 'permessage-deflate; server_no_context_takeover',
    })
    // RFC 7692 §7.2.3.4: the block may end its message, or another one follows in it.
    const last = Buffer.from('f348cdc9c9070000', 'hex')
    const andMore = Buffer.concat([last.subarray(0, -1), hello])
    // A message that takes over what those before it have left.
    const again = Buffer.from('f200110000', 'hex')
    for (const payload of [last, again, andMore, again]) {
      peer.socket.write(maskedFrame({ opcode: 1, rsv: 4, payload }))
    }
    await has(3 * 7 + 12)
    assert.deepEqual(
      frames().map(({ payload }) => payload.toString()),
      ['Hello', 'Hello', 'HelloHello', 'Hello'],
    )
  })

  for (const row of flags) await beside(t, shared, row.statement, (t) => refused(t, shared, row))
  await interrupted(shared)
})

test('ws-echo: clients that are gone', { skip: onLinux }, async (t) => {
  const shared = await shareEcho(t)
  const { server } = shared
  const another = await honestWebSocket(t, shared.url)
  const whole = deflateRawSync(Buffer.alloc(2 ** 18, 0xff))
  for (const when of ['before its end', 'right behind it'] as const) {
    await beside(t, shared, `socket dies mid-inflate → no late event (${when})`, async (t) => {
      for (let count = 0; count < 5; count += 1) {
        const { peer, socket } = await intrude(t, shared, compressed)
        if (when === 'right behind it') peer.socket.write(inFrames(maskedFrame, whole, 2))
        else {
          peer.socket.write(inFrames(maskedFrame, bomb, 2).subarray(0, -1))
          await server.event('frame', (event) => event.socket === socket)
        }
        peer.socket.resetAndDestroy()
        await endedByReset(server, socket)
        // What it had sent whole may have been looked at, but not when it was gone.
        await another('afterwards')
        const story = server.events.filter((event) => event.socket === socket)
        assert.equal(story.at(-1)?.kind, 'closed')
        assert.equal(faultIn(story, socket), undefined)
        if (when === 'before its end') assert.ok(!story.some(({ kind }) => kind === 'message'))
      }
    })
  }
  await interrupted(shared)
})

async function endedByReset(server: Running, socket: string): Promise<void> {
  const { first, how, closeCode, clean } = await verdictOn(server, socket)
  assert.deepEqual(
    { first, how, closeCode, clean },
    { first: 'peer', how: 'reset', closeCode: 1006, clean: false },
  )
}

test('ws-echo: what clients that are gone leave behind', { skip: onLinux }, async (t) => {
  const shared = await shareQuietEcho(t)
  const { server, port } = shared
  const another = await honestWebSocket(t, shared.url)
  const openFiles = () => readdirSync(`/proc/${server.child.pid}/fd`).length
  const unfinished = maskedFrame({ opcode: 2, rsv: 4, fin: false, payload: Buffer.alloc(12 * mebibyte) })

  await beside(t, shared, 'socket dies mid-inflate → nothing leaks', async (t) => {
    const patient = await upgradeByHand(t, port)
    const most = Buffer.alloc(13 * mebibyte)
    patient.peer.socket.write(maskedFrame({ opcode: 2, fin: false, payload: most }))
    patient.peer.socket.write(maskedFrame({ opcode: 9 }))
    await patient.has(2)
    const files = openFiles()
    const more = weigh(server)
    // Together more than may be unfinished at once: who counts them as there gives the largest up.
    for (let count = 0; count < 12; count += 1) {
      const { peer, has } = await upgradeByHand(t, port, compressed)
      peer.socket.write(unfinished)
      peer.socket.write(maskedFrame({ opcode: 9 }))
      await has(2)
      peer.socket.resetAndDestroy()
    }
    for (let turn = 0; openFiles() > files && turn < 1_000; turn += 1) await another(`turn ${turn}`)
    assert.equal(openFiles(), files)
    const { held } = more()
    assert.ok(held < 96, `${held} MiB`)
    patient.peer.socket.write(maskedFrame({ opcode: 0 }))
    await patient.has(2 + 10 + most.length)
  })
  await interrupted(shared)
  assert.doesNotMatch(server.stderr, /unfinished/)
})

test('ws-client: compressed messages', { concurrency: 3 }, async (t) => {
  const agreed = { 'Sec-WebSocket-Extensions': 'permessage-deflate' }
  const rows = [...bombs, ...garbage.slice(0, 1), ...flags.slice(0, 2)]
  await Promise.all(
    rows.map((row) =>
      t.test(`${row.statement}, exit 6`, async (t) => {
        const came: Promise<Buffer>[] = []
        const port = await answerByHand(t, (peer, { accept }) => {
          const head = peer.received.length
          came.push(peer.whole().then((bytes) => bytes.subarray(head)))
          peer.socket.write(Buffer.concat([Buffer.from(grant(accept, agreed)), row.made(frame)]))
        })
        const client = start(t, ['ws-client', `ws://127.0.0.1:${port}`, '--json', '--on-eof', 'stay'])
        assert.equal((await client.exit).code, 6)
        assert.deepEqual(framesIn((await came[0]) ?? Buffer.alloc(0)).map(inBrief), [[8, row.closeCode]])
        assert.equal(faultIn(client.events, 'client'), row.told)
        assert.deepEqual(client.eventsOf('message'), [])
      }),
    ),
  )
})
