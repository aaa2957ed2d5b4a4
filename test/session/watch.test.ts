import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Condition } from '../../src/action.ts'
import { createTeller, type Event, type EventBody, type Teller, type Transport } from '../../src/event.ts'
import { Watch } from '../../src/session/watch.ts'

const local = { address: '127.0.0.1', port: 1, family: 'IPv4' } as const
const none = { bytes: 0, writes: 0 }
const opened: EventBody = { kind: 'opened', transport: 'tcp', local, remote: local }
const stalled: EventBody = { kind: 'stalled', queued: 5 }
const drained: EventBody = { kind: 'drained', tookMs: 1 }
const closed: EventBody = {
  kind: 'closed',
  transport: 'tcp',
  first: 'peer',
  how: 'fin',
  answered: true,
  sent: none,
  received: { bytes: 0, reads: 0 },
  unsent: 0,
  openMs: 1,
}

function ended(by: 'us' | 'peer'): EventBody {
  return { kind: 'ended', by }
}

function bytes(text: string, direction: 'sent' | 'received' = 'received'): EventBody {
  const payload = Buffer.from(text, 'latin1')
  return { kind: 'bytes', direction, size: payload.length, payload }
}

const far = { address: '127.0.0.1', port: 9, family: 'IPv4' } as const

function datagram(text: string, direction: 'sent' | 'received' = 'received'): EventBody {
  const payload = Buffer.from(text, 'latin1')
  return { kind: 'datagram', direction, size: payload.length, remote: far, payload }
}

interface Bench {
  readonly watch: Watch
  readonly teller: Teller
  readonly told: Event[]
  readonly stop: AbortController
  happens(...bodies: readonly EventBody[]): void
}

/** A watch behind a teller as in a session, and what it tells itself. */
function bench(transport: Transport = 'tcp'): Bench {
  let now = 0
  const clock = () => {
    now += 1
    return now
  }
  const watch = new Watch({ role: 'client', transport }, clock)
  const told: Event[] = []
  const teller = createTeller(clock, [
    watch,
    { wants: (kind) => kind === 'expected', hear: (event) => void told.push(event) },
  ])
  const happens = (...bodies: readonly EventBody[]) => {
    for (const body of bodies) teller.tell('client', { ...body })
  }
  return { watch, teller, told, stop: new AbortController(), happens }
}

function state(promise: Promise<unknown>): { settled: string } {
  const result = { settled: 'pending' }
  promise.then(
    () => {
      result.settled = 'met'
    },
    (error: unknown) => {
      result.settled = String(error)
    },
  )
  return result
}

/** All that is due without time passing. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

const quick = { timeout: 5_000 }

describe('until', () => {
  const rows: readonly [
    name: string,
    condition: Condition,
    before: readonly EventBody[],
    then: readonly EventBody[],
  ][] = [
    ['connected', 'connected', [ended('peer')], [opened]],
    ['connected again', 'connected', [opened, closed], [opened]],
    ['fin of the peer, not ours', 'fin', [opened, ended('us')], [ended('peer')]],
    ['closed, which needs that it was open', 'closed', [opened], [closed]],
    ['drained', 'drained', [opened, stalled], [drained]],
    ['drained by being closed', 'drained', [opened, stalled], [closed]],
  ]
  for (const [name, condition, before, then] of rows) {
    test(name, quick, async () => {
      const { watch, stop, happens } = bench()
      happens(...before)
      const waiting = watch.until(condition, undefined, stop.signal)
      const seen = state(waiting)
      await turn()
      assert.equal(seen.settled, 'pending')
      happens(...then)
      await waiting
    })
  }

  test('is met at once where it holds already', quick, async () => {
    const { watch, stop, happens } = bench()
    await watch.until('drained', undefined, stop.signal)
    happens(opened)
    await watch.until('connected', undefined, stop.signal)
    happens(ended('peer'))
    await watch.until('fin', undefined, stop.signal)
    happens(closed)
    await watch.until('closed', undefined, stop.signal)
  })

  test('closed waits for the last of several', quick, async () => {
    const { watch, teller, stop } = bench()
    for (const name of ['server#1', 'server#2']) teller.tell(name, { ...opened })
    const waiting = watch.until('closed', undefined, stop.signal)
    const seen = state(waiting)
    teller.tell('server#1', { ...closed })
    await turn()
    assert.equal(seen.settled, 'pending')
    teller.tell('server#2', { ...closed })
    await waiting
  })

  test('nobody was ever connected: that is not closed', quick, async () => {
    const { watch, stop } = bench()
    const seen = state(watch.until('closed', undefined, stop.signal))
    await turn()
    assert.equal(seen.settled, 'pending')
    stop.abort()
    await turn()
  })

  test('too late is a timeout that says so', quick, async () => {
    const { watch, stop } = bench()
    const startedAt = performance.now()
    await assert.rejects(watch.until('connected', 20, stop.signal), {
      name: 'TimeoutError',
      exitCode: 3,
      message: '/wait connected: it did not come to that within 20 ms',
    })
    assert.ok(performance.now() - startedAt >= 18)
  })

  test('what is over cannot come any more', quick, async () => {
    const { watch, stop } = bench()
    const waiting = watch.until('fin', undefined, stop.signal)
    watch.over()
    const message = '/wait fin: it did not come to that before the connection was over'
    await assert.rejects(waiting, { name: 'TimeoutError', message })
    await assert.rejects(watch.until('fin', undefined, stop.signal), { message })
  })

  test('what holds is met even when all is over', quick, async () => {
    const { watch, stop, happens } = bench()
    happens(opened, closed)
    watch.over()
    await watch.until('closed', undefined, stop.signal)
  })

  test('may need something besides, that no event tells', quick, async () => {
    const { watch, stop, happens } = bench()
    let isSent = false
    happens(opened, stalled)
    const waiting = watch.until('drained', undefined, stop.signal, () => isSent)
    const seen = state(waiting)
    happens(drained)
    await turn()
    assert.equal(seen.settled, 'pending', 'it holds, but for what is needed besides')
    isSent = true
    await turn()
    assert.equal(seen.settled, 'pending', 'nobody has looked')
    watch.look()
    await waiting
    happens(stalled)
    const again = state(watch.until('drained', undefined, stop.signal, () => isSent))
    watch.look()
    await turn()
    assert.equal(again.settled, 'pending', 'what is needed besides is not enough')
    stop.abort()
  })

  test('ends with the session', quick, async () => {
    const { watch, stop } = bench()
    const waiting = watch.until('fin', undefined, stop.signal)
    stop.abort()
    await assert.rejects(waiting, { name: 'TimeoutError' })
  })

  test('ends at once with a session that has ended before', quick, async () => {
    const { watch, stop } = bench()
    stop.abort()
    const waiting = watch.until('fin', 300, stop.signal)
    const seen = state(waiting)
    await turn()
    assert.notEqual(seen.settled, 'pending')
    await assert.rejects(waiting)
  })
})

test('hears what it does not want as nothing', () => {
  const { watch, stop } = bench()
  assert.deepEqual([watch.wants('bytes', 'received'), watch.wants('bytes', 'sent')], [true, false])
  assert.equal(watch.wants('note'), false)
  watch.hear({ ...bytes('x', 'sent'), seq: 1, at: 0, socket: 'client' })
  watch.hear({ kind: 'note', text: 'x', seq: 2, at: 0, socket: 'client' })
  stop.abort()
  const { teller } = bench()
  const options = { withinMs: 1, signal: stop.signal, teller }
  return assert.rejects(watch.expect(Buffer.from('x'), options), { message: /nothing was received$/ })
})

test('what has been met leaves no timer behind', async () => {
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
  const { watch, teller, stop, happens } = bench()
  const before = timers()
  const waiting = [
    watch.until('connected', 60_000, stop.signal),
    watch.expect(Buffer.from('x'), { withinMs: 60_000, signal: stop.signal, teller }),
  ]
  assert.equal(timers(), before + 2)
  happens(opened, bytes('x'))
  await Promise.all(waiting)
  assert.equal(timers(), before)
})

describe('expect', () => {
  const options = { withinMs: 3_000 }

  test('is met by what came before it was asked', quick, async () => {
    const { watch, teller, told, stop, happens } = bench()
    happens(bytes('hello world'))
    await watch.expect(Buffer.from('world'), { ...options, signal: stop.signal, teller })
    assert.deepEqual(told, [
      {
        kind: 'expected',
        met: true,
        payload: Buffer.from('world'),
        tookMs: 1,
        seq: 2,
        at: 4,
        socket: 'client',
      },
    ])
  })

  test('is met across reads, wherever they were cut', quick, async () => {
    const { watch, teller, stop, happens } = bench()
    const waiting = watch.expect(Buffer.from('abcd'), { ...options, signal: stop.signal, teller })
    const seen = state(waiting)
    for (const text of ['xa', 'b', 'c']) happens(bytes(text))
    await turn()
    assert.equal(seen.settled, 'pending')
    happens(bytes('dy'))
    await waiting
  })

  test('takes what it found and what stands before it', quick, async () => {
    const { watch, teller, stop, happens } = bench()
    const find = (text: string, withinMs = 3_000) =>
      watch.expect(Buffer.from(text), { withinMs, signal: stop.signal, teller })
    happens(bytes('one two one three'))
    await find('one')
    await find('one')
    await assert.rejects(find('two', 1), {
      name: 'ExpectationError',
      exitCode: 7,
      message: 'Expected "two" within 1 ms: received instead: " three"',
    })
    await find(' three')
    await assert.rejects(find('x', 1), { message: 'Expected "x" within 1 ms: nothing was received' })
  })

  test('what we sent does not count', quick, async () => {
    const { watch, teller, told, stop, happens } = bench()
    happens(bytes('ok', 'sent'))
    const waiting = watch.expect(Buffer.from('ok'), { withinMs: 10, signal: stop.signal, teller })
    happens(bytes('ok', 'sent'))
    await assert.rejects(waiting, { message: 'Expected "ok" within 10 ms: nothing was received' })
    assert.deepEqual(
      told.map((event) => event.kind === 'expected' && [event.met, event.instead]),
      [[false, Buffer.alloc(0)]],
    )
  })

  test('copies what it keeps: the bytes of an event are borrowed', quick, async () => {
    const { watch, teller, stop } = bench()
    const payload = Buffer.from('first')
    teller.tell('client', { kind: 'bytes', direction: 'received', size: 5, payload })
    payload.fill(0)
    await watch.expect(Buffer.from('first'), { ...options, signal: stop.signal, teller })
  })

  test('of one client looks at that client only', quick, async () => {
    const { watch, teller, told, stop } = bench()
    const waiting = watch.expect(Buffer.from('hi'), { ...options, peers: 2, signal: stop.signal, teller })
    const seen = state(waiting)
    teller.tell('server#1', bytes('hi'))
    teller.tell('server#21', bytes('hi'))
    await turn()
    assert.equal(seen.settled, 'pending')
    teller.tell('server#2', bytes('hi'))
    await waiting
    assert.equal(told[0]?.socket, 'server#2')
  })

  test('of all is met by any, and says whose it was', quick, async () => {
    const { watch, teller, told, stop } = bench()
    teller.tell('server#1', bytes('hi'))
    teller.tell('server#2', bytes('other'))
    await watch.expect(Buffer.from('hi'), { ...options, peers: 'all', signal: stop.signal, teller })
    assert.equal(told[0]?.socket, 'server#1')
  })

  test('streams of two clients are never joined', quick, async () => {
    const { watch, teller, stop } = bench()
    teller.tell('server#1', bytes('a'))
    teller.tell('server#2', bytes('b'))
    await assert.rejects(watch.expect(Buffer.from('ab'), { withinMs: 5, signal: stop.signal, teller }), {
      message: 'Expected "ab" within 5 ms: received instead: "b"',
    })
  })

  test('keeps the newest 64 KiB, and shows the last 256 bytes with escapes', quick, async () => {
    const { watch, teller, told, stop, happens } = bench()
    happens(bytes('START'), bytes('x'.repeat(65_531)))
    await watch.expect(Buffer.from('START'), { ...options, signal: stop.signal, teller })
    happens(bytes('START'), bytes(`${'y'.repeat(65_535)}\x1b`))
    const missed = watch.expect(Buffer.from('START'), { withinMs: 5, signal: stop.signal, teller })
    await assert.rejects(missed, {
      message: `Expected "START" within 5 ms: received instead: "${'y'.repeat(255)}\\x1b"`,
    })
    const [, event] = told
    assert.equal(event?.kind === 'expected' && event.instead?.length, 256)
  })

  test('what is over cannot come any more', quick, async () => {
    const { watch, teller, stop, happens } = bench()
    happens(bytes('so far'))
    const waiting = watch.expect(Buffer.from('x'), { ...options, signal: stop.signal, teller })
    watch.over()
    await assert.rejects(waiting, {
      name: 'ExpectationError',
      message: 'Expected "x" before the connection was over: received instead: "so far"',
    })
  })

  test('remembers the streams of 1,024 clients, the oldest is forgotten', quick, async () => {
    const { watch, teller, stop } = bench()
    for (let number = 1; number <= 1_025; number++) teller.tell(`server#${number}`, bytes(`<${number}>`))
    const find = (number: number) =>
      watch.expect(Buffer.from(`<${number}>`), { withinMs: 5, peers: number, signal: stop.signal, teller })
    await find(2)
    await find(1_025)
    await assert.rejects(find(1), { message: 'Expected "<1>" within 5 ms: nothing was received' })
  })
})

describe('expect of datagrams', () => {
  /** What is looked for in turn, after these have come: found, or what is said of what came instead. */
  const rows: readonly [
    name: string,
    came: readonly string[],
    looks: readonly [text: string, instead?: string][],
  ][] = [
    ['is met within one', ['hello world'], [['world']]],
    ['is never met across two', ['hel', 'lo'], [['hello', 'received instead: "hel", "lo"']]],
    [
      'is not met across an empty one either',
      ['hel', '', 'lo'],
      [['hello', 'received instead: "hel", "", "lo"']],
    ],
    ['is met in a later one', ['one', 'two', 'three'], [['three']]],
    [
      'takes those that came before, and no later one',
      ['one', 'two', 'three'],
      [['two'], ['one', 'received instead: "three"'], ['three']],
    ],
    [
      'goes on within the same one',
      ['key=value;next', 'key'],
      [['key='], ['value'], ['next'], ['key'], ['key', 'nothing was received']],
    ],
    [
      'does not join the rest of one with the next',
      ['ab', 'cd'],
      [['a'], ['bc', 'received instead: "b", "cd"'], ['b'], ['cd']],
    ],
    ['finds the first of several', ['x1', 'x2', 'x3'], [['x'], ['1'], ['x'], ['2']]],
    ['needs something in it', ['', ''], [['x', 'nothing was received']]],
  ]
  for (const [name, came, looks] of rows) {
    test(name, quick, async () => {
      const { watch, teller, stop, happens } = bench('udp')
      happens(...came.map((text) => datagram(text)))
      for (const [text, instead] of looks) {
        const looking = watch.expect(Buffer.from(text), {
          withinMs: instead === undefined ? 3_000 : 1,
          signal: stop.signal,
          teller,
        })
        if (instead === undefined) await looking
        else
          await assert.rejects(looking, {
            name: 'ExpectationError',
            message: `Expected "${text}" within 1 ms: ${instead}`,
          })
      }
    })
  }

  test('waits for the one that holds it all', quick, async () => {
    const { watch, teller, stop, happens, told } = bench('udp')
    const waiting = watch.expect(Buffer.from('abc'), { withinMs: 3_000, signal: stop.signal, teller })
    const seen = state(waiting)
    happens(datagram('ab'), datagram('c'), datagram('abc', 'sent'))
    await turn()
    assert.equal(seen.settled, 'pending')
    happens(datagram('xabcx'))
    await waiting
    assert.equal(told.length, 1)
  })

  test('of one peer looks at those of that peer only', quick, async () => {
    const { watch, teller, stop, told } = bench('udp')
    teller.tell('server#1', datagram('hi'))
    const waiting = watch.expect(Buffer.from('hi'), {
      withinMs: 3_000,
      peers: 2,
      signal: stop.signal,
      teller,
    })
    const seen = state(waiting)
    await turn()
    assert.equal(seen.settled, 'pending')
    teller.tell('server#2', datagram('hi'))
    await waiting
    assert.equal(told[0]?.socket, 'server#2')
  })

  test('copies what it keeps: the payload of an event is borrowed', quick, async () => {
    const { watch, teller, stop } = bench('udp')
    const payload = Buffer.from('first')
    teller.tell('client', { kind: 'datagram', direction: 'received', size: 5, remote: far, payload })
    payload.fill(0)
    await watch.expect(Buffer.from('first'), { withinMs: 3_000, signal: stop.signal, teller })
  })

  test('is wanted for those that are received', () => {
    const { watch } = bench('udp')
    assert.deepEqual([watch.wants('datagram', 'received'), watch.wants('datagram', 'sent')], [true, false])
  })

  /** Whether each of them can still be found. */
  async function found(came: readonly string[], ...texts: readonly string[]): Promise<boolean[]> {
    const answers: boolean[] = []
    for (const text of texts) {
      const { watch, teller, stop, happens } = bench('udp')
      happens(...came.map((one) => datagram(one)))
      const looking = watch.expect(Buffer.from(text), { withinMs: 1, signal: stop.signal, teller })
      answers.push(
        await looking.then(
          () => true,
          () => false,
        ),
      )
    }
    return answers
  }

  test('keeps the newest 1,024 of them', quick, async () => {
    const numbered = (count: number) => Array.from({ length: count }, (_, index) => `<${index + 1}>`)
    assert.deepEqual(await found(numbered(1_024), '<1>', '<1024>'), [true, true])
    assert.deepEqual(await found(numbered(1_026), '<1>', '<2>', '<3>', '<1026>'), [false, false, true, true])
  })

  test('keeps 64 KiB of them, each of them whole', quick, async () => {
    const large = (name: string, size: number) => name + 'x'.repeat(size - name.length)
    assert.deepEqual(await found([large('A', 32_768), large('B', 32_768)], 'A', 'B'), [true, true])
    assert.deepEqual(await found([large('A', 32_768), large('B', 32_769)], 'A', 'B'), [false, true])
    assert.deepEqual(await found([large('A', 10), large('B', 65_507)], 'A', 'B'), [true, true])
    assert.deepEqual(await found([large('A', 10), large('B', 65_507), large('C', 65_507)], 'A', 'B', 'C'), [
      ...[false, false, true],
    ])
  })

  test('keeps no more memory than that, however many come', quick, () => {
    const { teller } = bench('udp')
    const payload = Buffer.alloc(60_000)
    const before = process.memoryUsage().arrayBuffers
    for (let count = 0; count < 10_000; count++)
      teller.tell(`server#${(count % 8) + 1}`, {
        kind: 'datagram',
        direction: 'received',
        size: payload.length,
        remote: far,
        payload,
      })
    const grown = process.memoryUsage().arrayBuffers - before
    assert.ok(grown < 300 * 2 ** 20, `${grown} B more`)
  })

  test('shows the last four that came instead, of each the last 256 bytes', quick, async () => {
    const { watch, teller, stop, happens } = bench('udp')
    happens(datagram('0'), datagram('1'), datagram('2'), datagram('a'.repeat(300)), datagram('b'))
    const missed = watch.expect(Buffer.from('c'), { withinMs: 1, signal: stop.signal, teller })
    await assert.rejects(missed, {
      message: `Expected "c" within 1 ms: received instead: "1", "2", "${'a'.repeat(256)}", "b"`,
    })
  })
})

function message(text: string, direction: 'sent' | 'received' = 'received'): EventBody {
  const payload = Buffer.from(text, 'latin1')
  return { kind: 'message', direction, type: 'text', size: payload.length, payload, frames: 1 }
}

const upgraded: EventBody = {
  kind: 'opened',
  transport: 'websocket',
  local,
  remote: local,
  target: '/',
  tookMs: 1,
}

describe('over websocket', () => {
  test('connected means that the upgrade is done', quick, async () => {
    const { watch, stop, happens } = bench('websocket')
    const waiting = watch.until('connected', undefined, stop.signal)
    const seen = state(waiting)
    happens(opened)
    await turn()
    assert.equal(seen.settled, 'pending')
    happens(upgraded)
    await waiting
  })

  test('/expect looks into whole messages, and not into the stream below', quick, async () => {
    const { watch, teller, stop, happens } = bench('websocket')
    happens(bytes('abc'), message('ab'), message('c'), message('abc', 'sent'))
    const options = { withinMs: 1, signal: stop.signal, teller }
    await assert.rejects(watch.expect(Buffer.from('abc'), options), {
      name: 'ExpectationError',
      message: 'Expected "abc" within 1 ms: received instead: "ab", "c"',
    })
    happens(message('xabcx'))
    await watch.expect(Buffer.from('abc'), options)
    const wants = (['message', 'bytes', 'frame'] as const).map((kind) => watch.wants(kind, 'received'))
    assert.deepEqual([...wants, watch.wants('message', 'sent')], [true, false, false, false])
  })

  test('who waits sees all of a large message, who comes later its end', quick, async () => {
    const { watch, teller, stop, happens } = bench('websocket')
    const options = { withinMs: 1, signal: stop.signal, teller }
    const large = message(`start${'.'.repeat(200_000)}end`)
    const waiting = watch.expect(Buffer.from('start'), { ...options, withinMs: 5_000 })
    happens(message('before'), large)
    await waiting
    await watch.expect(Buffer.from('end'), options)
    happens(message('before'), large)
    await assert.rejects(watch.expect(Buffer.from('start'), options), { name: 'ExpectationError' })
    await watch.expect(Buffer.from('end'), options)
  })
})
