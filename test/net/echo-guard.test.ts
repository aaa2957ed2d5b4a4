import assert from 'node:assert/strict'
import { syncBuiltinESMExports } from 'node:module'
import os from 'node:os'
import { describe, mock, test } from 'node:test'
import { LoopGuard, type OwnAddresses, ownAddresses, refusalOf } from '../../src/net/echo-guard.ts'
import { endpoint } from '../../src/net/endpoint.ts'

const own: OwnAddresses = {
  port: 9_000,
  addresses: new Set(['127.0.0.1', '192.168.1.5', '::1', 'fe80::1']),
  broadcasts: new Set(['192.168.1.255']),
}

describe('sources that are never answered', () => {
  const service = (port: number) =>
    `port ${port} is a service's port: two services would answer each other without end`
  const itself = 'it comes from this very socket, which would answer itself without end'
  const broadcast = (address: string) =>
    `${address} is a broadcast address: the answer would go to everybody there`
  const multicast = (address: string) =>
    `${address} is a multicast address: the answer would go to a whole group`
  const rows: readonly [address: string, port: number, reason: string | undefined][] = [
    ['10.0.0.1', 0, 'port 0 stands for a sender that takes no answers'],
    ['10.0.0.1', 1, service(1)],
    ['10.0.0.1', 7, service(7)],
    ['::1', 1_023, service(1_023)],
    ['10.0.0.1', 1_024, undefined],
    ['127.0.0.1', 9_000, itself],
    ['192.168.1.5', 9_000, itself],
    ['::ffff:192.168.1.5', 9_000, itself],
    ['::1', 9_000, itself],
    ['fe80::1%eth0', 9_000, itself],
    ['192.168.1.6', 9_000, undefined],
    ['127.0.0.1', 9_001, undefined],
    ['255.255.255.255', 5_000, broadcast('255.255.255.255')],
    ['192.168.1.255', 5_000, broadcast('192.168.1.255')],
    ['::ffff:192.168.1.255', 5_000, broadcast('192.168.1.255')],
    ['192.168.2.255', 5_000, undefined],
    ['223.255.255.255', 5_000, undefined],
    ['224.0.0.1', 5_000, multicast('224.0.0.1')],
    ['230.1.2.3', 5_000, multicast('230.1.2.3')],
    ['239.255.255.255', 5_000, multicast('239.255.255.255')],
    ['::ffff:224.0.0.1', 5_000, multicast('224.0.0.1')],
    ['240.0.0.1', 5_000, undefined],
    ['22.4.0.1', 5_000, undefined],
    ['ff02::1', 5_000, multicast('ff02::1')],
    ['ff02::fb%eth0', 5_000, multicast('ff02::fb')],
    ['ff::1', 5_000, undefined],
    ['fe80::2%eth0', 5_000, undefined],
    ['0.0.0.0', 5_000, "0.0.0.0 is nobody's address"],
    ['::', 5_000, ":: is nobody's address"],
    ['::ffff:0.0.0.0', 5_000, "0.0.0.0 is nobody's address"],
    ['::ffff:10.0.0.1', 5_000, undefined],
  ]
  for (const [address, port, reason] of rows)
    test(`${address} ${port}`, () => assert.equal(refusalOf(endpoint(address, port), own), reason))
})

describe('the own addresses', () => {
  const common = { mac: '00:00:00:00:00:00', internal: false, cidr: null }
  const ipv4 = (address: string, netmask: string) => ({ ...common, address, netmask, family: 'IPv4' })
  const ipv6 = { ...common, address: 'fe80::1', netmask: 'ffff:ffff:ffff:ffff::', family: 'IPv6', scopeid: 2 }
  const interfaces = {
    lo: [ipv4('127.0.0.1', '255.0.0.0')],
    eth0: [ipv4('192.168.1.5', '255.255.255.0'), ipv6],
    vpn0: [ipv4('10.1.2.3', '255.255.255.255'), ipv4('10.9.9.2', '255.255.255.254')],
    odd0: [ipv4('172.16.5.4', '255.255.240.0')],
    gone: undefined,
  }
  const all = ['127.0.0.1', '192.168.1.5', 'fe80::1', '10.1.2.3', '10.9.9.2', '172.16.5.4']
  const rows: readonly [bound: string, addresses: string[]][] = [
    ['0.0.0.0', all],
    ['::', all],
    ['127.0.0.1', ['127.0.0.1']],
    ['::ffff:192.168.1.5', ['192.168.1.5']],
    ['fe80::1%eth0', ['fe80::1']],
  ]
  for (const [bound, addresses] of rows) {
    test(`of a socket on ${bound}`, () => {
      const faked = mock.method(os, 'networkInterfaces', () => interfaces)
      syncBuiltinESMExports()
      try {
        assert.deepEqual(ownAddresses(endpoint(bound, 9_000)), {
          port: 9_000,
          addresses: new Set(addresses),
          broadcasts: new Set(['127.255.255.255', '192.168.1.255', '172.16.15.255']),
        })
      } finally {
        faked.mock.restore()
        syncBuiltinESMExports()
      }
    })
  }

  test('are those of this machine', () => {
    const { addresses } = ownAddresses(endpoint('0.0.0.0', 9_000))
    for (const one of Object.values(os.networkInterfaces()).flat())
      assert.ok(addresses.has(one?.address ?? ''))
  })
})

/** Time that passes when it is told to; immediates come after the timers, as in Node. */
interface Clock {
  now(): number
  pass(ms: number): void
  /** Time passes and timers are due, but the event loop has not come to its immediates. */
  fallBehind(ms: number): void
  catchUp(): void
}

function withClock(run: (clock: Clock) => void): () => void {
  return () => {
    let nowMs = 0
    const immediates: (() => void)[] = []
    mock.timers.enable({ apis: ['setTimeout'] })
    const faked = mock.method(globalThis, 'setImmediate', (call: () => void) => immediates.push(call))
    const clock: Clock = {
      now: () => nowMs,
      fallBehind(ms) {
        nowMs += ms
        mock.timers.tick(ms)
      },
      catchUp() {
        for (const call of immediates.splice(0)) call()
      },
      pass(ms) {
        for (let passed = 0; passed < ms; passed++) {
          clock.fallBehind(1)
          clock.catchUp()
        }
      },
    }
    try {
      run(clock)
    } finally {
      faked.mock.restore()
      mock.timers.reset()
    }
  }
}

interface Far {
  readonly name: string
}
const far: Far = { name: 'far' }

/** A service that sends back what it is allowed to; the log has what the guard says. */
function echoServer(clock: Clock, answer: (payload: Buffer, peer: Far) => void) {
  const log: string[] = []
  let swallowed = 0
  const send = (peer: Far, payload: Buffer) => {
    guard.sent(peer, payload)
    answer(payload, peer)
  }
  const guard = new LoopGuard<Far>(
    {
      release(peer, payloads) {
        log.push(`${peer.name}: ${payloads.length} released`)
        for (const payload of payloads) send(peer, payload)
      },
      swallowed(peer, count, why) {
        log.push(`${peer.name}: ${count} swallowed, ${why}`)
        swallowed += count
      },
    },
    clock.now,
  )
  return {
    log,
    guard,
    swallowed: () => swallowed,
    receive(payload: Buffer, peer = far) {
      const verdict = guard.judge(peer, payload)
      if (verdict === 'answer') send(peer, payload)
      return verdict
    },
  }
}

const equal = () => Buffer.alloc(64, 'x')
const different = (index: number) => Buffer.from(`datagram ${index}`.padEnd(64))

/** Datagrams under way, and how many trips each has made. */
function network(clock: Clock) {
  const queue: { readonly payload: Buffer; readonly deliver: (payload: Buffer) => void }[] = []
  const trips = new WeakMap<Buffer, number>()
  let longest = 0
  return {
    longest: () => longest,
    /** Every trip makes a datagram of its own, as in Node. */
    carry(payload: Buffer, deliver: (payload: Buffer) => void) {
      const copy = Buffer.from(payload)
      const count = (trips.get(payload) ?? 0) + 1
      trips.set(copy, count)
      longest = Math.max(longest, count)
      queue.push({ payload: copy, deliver })
    },
    /** Delivers, a hundred a millisecond, until nothing moves for a second or so; never more than a million. */
    run(whenSilent: (silentMs: number) => void = () => {}, untilMs = 1_000) {
      let silentMs = 0
      for (let count = 1; count <= 1_000_000 && silentMs < untilMs; count++) {
        const next = queue.shift()
        next?.deliver(next.payload)
        silentMs = next === undefined ? silentMs + 1 : 0
        if (next === undefined || count % 100 === 0) clock.pass(1)
        if (next === undefined) whenSilent(silentMs)
      }
      assert.equal(queue.length, 0, 'silent at last')
    },
  }
}

describe('a loop falls silent', () => {
  /** The trips of one datagram from one to the other, at most; FAULTS.md allows 1,024. */
  const rows: readonly [inFlight: number, content: (index: number) => Buffer, trips: number][] = [
    [1, equal, 1_001],
    [2, equal, 501],
    [32, equal, 33],
    [2, different, 503],
    [32, different, 37],
    [64, different, 21],
  ]
  for (const [inFlight, content, trips] of rows) {
    const name = `${inFlight} in flight, ${content === equal ? 'equal' : 'different'}`
    test(
      `two guarded services, ${name}`,
      withClock((clock) => {
        const { carry, run, longest } = network(clock)
        const one = echoServer(clock, (payload) => carry(payload, other.receive))
        const other = echoServer(clock, (payload) => carry(payload, one.receive))
        for (let index = 0; index < inFlight; index++)
          carry(content(index), (payload) => one.receive(payload))
        run()
        assert.equal(longest(), trips)
        assert.equal(one.swallowed() + other.swallowed(), inFlight)
      }),
    )

    test(
      `a service and a reflector, ${name}`,
      withClock((clock) => {
        const { carry, run, longest } = network(clock)
        const reflect = (payload: Buffer) => carry(payload, (back) => one.receive(back))
        const one = echoServer(clock, (payload) => carry(payload, reflect))
        for (let index = 0; index < inFlight; index++)
          carry(content(index), (payload) => one.receive(payload))
        run()
        assert.equal(longest(), trips)
        assert.deepEqual(one.log, [`far: ${inFlight} swallowed, loop`])
      }),
    )
  }
})

describe('a loop of more than a first hold takes falls silent in the second', () => {
  for (const [inFlight, content] of [
    [65, equal],
    [65, different],
    [300, equal],
    [300, different],
    [1_000, equal],
  ] as const)
    test(
      `${inFlight} in flight, ${content === equal ? 'equal' : 'different'}`,
      withClock((clock) => {
        const { carry, run, longest } = network(clock)
        const one = echoServer(clock, (payload) => carry(payload, other.receive))
        const other = echoServer(clock, (payload) => carry(payload, one.receive))
        for (let index = 0; index < inFlight; index++)
          carry(content(index), (payload) => one.receive(payload))
        run()
        assert.ok(longest() <= 1_024, `${longest()}`)
      }),
    )
})

describe('a loop that is started again', () => {
  for (const [pauseMs, most] of [
    [1_100, 1_024],
    [900, 64_100],
  ] as const)
    test(
      `${pauseMs} ms after it fell silent`,
      withClock((clock) => {
        const { carry, run, longest } = network(clock)
        const reflect = (payload: Buffer) => carry(payload, (back) => one.receive(back))
        const one = echoServer(clock, (payload) => carry(payload, reflect))
        const start = () => carry(equal(), (payload) => one.receive(payload))
        start()
        let isFirst = true
        run(
          (silentMs) => {
            if (!isFirst || silentMs !== 25 + pauseMs) return
            isFirst = false
            start()
          },
          25 + pauseMs + 10,
        )
        assert.ok(longest() <= most && longest() > 1_000, `${longest()}`)
        assert.ok(longest() > 1_024 === most > 1_024)
        assert.equal(one.swallowed(), 2)
      }),
    )
})

describe('who has a will of his own is answered', () => {
  for (const content of [equal, different])
    test(
      `a client in lock-step, 32 in flight, ${content === equal ? 'equal' : 'different'}`,
      withClock((clock) => {
        const { carry, run } = network(clock)
        const server = echoServer(clock, (payload) => carry(payload, answered))
        let [sent, answers] = [0, 0]
        const send = (payload: Buffer) => {
          sent += 1
          carry(payload, (copy) => server.receive(copy))
        }
        const answered = (payload: Buffer) => {
          answers += 1
          if (answers < 200_000) send(payload)
        }
        const start = () => {
          for (let index = 0; index < 32; index++) send(content(index))
        }
        start()
        run((silentMs) => {
          if (silentMs % 50 === 0 && answers < 200_000) start()
        })
        assert.ok(answers >= 200_000)
        assert.equal(server.swallowed(), sent - answers)
        assert.ok(sent - answers <= 3 * 32, `${sent - answers} lost`)
        assert.deepEqual(server.log, ['far: 32 swallowed, loop', 'far: 32 swallowed, loop'])
      }),
    )

  const bursts: readonly [size: number, swallowed: number][] = [
    [500, 0],
    [501, 1],
    [564, 64],
    [565, 0],
    [20_000, 0],
    [100_000, 0],
  ]
  for (const [size, swallowed] of bursts)
    test(
      `a burst of ${size} equal ones loses ${swallowed}`,
      withClock((clock) => {
        let answers = 0
        const server = echoServer(clock, () => {
          answers += 1
        })
        for (let index = 0; index < size; index++) server.receive(equal())
        clock.pass(1_000)
        assert.deepEqual([answers, server.swallowed()], [size - swallowed, swallowed])
      }),
    )

  test(
    'a sender of 100,000 different ones gets every answer at once',
    withClock((clock) => {
      const server = echoServer(clock, () => {})
      for (let index = 0; index < 100_000; index++) assert.equal(server.receive(different(index)), 'answer')
      assert.deepEqual(server.log, [])
    }),
  )
})

/** A service whose peer is on hold: 500 came, and 499 were answered as hops before. */
function onHold(clock: Clock, content = equal()) {
  const answers: string[] = []
  const server = echoServer(clock, (payload) => void answers.push(payload.toString('latin1', 0, 1)))
  let count = 1
  while (server.receive(content) === 'answer') count += 1
  assert.equal(count, 501)
  answers.length = 0
  return { ...server, answers }
}

/** Nine datagrams that nobody was ever sent. */
function verdictsOnNews(receive: (payload: Buffer) => string): readonly string[] {
  return Array.from({ length: 9 }, (_, index) => receive(Buffer.from(`${index} is new`)))
}

describe('a hold', () => {
  test(
    'ends with the ninth datagram that was never sent to the peer, and the order stays',
    withClock((clock) => {
      const { receive, answers, log } = onHold(clock)
      assert.equal(receive(equal()), 'hold')
      assert.deepEqual(verdictsOnNews(receive), [...Array(8).fill('hold'), 'answer'])
      assert.deepEqual(answers, ['x', 'x', ...'012345678'])
      clock.pass(100)
      assert.deepEqual(log, ['far: 10 released'])
    }),
  )

  test(
    'that ends in silence still answers what was never sent to the peer',
    withClock((clock) => {
      const { receive, answers, log } = onHold(clock)
      receive(Buffer.from('new'))
      receive(equal())
      assert.deepEqual(answers, [])
      clock.pass(25)
      assert.deepEqual(log, ['far: 2 swallowed, loop', 'far: 1 released'])
      assert.deepEqual(answers, ['n'])
    }),
  )

  test(
    'ends after 25 ms without a datagram, counted from the last one',
    withClock((clock) => {
      const { receive, log } = onHold(clock)
      clock.pass(24)
      assert.equal(receive(equal()), 'hold')
      clock.pass(24)
      assert.deepEqual(log, [])
      clock.pass(1)
      assert.deepEqual(log, ['far: 2 swallowed, loop'])
      clock.pass(1_000)
      assert.equal(log.length, 1)
    }),
  )

  test(
    'does not take what waits in the kernel for silence',
    withClock((clock) => {
      const { receive, log } = onHold(clock)
      clock.fallBehind(500)
      assert.equal(receive(equal()), 'hold')
      clock.catchUp()
      assert.deepEqual(log, [])
      clock.pass(25)
      assert.deepEqual(log, ['far: 2 swallowed, loop'])
    }),
  )

  test(
    'that ended is over when its timer comes',
    withClock((clock) => {
      const { receive, log } = onHold(clock)
      clock.pass(20)
      verdictsOnNews(receive)
      for (let index = 0; index < 32_000; index++) receive(equal())
      clock.pass(20)
      assert.deepEqual(log, ['far: 9 released'])
      clock.pass(5)
      assert.deepEqual(log.slice(1), ['far: 1 swallowed, loop'])
    }),
  )

  test(
    'touches no other peer',
    withClock((clock) => {
      const { receive, log } = onHold(clock)
      const other: Far = { name: 'other' }
      for (let index = 0; index < 400; index++) assert.equal(receive(equal(), other), 'answer')
      clock.pass(25)
      assert.deepEqual(log, ['far: 1 swallowed, loop'])
    }),
  )

  test('does not keep the process alive', () => {
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
    const before = timers()
    const server = echoServer({ now: () => 0, pass() {}, fallBehind() {}, catchUp() {} }, () => {})
    while (server.receive(equal()) === 'answer') assert.equal(timers(), before)
    assert.equal(timers(), before)
  })
})

describe('the limit', () => {
  test(
    'grows with each proof of life, to 2^20',
    withClock((clock) => {
      const { receive } = echoServer(clock, () => {})
      const limits: number[] = []
      receive(equal())
      for (let round = 0; round < 3; round++) {
        let hops = 1
        while (receive(equal()) === 'answer') hops += 1
        limits.push(hops)
        clock.pass(25)
        assert.equal(receive(equal()), 'answer', 'it is alive')
      }
      assert.deepEqual(limits, [500, 32_000, 2 ** 20])
    }),
  )

  test(
    'is reached later where other datagrams come between',
    withClock((clock) => {
      const { receive } = echoServer(clock, () => {})
      receive(equal())
      let count = 0
      while (count < 10_000 && receive(count % 3 === 0 ? different(count) : equal()) === 'answer') count += 1
      // Two steps on and one back, and the first step back is none: 500 hops in all after 3 × 500 datagrams.
      assert.ok(count > 1_400 && count < 1_600, `${count}`)
    }),
  )
})

describe('memory', () => {
  const large = () => Buffer.alloc(8_192, 'x')

  test(
    'is given to 256 KiB; what is more is lost, told when the hold ends, and free again afterwards',
    withClock((clock) => {
      const { receive, answers, log } = onHold(clock, large())
      for (let count = 1; count < 40; count++) assert.equal(receive(large()), 'hold')
      verdictsOnNews(receive)
      assert.deepEqual(log, ['far: 16 swallowed, memory', 'far: 32 released'])
      assert.equal(answers.length, 33)
      const other: Far = { name: 'other' }
      while (receive(large(), other) === 'answer') assert.ok(answers.length < 1_000)
      for (let count = 1; count < 40; count++) receive(large(), other)
      clock.pass(25)
      assert.deepEqual(log.slice(2), ['other: 40 swallowed, loop'])
    }),
  )

  test(
    'is shared by all peers',
    withClock((clock) => {
      const { receive, log } = onHold(clock, large())
      for (let count = 1; count < 32; count++) receive(large())
      const other: Far = { name: 'other' }
      while (receive(large(), other) === 'answer') assert.deepEqual(log, [])
      for (let count = 0; count < 64; count++) receive(large(), other)
      assert.deepEqual(log, ['other: 64 swallowed, memory', 'other: 0 released'])
    }),
  )
})

describe('a datagram is known again', () => {
  const changed = (size: number, index: number) => {
    const payload = Buffer.alloc(size)
    payload[index] = 1
    return payload
  }
  const zeros = (size: number) => Buffer.alloc(size)
  const rows: readonly [name: string, one: Buffer, other: Buffer, known: boolean][] = [
    ['empty', zeros(0), zeros(0), true],
    ['equal, 65,507 bytes', zeros(65_507), zeros(65_507), true],
    ['of another length', zeros(1_000), zeros(1_001), false],
    ['longer by a zero', zeros(10), zeros(11), false],
    ['of another first byte', zeros(1_000), changed(1_000, 0), false],
    ['of another 128th byte', zeros(1_000), changed(1_000, 127), false],
    ['of another byte 128 before the end', zeros(1_000), changed(1_000, 872), false],
    ['of another last byte', zeros(1_000), changed(1_000, 999), false],
    ['of another byte in the middle of 200', zeros(200), changed(200, 100), false],
    ['of another last byte of 200', zeros(200), changed(200, 199), false],
    ['of another byte in the middle, which nobody looks at', zeros(1_000), changed(1_000, 500), true],
  ]
  for (const [name, one, other, known] of rows)
    test(
      name,
      withClock((clock) => {
        const { guard, log } = echoServer(clock, () => {})
        guard.sent(far, one)
        const verdicts = Array.from({ length: 500 }, () => guard.judge(far, other))
        assert.equal(verdicts.at(-1), known ? 'hold' : 'answer')
        assert.deepEqual(log, [])
      }),
    )

  test(
    'among hundreds that were sent, most of them',
    withClock((clock) => {
      const { guard } = echoServer(clock, () => {})
      for (let index = 0; index < 500; index++) guard.sent(far, different(index))
      let count = 0
      while (count < 2_000 && guard.judge(far, different(count % 500)) === 'answer') count += 1
      assert.ok(count >= 499 && count < 1_000, `${count}`)
    }),
  )

  test(
    'until hundreds of others were sent',
    withClock((clock) => {
      const { guard } = echoServer(clock, () => {})
      guard.sent(far, equal())
      for (let index = 0; index < 20_000; index++) guard.sent(far, different(index))
      for (let count = 0; count < 1_000; count++) assert.equal(guard.judge(far, equal()), 'answer')
    }),
  )
})
