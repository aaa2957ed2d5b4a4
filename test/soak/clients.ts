/** Clients of every kind, honest ones and others: each lives once, for a short time, and leaves nothing behind. */
import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import { WebSocket } from 'ws'
import { mostPeers } from '../../src/net/peer-table.ts'
import { maskedFrame, upgradeRequest } from '../e2e/web-sockets.ts'

const host = '127.0.0.1'

/** Nobody waits longer than this for anything, milliseconds. */
const patienceMs = 20_000

export type Client = (port: number) => Promise<void>

function within<Value>(what: Promise<Value>): Promise<Value> {
  const signal = AbortSignal.timeout(patienceMs)
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason))
    what.then(resolve, reject)
  })
}

async function opened(port: number): Promise<Socket> {
  const socket = connect(port, host)
  socket.on('error', () => {})
  await within(once(socket, 'connect'))
  return socket
}

async function gone(socket: Socket): Promise<void> {
  socket.resume()
  if (!socket.destroyed) await within(once(socket, 'close'))
}

async function echoes(socket: Socket, size: number): Promise<void> {
  const bytes = Buffer.alloc(size, 'soak')
  let received = 0
  socket.on('data', (chunk) => {
    received += chunk.length
    if (received === size) socket.end()
  })
  socket.write(bytes)
  await gone(socket)
  assert.equal(received, size)
}

const overTcp: Readonly<Record<string, Client>> = {
  echo: async (port) => echoes(await opened(port), 20_000),
  'at once gone': async (port) => {
    ;(await opened(port)).destroy()
  },
  reset: async (port) => {
    const socket = await opened(port)
    socket.write('half a line')
    socket.resetAndDestroy()
  },
  'half-closed': async (port) => {
    const socket = await opened(port)
    socket.end('the last words')
    await gone(socket)
  },
  'reads nothing': async (port) => {
    const socket = await opened(port)
    socket.pause().write(Buffer.alloc(300_000))
    await pause(50)
    socket.destroy()
  },
}

const overUdp: Readonly<Record<string, Client>> = {
  echo: async (port) => {
    const socket = createSocket('udp4')
    try {
      const answer = once(socket, 'message')
      // One may be lost: it is asked again.
      const asking = setInterval(() => socket.send('soak', port, host), 500)
      socket.send('soak', port, host)
      await within(answer).finally(() => clearInterval(asking))
    } finally {
      socket.close()
    }
  },
  burst: async (port) => {
    const socket = createSocket('udp4')
    for (let index = 0; index < 100; index += 1) socket.send(Buffer.alloc(1_000), port, host)
    await pause(20)
    socket.close()
  },
}

/** As many source ports as a server remembers: whoever comes from now on takes the place of somebody else. */
async function fillPeers(port: number): Promise<void> {
  for (let come = 0; come < mostPeers; come += atOnce) {
    const sockets = Array.from({ length: atOnce }, () => createSocket('udp4'))
    const answers = sockets.map((socket) => once(socket, 'message'))
    for (const socket of sockets) socket.send('soak', port, host)
    await within(Promise.all(answers))
    for (const socket of sockets) socket.close()
  }
}

/** So many at a time lose nothing. */
const atOnce = 64

function webSocketEcho(scheme: 'ws' | 'wss', perMessageDeflate: boolean): Client {
  return async (port) => {
    const socket = new WebSocket(`${scheme}://${host}:${port}/`, {
      perMessageDeflate,
      rejectUnauthorized: false,
    })
    socket.on('error', () => {})
    await within(once(socket, 'open'))
    const text = 'all work and no play '.repeat(500)
    socket.send(text)
    const [data] = await within(once(socket, 'message'))
    assert.equal(String(data), text)
    socket.close(1000)
    await within(once(socket, 'close'))
  }
}

/** Upgraded by hand, then: something. */
function raw(then: (socket: Socket, port: number) => void): Client {
  return async (port) => {
    const socket = await opened(port)
    socket.write(upgradeRequest(port))
    await within(once(socket, 'data'))
    then(socket, port)
    await gone(socket)
  }
}

const overWebSocket: Readonly<Record<string, Client>> = {
  echo: webSocketEcho('ws', false),
  compressed: webSocketEcho('ws', true),
  'breaks a rule': raw((socket) => {
    socket.write(maskedFrame({ opcode: 3 }))
  }),
  'leaves in a message': raw((socket) => {
    socket.write(maskedFrame({ opcode: 2, payload: Buffer.alloc(50_000), fin: false }))
    socket.end()
  }),
  'is reset': raw((socket) => {
    socket.resetAndDestroy()
  }),
  idle: raw((socket) => {
    setTimeout(() => socket.end(maskedFrame({ opcode: 8 })), 100)
  }),
  'half a request': async (port) => {
    const socket = await opened(port)
    socket.write('GET / HTTP/1.1\r\nHost: x')
    await pause(20)
    socket.destroy()
  },
  'is refused': async (port) => {
    const socket = await opened(port)
    socket.write('POST / HTTP/1.1\r\nHost: x\r\n\r\n')
    await gone(socket)
  },
}

const overTls: Readonly<Record<string, Client>> = {
  echo: async (port) => {
    const socket = connectTls({ port, host, rejectUnauthorized: false })
    socket.on('error', () => {})
    await within(once(socket, 'secureConnect'))
    await echoes(socket, 20_000)
  },
  'speaks no TLS': async (port) => {
    const socket = await opened(port)
    socket.write('GET / HTTP/1.1\r\n\r\n')
    await gone(socket)
  },
  'leaves in the handshake': async (port) => {
    const socket = await opened(port)
    socket.write(Buffer.of(22, 3, 1, 2, 0, 1))
    await pause(20)
    socket.destroy()
  },
}

/** Whom each server gets: what it is asked to be, and its clients. */
export const churn: readonly {
  readonly name: string
  readonly words: readonly string[]
  readonly clients: Readonly<Record<string, Client>>
  /** Fills up what it remembers. */
  readonly fill?: Client
}[] = [
  { name: 'tcp-server', words: ['tcp-server', '127.0.0.1:0', '--raw', '--echo'], clients: overTcp },
  {
    name: 'tcp-server chat',
    words: ['tcp-server', '127.0.0.1:0', '--raw', '--service', 'chat'],
    clients: {
      'half-closed': overTcp['half-closed'] ?? raw(() => {}),
      reset: overTcp.reset ?? raw(() => {}),
    },
  },
  {
    name: 'tcp-server TLS',
    words: ['tcp-server', '127.0.0.1:0', '--raw', '--echo', '--tls'],
    clients: overTls,
  },
  {
    name: 'udp-server',
    words: ['udp-server', '127.0.0.1:0', '--raw', '--echo'],
    clients: overUdp,
    fill: fillPeers,
  },
  { name: 'ws-echo', words: ['ws-echo', '127.0.0.1:0', '--raw'], clients: overWebSocket },
  {
    name: 'ws-echo TLS',
    words: ['ws-echo', '127.0.0.1:0', '--raw', '--tls'],
    clients: { echo: webSocketEcho('wss', false), compressed: webSocketEcho('wss', true) },
  },
]
