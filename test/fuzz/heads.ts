/** Heads of HTTP: read in any pieces as the grammar of a line at a time has it (RFC 9112 §2 to §5). */
import {
  encodeHead,
  type HeadResult,
  headLimits,
  type RequestHead,
  RequestReader,
  type ResponseHead,
  ResponseReader,
} from '../../src/wire/http-head.ts'
import { byteByByte, changed, inAnyPieces, type Source, sourceOf } from './source.ts'
import { must, mustEqual, type Target } from './target.ts'

type Head = RequestHead | ResponseHead
type Kind = Head['kind']

/** What is to come of bytes; but for more, with the number of bytes that decide it. */
type Verdict =
  | { readonly kind: 'more' }
  | { readonly kind: 'fault'; readonly size: number; readonly status: number }
  | { readonly kind: 'head'; readonly size: number; readonly start: string[]; readonly headers: string[][] }

const startLines: Readonly<Record<Kind, RegExp>> = {
  request: /^([!#$%&'*+.^_`|~\w-]+) ([!-~]+) (HTTP\/1\.[01])$/,
  response: /^(HTTP\/1\.[01]) ([0-9]{3})(?: (.*))?$/s,
}
const headerLine = /^([!#$%&'*+.^_`|~\w-]+):[ \t]*(.*)$/s

/** The head read line by line, from all of its bytes. */
function verdictOf(text: string, kind: Kind): Verdict {
  const control = /[\0-\x08\x0a-\x1f\x7f]/g
  const headers: string[][] = []
  let start: string[] | undefined
  for (let at = 0; ; ) {
    control.lastIndex = at
    const end = control.exec(text)?.index ?? text.length
    const size = text[end] === '\r' ? end + 2 : end + 1
    const limit = limitOf(text, kind, at, end, start === undefined ? undefined : headers.length)
    if (limit !== undefined && Math.min(size, text.length) >= limit.size) {
      // The byte behind the last one that a head may have is not among what was read.
      return { kind: 'fault', size: Math.min(limit.size, headLimits.headBytes), status: limit.status }
    }
    if (size > text.length) return { kind: 'more' }
    if (!text.startsWith('\r\n', end)) return { kind: 'fault', size, status: 400 }
    const line = text.slice(at, end)
    const isPassedOver = line === '' && at === 0 && kind === 'request'
    at = size
    if (isPassedOver) continue
    if (line === '' && start !== undefined) return { kind: 'head', size, start, headers }
    const [, ...words] = (start === undefined ? startLines[kind] : headerLine).exec(line) ?? []
    if (words.length === 0) return { kind: 'fault', size, status: 400 }
    // Only the reason of a response may be absent.
    if (start === undefined) start = words.map((word) => word ?? '')
    else headers.push([words[0] ?? '', (words[1] ?? '').replace(/(?<![ \t])[ \t]+$/, '')])
  }
}

/** The limit that the line between two places passes first, with the number of bytes that do; there may be none. */
function limitOf(text: string, kind: Kind, at: number, end: number, headers: number | undefined) {
  const { headBytes, lineBytes } = headLimits
  if (headers === headLimits.headers && end > at) return { size: at + 1, status: 431 }
  const isTooLong = end - at > lineBytes && at + lineBytes < headBytes
  const status = headers !== undefined ? 431 : kind === 'request' ? 414 : 400
  if (isTooLong) return { size: at + lineBytes + 1, status }
  return text.length > headBytes ? { size: headBytes + 1, status: 431 } : undefined
}

/** What a reader makes of the pieces, and in what words. */
function read(kind: Kind, pieces: Iterable<Uint8Array>): Verdict & { readonly words?: string } {
  const reader = kind === 'request' ? new RequestReader() : new ResponseReader()
  let taken = 0
  for (const piece of pieces) {
    const result: HeadResult<Head> = reader.push(piece)
    taken += piece.length
    if (result.kind === 'more') continue
    must(reader.push(Uint8Array.of(0x41)).kind === result.kind, 'more bytes change what was said')
    if (result.kind === 'fault') {
      const { status, what, reason, section } = result.fault
      const words = `${what} ${reason}, ${section}`
      must(what.length < 120 && reason.length < 250 && /^RFC \d+ §\d/.test(section), `said is: ${words}`)
      return { kind: 'fault', size: result.raw.length, status, words }
    }
    const { head, rest } = result
    const size = head.raw.length
    mustEqual(taken - rest.length, size, 'what was not taken')
    return { kind: 'head', size, start: startOf(head), headers: head.headers.map((header) => [...header]) }
  }
  return { kind: 'more' }
}

function startOf(head: Head): string[] {
  if (head.kind === 'request') return [head.method, head.target, head.version]
  return [head.version, String(head.status).padStart(3, '0'), head.reason]
}

function judge(kind: Kind, input: Uint8Array): void {
  const source = sourceOf(input)
  const { words, ...whole } = read(kind, [input])
  const expected = verdictOf(Buffer.from(input).toString('latin1'), kind)
  mustEqual(whole, expected, 'whole')
  const said = { ...whole, words }
  mustEqual(read(kind, inAnyPieces(input, source)), said, 'in pieces')
  if (source.once(6)) mustEqual(read(kind, byteByByte(input)), said, 'by bytes')
  if (expected.kind !== 'head' || source.once(2)) return
  const { start, headers } = expected
  const printed = encodeHead(
    start.join(' '),
    headers.map(([name = '', value = '']) => [name, value]),
  )
  const again = read(kind, [printed])
  mustEqual(again.kind === 'head' && [again.start, again.headers], [start, headers], 'printed and read')
}

const tokens = [
  ...['\r\n', '\r', '\n', '\r\n\r\n', ' ', '\t', ':', ': ', '\0', '\x16', '\x7f', '\xe9', ',', '"'],
  ...[
    'GET / HTTP/1.1\r\n',
    'HTTP/1.1 101 Switching Protocols\r\n',
    'HTTP/1.0',
    'HTTP/2.0',
    'Host: a\r\n',
    'a:b\r\n',
  ],
].map((text) => Buffer.from(text, 'latin1'))
const names = [
  'Host',
  'Upgrade',
  'Connection',
  'Sec-WebSocket-Key',
  'Origin',
  'X',
  '__proto__',
  "!#$%&'*+-.^_`|~",
]
const values = [
  'a',
  '',
  'websocket',
  'keep-alive, Upgrade',
  ' two words\t',
  ':',
  'é',
  'dGhlIHNhbXBsZSBub25jZQ==',
]
const starts: Readonly<Record<Kind, readonly string[]>> = {
  request: [
    'GET / HTTP/1.1',
    'GET /chat?a=b HTTP/1.0',
    'M-SEARCH * HTTP/1.1',
    'GET http://[::1]:1/ HTTP/1.1',
  ],
  response: ['HTTP/1.1 101 Switching Protocols', 'HTTP/1.1 200', 'HTTP/1.0 404 ', 'HTTP/1.1 000 \xe9'],
}

function make(kind: Kind, source: Source): Uint8Array {
  const isLong = source.once(200)
  const value = () => (isLong && source.once(2) ? 'x'.repeat(8_180 + source.below(16)) : source.pick(values))
  const headers = source.some(source.once(50) ? 105 : 8, () => [source.pick(names), value()] as const)
  const head = encodeHead(source.pick(starts[kind]), headers)
  const parts = [...(source.once(20) ? [Buffer.from('\r\n')] : []), head, source.bytes(source.below(4))]
  return changed(Buffer.concat(parts), source, tokens)
}

/** A response is what begins like one. */
function kindOf(input: Uint8Array): Kind {
  return input[0] === 0x48 ? 'response' : 'request'
}

export const heads: Target = {
  name: 'heads',
  make: (source) => make(source.pick(['request', 'response']), source),
  judge: (input) => judge(kindOf(input), input),
}
