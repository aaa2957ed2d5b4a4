import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect, createServer, type Server, Socket } from 'node:net'
import { after, before, describe, mock, test } from 'node:test'
import { readNextInto, readThrough, setReceiving, unsentBytes } from '../../src/net/raw-handle.ts'
import { Receiver } from '../../src/net/receiver.ts'
import { closeFarSockets, farSocket, quick, someTurns, until } from './datagrams.ts'

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
