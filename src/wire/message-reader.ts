import { isUtf8 } from 'node:buffer'
import type { Arena } from './arena.ts'
import { type DeflateContext, Inflater, mostCompressed } from './deflate.ts'
import {
  checkFrame,
  FrameHeader,
  finBit,
  isControl,
  lengthFormOf,
  mostControlBytes,
  mostHeaderBytes,
  opcodes,
  type Role,
  rsv1Bit,
  type Violation,
} from './frame.ts'
import { Gatherer } from './gatherer.ts'
import { applyMask } from './mask.ts'
import {
  type Carried,
  frameOutput,
  type LimitOutput,
  messageOutput,
  type Output,
  type Wanted,
} from './output.ts'
import { Utf8Checker } from './utf8.ts'

export interface ReaderOptions {
  readonly role: Role
  /** Bytes of a message at most, after decompression. */
  readonly maxPayload: number
  /** Frames of a message at most. */
  readonly maxFragments: number
  /** Do not judge what comes. */
  readonly lax: boolean
  readonly wanted: Wanted
  /** Lends memory; many can share one. */
  readonly arena: Arena
}

/** Who gets what was read. */
export interface MessageTaker {
  /** Whether nothing more is to be looked at. */
  readonly isOver: boolean
  tell(output: Output): void
  /** A binary message whole within the read, still masked; whether it was taken as it is. */
  takeMasked(bytes: Uint8Array, start: number, end: number, key: Uint8Array): boolean
  /** A message; its bytes are borrowed. */
  takeMessage(opcode: number, bytes: Uint8Array, start: number, end: number): void
  /** A message that came in parts; its memory may be taken, too. */
  takeGathered(opcode: number, message: Gatherer): void
  takeControl(opcode: number, payload: Uint8Array): void
  /** They broke a rule. */
  fail(violation: Violation): void
  /** They passed a limit. */
  overLimit(limit: LimitOutput, closeCode: number): void
}

const wholeText = finBit | opcodes.text
const wholeBinary = finBit | opcodes.binary

/** Reads frames, and the messages that they carry, from bytes however they are cut. */
export class MessageReader {
  readonly #options: ReaderOptions
  readonly #taker: MessageTaker
  readonly #inflater: Inflater | undefined
  /** The frame being read, and its header as far as it has come where a read has cut it. */
  readonly #header = new FrameHeader()
  #cutHeader: Uint8Array | undefined
  #cutSize = 0
  /** Bytes of the frame's payload that are still to come; undefined between frames. */
  #missing: number | undefined
  /** Where the frame's payload begins among what is gathered. */
  #frameAt = 0
  /** The message being read: the first byte of its first frame, and how many frames it has had. */
  #first: number | undefined
  #fragments = 0
  #message: Gatherer | undefined
  #control: Gatherer | undefined
  #utf8: Utf8Checker | undefined
  /** Which read brought the first byte of the frame, and which one is being looked at. */
  #firstRead = 0
  #lastRead = 0
  readonly #context: { readonly role: Role; readonly compression: boolean; inMessage: boolean }
  #frames = 0
  #messages = 0
  #messageBytes = 0
  #inflatedFrom = 0
  #inflatedTo = 0

  /** @param compression how their messages are compressed; undefined: not at all */
  constructor(options: ReaderOptions, compression: DeflateContext | undefined, taker: MessageTaker) {
    this.#options = options
    this.#taker = taker
    this.#inflater = compression === undefined ? undefined : new Inflater(compression)
    this.#context = { role: options.role, compression: compression !== undefined, inMessage: false }
  }

  /** What has come so far. */
  get received(): Carried {
    const compressed = { from: this.#inflatedFrom, to: this.#inflatedTo }
    return { frames: this.#frames, messages: this.#messages, messageBytes: this.#messageBytes, compressed }
  }

  /** What has come of a message that is not finished, bytes. */
  get held(): number {
    return this.#message?.size ?? 0
  }

  /**
   * Takes what one read has brought, and unmasks it in place.
   * @param read which read of the connection it is
   */
  receive(bytes: Uint8Array, read: number): void {
    this.#lastRead = read
    let at = 0
    while (at < bytes.length && !this.#taker.isOver) {
      at =
        this.#missing === undefined
          ? this.#takeHeader(bytes, at)
          : this.#takePayload(bytes, at, this.#missing)
    }
  }

  /** Memory goes back. */
  end(): void {
    this.#message?.clear()
    this.#control?.clear()
  }

  /** Reads a header, or the part of it that is here; the answer is where reading goes on. */
  #takeHeader(bytes: Uint8Array, at: number): number {
    const header = this.#header
    if (this.#cutSize === 0) {
      this.#firstRead = this.#lastRead
      const size = header.read(bytes, at, bytes.length)
      if (size > 0) return this.#begin(bytes, at + size)
    }
    this.#cutHeader ??= new Uint8Array(mostHeaderBytes)
    for (let next = at; next < bytes.length; next += 1) {
      this.#cutHeader[this.#cutSize] = bytes[next] ?? 0
      this.#cutSize += 1
      if (header.read(this.#cutHeader, 0, this.#cutSize) === 0) continue
      this.#cutSize = 0
      return this.#begin(bytes, next + 1)
    }
    this.#judge()
    return bytes.length
  }

  /** A header is complete. The commonest frame of all, a message whole within this read, is not gathered. */
  #begin(bytes: Uint8Array, at: number): number {
    const { length, first } = this.#header
    const end = at + length
    const isAlone = end <= bytes.length && this.#first === undefined
    if (isAlone && first === wholeBinary && this.#isPlain() && this.#passOn(bytes, at, end)) return end
    if (!this.#judge()) return at
    if (this.#options.lax) this.#forgetInterrupted()
    if (!this.#admit()) return at
    if (end <= bytes.length && this.#first === undefined && (first === wholeBinary || first === wholeText)) {
      this.#takeWhole(bytes, at, end)
      return end
    }
    this.#frameAt = this.#gathererOf().size
    this.#missing = length
    return length > 0 ? at : this.#takePayload(bytes, at, 0)
  }

  /** Whether a whole binary message from a client is so plainly right that no rule and no limit can stop it. */
  #isPlain(): boolean {
    const { masked, length, lengthForm } = this.#header
    return masked && lengthForm === lengthFormOf(length) && length <= this.#options.maxPayload
  }

  /** Passes a message on still masked, where it is wanted so. */
  #passOn(bytes: Uint8Array, start: number, end: number): boolean {
    if (!this.#taker.takeMasked(bytes, start, end, this.#header.key)) return false
    this.#frames += 1
    this.#count(end - start)
    return true
  }

  /** Whether the header may stand, as far as it is here; where it may not, the connection is failed. */
  #judge(): boolean {
    if (this.#options.lax) return true
    this.#context.inMessage = this.#first !== undefined
    const violation = checkFrame(this.#header, this.#context)
    if (violation === undefined) return true
    this.#taker.fail(violation)
    return false
  }

  /** Where nothing is judged, a new message may stand inside another one, which will never end then. */
  #forgetInterrupted(): void {
    const { opcode } = this.#header
    if (opcode === opcodes.continuation || isControl(opcode)) return
    this.#first = undefined
    this.#message?.clear()
  }

  /** Whether the limits let the frame in: its declared length is judged before anything of it is kept. */
  #admit(): boolean {
    const { opcode, length, first } = this.#header
    const { maxPayload, maxFragments } = this.#options
    const isControlFrame = isControl(opcode)
    // The limit is one of messages; longer control frames get here only where nothing is judged.
    if (isControlFrame && length <= mostControlBytes) return true
    const gathered = isControlFrame ? 0 : (this.#message?.size ?? 0)
    if (gathered + length > maxPayload && gathered + length > mostOf(maxPayload, this.#first ?? first)) {
      this.#taker.overLimit(tooLong(maxPayload, 'a longer message is refused'), 1009)
      return false
    }
    if (isControlFrame) return true
    this.#fragments = this.#first === undefined ? 1 : this.#fragments + 1
    if (this.#fragments <= maxFragments) return true
    const detail = 'a message in more frames is refused (1008)'
    this.#taker.overLimit({ kind: 'limit', what: 'fragments', limit: maxFragments, detail }, 1008)
    return false
  }

  /** Where the payload of the frame is gathered. */
  #gathererOf(): Gatherer {
    const { first, opcode } = this.#header
    const { arena } = this.#options
    if (isControl(opcode)) {
      this.#control ??= new Gatherer(arena)
      return this.#control
    }
    this.#message ??= new Gatherer(arena)
    this.#first ??= first
    return this.#message
  }

  #takeWhole(bytes: Uint8Array, start: number, end: number): void {
    const header = this.#header
    const { wanted } = this.#options
    const isAscii = header.masked && applyMask(bytes, start, end, header.key, 0)
    this.#frames += 1
    if (wanted.receivedFrames) this.#tellFrame(bytes.subarray(start, end))
    if (header.first === wholeText && !isAscii && !this.#isText(bytes.subarray(start, end))) return
    this.#count(end - start)
    if (wanted.receivedMessages) {
      this.#taker.tell(messageOutput('received', header.opcode, bytes.subarray(start, end), 1, undefined))
    }
    this.#taker.takeMessage(header.opcode, bytes, start, end)
  }

  /** Takes as much of the frame's payload as is here; the answer is where reading goes on. */
  #takePayload(bytes: Uint8Array, at: number, missing: number): number {
    const header = this.#header
    const end = Math.min(bytes.length, at + missing)
    if (header.masked) applyMask(bytes, at, end, header.key, header.length - missing)
    const part = bytes.subarray(at, end)
    const isControlFrame = isControl(header.opcode)
    const gatherer = this.#gathererOf()
    gatherer.add(part, gatherer.size + missing)
    const isWhole = part.length === missing
    this.#missing = isWhole ? undefined : missing - part.length
    if (isWhole) this.#takeFrame(gatherer)
    if (!isControlFrame && !this.#mayBeText(part, isWhole && header.fin)) return end
    if (!isWhole) return end
    if (isControlFrame) this.#takeControl(gatherer)
    else if (header.fin) this.#takeMessage(gatherer)
    return end
  }

  /** A frame is complete. What was gathered makes room before anybody is told: they get a copy. */
  #takeFrame(gatherer: Gatherer): void {
    this.#frames += 1
    if (this.#options.wanted.receivedFrames) this.#tellFrame(Uint8Array.from(gatherer.from(this.#frameAt)))
  }

  /** Text is checked as it comes, so that the first impossible byte is the last one that is looked at. */
  #mayBeText(part: Uint8Array, isLast: boolean): boolean {
    const first = this.#first ?? 0
    if (this.#options.lax || (first & 0x0f) !== opcodes.text || (first & rsv1Bit) !== 0) return true
    this.#utf8 ??= new Utf8Checker()
    if (this.#utf8.accepts(part) && (!isLast || this.#utf8.ends())) return true
    this.#taker.fail(notUtf8)
    return false
  }

  /** Whether a whole text is valid; where it is not, the connection is failed. */
  #isText(bytes: Uint8Array): boolean {
    if (this.#options.lax || isUtf8(bytes)) return true
    this.#taker.fail(notUtf8)
    return false
  }

  #takeControl(gatherer: Gatherer): void {
    const payload = Uint8Array.from(gatherer.payload)
    gatherer.clear()
    this.#taker.takeControl(this.#header.opcode, payload)
  }

  /** A message is complete. */
  #takeMessage(message: Gatherer): void {
    const first = this.#first ?? 0
    this.#first = undefined
    const opcode = first & 0x0f
    const isCompressed = (first & rsv1Bit) !== 0
    if (isCompressed && this.#inflater !== undefined) this.#inflate(opcode, message, this.#inflater)
    else {
      this.#count(message.size)
      if (this.#options.wanted.receivedMessages) this.#tellMessage(opcode, Uint8Array.from(message.payload))
      this.#taker.takeGathered(opcode, message)
    }
    message.clear()
  }

  #inflate(opcode: number, message: Gatherer, inflater: Inflater): void {
    const { arena, maxPayload, wanted } = this.#options
    arena.makeRoom()
    const payload = inflater.inflate(message.payload, maxPayload)
    if (payload === 'too large') {
      const what = 'a message that is longer once it is decompressed is refused'
      this.#taker.overLimit(tooLong(maxPayload, what), 1009)
      return
    }
    if (payload === 'corrupt') {
      this.#taker.fail(corrupt)
      return
    }
    if (opcode === opcodes.text && !this.#isText(payload)) return
    this.#count(payload.length)
    this.#inflatedFrom += payload.length
    this.#inflatedTo += message.size
    if (wanted.receivedMessages) this.#tellMessage(opcode, payload, message.size)
    else if (payload.length > mostCompressed) {
      // It would not be compressed again: it can go back as it stands, since nobody is told.
      message.adopt(payload)
      this.#taker.takeGathered(opcode, message)
      return
    }
    this.#taker.takeMessage(opcode, payload, 0, payload.length)
  }

  #count(size: number): void {
    this.#messages += 1
    this.#messageBytes += size
  }

  #tellFrame(payload: Uint8Array): void {
    const reads = { firstRead: this.#firstRead, lastRead: this.#lastRead }
    this.#taker.tell(frameOutput(this.#header, payload, reads))
  }

  #tellMessage(opcode: number, payload: Uint8Array, compressedSize?: number): void {
    this.#taker.tell(messageOutput('received', opcode, payload, this.#fragments, compressedSize))
  }
}

/** A compressed message may be a little longer than what it stands for. */
function mostOf(maxPayload: number, first: number): number {
  return (first & rsv1Bit) === 0 ? maxPayload : maxPayload + maxPayload / 1_000 + 1_024
}

function tooLong(limit: number, what: string): LimitOutput {
  return { kind: 'limit', what: 'message', limit, detail: `${what} (1009); --max-payload allows more` }
}

const notUtf8: Violation = {
  code: 'not-utf8',
  message: 'a text message that is not UTF-8',
  section: 'RFC 6455 §8.1',
  closeCode: 1007,
}

const corrupt: Violation = {
  code: 'corrupt-deflate',
  message: 'a compressed message that cannot be decompressed',
  section: 'RFC 7692 §7.2.2',
  closeCode: 1007,
}
