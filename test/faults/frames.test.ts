/** What becomes of frames that break the rules, at either end. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { start } from '../e2e/sockpit.ts'
import {
  answerByHand,
  frame,
  framesIn,
  grant,
  maskedFrame,
  type ReadFrame,
  verdictOn,
} from '../e2e/web-sockets.ts'
import { beside, faultIn, inBrief, interrupted, intrude, type Shared, shareEcho } from './beside-honest.ts'
import { type Broken, badTexts, masking, notText, rules, tooLong } from './frame-rows.ts'

const opened = { 'Sec-WebSocket-Extensions': '' }

type Fault = Pick<Broken, 'closeCode' | 'told' | 'reason'>

/** A close frame: its code, and what it says. */
function closeIn({ opcode, payload }: ReadFrame): readonly [opcode: number, code: number, reason: string] {
  return [opcode, payload.readUInt16BE(), payload.subarray(2).toString()]
}

/** How the server saw the end of a client that broke a rule. */
async function failedWith({ server }: Shared, socket: string, { closeCode, told }: Fault): Promise<void> {
  const verdict = await verdictOn(server, socket)
  const { first, sentCode, failed, clean, how } = verdict
  assert.deepEqual(
    { received: verdict.closeCode, first, sentCode, failed, clean, how },
    { received: 1006, first: 'us', sentCode: closeCode, failed: true, clean: false, how: 'fin' },
  )
  assert.equal(faultIn(server.events, socket), told)
}

/** Sends what breaks a rule, and sees that the close frame, the event and the end are those that it asks for. */
async function refused(t: TestContext, shared: Shared, row: Broken): Promise<void> {
  const { peer, frames, socket } = await intrude(t, shared, opened)
  peer.socket.write(row.made(maskedFrame))
  await peer.whole()
  assert.deepEqual(frames().map(closeIn), [[8, row.closeCode, row.reason]])
  await failedWith(shared, socket, row)
}

test('ws-echo: a client that breaks a rule', async (t) => {
  const shared = await shareEcho(t, ['--no-compress'])
  for (const row of [masking.server, ...rules, ...tooLong]) {
    await beside(t, shared, row.statement, (t) => refused(t, shared, row))
  }
  await interrupted(shared)
})

test('ws-echo: messages of the largest size', async (t) => {
  const shared = await shareEcho(t, ['--no-compress', '--max-payload', '1000'])
  const { server } = shared

  const exactly = Buffer.alloc(1_000, 'x')
  const inParts = [
    maskedFrame({ opcode: 2, payload: exactly.subarray(600), fin: false }),
    maskedFrame({ opcode: 0, payload: exactly.subarray(400) }),
  ]
  await beside(t, shared, 'exactly the limit echoes, in one frame and in several', async (t) => {
    const { peer, frames, has } = await intrude(t, shared)
    peer.socket.write(Buffer.concat([maskedFrame({ opcode: 2, payload: exactly }), ...inParts]))
    await has(2 * 1_004)
    assert.deepEqual(frames().map(inBrief), [
      [2, exactly.toString()],
      [2, exactly.toString()],
    ])
  })

  const over: readonly [how: string, bytes: Buffer][] = [
    ['in one frame', maskedFrame({ opcode: 2, declared: 1_001 })],
    [
      'in several',
      Buffer.concat([
        maskedFrame({ opcode: 2, payload: exactly, fin: false }),
        maskedFrame({ opcode: 0, declared: 1 }),
      ]),
    ],
  ]
  for (const [how, bytes] of over) {
    await beside(t, shared, `a byte over the limit → 1009 before it arrives, ${how}`, async (t) => {
      const { peer, frames, socket } = await intrude(t, shared)
      peer.socket.write(bytes)
      await peer.whole()
      assert.deepEqual(frames().map(closeIn), [[8, 1009, 'more than 1000 bytes in a message']])
      await failedWith(shared, socket, { closeCode: 1009, told: 'more than 1000: message', reason: '' })
    })
  }
  assert.equal(server.eventsOf('limit').length, over.length)
  await interrupted(shared)
})

test('ws-echo: text', async (t) => {
  const shared = await shareEcho(t, ['--no-compress'])

  for (const { statement, good, bad } of badTexts) {
    await beside(t, shared, `${statement}, not at the end`, async (t) => {
      const { peer, frames, has, socket } = await intrude(t, shared)
      peer.socket.write(maskedFrame({ opcode: 1, payload: good, fin: false }))
      peer.socket.write(maskedFrame({ opcode: 9 }))
      // Up to here it may be text: the server goes on.
      await has(2)
      peer.socket.write(maskedFrame({ opcode: 0, payload: bad, declared: 1_000 }))
      await peer.whole()
      const [pong, ...rest] = frames()
      assert.deepEqual([pong?.opcode, rest.map(closeIn)], [10, [[8, 1007, notText.reason]]])
      await failedWith(shared, socket, notText)
    })
  }

  await beside(t, shared, 'invalid UTF-8 (truncated by the end of the message) → 1007', async (t) => {
    const { peer, frames, socket } = await intrude(t, shared)
    peer.socket.write(maskedFrame({ opcode: 1, payload: Buffer.from('f09f98', 'hex') }))
    await peer.whole()
    assert.deepEqual(frames().map(closeIn), [[8, 1007, notText.reason]])
    await failedWith(shared, socket, notText)
  })

  await beside(t, shared, 'a code point split across fragments is valid', async (t) => {
    const { peer, frames, has } = await intrude(t, shared)
    const text = 'é€😀\u{10ffff}'
    const bytes = Buffer.from(text)
    for (const [at, byte] of bytes.entries()) {
      const [opcode, fin] = [at === 0 ? 1 : 0, at === bytes.length - 1]
      peer.socket.write(maskedFrame({ opcode, payload: Buffer.of(byte), fin }))
    }
    await has(2 + bytes.length)
    assert.deepEqual(frames().map(inBrief), [[1, text]])
  })
  await interrupted(shared)
})

test('ws-echo: control frames inside a message', async (t) => {
  const shared = await shareEcho(t, ['--no-compress'])
  await beside(t, shared, 'ping inside a fragmented message → pong first', async (t) => {
    const { peer, has, frames } = await intrude(t, shared)
    const parts = [
      maskedFrame({ opcode: 1, payload: 'one ', fin: false }),
      maskedFrame({ opcode: 9, payload: 'now' }),
      maskedFrame({ opcode: 0, payload: 'message' }),
    ]
    peer.socket.write(Buffer.concat(parts))
    await has(5 + 13)
    assert.deepEqual(frames().map(inBrief), [
      [10, 'now'],
      [1, 'one message'],
    ])
  })
  await interrupted(shared)
})

/** A server by hand that grants every upgrade and sends the row whose index is the path. */
function breakRules(t: TestContext, rows: readonly Broken[]) {
  const ends: Promise<Buffer>[] = []
  const port = answerByHand(t, (peer, { head, accept }) => {
    const [, index = ''] = /^GET \/(\d+) /.exec(head) ?? []
    const headSize = peer.received.length
    ends[Number(index)] = peer.whole().then((bytes) => bytes.subarray(headSize))
    peer.socket.write(
      Buffer.concat([Buffer.from(grant(accept)), rows[Number(index)]?.made(frame) ?? Buffer.alloc(0)]),
    )
  })
  return { port, ends }
}

test('ws-client: a server that breaks a rule', { concurrency: 3 }, async (t) => {
  const texts = badTexts.map(({ good, bad, ...row }) => ({
    ...notText,
    ...row,
    made: (make: typeof frame) =>
      Buffer.concat([
        make({ opcode: 1, payload: good, fin: false }),
        make({ opcode: 0, payload: bad, declared: 1_000 }),
      ]),
  }))
  const all: readonly Broken[] = [masking.client, ...rules, ...tooLong, ...texts]
  const rows = all.filter(({ isLikeOthers }) => isLikeOthers === undefined)
  const { port, ends } = breakRules(t, rows)
  const url = `ws://127.0.0.1:${await port}`
  await Promise.all(
    rows.map((row, index) =>
      t.test(`${row.statement}, exit 6`, async (t) => {
        const client = start(t, ['ws-client', `${url}/${index}`, '--json', '--on-eof', 'stay'])
        const { code, stderr } = await client.exit
        assert.equal(code, 6)
        const section =
          row.closeCode === 1009 ? 'RFC 6455 §7.4.1' : row.told.replace(/^.* \((.*)\):.*$/, '$1')
        const why = `sockpit: ${url}/${index} had to be closed with ${row.closeCode}: ${row.reason} (${section})`
        assert.equal(stderr.trimEnd().split('\n').at(-1), why)
        const frames = framesIn((await ends[index]) ?? Buffer.alloc(0))
        assert.deepEqual(frames.map(closeIn), [[8, row.closeCode, row.reason]])
        assert.ok(frames.every(({ masked }) => masked))
        assert.equal(faultIn(client.events, 'client'), row.told)
      }),
    ),
  )
})
