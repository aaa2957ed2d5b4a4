/**
 * A WebSocket after its upgrade, for both roles: one state machine without any I/O.
 *
 * Bytes and wishes go in, an ordered list of outputs comes out. Nothing in here knows a socket, a clock or a
 * source of randomness.
 */
import { type CloseWords, checkClose, encodeClose, readClose } from './close-frame.ts'
import type { DeflateContext } from './deflate.ts'
import type { Compression } from './extension.ts'
import { type FrameParts, opcodes, type Role, type Violation } from './frame.ts'
import type { WriterOptions } from './frame-writer.ts'
import type { Gatherer } from './gatherer.ts'
import { MessageReader, type MessageTaker, type ReaderOptions } from './message-reader.ts'
import { MessageWriter } from './message-writer.ts'
import { type Carried, type LimitOutput, nothingCarried, type Output } from './output.ts'
import { PongGate } from './pong-gate.ts'

export interface WebSocketOptions extends ReaderOptions, WriterOptions {
  /** What was agreed on; undefined: messages go as they are. */
  readonly compression: Compression | undefined
  /** Send every message back as it came. */
  readonly echo: boolean
}

/** What a limit counts, as the peer is told in the reason of our close frame. */
const units: Readonly<Record<LimitOutput['what'], string>> = {
  message: 'bytes in a message',
  fragments: 'frames in a message',
  unfinished: 'bytes of unfinished messages from all clients together',
  pongs: 'bytes of pongs that nobody reads',
}

export class WebSocketMachine implements MessageTaker {
  readonly #options: WebSocketOptions
  /** Each is made when it is first needed: many connections say nothing for long. */
  #reader: MessageReader | undefined
  #writer: MessageWriter | undefined
  #pongs: PongGate | undefined
  /** A server's echo that nobody looks at and nothing compresses. */
  readonly #isBareEcho: boolean
  #outputs: Output[] = []
  /** `closing`: a close frame of ours is out. `over`: nothing more is read or written. */
  #state: 'open' | 'closing' | 'over' = 'open'
  #sentClose: CloseWords | undefined
  #receivedClose: CloseWords | undefined
  #failure: Violation | undefined

  constructor(options: WebSocketOptions) {
    this.#options = options
    const { compression, role, echo, wanted } = options
    const isUnseen = !Object.values(wanted).includes(true)
    this.#isBareEcho = echo && isUnseen && compression === undefined && role === 'server'
  }

  get isOpen(): boolean {
    return this.#state === 'open'
  }

  get isOver(): boolean {
    return this.#state === 'over'
  }

  /** What our close frame said; nothing where there was none. */
  get sentClose(): CloseWords | undefined {
    return this.#sentClose
  }

  /** What their close frame said; nothing where there was none. */
  get receivedClose(): CloseWords | undefined {
    return this.#receivedClose
  }

  /** The rule or the limit that ended it; their close frame was not looked at then (RFC 6455 §7.1.7). */
  get failure(): Violation | undefined {
    return this.#failure
  }

  get sent(): Carried {
    return this.#writer?.sent ?? nothingCarried
  }

  get received(): Carried {
    return this.#reader?.received ?? nothingCarried
  }

  /** What has come of a message that is not finished, bytes. */
  get held(): number {
    return this.#reader?.held ?? 0
  }

  /**
   * Takes what one read has brought, and unmasks it in place.
   * @param read which read of the connection it is
   */
  receive(bytes: Uint8Array, read: number): readonly Output[] {
    this.#reader ??= new MessageReader(this.#options, this.#contexts.theirs, this)
    this.#reader.receive(bytes, read)
    return this.#flush()
  }

  /** Sends a message in so many frames. */
  send(type: 'text' | 'binary', payload: Uint8Array, fragments = 1): readonly Output[] {
    if (this.isOpen) this.#out.write(opcodes[type], payload, fragments)
    return this.#flush()
  }

  sendControl(type: 'ping' | 'pong', payload: Uint8Array): readonly Output[] {
    if (this.isOpen) this.#out.control(opcodes[type], payload)
    return this.#flush()
  }

  /** Sends any frame, also one that breaks the rules; a close frame is taken for ours. */
  sendFrame(frame: FrameParts, payload: Uint8Array): readonly Output[] {
    if (this.isOver) return []
    this.#out.parts(frame, payload)
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
    if (!this.isOver) this.overLimit(limit, 1008)
    return this.#flush()
  }

  /** Whether what was written waits for the peer to read: pongs do not pile up then. */
  setCongested(congested: boolean): readonly Output[] {
    this.#pongs ??= new PongGate()
    const newest = this.#pongs.setCongested(congested)
    if (newest !== undefined && this.isOpen) this.#out.control(opcodes.pong, newest)
    return this.#flush()
  }

  /** Nothing more is looked at or sent, and memory goes back. */
  end(): void {
    this.#state = 'over'
    this.#reader?.end()
  }

  tell(output: Output): void {
    this.#outputs.push(output)
  }

  takeMasked(bytes: Uint8Array, start: number, end: number, key: Uint8Array): boolean {
    if (!this.#isBareEcho || !this.isOpen) return false
    this.#out.echoMasked(opcodes.binary, bytes, start, end, key)
    return true
  }

  takeMessage(opcode: number, bytes: Uint8Array, start: number, end: number): void {
    if (this.#options.echo && this.isOpen) this.#out.echo(opcode, bytes, start, end)
  }

  takeGathered(opcode: number, message: Gatherer): void {
    if (this.#options.echo && this.isOpen) this.#out.echoGathered(opcode, message)
  }

  takeControl(opcode: number, payload: Uint8Array): void {
    if (opcode === opcodes.ping) this.#answerPing(payload)
    else if (opcode === opcodes.pong) this.#notePong(payload)
    else if (opcode === opcodes.close) this.#takeClose(payload)
  }

  /** Fails the connection (RFC 6455 §7.1.7): nothing more is looked at; what was owed before goes out before. */
  fail(violation: Violation): void {
    const { code, message, section, closeCode } = violation
    this.#failure = violation
    this.#outputs.push({ kind: 'violation', code, message, section, closeCode })
    this.#giveUp(closeCode, message)
  }

  overLimit(limit: LimitOutput, closeCode: number): void {
    const message = `more than ${limit.limit} ${units[limit.what]}`
    this.#failure = { code: `limit-${limit.what}`, message, section: 'RFC 6455 §7.4.1', closeCode }
    this.#outputs.push(limit)
    this.#giveUp(closeCode, message)
  }

  get #out(): MessageWriter {
    this.#writer ??= new MessageWriter(this.#options, this.#contexts.ours, () => this.#outputs)
    return this.#writer
  }

  get #contexts(): ReturnType<typeof contextsOf> {
    return contextsOf(this.#options.compression, this.#options.role)
  }

  #flush(): readonly Output[] {
    this.#writer?.flush()
    const outputs = this.#outputs
    this.#outputs = []
    return outputs
  }

  #answerPing(payload: Uint8Array): void {
    if (!this.isOpen) return
    const answer = this.#pongs === undefined ? 'send' : this.#pongs.admit(payload)
    if (answer === 'send') this.#out.control(opcodes.pong, payload)
    else if (answer !== undefined) this.#outputs.push(answer)
  }

  /** Which ping it answers matters only where the frame is told: a flood of pongs leaves nothing behind. */
  #notePong(payload: Uint8Array): void {
    if (this.#options.wanted.receivedFrames) this.#outputs.push({ kind: 'pong', payload })
  }

  #takeClose(payload: Uint8Array): void {
    const violation = this.#options.lax ? undefined : checkClose(payload)
    if (violation !== undefined) {
      this.fail(violation)
      return
    }
    this.#receivedClose = readClose(payload)
    if (this.isOpen) {
      this.#outputs.push({ kind: 'closing', by: 'peer' })
      const code = payload.subarray(0, 2)
      this.#out.control(opcodes.close, code)
      this.#sentClose = readClose(code)
    }
    this.#finish(this.#options.role === 'server')
  }

  #sendClose(code: number | undefined, reason: string): void {
    const payload = encodeClose(code, reason)
    this.#out.control(opcodes.close, payload)
    this.#beginClose(payload)
  }

  #beginClose(payload: Uint8Array): void {
    this.#sentClose = readClose(payload)
    this.#state = 'closing'
    this.#outputs.push({ kind: 'closing', by: 'us' })
  }

  #giveUp(closeCode: number, reason: string): void {
    if (this.isOpen) this.#sendClose(closeCode, reason)
    this.#finish(true)
  }

  /** @param ends whether it is we who end TCP: after a clean close the server does (RFC 6455 §7.1.1) */
  #finish(ends: boolean): void {
    this.#writer?.flush()
    if (ends) this.#outputs.push({ kind: 'end' })
    this.end()
  }
}

/** How our messages are compressed, and theirs; nothing where that was not agreed on. */
function contextsOf(
  compression: Compression | undefined,
  role: Role,
): { readonly ours: DeflateContext | undefined; readonly theirs: DeflateContext | undefined } {
  if (compression === undefined) return { ours: undefined, theirs: undefined }
  const { serverNoContextTakeover, clientNoContextTakeover, serverMaxWindowBits, clientMaxWindowBits } =
    compression
  const server = { takeover: !serverNoContextTakeover, windowBits: serverMaxWindowBits }
  const client = { takeover: !clientNoContextTakeover, windowBits: clientMaxWindowBits }
  return role === 'server' ? { ours: server, theirs: client } : { ours: client, theirs: server }
}
