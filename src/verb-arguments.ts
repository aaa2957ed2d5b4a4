/** How the rest of a verb's line becomes an Action, or a part of one. */
import { isUtf8 } from 'node:buffer'
import type { Action, Condition, Peers } from './action.ts'
import { UsageError } from './errors.ts'
import { unescapeBytes } from './escapes.ts'
import type { Transport } from './event.ts'
import { parseDuration, parseWhole } from './quantities.ts'
import { parseSetting, type Setting } from './settings.ts'
import { describeCloseCode, mayTravel } from './wire/close-code.ts'
import { mostControlBytes } from './wire/frame.ts'

/** How long `/expect` waits where the line does not say, milliseconds. */
export const expectWithinMs = 5_000

/** How many frames may carry a message that is sent. */
const mostFragments = 131_072

/** Where a line stands: what the rest of it may depend on. */
export interface Within {
  readonly transport: Transport
  /** Understands a line within this one. */
  parseLine(line: string): Action
}

/** A text to its end, or one argument in quotes; both know escapes. */
export function textArgument(verb: string, rest: string): Uint8Array {
  const quoted = /^"((?:[^"\\]|\\[\s\S])*)"\s*$/.exec(rest)
  if (quoted !== null) return unescapeBytes(quoted[1] ?? '')
  if (rest.startsWith('"')) {
    throw new UsageError(`${verb}: the quote is not closed at the end of the line (a quote itself is \\")`)
  }
  if (rest === '') throw new UsageError(`${verb} needs a text: ${verb} hello, or ${verb} "two words"`)
  return unescapeBytes(rest)
}

/** What is sent: over WebSocket, with how it goes. */
export function sendArgument(rest: string, transport: Transport): Action {
  if (transport === 'websocket') return messageArgument(rest, {})
  return { kind: 'send', payload: textArgument('/send', rest) }
}

interface MessageOptions {
  readonly binary?: true
  readonly fragments?: number
}

function messageArgument(rest: string, options: MessageOptions): Action {
  const [, name, after = ''] = /^--([a-z][\w-]*)\s*([\s\S]*)$/.exec(rest) ?? []
  if (name === undefined) return { kind: 'send', payload: textArgument('/send', rest), ...options }
  if (Object.hasOwn(options, name)) throw new UsageError(`/send: --${name} stands there twice`)
  if (name === 'binary') return messageArgument(after, { ...options, binary: true })
  if (name === 'fragments') {
    const [, count = '', text = ''] = /^(\S*)\s*([\s\S]*)$/.exec(after) ?? []
    return messageArgument(text, { ...options, fragments: parseWhole(count, { min: 1, max: mostFragments }) })
  }
  throw new UsageError(
    `/send: "--${name}" is no option: expected --binary or --fragments N (a text that starts so stands in quotes)`,
  )
}

/** What is sent of bytes given in hex. */
export function hexArgument(rest: string, transport: Transport): Action {
  const payload = hexBytes(rest)
  return transport === 'websocket' ? { kind: 'send', payload, binary: true } : { kind: 'send', payload }
}

function hexBytes(rest: string): Uint8Array {
  const digits = rest.replace(/\s+/g, '')
  if (digits === '' || digits.length % 2 === 1 || /[^0-9a-f]/i.test(digits)) {
    throw new UsageError(`/hex: "${rest}" is not pairs of hex digits, such as 48 65 6c6c 6f`)
  }
  return Buffer.from(digits, 'hex')
}

/** Whom to close, or over WebSocket with what: whom stands before it there. */
export function closeArgument(rest: string, transport: Transport): Action {
  if (transport !== 'websocket') return { kind: 'close', ...optionalPeers('/close', rest) }
  if (rest === '') return { kind: 'close' }
  const [, word = '', text = ''] = /^(\S*)\s*([\s\S]*)$/.exec(rest) ?? []
  const code = closeCode(word)
  const reason = text === '' ? '' : closeReason(text)
  return reason === '' ? { kind: 'close', code } : { kind: 'close', code, reason }
}

/** A code that a close frame may carry (RFC 6455 §7.4). */
function closeCode(text: string): number {
  const code = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN
  if (!(code <= 0xffff)) {
    throw new UsageError(
      `/close: "${text}" is no close code: expected a number such as 1000 or 4001 ` +
        '(of a server, whom it is for stands first: /to 2 /close 1000, /all /close 1000)',
    )
  }
  if (mayTravel(code)) return code
  const anyway = `/frame opcode=close hex=${code.toString(16).padStart(4, '0')} sends it all the same`
  const other = code < 1_000 ? `; of a server, /to ${code} /close closes client ${code}` : ''
  const { meaning } = describeCloseCode(code)
  throw new UsageError(`/close: a close frame may not carry ${code} (${meaning}): ${anyway}${other}`)
}

/** What stands beside the code in a close frame: text, as a control frame is short (RFC 6455 §5.5). */
function closeReason(text: string): string {
  const bytes = textArgument('/close', text)
  if (!isUtf8(bytes))
    throw new UsageError('/close: the reason is not UTF-8, which it has to be (RFC 6455 §5.5.1)')
  const most = mostControlBytes - 2
  if (bytes.length <= most) return Buffer.from(bytes).toString()
  throw new UsageError(
    `/close: the reason has ${bytes.length} bytes; beside the code there is room for ${most}`,
  )
}

/** The payload of a ping or a pong. */
export function controlArgument(verb: 'ping' | 'pong', rest: string): Uint8Array {
  if (rest === '') return new Uint8Array()
  const payload = textArgument(`/${verb}`, rest)
  if (payload.length <= mostControlBytes) return payload
  throw new UsageError(
    `/${verb}: ${payload.length} bytes are too many: a ${verb} carries at most ${mostControlBytes} ` +
      `(RFC 6455 §5.5); /frame opcode=${verb} payload=… sends more`,
  )
}

export function optionalPeers(verb: string, rest: string): { peers?: Peers } {
  return rest === '' ? {} : { peers: peersArgument(verb, rest) }
}

export function peersArgument(verb: string, text: string, transport: Transport = 'tcp'): Peers {
  if (text === 'all') return 'all'
  if (/^#?[1-9]\d{0,8}$/.test(text)) return Number(text.replace('#', ''))
  const who = transport === 'udp' ? 'peer' : 'client'
  throw new UsageError(`${verb}: "${text}" is no ${who}: expected its number, such as 3, or all`)
}

export function toArgument(text: string, { transport, parseLine }: Within): Action {
  const [, who = '', line = ''] = /^(\S*) ?([\s\S]*)$/.exec(text) ?? []
  const peers = peersArgument('/to', who, transport)
  if (line === '') return { kind: 'to', peers }
  return { kind: 'to', peers, action: parseLine(line) }
}

export function nothing(verb: string, rest: string): object {
  if (rest === '') return {}
  throw new UsageError(`${verb} takes nothing after it, got "${rest}"`)
}

/** Nothing, or the name that a server is asked for. */
export function tlsArgument(rest: string): Action {
  if (rest === '') return { kind: 'tls' }
  if (/^[a-z0-9_.:-]{1,253}$/i.test(rest)) return { kind: 'tls', servername: rest }
  throw new UsageError(`/tls: "${rest}" is no name: expected one such as mail.example.org, or nothing`)
}

export function settingArgument(rest: string, transport: Transport): Setting {
  const [name = '', value = '', ...more] = rest.split(/\s+/)
  if (more.length > 0) throw new UsageError(`/set takes one name and one value, got "${rest}"`)
  return parseSetting(name, value, transport)
}

/** What `/wait` can wait for besides a time. */
export const conditions: Readonly<Record<Transport, readonly Condition[]>> = {
  tcp: ['connected', 'fin', 'closed', 'drained'],
  udp: ['drained'],
  websocket: ['connected', 'fin', 'closed', 'drained'],
}

export function waitArgument(rest: string, transport: Transport): Action {
  const { text, withinMs } = splitWithin(rest)
  const condition = conditions[transport].find((name) => name === text)
  if (condition !== undefined) {
    return withinMs === undefined ? { kind: 'await', condition } : { kind: 'await', condition, withinMs }
  }
  if (withinMs === undefined && /^\d/.test(text)) return { kind: 'wait', ms: parseDuration(text) }
  const others = conditions[transport].join(', ')
  if (transport === 'udp' && conditions.tcp.some((name) => name === text)) {
    throw new UsageError(
      `/wait ${text}: UDP has no connection that could be in that state: wait for ${others}`,
    )
  }
  throw new UsageError(`/wait: "${rest}" is neither a duration such as 200ms nor ${others}`)
}

export function expectArgument(rest: string): Action {
  const { text, withinMs = expectWithinMs } = splitWithin(rest)
  const payload = textArgument('/expect', text)
  if (payload.length === 0) throw new UsageError('/expect needs a text that is not empty')
  return { kind: 'expect', payload, withinMs }
}

/** What stands in quotes is text, `within` too; else it begins a duration. Takes linear time. */
function splitWithin(rest: string): { text: string; withinMs?: number } {
  const found = /\swithin(?:\s+(\S*))?$/.exec(rest)
  const text = rest.slice(0, found?.index).trimEnd()
  const isWhole = !text.startsWith('"') || /^"(?:[^"\\]|\\[\s\S])*"$/.test(text)
  return found === null || !isWhole ? { text: rest } : { text, withinMs: parseDuration(found[1] ?? '') }
}
