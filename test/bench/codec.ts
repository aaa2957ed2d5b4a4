/**
 * `node codec.js WHO WHAT BYTES`: nanoseconds that reading, writing, both or unmasking one frame takes, without any socket.
 * What is read stands in chunks of 64 KiB, as reads would bring it.
 */
import * as npmWs from 'ws'
import { Arena } from '../../src/wire/arena.ts'
import { slabSize } from '../../src/wire/frame-writer.ts'
import { applyMask } from '../../src/wire/mask.ts'
import { claimSimd } from '../../src/wire/simd.ts'
import { WebSocketMachine } from '../../src/wire/websocket.ts'
import { frameTo, nothing } from '../wire/machine.ts'

const chunkSize = 65_536
const runMs = 600

/** What `ws` exports and its types do not know. */
interface WsReceiver {
  on(event: 'message', listener: (data: Uint8Array) => void): void
  write(chunk: Uint8Array): boolean
  once(event: 'drain', listener: () => void): void
}
interface WsCodec {
  readonly Receiver: new (options: object) => WsReceiver
  readonly Sender: new (
    socket: object,
    extensions: object,
  ) => { send(payload: Uint8Array, options: object): void }
}

function isCodec(module: object): module is WsCodec {
  return 'Receiver' in module && 'Sender' in module
}

/** Does something so many times; settles when it is done. */
type Work = () => Promise<number> | number

/** Memory as a server has it: masking is fast there. */
function claim(size: number): Buffer {
  return claimSimd(size) ?? Buffer.allocUnsafeSlow(size)
}

function machine(echo = false): { readonly machine: WebSocketMachine; readonly arena: Arena } {
  const arena = new Arena()
  arena.give(claim(slabSize))
  const options = { maxPayload: 2 ** 26, maxFragments: 2 ** 17, lax: false, nextMask: () => {} }
  const shared = { role: 'server', compression: undefined, echo, wanted: nothing, arena } as const
  return { machine: new WebSocketMachine({ ...options, ...shared }), arena }
}

/** Whole frames, in chunks that cut them where they fall. */
function chunksOf(size: number): { readonly chunks: readonly Buffer[]; readonly frames: number } {
  const frame = frameTo('server', 'binary', Buffer.alloc(size, 'x'))
  const frames = Math.ceil(2 ** 22 / frame.length)
  const bytes = Buffer.concat(Array.from({ length: frames }, () => frame))
  const chunks = Array.from({ length: Math.ceil(bytes.length / chunkSize) }, (_, index) =>
    bytes.subarray(index * chunkSize, (index + 1) * chunkSize),
  )
  return { chunks, frames }
}

function readOurs(size: number): Work {
  const { chunks, frames } = chunksOf(size)
  const { machine: reader } = machine()
  const buffer = claim(chunkSize)
  return () => {
    for (const chunk of chunks) {
      // The copy stands for the read, into the one buffer that all reads share.
      chunk.copy(buffer)
      reader.receive(buffer.subarray(0, chunk.length), 1)
    }
    return frames
  }
}

function readTheirs(size: number): Work {
  return readWith(wsCodec().Receiver, size, () => {})
}

function readWith(Receiver: WsCodec['Receiver'], size: number, take: (data: Uint8Array) => void): Work {
  const { chunks, frames } = chunksOf(size)
  const receiver = new Receiver({ isServer: true, maxPayload: 2 ** 26, allowSynchronousEvents: true })
  receiver.on('message', take)
  return async () => {
    for (const chunk of chunks) {
      // A chunk of its own for each read, as node:net brings it.
      const read = Buffer.from(chunk)
      if (!receiver.write(read)) await new Promise<void>((resolve) => receiver.once('drain', resolve))
    }
    return frames
  }
}

/** Reads frames and writes each back, all of one read in one write. */
function echoOurs(size: number): Work {
  const { chunks, frames } = chunksOf(size)
  const { machine: echo, arena } = machine(true)
  const buffer = claim(chunkSize)
  return () => {
    for (const chunk of chunks) {
      chunk.copy(buffer)
      for (const output of echo.receive(buffer.subarray(0, chunk.length), 1)) {
        if (output.kind === 'write') arena.give(output.memory)
      }
    }
    return frames
  }
}

function echoTheirs(size: number): Work {
  const { Receiver, Sender } = wsCodec()
  const sender = new Sender({ cork() {}, uncork() {}, write: () => true }, {})
  return readWith(Receiver, size, (data) => sender.send(data, sendOptions))
}

const batch = 1_000
const sendOptions = { fin: true, mask: false, compress: false, binary: true }

function wsCodec(): WsCodec {
  if (!isCodec(npmWs)) throw new Error('ws exports no Receiver and no Sender')
  return npmWs
}

function writeOurs(size: number): Work {
  const { machine: writer, arena } = machine()
  const payload = Buffer.alloc(size, 'x')
  return () => {
    for (let index = 0; index < batch; index += 1) {
      for (const output of writer.send('binary', payload))
        if (output.kind === 'write') arena.give(output.memory)
    }
    return batch
  }
}

/** It hands the payload on as it is, behind a header: nothing is copied, and there are two buffers to be written. */
function writeTheirs(size: number): Work {
  const sender = new (wsCodec().Sender)({ cork() {}, uncork() {}, write: () => true }, {})
  const payload = Buffer.alloc(size, 'x')
  return () => {
    for (let index = 0; index < batch; index += 1) sender.send(payload, sendOptions)
    return batch
  }
}

const key = Uint8Array.of(0x37, 0xfa, 0x21, 0x3d)

function unmaskOurs(size: number): Work {
  const payload = claim(size).fill('x')
  return () => {
    for (let index = 0; index < batch; index += 1) applyMask(payload, 0, size, key, 0)
    return batch
  }
}

/** Byte by byte, as it stands in the RFC (§5.3) and in ws without its add-on. */
function unmaskTheirs(size: number): Work {
  const payload = Buffer.alloc(size, 'x')
  return () => {
    for (let index = 0; index < batch; index += 1) {
      for (let at = 0; at < size; at += 1) payload[at] = (payload[at] ?? 0) ^ (key[at & 3] ?? 0)
    }
    return batch
  }
}

async function nanoseconds(work: Work, ms: number): Promise<number> {
  let done = 0
  const startedAt = performance.now()
  while (performance.now() - startedAt < ms) done += await work()
  return ((performance.now() - startedAt) * 1e6) / done
}

const works: Readonly<Record<string, (size: number) => Work>> = {
  'sockpit echo': echoOurs,
  'ws echo': echoTheirs,
  'sockpit read': readOurs,
  'ws read': readTheirs,
  'sockpit write': writeOurs,
  'ws write': writeTheirs,
  'sockpit unmask': unmaskOurs,
  'ws unmask': unmaskTheirs,
}

const [who, what, size] = process.argv.slice(2)
const work = works[`${who} ${what}`]?.(Number(size))
if (work === undefined) throw new Error(`nothing to measure: ${who} ${what}`)
await nanoseconds(work, runMs / 2)
console.log(await nanoseconds(work, runMs))
