import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { Arena } from '../../src/wire/arena.ts'
import type { Compression } from '../../src/wire/extension.ts'
import type { Role } from '../../src/wire/frame.ts'
import type { FrameOutput, MessageOutput, Output, Wanted } from '../../src/wire/output.ts'
import { WebSocketMachine, type WebSocketOptions } from '../../src/wire/websocket.ts'

export const roles: readonly Role[] = ['server', 'client']

export const nothing: Wanted = {
  sentFrames: false,
  receivedFrames: false,
  sentMessages: false,
  receivedMessages: false,
}

export const everything: Wanted = {
  sentFrames: true,
  receivedFrames: true,
  sentMessages: true,
  receivedMessages: true,
}

export const messagesOnly: Wanted = { ...nothing, receivedMessages: true }

export const compression: Compression = {
  serverNoContextTakeover: false,
  clientNoContextTakeover: false,
  serverMaxWindowBits: 15,
  clientMaxWindowBits: 15,
}

const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const
type FrameName = keyof typeof opcodes

interface FrameDetails {
  readonly fin?: boolean
  /** RSV1 to RSV3, as bits 4, 2 and 1. */
  readonly rsv?: number
  readonly masked?: boolean
  readonly key?: readonly number[]
}

/** A frame that the peer of `role` sends; written apart from the code under test. */
export function frameTo(
  role: Role,
  name: FrameName | number,
  payload: Uint8Array | string = '',
  { fin = true, rsv = 0, masked = role === 'server', key = [0x37, 0xfa, 0x21, 0x3d] }: FrameDetails = {},
): Buffer {
  const body = Buffer.from(payload)
  const opcode = typeof name === 'number' ? name : opcodes[name]
  const first = Buffer.of((fin ? 0x80 : 0) | (rsv << 4) | opcode)
  const bit = masked ? 0x80 : 0
  let size = Buffer.of(bit | body.length)
  if (body.length > 65_535) {
    size = Buffer.alloc(9, bit | 127)
    size.writeBigUInt64BE(BigInt(body.length), 1)
  } else if (body.length > 125) size = Buffer.of(bit | 126, body.length >> 8, body.length & 0xff)
  if (!masked) return Buffer.concat([first, size, body])
  for (let at = 0; at < body.length; at += 1) body[at] = (body[at] ?? 0) ^ (key[at % 4] ?? 0)
  return Buffer.concat([first, size, Buffer.from(key), body])
}

/** The payload of a close frame. */
export function closing(code: number, reason: Uint8Array | string = ''): Buffer {
  return Buffer.concat([Buffer.of(code >> 8, code & 0xff), Buffer.from(reason)])
}

export interface WrittenFrame {
  readonly first: number
  readonly mask: string | undefined
  readonly payload: Buffer
}

/** The frames that were written; read apart from the code under test, which must have used the shortest lengths. */
export function framesOf(wire: Buffer): WrittenFrame[] {
  const frames: WrittenFrame[] = []
  let at = 0
  while (at < wire.length) {
    const [first, second] = [wire.readUInt8(at), wire.readUInt8(at + 1)]
    at += 2
    let length = second & 0x7f
    if (length === 126) {
      length = wire.readUInt16BE(at)
      assert.ok(length > 125)
      at += 2
    } else if (length === 127) {
      length = Number(wire.readBigUInt64BE(at))
      assert.ok(length > 65_535)
      at += 8
    }
    const key = second > 127 ? wire.subarray(at, at + 4) : undefined
    at += key === undefined ? 0 : 4
    assert.ok(at + length <= wire.length, 'a frame is cut')
    const payload = Buffer.from(wire.subarray(at, at + length))
    if (key !== undefined)
      for (let lane = 0; lane < length; lane += 1) payload[lane] = (payload[lane] ?? 0) ^ (key[lane & 3] ?? 0)
    frames.push({ first, mask: key?.toString('hex'), payload })
    at += length
  }
  return frames
}

const names = new Map<number, string>(Object.entries(opcodes).map(([name, opcode]) => [opcode, name]))

function briefly(payload: Uint8Array): string {
  if (payload.length > 150) return `${payload.length} bytes ${digest(payload)}`
  return Buffer.from(payload).toString('latin1')
}

export function digest(payload: Uint8Array): string {
  return createHash('sha1').update(payload).digest('hex').slice(0, 12)
}

/** `text Hello`, `close 1002`, `+binary` where more is to come, `text (rsv 4)` where a reserved bit is set. */
function inWords({ first, payload }: WrittenFrame): string {
  const name = names.get(first & 0x0f) ?? `opcode ${first & 0x0f}`
  const rsv = (first >> 4) & 7
  const head = `${first < 0x80 ? '+' : ''}${name}${rsv === 0 ? '' : ` (rsv ${rsv})`}`
  if (payload.length === 0) return head
  // The reason of a failure is told beside it; here only the code counts.
  return `${head} ${name === 'close' && payload.length > 1 ? payload.readUInt16BE(0) : briefly(payload)}`
}

export type Told = Record<string, unknown>

/** A machine, what it was made to write and what it told; memory that was lent is spoiled at once and lent again. */
export class Harness {
  readonly role: Role
  readonly machine: WebSocketMachine
  readonly arena: Arena
  readonly told: Told[] = []
  /** The kinds of the outputs, in their order. */
  kinds: string[] = []
  ended = false
  readonly #wire: Buffer[] = []
  #reads = 0
  #masks = 0

  constructor(role: Role, more: Partial<WebSocketOptions> = {}) {
    this.role = role
    this.arena = more.arena ?? new Arena()
    this.machine = new WebSocketMachine({
      role,
      compression: undefined,
      maxPayload: 16 * 2 ** 20,
      maxFragments: 131_072,
      echo: true,
      lax: false,
      wanted: nothing,
      arena: this.arena,
      nextMask: (into) => {
        this.#masks += 1
        into.set([0xa0, this.#masks >> 16, this.#masks >> 8, this.#masks])
      },
      ...more,
    })
  }

  receive(...chunks: readonly Uint8Array[]): this {
    for (const chunk of chunks) {
      const lent = Buffer.from(chunk)
      this.#reads += 1
      this.take(this.machine.receive(lent, this.#reads))
      lent.fill(0xdd)
    }
    return this
  }

  take(outputs: readonly Output[]): this {
    for (const output of outputs) this.#note(output)
    for (const output of outputs) {
      if (output.kind !== 'write') continue
      output.memory.fill(0xdd, 0, Math.min(output.memory.length, 4_096))
      this.arena.give(output.memory)
    }
    return this
  }

  get wire(): Buffer {
    return Buffer.concat(this.#wire)
  }

  /** What was written, in words; only a client masks. */
  get frames(): string[] {
    return this.written.map(inWords)
  }

  get written(): WrittenFrame[] {
    const frames = framesOf(this.wire)
    for (const { mask } of frames) assert.equal(mask !== undefined, this.role === 'client')
    return frames
  }

  /** Writes what was not yet fetched. */
  fetch(): Buffer {
    const wire = this.wire
    this.#wire.length = 0
    return wire
  }

  /** The codes of the violations and limits. */
  get faults(): unknown[] {
    return this.told
      .filter(({ kind }) => kind === 'violation' || kind === 'limit')
      .map(({ code, what }) => code ?? what)
  }

  /** The messages that were received: `text Hello`. */
  get messages(): string[] {
    return this.told
      .filter(({ kind, direction }) => kind === 'message' && direction === 'received')
      .map(({ type, payload }) => `${type} ${payload}`)
  }

  #note(output: Output): void {
    assert.ok(!this.ended, 'nothing comes after the end')
    this.kinds.push(output.kind)
    if (output.kind === 'write') {
      assert.ok(output.bytes.length > 0)
      this.#wire.push(Buffer.from(output.bytes))
    } else if (output.kind === 'end') this.ended = true
    else this.told.push(plain(output))
  }
}

type Payload = FrameOutput | MessageOutput

/** Without what depends on how TCP chopped it. */
function plain(output: Exclude<Output, { kind: 'write' } | { kind: 'end' }>): Told {
  if (!('payload' in output)) return { ...output }
  const { firstRead, lastRead, ...rest } = { firstRead: 0, lastRead: 0, ...(output as Payload) }
  return { ...rest, payload: briefly(output.payload) }
}

export function byteByByte(bytes: Uint8Array): Uint8Array[] {
  return inPieces(bytes, 1)
}

export function inPieces(bytes: Uint8Array, size: number): Uint8Array[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
    bytes.subarray(index * size, (index + 1) * size),
  )
}

/** Carries what two machines write to each other until both are silent. */
export function converse(a: Harness, b: Harness, pieceSize = 2 ** 18): void {
  for (;;) {
    const [fromA, fromB] = [a.fetch(), b.fetch()]
    if (fromA.length + fromB.length === 0) return
    b.receive(...inPieces(fromA, pieceSize))
    a.receive(...inPieces(fromB, pieceSize))
  }
}

/** Bytes that look like nothing in particular. */
export function noise(size: number, seed = 1): Buffer {
  const bytes = Buffer.alloc(size)
  let state = seed
  for (let at = 0; at < size; at += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    bytes[at] = state >>> 24
  }
  return bytes
}
