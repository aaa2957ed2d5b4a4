import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { after, describe, mock, test } from 'node:test'
import { endpoint } from '../../src/net/endpoint.ts'
import { readKernelDrops } from '../../src/net/kernel-drops.ts'

const quick = { timeout: 8_000 }
const linux = {
  ...quick,
  skip: process.platform === 'linux' ? false : 'only Linux tells the drops of a socket',
}
const sockets: Socket[] = []
after(() => {
  for (const socket of sockets) socket.close()
})

async function bound(address: string, port = 0): Promise<Socket> {
  const socket = createSocket({ type: address.includes(':') ? 'udp6' : 'udp4', reuseAddr: port !== 0 })
  sockets.push(socket)
  socket.bind(port, address)
  await once(socket, 'listening')
  return socket
}

function localOf(socket: Socket) {
  const { address, port } = socket.address()
  return endpoint(address, port)
}

/** A socket that is connected to the other one: its sends reach the kernel at once. */
async function connectedTo(far: Socket): Promise<Socket> {
  const near = await bound('127.0.0.1')
  near.connect(far.address().port, '127.0.0.1')
  await once(near, 'connect')
  return near
}

describe('drops of the kernel', () => {
  for (const address of ['127.0.0.1', '0.0.0.0', '::1', '::'])
    test(`${address}: none at first`, linux, async (context) => {
      try {
        assert.equal(readKernelDrops(localOf(await bound(address))), 0)
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'EADDRNOTAVAIL')) throw error
        context.skip('this machine has no IPv6')
      }
    })

  test('with what is received they add up to what was sent', linux, async () => {
    const receiver = await bound('127.0.0.1')
    receiver.setRecvBufferSize(4_096)
    const local = localOf(receiver)
    const near = await connectedTo(receiver)
    let received = 0
    receiver.on('message', () => {
      received += 1
    })
    const sent = 2_000
    for (let count = 0; count < sent; count++) near.send(Buffer.alloc(100))
    const drops = readKernelDrops(local) ?? 0
    assert.ok(drops > 0 && drops < sent, `${drops} dropped`)
    assert.equal(received, 0)
    while (received < sent - drops) await new Promise(setImmediate)
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
    assert.deepEqual([received, readKernelDrops(local)], [sent - drops, drops])
  })

  test('of all own sockets on the port are added', linux, async () => {
    const first = await bound('127.0.0.1')
    const second = await bound('127.0.0.2', first.address().port)
    for (const far of [first, second]) far.setRecvBufferSize(4_096)
    const near = await connectedTo(first)
    for (let count = 0; count < 200; count++) near.send(Buffer.alloc(1_000))
    const ofOne = readKernelDrops(localOf(second)) ?? 0
    assert.ok(ofOne > 0, 'the other one counts')
    const other = await bound('127.0.0.1')
    other.connect(second.address().port, '127.0.0.2')
    await once(other, 'connect')
    for (let count = 0; count < 200; count++) other.send(Buffer.alloc(1_000))
    assert.ok((readKernelDrops(localOf(first)) ?? 0) > ofOne)
  })

  test('are unknown of a socket that is no more, and of one of another family', linux, async () => {
    const socket = createSocket('udp4')
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
    const local = localOf(socket)
    assert.equal(readKernelDrops(local), 0)
    socket.close()
    assert.equal(readKernelDrops(local), undefined)
    assert.equal(readKernelDrops({ ...local, family: 'IPv6' }), undefined)
  })

  test("are unknown of another process's socket", linux, async () => {
    const script = `const socket = require('node:dgram').createSocket('udp4')
      socket.bind(0, '127.0.0.1', () => console.log(socket.address().port))`
    const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
    const [port] = await once(child.stdout, 'data')
    const answer = readKernelDrops(endpoint('127.0.0.1', Number(port)))
    child.kill()
    assert.equal(answer, undefined)
  })

  test('are unknown where there is no such table', () => {
    const missing = mock.method(fs, 'readFileSync', () => {
      throw new Error('ENOENT')
    })
    syncBuiltinESMExports()
    try {
      assert.equal(readKernelDrops(endpoint('127.0.0.1', 9_000)), undefined)
    } finally {
      missing.mock.restore()
      syncBuiltinESMExports()
    }
  })
})
