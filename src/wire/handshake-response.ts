/** The server's side of the answer to an upgrade, where it is no, and the client's judgement of it (RFC 6455 §4). */

import { createHash } from 'node:crypto'
import { type Compression, judgeCompressionAnswer } from './extension.ts'
import { cut, encodeHead, type Header, hasToken, headerValues, type ResponseHead } from './http-head.ts'

/** What every server appends to the key before it hashes it (RFC 6455 §1.3). */
export const handshakeGuid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

/** The `Sec-WebSocket-Accept` that answers a `Sec-WebSocket-Key` (RFC 6455 §4.2.2). */
export function acceptOf(key: string): string {
  return createHash('sha1')
    .update(key + handshakeGuid, 'latin1')
    .digest('base64')
}

/** What is wrong with a head: which line, why, and the section. */
export interface Problem {
  /** `Sec-WebSocket-Key`, `request line`, `status line`, `method` … */
  readonly what: string
  /** A clause that goes on from there; the peer's words stand in it raw, 100 characters at most. */
  readonly reason: string
  /** `RFC 6455 §4.2.1` */
  readonly section: string
  /** How to mend it. */
  readonly hint?: string
}

/** An answer that is no; the connection is closed behind it. */
export interface Refusal {
  readonly kind: 'refusal'
  readonly status: number
  readonly reason: string
  readonly headers: readonly Header[]
  /** Plain text, UTF-8. */
  readonly body: Uint8Array
  /** Head and body. */
  readonly bytes: Uint8Array
  readonly problem: Problem
}

const phrases: ReadonlyMap<number, string> = new Map([
  [400, 'Bad Request'],
  [403, 'Forbidden'],
  [404, 'Not Found'],
  [405, 'Method Not Allowed'],
  [408, 'Request Timeout'],
  [414, 'URI Too Long'],
  [426, 'Upgrade Required'],
  [431, 'Request Header Fields Too Large'],
  [503, 'Service Unavailable'],
])

/** An answer that says in its body what is wrong and how to mend it. */
export function refuse(status: number, problem: Problem): Refusal {
  return refuseWith(status, problem, [])
}

/** The same with headers of its own, and with more lines to its body. */
export function refuseWith(
  status: number,
  problem: Problem,
  extra: readonly Header[],
  lines: readonly string[] = [],
): Refusal {
  const { what, reason: why, section, hint } = problem
  const said = [`No WebSocket here: ${what} ${why} (${section}).`]
  if (hint !== undefined) said.push(hint)
  const body = Buffer.from(`${[...said, ...lines].map(withoutControls).join('\n')}\n`)
  const reason = phrases.get(status) ?? ''
  const headers: Header[] = [
    ...extra,
    ['Content-Type', 'text/plain; charset=utf-8'],
    ['Content-Length', String(body.length)],
  ]
  // RFC 9110 §7.8: who sends Upgrade names it in Connection.
  const upgrades = headerValues(extra, 'Upgrade').length > 0
  headers.push(['Connection', upgrades ? 'Upgrade, close' : 'close'])
  const bytes = Buffer.concat([encodeHead(`HTTP/1.1 ${status} ${reason}`, headers), body])
  return { kind: 'refusal', status, reason, headers, body, bytes, problem }
}

/** C0, DEL and C1 as they are written in hex: the text may end on a terminal. */
function withoutControls(line: string): string {
  return line.replace(/[\0-\x1f\x7f-\x9f]/g, (found) => {
    return `\\x${found.charCodeAt(0).toString(16).padStart(2, '0')}`
  })
}

/** What a server and a client agreed on. */
export interface Agreement {
  readonly kind: 'agreement'
  readonly subprotocol: string | undefined
  readonly compression: Compression | undefined
}

/** What a client had asked for. */
interface Asked {
  readonly key: string
  readonly subprotocols: readonly string[]
  readonly compress: boolean
}

/** Judges the answer to an upgrade (RFC 6455 §4.1); of several problems the first is told. */
export function judgeResponse(
  head: ResponseHead,
  asked: Asked,
): Agreement | { readonly kind: 'problem'; readonly problem: Problem } {
  const problem = problemOfStatus(head) ?? problemOfUpgrade(head) ?? problemOfAccept(head, asked)
  if (problem !== undefined) return { kind: 'problem', problem }
  const [subprotocol, ...more] = headerValues(head.headers, 'Sec-WebSocket-Protocol')
  const subprotocolReason = reasonOfSubprotocol(subprotocol, more.length > 0, asked.subprotocols)
  if (subprotocolReason !== undefined) return bad('Sec-WebSocket-Protocol', subprotocolReason)
  const extensions = headerValues(head.headers, 'Sec-WebSocket-Extensions')
  if (!asked.compress && extensions.length > 0)
    return bad('Sec-WebSocket-Extensions', `is "${cut(extensions.join(', '))}", but nothing was offered`)
  const answer = judgeCompressionAnswer(extensions)
  if ('problem' in answer) return bad('Sec-WebSocket-Extensions', answer.problem)
  return { kind: 'agreement', subprotocol, compression: answer.compression }
}

const section = 'RFC 6455 §4.1'

function bad(what: string, reason: string): { readonly kind: 'problem'; readonly problem: Problem } {
  return { kind: 'problem', problem: { what, reason, section } }
}

function problemOfStatus(head: ResponseHead): Problem | undefined {
  const { version, status, reason: phrase } = head
  const what = 'status line'
  if (status === 101)
    return version === 'HTTP/1.1' ? undefined : { what, reason: `has ${version}, not HTTP/1.1`, section }
  const hint = hintOfStatus(head)
  const reason = `says ${cut(`${status} ${phrase}`.trimEnd())}, not 101`
  return { what, reason, section, ...(hint === undefined ? {} : { hint }) }
}

function hintOfStatus({ status, headers }: ResponseHead): string | undefined {
  const [location] = headerValues(headers, 'Location')
  if (status >= 300 && status < 400 && location !== undefined)
    return `Location is "${cut(location)}". It is not followed: connect to it yourself.`
  if (status === 401) return 'Log in with --auth user:password.'
  const versions = headerValues(headers, 'Sec-WebSocket-Version').join(', ')
  if (status === 426 && versions !== '')
    return `The server speaks version ${cut(versions)} of the protocol; this is version 13.`
  return undefined
}

function problemOfUpgrade({ headers }: ResponseHead): Problem | undefined {
  const upgrades = headerValues(headers, 'Upgrade')
  const upgrade = upgrades.join(', ')
  if (upgrade.toLowerCase() !== 'websocket') {
    const reason = upgrades.length === 0 ? 'is missing' : `is "${cut(upgrade)}", not websocket`
    return { what: 'Upgrade', reason, section }
  }
  if (hasToken(headers, 'Connection', 'upgrade')) return undefined
  const connections = headerValues(headers, 'Connection')
  const reason =
    connections.length === 0 ? 'is missing' : `is "${cut(connections.join(', '))}", without Upgrade`
  return { what: 'Connection', reason, section }
}

function problemOfAccept({ headers }: ResponseHead, { key }: Asked): Problem | undefined {
  const [accept, ...more] = headerValues(headers, 'Sec-WebSocket-Accept')
  const expected = acceptOf(key)
  if (accept === expected && more.length === 0) return undefined
  const wrong = more.length > 0 ? 'came twice' : `is "${cut(accept ?? '')}"`
  const reason = `${accept === undefined ? 'is missing' : wrong}; expected "${expected}"`
  return { what: 'Sec-WebSocket-Accept', reason, section }
}

function reasonOfSubprotocol(
  answered: string | undefined,
  isDoubled: boolean,
  asked: readonly string[],
): string | undefined {
  if (answered === undefined) return undefined
  if (isDoubled) return 'came twice'
  if (asked.includes(answered)) return undefined
  return `is "${cut(answered)}", which was not asked for`
}
