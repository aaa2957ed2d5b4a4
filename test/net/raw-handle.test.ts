import assert from 'node:assert/strict'
import { createSocket, type Socket as DatagramSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect, createServer, type Server, Socket } from 'node:net'
import { constants } from 'node:os'
import { after, afterEach, before, describe, mock, test } from 'node:test'
import {
  type DirectSend,
  learnToSend,
  readNextInto,
  readThrough,
  setReceiving,
  unsentBytes,
} from '../../src/net/raw-handle.ts'
import { Receiver } from '../../src/net/receiver.ts'
import { closeFarSockets, farSocket, handleUnder, needsIPv6, quick, someTurns, until } from './datagrams.ts'

/** Without its handle a socket is what a Node would give us that has no such field. */
function withoutHandle(socket: Socket): Socket {
  Object.defineProperty(socket, '_handle', { value: undefined, writable: true })
  return socket
}

const freely = { readSize: undefined, rate: undefined, hold: false }

describe('the undocumented fields of node:net', () => {
  let server: Server

  before(async () => {
    server = createServer({ allowHalfOpen: true, pauseOnConnect: true })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
  })
  after(() => server.close())

  /** Both ends of a new connection. */
  async function pair(): Promise<{ client: Socket; accepted: Socket }> {
    const address = server.address()
    assert.ok(address !== null && typeof address === 'object')
    const client = connect(address.port, '127.0.0.1')
    const [[accepted]] = await Promise.all([once(server, 'connection'), once(client, 'connect')])
    assert.ok(accepted instanceof Socket)
    return { client, accepted }
  }

  /** Sends a text and says in which reads it arrived, through the one way or the other. */
  async function reads(receiver: Receiver, socket: Socket, throughOnread: boolean, send: () => void) {
    const pieces: string[] = []
    receiver.deliver = (bytes) => pieces.push(Buffer.from(bytes).toString())
    receiver.attach(socket, throughOnread)
    send()
    await once(socket, 'end')
    socket.destroy()
    return pieces
  }

  test('an accepted socket reads through onread, in reads of the size that was asked for', async () => {
    const { client, accepted } = await pair()
    const receiver = new Receiver({ ...freely, readSize: 3 })
    const socket = readThrough(accepted, receiver.onread)
    assert.ok(socket !== undefined)
    assert.deepEqual(await reads(receiver, socket, true, () => client.end('abcdefgh')), ['abc', 'def', 'gh'])
  })

  test('its server forgets the accepted socket, so that it can close', async () => {
    const { client, accepted } = await pair()
    const socket = readThrough(accepted, new Receiver(freely).onread)
    assert.ok(socket !== undefined)
    await once(accepted, 'close')
    const count = await new Promise((resolve) => server.getConnections((_, n) => resolve(n)))
    assert.equal(count, 0)
    client.destroy()
    socket.destroy()
  })

  test('without a handle there is no such way, and the data events of the socket itself serve', async () => {
    const { client, accepted } = await pair()
    const bare = withoutHandle(new Socket())
    assert.equal(readThrough(bare, new Receiver(freely).onread), undefined)
    const receiver = new Receiver({ ...freely, readSize: 3 })
    assert.deepEqual(await reads(receiver, accepted, false, () => client.end('abcdefgh')), ['abcdefgh'])
  })

  test('the buffer can be changed before the next read, and nothing is lost', async () => {
    const { client, accepted } = await pair()
    const receiver = new Receiver({ ...freely, readSize: 8, hold: true })
    const socket = readThrough(accepted, receiver.onread)
    assert.ok(socket !== undefined)
    const pieces = await reads(receiver, socket, true, () => {
      receiver.setReadSize(5)
      receiver.unblock('asked')
      client.end('abcdefghijkl')
    })
    assert.deepEqual(pieces, ['abcde', 'fghij', 'kl'])
  })

  test('without a handle the next read goes where the one before went', () => {
    assert.equal(readNextInto(withoutHandle(new Socket()), new Uint8Array(1)), false)
  })

  test('what the kernel has not taken is counted exactly, and at most without a handle', async () => {
    const { client, accepted } = await pair()
    const size = 16 * 2 ** 20
    client.on('error', () => {})
    client.write(Buffer.alloc(size))
    const exact = unsentBytes(client)
    assert.ok(exact > 0 && exact < size, String(exact))
    assert.equal(client.writableLength, size)
    withoutHandle(client)
    assert.equal(unsentBytes(client), size)
    accepted.destroy()
  })
})

describe('the undocumented fields of node:dgram', () => {
  after(closeFarSockets)

  test('let what arrives wait in the kernel, in its order, again and again', quick, async () => {
    const [one, far] = [await farSocket(), await farSocket()]
    for (const round of [0, 1]) {
      assert.equal(setReceiving(one.socket, false), true)
      for (const text of ['a', 'b', 'c']) await far.send(`${text}${round}`, one.port)
      await someTurns()
      assert.equal(one.received.length, round * 3)
      assert.equal(setReceiving(one.socket, true), true)
      await until(() => one.received.length === (round + 1) * 3, 'what waited')
    }
    assert.deepEqual(one.received, ['a0', 'b0', 'c0', 'a1', 'b1', 'c1'])
  })

  test('do not keep it from sending', quick, async () => {
    const [one, far] = [await farSocket(), await farSocket()]
    setReceiving(one.socket, false)
    await one.send('x', far.port)
    await until(() => far.received.length === 1, 'what it sent')
  })

  test('without them there is no such way, and message events go on', quick, async () => {
    const [one, far] = [await farSocket(), await farSocket()]
    const blind = mock.method(Object, 'getOwnPropertySymbols', () => [])
    assert.equal(setReceiving(one.socket, false), false)
    blind.mock.restore()
    await far.send('x', one.port)
    await until(() => one.received.length === 1, 'a message')
  })

  test('a closed socket has none', () => {
    const socket = createSocket('udp4')
    socket.close()
    assert.equal(setReceiving(socket, true), false)
  })
})

describe('the direct way to send a datagram', () => {
  after(closeFarSockets)
  afterEach(() => mock.restoreAll())

  /** Sends one the documented way, and says what was learnt of it. */
  async function learn(socket: DatagramSocket, send: () => Promise<void>): Promise<DirectSend | undefined> {
    let learnt: DirectSend | undefined
    learnToSend(socket, (direct) => {
      learnt = direct
    })
    assert.equal(learnt, undefined)
    await send()
    return learnt
  }

  const ways: readonly [name: string, address: string, connected: boolean, options: object][] = [
    ['an unconnected socket', '127.0.0.1', false, quick],
    ['a connected socket', '127.0.0.1', true, quick],
    ['IPv6', '::1', false, needsIPv6],
  ]
  for (const [name, address, connected, options] of ways) {
    test(
      `of ${name} is learnt from the first, and says at once that the kernel has it`,
      options,
      async () => {
        const [one, far] = [await farSocket({ address }), await farSocket({ address })]
        if (connected) await new Promise<void>((go) => one.socket.connect(far.port, address, go))
        const direct = await learn(one.socket, () =>
          connected
            ? new Promise((go) => one.socket.send('first', () => go()))
            : one.send('first', far.port, address),
        )
        assert.ok(direct !== undefined)
        const target = connected ? undefined : { address, port: far.port }
        for (const text of ['second', '', 'fourth'])
          assert.equal(direct.give(Buffer.from(text), target), text.length + 1)
        await until(() => far.received.length === 4, 'all of them')
        assert.deepEqual(far.received, ['first', 'second', '', 'fourth'])
      },
    )
  }

  test('says the number of the error', quick, async () => {
    const [one, far] = [await farSocket(), await farSocket()]
    const direct = await learn(one.socket, () => one.send('x', far.port))
    const { port, address } = far
    assert.equal(direct?.give(Buffer.alloc(65_508), { port, address }), -constants.errno.EMSGSIZE)
    assert.equal(direct?.give(Buffer.from('y'), { port, address }), 2)
  })

  test('leaves the next way of node:dgram as it was', quick, async () => {
    const [one, far] = [await farSocket(), await farSocket()]
    await learn(one.socket, () => one.send('a', far.port))
    await one.send('b', far.port)
    await until(() => far.received.length === 2, 'both of them')
  })

  test('calls back for one that has to wait, which keeps its request', quick, async () => {
    const [one, far] = [await farSocket(), await farSocket()]
    const requests: { oncomplete?: (error: number) => void }[] = []
    const handle = handleUnder(one.socket)
    const { send } = handle
    let answer = 0
    const direct = await learn(one.socket, () => one.send('x', far.port))
    assert.ok(direct !== undefined)
    handle.send = (request, ...rest) => {
      requests.push(Object(request))
      return answer === 0 ? 0 : send.call(handle, request, ...rest)
    }
    const errors: number[] = []
    assert.equal(direct.give(Buffer.from('waits'), far), 0)
    direct.whenOver((error) => void errors.push(error))
    answer = 1
    assert.equal(direct.give(Buffer.from('goes'), far), 5)
    assert.equal(direct.give(Buffer.from('too'), far), 4)
    assert.notEqual(requests[0], requests[1])
    assert.equal(requests[1], requests[2])
    requests[0]?.oncomplete?.(-5)
    assert.deepEqual(errors, [-5])
  })

  const strange: readonly [name: string, words: (usual: unknown[]) => unknown[]][] = [
    ['takes a word more', (usual) => [...usual, 1]],
    ['takes a word less', (usual) => usual.slice(0, 5)],
    ['takes no list', ([request, list, ...rest]) => [request, Object(list)[0], ...rest]],
    [
      'takes the address first',
      ([request, list, count, port, address, told]) => [request, list, count, address, port, told],
    ],
    ['takes several buffers', ([request, list, , ...rest]) => [request, [list, list], 2, ...rest]],
  ]
  for (const [name, words] of strange) {
    test(`is not learnt of a Node whose handle ${name}`, quick, async () => {
      const [one, far] = [await farSocket(), await farSocket()]
      const handle = handleUnder(one.socket)
      const { send } = handle
      handle.send = () => 2
      let learnt = false
      learnToSend(one.socket, () => {
        learnt = true
      })
      const usual: unknown[] = [{}, [Buffer.from('x')], 1, far.port, far.address, true]
      handle.send(...words(usual))
      assert.equal(learnt, false)
      learnToSend(one.socket, () => {
        learnt = true
      })
      handle.send(...usual)
      assert.equal(learnt, true)
      handle.send = send
    })
  }

  test('is not learnt where nothing is known of the handle', quick, async () => {
    const [one, far] = [await farSocket(), await farSocket()]
    const blind = mock.method(Object, 'getOwnPropertySymbols', () => [])
    assert.equal(await learn(one.socket, () => one.send('x', far.port)), undefined)
    blind.mock.restore()
  })
})
