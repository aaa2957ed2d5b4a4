/** Real sockets on the loopback for the tests of net, and a teller that keeps what it is told. */
import { once } from 'node:events'
import { connect, createServer, type Server, type Socket, type TcpNetConnectOpts } from 'node:net'
import { createTeller, type Event, type Teller } from '../../src/event.ts'

export interface Pair {
  readonly near: Socket
  /** The other end; it reads nothing until it is told to. */
  readonly far: Socket
  close(): void
}

export function portOf(server: Server): number {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  return address.port
}

export async function listen(
  options: { host?: string; port?: number } = {},
  onConnection: (socket: Socket) => void = () => {},
): Promise<{ server: Server; port: number }> {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, onConnection)
  server.listen({ host: '127.0.0.1', port: 0, ...options })
  await once(server, 'listening')
  return { server, port: portOf(server) }
}

/** A port of the loopback on which nothing listens, on either family. */
export async function closedPort(): Promise<number> {
  const { server, port } = await listen()
  server.close()
  await once(server, 'close')
  return port
}

/** Two connected sockets. */
export async function pair(options: Partial<TcpNetConnectOpts> = {}): Promise<Pair> {
  const { server, port } = await listen()
  const accepted = once(server, 'connection')
  const near = connect({ host: '127.0.0.1', port, allowHalfOpen: true, ...options })
  near.on('error', () => {})
  if (options.onread !== undefined) near.pause()
  const [[far]] = await Promise.all([accepted, once(near, 'connect')])
  far.on('error', () => {})
  server.close()
  return {
    near,
    far,
    close() {
      near.destroy()
      far.destroy()
    },
  }
}

/** Waits until a socket is gone, however it went. */
export function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.closed) resolve()
    else socket.once('close', () => resolve())
  })
}

/** Reads so many bytes, or all up to the FIN. */
export function read(socket: Socket, size = Number.POSITIVE_INFINITY): Promise<Buffer> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let got = 0
    const done = () => {
      socket.pause()
      socket.removeAllListeners('data')
      socket.off('end', done)
      resolve(Buffer.concat(chunks))
    }
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      got += chunk.length
      if (got >= size) done()
    })
    socket.once('end', done)
    socket.resume()
  })
}

export function recorder(): { teller: Teller; events: Event[]; now: () => number } {
  const events: Event[] = []
  const now = () => performance.now()
  const teller = createTeller(now, [{ wants: () => true, hear: (event) => void events.push(event) }])
  return { teller, events, now }
}

/** Something that happens once, and can be waited for. */
export function signal<T = void>(): { readonly came: Promise<T>; come(value: T): void } {
  let come: (value: T) => void = () => {}
  const came = new Promise<T>((resolve) => {
    come = resolve
  })
  return { came, come: (value) => come(value) }
}

/** Everything that can happen on the loopback without time passing has happened: a byte went there and back. */
export async function roundTrip(): Promise<void> {
  const { near, far, close } = await pair()
  near.write('x')
  await read(far, 1)
  far.write('y')
  await read(near, 1)
  close()
}
