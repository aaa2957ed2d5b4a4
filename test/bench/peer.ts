/** `node peer.js NAME`: what sockpit is measured against, in a process of its own; a server tells its address. */
import { createHash } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { connect, createServer } from 'node:net'
import { WebSocketServer } from 'ws'
import { portOf } from '../net/loopback.ts'

const host = '127.0.0.1'
const guid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

function tell(port: number | undefined): void {
  console.error(`listening on ${host}:${port}`)
}

/** Answers the upgrade, and from then on sends back every byte as it came: no WebSocket on node:net can be faster. */
function floor(): void {
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => {})
    socket.once('data', (head) => {
      const [, key = ''] = /Sec-WebSocket-Key: (\S+)/.exec(head.toString('latin1')) ?? []
      const accept = createHash('sha1')
        .update(key + guid)
        .digest('base64')
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
      )
      socket.on('data', (chunk) => socket.write(chunk))
    })
  })
  server.listen(0, host, 4_096, () => tell(portOf(server)))
}

function withWs(perMessageDeflate: boolean): void {
  const server = new WebSocketServer({
    host,
    port: 0,
    backlog: 4_096,
    perMessageDeflate,
    maxPayload: 2 ** 26,
  })
  server.on('connection', (socket) => {
    socket.on('error', () => {})
    socket.on('message', (data, binary) => socket.send(data, { binary }))
  })
  server.on('listening', () => {
    const address = server.address()
    tell(typeof address === 'object' ? address?.port : undefined)
  })
}

/** One connection, to standard output. */
function receive(port: number): void {
  connect(port, host).pipe(process.stdout)
}

/** Standard input, to one connection. */
function send(port: number): void {
  process.stdin.pipe(connect(port, host))
}

/** Sends every datagram back, or counts them: how many, it says at SIGINT. */
function datagrams(mode: 'echo' | 'count'): void {
  const socket = createSocket('udp4')
  let count = 0
  if (mode === 'echo') socket.on('message', (data, { port, address }) => socket.send(data, port, address))
  else
    socket.on('message', () => {
      count += 1
    })
  socket.bind(0, host, () => tell(socket.address().port))
  process.on('SIGINT', () => {
    console.log(count)
    process.exit()
  })
}

/** Sends so many datagrams, and ends. */
function sendDatagrams(port: number, size: number, count: number): void {
  const socket = createSocket('udp4')
  const payload = Buffer.alloc(size, 'a')
  let left = count
  const next = (): void => {
    left -= 1
    if (left >= 0) socket.send(payload, next)
    else if (left === -32) socket.close()
  }
  socket.connect(port, host, () => {
    for (let index = 0; index < 32; index += 1) next()
  })
}

const [name, ...words] = process.argv.slice(2)
const [port = 0, size = 0, count = 0] = words.map(Number)
switch (name) {
  case 'floor':
    floor()
    break
  case 'ws':
    withWs(false)
    break
  case 'ws-deflate':
    withWs(true)
    break
  case 'receive':
    receive(port)
    break
  case 'send':
    send(port)
    break
  case 'udp-echo':
    datagrams('echo')
    break
  case 'udp-count':
    datagrams('count')
    break
  case 'udp-send':
    sendDatagrams(port, size, count)
    break
}
