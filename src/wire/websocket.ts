/**
 * A WebSocket after its upgrade, for both roles: one state machine without any I/O.
 *
 * Bytes and wishes go in, an ordered list of outputs comes out. Nothing in here knows a socket, a clock or a
 * source of randomness.
 */
import { isUtf8 } from 'node:buffer'
import type { Arena } from './arena.ts'
import { type CloseWords, checkClose, encodeClose, readClose } from './close-frame.ts'
import { Inflater } from './deflate.ts'
import type { Compression } from './extension.ts'
import {
  checkFrame,
  FrameHeader,
  type FrameParts,
  finBit,
  isControl,
  mostControlBytes,
  mostHeaderBytes,
  opcodes,
  type Role,
  rsv1Bit,
  type Violation,
} from './frame.ts'
import { Gatherer } from './gatherer.ts'
import { applyMask } from './mask.ts'
import { MessageWriter } from './message-writer.ts'
import {
  type Carried,
  frameOutput,
  type LimitOutput,
  messageOutput,
  type Output,
  type Wanted,
} from './output.ts'
import { PongGate } from './pong-gate.ts'
import { Utf8Checker } from './utf8.ts'

export interface WebSocketOptions {
  readonly role: Role
  /** What was agreed on; undefined: messages go as they are. */
  readonly compression: Compression | undefined
  /** Bytes of a message at most, after decompression. */
  readonly maxPayload: number
  /** Frames of a message at most. */
  readonly maxFragments: number
  /** Send every message back as it came. */
  readonly echo: boolean
  /** Do not judge what comes. */
  readonly lax: boolean
  readonly wanted: Wanted
  /** Lends memory; many can share one. */
  readonly arena: Arena
  /** Fills four bytes with a key that nobody can foresee. */
  nextMask(into: Uint8Array): void
}

/** Up to this size an echo is unmasked while it is copied, bytes. */
const mostCopied = 1_024

const wholeText = finBit | opcodes.text
const wholeBinary = finBit | opcodes.binary

export class WebSocketMachine {
  readonly #options: WebSocketOptions
  readonly #writer: MessageWriter
  readonly #inflater: Inflater | undefined
  readonly #pongs = new PongGate()
  /** A server's echo that nobody looks at and nothing compresses. */
  readonly #isBareEcho: boolean
  #outputs: Output[] = []
  /** `closing`: a close frame of ours is out. `over`: nothing more is read or written. */
  #state: 'open' | 'closing' | 'over' = 'open'
  #sentClose: CloseWords | undefined
  #receivedClose: CloseWords | undefined
  #failure: Violation | undefined
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
  readonly #reads = { firstRead: 0, lastRead: 0 }
  readonly #context: { readonly role: Role; readonly compression: boolean; inMessage: boolean }
  #frames = 0
  #messages = 0
  #messageBytes = 0
  readonly #inflated = { from: 0, to: 0 }

  constructor(options: WebSocketOptions) {
    this.#options = options
    const { compression, role } = options
    const { ours, theirs } = contextsOf(compression, role)
    this.#writer = new MessageWriter(options, ours, () => this.#outputs)
    this.#inflater = theirs === undefined ? undefined : new Inflater(theirs)
    const isUnseen = !Object.values(options.wanted).includes(true)
    this.#isBareEcho = options.echo && isUnseen && compression === undefined && role === 'server'
    this.#context = { role, compression: compression !== undefined, inMessage: false }
  }

  get isOpen(): boolean {
    return this.#state === 'open'
  }

  /** What our close frame said; nothing where there was none. */
  get sentClose(): CloseWords | undefined {
    return this.#sentClose
  }

  /** What their close frame said; nothing where there was none. */
  get receivedClose(): CloseWords | undefined {
    return this.#receivedClose
  }

  /** The rule that they broke, where that ended it; their close frame was not looked at then (RFC 6455 §7.1.7). */
  get failure(): Violation | undefined {
    return this.#failure
  }

  get sent(): Carried {
    return this.#writer.sent
  }

  get received(): Carried {
    const compressed = { ...this.#inflated }
    return { frames: this.#frames, messages: this.#messages, messageBytes: this.#messageBytes, compressed }
  }

  /** Memory that an unfinished message holds, bytes. */
  get held(): number {
    return this.#message?.held ?? 0
  }

  /**
   * Takes what one read has brought, and unmasks it in place.
   * @param read which read of the connection it is
   */
  receive(bytes: Uint8Array, read: number): readonly Output[] {
    this.#reads.lastRead = read
    let at = 0
    while (at < bytes.length && this.#state !== 'over') {
      at =
        this.#missing === undefined
          ? this.#takeHeader(bytes, at)
          : this.#takePayload(bytes, at, this.#missing)
    }
    return this.#flush()
  }

  /** Sends a message in so many frames. */
  send(type: 'text' | 'binary', payload: Uint8Array, fragments = 1): readonly Output[] {
    if (this.isOpen) this.#writer.write(opcodes[type], payload, fragments)
    return this.#flush()
  }

  sendControl(type: 'ping' | 'pong', payload: Uint8Array): readonly Output[] {
    if (this.isOpen) this.#writer.control(opcodes[type], payload)
    return this.#flush()
  }

  /** Sends any frame, also one that breaks the rules; a close frame is taken for ours. */
  sendFrame(frame: FrameParts, payload: Uint8Array): readonly Output[] {
    if (this.#state === 'over') return []
    this.#writer.parts(frame, payload)
    if (frame.opcode === opcodes.close && this.isOpen) this.#beginClose(payload)
    return this.#flush()
  }

  /** Begins the close handshake (RFC 6455 §7.1.2). */
  close(code?: number, reason = ''): readonly Output[] {
    if (this.isOpen) this.#sendClose(code, reason)
    return this.#flush()
  }

  /** A limit that is kept elsewhere was passed: the connection is failed with 1008 (RFC 6455 §7.4.1). */
  refuse(limit: LimitOutput): readonly Output[] {
    if (this.#state !== 'over') this.#overLimit(limit, 1008)
    return this.#flush()
  }

  /** Whether what was written waits for the peer to read: pongs do not pile up then. */
  setCongested(congested: boolean): readonly Output[] {
    const newest = this.#pongs.setCongested(congested)
    if (newest !== undefined && this.isOpen) this.#writer.control(opcodes.pong, newest)
    return this.#flush()
  }

  /** Nothing more is looked at or sent, and memory goes back. */
  end(): void {
    this.#state = 'over'
    this.#message?.clear()
    this.#control?.clear()
  }

  #flush(): readonly Output[] {
    this.#writer.flush()
    const outputs = this.#outputs
    this.#outputs = []
    return outputs
  }

  /** Reads a header, or the part of it that is here; the answer is where reading goes on. */
  #takeHeader(bytes: Uint8Array, at: number): number {
    const header = this.#header
    if (this.#cutSize === 0) {
      this.#reads.firstRead = this.#reads.lastRead
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
    if (!this.#judge()) return at
    if (this.#options.lax) this.#forgetInterrupted()
    if (!this.#admit()) return at
    const { length, first } = this.#header
    const end = at + length
    if (end <= bytes.length && this.#first === undefined && (first === wholeBinary || first === wholeText)) {
      this.#takeWhole(bytes, at, end)
      return end
    }
    this.#frameAt = this.#gathererOf().size
    this.#missing = length
    return length > 0 ? at : this.#takePayload(bytes, at, 0)
  }

  /** Whether the header may stand, as far as it is here; where it may not, the connection is failed. */
  #judge(): boolean {
    if (this.#options.lax) return true
    this.#context.inMessage = this.#first !== undefined
    const violation = checkFrame(this.#header, this.#context)
    if (violation === undefined) return true
    this.#fail(violation)
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
      this.#overLimit(tooLong(maxPayload, 'a longer message is refused'), 1009)
      return false
    }
    if (isControlFrame) return true
    this.#fragments = this.#first === undefined ? 1 : this.#fragments + 1
    if (this.#fragments <= maxFragments) return true
    const detail = 'a message in more frames is refused (1008)'
    this.#overLimit({ kind: 'limit', what: 'fragments', limit: maxFragments, detail }, 1008)
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
    if (
      this.#isBareEcho &&
      header.masked &&
      header.first === wholeBinary &&
      end - start <= mostCopied &&
      this.#state === 'open'
    ) {
      this.#frames += 1
      this.#messages += 1
      this.#messageBytes += end - start
      this.#writer.echoMasked(wholeBinary, bytes, start, end, header.key)
      return
    }
    const { wanted, echo } = this.#options
    const isAscii = header.masked && applyMask(bytes, start, end, header.key, 0)
    this.#frames += 1
    if (wanted.receivedFrames)
      this.#outputs.push(frameOutput(header, bytes.subarray(start, end), { ...this.#reads }))
    if (header.first === wholeText && !isAscii && !this.#isText(bytes.subarray(start, end))) return
    this.#messages += 1
    this.#messageBytes += end - start
    if (wanted.receivedMessages) {
      this.#outputs.push(messageOutput('received', header.opcode, bytes.subarray(start, end), 1, undefined))
    }
    if (echo && this.isOpen) this.#writer.echo(header.opcode, bytes, start, end)
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
    if (!this.#options.wanted.receivedFrames) return
    const payload = Uint8Array.from(gatherer.from(this.#frameAt))
    this.#outputs.push(frameOutput(this.#header, payload, { ...this.#reads }))
  }

  /** Text is checked as it comes, so that the first impossible byte is the last one that is looked at. */
  #mayBeText(part: Uint8Array, isLast: boolean): boolean {
    const first = this.#first ?? 0
    if (this.#options.lax || (first & 0x0f) !== opcodes.text || (first & rsv1Bit) !== 0) return true
    this.#utf8 ??= new Utf8Checker()
    if (this.#utf8.accepts(part) && (!isLast || this.#utf8.ends())) return true
    this.#fail(notUtf8)
    return false
  }

  /** Whether a whole text is valid; where it is not, the connection is failed. */
  #isText(bytes: Uint8Array): boolean {
    if (this.#options.lax || isUtf8(bytes)) return true
    this.#fail(notUtf8)
    return false
  }

  #takeControl(gatherer: Gatherer): void {
    const payload = Uint8Array.from(gatherer.payload)
    gatherer.clear()
    const { opcode } = this.#header
    if (opcode === opcodes.ping) this.#answerPing(payload)
    else if (opcode === opcodes.pong) this.#outputs.push({ kind: 'pong', payload })
    else if (opcode === opcodes.close) this.#takeClose(payload)
  }

  #answerPing(payload: Uint8Array): void {
    if (!this.isOpen) return
    const answer = this.#pongs.admit(payload)
    if (answer === 'send') this.#writer.control(opcodes.pong, payload)
    else if (answer !== undefined) this.#outputs.push(answer)
  }

  #takeClose(payload: Uint8Array): void {
    const violation = this.#options.lax ? undefined : checkClose(payload)
    if (violation !== undefined) {
      this.#fail(violation)
      return
    }
    this.#receivedClose = readClose(payload)
    if (this.isOpen) {
      this.#outputs.push({ kind: 'closing', by: 'peer' })
      const code = payload.subarray(0, 2)
      this.#writer.control(opcodes.close, code)
      this.#sentClose = readClose(code)
    }
    this.#finish(this.#options.role === 'server')
  }

  /** A message is complete. */
  #takeMessage(message: Gatherer): void {
    const first = this.#first ?? 0
    this.#first = undefined
    const opcode = first & 0x0f
    const isCompressed = (first & rsv1Bit) !== 0
    if (isCompressed && this.#inflater !== undefined) this.#inflate(opcode, message, this.#inflater)
    else {
      if (this.#options.wanted.receivedMessages) this.#tellMessage(opcode, Uint8Array.from(message.payload))
      this.#messages += 1
      this.#messageBytes += message.size
      if (this.#options.echo && this.isOpen) this.#writer.echoGathered(opcode, message)
    }
    message.clear()
  }

  #inflate(opcode: number, message: Gatherer, inflater: Inflater): void {
    const { maxPayload, wanted, echo } = this.#options
    const payload = inflater.inflate(message.payload, maxPayload)
    if (payload === 'too large') {
      this.#overLimit(
        tooLong(maxPayload, 'a message that is longer once it is decompressed is refused'),
        1009,
      )
      return
    }
    if (payload === 'corrupt') {
      this.#fail(corrupt)
      return
    }
    if (opcode === opcodes.text && !this.#isText(payload)) return
    this.#messages += 1
    this.#messageBytes += payload.length
    this.#inflated.from += payload.length
    this.#inflated.to += message.size
    if (wanted.receivedMessages) this.#tellMessage(opcode, payload, message.size)
    if (echo && this.isOpen) this.#writer.write(opcode, payload, 1)
  }

  #tellMessage(opcode: number, payload: Uint8Array, compressedSize?: number): void {
    this.#outputs.push(messageOutput('received', opcode, payload, this.#fragments, compressedSize))
  }

  #sendClose(code: number | undefined, reason: string): void {
    const payload = encodeClose(code, reason)
    this.#writer.control(opcodes.close, payload)
    this.#beginClose(payload)
  }

  #beginClose(payload: Uint8Array): void {
    this.#sentClose = readClose(payload)
    this.#state = 'closing'
    this.#outputs.push({ kind: 'closing', by: 'us' })
  }

  /** Fails the connection (RFC 6455 §7.1.7): nothing more is looked at; what was owed before goes out before. */
  #fail(violation: Violation): void {
    const { code, message, section, closeCode } = violation
    this.#failure = violation
    this.#outputs.push({ kind: 'violation', code, message, section, closeCode })
    this.#giveUp(closeCode, message)
  }

  #overLimit(limit: LimitOutput, closeCode: number): void {
    this.#outputs.push(limit)
    this.#giveUp(closeCode, limit.detail)
  }

  #giveUp(closeCode: number, reason: string): void {
    if (this.isOpen) this.#sendClose(closeCode, reason)
    this.#finish(true)
  }

  /** @param ends whether it is we who end TCP: after a clean close the server does (RFC 6455 §7.1.1) */
  #finish(ends: boolean): void {
    this.#writer.flush()
    if (ends) this.#outputs.push({ kind: 'end' })
    this.end()
  }
}

/** How our messages are compressed, and theirs; nothing where that was not agreed on. */
function contextsOf(compression: Compression | undefined, role: Role) {
  if (compression === undefined) return { ours: undefined, theirs: undefined }
  const { serverNoContextTakeover, clientNoContextTakeover, serverMaxWindowBits, clientMaxWindowBits } =
    compression
  const server = { takeover: !serverNoContextTakeover, windowBits: serverMaxWindowBits }
  const client = { takeover: !clientNoContextTakeover, windowBits: clientMaxWindowBits }
  return role === 'server' ? { ours: server, theirs: client } : { ours: client, theirs: server }
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
