import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Endpoint, Event, EventBody, EventOf } from '../../src/event.ts'
import { cellWidth } from '../../src/views/cells.ts'
import { layOutJson } from '../../src/views/json-layout.ts'
import { createLogView, type LogOptions } from '../../src/views/log.ts'
import { acceptOf } from '../../src/wire/handshake-response.ts'
import type { Header } from '../../src/wire/http-head.ts'
import { recordedWebSocket } from './recorded-websocket.ts'

const here: Endpoint = { address: '127.0.0.1', port: 9000, family: 'IPv4' }

const options: LogOptions = {
  transport: 'websocket',
  width: () => 80,
  color: false,
  time: 'none',
  show: 256,
  verbosity: 0,
  isPlain: false,
  startedAt: new Date(0),
}

/** What the log says of each event in turn, and at the end. */
function tell(bodies: readonly EventBody[], changes: Partial<LogOptions> = {}): readonly string[] {
  const view = createLogView({ ...options, ...changes })
  const told = bodies.map((body, index): Event => ({ ...body, seq: index + 1, at: 0, socket: 'client' }))
  return [...told.map((event) => String(view.render(event) ?? '')), String(view.end?.() ?? '')]
}

const key = 'dGhlIHNhbXBsZSBub25jZQ=='

function request(headers: readonly Header[] = [['Sec-WebSocket-Key', key]]): EventOf<'request'> & EventBody {
  const head = { method: 'GET', target: '/', version: 'HTTP/1.1', headers } as const
  return { kind: 'request', direction: 'sent', ...head, size: 3, payload: Buffer.from('GET'), ...stamp }
}

const stamp = { seq: 1, at: 0, socket: 'client' } as const

function response(more: Partial<EventOf<'response'>> = {}): EventOf<'response'> {
  const headers: readonly Header[] = [['Sec-WebSocket-Accept', acceptOf(key)]]
  const head = { version: 'HTTP/1.1', status: 101, reason: 'Switching Protocols', headers } as const
  const payload = Buffer.from('HTTP')
  return { kind: 'response', direction: 'received', ...head, size: 4, payload, tookMs: 1, ...stamp, ...more }
}

function frame(more: Partial<EventOf<'frame'>> = {}): EventOf<'frame'> {
  const payload = Buffer.from('Hello')
  const bits = { fin: true, rsv1: false, rsv2: false, rsv3: false, opcode: 1 } as const
  const size = { lengthForm: 7, length: 5, size: 5 } as const
  return { kind: 'frame', direction: 'received', ...bits, ...size, payload, ...stamp, ...more }
}

function message(payload: string, more: Partial<EventOf<'message'>> = {}): EventOf<'message'> {
  const bytes = Buffer.from(payload)
  const what = { kind: 'message', direction: 'received', type: 'text', frames: 1 } as const
  return { ...what, size: bytes.length, payload: bytes, ...stamp, ...more }
}

test('a request waits for its answer, and both are told at once', () => {
  const [asked, answered, end] = tell([request(), response()])
  assert.equal(asked, '')
  assert.match(
    answered ?? '',
    /^client {2}⇄ +upgrade asked and granted in 1 ms\n {2}→ we asked +← they answered\n/,
  )
  assert.match(answered ?? '', /base64 {6}s3pPLMBiTxaQ9kYGzzhZRbK\+xOo= {2}✓ matches what came\n/)
  assert.equal(end, '')
})

test('a request without an answer is told before what ends it, or at the end', () => {
  const failed: EventBody = { kind: 'failed', code: 'EPIPE', message: 'x' }
  const waited: EventBody = { kind: 'timeout', what: 'wait', afterMs: 1 }
  const [, atWait, atFailure, atEnd] = tell([request(), waited, failed])
  assert.doesNotMatch(atWait ?? '', /upgrade/)
  assert.match(
    atFailure ?? '',
    /⇄ +upgrade asked for, and no answer to it\n[\s\S]*GET \/ HTTP\/1\.1\n[\s\S]*×/,
  )
  assert.equal(atEnd, '')
  assert.match(tell([request()])[1] ?? '', /upgrade asked for, and no answer to it/)
})

test('an answer is told with the request of its own socket only', () => {
  const view = createLogView(options)
  assert.equal(view.render({ ...request(), socket: 'server#1' }), undefined)
  assert.doesNotMatch(String(view.render({ ...response(), socket: 'server#2' })), /GET/)
  assert.match(String(view.render({ ...response(), socket: 'server#1' })), /GET/)
})

test('a wrong accept is shown beside the one that this key makes', () => {
  const problem = { what: 'sec-websocket-accept', reason: 'is wrong', section: 'RFC 6455 §4.1' }
  const headers: readonly Header[] = [['Sec-WebSocket-Accept', 'AAAA']]
  const shown = tell([request(), response({ headers, problem })])[1] ?? ''
  assert.match(shown, /✗ Sec-WebSocket-Accept: AAAA\n/)
  assert.match(shown, /s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\n +✗ came: AAAA\n/)
  assert.doesNotMatch(shown, /✓/)
  assert.match(tell([request(), response({ headers: [], problem })])[1] ?? '', /✗ came: nothing\n/)
})

test('the heads stand next to each other from 80 columns on', () => {
  const beside = (cells: number) =>
    /we asked +← they answered/.test(tell([request(), response()], { width: () => cells })[1] ?? '')
  assert.deepEqual(
    [79, 80].map((cells) => beside(cells)),
    [false, true],
  )
})

test('frames that share a read, and reads that share a frame', () => {
  const reads = [
    [1, 1],
    [1, 1],
    [1, 3],
    [4, 5],
    [6, 6],
  ] as const
  const told = tell(
    reads.map(([firstRead, lastRead]) => frame({ firstRead, lastRead })),
    { width: () => 120 },
  )
  assert.deepEqual(
    told.slice(0, -1).map((line) => line.trim().replace(/^.*5 B/, '')),
    [
      '',
      ', same read as the frame before',
      ', in 3 reads, the first with the frame before',
      ', in 2 reads',
      '',
    ],
  )
})

test('the size of a frame is that of its header, too', () => {
  const size = (more: Partial<EventOf<'frame'>>) =>
    / ([\d,]+ B) +frame/.exec(tell([frame(more)])[0] ?? '')?.[1]
  assert.equal(size({}), '7 B')
  assert.equal(size({ mask: '00000000' }), '11 B')
  assert.equal(size({ lengthForm: 16 }), '9 B')
  assert.equal(size({ lengthForm: 64, mask: '00000000' }), '19 B')
})

test('RSV1 means compressed only where that was agreed on', () => {
  const open: EventBody = {
    kind: 'opened',
    transport: 'websocket',
    local: here,
    remote: here,
    target: '/',
    compression: 'permessage-deflate',
    tookMs: 1,
  }
  assert.match(tell([frame({ rsv1: true })])[0] ?? '', /text, FIN, RSV1, 5 B/)
  assert.match(tell([open, frame({ rsv1: true })])[1] ?? '', /text, FIN, compressed, 5 B/)
  assert.match(tell([open, frame({ rsv1: true, opcode: 9 })])[1] ?? '', /ping, FIN, RSV1, 5 B/)
})

test('reads and writes of a WebSocket are for -v', () => {
  for (const [verbosity, wanted] of [
    [0, false],
    [1, true],
  ] as const) {
    assert.equal(createLogView({ ...options, verbosity }).wants('bytes'), wanted)
  }
})

test('what is masked, xor the key, is the payload', () => {
  const shown = tell([frame({ mask: '37fa213d' })], { verbosity: 2 })[0] ?? ''
  assert.match(
    shown,
    /as it came {3}7f 9f 4d 51 58\n +xor the key {2}37 fa 21 3d 37\n += payload {4}48 65 6c 6c 6f {2}Hello\n/,
  )
})

test('JSON is laid out at -v without a byte of it lost', () => {
  const text = '{"a":1e400,"a":12345678901234567890,"b":[ ],"c":"\\u0041 {,} \\""}'
  assert.deepEqual(
    layOutJson(Buffer.from(text), text.length, 256)?.map((line) => line.text),
    ['{', '  "a": 1e400,', '  "a": 12345678901234567890,', '  "b": [],', '  "c": "\\u0041 {,} \\""', '}'],
  )
  assert.match(tell([message('{"a":1}')], { verbosity: 1 })[0] ?? '', /text {4}\{\n +"a": 1\n +\}\n/)
  assert.match(tell([message('{"a":1}')])[0] ?? '', /text {4}\{"a":1\}\n$/)
})

test('what is no JSON, cut, too long or nested too deep stays as it came', () => {
  const layOut = (text: string, size = text.length) => layOutJson(Buffer.from(text), size, 100)
  for (const text of [
    '',
    '1',
    '"{}"',
    '{"a":1',
    '[1,]',
    `[${' '.repeat(100)}]`,
    '['.repeat(40) + ']'.repeat(40),
  ])
    assert.equal(layOut(text), undefined, text)
  assert.equal(layOut('[1]', 4), undefined)
  assert.deepEqual(
    layOut('[]')?.map((line) => line.text),
    ['[]'],
  )
})

test('laid out JSON is the same JSON', () => {
  fc.assert(
    fc.property(fc.oneof(fc.array(fc.jsonValue()), fc.dictionary(fc.string(), fc.jsonValue())), (value) => {
      const bytes = Buffer.from(JSON.stringify(value))
      const lines = layOutJson(bytes, bytes.length, Number.POSITIVE_INFINITY)
      const text = lines?.map((line) => line.text).join('\n') ?? ''
      // What the escaper wrote is of no JSON any more.
      if (lines === undefined || /\\u\{/.test(text)) return
      assert.deepEqual(JSON.parse(text.replace(/\\x7f/g, '\x7f')), JSON.parse(bytes.toString()))
    }),
  )
})

const evil = '\x1b[2J\x9b\x07'
const closed = (more: Partial<EventOf<'closed'> & { transport: 'websocket' }>): EventBody => {
  const event = recordedWebSocket.find((candidate) => candidate.kind === 'closed')
  if (event?.kind !== 'closed' || event.transport !== 'websocket') throw new Error('none was recorded')
  return { ...event, ...more }
}

test('what a peer says cannot act on the terminal', () => {
  const headers: readonly Header[] = [
    [evil, evil],
    ['Sec-WebSocket-Key', evil],
    ['Sec-WebSocket-Extensions', `permessage-deflate; ${evil}`],
    ['Connection', evil],
  ]
  const problem = { what: evil, reason: evil, section: 'RFC 6455', hint: evil }
  const opened = { kind: 'opened', transport: 'websocket', local: here, remote: here, tookMs: 1 } as const
  const told: readonly EventBody[] = [
    { ...request(headers), method: evil, target: evil, payload: Buffer.from(evil) },
    response({ headers, status: 400, reason: evil, problem, body: evil, payload: Buffer.from(evil) }),
    { ...opened, target: evil, subprotocol: evil, compression: evil },
    frame({ opcode: 9, payload: Buffer.from(evil) }),
    frame({ opcode: 8, payload: Buffer.from(`\x03\xe8${evil}`, 'latin1') }),
    message(evil),
    message(`["${evil.replace(/[\x00-\x1f]/g, '\u202e')}"]`),
    { kind: 'violation', code: evil, message: evil, section: evil, closeCode: 1002 },
    closed({ reason: evil, code: evil }),
  ]
  for (const width of [40, 80, 120]) {
    const shown = tell(told, { verbosity: 2, width: () => width })
    for (const text of shown)
      assert.doesNotMatch(text.replaceAll('\n', ''), /[\p{C}\p{Default_Ignorable_Code_Point}]/u)
  }
})

test('whatever a header holds, no line is wider than the terminal', () => {
  const value = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)) })
  const header = fc.tuple(fc.constantFrom('Host', 'Upgrade', 'X-漢字', 'Sec-WebSocket-Key'), value)
  const width = fc.integer({ min: 60, max: 140 })
  fc.assert(
    fc.property(fc.array(header), width, fc.boolean(), (headers, cells, isRefused) => {
      const problem = { what: 'Host', reason: 'is "x"', section: 'RFC 9112 §3.2' }
      const answer = response({ headers, direction: 'sent', ...(isRefused && { status: 400, problem }) })
      for (const text of tell([request(headers), answer], { width: () => cells, verbosity: 2 }))
        for (const line of text.split('\n')) assert.ok(cellWidth(line) <= cells, `${cells}: ${line}`)
    }),
    { numRuns: 200 },
  )
})

test('the verdict: who closed, with what, and how it went down', () => {
  const verdict = (more: Parameters<typeof closed>[0]) =>
    (tell([closed(more)], { width: () => 400 })[0] ?? '').split('\n').map((line) => line.trim())
  assert.match(
    verdict({})[0] ?? '',
    /we closed first with 1000 \(normal closure: .*\), they answered; clean$/,
  )
  assert.match(
    verdict({ closeCode: 1001 })[0] ?? '',
    /we closed first with 1000 .*, they answered with 1001 /,
  )
  assert.match(
    verdict({ first: 'peer', closeCode: 1005, sentCode: 1005 }).join('|'),
    /they closed first without a code, we answered; clean\|1005: their close frame had no code\|/,
  )
  assert.match(
    verdict({ closeCode: 1006, clean: false, how: 'timeout' }).join('|'),
    /we closed with 1000 .*, they did not answer; a time limit of ours ended it\|1006: /,
  )
  assert.match(verdict({ reason: 'so "long"' })[1] ?? '', /^their reason: "so "long""$/)
  assert.match(
    verdict({ upgraded: false, how: 'reset', code: 'ECONNRESET' })[0] ?? '',
    /no WebSocket came of it: they reset the connection \(RST, ECONNRESET\)$/,
  )
})
