/** A WebSocket of either role: whatever comes in whatever pieces, what it tells and writes is what the RFC has. */
import { isUtf8 } from 'node:buffer'
import { Arena } from '../../src/wire/arena.ts'
import type { Role } from '../../src/wire/frame.ts'
import type { Output } from '../../src/wire/output.ts'
import { WebSocketMachine } from '../../src/wire/websocket.ts'
import {
  closing,
  compression,
  everything,
  framesOf,
  frameTo,
  messagesOnly,
  nothing,
  type WrittenFrame,
} from '../wire/machine.ts'
import { inflated } from './inflate-reference.ts'
import { payloads } from './payloads.ts'
import { byteByByte, changed, inAnyPieces, type Source, sourceOf } from './source.ts'
import { must, mustEqual, type Target } from './target.ts'
import { type Outcome, outcomeOf, type Rules } from './web-socket-reference.ts'

interface Setup extends Rules {
  readonly echo: boolean
  readonly lax: boolean
  /** A close frame of ours has gone out before. */
  readonly isClosing: boolean
  readonly wanted: typeof everything
}

/** Shared, as it is among the connections of a server. */
const arena = new Arena()

function nextMask(into: Uint8Array): void {
  into.fill(0x5a)
}

/** What a machine has told and written so far. */
class Run {
  readonly machine: WebSocketMachine
  readonly told: string[] = []
  readonly frames: [first: number, payload: string][] = []
  readonly violations: string[] = []
  readonly #written: Buffer[] = []
  ended = false
  #taken = 0

  constructor(setup: Setup) {
    const { role, maxPayload, maxFragments, echo, lax, wanted } = setup
    const rules = { role, maxPayload, maxFragments, echo, lax, wanted }
    const agreed = setup.compression ? compression : undefined
    this.machine = new WebSocketMachine({ ...rules, compression: agreed, arena, nextMask })
  }

  /** Begins with a close frame of ours, where that is so. */
  begin({ isClosing }: Setup): this {
    if (isClosing) for (const output of this.machine.close(1000)) this.#note(output)
    return this
  }

  get written(): Buffer {
    return Buffer.concat(this.#written)
  }

  /** Takes one read, and spoils its memory, and what was lent. */
  take(piece: Uint8Array): void {
    const read = Buffer.from(piece)
    const wasOver = this.machine.isOver
    const outputs = this.machine.receive(read, 1)
    must(!wasOver || outputs.length === 0, 'something comes after the end')
    this.#taken += piece.length
    for (const output of outputs) this.#note(output)
    read.fill(0xdd)
    for (const output of outputs) {
      if (output.kind !== 'write') continue
      output.bytes.fill(0xdd)
      arena.give(output.memory)
    }
    must(this.machine.held <= this.#taken, `${this.machine.held} bytes are held of ${this.#taken}`)
  }

  #note(output: Output): void {
    must(!this.ended, 'something comes behind the end')
    if (output.kind === 'write') this.#written.push(Buffer.from(output.bytes))
    else if (output.kind === 'end') this.ended = true
    else if (output.kind === 'pong') this.told.push(`pong ${latin1(output.payload)}`)
    else if (output.kind === 'message') {
      if (output.direction === 'received')
        this.told.push(`${output.type} ${latin1(output.payload)} in ${output.frames}`)
    } else if (output.kind === 'violation') {
      this.violations.push(`${output.code} ${output.message} ${output.section}`)
      this.told.push(`failed ${output.closeCode}`)
    } else if (output.kind === 'limit') this.told.push(`failed ${output.what === 'fragments' ? 1008 : 1009}`)
    else if (output.kind === 'frame' && output.direction === 'received') {
      const { fin, rsv1, rsv2, rsv3, opcode, payload } = output
      const bits = [fin, rsv1, rsv2, rsv3].map((isSet) => (isSet ? 1 : 0)).join('')
      this.frames.push([(Number.parseInt(bits, 2) << 4) | opcode, latin1(payload)])
    }
  }
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
}

/** What was written, as the reference has it; what is compressed is shorter than it was. */
function answersOf(frames: readonly WrittenFrame[], setup: Setup): [opcode: number, payload: string][] {
  let before = Buffer.alloc(0)
  return frames.map(({ first, mask, payload }) => {
    must((mask !== undefined) === (setup.role === 'client'), 'only clients mask')
    const opcode = first & 15
    must(
      first === (0x80 | opcode) || (first === (0xc0 | opcode) && setup.compression && opcode < 8),
      'the first byte',
    )
    if (opcode === 8) {
      must(payload.length <= 125 && isUtf8(payload.subarray(2)), 'what a close frame of ours says')
      return [8, payload.length === 0 ? '' : String(payload.readUInt16BE())]
    }
    if (first < 0xc0) return [opcode, latin1(payload)]
    const { bytes, isCorrupt } = inflated(payload, before, 100_000)
    must(!isCorrupt && payload.length < bytes.length, 'compressed is shorter')
    before = Buffer.concat([before, bytes])
    return [opcode, latin1(bytes)]
  })
}

function judgeRun(run: Run, expected: Outcome, setup: Setup): void {
  const { receivedMessages, receivedFrames } = setup.wanted
  const told = expected.told.filter(
    (word) =>
      (receivedMessages || !/^(?:text|binary) /.test(word)) && (receivedFrames || !/^pong /.test(word)),
  )
  const answers = setup.isClosing
    ? [[8, '1000']]
    : expected.answers.filter(([opcode]) => setup.echo || opcode > 2)
  if (expected.isCorruptFurtherOn && run.told.at(-1) === 'failed 1007') {
    told.splice(-1, 1, 'failed 1007')
    if (!setup.isClosing) answers.splice(-1, 1, [8, '1007'])
  }
  const { receivedClose } = run.machine
  mustEqual(
    receivedClose === undefined ? run.told : [...run.told, `closed ${receivedClose.code}`],
    told,
    'told',
  )
  const written = framesOf(run.written)
  mustEqual(answersOf(written, setup), answers, 'answered')
  mustEqual(run.machine.isOver, expected.endsAt !== undefined, 'over')
  const isFailed = run.told.at(-1)?.startsWith('failed') === true
  mustEqual(run.ended, run.machine.isOver && (isFailed || setup.role === 'server'), 'TCP is ended')
  // RFC 6455 §5.5.1: the answer to a close frame is its code.
  const { length = 9 } = written.at(-1)?.payload ?? {}
  if (receivedClose !== undefined) must(length <= 2, 'more than the code of a close frame is sent back')
  if (setup.wanted.receivedFrames) judgeFrames(run, expected)
}

function judgeFrames(run: Run, expected: Outcome): void {
  // Text that is wrong may be told of as a frame or not: that depends on when the rest of it came.
  const isText = expected.told.at(-1) === 'failed 1007'
  const frames = isText ? run.frames.slice(0, expected.frames.length) : run.frames
  if (isText && frames.length < expected.frames.length)
    mustEqual(frames, expected.frames.slice(0, -1), 'frames')
  else mustEqual(frames, expected.frames, 'frames')
}

/** Fed byte by byte, it is over at the very byte that decides it. */
function judgeByBytes(input: Buffer, expected: Outcome, setup: Setup): void {
  const run = new Run(setup).begin(setup)
  let at = 0
  for (const byte of byteByByte(input)) {
    run.take(byte)
    at += 1
    if (run.machine.isOver !== (expected.endsAt !== undefined && at >= expected.endsAt))
      throw new Error(`after ${at} bytes, of ${expected.endsAt}, it is over: ${run.machine.isOver}`)
  }
  judgeRun(run, expected, setup)
}

function judge(bytes: Uint8Array): void {
  const input = Buffer.from(bytes)
  const source = sourceOf(bytes)
  const compression = source.once(3)
  const setup: Setup = {
    // Who is sent masked frames is a server, as a rule.
    role: (input[1] ?? 0) > 127 !== source.once(20) ? 'server' : 'client',
    compression,
    maxPayload: source.once(8) ? 70_000 : 300,
    maxFragments: source.once(2) ? 4 : 131_072,
    echo: !source.once(compression ? 2 : 8),
    lax: source.once(12),
    isClosing: source.once(10),
    wanted: source.pick([nothing, everything, messagesOnly]),
  }
  try {
    judgeIn(setup, input, source)
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : error}, in ${JSON.stringify(setup)}`, {
      cause: error,
    })
  }
}

function judgeIn(setup: Setup, input: Buffer, source: Source): void {
  const [whole, pieces] = [new Run(setup).begin(setup), new Run(setup).begin(setup)]
  whole.take(input)
  for (const piece of inAnyPieces(input, source)) pieces.take(piece)
  mustEqual(pieces.violations, whole.violations, 'violations in pieces')
  if (setup.lax) {
    mustEqual(
      [pieces.told, pieces.written.toString('hex')],
      [whole.told, whole.written.toString('hex')],
      'in pieces',
    )
    return
  }
  const expected = outcomeOf(input, setup)
  judgeRun(whole, expected, setup)
  judgeRun(pieces, expected, setup)
  if (source.once(8) && input.length < 1_000) judgeByBytes(input, expected, setup)
  whole.take(source.bytes(5))
}

const texts = ['', 'Hello', 'κόσμε', '😀', 'x'.repeat(124), 'x'.repeat(125), 'é'.repeat(63), 'y'.repeat(299)]
const reasons = ['', 'bye', 'é', 'x'.repeat(123)]
const codes = [1000, 1001, 1002, 1003, 1005, 1006, 1007, 1011, 1014, 1015, 2999, 3000, 4999, 5000]

/** A message in frames, with others between them. */
function message(role: Role, source: Source): Buffer[] {
  const isCompressed = source.once(5)
  const size = source.once(2_000) ? 65_536 : source.below(source.once(10) ? 310 : 60)
  const body = isCompressed
    ? source.pick(payloads)
    : Buffer.from(source.once(2) ? source.pick(texts) : source.bytes(size))
  const name = body.length > 0 && (isCompressed || source.once(3)) ? 'binary' : 'text'
  const cuts = source.once(3) ? source.some(5, () => source.below(body.length + 1)).sort((a, b) => a - b) : []
  return [...cuts, body.length].flatMap((end, index) => {
    const part = body.subarray(index === 0 ? 0 : cuts[index - 1], end)
    const fin = index === cuts.length
    const key = [...source.bytes(4)]
    const frame = frameTo(role, index > 0 ? 'continuation' : name, part, {
      ...{ fin, key, rsv: isCompressed && index === 0 ? 4 : 0 },
    })
    return fin || !source.once(4) ? [frame] : [frame, control(role, source)]
  })
}

function control(role: Role, source: Source): Buffer {
  const size = source.once(10) ? 125 : source.below(9)
  return frameTo(role, source.pick(['ping', 'pong']), source.bytes(size))
}

/** A length that does not stand in its shortest form. */
function longForm(role: Role, source: Source): Buffer {
  const [bit, key] = role === 'server' ? [0x80, source.bytes(4)] : [0, new Uint8Array()]
  const size = source.pick([0, 1, 125])
  const length = source.once(2)
    ? Buffer.of(bit | 126, 0, size)
    : Buffer.of(bit | 127, 0, 0, 0, 0, 0, 0, 0, size)
  return Buffer.concat([Buffer.of(source.pick([0x81, 0x82])), length, key, Buffer.alloc(size, 'a')])
}

function close(role: Role, source: Source): Buffer {
  const payload = source.once(6)
    ? Buffer.alloc(source.below(2))
    : closing(source.pick(codes), source.pick(reasons))
  return frameTo(role, 'close', payload)
}

const tokens = [
  ...['8180', '8100', '7e', 'fe', 'ff', '007e', '0080', 'ffff', '8000000000000000', '7fffffffffffffff'],
  ...['0000000000010000', '82fe007d', '827e007d', '827f000000000000ffff', '890101', '888003e8', '880203e8'],
  ...['c107f248cdc9c90700', 'c0', '80', 'f4908080', 'eda080', '0180', '8080', '8980', 'b9', '8382', 'c3a9'],
].map((hex) => Buffer.from(hex, 'hex'))

function make(source: Source): Uint8Array {
  const role = source.pick(['server', 'client'] as const)
  const parts = source.some(6, () => {
    if (source.once(4)) return [control(role, source)]
    if (source.once(40)) return [longForm(role, source)]
    return source.once(15) ? [close(role, source)] : message(role, source)
  })
  return changed(Buffer.concat(parts.flat()), source, tokens)
}

export const webSocket: Target = { name: 'websocket', make, judge }
