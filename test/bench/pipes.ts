/** Bulk TCP, a file to a connection and a connection to nowhere, beside netcats and a bare pipe of node:net. */
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { readThrough } from '../../src/net/raw-handle.ts'
import { pathOf } from '../e2e/peers.ts'
import { portOf } from '../net/loopback.ts'
import { fileOf } from './files.ts'
import { begin, scriptOf, sockpit, timed } from './processes.ts'
import type { Part } from './trial.ts'

const mebibytes = 1_024
const bytes = mebibytes * 2 ** 20
const host = '127.0.0.1'
const block = Buffer.alloc(2 ** 20, 'sockets ')

export const pipes: Part = {
  title: `${mebibytes.toLocaleString('en')} MiB over TCP, MB a second from start to end (× : so many times the peer)`,
  trials: [
    {
      name: 'receive to /dev/null',
      unit: 'MB/s',
      better: 'more',
      contestants: {
        sockpit: () => receiving((port) => sockpit('tcp-client', host, port)),
        ...(pathOf('nc') && { nc: () => receiving((port) => ['nc', '-d', host, String(port)]) }),
        ...(pathOf('socat') && {
          socat: () => receiving((port) => ['socat', '-u', `TCP:${host}:${port}`, 'STDOUT']),
        }),
        net: () => receiving((port) => scriptOf('peer', 'receive', port)),
      },
    },
    {
      name: 'send from a file',
      unit: 'MB/s',
      better: 'more',
      contestants: {
        sockpit: () => sending((port) => sockpit('tcp-client', host, port)),
        ...(pathOf('nc') && { nc: () => sending((port) => ['nc', '-N', host, String(port)]) }),
        ...(pathOf('socat') && {
          socat: () => sending((port) => ['socat', '-u', 'STDIN', `TCP:${host}:${port}`]),
        }),
        net: () => sending((port) => scriptOf('peer', 'send', port)),
      },
    },
  ],
}

async function listening(): Promise<{ readonly server: Server; readonly connected: Promise<Socket> }> {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true })
  const connected = once(server, 'connection').then(([socket]: Socket[]) => {
    if (socket === undefined) throw new Error('no connection')
    return socket
  })
  server.listen(0, host)
  await once(server, 'listening')
  return { server, connected }
}

/** From us to who is measured, and from there to nowhere. */
async function receiving(command: (port: number) => readonly string[]): Promise<number> {
  const { server, connected } = await listening()
  const time = timed(begin(command(portOf(server))))
  const socket = await connected
  let left = mebibytes
  const pour = (): void => {
    while (left > 0) {
      left -= 1
      if (!socket.write(block)) return
    }
    socket.end()
  }
  socket.on('drain', pour).resume()
  pour()
  const ms = await time
  server.close()
  return bytes / 1e3 / ms
}

/** From a file through who is measured to us. @throws where not every byte has come */
async function sending(command: (port: number) => readonly string[]): Promise<number> {
  const { server, connected } = await listening()
  const descriptor = openSync(fileOf(bytes), 'r')
  const time = timed(begin(command(portOf(server)), { stdin: descriptor }))
  closeSync(descriptor)
  let received = 0
  const callback = (size: number): boolean => {
    received += size
    return true
  }
  const socket = readThrough(await connected, { buffer: Buffer.allocUnsafeSlow(2 ** 20), callback })
  if (socket === undefined) throw new Error('this Node has no way to read into one buffer')
  socket.on('end', () => socket.end()).resume()
  const ms = await time
  server.close()
  if (received !== bytes) throw new Error(`${received} bytes of ${bytes} came`)
  return bytes / 1e3 / ms
}
