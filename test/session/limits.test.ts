import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, before, describe, test } from 'node:test'
import type { Event, EventBody } from '../../src/event.ts'
import { Count, Idle } from '../../src/session/limits.ts'
import { Stop } from '../../src/session/stop.ts'

function event(body: EventBody): Event {
  return { ...body, seq: 1, at: 0, socket: 'client' }
}

function bytes(direction: 'sent' | 'received'): Event {
  return event({ kind: 'bytes', direction, size: 1, payload: Buffer.from('x') })
}

function datagram(direction: 'sent' | 'received', text = 'x'): Event {
  const remote = { address: '127.0.0.1', port: 9, family: 'IPv4' } as const
  const payload = Buffer.from(text)
  return event({ kind: 'datagram', direction, size: payload.length, remote, payload })
}

describe('Count', () => {
  test('says enough once, at the read that was asked for', () => {
    let calls = 0
    const count = new Count(3, 'tcp', () => {
      calls += 1
    })
    const seen: number[] = []
    for (let read = 1; read <= 5; read++) {
      count.hear(bytes('received'))
      seen.push(calls)
    }
    assert.deepEqual(seen, [0, 0, 1, 1, 1])
  })

  test('counts datagrams that were received, empty ones too', () => {
    let calls = 0
    const count = new Count(3, 'udp', () => {
      calls += 1
    })
    const seen: number[] = []
    const remote = { address: '127.0.0.1', port: 9, family: 'IPv4' } as const
    for (const one of [
      datagram('received'),
      datagram('sent'),
      event({ kind: 'peer', remote }),
      datagram('received', ''),
      datagram('sent'),
      datagram('received'),
      datagram('received'),
    ]) {
      count.hear(one)
      seen.push(calls)
    }
    assert.deepEqual(seen, [0, 0, 0, 0, 0, 1, 1])
    assert.deepEqual([count.wants('datagram', 'received'), count.wants('datagram', 'sent')], [true, false])
    assert.equal(count.wants('peer'), false)
  })

  test('counts whole messages, not the reads and frames that brought them', () => {
    let calls = 0
    const count = new Count(2, 'websocket', () => {
      calls += 1
    })
    const payload = Buffer.from('x')
    const message = (direction: 'sent' | 'received'): Event =>
      event({ kind: 'message', direction, type: 'text', size: 1, payload, frames: 1 })
    const seen: number[] = []
    for (const one of [bytes('received'), message('received'), message('sent'), message('received')]) {
      count.hear(one)
      seen.push(calls)
    }
    assert.deepEqual(seen, [0, 0, 0, 1])
    assert.deepEqual([count.wants('message', 'received'), count.wants('message', 'sent')], [true, false])
    assert.deepEqual([count.wants('bytes', 'received'), count.wants('frame', 'received')], [false, false])
  })

  test('counts reads only', () => {
    let calls = 0
    const count = new Count(1, 'tcp', () => {
      calls += 1
    })
    count.hear(bytes('sent'))
    count.hear(event({ kind: 'ended', by: 'peer' }))
    assert.equal(calls, 0)
    count.hear(bytes('received'))
    assert.equal(calls, 1)
    assert.deepEqual([count.wants('bytes', 'received'), count.wants('bytes', 'sent')], [true, false])
    assert.equal(count.wants('ended'), false)
  })
})

describe('Idle', () => {
  // Its timer does not keep a process alive; here nothing else does.
  let awake: NodeJS.Timeout | undefined
  before(() => {
    awake = setInterval(() => {}, 1_000)
  })
  after(() => clearInterval(awake))

  test('stops with exit code 0 after so long with nothing happening', { timeout: 5_000 }, async () => {
    const stop = new AbortController()
    const startedAt = performance.now()
    void new Idle(30, stop)
    assert.equal(stop.signal.aborted, false)
    await once(stop.signal, 'abort')
    assert.ok(performance.now() - startedAt >= 28)
    assert.ok(stop.signal.reason instanceof Stop)
    const { exitCode, error, isQuiet } = stop.signal.reason
    assert.deepEqual([exitCode, error, isQuiet], [0, undefined, true])
  })

  test('does not count the time in which the output is full', { timeout: 5_000 }, async () => {
    const stop = new AbortController()
    const idle = new Idle(100, stop)
    idle.hold(true)
    await new Promise((resolve) => setTimeout(resolve, 200))
    assert.equal(stop.signal.aborted, false)
    const releasedAt = performance.now()
    idle.hold(false)
    await once(stop.signal, 'abort')
    // A timer counts from when its turn began.
    assert.ok(performance.now() - releasedAt >= 80)
  })

  test('whatever happens puts it off', { timeout: 5_000 }, async () => {
    const stop = new AbortController()
    const idle = new Idle(120, stop)
    let heardAt = 0
    setTimeout(() => {
      idle.stir()
      heardAt = performance.now()
    }, 60)
    await once(stop.signal, 'abort')
    assert.ok(performance.now() - heardAt >= 100)
  })

  test('ends with the session, and nothing wakes it again', { timeout: 5_000 }, async () => {
    const stop = new AbortController()
    const idle = new Idle(20, stop)
    idle.end()
    idle.stir()
    const other = new AbortController()
    void new Idle(60, other)
    await once(other.signal, 'abort')
    assert.equal(stop.signal.aborted, false)
  })

  test('another reason to stop ends it too', { timeout: 5_000 }, async () => {
    const stop = new AbortController()
    const idle = new Idle(20, stop)
    let ends = 0
    idle.end = () => {
      ends += 1
    }
    stop.abort('another reason')
    assert.equal(ends, 1)
    assert.equal(stop.signal.reason, 'another reason')
    Idle.prototype.end.call(idle)
  })
})
