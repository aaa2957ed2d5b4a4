/** What comes of frames, read from all of their bytes at once and as plainly as it can be said (RFC 6455 §5). */
import type { Role } from '../../src/wire/frame.ts'
import { inflated } from './inflate-reference.ts'
import { readUtf8 } from './utf8-reference.ts'

export interface Rules {
  readonly role: Role
  readonly compression: boolean
  readonly maxPayload: number
  readonly maxFragments: number
}

/** Codes and payloads are latin1. */
export interface Outcome {
  /** `text Hello`, `pong x`, `failed 1002`, `closed 1000` */
  readonly told: string[]
  /** What has to be answered: the opcode and the payload; of a close frame the code alone. */
  readonly answers: [opcode: number, payload: string][]
  /** The first byte of each frame that was read whole, and its payload. */
  readonly frames: [first: number, payload: string][]
  /** Bytes after which nothing more is looked at; undefined where more may come. */
  readonly endsAt: number | undefined
  /** What is too large is corrupt, too, further on: zlib, which reads ahead, may have met with that. */
  readonly isCorruptFurtherOn: boolean
}

/** Nothing more is looked at. */
class Over extends Error {
  readonly closeCode: number
  readonly at: number

  constructor(closeCode: number, at: number) {
    super()
    this.closeCode = closeCode
    this.at = at
  }
}

interface Header {
  readonly first: number
  readonly opcode: number
  readonly fin: boolean
  readonly length: number
  readonly key: Uint8Array | undefined
  /** Where the payload begins. */
  readonly bodyAt: number
}

export function outcomeOf(bytes: Buffer, rules: Rules): Outcome {
  const reading = new Reading(bytes, rules)
  let endsAt: number | undefined
  try {
    while (reading.takeFrame());
  } catch (error) {
    if (!(error instanceof Over)) throw error
    endsAt = error.at
    if (error.closeCode > 0) {
      reading.told.push(`failed ${error.closeCode}`)
      reading.answers.push([8, String(error.closeCode)])
    }
  }
  const { told, answers, frames, isCorruptFurtherOn } = reading
  return { told, answers, frames, endsAt, isCorruptFurtherOn }
}

class Reading {
  readonly told: string[] = []
  readonly answers: [number, string][] = []
  readonly frames: [number, string][] = []
  isCorruptFurtherOn = false
  readonly #bytes: Buffer
  readonly #rules: Rules
  #at = 0
  /** The message that has begun: the first byte of its first frame, what has come of it, in how many frames. */
  #first: number | undefined
  #message = Buffer.alloc(0)
  #fragments = 0
  /** What compressed messages may refer to. */
  #before = Buffer.alloc(0)

  constructor(bytes: Buffer, rules: Rules) {
    this.#bytes = bytes
    this.#rules = rules
  }

  /** Whether there was a whole frame, and nothing is wrong with it. */
  takeFrame(): boolean {
    const header = this.#header()
    if (header === undefined) return false
    const { first, opcode, length, key, bodyAt } = header
    const body = Buffer.from(this.#bytes.subarray(bodyAt, bodyAt + length))
    if (key !== undefined) for (const [at, byte] of body.entries()) body[at] = byte ^ (key[at % 4] ?? 0)
    const isWhole = body.length === length
    this.#at = bodyAt + body.length
    if (isWhole) this.frames.push([first, body.toString('latin1')])
    if (opcode < 8) this.#takeData(header, body, isWhole)
    else if (isWhole) this.#takeControl(opcode, body)
    return isWhole
  }

  #header(): Header | undefined {
    const { role, maxFragments } = this.#rules
    const [bytes, at] = [this.#bytes, this.#at]
    const [first, second] = [bytes[at], bytes[at + 1]]
    if (first === undefined) return undefined
    const opcode = first & 15
    const fin = first > 127
    if (!this.#mayBegin(first)) throw new Over(1002, at + 1)
    if (second === undefined) return undefined
    const isMasked = second > 127
    const short = second & 127
    if (isMasked !== (role === 'server') || (opcode > 7 && short > 125)) throw new Over(1002, at + 2)
    const keyAt = at + (short < 126 ? 2 : short === 126 ? 4 : 10)
    const bodyAt = keyAt + (isMasked ? 4 : 0)
    if (bytes.length < bodyAt) return undefined
    let length = BigInt(short)
    if (short > 125) length = BigInt(`0x${bytes.toString('hex', at + 2, keyAt)}`)
    const isShortest = short < 126 || length > (short === 126 ? 125n : 65_535n)
    if (!isShortest || length >= 2n ** 63n) throw new Over(1002, bodyAt)
    if (opcode < 8) {
      if (this.#message.length + Number(length) > this.#mostBytes(first)) throw new Over(1009, bodyAt)
      if (this.#fragments + 1 > maxFragments) throw new Over(1008, bodyAt)
    }
    const key = isMasked ? bytes.subarray(keyAt, bodyAt) : undefined
    return { first, opcode, fin, length: Number(length), key, bodyAt }
  }

  #mayBegin(first: number): boolean {
    const [reserved, opcode] = [first & 0x70, first & 15]
    const mayBeCompressed = this.#rules.compression && (opcode === 1 || opcode === 2)
    if (reserved !== 0 && !(reserved === 0x40 && mayBeCompressed)) return false
    if (opcode > 7) return opcode < 11 && first > 127
    return opcode < 3 && (opcode === 0) === (this.#first !== undefined)
  }

  /** What is compressed may be a little longer than what it stands for. */
  #mostBytes(first: number): number {
    const { maxPayload } = this.#rules
    return ((this.#first ?? first) & 0x40) === 0 ? maxPayload : maxPayload * 1.001 + 1_024
  }

  #takeData({ first, fin, bodyAt }: Header, body: Buffer, isWhole: boolean): void {
    const began = this.#first ?? first
    const size = this.#message.length
    this.#first = began
    this.#fragments += 1
    this.#message = Buffer.concat([this.#message, body])
    const isCompressed = (began & 0x40) !== 0
    const isText = (began & 15) === 1
    if (isText && !isCompressed) {
      const { impossible, cut } = readUtf8(this.#message)
      if (impossible >= 0) throw new Over(1007, bodyAt + impossible - size + 1)
      if (isWhole && fin && cut > 0) throw new Over(1007, this.#at)
    }
    if (!isWhole || !fin) return
    const message = isCompressed ? this.#inflated() : this.#message
    if (isText && isCompressed && !isText8(message)) throw new Over(1007, this.#at)
    this.told.push(`${isText ? 'text' : 'binary'} ${message.toString('latin1')} in ${this.#fragments}`)
    this.answers.push([began & 15, message.toString('latin1')])
    this.#first = undefined
    this.#message = Buffer.alloc(0)
    this.#fragments = 0
  }

  #inflated(): Buffer {
    const { maxPayload } = this.#rules
    const { bytes, isCorrupt } = inflated(this.#message, this.#before, maxPayload)
    if (bytes.length > maxPayload) {
      this.isCorruptFurtherOn = inflated(this.#message, this.#before, maxPayload + 2 ** 17).isCorrupt
      throw new Over(1009, this.#at)
    }
    if (isCorrupt) throw new Over(1007, this.#at)
    this.#before = Buffer.concat([this.#before, bytes])
    return Buffer.from(bytes)
  }

  #takeControl(opcode: number, body: Buffer): void {
    if (opcode === 9) this.answers.push([10, body.toString('latin1')])
    if (opcode === 10) this.told.push(`pong ${body.toString('latin1')}`)
    if (opcode !== 8) return
    const code = body.length === 0 ? 1005 : body.length === 1 ? 0 : body.readUInt16BE()
    if (body.length > 0 && !mayTravel(code)) throw new Over(1002, this.#at)
    if (!isText8(body.subarray(2))) throw new Over(1007, this.#at)
    this.told.push(`closed ${code}`)
    this.answers.push([8, code === 1005 ? '' : String(code)])
    throw new Over(0, this.#at)
  }
}

function isText8(bytes: Uint8Array): boolean {
  const { impossible, cut } = readUtf8(bytes)
  return impossible < 0 && cut === 0
}

/** Whether a close frame may carry the code (RFC 6455 §7.4, and the registry). */
export function mayTravel(code: number): boolean {
  if (code >= 3000) return code < 5000
  return code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code)
}
