import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { deflateRawSync } from 'node:zlib'
import type { Role } from '../../src/wire/frame.ts'
import {
  byteByByte,
  closing,
  compression,
  everything,
  frameTo,
  Harness,
  inPieces,
  noise,
  nothing,
  roles,
} from './machine.ts'

const zipped = deflateRawSync(Buffer.from('HelloHelloHello'), { finishFlush: 2 }).subarray(0, -4)

/** Everything that can be seen from outside. A frame with bad text is told of only if it was whole in time. */
function seen(harness: Harness) {
  const { machine, faults, wire, ended } = harness
  const isText = faults.includes('not-utf8')
  const told = harness.told.filter(
    ({ kind, direction }) => !(isText && kind === 'frame' && direction === 'received'),
  )
  const { frames, ...received } = machine.received
  const { sentClose, receivedClose, failure } = machine
  return {
    wire: wire.toString('hex'),
    told,
    ended,
    received,
    frames: isText ? 0 : frames,
    sentClose,
    receivedClose,
    failure,
  }
}

/** A conversation with some of everything. */
function conversation(role: Role): Buffer {
  const to = frameTo.bind(undefined, role)
  return Buffer.concat([
    to('text', 'κόσμε'),
    to('binary', noise(130)),
    to('text', Buffer.of(0xf0, 0x9f), { fin: false }),
    to('ping', 'one'),
    to('continuation', Buffer.of(0x98, 0x80), { fin: false }),
    to('continuation'),
    to('text', zipped, { rsv: 4 }),
    to('pong', 'two'),
    to('binary'),
    to('binary', 'again'),
  ])
}

for (const role of roles) {
  const to = frameTo.bind(undefined, role)

  describe(`however TCP chops it, as a ${role}`, () => {
    const ends: readonly [name: string, bytes: Buffer][] = [
      ['nothing more', Buffer.alloc(0)],
      ['a close', Buffer.concat([to('close', closing(1000, 'bye')), to('ping')])],
      ['a violation', Buffer.concat([to(3), to('ping')])],
      ['bad text', Buffer.concat([to('text', Buffer.of(0x61, 0xf4, 0x90, 0x80, 0x80)), to('ping')])],
      ['a bad close', Buffer.concat([to('close', closing(1000, Buffer.of(0xff))), to('ping')])],
      ['a long message', Buffer.concat([to('binary', Buffer.alloc(201)), to('ping')])],
    ]
    for (const [name, end] of ends) {
      test(`a conversation, then ${name}: cut at every offset`, () => {
        const bytes = Buffer.concat([conversation(role), end])
        for (const wanted of [nothing, everything]) {
          const setup = { compression, wanted, maxPayload: 200 }
          const whole = seen(new Harness(role, setup).receive(bytes))
          for (let cut = 0; cut <= bytes.length; cut += 1) {
            const harness = new Harness(role, setup).receive(bytes.subarray(0, cut), bytes.subarray(cut))
            assert.deepEqual(seen(harness), whole, `cut at ${cut}`)
          }
          for (const size of [1, 2, 3, 5, 17]) {
            assert.deepEqual(
              seen(new Harness(role, setup).receive(...inPieces(bytes, size))),
              whole,
              `in pieces of ${size}`,
            )
          }
        }
      })
    }

    test('nobody looking changes nothing that is written', () => {
      for (const agreed of [undefined, compression]) {
        const bytes = Buffer.concat([conversation(role), to('close', closing(1001))])
        for (const chunks of [[bytes], byteByByte(bytes), inPieces(bytes, 50)]) {
          const [unseen, watched] = [nothing, everything].map((wanted) =>
            new Harness(role, { wanted, compression: agreed }).receive(...chunks).wire.toString('hex'),
          )
          assert.equal(unseen, watched)
        }
      }
    })

    test('which reads brought a frame is told', () => {
      const frame = to('binary', 'abc')
      const { machine } = new Harness(role, { wanted: everything, echo: false })
      const pieces = [Buffer.concat([frame, frame.subarray(0, 1)]), frame.subarray(1, 4), frame.subarray(4)]
      const outputs = pieces.flatMap((piece, index) => [...machine.receive(Buffer.from(piece), index + 10)])
      const reads = outputs.flatMap((output) =>
        output.kind === 'frame' ? [[output.firstRead, output.lastRead]] : [],
      )
      assert.deepEqual(reads, [
        [10, 10],
        [10, 12],
      ])
    })

    test('what was told stands after the same memory was lent again, in the same read too', () => {
      const message = (index: number) => Buffer.alloc(2_000 + index, `${index} `)
      const bytes = Buffer.concat(
        [0, 1, 2].flatMap((index) => [
          to('binary', message(index).subarray(0, 900), { fin: false }),
          to('continuation', message(index).subarray(900)),
        ]),
      )
      for (const wanted of [everything, { ...nothing, sentMessages: true }]) {
        const { machine } = new Harness(role, { wanted })
        const outputs = machine.receive(Buffer.from(bytes), 1)
        const told = outputs.flatMap((output) =>
          output.kind === 'message' ? [[output.direction, Buffer.from(output.payload)]] : [],
        )
        const directions = wanted === everything ? ['received', 'sent'] : ['sent']
        assert.deepEqual(
          told,
          [0, 1, 2].flatMap((index) => directions.map((direction) => [direction, message(index)])),
        )
      }
    })
  })
}
