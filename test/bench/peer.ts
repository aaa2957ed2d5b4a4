/** `node peer.js floor|ws`: an echo server to measure against, in a process of its own; it prints its port. */
import { createHash } from 'node:crypto'
import { createServer } from 'node:net'
import { WebSocketServer } from 'ws'
import { portOf } from '../net/loopback.ts'

const guid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

/** Answers the upgrade, and from then on sends back every byte as it came: no WebSocket can be faster. */
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
  server.listen(0, '127.0.0.1', () => console.log(portOf(server)))
}

function withWs(perMessageDeflate: boolean): void {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate, maxPayload: 2 ** 26 })
  server.on('connection', (socket) => {
    socket.on('error', () => {})
    socket.on('message', (data, binary) => socket.send(data, { binary }))
  })
  server.on('listening', () => {
    const address = server.address()
    console.log(typeof address === 'object' ? address?.port : undefined)
  })
}

switch (process.argv[2]) {
  case 'floor':
    floor()
    break
  case 'ws':
    withWs(false)
    break
  case 'ws-deflate':
    withWs(true)
    break
}
