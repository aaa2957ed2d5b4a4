import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import dns from 'node:dns/promises'
import { once } from 'node:events'
import { syncBuiltinESMExports } from 'node:module'
import { connect as connectSocket, type Server, type Socket } from 'node:net'
import { networkInterfaces } from 'node:os'
import { after, afterEach, describe, mock, test } from 'node:test'
import { SockpitError } from '../../src/errors.ts'
import type { Event } from '../../src/event.ts'
import { type Connected, type ConnectOptions, connect } from '../../src/net/connect.ts'
import type { ReceiveOptions } from '../../src/net/receiver.ts'
import { closedPort, listen, portOf, recorder, signal } from './loopback.ts'

const quick = { timeout: 5_000 }
const cleanup: (() => void)[] = []
after(() => {
  for (const clean of cleanup) clean()
})

const hasIPv6 = Object.values(networkInterfaces()).some((list) => list?.some((one) => one.address === '::1'))
const needsIPv6 = { ...quick, skip: !hasIPv6 }

async function serve(host = '127.0.0.1', port = 0): Promise<{ server: Server; port: number }> {
  const one = await listen({ host, port }, (socket) => {
    socket.on('error', () => {})
    cleanup.push(() => socket.destroy())
  })
  cleanup.push(() => one.server.close())
  return one
}

type Given = Partial<ConnectOptions & ReceiveOptions> & Pick<ConnectOptions, 'port'>

function start(given: Given, stop = new AbortController(), hear: (event: Event) => void = () => {}) {
  const { teller, events, now } = recorder()
  const tell: typeof teller.tell = (socket, body) => {
    teller.tell(socket, body)
    const last = events.at(-1)
    if (last !== undefined) hear(last)
  }
  const options = {
    ...{ host: '127.0.0.1', family: undefined, localAddress: undefined, localPort: undefined },
    ...{ connectTimeoutMs: 4_000, readSize: undefined, rate: undefined, hold: false },
    ...given,
  }
  const surroundings = { teller: { ...teller, tell }, now, signal: stop.signal }
  const result = connect('client', options, surroundings).then((connected) => {
    connected.socket.on('error', () => {})
    cleanup.push(() => connected.socket.destroy())
    return connected
  })
  return { result, events, stop }
}

/** What was told, without what depends on the run. */
function told(events: readonly Event[]): readonly string[] {
  return events.map((event) => {
    assert.equal(event.socket, 'client')
    switch (event.kind) {
      case 'resolved':
        return `resolved ${event.host}: ${event.addresses.join(' ')}`
      case 'connecting':
        return `connecting ${event.attempt} of ${event.attempts}: ${event.remote.address} ${event.remote.family}`
      case 'refused':
        return `refused ${event.remote.address} ${event.code}`
      case 'failed':
        return `failed ${event.remote?.address} ${event.code}: ${event.message}`
      case 'timeout':
        return `timeout ${event.what} ${event.afterMs}`
      default:
        return event.kind
    }
  })
}

async function failure(promise: Promise<unknown>): Promise<SockpitError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof SockpitError, String(error))
  assert.match(error.message, /^[^\r\n]+$/)
  return error
}

type Addresses = readonly { readonly address: string; readonly family: number }[]

/** A name service of ours for one test. */
function resolveTo(answer: Addresses | Error | Promise<never>): { family?: unknown } {
  const asked: { family?: unknown } = {}
  mock.method(dns, 'lookup', async (_: string, options: { family: unknown }) => {
    asked.family = options.family
    if (answer instanceof Error) throw answer
    return answer
  })
  syncBuiltinESMExports()
  return asked
}

afterEach(() => {
  mock.restoreAll()
  syncBuiltinESMExports()
})

const v4 = { address: '127.0.0.1', family: 4 }
const v6 = { address: '::1', family: 6 }

function systemError(code: string): Error {
  return Object.assign(new Error(code), { code })
}

describe('a literal address', () => {
  test('of IPv4 is tried as it is', quick, async () => {
    const { port } = await serve()
    const { result, events } = start({ port })
    const { socket, tookMs } = await result
    assert.deepEqual(
      [socket.remoteAddress, socket.remotePort, socket.remoteFamily],
      ['127.0.0.1', port, 'IPv4'],
    )
    assert.ok(tookMs >= 0 && tookMs < 4_000)
    assert.equal(socket.allowHalfOpen, true)
    assert.deepEqual(told(events), ['connecting 1 of 1: 127.0.0.1 IPv4'])
  })

  test('of IPv6 is tried as it is', needsIPv6, async () => {
    const { port } = await serve('::1')
    const { result, events } = start({ host: '::1', port })
    assert.equal((await result).socket.remoteAddress, '::1')
    assert.deepEqual(told(events), ['connecting 1 of 1: ::1 IPv6'])
  })

  test('where nothing listens is refused, with what to do', quick, async () => {
    const port = await closedPort()
    const { result, events } = start({ port })
    const error = await failure(result)
    assert.deepEqual(
      [error.name, error.exitCode, error.message],
      [
        'NetworkError',
        1,
        `Cannot connect to 127.0.0.1:${port}: connection refused: nothing listens there (ECONNREFUSED). Start a server there, or check the port.`,
      ],
    )
    assert.ok(error.cause instanceof Error)
    assert.deepEqual(told(events), ['connecting 1 of 1: 127.0.0.1 IPv4', 'refused 127.0.0.1 ECONNREFUSED'])
  })

  test('of IPv6 stands in brackets in the message', needsIPv6, async () => {
    const port = await closedPort()
    const error = await failure(start({ host: '::1', port }).result)
    assert.match(error.message, new RegExp(`^Cannot connect to \\[::1\\]:${port}: connection refused`))
  })
})

describe('a name', () => {
  test('is resolved, and the first address that answers wins', needsIPv6, async () => {
    const { port } = await serve('127.0.0.1')
    const asked = resolveTo([v6, v4])
    const { result, events } = start({ host: 'both.test', port })
    assert.equal((await result).socket.remoteAddress, '127.0.0.1')
    assert.equal(asked.family, 0)
    assert.deepEqual(told(events), [
      'resolved both.test: ::1 127.0.0.1',
      'connecting 1 of 2: ::1 IPv6',
      'refused ::1 ECONNREFUSED',
      'connecting 2 of 2: 127.0.0.1 IPv4',
    ])
  })

  test('of which only IPv6 listens connects', needsIPv6, async () => {
    const { port } = await serve('::1')
    resolveTo([v4, v6])
    assert.equal((await start({ host: 'both.test', port }).result).socket.remoteAddress, '::1')
  })

  test('refused everywhere: every attempt is told and named', needsIPv6, async () => {
    const port = await closedPort()
    resolveTo([v6, v4])
    const { result, events } = start({ host: 'both.test', port })
    const error = await failure(result)
    const refused = 'connection refused: nothing listens there (ECONNREFUSED)'
    assert.equal(
      error.message,
      `Cannot connect to both.test:${port}: [::1]:${port}: ${refused}; 127.0.0.1:${port}: ${refused}. Start a server there, or check the port.`,
    )
    assert.equal(error.exitCode, 1)
    assert.equal(told(events).filter((line) => line.startsWith('refused')).length, 2)
  })

  test('families take turns, the first one first, and nothing twice', quick, async () => {
    const port = await closedPort()
    const addresses = ['127.0.0.1', '127.0.0.2', '127.0.0.3'].map((address) => ({ address, family: 4 }))
    resolveTo([...addresses, v4, v6])
    const { result, events } = start({ host: 'many.test', port })
    const startedAt = performance.now()
    await failure(result)
    assert.ok(performance.now() - startedAt < 700, 'who was refused does not wait 250 ms for the next')
    const [resolved] = events
    assert.deepEqual(resolved?.kind === 'resolved' && resolved.addresses, [
      '127.0.0.1',
      '::1',
      '127.0.0.2',
      '127.0.0.3',
    ])
    assert.deepEqual(
      events.flatMap((event) => (event.kind === 'connecting' ? [event.remote.address] : [])),
      ['127.0.0.1', '::1', '127.0.0.2', '127.0.0.3'],
    )
  })

  test('with more of the second family than of the first', quick, async () => {
    const port = await closedPort()
    const addresses = ['127.0.0.1', '127.0.0.2', '127.0.0.3'].map((address) => ({ address, family: 4 }))
    resolveTo([v6, ...addresses])
    const { result, events } = start({ host: 'many.test', port })
    await failure(result)
    assert.equal(told(events)[0], 'resolved many.test: ::1 127.0.0.1 127.0.0.2 127.0.0.3')
  })

  test('a family, or else that of the local address, is what is asked for', quick, async () => {
    const { port } = await serve()
    const rows = [
      [{ family: 4 }, 4],
      [{ family: 6 }, 6],
      [{ localAddress: '127.0.0.1' }, 4],
      [{ localAddress: '::1' }, 6],
      [{ family: 4, localAddress: '127.0.0.1' }, 4],
    ] as const
    for (const [given, family] of rows) {
      const asked = resolveTo([])
      const error = await failure(start({ host: 'a.test', port, ...given }).result)
      assert.equal(asked.family, family)
      assert.equal(error.message, `Cannot connect to a.test:${port}: the name has no address`)
      mock.restoreAll()
    }
  })

  test('that is none, or that nobody answers for, reads differently', quick, async () => {
    const rows = [
      ['ENOTFOUND', 'no such name (ENOTFOUND). Check the spelling, or give the address itself.'],
      ['EAI_AGAIN', 'the name server did not answer (EAI_AGAIN). Try again, or give the address itself.'],
    ] as const
    for (const [code, words] of rows) {
      resolveTo(systemError(code))
      const { result, events } = start({ host: 'a.test', port: 1 })
      const error = await failure(result)
      assert.deepEqual([error.message, error.exitCode], [`Cannot connect to a.test:1: ${words}`, 1])
      assert.deepEqual(events, [])
      mock.restoreAll()
    }
  })
})

describe('the local end', () => {
  test('is the one asked for', quick, async () => {
    const { port } = await serve()
    const localPort = await closedPort()
    const { socket } = await start({ port, localAddress: '127.0.0.1', localPort }).result
    assert.deepEqual([socket.localAddress, socket.localPort], ['127.0.0.1', localPort])
  })

  test('may be any address of the loopback', { ...quick, skip: process.platform !== 'linux' }, async () => {
    const { port } = await serve()
    const { socket } = await start({ port, localAddress: '127.0.0.9' }).result
    assert.equal(socket.localAddress, '127.0.0.9')
  })

  test('that is not of this machine is told, with what to do', quick, async () => {
    const { port } = await serve()
    const { result, events } = start({ port, localAddress: '203.0.113.1' })
    const error = await failure(result)
    assert.equal(
      error.message,
      `Cannot connect to 127.0.0.1:${port}: this machine has no such address (EADDRNOTAVAIL). --local-address takes an address of this machine.`,
    )
    assert.equal(
      told(events).at(-1),
      'failed 127.0.0.1 EADDRNOTAVAIL: this machine has no such address (EADDRNOTAVAIL)',
    )
  })

  test('that is in use is told, with what to do', quick, async () => {
    const { port } = await serve()
    const busy = await serve()
    const error = await failure(start({ port, localAddress: '127.0.0.1', localPort: busy.port }).result)
    assert.match(
      error.message,
      /the port is in use \(EADDRINUSE\)\. Choose another --local-port, or leave it out\.$/,
    )
  })
})

describe('the receiver that comes with it', () => {
  test('has read nothing before it is attached, and reads as it was told', quick, async () => {
    const one = await listen({}, (socket) => {
      socket.on('error', () => {})
      cleanup.push(() => socket.destroy())
      socket.write('0123456789')
    })
    cleanup.push(() => one.server.close())
    const { socket, receiver }: Connected = await start({ port: one.port, readSize: 4 }).result
    const reads: string[] = []
    const all = signal()
    receiver.deliver = (bytes) => {
      reads.push(Buffer.from(bytes).toString())
      if (reads.join('').length === 10) all.come()
    }
    for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate)
    assert.deepEqual(reads, [])
    receiver.attach(socket, true)
    await all.came
    assert.deepEqual(reads, ['0123', '4567', '89'])
  })
})

describe('giving up', () => {
  const never = () => new Promise<never>(() => {})

  test('a name that is not resolved in time is a timeout', quick, async () => {
    resolveTo(never())
    const { result, events } = start({ host: 'slow.test', port: 9, connectTimeoutMs: 30 })
    // What the limit is made of does not keep a process alive; here nothing else does.
    const awake = setTimeout(() => {}, 4_000)
    const error = await failure(result)
    clearTimeout(awake)
    assert.deepEqual([error.name, error.exitCode], ['TimeoutError', 3])
    const [, waited] =
      /^Cannot connect to slow\.test:9: no answer within (\d+) ms\. /.exec(error.message) ?? []
    assert.ok(Number(waited) >= 29, error.message)
    assert.match(error.message, /--connect-timeout waits longer\.$/)
    assert.deepEqual(told(events), ['timeout connect 30'])
  })

  test('a signal ends the wait for a name with its reason', quick, async () => {
    resolveTo(never())
    const { result, events, stop } = start({ host: 'slow.test', port: 9 })
    stop.abort(new Error('enough'))
    await assert.rejects(result, { message: 'enough' })
    assert.deepEqual(events, [])
  })

  test('a signal that came before ends it at once', quick, async () => {
    const { server, port } = await serve()
    let connections = 0
    server.on('connection', () => {
      connections += 1
    })
    const stop = new AbortController()
    stop.abort(new Error('before'))
    await assert.rejects(start({ port }, stop).result, { message: 'before' })
    await start({ port }).result
    while (connections === 0) await new Promise(setImmediate)
    assert.equal(connections, 1)
  })

  test('a signal ends an attempt with its reason, and leaves no connection', quick, async () => {
    const { port } = await serve()
    const stop = new AbortController()
    const { result } = start({ port }, stop, (event) => {
      if (event.kind === 'connecting') queueMicrotask(() => stop.abort(new Error('in the middle')))
    })
    await assert.rejects(result, { message: 'in the middle' })
  })

  /** A port whose backlog is full and whose owner sleeps: whoever connects to it waits. Undefined where that fails. */
  async function fullPort(): Promise<{ port: number } | undefined> {
    const program = `
      const server = require('node:net').createServer()
      server.listen({ host: '127.0.0.1', port: 0, backlog: 1 }, () => {
        require('node:fs').writeSync(1, String(server.address().port))
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 30_000)
      })`
    const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] })
    cleanup.push(() => child.kill('SIGKILL'))
    const [chunk] = await once(child.stdout, 'data')
    const port = Number(chunk)
    for (let count = 0; count < 8; count++) {
      const socket: Socket = connectSocket(port, '127.0.0.1')
      socket.on('error', () => {})
      cleanup.push(() => socket.destroy())
      const connected = once(socket, 'connect').then(() => true)
      const waited = new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 150))
      if (!(await Promise.race([connected, waited]))) return { port }
    }
    return undefined
  }

  test('an address that does not answer', { timeout: 10_000 }, async (context) => {
    const full = await fullPort()
    if (full === undefined) return context.skip('no way to fill a backlog here')
    const { port } = full

    await context.test('is a timeout after the limit', async () => {
      const { result, events } = start({ port, connectTimeoutMs: 60 })
      const error = await failure(result)
      assert.deepEqual([error.name, error.exitCode], ['TimeoutError', 3])
      const [, waited] =
        /^Cannot connect to 127\.0\.0\.1:\d+: no answer within (\d+) ms/.exec(error.message) ?? []
      assert.ok(Number(waited) >= 58 && Number(waited) < 4_000, error.message)
      assert.deepEqual(told(events), ['connecting 1 of 1: 127.0.0.1 IPv4', 'timeout connect 60'])
    })

    await context.test('a signal ends it with its reason, and leaves no attempt', async () => {
      const attempts = () =>
        process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length
      const before = attempts()
      const stop = new AbortController()
      const { result, events } = start({ port }, stop, (event) => {
        if (event.kind === 'connecting') setImmediate(() => stop.abort(new Error('enough')))
      })
      await assert.rejects(result, { message: 'enough' })
      await new Promise(setImmediate)
      assert.ok(attempts() <= before)
      assert.deepEqual(told(events), ['connecting 1 of 1: 127.0.0.1 IPv4'])
    })

    await context.test('the next address is tried beside it after 250 ms', { skip: !hasIPv6 }, async () => {
      const other = await serve('::1', port)
      assert.equal(portOf(other.server), port)
      resolveTo([v4, v6])
      const { result, events } = start({ host: 'both.test', port })
      const { socket, tookMs } = await result
      assert.equal(socket.remoteAddress, '::1')
      assert.deepEqual(told(events).slice(1), [
        'connecting 1 of 2: 127.0.0.1 IPv4',
        'connecting 2 of 2: ::1 IPv6',
      ])
      const [first = 0, second = 0] = events.slice(1).map((event) => event.at)
      assert.ok(second - first >= 245, `after ${second - first} ms`)
      assert.ok(tookMs >= 245)
    })
  })
})
