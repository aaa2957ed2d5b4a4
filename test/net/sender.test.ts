import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { after, describe, mock, test } from 'node:test'
import fc from 'fast-check'
import { Sender, type SendOptions } from '../../src/net/sender.ts'
import { closed, type Pair, pair, read, signal } from './loopback.ts'

const quick = { timeout: 6_000 }
const pairs: Pair[] = []
after(() => {
  for (const one of pairs) one.close()
})

/** What the hooks of a sender say, in order, and when pieces were written. */
function bench(socket: Socket, options: Partial<SendOptions> = {}) {
  const log: string[] = []
  const writtenAt: number[] = []
  const stalled = signal()
  const drained = signal()
  const stuck = signal()
  const room = signal()
  const hooks = {
    wrote(piece: Uint8Array) {
      writtenAt.push(performance.now())
      log.push(piece.length > 20 ? `wrote ${piece.length} B` : `wrote ${Buffer.from(piece)}`)
    },
    stalled(queued: number) {
      log.push(`stalled ${queued}`)
      stalled.come()
    },
    drained(tookMs: number) {
      log.push(tookMs >= 0 ? 'drained' : `drained in ${tookMs}`)
      drained.come()
    },
    full: () => void log.push('full'),
    room() {
      log.push('room')
      room.come()
    },
    stuck() {
      log.push('stuck')
      stuck.come()
    },
  }
  const defaults = { chunk: undefined, delayMs: undefined, maxQueue: 2 ** 20, stallTimeoutMs: 0 }
  const sender = new Sender(socket, { ...defaults, ...options }, hooks, () => performance.now())
  return { sender, log, writtenAt, stalled, drained, stuck, room }
}

async function connected(options: Partial<SendOptions> = {}) {
  const one = await pair()
  pairs.push(one)
  return { ...one, ...bench(one.near, options) }
}

const text = (value: string) => Buffer.from(value)

/** More than the kernel takes for a peer that does not read. */
const tooMuch = 64 * 2 ** 20

describe('cutting', () => {
  const rows: readonly [name: string, chunk: number | undefined, payloads: string[], pieces: string[]][] = [
    ['no chunk: a payload is a write', undefined, ['hello', 'world'], ['hello', 'world']],
    ['a remainder', 3, ['abcdefgh'], ['abc', 'def', 'gh']],
    ['no remainder', 2, ['abcd'], ['ab', 'cd']],
    ['larger than the payload', 10, ['abc'], ['abc']],
    ['exactly the payload', 3, ['abc'], ['abc']],
    ['single bytes', 1, ['abc'], ['a', 'b', 'c']],
    ['never across payloads', 2, ['abc', 'd', 'ef'], ['ab', 'c', 'd', 'ef']],
    ['an empty payload is no write', 2, ['', 'a', ''], ['a']],
  ]
  for (const [name, chunk, payloads, pieces] of rows) {
    test(name, quick, async () => {
      const { sender, log, far } = await connected({ chunk })
      for (const payload of payloads) sender.send(text(payload))
      assert.deepEqual(
        log,
        pieces.map((piece) => `wrote ${piece}`),
      )
      const all = payloads.join('')
      assert.equal(String(await read(far, all.length)), all)
      assert.deepEqual(sender.sent, { bytes: all.length, writes: pieces.length })
      assert.deepEqual([sender.queued, sender.unsent], [0, 0])
    })
  }

  test('any payloads in any chunks arrive whole and in order', quick, async () => {
    const { near, far } = await connected()
    const payloads = fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: 1, maxLength: 5 })
    await fc.assert(
      fc.asyncProperty(payloads, fc.integer({ min: 1, max: 50 }), async (given, chunk) => {
        const all = Buffer.concat(given)
        fc.pre(all.length > 0)
        const { sender, log } = bench(near, { chunk })
        for (const payload of given) sender.send(payload)
        assert.deepEqual(await read(far, all.length), all)
        assert.equal(
          log.length,
          given.reduce((sum, { length }) => sum + Math.ceil(length / chunk), 0),
        )
      }),
      { numRuns: 50 },
    )
  })

  test('can be changed, in the middle of a payload too', quick, async () => {
    const { sender, log } = await connected({ chunk: 2, delayMs: 1 })
    sender.send(text('abcdefgh'))
    sender.setChunk(3)
    await sender.whenBelow(3)
    sender.setChunk(undefined)
    sender.send(text('ijkl'))
    await sender.whenBelow(1)
    assert.deepEqual(log, ['wrote ab', 'wrote cde', 'wrote fgh', 'wrote ijkl'])
  })
})

describe('delay', () => {
  test('keeps a pause between two writes, and the order', quick, async () => {
    const { sender, log, writtenAt, far } = await connected({ chunk: 3, delayMs: 15 })
    sender.send(text('abcdef'))
    sender.send(text('gh'))
    assert.deepEqual(log, ['wrote abc'])
    assert.equal(sender.queued, 5)
    assert.deepEqual(sender.sent, { bytes: 3, writes: 1 })
    assert.equal(String(await read(far, 8)), 'abcdefgh')
    assert.deepEqual(log, ['wrote abc', 'wrote def', 'wrote gh'])
    const pauses = writtenAt.slice(1).map((at, index) => at - (writtenAt[index] ?? 0))
    assert.ok(
      pauses.every((pause) => pause >= 13),
      `pauses of ${pauses.join(', ')} ms`,
    )
  })

  test('of nothing is none', quick, async () => {
    const { sender, log } = await connected({ chunk: 1, delayMs: 0 })
    sender.send(text('abc'))
    assert.deepEqual(log, ['wrote a', 'wrote b', 'wrote c'])
  })

  test('can be turned off: what waits goes with the next turn', quick, async () => {
    const { sender, log, far } = await connected({ chunk: 1, delayMs: 5 })
    sender.send(text('abcdef'))
    sender.setDelay(undefined)
    assert.equal(String(await read(far, 6)), 'abcdef')
    assert.equal(log.length, 6)
  })

  test('whoever waits for everything to be sent is told when it is', quick, async () => {
    const { sender, log } = await connected({ chunk: 2, delayMs: 2 })
    sender.send(text('abcdef'))
    let settled = false
    const waiting = sender.whenBelow(1).then(() => {
      settled = true
    })
    await Promise.resolve()
    assert.equal(settled, false)
    await waiting
    assert.deepEqual(log, ['wrote ab', 'wrote cd', 'wrote ef'])
  })

  test('stops with the sender, and what waited is unsent', quick, async () => {
    const { sender, log, far, near } = await connected({ chunk: 2, delayMs: 5 })
    sender.send(text('abcdef'))
    sender.stop()
    sender.send(text('later'))
    assert.equal(sender.unsent, 4)
    assert.deepEqual(sender.sent, { bytes: 2, writes: 1 })
    await sender.whenBelow(1)
    near.end()
    assert.equal(String(await read(far)), 'ab')
    assert.deepEqual(log, ['wrote ab'])
  })
})

describe('a peer that does not read', () => {
  test('stalls the sender, and drains it when it reads', quick, async () => {
    const { sender, log, far, stalled, drained } = await connected({ maxQueue: 2 ** 30 })
    sender.send(Buffer.alloc(tooMuch))
    await stalled.came
    const { queued } = sender
    assert.ok(queued > 0 && queued <= tooMuch)
    assert.deepEqual(log, [`wrote ${tooMuch} B`, `stalled ${queued}`])
    sender.send(text('after'))
    assert.equal(log.length, 2, 'nothing is written while the kernel is full')
    assert.equal(sender.sent.bytes, tooMuch + 5 - sender.queued)
    let got = 0
    far.on('data', (chunk) => {
      got += chunk.length
    })
    far.resume()
    await drained.came
    await sender.whenBelow(1)
    assert.deepEqual(log.slice(2), ['drained', 'wrote after'])
    assert.deepEqual([sender.queued, sender.unsent], [0, 0])
    assert.deepEqual(sender.sent, { bytes: tooMuch + 5, writes: 2 })
    while (got < tooMuch + 5) await once(far, 'data')
    assert.equal(got, tooMuch + 5)
  })

  test('what did not reach the kernel is unsent when we reset', quick, async () => {
    const { sender, near, far, stalled } = await connected({ maxQueue: 2 ** 30 })
    sender.send(Buffer.alloc(tooMuch))
    await stalled.came
    sender.send(text('more'))
    const { queued } = sender
    sender.stop()
    near.resetAndDestroy()
    await closed(near)
    assert.equal(sender.unsent, queued)
    assert.deepEqual(sender.sent, { bytes: tooMuch + 4 - queued, writes: 1 })
    far.destroy()
  })

  test('what did not reach the kernel is unsent when the peer resets', quick, async () => {
    const { sender, near, far, stalled } = await connected({ maxQueue: 2 ** 30 })
    sender.send(text('first'))
    assert.equal(String(await read(far, 5)), 'first')
    sender.send(Buffer.alloc(tooMuch))
    await stalled.came
    near.resume()
    far.resetAndDestroy()
    await closed(near)
    sender.stop()
    assert.ok(sender.unsent > 0 && sender.unsent <= tooMuch)
    assert.equal(sender.sent.bytes + sender.unsent, tooMuch + 5)
  })

  test('a write that fails at once is unsent', quick, async () => {
    const { sender, near, far } = await connected()
    sender.send(text('first'))
    near.pause()
    far.resetAndDestroy()
    await closed(far)
    sender.send(text('into the void'))
    await closed(near)
    sender.stop()
    assert.equal(sender.unsent, 13)
    assert.deepEqual(sender.sent.bytes, 5)
  })
})

describe('a full queue', () => {
  test('is told once, and room once it is half empty', quick, async () => {
    const { sender, log, room } = await connected({ chunk: 1, delayMs: 1, maxQueue: 6 })
    sender.send(text('abcdef'))
    assert.deepEqual(log, ['wrote a'], 'five wait: that is not full')
    sender.send(text('g'))
    assert.deepEqual(log, ['wrote a', 'full'])
    sender.send(text('hi'))
    await room.came
    await sender.whenBelow(1)
    assert.deepEqual(
      log.filter((line) => !line.startsWith('wrote')),
      ['full', 'room'],
    )
    assert.equal(log.indexOf('room'), log.indexOf('wrote f') + 1, log.join())
  })

  test('is told again when it fills again', quick, async () => {
    const { sender, log, room } = await connected({ chunk: 2, delayMs: 1, maxQueue: 4 })
    sender.send(text('abcdef'))
    await room.came
    await sender.whenBelow(1)
    sender.send(text('ghijkl'))
    await sender.whenBelow(1)
    assert.deepEqual(
      log.filter((line) => !line.startsWith('wrote')),
      ['full', 'room', 'full', 'room'],
    )
  })

  test('whenRoom waits until half of it is free, whenBelow for what it is told', quick, async () => {
    const { sender } = await connected({ chunk: 1, delayMs: 1, maxQueue: 4 })
    await sender.whenRoom()
    sender.send(text('abcdefgh'))
    const seen: string[] = []
    await Promise.all([
      sender.whenBelow(1).then(() => void seen.push(`below 1: ${sender.queued}`)),
      sender.whenRoom().then(() => void seen.push(`room: ${sender.queued}`)),
      sender.whenBelow(6).then(() => void seen.push(`below 6: ${sender.queued}`)),
    ])
    assert.deepEqual(seen, ['below 6: 5', 'room: 2', 'below 1: 0'])
  })

  test('is full of many small payloads too: each costs memory of its own', quick, async () => {
    const { sender, log } = await connected({ delayMs: 60_000, maxQueue: 2 ** 30 })
    for (let count = 0; count < 16_384; count++) sender.send(text('a'))
    assert.deepEqual(log, ['wrote a'], 'one less than the limit waits')
    sender.send(text('b'))
    assert.deepEqual(log, ['wrote a', 'full'])
    sender.stop()
  })

  test('of a stopped sender keeps nobody waiting', quick, async () => {
    const { sender } = await connected({ chunk: 1, delayMs: 60_000, maxQueue: 2 })
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
    const before = timers()
    sender.send(text('abcdef'))
    assert.equal(timers(), before + 1)
    const waiting = [sender.whenRoom(), sender.whenBelow(1)]
    sender.stop()
    assert.equal(timers(), before)
    await Promise.all(waiting)
    await sender.whenRoom()
  })
})

describe('afterwards', () => {
  test('comes at once where nothing waits', quick, async () => {
    const { sender, log } = await connected()
    sender.send(text('a'))
    sender.afterwards(() => log.push('after'))
    assert.deepEqual(log, ['wrote a', 'after'])
  })

  test('comes after everything that waits for its turn, once, the last one only', quick, async () => {
    const { sender, log } = await connected({ chunk: 2, delayMs: 1 })
    const done = signal()
    sender.send(text('abcde'))
    sender.afterwards(() => log.push('replaced'))
    sender.afterwards(() => {
      log.push('after')
      done.come()
    })
    await done.came
    sender.send(text('f'))
    await sender.whenBelow(1)
    assert.deepEqual(log, ['wrote ab', 'wrote cd', 'wrote e', 'after', 'wrote f'])
  })

  test('waits for what the kernel has not taken yet', quick, async () => {
    const { sender, log, far, stalled } = await connected({ maxQueue: 2 ** 30 })
    const done = signal()
    sender.send(Buffer.alloc(tooMuch))
    await stalled.came
    sender.afterwards(() => {
      log.push('after')
      done.come()
    })
    assert.equal(log.length, 2)
    far.resume()
    await done.came
    assert.deepEqual(log.slice(2), ['drained', 'after'])
  })

  test('never comes once stopped', quick, async () => {
    const { sender, log } = await connected({ chunk: 1, delayMs: 1 })
    sender.send(text('ab'))
    sender.afterwards(() => log.push('after'))
    sender.stop()
    sender.afterwards(() => log.push('after'))
    await sender.whenBelow(1)
    assert.deepEqual(log, ['wrote a'])
  })
})

describe('the stall timeout', () => {
  test('gives a peer up that takes nothing', quick, async () => {
    const { sender, log, stalled, stuck } = await connected({ maxQueue: 2 ** 30, stallTimeoutMs: 40 })
    const startedAt = performance.now()
    sender.send(Buffer.alloc(tooMuch))
    await stalled.came
    await stuck.came
    assert.ok(performance.now() - startedAt >= 35)
    assert.equal(log.at(-1), 'stuck')
    sender.stop()
  })

  /** A socket whose kernel is ours: it takes what we let it. */
  function slowSocket() {
    const taken: (() => void)[] = []
    const socket = {
      writableLength: 0,
      writable: true,
      errored: null,
      destroyed: false,
      write(piece: Uint8Array, done: () => void) {
        socket.writableLength += piece.length
        taken.push(done)
      },
      take(bytes: number) {
        socket.writableLength -= bytes
        if (socket.writableLength === 0) taken.shift()?.()
      },
    }
    return socket
  }

  test('starts again with all progress, and ends when drained', () => {
    mock.timers.enable({ apis: ['setTimeout'] })
    try {
      const socket = slowSocket()
      const { sender, log } = bench(socket as unknown as Socket, { stallTimeoutMs: 1_000 })
      sender.send(text('abcdefghij'))
      assert.deepEqual(log, ['wrote abcdefghij', 'stalled 10'])
      for (let second = 0; second < 5; second++) {
        socket.take(1)
        mock.timers.tick(1_000)
      }
      assert.equal(log.length, 2)
      socket.take(5)
      mock.timers.tick(5_000)
      assert.deepEqual(log.slice(2), ['drained'])
      sender.send(text('k'))
      mock.timers.tick(999)
      assert.deepEqual(log.slice(3), ['wrote k', 'stalled 1'])
      mock.timers.tick(1)
      assert.deepEqual(log.slice(5), ['stuck'])
    } finally {
      mock.timers.reset()
    }
  })

  test('of 0 is none, and a stopped sender has none', () => {
    mock.timers.enable({ apis: ['setTimeout'] })
    try {
      const patient = bench(slowSocket() as unknown as Socket, { stallTimeoutMs: 0 })
      patient.sender.send(text('a'))
      const stopped = bench(slowSocket() as unknown as Socket, { stallTimeoutMs: 10 })
      stopped.sender.send(text('a'))
      stopped.sender.stop()
      mock.timers.tick(3_600_000)
      assert.deepEqual([...patient.log, ...stopped.log], ['wrote a', 'stalled 1', 'wrote a', 'stalled 1'])
    } finally {
      mock.timers.reset()
    }
  })
})
