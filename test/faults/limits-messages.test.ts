/** Limits of messages, of what is under way, and of the end, each where it bites in a real process. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { onLinux, peakMiB } from '../e2e/datagrams.ts'
import { connectTo } from '../e2e/sockets.ts'
import { start } from '../e2e/sockpit.ts'
import {
  answerByHand,
  closePayload,
  frame,
  framesIn,
  grant,
  maskedFrame,
  openTheirs,
  type RawEnd,
  upgradeByHand,
  upgradeRequest,
  verdictOn,
} from '../e2e/web-sockets.ts'
import { beside, faultIn, inBrief, interrupted, shareEcho, shareQuietEcho } from './beside-honest.ts'
import { weigh } from './memory.ts'

const mebibyte = 2 ** 20

test('ws-echo: message, after decompression: 16 MiB', async (t) => {
  const shared = await shareQuietEcho(t)
  const { server, url } = shared
  for (const perMessageDeflate of [false, true]) {
    const how = perMessageDeflate ? 'compressed' : 'uncompressed'
    await beside(t, shared, `16 MiB come back whole, one byte more → 1009, ${how}`, async (t) => {
      const limit = perMessageDeflate
        ? Buffer.alloc(16 * mebibyte, 'compressible ')
        : randomBytes(16 * mebibyte)
      const their = await openTheirs(t, url, { perMessageDeflate, maxPayload: 2 ** 25 })
      assert.ok((await their.echo(limit))?.bytes.equals(limit))
      their.socket.send(Buffer.concat([limit, Buffer.from('x')]))
      assert.deepEqual(await their.closed(), [1009, 'more than 16777216 bytes in a message'])
      await server.said(perMessageDeflate ? /longer\s+once\s+it\s+is\s+decompressed/ : /a\s+longer\s+message/)
    })
  }
  await interrupted(shared)
})

test('ws-client: message over --max-payload → 1009, exit 6, whatever -w says', async (t) => {
  const port = await answerByHand(t, (peer, { accept }) => {
    const tooLong = frame({ opcode: 2, payload: Buffer.alloc(100) })
    peer.socket.write(Buffer.concat([Buffer.from(grant(accept)), tooLong]))
  })
  const args = ['ws-client', `ws://127.0.0.1:${port}`, '--json', '--max-payload', '99', '-w', '5s']
  const client = start(t, args)
  const { code, stderr } = await client.exit
  assert.equal(code, 6)
  assert.match(stderr, /^sockpit: [^\n]* had to be closed with 1009: more than 99 bytes in a message /m)
  assert.equal(faultIn(client.events, 'client'), 'more than 99: message')
})

test('ws-echo: fragments a message: 131,072', { skip: onLinux }, async (t) => {
  const shared = await shareQuietEcho(t)
  const { server, port } = shared
  const empties = (count: number) => Buffer.alloc(count * 6, maskedFrame({ opcode: 0, fin: false }))
  const first = maskedFrame({ opcode: 1, payload: 'x', fin: false })

  await beside(t, shared, 'so many are one message, empty ones counted', async (t) => {
    const { peer, has, frames } = await upgradeByHand(t, port)
    peer.socket.write(Buffer.concat([first, empties(131_070), maskedFrame({ opcode: 0, payload: 'y' })]))
    await has(2 + 2)
    assert.deepEqual(frames().map(inBrief), [[1, 'xy']])
  })

  await beside(t, shared, 'one more → 1008; each costs its bytes and nothing more', async (t) => {
    const { peer, frames } = await upgradeByHand(t, port)
    const more = weigh(server)
    peer.socket.write(Buffer.concat([first, empties(131_072)]))
    await peer.whole()
    assert.deepEqual(frames().map(inBrief), [[8, 1008]])
    assert.equal(frames()[0]?.payload.subarray(2).toString(), 'more than 131072 frames in a message')
    const { held } = more()
    assert.ok(held < 16, `${held} MiB`)
    await server.said(/the\s+limit\s+is\s+131,072\s+frames\s+in\s+a\s+message/)
  })
  await interrupted(shared)
})

/** A message that is never finished, and a ping behind it. */
function unfinished(size: number): Buffer {
  const most = maskedFrame({ opcode: 2, payload: Buffer.alloc(size), fin: false })
  return Buffer.concat([most, maskedFrame({ opcode: 9 })])
}

/** Sends it; settles when the server has all of it. */
async function leave({ peer, has }: RawEnd, message: Buffer): Promise<void> {
  peer.socket.write(message)
  await has(2)
}

test('ws-echo: unfinished messages, all connections together: 128 MiB', { skip: onLinux }, async (t) => {
  const shared = await shareQuietEcho(t, ['--no-compress'])
  const { server, port } = shared
  await beside(t, shared, 'more → 1008 for the largest; the others are finished and echoed', async (t) => {
    const large = unfinished(16 * mebibyte)
    const middle = unfinished(15 * mebibyte)
    const small = unfinished(7 * mebibyte)
    const more = weigh(server)
    const [largest, last] = [await upgradeByHand(t, port), await upgradeByHand(t, port)]
    await leave(largest, large)
    const others = await Promise.all(Array.from({ length: 7 }, () => upgradeByHand(t, port)))
    for (const other of others) await leave(other, middle)
    // That is all there may be, to the byte.
    await leave(last, small)
    assert.doesNotMatch(server.stderr, /limit/)
    last.peer.socket.write(maskedFrame({ opcode: 0, payload: 'x', fin: false }))
    await largest.peer.whole()
    assert.deepEqual(largest.frames().map(inBrief), [
      [10, ''],
      [8, 1008],
    ])
    const reason = 'more than 134217728 bytes of unfinished messages from all clients together'
    assert.equal(largest.frames()[1]?.payload.subarray(2).toString(), reason)
    await server.said(/the\s+limit\s+is\s+134,217,728\s+B/)
    const { held } = more()
    assert.ok(held < 128 + 64, `${held} MiB`)
    for (const { peer, has } of others) {
      peer.socket.write(maskedFrame({ opcode: 0, payload: 'x' }))
      await has(2 + 10 + 15 * mebibyte + 1)
    }
    last.peer.socket.write(maskedFrame({ opcode: 0 }))
    await last.has(2 + 10 + 7 * mebibyte + 1)
  })
  await interrupted(shared)
})

test('ws-echo: pongs pending to a peer that does not read: 64 KiB', { skip: onLinux }, async (t) => {
  // Raw prints every message, which shows how far it has read.
  const shared = await shareQuietEcho(t, [], { stdout: 'pipe' })
  const { server, port } = shared
  await beside(t, shared, 'then only the newest is kept; told, never a silent kill', async (t) => {
    const peer = await connectTo(t, port, { read: false })
    peer.socket.write(upgradeRequest(port))
    const pings = Buffer.concat(Array(2_000).fill(maskedFrame({ opcode: 9, payload: 'x'.repeat(125) })))
    for (let sent = 0; sent < 60; sent += 1) peer.socket.write(pings)
    peer.socket.write(maskedFrame({ opcode: 9, payload: 'newest' }))
    peer.socket.write(maskedFrame({ opcode: 1, payload: 'last' }))
    await server.said(/the\s+limit\s+is\s+65,536\s+B[^#]*newest\s+pong\s+only/)
    assert.ok(peakMiB(server) < 150, `${peakMiB(server)} MiB`)
    await server.printed('last\n')
    peer.socket.resume()
    await peer.has('newest')
    await peer.has('last')
    const head = peer.received.indexOf('\r\n\r\n') + 4
    const pongs = framesIn(peer.received.subarray(head)).filter(({ opcode }) => opcode === 10)
    assert.ok(pongs.length < 120_000, `${pongs.length} pongs`)
    assert.equal(pongs.at(-1)?.payload.toString(), 'newest')
  })
  await interrupted(shared)
})

interface Ended {
  readonly closeCode: number
  readonly first: 'us' | 'peer'
  readonly sentCode: number
  readonly clean: boolean
}

test('ws-echo: close handshake', async (t) => {
  const shared = await shareEcho(t, ['--close-timeout', '200ms', '--script', '-'], { stdin: 'pipe' })
  const { server } = shared
  const nobody = { closeCode: 1006, first: 'us', clean: false } as const
  const rows: readonly (readonly [when: string, bytes: Buffer, verdict: Ended])[] = [
    ['who never answers ours', Buffer.alloc(0), { ...nobody, sentCode: 4000 }],
    [
      'who has ours and does not end TCP',
      maskedFrame({ opcode: 8, payload: closePayload(4001) }),
      { closeCode: 4001, first: 'peer', sentCode: 4001, clean: true },
    ],
    ['who breaks a rule and does not end TCP', maskedFrame({ opcode: 3 }), { ...nobody, sentCode: 1002 }],
  ]
  for (const [when, bytes, expected] of rows) {
    await beside(t, shared, `connection destroyed, told: ${when}`, async (t) => {
      const peer = await connectTo(t, shared.port)
      peer.socket.write(upgradeRequest(shared.port))
      await peer.has('\r\n\r\n')
      const { localPort } = peer.socket
      const { socket } = await server.event('opened', ({ remote }) => remote.port === localPort)
      if (bytes.length > 0) peer.socket.write(bytes)
      else server.write(`/to ${socket.replace(/.*#/, '')} /close 4000\n`)
      const { what, afterMs } = await server.event('timeout', (event) => event.socket === socket)
      assert.deepEqual([what, afterMs], ['close', 200])
      const { closeCode, first, sentCode, clean } = await verdictOn(server, socket)
      assert.deepEqual({ closeCode, first, sentCode, clean }, expected)
    })
  }
  await interrupted(shared)
})

test('ws-client: close handshake: connection destroyed, told, exit 6', async (t) => {
  const port = await answerByHand(t, (peer, { accept }) => {
    peer.socket.write(grant(accept))
  })
  const args = ['--json', '--close-timeout', '200ms', '-e', '/close 4000']
  const client = start(t, ['ws-client', `ws://127.0.0.1:${port}`, ...args], { stdin: 'pipe' })
  const { code, stderr } = await client.exit
  assert.equal(code, 6)
  assert.match(stderr, /^sockpit: [^\n]* \(1006\): ours was not answered$/m)
  const { what, afterMs } = await client.event('timeout')
  assert.deepEqual([what, afterMs], ['close', 200])
  const { closeCode, first, sentCode, clean } = await verdictOn(client, 'client')
  assert.deepEqual([closeCode, first, sentCode, clean], [1006, 'us', 4000, false])
})
