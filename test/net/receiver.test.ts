import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { type ReceiveOptions, Receiver } from '../../src/net/receiver.ts'
import { account } from '../../src/net/turns.ts'
import { type Pair, pair, roundTrip, signal } from './loopback.ts'

const quick = { timeout: 6_000 }
const open: { pair: Pair; receiver: Receiver }[] = []
after(() => {
  for (const one of open) {
    one.receiver.stop()
    one.pair.close()
  }
})

const usual: ReceiveOptions = { readSize: undefined, rate: undefined, hold: false }

interface Bench {
  readonly receiver: Receiver
  readonly reads: { readonly text: string; readonly at: number }[]
  /** Writes at the other end and waits until the kernel has it. */
  write(text: string): Promise<void>
  /** Waits until so many bytes have been delivered. */
  got(size: number): Promise<void>
  attach(): void
}

/** A receiver on a connection, through `onread` as a client has it, or through `data` events. */
async function bench(options: Partial<ReceiveOptions> = {}, throughOnread = true): Promise<Bench> {
  const receiver = new Receiver({ ...usual, ...options })
  const one = await pair(throughOnread ? { onread: receiver.onread } : {})
  open.push({ pair: one, receiver })
  const reads: { text: string; at: number }[] = []
  let total = 0
  let waiting = { size: Number.POSITIVE_INFINITY, come: () => {} }
  receiver.deliver = (bytes) => {
    reads.push({ text: Buffer.from(bytes).toString('latin1'), at: performance.now() })
    total += bytes.length
    if (total >= waiting.size) waiting.come()
  }
  return {
    receiver,
    reads,
    write: (text) => new Promise((resolve) => one.far.write(text, 'latin1', () => resolve())),
    async got(size) {
      const enough = signal()
      waiting = { size, come: enough.come }
      if (total < size) await enough.came
    },
    attach: () => receiver.attach(one.near, throughOnread),
  }
}

function texts({ reads }: Bench): readonly string[] {
  return reads.map((read) => read.text)
}

for (const throughOnread of [true, false]) {
  describe(throughOnread ? 'through onread' : 'through data events', () => {
    test('delivers what comes, in order', quick, async () => {
      const one = await bench({}, throughOnread)
      one.attach()
      await one.write('hello ')
      await one.got(6)
      await one.write('world')
      await one.got(11)
      assert.equal(texts(one).join(''), 'hello world')
      assert.equal(one.receiver.isPaused, false)
    })

    test('reads nothing before it is attached', quick, async () => {
      const one = await bench({}, throughOnread)
      await one.write('early')
      await roundTrip()
      assert.deepEqual(texts(one), [])
      one.attach()
      await one.got(5)
      assert.deepEqual(texts(one), ['early'])
    })

    test('with hold it reads nothing until it is asked to', quick, async () => {
      const one = await bench({ hold: true }, throughOnread)
      one.attach()
      assert.equal(one.receiver.isPaused, true)
      await one.write('held')
      await roundTrip()
      assert.deepEqual(texts(one), [])
      one.receiver.unblock('asked')
      assert.equal(one.receiver.isPaused, false)
      await one.got(4)
      assert.deepEqual(texts(one), ['held'])
    })

    test('an obstacle stops it in the middle of the stream', quick, async () => {
      const one = await bench({}, throughOnread)
      one.attach()
      await one.write('a')
      await one.got(1)
      one.receiver.block('output')
      assert.equal(one.receiver.isPaused, false, 'nobody asked for it')
      await one.write('b')
      await roundTrip()
      assert.deepEqual(texts(one), ['a'])
      one.receiver.unblock('output')
      await one.got(2)
      assert.deepEqual(texts(one), ['a', 'b'])
    })

    test('every obstacle must go, and one put twice goes once', quick, async () => {
      const one = await bench({ hold: true }, throughOnread)
      one.attach()
      one.receiver.block('queue')
      one.receiver.block('output')
      one.receiver.block('output')
      await one.write('x')
      for (const obstacle of ['asked', 'output', 'output', 'rate'] as const) one.receiver.unblock(obstacle)
      assert.equal(one.receiver.isPaused, false)
      await roundTrip()
      assert.deepEqual(texts(one), [])
      one.receiver.unblock('queue')
      await one.got(1)
      assert.deepEqual(texts(one), ['x'])
    })

    test('an obstacle that comes at once after it was attached, or went, counts', quick, async () => {
      const one = await bench({}, throughOnread)
      one.attach()
      one.receiver.block('output')
      await one.write('x')
      await roundTrip()
      assert.deepEqual(texts(one), [])
      one.receiver.unblock('output')
      one.receiver.block('asked')
      await roundTrip()
      assert.deepEqual(texts(one), [])
      one.receiver.unblock('asked')
      await one.got(1)
    })

    test('an obstacle that is there before it is attached counts', quick, async () => {
      const one = await bench({}, throughOnread)
      one.receiver.block('queue')
      one.attach()
      await one.write('x')
      await roundTrip()
      assert.deepEqual(texts(one), [])
      one.receiver.unblock('queue')
      await one.got(1)
    })
  })
}

describe('read size', () => {
  test('is the most that a read takes', quick, async () => {
    const one = await bench({ readSize: 5 })
    await one.write('0123456789ab')
    one.attach()
    await one.got(12)
    assert.deepEqual(texts(one), ['01234', '56789', 'ab'])
  })

  test('of one byte', quick, async () => {
    const one = await bench({ readSize: 1 })
    await one.write('abc')
    one.attach()
    await one.got(3)
    assert.deepEqual(texts(one), ['a', 'b', 'c'])
  })

  test('is 64 KiB where nobody says', quick, async () => {
    const one = await bench()
    await one.write('x'.repeat(70_000))
    one.attach()
    await one.got(70_000)
    assert.ok(one.reads.length >= 2)
    assert.ok(texts(one).every((read) => read.length <= 65_536))
  })

  test('can be more than that', quick, async () => {
    const one = await bench({ readSize: 2 ** 20 })
    await one.write('x'.repeat(200_000))
    await roundTrip()
    one.attach()
    await one.got(200_000)
    assert.ok(
      texts(one).some((read) => read.length > 65_536),
      `${texts(one).map((read) => read.length)}`,
    )
  })

  test('can be changed between two reads, and back', quick, async () => {
    const one = await bench({ hold: true })
    one.attach()
    one.receiver.setReadSize(2)
    await one.write('abcd')
    one.receiver.unblock('asked')
    await one.got(4)
    one.receiver.block('asked')
    one.receiver.setReadSize(undefined)
    await one.write('efghij')
    one.receiver.unblock('asked')
    await one.got(10)
    assert.deepEqual(texts(one), ['ab', 'cd', 'efghij'])
  })

  test('two receivers never see the bytes of each other', quick, async () => {
    const [one, other] = [await bench({ readSize: 3 }), await bench({ readSize: 100_000 })]
    one.attach()
    other.attach()
    await Promise.all([one.write('abcdef'), other.write('z'.repeat(1_000))])
    await Promise.all([one.got(6), other.got(1_000)])
    assert.equal(texts(one).join(''), 'abcdef')
    assert.equal(texts(other).join(''), 'z'.repeat(1_000))
  })
})

describe('where a turn of the event loop has no time left', () => {
  test(
    'a long read waits for the next one, though others read into the same memory; a brief one does not',
    quick,
    async () => {
      const reads: string[] = []
      const receiver = new Receiver(usual)
      receiver.deliver = (bytes) => reads.push(Buffer.from(bytes).toString('latin1'))
      const { buffer, callback } = receiver.onread
      assert.ok(buffer instanceof Uint8Array)
      const read = (text: string) => callback(Buffer.from(buffer.buffer).write(text, 'latin1'), buffer)
      account({ goOn: () => {} }, 50)
      read('brief')
      read('long '.repeat(1_000))
      read('another')
      assert.deepEqual(reads, ['brief', 'another'])
      await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
      assert.deepEqual(reads.slice(2), ['long '.repeat(1_000)])
      receiver.stop()
    },
  )
})

describe('rate', () => {
  test('is the most that is read a second, in small reads', quick, async () => {
    const one = await bench({ rate: 1_000 })
    await one.write('x'.repeat(350))
    one.attach()
    const startedAt = performance.now()
    await one.got(350)
    const tookMs = performance.now() - startedAt
    assert.deepEqual(
      texts(one).map((read) => read.length),
      [100, 100, 100, 50],
    )
    assert.ok(tookMs >= 290, `300 bytes cost 300 ms, took ${tookMs}`)
    const pauses = one.reads.slice(1).map((read, index) => read.at - (one.reads[index]?.at ?? 0))
    assert.ok(
      pauses.every((pause) => pause >= 95),
      `pauses of ${pauses.join(', ')}`,
    )
  })

  test('takes single bytes where it is small, and a smaller read size holds', quick, async () => {
    const slow = await bench({ rate: 9 })
    const small = await bench({ rate: 1_000, readSize: 2 })
    for (const one of [slow, small]) {
      await one.write('abcd')
      one.attach()
    }
    await Promise.all([slow.got(1), small.got(4)])
    assert.equal(texts(slow)[0], 'a')
    assert.deepEqual(texts(small), ['ab', 'cd'])
  })

  test('does not count as a pause that somebody asked for', quick, async () => {
    const one = await bench({ rate: 10 })
    one.attach()
    await one.write('ab')
    await one.got(1)
    assert.equal(one.receiver.isPaused, false)
    one.receiver.block('asked')
    assert.equal(one.receiver.isPaused, true)
  })

  test('lets another obstacle stand when its time is over', quick, async () => {
    const one = await bench({ rate: 1_000, readSize: 10 })
    const witness = await bench({ rate: 1_000, readSize: 10 })
    await one.write('x'.repeat(20))
    await witness.write('x'.repeat(60))
    one.attach()
    await one.got(10)
    one.receiver.block('output')
    witness.attach()
    await witness.got(60)
    assert.equal(texts(one).join('').length, 10)
    one.receiver.unblock('output')
    await one.got(20)
  })

  test('can be set and turned off', quick, async () => {
    const one = await bench({ hold: true })
    one.attach()
    one.receiver.setRate(100)
    await one.write('x'.repeat(20))
    one.receiver.unblock('asked')
    await one.got(20)
    assert.deepEqual(
      texts(one).map((read) => read.length),
      [10, 10],
    )
    one.receiver.setRate(undefined)
    await one.write('y'.repeat(500))
    await one.got(520)
    assert.deepEqual(texts(one).slice(2), ['y'.repeat(500)])
  })
})
