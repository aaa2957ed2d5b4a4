/** The upgrade on a connection, for either role: from the first byte to frames, or to a refusal. */
import { type EventBody, msSince } from '../event.ts'
import { type Compression, formatCompression } from '../wire/extension.ts'
import { encodeRequest, judgeRequest, type Policy, type UpgradeRequest } from '../wire/handshake.ts'
import { judgeResponse, type Problem, type Refusal, refuse } from '../wire/handshake-response.ts'
import { startOfBody } from '../wire/http-body.ts'
import {
  type Header,
  type HeadFault,
  headLimits,
  type RequestHead,
  RequestReader,
  type ResponseHead,
  ResponseReader,
} from '../wire/http-head.ts'

/** What both sides agreed on. */
export interface Agreed {
  readonly target: string
  readonly subprotocol: string | undefined
  readonly compression: Compression | undefined
}

export interface UpgradeHooks {
  now(): number
  tell(event: EventBody): void
  send(bytes: Uint8Array): void
  /** Frames from here on; the rest of the read is theirs. */
  agreed(agreed: Agreed, rest: Uint8Array): void
  /** There will be no WebSocket; what was sent is still to go out. With the start of the body that said so. */
  failed(problem: Problem, body?: string): void
}

export interface Upgrade {
  /** A read. */
  take(bytes: Uint8Array): void
  /** The other side has ended (FIN) before it was done. */
  end(): void
}

/** How much of a refusal's body is looked at, bytes, and how long it is waited for, milliseconds. */
const mostBody = 1_024
const bodyPatienceMs = 500

/** The server's half: waits for a request and answers it. */
export class ServerUpgrade implements Upgrade {
  readonly #policy: Policy
  readonly #hooks: UpgradeHooks
  readonly #reader = new RequestReader()
  readonly #startedAt: number
  #isDone = false

  constructor(policy: Policy, hooks: UpgradeHooks) {
    this.#policy = policy
    this.#hooks = hooks
    this.#startedAt = hooks.now()
  }

  take(bytes: Uint8Array): void {
    if (this.#isDone) return
    const result = this.#reader.push(bytes)
    if (result.kind === 'more') return
    this.#isDone = true
    if (result.kind === 'fault') this.#refuse(refuse(result.fault.status, result.fault))
    else this.#judge(result.head, result.rest)
  }

  end(): void {
    if (this.#isDone) return
    this.#isDone = true
    this.#hooks.failed({
      what: 'request',
      reason: this.#reader.raw.length === 0 ? 'never came' : 'was not complete when the client ended',
      section: 'RFC 6455 §4.1',
    })
  }

  #judge(head: RequestHead, rest: Uint8Array): void {
    this.#hooks.tell(requestEvent('received', head, head.raw.length))
    const answer = judgeRequest(head, this.#policy)
    if (answer.kind === 'refusal') {
      this.#refuse(answer)
      return
    }
    const { subprotocol, compression, bytes } = answer
    this.#hooks.send(bytes)
    this.#tellResponse(answer, bytes)
    this.#hooks.agreed({ target: head.target, subprotocol, compression }, rest)
  }

  #refuse(refusal: Refusal): void {
    const { bytes, body, problem } = refusal
    this.#hooks.send(bytes)
    const head = bytes.subarray(0, bytes.length - body.length)
    this.#tellResponse(refusal, head, { body: latin1(body.subarray(0, mostBody)), problem })
    this.#hooks.failed(problem)
  }

  #tellResponse(
    { status, reason, headers }: { status: number; reason: string; headers: readonly Header[] },
    payload: Uint8Array,
    more: { readonly body?: string; readonly problem?: Problem } = {},
  ): void {
    const tookMs = msSince(this.#startedAt, this.#hooks.now())
    this.#hooks.tell({
      kind: 'response',
      direction: 'sent',
      version: 'HTTP/1.1',
      status,
      reason,
      headers,
      size: payload.length,
      payload,
      ...more,
      tookMs,
    })
  }
}

/** The client's half: asks, and judges the answer. Nothing but the request leaves before that. */
export class ClientUpgrade implements Upgrade {
  readonly #request: UpgradeRequest
  readonly #hooks: UpgradeHooks
  #reader = new ResponseReader()
  readonly #askedAt: number
  #isDone = false
  /** A refusal whose body is being waited for. */
  #refused:
    | { readonly head: ResponseHead; readonly problem: Problem; readonly timer: NodeJS.Timeout }
    | undefined
  /** What came behind the head of a refusal. */
  #body: Uint8Array = new Uint8Array()
  /** How much came of answers before the answer. */
  #interimBytes = 0

  constructor(request: UpgradeRequest, hooks: UpgradeHooks) {
    this.#request = request
    this.#hooks = hooks
    const bytes = encodeRequest(request)
    const told = withoutCredentials(request)
    const reader = new RequestReader()
    const result = reader.push(encodeRequest(told))
    hooks.send(bytes)
    this.#askedAt = hooks.now()
    if (result.kind === 'head') hooks.tell(requestEvent('sent', result.head, bytes.length))
  }

  take(bytes: Uint8Array): void {
    if (this.#refused !== undefined) this.#takeBody(bytes)
    if (this.#isDone) return
    let result = this.#reader.push(bytes)
    while (result.kind === 'head' && isInterim(result.head)) {
      this.#interimBytes += result.head.raw.length
      if (this.#interimBytes > headLimits.headBytes) {
        this.#fail(endlessInterim)
        return
      }
      this.#reader = new ResponseReader()
      result = this.#reader.push(result.rest)
    }
    if (result.kind === 'more') return
    if (result.kind === 'fault') {
      this.#fail(result.fault)
      return
    }
    this.#isDone = true
    const judged = judgeResponse(result.head, this.#request)
    if (judged.kind === 'problem') {
      this.#refuse(result.head, judged.problem, result.rest)
      return
    }
    this.#tellResponse(result.head, {})
    const { subprotocol, compression } = judged
    this.#hooks.agreed({ target: this.#request.target, subprotocol, compression }, result.rest)
  }

  end(): void {
    if (this.#refused !== undefined) this.#tellRefusal()
    if (this.#isDone) return
    this.#isDone = true
    const raw = this.#reader.raw.length
    this.#hooks.failed({
      what: 'response',
      reason:
        raw === 0 ? 'never came: the server ended the connection' : 'was not complete when the server ended',
      section: 'RFC 6455 §4.1',
    })
  }

  #fail(fault: HeadFault): void {
    this.#isDone = true
    const { what, reason, section } = fault
    this.#hooks.tell({
      kind: 'violation',
      code: 'malformed-response',
      message: `the answer to the upgrade is no HTTP head: ${what} ${reason}`,
      section,
      closeCode: 0,
    })
    this.#hooks.failed(fault)
  }

  #refuse(head: ResponseHead, problem: Problem, rest: Uint8Array): void {
    const timer = setTimeout(() => this.#tellRefusal(), bodyPatienceMs)
    this.#refused = { head, problem, timer }
    this.#takeBody(rest)
  }

  #takeBody(bytes: Uint8Array): void {
    const head = this.#refused?.head
    if (head === undefined) return
    this.#body = Buffer.concat([this.#body, bytes.subarray(0, mostBody - this.#body.length)])
    if (this.#body.length === mostBody || startOfBody(head, this.#body).isWhole) this.#tellRefusal()
  }

  #tellRefusal(): void {
    if (this.#refused === undefined) return
    const { head, problem, timer } = this.#refused
    clearTimeout(timer)
    this.#refused = undefined
    const body = latin1(startOfBody(head, this.#body).bytes)
    this.#tellResponse(head, { problem, ...(body !== '' && { body }) })
    this.#hooks.failed(problem, body)
  }

  #tellResponse(
    { version, status, reason, headers, raw }: ResponseHead,
    more: { readonly body?: string; readonly problem?: Problem },
  ): void {
    const tookMs = msSince(this.#askedAt, this.#hooks.now())
    this.#hooks.tell({
      kind: 'response',
      direction: 'received',
      version,
      status,
      reason,
      headers,
      size: raw.length,
      payload: raw,
      ...more,
      tookMs,
    })
  }
}

/** One or more of them may come before the answer (RFC 9110 §15.2), but not for ever. */
const endlessInterim: HeadFault = {
  status: 431,
  what: 'head',
  reason: `is longer than ${headLimits.headBytes} bytes, with the 1xx answers before it`,
  section: 'RFC 6585 §5',
}

/** An answer before the answer, such as 100 Continue (RFC 9110 §15.2). */
function isInterim({ status }: ResponseHead): boolean {
  return status >= 100 && status < 200 && status !== 101
}

function requestEvent(direction: 'sent' | 'received', head: RequestHead, size: number): EventBody {
  const { method, target, version, headers, raw: payload } = head
  return { kind: 'request', direction, method, target, version, headers, size, payload }
}

/** The extension as it was agreed on; nothing where none was. */
export function compressionText({ compression }: Pick<Agreed, 'compression'>): { compression?: string } {
  return compression === undefined ? {} : { compression: formatCompression(compression) }
}

/** The request as it may be told: what proves who we are is struck out, byte by byte, so that sizes stay true. */
export function withoutCredentials(request: UpgradeRequest): UpgradeRequest {
  const strike = (value: string): string =>
    value.replace(/(?<= .*)\S|^\S+$/g, (text) => '*'.repeat(text.length))
  const { authorization, headers } = request
  return {
    ...request,
    authorization: authorization === undefined ? undefined : strike(authorization),
    headers: headers.map(([name, value]) => (isCredential(name) ? [name, strike(value)] : [name, value])),
  }
}

function isCredential(name: string): boolean {
  return /^(?:proxy-)?authorization$/i.test(name)
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
}
