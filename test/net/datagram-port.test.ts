import assert from 'node:assert/strict'
import dgram from 'node:dgram'
import { constants } from 'node:os'
import { after, afterEach, describe, mock, test } from 'node:test'
import type { Endpoint } from '../../src/event.ts'
import {
  type Addressee,
  type Binding,
  type DatagramOptions,
  DatagramPort,
  isRefusal,
} from '../../src/net/datagram-port.ts'
import { endpoint } from '../../src/net/endpoint.ts'
import {
  closedUdpPort,
  closeFarSockets,
  datagramDefaults,
  type Far,
  farNow,
  farSocket,
  handleUnder,
  needsIPv6,
  needsLinux,
  quick,
  someTurns,
  until,
} from './datagrams.ts'

const ports: DatagramPort<Addressee>[] = []
afterEach(() => mock.restoreAll())
after(async () => {
  for (const port of ports) port.close()
  await closeFarSockets()
})

type Done = (error: Error | null, bytes: number) => void

const usual: Binding = {
  address: '127.0.0.1',
  port: 0,
  ipv6Only: false,
  reuseAddress: false,
  reusePort: false,
}

/** A port, and what its hooks were told. */
function create(options: Partial<DatagramOptions> = {}, binding: Partial<Binding> = {}) {
  const log: string[] = []
  const port = new DatagramPort<Addressee>(
    { ...usual, ...binding },
    { ...datagramDefaults, ...options },
    {
      received: (payload) => void log.push(`received ${payload}`),
      prepare: (payload) => payload,
      sent: (bytes) => void log.push(`sent ${Buffer.from(bytes)}`),
      failed: (bytes, _, error) => void log.push(`failed ${Buffer.from(bytes)} ${codeOf(error)}`),
      troubled: (error) => void log.push(`troubled ${codeOf(error)}`),
      now: () => performance.now(),
    },
  )
  ports.push(port)
  return {
    port,
    log,
    send: (text: string, remote: Endpoint) => port.sender.send(Buffer.from(text), { remote }),
  }
}

async function open(options: Partial<DatagramOptions> = {}, binding: Partial<Binding> = {}) {
  const one = create(options, binding)
  await one.port.open()
  return one
}

/** One that knows of no other way to send than that of node:dgram. */
async function openBlind() {
  const blind = mock.method(Object, 'getOwnPropertySymbols', () => [])
  const one = await open()
  blind.mock.restore()
  return one
}

const openings = [
  ['directly', open, 1],
  ['as node:dgram does', openBlind, 5],
] as const

async function connected(remote: Endpoint) {
  const one = await open()
  await one.port.connect(remote)
  return one
}

function codeOf(error: Error): string {
  return 'code' in error ? String(error.code) : error.message
}

function endOf({ address, port }: Far): Endpoint {
  return endpoint(address, port)
}

/** How many datagram sockets this process has open. */
function openSockets(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'UDPWrap').length
}

describe('a port', () => {
  test('is bound where it was asked to be, and says where', quick, async () => {
    const { port } = await open()
    const { address, family } = port.local
    assert.deepEqual([address, family], ['127.0.0.1', 'IPv4'])
    assert.ok(port.local.port > 0)
  })

  test('of IPv6 too', needsIPv6, async () => {
    const [{ port, log, send }, far] = [
      await open({}, { address: '::1' }),
      await farSocket({ address: '::1' }),
    ]
    assert.deepEqual([port.local.address, port.local.family], ['::1', 'IPv6'])
    far.answer((text) => text.toUpperCase())
    send('hi', endOf(far))
    await until(() => log.length === 2, 'an answer')
    assert.deepEqual(log, ['sent hi', 'received HI'])
  })

  for (const [way, opened, calls] of openings) {
    for (const isConnected of [false, true]) {
      const kind = isConnected ? 'connected' : 'unconnected'
      test(`sends ${way}, in order, empty ones and none of one too large, ${kind}`, quick, async () => {
        const far = await farSocket()
        const { send, log, port } = await opened()
        if (isConnected) await port.connect(endOf(far))
        const spy = mock.method(dgram.Socket.prototype, 'send')
        const large = 'x'.repeat(65_508)
        const texts = ['one', '', large, 'two', '']
        for (const text of texts) send(text, endOf(far))
        await port.sender.whenSent()
        await until(() => far.received.length === 4, 'four datagrams')
        assert.deepEqual(far.received, ['one', '', 'two', ''])
        assert.deepEqual(
          log,
          texts.map((text) => (text === large ? `failed ${text} EMSGSIZE` : `sent ${text}`)),
        )
        assert.equal(spy.mock.callCount(), calls)
      })
    }
  }

  const ends: readonly [name: string, error: number, logged: string[], received: string[]][] = [
    ['goes', 0, ['sent b'], ['a', 'c']],
    ['fails', -constants.errno.EPERM, ['failed b EPERM'], ['a', 'c']],
    ['is refused', -constants.errno.ECONNREFUSED, ['troubled ECONNREFUSED', 'sent b'], ['a', 'b', 'c']],
  ]
  for (const [name, error, logged, received] of ends) {
    test(`lets none overtake a datagram that waits and ${name}`, quick, async () => {
      const far = await farSocket()
      const spy = mock.method(dgram.Socket.prototype, 'bind')
      const { log, send, port } = await connected(endOf(far))
      send('a', endOf(far))
      await port.sender.whenSent()
      const handle = handleUnder(spy.mock.calls[0]?.this)
      const { send: really } = handle
      let waiting: { oncomplete?: (error: number) => void } = {}
      handle.send = (request) => {
        waiting = Object(request)
        handle.send = really
        return 0
      }
      send('b', endOf(far))
      send('c', endOf(far))
      assert.deepEqual([log, port.sender.queued], [['sent a'], 2])
      waiting.oncomplete?.(error)
      assert.deepEqual([log.slice(1), port.sender.queued], [[...logged, 'sent c'], 0])
      await until(() => far.received.length === received.length, 'what was sent')
      assert.deepEqual(far.received, received)
    })
  }

  test('does not tell how one ended that waited when it was closed', quick, async () => {
    const far = await farSocket()
    const spy = mock.method(dgram.Socket.prototype, 'bind')
    const { log, send, port } = await open()
    send('a', endOf(far))
    await port.sender.whenSent()
    let waiting: { oncomplete?: (error: number) => void } = {}
    handleUnder(spy.mock.calls[0]?.this).send = (request) => {
      waiting = Object(request)
      return 0
    }
    send('b', endOf(far))
    port.close()
    waiting.oncomplete?.(0)
    assert.deepEqual(log, ['sent a'])
  })

  test('hears others or not, as it is connected', quick, async () => {
    const [friend, stranger] = [await farSocket(), await farSocket()]
    const [open_, bound] = [await open(), await connected(endOf(friend))]
    for (const { port } of [open_, bound]) {
      await stranger.send('stranger', port.local.port)
      await friend.send('friend', port.local.port)
    }
    await until(() => open_.log.length === 2 && bound.log.length === 1, 'what they said')
    await someTurns()
    assert.deepEqual([open_.log, bound.log], [['received stranger', 'received friend'], ['received friend']])
  })

  test('tells nothing once it is closed, and is closed once', quick, async () => {
    const [{ port, log, send }, far] = [await open(), await farSocket()]
    await far.send('late', port.local.port)
    send('hi', endOf(far))
    port.close()
    port.close()
    assert.equal(port.setReading(false), true)
    await someTurns()
    assert.deepEqual(log, [])
  })
})

describe('a port that cannot be opened is not left open', () => {
  const rows: readonly [
    name: string,
    options: Partial<DatagramOptions>,
    binding: Partial<Binding>,
    error: { code?: string; name?: string },
  ][] = [
    ['an address of nobody here', {}, { address: '192.0.2.77' }, { code: 'EADDRNOTAVAIL' }],
    ['an interface that there is not', { interface: 'nowhere0' }, {}, { name: 'UsageError' }],
    ['a hop limit that the system refuses', { ttl: 300 }, {}, { code: 'EINVAL' }],
    ['a buffer that the system refuses', { receiveBuffer: 2 ** 31 }, {}, { code: 'ERR_SOCKET_BUFFER_SIZE' }],
  ]
  for (const [name, options, binding, error] of rows) {
    test(name, quick, async () => {
      const before = openSockets()
      const { port } = create(options, binding)
      await assert.rejects(port.open(), error)
      await someTurns()
      assert.equal(openSockets(), before)
    })
  }

  test('a port that is in use', quick, async () => {
    const far = await farSocket()
    const before = openSockets()
    const { port } = create({}, { port: far.port })
    await assert.rejects(port.open(), { code: 'EADDRINUSE' })
    await someTurns()
    assert.equal(openSockets(), before)
  })
})

describe('an option reaches the socket', () => {
  type Method = keyof dgram.Socket & `set${string}`
  const rows: readonly [options: Partial<DatagramOptions>, method: Method, value: unknown][] = [
    [{ broadcast: true }, 'setBroadcast', true],
    [{ ttl: 3 }, 'setTTL', 3],
    [{ multicastTtl: 0 }, 'setMulticastTTL', 0],
    [{ multicastLoopback: false }, 'setMulticastLoopback', false],
    [{ interface: '127.0.0.1' }, 'setMulticastInterface', '127.0.0.1'],
    [{ interface: '127.0.0.2' }, 'setMulticastInterface', '127.0.0.2'],
  ]
  for (const [options, method, value] of rows) {
    test(JSON.stringify(options), quick, async () => {
      const spy = mock.method(dgram.Socket.prototype, method)
      await open()
      assert.equal(spy.mock.callCount(), 0, 'it is left alone unless asked for')
      await open(options)
      assert.deepEqual(
        spy.mock.calls.map((call) => call.arguments),
        [[value]],
      )
    })
  }

  const settings = [
    [{ name: 'ttl', value: 9 }, 'setTTL'],
    [{ name: 'multicast-ttl', value: 9 }, 'setMulticastTTL'],
    [{ name: 'broadcast', value: true }, 'setBroadcast'],
  ] as const
  for (const [setting, method] of settings) {
    test(`/set ${setting.name}`, quick, async () => {
      const { port } = await open()
      const spy = mock.method(dgram.Socket.prototype, method)
      port.set(setting)
      assert.deepEqual(
        spy.mock.calls.map((call) => call.arguments),
        [[setting.value]],
      )
    })
  }

  test('/set chunk, delay and rate are those of the sender', quick, async () => {
    const { port } = await open()
    const called: string[] = []
    for (const method of ['setChunk', 'setDelay', 'setRate'] as const)
      mock.method(port.sender, method, (value: number | undefined) => void called.push(`${method} ${value}`))
    port.set({ name: 'chunk', value: 5 })
    port.set({ name: 'delay', value: 6 })
    port.set({ name: 'rate', value: undefined })
    assert.deepEqual(called, ['setChunk 5', 'setDelay 6', 'setRate undefined'])
  })

  test('a group is joined through the interface that was named', quick, async () => {
    const { port } = await open()
    const spy = mock.method(dgram.Socket.prototype, 'addMembership', () => {})
    port.join('239.1.2.3', '127.0.0.1')
    port.join('239.1.2.4', undefined)
    assert.deepEqual(
      spy.mock.calls.map((call) => call.arguments),
      [
        ['239.1.2.3', '127.0.0.1'],
        ['239.1.2.4', undefined],
      ],
    )
    assert.throws(() => port.join('239.1.2.5', 'nowhere0'), { name: 'UsageError' })
  })

  test('buffers are those that the kernel gives', quick, async () => {
    const usualBuffers = (await open()).port.buffers
    const { buffers } = (await open({ receiveBuffer: 8_192, sendBuffer: 16_384 })).port
    assert.ok(buffers.receive >= 8_192 && buffers.receive < usualBuffers.receive, String(buffers.receive))
    assert.ok(buffers.send >= 16_384 && buffers.send < usualBuffers.send, String(buffers.send))
  })
})

describe('where nobody listens', () => {
  test('a connected socket is told, and goes on', needsLinux, async () => {
    const remote = endpoint('127.0.0.1', await closedUdpPort())
    const { log, send } = await connected(remote)
    send('a', remote)
    await until(() => log.includes('troubled ECONNREFUSED'), 'a refusal')
    assert.equal(log[0], 'sent a')
    const far = farNow({ port: remote.port })
    send('b', remote)
    await until(() => far.received.length > 0, 'what is sent after it')
    assert.deepEqual(far.received, ['b'])
  })

  test('an unconnected one hears nothing of it', needsLinux, async () => {
    const remote = endpoint('127.0.0.1', await closedUdpPort())
    const { log, send, port } = await open()
    send('a', remote)
    send('b', remote)
    await port.sender.whenSent()
    await someTurns()
    assert.deepEqual(log, ['sent a', 'sent b'])
  })

  /** The first datagram's refusal waits in the kernel, and is what the second one's send is answered with. */
  for (const [way, opened] of openings) {
    test(
      `the datagram that met the error of another one is sent all the same, ${way}`,
      needsLinux,
      async () => {
        const remote = endpoint('127.0.0.1', await closedUdpPort())
        const { log, send, port } = await opened()
        await port.connect(remote)
        send('refused', remote)
        const far = farNow({ port: remote.port })
        for (const text of ['b', 'c', 'd']) send(text, remote)
        await until(() => log.length >= 5, 'all of them')
        await until(() => far.received.length === 3, 'three datagrams')
        assert.deepEqual(far.received, ['b', 'c', 'd'])
        assert.deepEqual(
          log.filter((line) => line.startsWith('sent')),
          ['sent refused', 'sent b', 'sent c', 'sent d'],
        )
        assert.ok(log.includes('troubled ECONNREFUSED'))
      },
    )
  }

  test('one that is tried again is not overtaken by those that were sent after it', quick, async () => {
    const far = await farSocket()
    const { log, send, port } = await connected(endOf(far))
    const { send: really } = dgram.Socket.prototype
    const refusal = Object.assign(new Error(), { code: 'ECONNREFUSED' })
    let refusals = 3
    mock.method(dgram.Socket.prototype, 'send', function (this: dgram.Socket, bytes: Buffer, done: Done) {
      refusals -= 1
      if (refusals < 0) Reflect.apply(really, this, [bytes, done])
      else process.nextTick(done, refusal)
    })
    const texts = ['a', 'b', 'c', 'd', 'e']
    for (const text of texts) send(text, endOf(far))
    await port.sender.whenSent()
    await until(() => far.received.length === 5, 'all of them')
    assert.deepEqual(far.received, texts)
    assert.equal(log.filter((line) => line.startsWith('troubled')).length, 3)
  })

  test('it is tried again a few times, not for ever', quick, async () => {
    const far = await farSocket()
    const { log, send } = await connected(endOf(far))
    const refusal = Object.assign(new Error('send ECONNREFUSED'), { code: 'ECONNREFUSED' })
    const spy = mock.method(dgram.Socket.prototype, 'send', (_: unknown, done: (error: Error) => void) =>
      process.nextTick(done, refusal),
    )
    send('a', endOf(far))
    await until(() => log.some((line) => line.startsWith('failed')), 'giving up')
    assert.equal(spy.mock.callCount(), 9)
    assert.deepEqual(log, [...Array(8).fill('troubled ECONNREFUSED'), 'failed a ECONNREFUSED'])
  })

  test('what is no refusal is not tried again', quick, async () => {
    const far = await farSocket()
    const { log, send } = await connected(endOf(far))
    const spy = mock.method(dgram.Socket.prototype, 'send', (_: unknown, done: (error: Error) => void) =>
      process.nextTick(done, Object.assign(new Error(), { code: 'ENOBUFS' })),
    )
    send('a', endOf(far))
    await until(() => log.length > 0, 'the failure')
    assert.deepEqual([spy.mock.callCount(), log], [1, ['failed a ENOBUFS']])
  })

  test('isRefusal', () => {
    const withCode = (code: string) => Object.assign(new Error(), { code })
    assert.deepEqual(
      [isRefusal(withCode('ECONNREFUSED')), isRefusal(withCode('ENOBUFS')), isRefusal(new Error())],
      [true, false, false],
    )
  })
})

test('one that is too large fails, and the next one goes', quick, async () => {
  const [{ log, send, port }, far] = [await open(), await farSocket()]
  send('x'.repeat(65_508), endOf(far))
  send('ok', endOf(far))
  await port.sender.whenSent()
  await until(() => far.received.length > 0, 'the next one')
  assert.deepEqual([log.length, log[1], far.received], [2, 'sent ok', ['ok']])
  assert.match(log[0] ?? '', /^failed x+ EMSGSIZE$/)
})

/** RFC 768: a source port is optional, and 0 where it is not used. So anybody can be such a peer. */
test('port 0, which no answer reaches, fails as any other', quick, async () => {
  const far = await farSocket()
  const { log, send, port } = await open()
  for (const round of [0, 2]) {
    send('a', endpoint('127.0.0.1', 0))
    send('b', endOf(far))
    await port.sender.whenSent()
    assert.deepEqual(log.slice(round), ['failed a ERR_SOCKET_BAD_PORT', 'sent b'])
  }
})

describe('reading', () => {
  test('that is stopped leaves datagrams in the kernel until it goes on', quick, async () => {
    const [{ log, port }, far] = [await open(), await farSocket()]
    await far.send('before', port.local.port)
    await until(() => log.length === 1, 'the first one')
    assert.equal(port.setReading(false), true)
    assert.equal(port.setReading(false), true)
    for (const text of ['a', 'b', 'c']) await far.send(text, port.local.port)
    await someTurns()
    assert.deepEqual(log, ['received before'])
    assert.equal(port.setReading(true), true)
    await until(() => log.length === 4, 'what has waited')
    assert.deepEqual(log.slice(1), ['received a', 'received b', 'received c'])
    await far.send('after', port.local.port)
    await until(() => log.length === 5, 'what comes later')
  })

  test('says so where this Node offers no way', quick, async () => {
    const { port } = await open()
    mock.method(Object, 'getOwnPropertySymbols', () => [])
    assert.equal(port.setReading(false), false)
  })
})
