import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Role } from '../../src/wire/frame.ts'
import {
  byteByByte,
  converse,
  digest,
  everything,
  frameTo,
  Harness,
  inPieces,
  messagesOnly,
  noise,
  nothing,
  roles,
} from './machine.ts'

const mebibyte = 2 ** 20
const sizes = [0, 1, 23, 24, 47, 48, 49, 125, 126, 127, 128, 1_023, 1_024, 1_025, 65_535, 65_536, 65_537]

/** ASCII, and text that is not. */
function textOf(size: number): Buffer {
  const text = Buffer.alloc(size, 'a')
  if (size > 3) text.write('ä', size - 2)
  return text
}

function withinSeconds(seconds: number, act: () => void): void {
  const startedAt = performance.now()
  act()
  const tookMs = performance.now() - startedAt
  assert.ok(tookMs < seconds * 1_000, `took ${Math.round(tookMs)} ms`)
}

function inFrames(role: Role, name: 'text' | 'binary', message: Buffer, size: number): Buffer[] {
  const pieces = inPieces(message, size)
  return pieces.map((piece, index) =>
    frameTo(role, index === 0 ? name : 'continuation', piece, { fin: index === pieces.length - 1 }),
  )
}

for (const role of roles) {
  describe(`echo, as a ${role}`, () => {
    for (const size of sizes) {
      test(`${size} bytes of binary and of text, whole, in pieces, behind each other`, () => {
        const [binary, text] = [noise(size, size + 1), textOf(size)]
        const once = Buffer.concat([frameTo(role, 'binary', binary), frameTo(role, 'text', text)])
        for (const wanted of [nothing, messagesOnly, everything]) {
          const harness = new Harness(role, { wanted })
          harness.receive(once).receive(...inPieces(once, size < 200 ? 1 : 997))
          harness.receive(Buffer.concat([once, once, once]))
          const written = harness.written
          assert.equal(written.length, 10)
          for (const [index, { first, payload }] of written.entries()) {
            assert.equal(first, index % 2 === 0 ? 0x82 : 0x81)
            assert.ok(payload.equals(index % 2 === 0 ? binary : text), `echo ${index}`)
          }
          const { sent, received } = harness.machine
          assert.deepEqual(sent, received)
          assert.deepEqual(received, {
            frames: 10,
            messages: 10,
            messageBytes: 10 * size,
            compressed: { from: 0, to: 0 },
          })
        }
      })
    }

    test('a thousand messages in one read, and one by one', () => {
      const messages = Array.from({ length: 1_000 }, (_, index) => `message ${index}`)
      const frames = messages.map((message, index) =>
        frameTo(role, index % 2 === 0 ? 'text' : 'binary', message),
      )
      const expected = messages.map((message, index) => `${index % 2 === 0 ? 'text' : 'binary'} ${message}`)
      const together = new Harness(role).receive(Buffer.concat(frames))
      assert.deepEqual(together.frames, expected)
      assert.deepEqual(together.kinds, ['write'], 'one write for all of them')
      assert.deepEqual(new Harness(role).receive(...frames).frames, expected)
    })

    test('more than one piece of lent memory holds, in one read', () => {
      const messages = [noise(200_000), noise(100_000, 2), noise(300_000, 3), noise(5, 4)]
      const harness = new Harness(role).receive(
        Buffer.concat(messages.map((message) => frameTo(role, 'binary', message))),
      )
      assert.deepEqual(
        harness.written.map(({ payload }) => digest(payload)),
        messages.map(digest),
      )
    })

    test('a message that is gathered keeps its place between others', () => {
      const gathered = noise(3_000)
      const bytes = Buffer.concat([
        frameTo(role, 'text', 'before'),
        ...inFrames(role, 'binary', gathered, 1_000),
        frameTo(role, 'text', 'behind'),
      ])
      const { frames } = new Harness(role).receive(bytes)
      assert.deepEqual(frames, ['text before', `binary 3000 bytes ${digest(gathered)}`, 'text behind'])
    })

    const large: readonly [name: string, size: number, frameSize: number, pieceSize: number][] = [
      ['16 MiB in one frame', 16 * mebibyte, 16 * mebibyte, 65_536],
      ['16 MiB in frames of 4 MiB', 16 * mebibyte, 4 * mebibyte, 262_144],
      ['16 MiB in frames of 64 bytes', 16 * mebibyte, 64, 262_144],
      ['1 MiB in one frame that arrives in pieces of 64 bytes', mebibyte, mebibyte, 64],
      ['1 MiB in frames of 64 bytes, in pieces of 61', mebibyte, 64, 61],
    ]
    for (const [name, size, frameSize, pieceSize] of large) {
      test(`${name}, in linear time`, () => {
        const message = Buffer.alloc(size, noise(65_537))
        const bytes = Buffer.concat(inFrames(role, 'binary', message, frameSize))
        const harness = new Harness(role, { maxFragments: 300_000 })
        withinSeconds(3, () => harness.receive(...inPieces(bytes, pieceSize)))
        assert.deepEqual(
          harness.written.map(({ first, payload }) => [first, digest(payload)]),
          [[0x82, digest(message)]],
        )
        assert.equal(harness.machine.held, 0)
      })
    }

    test('a client masks afresh what it sends back, a server masks nothing', () => {
      const frame = frameTo(role, 'binary', 'same')
      const harness = new Harness(role).receive(frame, frame, Buffer.concat([frame, frame]))
      const masks = harness.written.map(({ mask }) => mask)
      assert.equal(new Set(masks).size, role === 'client' ? 4 : 1)
      assert.ok(!masks.includes('37fa213d'))
    })

    test('without `echo` nothing goes back', () => {
      const harness = new Harness(role, { echo: false, wanted: messagesOnly })
      harness.receive(frameTo(role, 'text', 'Hello'), ...byteByByte(frameTo(role, 'binary', 'there')))
      assert.deepEqual(harness.frames, [])
      assert.deepEqual(harness.messages, ['text Hello', 'binary there'])
    })
  })
}

describe('two machines', () => {
  for (const pieceSize of [1, 7, 65_536]) {
    test(`talk to each other in pieces of ${pieceSize}`, () => {
      const client = new Harness('client', { echo: false, wanted: messagesOnly })
      const server = new Harness('server', { wanted: messagesOnly })
      const messages = [0, 1, 125, 126, 65_535, 65_536].map((size) => Buffer.alloc(size, 'x'))
      for (const message of messages) {
        client.take(client.machine.send('text', message))
        client.take(client.machine.send('binary', message, 3))
        if (pieceSize > 1 || message.length < 1_000) converse(client, server, pieceSize)
      }
      converse(client, server, 65_536)
      assert.equal(client.messages.length, 12)
      assert.deepEqual(client.messages, server.messages)
      assert.deepEqual(client.machine.sent.messages, server.machine.received.messages)
      assert.deepEqual(client.machine.received, server.machine.sent)
    })
  }

  const counts: readonly [size: number, fragments: number, expected: string[]][] = [
    [5, 1, ['text Hello']],
    [5, 2, ['+text He', 'continuation llo']],
    [5, 5, ['+text H', '+continuation e', '+continuation l', '+continuation l', 'continuation o']],
    [1, 3, ['+text', '+continuation', 'continuation H']],
    [0, 2, ['+text', 'continuation']],
  ]
  for (const [size, fragments, expected] of counts) {
    test(`${size} bytes in ${fragments} frames`, () => {
      for (const role of roles) {
        const harness = new Harness(role)
        harness.take(harness.machine.send('text', Buffer.from('Hello').subarray(0, size), fragments))
        assert.deepEqual(harness.frames, expected)
        assert.deepEqual(harness.machine.sent, {
          frames: fragments,
          messages: 1,
          messageBytes: size,
          compressed: { from: 0, to: 0 },
        })
      }
    })
  }
})

describe('the examples of RFC 6455 §5.7', () => {
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
  const rows: readonly [name: string, role: Role, send: (harness: Harness) => Harness, hex: string][] = [
    [
      'a text',
      'server',
      (peer) => peer.take(peer.machine.send('text', Buffer.from('Hello'))),
      '810548656c6c6f',
    ],
    [
      'a masked text',
      'client',
      (peer) => peer.take(peer.machine.send('text', Buffer.from('Hello'))),
      '818537fa213d7f9f4d5158',
    ],
    [
      'two fragments',
      'server',
      (peer) => {
        const first = {
          fin: false,
          rsv1: false,
          rsv2: false,
          rsv3: false,
          opcode: 1,
          length: 3,
          lengthForm: 7,
          mask: undefined,
        } as const
        peer.take(peer.machine.sendFrame(first, Buffer.from('Hel')))
        return peer.take(
          peer.machine.sendFrame({ ...first, fin: true, opcode: 0, length: 2 }, Buffer.from('lo')),
        )
      },
      '010348656c80026c6f',
    ],
    [
      'a ping',
      'server',
      (peer) => peer.take(peer.machine.sendControl('ping', Buffer.from('Hello'))),
      '890548656c6c6f',
    ],
    [
      'a masked pong',
      'client',
      (peer) => peer.receive(Buffer.from('890548656c6c6f', 'hex')),
      '8a8537fa213d7f9f4d5158',
    ],
    [
      '256 bytes',
      'server',
      (peer) => peer.take(peer.machine.send('binary', Buffer.alloc(256))),
      `827e0100${'00'.repeat(256)}`,
    ],
    [
      '64 KiB',
      'server',
      (peer) => peer.take(peer.machine.send('binary', Buffer.alloc(65_536))),
      `827f0000000000010000${'00'.repeat(65_536)}`,
    ],
  ]
  for (const [name, role, send, expected] of rows) {
    test(`${name}, byte for byte`, () => {
      const harness = new Harness(role, { nextMask: (into) => into.set([0x37, 0xfa, 0x21, 0x3d]) })
      assert.equal(hex(send(harness).wire), expected)
      const peer = new Harness(role === 'server' ? 'client' : 'server', { wanted: everything, echo: false })
      assert.deepEqual(peer.receive(Buffer.from(expected, 'hex')).faults, [])
      assert.ok(peer.told.length > 0)
    })
  }
})
