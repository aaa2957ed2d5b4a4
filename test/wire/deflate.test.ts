import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { constants, createDeflateRaw, deflateRawSync } from 'node:zlib'
import fc from 'fast-check'
import { Deflater, Inflater } from '../../src/wire/deflate.ts'
import { noise } from './machine.ts'

const mebibyte = 2 ** 20
const hello = Buffer.from('Hello')
const bytesOf = (hex: string) => Buffer.from(hex.replaceAll(' ', ''), 'hex')
const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

function inflated(result: Uint8Array | string): string {
  return typeof result === 'string' ? result : Buffer.from(result).toString()
}

const fresh = () => new Inflater({ takeover: false })

describe('decompressing a message (RFC 7692 §7.2.2)', () => {
  const examples: readonly [name: string, hex: string, message: string][] = [
    ['one block', 'f2 48 cd c9 c9 07 00', 'Hello'],
    ['a block without compression', '00 05 00 fa ff 48 65 6c 6c 6f 00', 'Hello'],
    ['BFINAL set', 'f3 48 cd c9 c9 07 00 00', 'Hello'],
    ['BFINAL set, without the byte behind it', 'f3 48 cd c9 c9 07 00', 'Hello'],
    ['two blocks', 'f2 48 05 00 00 00 ff ff ca c9 c9 07 00', 'Hello'],
    ['BFINAL, then another block', 'f3 48 cd c9 c9 07 00 f2 48 cd c9 c9 07 00', 'HelloHello'],
    ['an empty message', '00', ''],
    ['an empty payload', '', ''],
  ]
  for (const [name, hex, message] of examples) {
    test(`${name}: ${hex || 'nothing'}`, () => {
      const inflater = new Inflater({ takeover: true })
      assert.equal(inflated(inflater.inflate(bytesOf(hex), 100)), message)
      assert.equal(inflated(inflater.inflate(bytesOf('f2 48 cd c9 c9 07 00'), 100)), 'Hello', 'the next one')
    })
  }

  test('a second message refers to the first (§7.2.3.2)', () => {
    const inflater = new Inflater({ takeover: true })
    assert.equal(inflated(inflater.inflate(bytesOf('f2 48 cd c9 c9 07 00'), 5)), 'Hello')
    assert.equal(inflated(inflater.inflate(bytesOf('f2 00 11 00 00'), 5)), 'Hello')
    assert.equal(inflated(fresh().inflate(bytesOf('f2 00 11 00 00'), 5)), 'corrupt', 'without a first one')
  })

  test('what stands before a last block can be referred to behind it, and without takeover not in the next message', () => {
    for (const takeover of [true, false]) {
      const inflater = new Inflater({ takeover })
      const message = inflater.inflate(bytesOf('f3 48 cd c9 c9 07 00 f2 00 11 00 00'), 10)
      assert.equal(inflated(message), 'HelloHello')
      const next = inflater.inflate(bytesOf('f2 00 11 00 00'), 10)
      assert.equal(inflated(next), takeover ? 'Hello' : 'corrupt')
    }
  })

  const broken: readonly [name: string, hex: string][] = [
    ['garbage', 'ff ff ff ff'],
    ['a block of the reserved type', '07'],
    ['cut inside a block', 'f2 48 cd'],
    ['a stored block that is cut', '00 05 00 fa ff 48 65'],
    ['a stored block whose sizes differ', '00 05 00 00 00 48 65 6c 6c 6f'],
    ['garbage behind a last block', 'f3 48 cd c9 c9 07 00 ff ff'],
  ]
  for (const [name, hex] of broken) {
    test(`${name}: corrupt`, () => assert.equal(inflated(fresh().inflate(bytesOf(hex), 100)), 'corrupt'))
  }

  test('exactly the limit passes, one byte more does not', () => {
    for (const size of [1, 2, 1_000, 16_384, 16_385, mebibyte]) {
      const payload = deflateRawSync(Buffer.alloc(size + 200), {
        finishFlush: constants.Z_SYNC_FLUSH,
      }).subarray(0, -4)
      assert.equal(fresh().inflate(payload, size + 200).length, size + 200)
      assert.equal(fresh().inflate(payload, size + 199), 'too large')
    }
    assert.equal(inflated(fresh().inflate(bytesOf('f2 48 cd c9 c9 07 00'), 0)), 'too large')
    assert.equal(inflated(fresh().inflate(deflateRawSync(Buffer.from('H')), 0)), 'too large', 'a single byte')
    assert.equal(inflated(fresh().inflate(bytesOf('00'), 0)), '')
  })

  test('the limit counts what stands before a last block', () => {
    const twice = bytesOf('f3 48 cd c9 c9 07 00 f2 48 cd c9 c9 07 00')
    assert.equal(inflated(fresh().inflate(twice, 10)), 'HelloHello')
    assert.equal(inflated(fresh().inflate(twice, 9)), 'too large')
  })

  test('100 MiB of zeros in 100 KB cost no more than the limit', () => {
    const bomb = deflateRawSync(Buffer.alloc(100 * mebibyte), { level: 9 })
    assert.ok(bomb.length < 110_000)
    const before = process.memoryUsage.rss()
    assert.equal(fresh().inflate(bomb, 16 * mebibyte), 'too large')
    assert.ok(process.memoryUsage.rss() - before < 64 * mebibyte)
  })

  test('a long message is not held twice: it is decompressed in one piece', () => {
    const message = deflateRawSync(Buffer.alloc(15 * mebibyte), { finishFlush: constants.Z_SYNC_FLUSH })
    // What other tests have left behind would be collected meanwhile.
    setFlagsFromString('--expose-gc')
    runInNewContext('gc')()
    const before = process.memoryUsage().arrayBuffers
    const result = fresh().inflate(message.subarray(0, -4), 16 * mebibyte)
    assert.equal(result.length, 15 * mebibyte)
    const took = (process.memoryUsage().arrayBuffers - before) / mebibyte
    assert.ok(took < 20, `${took} MiB`)
  })

  test('blocks marked as the last one without end are given up on', () => {
    const many = (count: number) => Buffer.alloc(2 * count, bytesOf('03 00'))
    assert.equal(inflated(fresh().inflate(many(900), mebibyte)), '')
    const startedAt = performance.now()
    assert.equal(fresh().inflate(many(mebibyte), mebibyte), 'corrupt')
    assert.ok(performance.now() - startedAt < 2_000)
  })
})

describe('compressing a message (RFC 7692 §7.2.1)', () => {
  const text = (index: number) => Buffer.from(`message ${index}: ${'sandpit for sockets '.repeat(20)}`)

  test('the example of §7.2.3.2', () => {
    const deflater = new Deflater({ windowBits: 15, takeover: true })
    assert.equal(deflater.compress(hello), undefined, 'seven bytes are not fewer than five')
    const payload = deflater.compress(Buffer.from('HelloHelloHello'))
    assert.equal(inflated(fresh().inflate(payload ?? hello, 100)), 'HelloHelloHello')
    assert.notEqual(hexOf(payload ?? hello).slice(-8), '0000ffff')
  })

  test('nothing, and what does not become shorter, goes as it is', () => {
    const deflater = new Deflater({ windowBits: 15, takeover: true })
    assert.equal(deflater.compress(Buffer.alloc(0)), undefined)
    assert.equal(deflater.compress(noise(1_000)), undefined)
    assert.equal(
      new Deflater({ windowBits: 8, takeover: true }).compress(Buffer.alloc(1_000)),
      undefined,
      '2^8',
    )
  })

  test('a message of more than 1 MiB goes as it is', () => {
    const deflater = new Deflater({ windowBits: 15, takeover: false })
    assert.ok((deflater.compress(Buffer.alloc(mebibyte))?.length ?? mebibyte) < 2_000)
    assert.equal(deflater.compress(Buffer.alloc(mebibyte + 1)), undefined)
  })

  test('a message that went as it is, is not referred to', () => {
    const deflater = new Deflater({ windowBits: 15, takeover: true })
    const random = noise(1_000)
    assert.equal(deflater.compress(random), undefined)
    assert.equal(deflater.compress(random), undefined)
  })

  for (const windowBits of [9, 10, 11, 12, 13, 14, 15]) {
    for (const takeover of [true, false]) {
      test(`2^${windowBits} bytes ${takeover ? 'that go on' : 'for each message'}: zlib's own stream reads it`, () => {
        const deflater = new Deflater({ windowBits, takeover })
        const inflater = new Inflater({ takeover })
        let first = 0
        for (let index = 0; index < 40; index += 1) {
          const message =
            index % 5 === 4 ? noise(700 * index, index) : Buffer.concat([text(index), noise(index * 40)])
          const payload = deflater.compress(message)
          if (payload === undefined) continue
          if (index === 0) first = payload.length
          const result = inflater.inflate(payload, mebibyte)
          assert.deepEqual(Buffer.from(result), message)
        }
        const again = deflater.compress(text(0))?.length ?? 0
        assert.ok(takeover && windowBits > 14 ? again < first : again > 0)
      })
    }
  }

  test('no distance is longer than the window', () => {
    const repeated = noise(600)
    const message = Buffer.concat([repeated, Buffer.alloc(600), repeated])
    const sizes = [9, 15].map(
      (windowBits) => new Deflater({ windowBits, takeover: false }).compress(message)?.length ?? 0,
    )
    assert.ok((sizes[0] ?? 0) > 1_200, 'the repetition is out of reach')
    assert.ok((sizes[1] ?? 0) < 800)
    const deflater = new Deflater({ windowBits: 9, takeover: true })
    const first = deflater.compress(Buffer.concat([repeated, Buffer.alloc(600)]))?.length ?? 0
    const second = deflater.compress(Buffer.concat([repeated, Buffer.alloc(600)]))?.length ?? 0
    assert.ok(second > first - 100, 'nor between messages')
  })

  test('a stream of zlib that goes on from message to message is understood', async () => {
    const stream = createDeflateRaw({ windowBits: 15, flush: constants.Z_SYNC_FLUSH })
    const chunks: Buffer[] = []
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    const inflater = new Inflater({ takeover: true })
    for (let index = 0; index < 20; index += 1) {
      const message = Buffer.concat([text(index), noise(3_000, index)])
      await new Promise<void>((done) =>
        stream.write(message, () => stream.flush(constants.Z_SYNC_FLUSH, () => done())),
      )
      const payload = Buffer.concat(chunks.splice(0))
      assert.equal(hexOf(payload.subarray(-4)), '0000ffff')
      assert.deepEqual(Buffer.from(inflater.inflate(payload.subarray(0, -4), mebibyte)), message)
    }
    stream.close()
  })

  test('any messages come back', () => {
    const bits = fc.constantFrom(9, 12, 15)
    const message = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.string({ maxLength: 40 }).map((word) => Buffer.from(word.repeat(9))),
    )
    fc.assert(
      fc.property(
        bits,
        fc.boolean(),
        fc.array(message, { maxLength: 8 }),
        (windowBits, takeover, messages) => {
          const [deflater, inflater] = [new Deflater({ windowBits, takeover }), new Inflater({ takeover })]
          for (const message of messages) {
            const payload = deflater.compress(message)
            if (payload === undefined) continue
            assert.ok(payload.length < message.length)
            assert.equal(hexOf(Buffer.from(inflater.inflate(payload, 1_000))), hexOf(message))
          }
        },
      ),
    )
  })
})
