/** What hostile peers do: each is one function, bounded in bytes, in count and in time. */
import { createSocket } from 'node:dgram'
import { setImmediate, setTimeout } from 'node:timers/promises'
import { constants, deflateRawSync } from 'node:zlib'
import { frame, maskedFrame, upgradeRequest } from '../e2e/web-sockets.ts'
import { HostileSocket, type Went } from './hostile-socket.ts'

/** Comes to this port of this machine and does what is wrong there. */
export type HostilePeer = (port: number) => Promise<Went>

const mebibyte = 2 ** 20

/** How long it presses, milliseconds; and how long it waits for an answer that has to come. */
const pressMs = 400
const patienceMs = 20_000

const opcode = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9 } as const

/** The same piece so often. */
function* times(count: number, piece: Uint8Array): Generator<Uint8Array> {
  for (let index = 0; index < count; index += 1) yield piece
}

/** The same frame so often in one piece. */
function many(count: number, one: Buffer): Buffer {
  return Buffer.alloc(count * one.length, one)
}

async function webSocket(port: number, options?: { readonly compress: boolean }): Promise<HostileSocket> {
  return new HostileSocket(port).upgraded(port, options)
}

/** A client of an echo that never reads: what it has said is owed to it. */
function neverReads(messageSize: number, pieces: number): HostilePeer {
  const message = maskedFrame({ opcode: opcode.binary, payload: Buffer.alloc(messageSize, 'owed') })
  return async (port) => {
    const peer = await webSocket(port)
    peer.socket.pause()
    await peer.pour(times(pieces, message), pressMs)
    await peer.stay(pressMs)
    return peer.leave()
  }
}

/** Pings that nobody could answer as fast; with or without reading the pongs. */
function pings({ payload, bytes, reads }: { payload: number; bytes: number; reads: boolean }): HostilePeer {
  const one = maskedFrame({ opcode: opcode.ping, payload: Buffer.alloc(payload, 'ping') })
  const piece = many(Math.floor(65_536 / one.length), one)
  return async (port) => {
    const peer = await webSocket(port)
    if (!reads) peer.socket.pause()
    await peer.pour(times(Math.ceil(bytes / piece.length), piece), pressMs)
    await peer.stay(pressMs / 2)
    return peer.leave()
  }
}

/** A message in more frames than anybody may take, all of them empty. */
const emptyFragments: HostilePeer = async (port) => {
  const next = many(4_096, maskedFrame({ opcode: opcode.continuation, fin: false }))
  const peer = await webSocket(port)
  peer.socket.write(maskedFrame({ opcode: opcode.binary, fin: false }))
  await peer.pour(times(40, next), patienceMs)
  await peer.stay(patienceMs)
  return peer.leave()
}

/** A message that has almost all that it may, and never ends. */
const unfinished: HostilePeer = async (port) => {
  const size = 262_144
  const payload = Buffer.alloc(size, 'more')
  const peer = await webSocket(port)
  peer.socket.write(maskedFrame({ opcode: opcode.binary, payload, fin: false }))
  await peer.pour(times(59, maskedFrame({ opcode: opcode.continuation, payload, fin: false })), patienceMs)
  await peer.stay(pressMs)
  return peer.leave()
}

/** A request for an upgrade that never ends; it stays until it is turned out. */
const halfOpen: HostilePeer = async (port) => {
  const peer = await new HostileSocket(port).connected()
  const lines = Object.fromEntries(Array.from({ length: 15 }, (_, at) => [`X-Line-${at}`, 'x'.repeat(1_000)]))
  peer.socket.write(upgradeRequest(port, lines).slice(0, -2))
  await peer.stay(patienceMs)
  return peer.leave()
}

/** A MiB of zeros, compressed without a look at what went before: such pieces can follow each other. */
const mebibyteOfZeros = deflateRawSync(Buffer.alloc(mebibyte), { finishFlush: constants.Z_FULL_FLUSH })

/** So many MiB of zeros in a compressed message of so many frames. */
function zeros(size: number, frames: number): Buffer {
  const whole = many(size, mebibyteOfZeros).subarray(0, -4)
  const step = Math.ceil(whole.length / frames)
  const parts = Array.from({ length: frames }, (_, at) =>
    maskedFrame({
      opcode: at === 0 ? opcode.binary : opcode.continuation,
      rsv: at === 0 ? 4 : 0,
      fin: at === frames - 1,
      payload: whole.subarray(at * step, (at + 1) * step),
    }),
  )
  return Buffer.concat(parts)
}

/** Compressed messages of so many MiB of zeros, each in so many frames. */
function inflates(size: number, { frames = 1, messages = 1, forMs = patienceMs } = {}): HostilePeer {
  const message = many(messages, zeros(size, frames))
  return async (port) => {
    const peer = await webSocket(port, { compress: true })
    peer.socket.write(message)
    await peer.stay(forMs)
    return peer.leave()
  }
}

/** Clients that come at this rate, upgrade and go, each with a close frame. */
function comesAndGoes(perSecond: number, seconds: number): HostilePeer {
  const leaving = maskedFrame({ opcode: opcode.close })
  const visit = async (port: number): Promise<Went> => {
    const peer = await webSocket(port)
    peer.socket.write(leaving)
    await peer.stay(patienceMs)
    return peer.leave()
  }
  return async (port) => {
    const visits: Promise<Went>[] = []
    const startedAt = performance.now()
    while (visits.length < perSecond * seconds) {
      const due = Math.ceil(((performance.now() - startedAt) * perSecond) / 1_000)
      while (visits.length < Math.min(due, perSecond * seconds)) visits.push(visit(port))
      await setTimeout(5)
    }
    return together(await Promise.all(visits))
  }
}

/** What a connection has come to when it is reset. */
const states: readonly ((peer: HostileSocket, port: number) => Promise<unknown> | unknown)[] = [
  () => {},
  (peer) => peer.socket.write('GET / HT'),
  (peer, port) => peer.socket.write(upgradeRequest(port)),
  (peer, port) => peer.upgraded(port),
  (peer, port) => peer.socket.write(`${upgradeRequest(port)}\x82\xff`),
  async (peer, port) =>
    (await peer.upgraded(port)).socket.write(maskedFrame({ opcode: opcode.binary }).subarray(0, 3)),
  async (peer, port) =>
    (await peer.upgraded(port)).socket.write(
      maskedFrame({ opcode: opcode.text, payload: 'half', declared: 1_000_000 }),
    ),
  async (peer, port) =>
    (await peer.upgraded(port)).socket.write(maskedFrame({ opcode: opcode.text, payload: 'a', fin: false })),
  async (peer, port) =>
    (await peer.upgraded(port, { compress: true })).socket.write(zeros(10, 10).subarray(0, 5_000)),
  async (peer, port) => (await peer.upgraded(port, { compress: true })).socket.write(zeros(10, 10)),
  async (peer, port) => (await peer.upgraded(port)).socket.write(maskedFrame({ opcode: opcode.close })),
  async (peer, port) =>
    (await peer.upgraded(port)).socket.write(frame({ opcode: opcode.text, payload: 'unmasked' })),
  async (peer, port) => {
    await peer.upgraded(port)
    peer.socket.pause()
    await peer.pour(times(200, maskedFrame({ opcode: opcode.binary, payload: Buffer.alloc(65_536) })), 100)
  },
]

/** Connections that are reset in every state there is, one after the other. */
const resets: HostilePeer = async (port) => {
  const went: Went[] = []
  for (const come of states) {
    const peer = await new HostileSocket(port).connected()
    await come(peer, port)
    went.push(await peer.leave())
  }
  return together(went)
}

/** Somebody who takes a connection and says nothing. */
const sits: HostilePeer = async (port) => {
  const peer = await new HostileSocket(port).connected()
  await peer.stay(pressMs)
  return peer.leave()
}

/** A stream of one piece, over and over, to a service that answers it; what comes is read or not. */
function streams(piece: Buffer, { bytes, reads }: { bytes: number; reads: boolean }): HostilePeer {
  return async (port) => {
    const peer = await new HostileSocket(port).connected()
    if (!reads) peer.socket.pause()
    await peer.pour(times(Math.ceil(bytes / piece.length), piece), pressMs)
    await peer.stay(pressMs)
    return peer.leave()
  }
}

/** Datagrams from one port as fast as they are taken, each another one; what comes back is read. */
function floods({ size, most }: { size: number; most: number }): HostilePeer {
  return async (port) => {
    const socket = createSocket('udp4')
    socket.on('error', () => {})
    await new Promise<void>((resolve) => socket.connect(port, '127.0.0.1', resolve))
    const deadline = performance.now() + pressMs
    let sent = 0
    while (sent < most && performance.now() < deadline) {
      const payload = Buffer.alloc(size, `${sent} of ${most} from ${socket.address().port} `)
      await new Promise((resolve) => socket.send(payload, resolve))
      sent += size
      await setImmediate()
    }
    socket.close()
    return { sent, end: 'left' }
  }
}

/** Several connections of one peer as one: bytes together, and the end that all had, else `several`. */
function together(went: readonly Went[]): Went {
  const ends = new Set(went.map(({ end }) => end))
  const [end = 'left'] = ends.size > 1 ? ['several'] : ends
  return { sent: went.reduce((sum, { sent }) => sum + sent, 0), end }
}

export const hostilePeers = {
  'never reads': neverReads(65_536, 2_400),
  'never reads long messages': neverReads(15 * mebibyte, 10),
  'pings and never reads': pings({ payload: 125, bytes: 16 * mebibyte, reads: false }),
  'empty pings': pings({ payload: 0, bytes: 4 * mebibyte, reads: true }),
  'empty fragments': emptyFragments,
  'an unfinished message': unfinished,
  'a half-open handshake': halfOpen,
  'an inflate bomb': inflates(100),
  'an inflate bomb in fragments': inflates(100, { frames: 100 }),
  'inflates to the limit': inflates(16, { forMs: 3 * pressMs }),
  'inflates to the limit again': inflates(16, { messages: 2, forMs: 3 * pressMs }),
  '1,000 connects a second': comesAndGoes(1_000, 1),
  'resets in every state': resets,
  'sits on a connection': sits,
  'a stream that is never read': streams(Buffer.alloc(65_536), { bytes: 150 * mebibyte, reads: false }),
  'small datagrams': floods({ size: 32, most: mebibyte }),
  'large datagrams': floods({ size: 60_000, most: 60 * mebibyte }),
  'lines without end': streams(Buffer.alloc(65_536, '\n'), { bytes: 4 * mebibyte, reads: false }),
} as const satisfies Record<string, HostilePeer>

export type HostileName = keyof typeof hostilePeers
