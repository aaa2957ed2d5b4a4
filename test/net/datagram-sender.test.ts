import assert from 'node:assert/strict'
import { describe, mock, test } from 'node:test'
import fc from 'fast-check'
import { DatagramSender, type DatagramSendOptions } from '../../src/net/datagram-sender.ts'

const quick = { timeout: 6_000 }
const text = (value: string) => Buffer.from(value)

/** A kernel of ours: it keeps what it is given until it is told to have taken it; where time passes, it takes it at once. */
function bench(options: Partial<DatagramSendOptions> = {}, clock?: () => number) {
  const now = clock ?? (() => 0)
  const given: string[] = []
  const givenAt: number[] = []
  const sizes: number[] = []
  const open: (() => void)[] = []
  const sender = new DatagramSender<string>(
    { chunk: undefined, delayMs: undefined, rate: undefined, maxQueue: 1_000, ...options },
    {
      now,
      transmit(payload, to, done) {
        given.push(`${to}:${Buffer.from(payload)}`)
        givenAt.push(now())
        sizes.push(payload.length)
        if (clock === undefined) open.push(done)
        return clock !== undefined
      },
    },
  )
  /** Takes so many of those that it has, or all that come. */
  const take = (count = Number.POSITIVE_INFINITY) => {
    for (let taken = 0; taken < count; taken++) {
      const done = open.shift()
      if (done === undefined) return
      done()
    }
  }
  return { sender, given, givenAt, sizes, take, inFlight: () => open.length }
}

type Bench = ReturnType<typeof bench>

/** Runs with time that passes when it is told to, and timers that know it. */
function inOurTime(run: (clock: { now(): number; pass(ms: number): void }) => void): () => void {
  return () => {
    let nowMs = 5_000
    mock.timers.enable({ apis: ['setTimeout'] })
    try {
      run({
        now: () => nowMs,
        pass(ms) {
          nowMs += ms
          mock.timers.tick(ms)
        },
      })
    } finally {
      mock.timers.reset()
    }
  }
}

/** All that is due without time passing. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** Which of the two promises of a sender have settled. */
function watch({ sender }: Bench): string[] {
  const settled: string[] = []
  void sender.whenRoom().then(() => void settled.push('room'))
  void sender.whenSent().then(() => void settled.push('sent'))
  return settled
}

describe('each payload is a datagram', () => {
  const rows: readonly [name: string, chunk: number | undefined, payloads: string[], datagrams: string[]][] =
    [
      ['whole where there is no chunk', undefined, ['hello', 'world'], ['hello', 'world']],
      ['empty ones too', undefined, ['', 'a', ''], ['', 'a', '']],
      ['or several, with a remainder', 3, ['abcdefgh'], ['abc', 'def', 'gh']],
      ['or several, without one', 3, ['abcdef'], ['abc', 'def']],
      ['whole where it is exactly a chunk', 3, ['abc'], ['abc']],
      ['whole where it is less than a chunk', 9, ['abc'], ['abc']],
      ['bytes one by one', 1, ['abc'], ['a', 'b', 'c']],
      ['an empty one is a datagram where there is a chunk, too', 2, ['', 'ab', ''], ['', 'ab', '']],
      ['and none is filled up from the next', 2, ['abc', 'd', '', 'ef'], ['ab', 'c', 'd', '', 'ef']],
    ]
  for (const [name, chunk, payloads, datagrams] of rows) {
    for (const held of [false, true]) {
      test(`${name}${held ? ', after it was held' : ''}`, () => {
        const { sender, given, take } = bench({ chunk })
        if (held) sender.setHeld(true)
        for (const payload of payloads) sender.send(text(payload), 'x')
        if (held) assert.deepEqual([given.length, sender.queued], [0, datagrams.length])
        sender.setHeld(false)
        take()
        assert.deepEqual(
          given,
          datagrams.map((datagram) => `x:${datagram}`),
        )
        assert.equal(sender.queued, 0)
      })
    }
  }

  test('in their order, each to whom it was meant, however fast the kernel is', () => {
    const payload = fc.tuple(
      fc.constantFrom('a', 'b', 'c'),
      fc.string({ unit: 'grapheme-ascii', maxLength: 9 }),
    )
    const steps = fc.array(fc.oneof(payload, fc.nat(70)), { maxLength: 60 })
    fc.assert(
      fc.property(steps, fc.option(fc.integer({ min: 1, max: 4 })), (given, chunk) => {
        const one = bench({ chunk: chunk ?? undefined, maxQueue: 5 })
        const expected: string[] = []
        for (const step of given) {
          if (typeof step === 'number') {
            one.take(step)
            continue
          }
          const [to, payloadText] = step
          one.sender.send(text(payloadText), to)
          const size = chunk ?? Math.max(1, payloadText.length)
          const pieces = payloadText === '' ? [''] : payloadText.match(new RegExp(`[^]{1,${size}}`, 'g'))
          for (const piece of pieces ?? []) expected.push(`${to}:${piece}`)
          assert.equal(one.sender.queued, expected.length - one.given.length + one.inFlight())
        }
        one.take()
        assert.deepEqual(one.given, expected)
        assert.deepEqual([one.sender.queued, one.sender.isFull], [0, false])
      }),
    )
  })

  test('whole, and not copied', () => {
    const payload = text('x')
    const given: Uint8Array[] = []
    const hooks = { now: () => 0, transmit: (bytes: Uint8Array) => given.push(bytes) > 0 }
    const options = { chunk: 5, delayMs: undefined, rate: undefined, maxQueue: 9 }
    new DatagramSender<string>(options, hooks).send(payload, 'x')
    assert.equal(given[0], payload)
  })

  test('also the hundred thousandth', () => {
    const { sender, given, take } = bench({ maxQueue: 1_000_000 })
    for (let count = 0; count < 100_000; count++) sender.send(text(String(count)), 'x')
    const startedAt = performance.now()
    take()
    assert.ok(performance.now() - startedAt < 3_000)
    assert.deepEqual([given.length, given[99_999]], [100_000, 'x:99999'])
  })
})

describe('the kernel is given', () => {
  test('one datagram at a time, whether it is one of many or a piece', () => {
    for (const chunk of [undefined, 1]) {
      const { sender, given, take, inFlight } = bench({ chunk })
      if (chunk === 1) sender.send(text('abc'), 'x')
      else for (const payload of ['a', 'b', 'c']) sender.send(text(payload), 'x')
      assert.deepEqual([given, sender.queued], [['x:a'], 3])
      take(1)
      assert.deepEqual([given, inFlight(), sender.queued], [['x:a', 'x:b'], 1, 2])
      take()
      assert.deepEqual([given, sender.queued], [['x:a', 'x:b', 'x:c'], 0])
    }
  })

  test('all of them at once where it is done with each at once', async () => {
    const given: string[] = []
    const options = { chunk: 1, delayMs: undefined, rate: undefined, maxQueue: 9 }
    const sender = new DatagramSender<string>(options, {
      now: () => 0,
      transmit: (bytes) => given.push(Buffer.from(bytes).toString()) > 0,
    })
    sender.setHeld(true)
    sender.send(text('ab'), 'x')
    const sent = sender.whenSent()
    sender.setHeld(false)
    sender.send(text('cd'), 'x')
    assert.deepEqual([given, sender.queued, sender.isFull], [['a', 'b', 'c', 'd'], 0, false])
    await sent
  })

  test('what is sent by who hears of it, after it', () => {
    const given: string[] = []
    const options = { chunk: undefined, delayMs: undefined, rate: undefined, maxQueue: 9 }
    const sender = new DatagramSender<string>(options, {
      now: () => 0,
      transmit(bytes) {
        given.push(Buffer.from(bytes).toString())
        if (given.length === 1) for (const answer of ['b', 'c']) sender.send(text(answer), 'x')
        return true
      },
    })
    sender.send(text('a'), 'x')
    assert.deepEqual([given, sender.queued], [['a', 'b', 'c'], 0])
  })

  test('nothing while it is held, and then what has waited', () => {
    const { sender, given, take } = bench()
    sender.send(text('a'), 'x')
    sender.setHeld(true)
    sender.send(text('b'), 'x')
    take()
    sender.send(text('c'), 'x')
    assert.deepEqual([given, sender.queued], [['x:a'], 2])
    sender.setHeld(false)
    take()
    assert.deepEqual([given, sender.queued], [['x:a', 'x:b', 'x:c'], 0])
  })
})

describe('a queue', () => {
  test('is full at maxQueue and has room at half of it, pieces and what is in flight counted', async () => {
    const one = bench({ chunk: 1, maxQueue: 100 })
    const { sender, take } = one
    sender.send(Buffer.alloc(99), 'x')
    assert.equal(sender.isFull, false)
    sender.send(Buffer.alloc(1), 'x')
    assert.deepEqual([sender.isFull, sender.queued], [true, 100])
    const settled = watch(one)
    take(49)
    await turn()
    assert.deepEqual([sender.isFull, sender.queued, settled], [true, 51, []])
    take(1)
    await turn()
    assert.deepEqual([sender.isFull, sender.queued, settled], [false, 50, ['room']])
    take(49)
    await turn()
    assert.deepEqual([sender.queued, settled], [1, ['room']])
    take()
    await turn()
    assert.deepEqual([sender.queued, settled], [0, ['room', 'sent']])
  })

  const rows: readonly [name: string, sizes: readonly number[], chunk: number | undefined, full: boolean][] =
    [
      ['nine', Array(9).fill(50), undefined, false],
      ['ten', Array(10).fill(50), undefined, true],
      ['ten empty ones', Array(10).fill(0), undefined, true],
      ['one of nine pieces', [90], 10, false],
      ['one of ten pieces, the last one short', [91], 10, true],
      ['an empty one, and one of nine pieces', [0, 90], 10, true],
    ]
  for (const [name, sizes, chunk, full] of rows) {
    test(`of ten at most is ${full ? '' : 'not '}full of ${name}`, () => {
      const { sender } = bench({ maxQueue: 10, chunk })
      sender.setHeld(true)
      for (const size of sizes) sender.send(Buffer.alloc(size), 'x')
      assert.equal(sender.isFull, full)
    })
  }

  test('takes more though it is full: nothing that was accepted is lost', () => {
    const { sender, given, take } = bench({ maxQueue: 2 })
    sender.setHeld(true)
    for (const name of ['a', 'b', 'c', 'd']) sender.send(text(name), 'x')
    assert.equal(sender.queued, 4)
    sender.setHeld(false)
    take()
    assert.deepEqual(given, ['x:a', 'x:b', 'x:c', 'x:d'])
  })

  test('fills again, and is told to have room again', async () => {
    const { sender, take } = bench({ maxQueue: 70 })
    for (let round = 0; round < 2; round++) {
      for (let count = 0; count < 70; count++) sender.send(text('a'), 'x')
      assert.equal(sender.isFull, true)
      const room = sender.whenRoom()
      take(35)
      await room
      assert.deepEqual([sender.isFull, sender.queued], [false, 35])
      take()
    }
  })

  test('of one is enough', async () => {
    const { sender, given, take } = bench({ maxQueue: 1, chunk: 1 })
    sender.send(text('ab'), 'x')
    assert.equal(sender.isFull, true)
    const settled = [sender.whenRoom(), sender.whenSent()]
    take()
    await Promise.all(settled)
    assert.deepEqual(given, ['x:a', 'x:b'])
  })

  test('keeps nobody waiting where nothing waits', async () => {
    const { sender } = bench()
    await sender.whenRoom()
    await sender.whenSent()
  })
})

describe('another chunk', () => {
  test('is that of what waits, too, and the pieces are counted anew', () => {
    const { sender, given, take } = bench({ chunk: 2, maxQueue: 1_000 })
    sender.setHeld(true)
    sender.send(text('abcdef'), 'x')
    sender.send(text(''), 'x')
    assert.deepEqual([sender.queued, sender.chunk], [4, 2])
    sender.setChunk(4)
    assert.deepEqual([sender.queued, sender.chunk], [3, 4])
    sender.setChunk(undefined)
    assert.deepEqual([sender.queued, sender.chunk], [2, undefined])
    sender.setChunk(1)
    assert.equal(sender.queued, 7)
    sender.setHeld(false)
    take()
    assert.deepEqual(given.join(' '), 'x:a x:b x:c x:d x:e x:f x:')
    assert.equal(sender.queued, 0)
  })

  for (const [chunk, rest] of [
    [3, 'x:cde x:fgh x:i'],
    [7, 'x:cdefghi'],
    [undefined, 'x:cdefghi'],
  ] as const) {
    test(
      `of ${chunk} goes on where the one before stopped`,
      inOurTime(({ now, pass }) => {
        const { sender, given, take } = bench({ chunk: 2, delayMs: 10 }, now)
        sender.send(text('abcdefghi'), 'x')
        sender.setChunk(chunk)
        assert.equal(sender.queued, rest.split(' ').length)
        for (let count = 0; count < 9; count++) {
          take()
          pass(10)
        }
        assert.equal(given.join(' '), `x:ab ${rest}`)
        assert.equal(sender.queued, 0)
      }),
    )
  }

  test('counts what waits, not what has gone before it', () => {
    const { sender, take } = bench()
    for (let count = 0; count < 70; count++) sender.send(text('ab'), 'x')
    take(2)
    assert.equal(sender.queued, 68)
    sender.setChunk(1)
    assert.equal(sender.queued, 1 + 2 * 67)
  })

  test('while all of it is in flight changes nothing', () => {
    const { sender, given, take } = bench()
    sender.send(text('abc'), 'x')
    sender.setChunk(1)
    assert.equal(sender.queued, 1)
    take()
    assert.deepEqual([given, sender.queued], [['x:abc'], 0])
  })
})

describe('a delay', () => {
  test(
    'passes between two datagrams, pieces or not',
    inOurTime(({ now, pass }) => {
      const { sender, given, givenAt, take } = bench({ chunk: 2, delayMs: 50 }, now)
      for (const payload of ['abcd', '', 'e']) sender.send(text(payload), 'x')
      for (let ms = 0; ms < 300; ms += 1) {
        take()
        pass(1)
      }
      assert.deepEqual(given, ['x:ab', 'x:cd', 'x:', 'x:e'])
      assert.deepEqual(givenAt, [5_000, 5_050, 5_100, 5_150])
    }),
  )

  test(
    'that has passed by itself keeps nobody',
    inOurTime(({ now, pass }) => {
      const { sender, givenAt } = bench({ delayMs: 50 }, now)
      sender.send(text('a'), 'x')
      pass(49)
      sender.send(text('b'), 'x')
      assert.equal(sender.queued, 1)
      pass(1)
      assert.deepEqual(givenAt, [5_000, 5_050])
      pass(1_000)
      sender.send(text('c'), 'x')
      assert.deepEqual(givenAt, [5_000, 5_050, 6_050])
    }),
  )

  test(
    'is a pause also after a timer that was late',
    inOurTime(({ now, pass }) => {
      const { sender, givenAt } = bench({ delayMs: 10 }, now)
      for (const payload of ['a', 'b', 'c']) sender.send(text(payload), 'x')
      pass(500)
      pass(9)
      assert.equal(givenAt.length, 2)
      pass(1)
      assert.deepEqual(givenAt, [5_000, 5_500, 5_510])
    }),
  )

  test(
    'of nothing is none, and can be turned on and off',
    inOurTime(({ now, pass }) => {
      const { sender, given, take } = bench({ delayMs: 0 }, now)
      for (const payload of ['a', 'b', 'c']) sender.send(text(payload), 'x')
      assert.equal(given.length, 3)
      take()
      sender.setDelay(20)
      for (const payload of ['d', 'e', 'f']) sender.send(text(payload), 'x')
      assert.equal(given.length, 4)
      sender.setDelay(undefined)
      pass(20)
      assert.equal(given.length, 6)
    }),
  )

  test('on a real clock lasts as long as it was asked to, and not much longer', quick, async () => {
    const startedAt = performance.now()
    // A timer counts from the time at which the event loop last looked at the clock.
    for (let count = 0; count < 2; count++) await turn()
    const { sender, givenAt, take } = bench({ delayMs: 15 }, () => performance.now())
    for (let count = 0; count < 6; count++) sender.send(text('a'), 'x')
    while (givenAt.length < 6) {
      take()
      await turn()
    }
    const tookMs = (givenAt[5] ?? 0) - startedAt
    assert.ok(tookMs >= 5 * 15 - 1 && tookMs < 4_000, `${tookMs} ms`)
  })
})

describe('a rate', () => {
  test(
    'counts what is put before each payload, too',
    inOurTime(({ now, pass }) => {
      const { sender, given } = bench({ rate: 1_000, headerSize: 990 }, now)
      for (const payload of ['a'.repeat(10), 'b'.repeat(10)]) sender.send(text(payload), 'x')
      pass(970)
      assert.equal(given.length, 1)
      pass(20)
      assert.equal(given.length, 2)
    }),
  )

  test(
    'is kept for datagrams of one size',
    inOurTime(({ now, pass }) => {
      const { sender, givenAt, take } = bench({ rate: 1_000 }, now)
      for (let count = 0; count < 5; count++) sender.send(Buffer.alloc(100), 'x')
      for (let ms = 0; ms < 600; ms += 1) {
        take()
        pass(1)
      }
      // 20 ms are made up for: a busy timer may be so late.
      assert.deepEqual(givenAt, [5_000, 5_080, 5_180, 5_280, 5_380])
    }),
  )

  test(
    'lets through at once what fits into the time that a timer may be late',
    inOurTime(({ now, pass }) => {
      const { sender, given } = bench({ rate: 1_000_000 }, now)
      for (let count = 0; count < 60; count++) sender.send(Buffer.alloc(1_000), 'x')
      assert.equal(given.length, 21)
      pass(1)
      assert.equal(given.length, 22)
      pass(10)
      assert.equal(given.length, 32)
    }),
  )

  test('of any datagrams is neither exceeded nor left unused', () => {
    const sizes = fc.array(fc.integer({ min: 0, max: 2_000 }), { minLength: 1, maxLength: 30 })
    const lateness = fc.array(fc.integer({ min: 1, max: 15 }), { minLength: 1, maxLength: 5 })
    fc.assert(
      fc.property(sizes, fc.integer({ min: 1_000, max: 100_000 }), lateness, (given, rate, steps) =>
        inOurTime(({ now, pass }) => {
          const one = bench({ rate }, now)
          for (const size of given) one.sender.send(Buffer.alloc(size), 'x')
          const dueMs = (given.reduce((sum, size) => sum + size) / rate) * 1_000
          for (let step = 0; now() < 5_000 + dueMs + 100; step++) {
            one.take()
            pass(steps[step % steps.length] ?? 1)
          }
          assert.equal(one.given.length, given.length, 'all of it has gone in its time')
          let before = 0
          for (const [index, at] of one.givenAt.entries()) {
            const allowed = ((at - 5_000 + 20) / 1_000) * rate
            assert.ok(before <= allowed + 1e-6, `${before} B before ${at - 5_000} ms at ${rate} B/s`)
            before += one.sizes[index] ?? 0
          }
        })(),
      ),
      { numRuns: 60 },
    )
  })

  test(
    'together with a delay: both are kept',
    inOurTime(({ now, pass }) => {
      const { sender, givenAt, take } = bench({ rate: 1_000, delayMs: 30 }, now)
      for (let count = 0; count < 3; count++) sender.send(Buffer.alloc(10), 'x')
      for (let ms = 0; ms < 100; ms += 1) {
        take()
        pass(1)
      }
      assert.deepEqual(givenAt, [5_000, 5_040, 5_080])
    }),
  )

  test(
    'can be turned off: what waits goes with the next turn',
    inOurTime(({ now, pass }) => {
      const { sender, given } = bench({ rate: 1 }, now)
      for (const payload of ['a'.repeat(3_600), 'b']) sender.send(text(payload), 'x')
      sender.setRate(undefined)
      pass(1)
      assert.equal(given.length, 2)
      sender.setDelay(3_600_000)
      for (const payload of ['c', 'd']) sender.send(text(payload), 'x')
      assert.equal(given.length, 3)
      sender.setDelay(undefined)
      pass(1)
      assert.equal(given.length, 4)
    }),
  )

  test(
    'counts from when it was set: what the one before asked for is over',
    inOurTime(({ now, pass }) => {
      const { sender, given } = bench({ rate: 1 }, now)
      for (const size of [3_600, 100, 100, 100]) sender.send(Buffer.alloc(size), 'x')
      sender.setRate(1_000)
      assert.equal(given.length, 2)
      pass(100)
      assert.equal(given.length, 3)
      pass(100)
      assert.equal(given.length, 4)
    }),
  )
})

describe('a sender that is stopped', () => {
  test('says how many never went: pieces, and what the kernel has not answered for', () => {
    const { sender, given } = bench({ chunk: 2 })
    for (let count = 0; count < 62; count++) sender.send(text('a'), 'x')
    sender.send(text('abcdef'), 'x')
    sender.send(text(''), 'x')
    assert.equal(given.length, 1)
    assert.equal(sender.stop(), 66)
  })

  test('says none where none is left', () => {
    const { sender, take } = bench()
    sender.send(text('a'), 'x')
    take()
    assert.equal(sender.stop(), 0)
  })

  test('gives nothing more and keeps nobody waiting', async () => {
    const one = bench({ delayMs: 60_000, maxQueue: 2 }, () => performance.now())
    const { sender, given, take } = one
    for (const payload of ['a', 'b', 'c']) sender.send(text(payload), 'x')
    assert.equal(sender.isFull, true)
    const settled = watch(one)
    assert.equal(sender.stop(), 2)
    await turn()
    assert.deepEqual(settled, ['room', 'sent'])
    sender.send(text('later'), 'x')
    sender.setHeld(false)
    take()
    await sender.whenRoom()
    await sender.whenSent()
    assert.deepEqual([given, sender.queued], [['x:a'], 0])
  })

  test('has no timer', () => {
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
    const { sender } = bench({ delayMs: 60_000 }, () => performance.now())
    const before = timers()
    sender.send(text('a'), 'x')
    assert.equal(timers(), before + 1)
    sender.stop()
    assert.equal(timers(), before)
  })
})
