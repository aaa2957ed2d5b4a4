/** The other side of a test, made of node:net: a client or a server that does exactly what the test says. */
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import type { TestContext } from 'node:test'

const patienceMs = 30_000

/** One end of a connection, and everything that it received. */
export class Peer {
  readonly socket: Socket
  readonly #fin: Promise<void>
  readonly #closed: Promise<string | undefined>
  readonly #chunks: Buffer[] = []
  #size = 0
  readonly #looks = new Set<() => void>()
  #errorCode: string | undefined
  #isClosed = false

  constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk)
      this.#size += chunk.length
      this.#look()
    })
    socket.on('error', (error) => {
      this.#errorCode = 'code' in error ? String(error.code) : error.message
    })
    this.#fin = new Promise((resolve, reject) => {
      socket.on('end', resolve)
      socket.on('close', () => reject(new Error(`no FIN came: ${this.#errorCode ?? 'closed'}`)))
    })
    this.#fin.catch(() => {})
    this.#closed = new Promise((resolve) => {
      socket.on('close', () => {
        this.#isClosed = true
        resolve(this.#errorCode)
        this.#look()
      })
    })
  }

  /** Settles at the other side's FIN; rejects where the connection ends without one. */
  get fin(): Promise<void> {
    return inTime(this.#fin, 'a FIN')
  }

  /** Settles when the socket is gone, with the error code where there was one. */
  get closed(): Promise<string | undefined> {
    return inTime(this.#closed, 'the end of the connection')
  }

  get received(): Buffer {
    return Buffer.concat(this.#chunks)
  }

  get text(): string {
    return this.received.toString()
  }

  /** Settles when so many bytes, or this text, or these bytes, have been received. */
  has(what: string | number | Buffer): Promise<void> {
    const isThere = () => (typeof what === 'number' ? this.#size >= what : this.received.includes(what))
    return new Promise((resolve, reject) => {
      const settle = (error?: Error) => {
        clearTimeout(timer)
        this.#looks.delete(look)
        if (error === undefined) resolve()
        else reject(error)
      }
      const missing = () => new Error(`"${what}" did not come, but: ${this.text.slice(-500)}`)
      const look = () => {
        if (isThere()) settle()
        else if (this.#isClosed) settle(missing())
      }
      const timer = setTimeout(() => settle(missing()), patienceMs)
      this.#looks.add(look)
      look()
    })
  }

  /** Everything up to the other side's FIN. */
  async whole(): Promise<Buffer> {
    await this.fin
    return this.received
  }

  #look(): void {
    for (const look of this.#looks) look()
  }
}

/** The same promise, which is not waited for without end. */
async function inTime<Value>(promise: Promise<Value>, what: string): Promise<Value> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${patienceMs} ms in vain for ${what}`)), patienceMs)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

/** Connects to a port of this machine; gone after the test. */
export async function connectTo(t: TestContext, port: number, { read = true } = {}): Promise<Peer> {
  const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true })
  const peer = new Peer(socket)
  if (!read) socket.pause()
  t.after(() => socket.destroy())
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve)
    peer.closed.then((code) => reject(new Error(`cannot connect: ${code}`)), reject)
  })
  return peer
}

/** Listens on a free port of this machine, whose clients are given to `onPeer`; gone after the test. */
export async function listenHere(
  t: TestContext,
  onPeer: (peer: Peer) => void,
  { host = '127.0.0.1', port = 0 }: { readonly host?: string; readonly port?: number } = {},
): Promise<number> {
  const sockets = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket)
    onPeer(new Peer(socket))
  })
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

/** Listens on a free port of this machine and keeps those that come, in order. */
export async function keepPeers(t: TestContext, onPeer: (peer: Peer) => void = () => {}) {
  const peers: Peer[] = []
  const waiting = new Set<() => void>()
  const port = await listenHere(t, (peer) => {
    peers.push(peer)
    onPeer(peer)
    for (const look of waiting) look()
  })
  /** The one of this index, as soon as it is there. */
  const peerAt = (index: number): Promise<Peer> => {
    const came = new Promise<Peer>((resolve) => {
      const look = () => {
        const peer = peers[index]
        if (peer !== undefined) resolve(peer)
      }
      waiting.add(look)
      look()
    })
    return inTime(came, `client ${index}`)
  }
  return { peers, port, peerAt }
}

/** Below those that the kernel gives to who asks for any: nobody but us takes one of these in between. */
const [firstPort, lastPort] = [16_384, 32_767]

/** Any of them; somebody may have it. */
export function drawPort(): number {
  return randomInt(firstPort, lastPort + 1)
}

/** A port of this machine on which nobody listens. */
export async function freePort(t: TestContext): Promise<number> {
  for (let tries = 1; ; tries += 1) {
    const port = drawPort()
    const server = createServer()
    t.after(() => server.close())
    server.listen(port, '127.0.0.1')
    try {
      await once(server, 'listening')
    } catch (error) {
      if (tries === 20) throw error
      continue
    }
    await new Promise((resolve) => server.close(resolve))
    return port
  }
}

/** Settles as soon as somebody listens there. */
export async function untilListening(port: number): Promise<void> {
  for (const endsAt = performance.now() + patienceMs; ; ) {
    const socket = connect(port, '127.0.0.1')
    const isThere = await new Promise<boolean>((resolve) => {
      socket.on('connect', () => resolve(true)).on('error', () => resolve(false))
    })
    socket.destroy()
    if (isThere) return
    if (performance.now() > endsAt) throw new Error(`nobody listens on ${port}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
