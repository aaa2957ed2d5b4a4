/** Load for an echo server: frames made and masked once, sent from a ring; what comes back is counted in bytes. */
import { randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { constants, deflateRawSync } from 'node:zlib'
import { encodeFrameHeader, lengthFormOf } from '../../src/wire/frame.ts'
import { applyMask } from '../../src/wire/mask.ts'
import { pause } from './processes.ts'

export interface Load {
  readonly payload: number
  /** Messages that are under way on each connection. */
  readonly depth: number
  readonly connections: number
  readonly text?: boolean
  readonly deflate?: boolean
}

const offer =
  'Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover; server_no_context_takeover\r\n'

/** Bytes that look like small JSON. */
function samplePayload(size: number): Buffer {
  let text = ''
  for (let line = 0; text.length < size; line += 1)
    text += `{"from":"bench","text":"hello there","n":${line % 997}}`
  return Buffer.from(text.slice(0, size))
}

interface Ring {
  readonly bytes: Buffer
  readonly frameSize: number
}

function createRing({ payload, text = false, deflate = false }: Load): Ring {
  const plain = samplePayload(payload)
  const options = { finishFlush: constants.Z_SYNC_FLUSH }
  const body = deflate ? deflateRawSync(plain, options).subarray(0, -4) : plain
  const frames = Array.from(
    { length: Math.max(1, Math.min(2_048, Math.floor(2 ** 18 / body.length))) },
    () => {
      const mask = randomBytes(4)
      const header = encodeFrameHeader({
        fin: true,
        rsv1: deflate,
        rsv2: false,
        rsv3: false,
        opcode: text ? 1 : 2,
        length: body.length,
        lengthForm: lengthFormOf(body.length),
        mask,
      })
      const masked = Buffer.from(body)
      applyMask(masked, 0, masked.length, mask, 0)
      return Buffer.concat([header, masked])
    },
  )
  return { bytes: Buffer.concat(frames), frameSize: frames[0]?.length ?? 0 }
}

/** One connection that keeps so many messages under way. */
class Pump {
  messages = 0
  readonly #socket: Socket
  readonly #ring: Ring
  readonly #depth: number
  /** The size of an echo; it is learnt from the first one. */
  #echoSize = 0
  #received = 0
  #sent = 0
  #offset = 0

  constructor(socket: Socket, ring: Ring, depth: number) {
    this.#socket = socket
    this.#ring = ring
    this.#depth = depth
  }

  send(): void {
    const { bytes, frameSize } = this.#ring
    let left = (this.messages + this.#depth - this.#sent) * frameSize
    this.#sent = this.messages + this.#depth
    while (left > 0) {
      const size = Math.min(left, bytes.length - this.#offset)
      this.#socket.write(bytes.subarray(this.#offset, this.#offset + size))
      this.#offset = (this.#offset + size) % bytes.length
      left -= size
    }
  }

  take(chunk: Uint8Array): void {
    if (this.#echoSize === 0) this.#echoSize = echoSize(chunk)
    this.#received += chunk.length
    this.messages = Math.floor(this.#received / this.#echoSize)
    // Half of them at a time: an echo server that gathers and one that does not are fed alike.
    if (this.#sent - this.messages <= this.#depth / 2) this.send()
  }
}

/** The size of the frame that the bytes begin with. */
function echoSize(chunk: Uint8Array): number {
  const bytes = Buffer.from(chunk)
  const second = bytes[1] ?? 0
  const [short, masked] = [second & 0x7f, second & 0x80 ? 4 : 0]
  if (short < 126) return 2 + masked + short
  return short === 126 ? 4 + masked + bytes.readUInt16BE(2) : 10 + masked + bytes.readUInt32BE(6)
}

function open(
  port: number,
  ring: Ring,
  { depth, deflate = false }: Load,
  readSize = 2 ** 18,
): Promise<{ socket: Socket; pump: Pump }> {
  return new Promise((resolve, reject) => {
    let head = ''
    let pump: Pump | undefined
    const take = (chunk: Uint8Array): void => {
      if (pump !== undefined) {
        pump.take(chunk)
        return
      }
      head += Buffer.from(chunk).toString('latin1')
      if (!head.includes('\r\n\r\n')) return
      pump = new Pump(socket, ring, depth)
      resolve({ socket, pump })
    }
    const buffer = Buffer.allocUnsafeSlow(readSize)
    const callback = (size: number): boolean => {
      take(buffer.subarray(0, size))
      return true
    }
    const socket = connect({ port, host: '127.0.0.1', noDelay: true, onread: { buffer, callback } })
    socket.on('error', reject)
    socket.write(
      `GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\nSec-WebSocket-Version: 13\r\n` +
        `${deflate ? offer : ''}\r\n`,
    )
  })
}

/** So many are opened at a time: more would wait for accept longer than they may. */
const atOnce = 100

/** Connections that are upgraded, and say nothing from then on. */
export async function openAll(port: number, connections: number): Promise<readonly Socket[]> {
  const quiet: Load = { payload: 1, depth: 0, connections }
  const ring = createRing(quiet)
  const sockets: Socket[] = []
  while (sockets.length < connections) {
    const count = Math.min(atOnce, connections - sockets.length)
    const opened = await Promise.all(Array.from({ length: count }, () => open(port, ring, quiet, 4_096)))
    sockets.push(...opened.map(({ socket }) => socket))
  }
  return sockets
}

/** How many messages a second came back. */
export async function measure(port: number, load: Load, seconds: number): Promise<number> {
  const ring = createRing(load)
  const opening = Array.from({ length: load.connections }, () => open(port, ring, load))
  const pumps = await Promise.all(opening)
  const count = (): number => pumps.reduce((sum, { pump }) => sum + pump.messages, 0)
  for (const { pump } of pumps) pump.send()
  await pause(500)
  const [before, startedAt] = [count(), performance.now()]
  await pause(seconds * 1_000)
  const rate = ((count() - before) * 1_000) / (performance.now() - startedAt)
  for (const { socket } of pumps) socket.destroy()
  return rate
}
