import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { deflateRawSync } from 'node:zlib'
import type { Compression } from '../../src/wire/extension.ts'
import {
  byteByByte,
  compression,
  converse,
  everything,
  frameTo,
  Harness,
  inPieces,
  messagesOnly,
  noise,
  nothing,
  roles,
} from './machine.ts'

const bytesOf = (hex: string) => Buffer.from(hex.replaceAll(' ', ''), 'hex')
const hello = bytesOf('f2 48 cd c9 c9 07 00')
const mebibyte = 2 ** 20
const rsv1 = { rsv: 4 }
const more = { fin: false }

const agreed: readonly [name: string, compression: Compression][] = [
  ['everything taken over', compression],
  ['nothing taken over', { ...compression, serverNoContextTakeover: true, clientNoContextTakeover: true }],
  ['the server takes nothing over', { ...compression, serverNoContextTakeover: true }],
  ['the client takes nothing over', { ...compression, clientNoContextTakeover: true }],
  ['windows of 2^9', { ...compression, serverMaxWindowBits: 9, clientMaxWindowBits: 9 }],
  ['windows of 2^8 and 2^12', { ...compression, serverMaxWindowBits: 8, clientMaxWindowBits: 12 }],
]

describe('compression between two machines', () => {
  for (const [name, compression] of agreed) {
    test(`${name}: messages of all sizes, in fragments, come back`, () => {
      const client = new Harness('client', { compression, echo: false, wanted: messagesOnly })
      const server = new Harness('server', { compression, wanted: messagesOnly })
      for (const [index, size] of [0, 1, 16, 64, 1_000, 1_000, 4_096, 32_768, 131_072].entries()) {
        const message = Buffer.concat([Buffer.alloc(size, `sandpit ${index} `), noise(size >> 3, index)])
        client.take(
          client.machine.send(
            size % 3 === 0 ? 'text' : 'binary',
            Buffer.from(message.toString('latin1')),
            1 + (size >> 8),
          ),
        )
        converse(client, server, 1_021)
      }
      assert.deepEqual([...client.faults, ...server.faults], [])
      assert.equal(client.messages.length, 9)
      assert.deepEqual(client.messages, server.messages)
      const { sent, received } = client.machine
      assert.deepEqual(
        [sent.messageBytes, sent.compressed],
        [server.machine.received.messageBytes, server.machine.received.compressed],
      )
      assert.deepEqual([received.compressed, received.messages], [server.machine.sent.compressed, 9])
      assert.ok(sent.compressed.to < sent.compressed.from / 2)
      assert.equal(received.compressed.to > 0, compression.serverMaxWindowBits > 8)
    })
  }

  for (const role of roles) {
    test(`the ${role} obeys what holds for it`, () => {
      const sizeOf = (compression: Compression) => {
        const harness = new Harness(role, { compression })
        const message = Buffer.concat([noise(600), Buffer.alloc(600), noise(600)])
        harness.take(harness.machine.send('binary', message)).take(harness.machine.send('binary', message))
        const [first, second] = harness.written.map(({ payload }) => payload.length)
        return [(first ?? 0) < 800 ? 'far' : 'near', (second ?? 0) < 200 ? 'taken over' : 'fresh']
      }
      const isServer = role === 'server'
      const ours = isServer ? { serverMaxWindowBits: 9 } : { clientMaxWindowBits: 9 }
      const theirs = isServer ? { clientMaxWindowBits: 9 } : { serverMaxWindowBits: 9 }
      assert.deepEqual(sizeOf(compression), ['far', 'taken over'])
      assert.deepEqual(sizeOf({ ...compression, ...ours }), ['near', 'fresh'])
      assert.deepEqual(sizeOf({ ...compression, ...theirs }), ['far', 'taken over'])
      const noOurs = isServer ? { serverNoContextTakeover: true } : { clientNoContextTakeover: true }
      const noTheirs = isServer ? { clientNoContextTakeover: true } : { serverNoContextTakeover: true }
      assert.deepEqual(sizeOf({ ...compression, ...noOurs }), ['far', 'fresh'])
      assert.deepEqual(sizeOf({ ...compression, ...noTheirs }), ['far', 'taken over'])
    })
  }
})

for (const role of roles) {
  const to = frameTo.bind(undefined, role)
  const setup = { compression, wanted: messagesOnly }

  describe(`compression, as a ${role}`, () => {
    test('the examples of RFC 7692 §7.2.3, whole, in fragments and byte by byte', () => {
      const bytes = Buffer.concat([
        to('text', hello, rsv1),
        to('text', hello.subarray(0, 3), { ...more, ...rsv1 }),
        to('ping', 'between'),
        to('continuation', hello.subarray(3)),
        to('text', bytesOf('f2 00 11 00 00'), rsv1),
        to('text', bytesOf('00 05 00 fa ff 48 65 6c 6c 6f 00'), rsv1),
        to('text', bytesOf('f3 48 cd c9 c9 07 00 00'), rsv1),
        to('text', 'Hello'),
        to('text', hello, rsv1),
      ])
      for (const chunks of [[bytes], byteByByte(bytes)]) {
        const harness = new Harness(role, { compression, wanted: everything }).receive(...chunks)
        assert.deepEqual(
          harness.messages,
          Array.from({ length: 7 }, () => 'text Hello'),
        )
        assert.deepEqual(harness.faults, [])
        assert.equal(harness.machine.received.compressed.from, 30)
      }
    })

    test('what is told of a compressed message', () => {
      const harness = new Harness(role, {
        compression,
        wanted: { ...nothing, sentMessages: true, receivedMessages: true },
      })
      const message = 'HelloHelloHelloHello'
      const payload = deflateRawSync(Buffer.from(message), { finishFlush: 2 }).subarray(0, -4)
      harness.receive(to('text', payload, rsv1), to('binary', 'xyz'))
      const of = { kind: 'message', frames: 1 }
      const compressedSize = payload.length
      assert.deepEqual(harness.told, [
        { ...of, direction: 'received', type: 'text', size: 20, payload: message, compressedSize },
        { ...of, direction: 'sent', type: 'text', size: 20, payload: message, compressedSize },
        { ...of, direction: 'received', type: 'binary', size: 3, payload: 'xyz' },
        { ...of, direction: 'sent', type: 'binary', size: 3, payload: 'xyz' },
      ])
      assert.deepEqual(
        harness.written.map(({ first }) => first),
        [0xc1, 0x82],
      )
    })

    test('empty ones', () => {
      const harness = new Harness(role, setup).receive(
        to('text', bytesOf('00'), rsv1),
        to('binary', '', rsv1),
      )
      assert.deepEqual(harness.frames, ['text', 'binary'])
    })

    const refused: readonly [name: string, frames: Buffer[], code: string, closeCode: number][] = [
      ['garbage', [to('binary', bytesOf('ff ff ff'), rsv1)], 'corrupt-deflate', 1007],
      ['a cut block', [to('binary', hello.subarray(0, 4), rsv1)], 'corrupt-deflate', 1007],
      ['text that is not UTF-8', [to('text', bytesOf('00 01 00 fe ff ff 00'), rsv1)], 'not-utf8', 1007],
      [
        'RSV1 on a continuation',
        [to('text', hello, { ...more, ...rsv1 }), to('continuation', '', rsv1)],
        'reserved-bits',
        1002,
      ],
      ['RSV1 on a ping', [to('ping', '', rsv1)], 'reserved-bits', 1002],
      ['RSV2', [to('text', '', { rsv: 6 })], 'reserved-bits', 1002],
      ['plain text that is not UTF-8', [to('text', Buffer.of(0xff))], 'not-utf8', 1007],
    ]
    for (const [name, frames, code, closeCode] of refused) {
      test(`${name}: ${closeCode}`, () => {
        const bytes = Buffer.concat([to('text', hello, rsv1), ...frames, to('ping')])
        for (const chunks of [[bytes], byteByByte(bytes)]) {
          const harness = new Harness(role, setup).receive(...chunks)
          assert.deepEqual(harness.frames, ['text Hello', `close ${closeCode}`])
          assert.deepEqual(harness.faults, [code])
          assert.ok(harness.ended)
          assert.equal(harness.machine.held, 0)
        }
      })
    }

    test('exactly the limit once it is decompressed; a byte more: 1009', () => {
      const zip = (size: number) => deflateRawSync(Buffer.alloc(size))
      const limited = { ...setup, maxPayload: 1_000 }
      assert.equal(new Harness(role, limited).receive(to('binary', zip(1_000), rsv1)).messages.length, 1)
      const over = new Harness(role, limited).receive(to('binary', zip(1_001), rsv1))
      assert.deepEqual([over.frames, over.faults], [['close 1009'], ['message']])
      const random = deflateRawSync(noise(1_000))
      assert.ok(random.length > 1_000, 'noise grows')
      assert.equal(new Harness(role, limited).receive(to('binary', random, rsv1)).messages.length, 1)
      const long = new Harness(role, limited).receive(to('binary', Buffer.alloc(2_100), rsv1))
      assert.deepEqual(long.frames, ['close 1009'])
    })

    test('what is too long to be compressed again comes back as it is', () => {
      const message = Buffer.concat([Buffer.alloc(2 * mebibyte, 'long'), noise(100)])
      for (const wanted of [nothing, messagesOnly]) {
        const harness = new Harness(role, { ...setup, wanted })
        const zip = deflateRawSync(message)
        const [frame, ...others] = harness.receive(to('binary', zip, rsv1), to('text', hello, rsv1)).written
        assert.deepEqual([frame?.first, others.length], [0x82, 1])
        assert.ok(frame?.payload.equals(message))
        assert.deepEqual(harness.machine.sent.compressed.from, 0)
      }
    })

    test('100 MiB of zeros, whole or in 100 fragments: 1009', () => {
      const bomb = deflateRawSync(Buffer.alloc(100 * mebibyte))
      const pieces = inPieces(bomb, Math.ceil(bomb.length / 100))
      const fragments = pieces.map((piece, index) =>
        to(index === 0 ? 'binary' : 'continuation', piece, {
          fin: index === pieces.length - 1,
          rsv: index === 0 ? 4 : 0,
        }),
      )
      for (const chunks of [[to('binary', bomb, rsv1)], fragments]) {
        const before = process.memoryUsage.rss()
        assert.deepEqual(new Harness(role, setup).receive(...chunks).frames, ['close 1009'])
        assert.ok(process.memoryUsage.rss() - before < 64 * mebibyte)
      }
    })
  })
}
