/** The other side of a test over WebSocket: npm's ws, which we did not write, and bytes made by hand. */
import { createHash } from 'node:crypto'
import { openSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import type { TestContext } from 'node:test'
import { type ClientOptions, type ServerOptions, WebSocket, WebSocketServer } from 'ws'
import type { Event } from '../../src/event.ts'
import { connectTo, listenHere, type Peer } from './sockets.ts'
import { type Running, type StartOptions, start, Waiting } from './sockpit.ts'

export const everyByte = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))

export interface EchoServer {
  readonly server: Running
  readonly port: number
  readonly url: string
}

/** Starts `sockpit ws-echo` on a free port of 127.0.0.1, telling JSON, and waits until it listens. */
export async function serveEcho(
  t: TestContext,
  args: readonly string[] = [],
  { address = '127.0.0.1:0', ...options }: StartOptions & { readonly address?: string } = {},
): Promise<EchoServer> {
  const server = start(t, ['ws-echo', address, '--json', ...args], options)
  const { local, url = '' } = await server.event('listening')
  return { server, port: local.port, url }
}

/** Starts it in raw, its output thrown away unless it is asked for: for loads of which nobody wants to be told. */
export async function serveEchoQuietly(
  t: TestContext,
  args: readonly string[] = [],
  options: StartOptions = { stdout: openSync('/dev/null', 'w') },
): Promise<EchoServer> {
  const server = start(t, ['ws-echo', '127.0.0.1:0', '--raw', ...args], options)
  const [, port] = await server.said(/listening\s+on\s+ws:\/\/127\.0\.0\.1:(\d+)\//)
  return { server, port: Number(port), url: `ws://127.0.0.1:${port}/` }
}

/** The verdict on one WebSocket, as soon as it is told. */
export async function verdictOn(running: Running, socket: string) {
  const told = await running.event('closed', (event) => event.socket === socket)
  if (told.transport === 'websocket') return told
  throw new Error(`not a verdict on a WebSocket: ${JSON.stringify(told)}`)
}

export interface Message {
  readonly bytes: Buffer
  readonly isBinary: boolean
}

/** One end of a WebSocket made of npm's ws, and everything that came to it. */
export class Their {
  readonly socket: WebSocket
  readonly messages: Message[] = []
  readonly #waiting = new Waiting()
  #closed: readonly [code: number, reason: string] | undefined
  #failure: string | undefined

  constructor(socket: WebSocket) {
    this.socket = socket
    socket.on('message', (data, isBinary) => {
      if (!Buffer.isBuffer(data)) throw new TypeError('ws was not asked for anything but a Buffer')
      this.messages.push({ bytes: data, isBinary })
      this.#waiting.nudge()
    })
    socket.on('open', () => this.#waiting.nudge())
    socket.on('error', ({ message }) => {
      this.#failure = message
      this.#waiting.nudge()
    })
    socket.on('close', (code, reason) => {
      this.#closed = [code, reason.toString()]
      this.#waiting.nudge()
    })
  }

  get texts(): string[] {
    return this.messages.map(({ bytes }) => bytes.toString())
  }

  /** Settles when it is open; rejects where it never will be. */
  opened(): Promise<void> {
    return this.#until('to be open', () => {
      if (this.#failure !== undefined) throw new Error(this.#failure)
      return this.socket.readyState === WebSocket.OPEN ? true : undefined
    })
  }

  /** Why it could not be opened. */
  async failure(): Promise<string> {
    let failure = ''
    await this.#until('a failure', () => {
      failure = this.#failure ?? ''
      return failure === '' ? undefined : true
    })
    return failure
  }

  /** Settles when so many messages have come. */
  has(count: number): Promise<void> {
    return this.#until(`${count} messages`, () => {
      if (this.messages.length >= count) return true
      if (this.#closed !== undefined) throw new Error(`closed with ${this.#closed} after ${this.#state()}`)
      return undefined
    })
  }

  /** The code and the reason with which it was closed. */
  async closed(): Promise<readonly [code: number, reason: string]> {
    await this.#until('the end', () => (this.#closed === undefined ? undefined : true))
    return this.#closed ?? [0, '']
  }

  /** Sends it and answers what comes back, which has to be the next message. */
  async echo(payload: string | Buffer): Promise<Message | undefined> {
    const before = this.messages.length
    this.socket.send(payload)
    await this.has(before + 1)
    return this.messages[before]
  }

  async #until(what: string, look: () => true | undefined): Promise<void> {
    await this.#waiting.until(what, look, () => this.#state())
  }

  #state(): string {
    const last = this.texts.slice(-3).map((text) => text.slice(0, 200))
    return `${this.messages.length} messages, the last ones: ${last.join(' | ')}`
  }
}

/** Opens a WebSocket with npm's ws; gone after the test. */
export async function openTheirs(
  t: TestContext,
  url: string,
  options: ClientOptions & { readonly subprotocols?: string[] } = {},
): Promise<Their> {
  const their = startTheirs(t, url, options)
  await their.opened()
  return their
}

/** The same without waiting for it. */
export function startTheirs(
  t: TestContext,
  url: string,
  { subprotocols = [], ...options }: ClientOptions & { readonly subprotocols?: string[] } = {},
): Their {
  const socket = new WebSocket(url, subprotocols, options)
  t.after(() => socket.terminate())
  return new Their(socket)
}

export interface TheirServer {
  readonly port: number
  readonly url: string
  /** Those that came, in order. */
  readonly theirs: readonly Their[]
  readonly requests: readonly IncomingMessage[]
}

/** Serves WebSockets with npm's ws; gone after the test. */
export async function serveTheirs(
  t: TestContext,
  onSocket: (their: Their) => void = () => {},
  options: ServerOptions = {},
): Promise<TheirServer> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, ...options })
  const theirs: Their[] = []
  const requests: IncomingMessage[] = []
  server.on('connection', (socket, request) => {
    const their = new Their(socket)
    theirs.push(their)
    requests.push(request)
    onSocket(their)
  })
  t.after(() => {
    for (const client of server.clients) client.terminate()
    server.close()
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.once('listening', resolve)
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return { port: address.port, url: `ws://127.0.0.1:${address.port}/`, theirs, requests }
}

/** What every message is answered with: itself. */
export function echoTheirs({ socket }: Their): void {
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }))
}

const key = 'dGhlIHNhbXBsZSBub25jZQ=='
export const acceptOfKey = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo='

/** An upgrade as bytes: lines that are given take the place of those with the same name; '' leaves one out. */
export function upgradeRequest(
  port: number,
  lines: Readonly<Record<string, string>> = {},
  start = 'GET / HTTP/1.1',
): string {
  const usual = {
    Host: `127.0.0.1:${port}`,
    Upgrade: 'websocket',
    Connection: 'Upgrade',
    'Sec-WebSocket-Key': key,
    'Sec-WebSocket-Version': '13',
  }
  const all = Object.entries({ ...usual, ...lines }).filter(([, value]) => value !== '')
  return `${[start, ...all.map(([name, value]) => `${name}: ${value}`)].join('\r\n')}\r\n\r\n`
}

/** A frame as bytes; what is not said is as it is in a small unmasked frame. */
export interface FrameParts {
  readonly opcode: number
  readonly payload?: string | Uint8Array
  readonly fin?: boolean
  /** RSV1 is 4, RSV2 is 2, RSV3 is 1. */
  readonly rsv?: number
  readonly masked?: boolean
  /** The length in the header, where it lies; 7 bits, 16 or 64, where the form is not the shortest. */
  readonly declared?: number | bigint
  readonly form?: 7 | 16 | 64
}

const maskingKey = Buffer.from([0x37, 0xfa, 0x21, 0x3d])

export function frame(parts: FrameParts): Buffer {
  const { opcode, fin = true, rsv = 0, masked = false } = parts
  const payload = Buffer.from(parts.payload ?? '')
  const { declared = payload.length } = parts
  const form = parts.form ?? (declared < 126 ? 7 : declared < 65_536 ? 16 : 64)
  const head = Buffer.alloc(form === 7 ? 2 : form === 16 ? 4 : 10)
  head[0] = (fin ? 0x80 : 0) | (rsv << 4) | opcode
  head[1] = (masked ? 0x80 : 0) | (form === 7 ? Number(declared) : form === 16 ? 126 : 127)
  if (form === 16) head.writeUInt16BE(Number(declared), 2)
  if (form === 64) head.writeBigUInt64BE(BigInt(declared), 2)
  if (!masked) return Buffer.concat([head, payload])
  return Buffer.concat([head, maskingKey, payload.map((byte, at) => byte ^ (maskingKey[at % 4] ?? 0))])
}

/** The same as a client sends it. */
export function maskedFrame(parts: FrameParts): Buffer {
  return frame({ masked: true, ...parts })
}

/** A close frame's payload. */
export function closePayload(code: number, reason = ''): Buffer {
  const payload = Buffer.alloc(2)
  payload.writeUInt16BE(code)
  return Buffer.concat([payload, Buffer.from(reason)])
}

export interface ReadFrame {
  readonly fin: boolean
  readonly rsv: number
  readonly opcode: number
  readonly masked: boolean
  readonly payload: Buffer
}

/** The whole frames that stand in some bytes, one after the other. */
export function framesIn(bytes: Buffer): ReadFrame[] {
  const frames: ReadFrame[] = []
  for (let at = 0; at + 2 <= bytes.length; ) {
    const [first = 0, second = 0] = bytes.subarray(at)
    const short = second & 0x7f
    const afterLength = at + (short === 126 ? 4 : short === 127 ? 10 : 2)
    const length =
      short === 126
        ? bytes.readUInt16BE(at + 2)
        : short === 127
          ? Number(bytes.readBigUInt64BE(at + 2))
          : short
    const masked = second >= 0x80
    const start = afterLength + (masked ? 4 : 0)
    if (start + length > bytes.length) break
    const mask = bytes.subarray(afterLength, start)
    const payload = Buffer.from(bytes.subarray(start, start + length))
    if (masked) for (const [index, byte] of payload.entries()) payload[index] = byte ^ (mask[index % 4] ?? 0)
    frames.push({ fin: first >= 0x80, rsv: (first >> 4) & 7, opcode: first & 15, masked, payload })
    at = start + length
  }
  return frames
}

/** Answers the other side's FIN with one of its own. */
export function polite(peer: Peer): Peer {
  peer.socket.on('end', () => peer.socket.end())
  return peer
}

/** A peer whose bytes after the head are frames. */
export interface RawEnd {
  readonly peer: Peer
  /** What came after the head. */
  body(): Buffer
  frames(): ReadFrame[]
  /** Settles when so many bytes have come after the head. */
  has(size: number): Promise<void>
}

/** Connects and upgrades by hand; the head of the answer is there when it settles. */
export async function upgradeByHand(
  t: TestContext,
  port: number,
  lines: Readonly<Record<string, string>> = {},
  { start = 'GET / HTTP/1.1', with: glued = Buffer.alloc(0) }: { start?: string; with?: Buffer } = {},
): Promise<RawEnd> {
  const peer = polite(await connectTo(t, port))
  peer.socket.write(Buffer.concat([Buffer.from(upgradeRequest(port, lines, start)), glued]))
  await peer.has('\r\n\r\n')
  const head = peer.received.indexOf('\r\n\r\n') + 4
  const body = () => peer.received.subarray(head)
  return { peer, body, frames: () => framesIn(body()), has: (size) => peer.has(head + size) }
}

/** The request of a client that came to a server made by hand. */
export interface Asked {
  readonly head: string
  readonly accept: string
}

/** A server made by hand: it is asked for an upgrade, and answers as the test says. */
export function answerByHand(t: TestContext, answer: (peer: Peer, asked: Asked) => void): Promise<number> {
  return listenHere(t, (peer) => {
    polite(peer)
    peer.has('\r\n\r\n').then(
      () => {
        const head = peer.text
        const [, asked = ''] = /^sec-websocket-key: (.*)\r$/im.exec(head) ?? []
        answer(peer, { head, accept: acceptOf(asked) })
      },
      () => {},
    )
  })
}

export function acceptOf(asked: string): string {
  return createHash('sha1').update(`${asked}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
}

/** The answer that makes a WebSocket of a connection, with lines in the place of the usual ones; '' leaves one out. */
export function grant(accept: string, lines: Readonly<Record<string, string>> = {}): string {
  const usual = { Upgrade: 'websocket', Connection: 'Upgrade', 'Sec-WebSocket-Accept': accept }
  const all = Object.entries({ ...usual, ...lines }).filter(([, value]) => value !== '')
  return `${['HTTP/1.1 101 Switching Protocols', ...all.map(([name, value]) => `${name}: ${value}`)].join('\r\n')}\r\n\r\n`
}

/** An event in a few words, for comparing what happened in order. */
export function inWords(event: Event): string {
  switch (event.kind) {
    case 'opened':
    case 'closed':
      return `${event.kind} ${event.transport}`
    case 'request':
    case 'bytes':
      return `${event.kind} ${event.direction}`
    case 'response':
      return `${event.kind} ${event.direction} ${event.status}`
    case 'frame':
      return `${event.kind} ${event.direction} ${event.opcode}`
    case 'message':
      return `${event.kind} ${event.direction} ${event.type}`
    case 'ended':
      return `${event.kind} ${event.by}`
    default:
      return event.kind
  }
}
