import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  cut,
  encodeHead,
  type Header,
  type HeadResult,
  hasToken,
  headerValues,
  headLimits,
  isToken,
  listMembers,
  RequestReader,
  ResponseReader,
} from '../../src/wire/http-head.ts'

interface Reader<Head> {
  push(chunk: Uint8Array): HeadResult<Head>
  readonly raw: Uint8Array
}

const latin1 = (text: string) => Buffer.from(text, 'latin1')

/** The result after these chunks, as far as they were needed; of `rest` all that was not taken. */
function readAll<Head>(reader: Reader<Head>, chunks: readonly Uint8Array[]) {
  for (const [index, chunk] of chunks.entries()) {
    const result = reader.push(chunk)
    if (result.kind === 'more') continue
    if (result.kind === 'fault') return { ...result, raw: text(result.raw) }
    const rest = Buffer.concat([result.rest, ...chunks.slice(index + 1)])
    return { ...result, head: { ...result.head, raw: undefined }, rest: text(rest), raw: text(reader.raw) }
  }
  return { kind: 'more', raw: text(reader.raw) }
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1')
}

function byteByByte(bytes: Uint8Array): Uint8Array[] {
  return Array.from(bytes, (byte) => Uint8Array.of(byte))
}

/** Whole, byte by byte, and with bytes behind it that must come back. */
function readEachWay<Head>(create: () => Reader<Head>, written: string) {
  const bytes = latin1(written)
  const whole = readAll(create(), [bytes])
  assert.deepEqual(readAll(create(), byteByByte(bytes)), whole)
  const behind = readAll(create(), [Buffer.concat([bytes, latin1('\x81\x00behind')])])
  assert.deepEqual(behind, 'rest' in whole ? { ...whole, rest: '\x81\x00behind' } : whole)
  return whole
}

const example =
  'GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\n' +
  'Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'

describe('a request head (RFC 9112 §3)', () => {
  const rows: readonly [name: string, written: string, start: [string, string, string], headers: Header[]][] =
    [
      [
        "the RFC's own example",
        example,
        ['GET', '/chat', 'HTTP/1.1'],
        [
          ['Host', 'server.example.com'],
          ['Upgrade', 'websocket'],
          ['Connection', 'Upgrade'],
          ['Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ=='],
        ],
      ],
      ['no headers', 'GET / HTTP/1.0\r\n\r\n', ['GET', '/', 'HTTP/1.0'], []],
      ['an odd method', "M-S!'EARCH * HTTP/1.1\r\n\r\n", ["M-S!'EARCH", '*', 'HTTP/1.1'], []],
      ['an empty line before it', '\r\nGET / HTTP/1.1\r\n\r\n', ['GET', '/', 'HTTP/1.1'], []],
      [
        'white space around values, and none',
        'GET / HTTP/1.1\r\na:b\r\nc: \t d e\t \r\nf:\r\ng: \t \r\n\r\n',
        ['GET', '/', 'HTTP/1.1'],
        [
          ['a', 'b'],
          ['c', 'd e'],
          ['f', ''],
          ['g', ''],
        ],
      ],
      [
        'latin1, a tab and colons in a value, a name twice',
        'GET / HTTP/1.1\r\nX: \xe9\xa0\tb:c\xa0\r\nX: :\r\n__proto__: 1\r\n\r\n',
        ['GET', '/', 'HTTP/1.1'],
        [
          ['X', '\xe9\xa0\tb:c\xa0'],
          ['X', ':'],
          ['__proto__', '1'],
        ],
      ],
    ]
  for (const [name, written, [method, target, version], headers] of rows) {
    test(name, () => {
      const head = { kind: 'request', method, target, version, headers, raw: undefined }
      const result = readEachWay(() => new RequestReader(), written)
      assert.deepEqual(result, { kind: 'head', head, rest: '', raw: written })
    })
  }

  test('keeps a copy of its bytes', () => {
    const bytes = latin1(example)
    const result = new RequestReader().push(bytes)
    bytes.fill(0)
    assert.equal(result.kind === 'head' && text(result.head.raw), example)
  })

  test('lends out the rest', () => {
    const bytes = latin1(`${example}rest`)
    const result = new RequestReader().push(bytes)
    assert.equal(result.kind === 'head' && result.rest.buffer, bytes.buffer)
  })

  test('leaves all that comes after it', () => {
    const reader = new RequestReader()
    reader.push(latin1(example))
    const result = reader.push(latin1('frames'))
    assert.equal(result.kind === 'head' && text(result.rest), 'frames')
    assert.equal(text(reader.raw), example)
  })
})

describe('a response head (RFC 9112 §4)', () => {
  const rows: readonly [name: string, line: string, start: [string, number, string]][] = [
    ["the RFC's own example", 'HTTP/1.1 101 Switching Protocols', ['HTTP/1.1', 101, 'Switching Protocols']],
    ['an empty phrase', 'HTTP/1.1 404 ', ['HTTP/1.1', 404, '']],
    ['no phrase', 'HTTP/1.0 404', ['HTTP/1.0', 404, '']],
    ['a phrase in latin1', 'HTTP/1.1 200 tr\xe8s\t bien ', ['HTTP/1.1', 200, 'tr\xe8s\t bien ']],
  ]
  for (const [name, line, [version, status, reason]] of rows) {
    test(name, () => {
      const written = `${line}\r\nServer: x\r\n\r\n`
      const headers = [['Server', 'x']]
      const head = { kind: 'response', version, status, reason, headers, raw: undefined }
      const result = readEachWay(() => new ResponseReader(), written)
      assert.deepEqual(result, { kind: 'head', head, rest: '', raw: written })
    })
  }
})

const start = 'GET / HTTP/1.1\r\n'
const folded = 'begins with white space: folded lines are obsolete'
const longName = 'n'.repeat(200)
const cutName = `${'n'.repeat(99)}…`

/** Up to the byte that shows it; the last column: status where it is not 400. */
const faults: readonly [
  name: string,
  written: string,
  what: string,
  reason: string,
  section: string,
  status?: number,
][] = [
  [
    'bare LF in the request line',
    'GET / HTTP/1.1\n',
    'request line',
    'ends in an LF without a CR before it',
    'RFC 9112 §2.2',
  ],
  [
    'bare LF in a header',
    `${start}Host: a\n`,
    'header "Host"',
    'ends in an LF without a CR before it',
    'RFC 9112 §2.2',
  ],
  [
    'bare LF as the empty line',
    `${start}Host: a\r\n\n`,
    'header line 2',
    'ends in an LF without a CR before it',
    'RFC 9112 §2.2',
  ],
  ['bare CR', `${start}Host: a\rb`, 'header "Host"', 'holds a CR without an LF behind it', 'RFC 9112 §2.2'],
  ['two CRs', `${start}Host: a\r\r`, 'header "Host"', 'holds a CR without an LF behind it', 'RFC 9112 §2.2'],
  ['NUL in the request line', 'GET /\0', 'request line', 'holds the control byte 0x00', 'RFC 9112 §3'],
  ['NUL in a value', `${start}Host: a\0`, 'header "Host"', 'holds the control byte 0x00', 'RFC 9110 §5.5'],
  ['NUL in a name', `${start}Ho\0`, 'header line 1', 'holds the control byte 0x00', 'RFC 9110 §5.5'],
  ['ESC in a value', `${start}Host: \x1b`, 'header "Host"', 'holds the control byte 0x1b', 'RFC 9110 §5.5'],
  ['DEL in a value', `${start}Host: \x7f`, 'header "Host"', 'holds the control byte 0x7f', 'RFC 9110 §5.5'],
  [
    'TLS',
    '\x16',
    'request line',
    'holds the control byte 0x16, with which TLS begins; this is plain HTTP',
    'RFC 9112 §3',
  ],
  ['folded header', `${start}A: b\r\n c\r\n`, 'header line 2', folded, 'RFC 9112 §5.2'],
  [
    'header folded with a tab and a colon',
    `${start}A: b\r\n\tc: d\r\n`,
    'header "c"',
    folded,
    'RFC 9112 §5.2',
  ],
  ['white space before the first header', `${start} A: b\r\n`, 'header "A"', folded, 'RFC 9112 §5.2'],
  [
    'space before the colon',
    `${start}Host : a\r\n`,
    'header "Host"',
    'has white space before the colon',
    'RFC 9112 §5.1',
  ],
  [
    'tab before the colon',
    `${start}Host\t: a\r\n`,
    'header "Host"',
    'has white space before the colon',
    'RFC 9112 §5.1',
  ],
  ['no colon', `${start}Host\r\n`, 'header line 1', 'has no colon: "Host"', 'RFC 9112 §5'],
  ['no name', `${start}: a\r\n`, 'header line 1', 'has the name "", which is no token', 'RFC 9110 §5.1'],
  [
    'a name that is no token',
    `${start}Ho st: a\r\n`,
    'header line 1',
    'has the name "Ho st", which is no token',
    'RFC 9110 §5.1',
  ],
  [
    'a long name is cut',
    `${start}${longName}: \0`,
    `header "${cutName}"`,
    'holds the control byte 0x00',
    'RFC 9110 §5.5',
  ],
  [
    'a request line of one word',
    'hello\r\n',
    'request line',
    'is not "METHOD TARGET HTTP/1.1": "hello"',
    'RFC 9112 §3',
  ],
  [
    'a request line without version',
    'GET /\r\n',
    'request line',
    'is not "METHOD TARGET HTTP/1.1": "GET /"',
    'RFC 9112 §3',
  ],
  [
    'a request line of four words',
    'GET / a HTTP/1.1\r\n',
    'request line',
    'is not "METHOD TARGET HTTP/1.1": "GET / a HTTP/1.1"',
    'RFC 9112 §3',
  ],
  ['two empty lines', '\r\n\r\n', 'request line', 'is not "METHOD TARGET HTTP/1.1": ""', 'RFC 9112 §3'],
  [
    'two spaces',
    'GET  / HTTP/1.1\r\n',
    'request line',
    'is not "METHOD TARGET HTTP/1.1": "GET  / HTTP/1.1"',
    'RFC 9112 §3',
  ],
  ['no method', ' / HTTP/1.1\r\n', 'request line', 'has the method "", which is no token', 'RFC 9110 §9.1'],
  [
    'a method that is no token',
    'G(T / HTTP/1.1\r\n',
    'request line',
    'has the method "G(T", which is no token',
    'RFC 9110 §9.1',
  ],
  [
    'no target',
    'GET  HTTP/1.1\r\n',
    'request line',
    'has the target "", which is not of visible ASCII',
    'RFC 9112 §3.2',
  ],
  [
    'a target beyond ASCII',
    'GET /\xe9 HTTP/1.1\r\n',
    'request line',
    'has the target "/\xe9", which is not of visible ASCII',
    'RFC 9112 §3.2',
  ],
  [
    'a tab in the target',
    'GET /\t HTTP/1.1\r\n',
    'request line',
    'has the target "/\t", which is not of visible ASCII',
    'RFC 9112 §3.2',
  ],
  [
    'HTTP/2',
    'PRI * HTTP/2.0\r\n',
    'request line',
    'has the version "HTTP/2.0", not HTTP/1.1',
    'RFC 9112 §2.3',
  ],
  [
    'HTTP in lower case',
    'GET / http/1.1\r\n',
    'request line',
    'has the version "http/1.1", not HTTP/1.1',
    'RFC 9112 §2.3',
  ],
  [
    '9 KiB request line',
    `GET /${'a'.repeat(8_188)}`,
    'request line',
    'is longer than 8192 bytes',
    'RFC 9110 §15.5.15',
    414,
  ],
  [
    '9 KiB header',
    `${start}A: ${'a'.repeat(8_190)}`,
    'header "A"',
    'is longer than 8192 bytes',
    'RFC 6585 §5',
    431,
  ],
  [
    '101 headers',
    `${start}${'A: b\r\n'.repeat(100)}A`,
    'header line 101',
    'is one more than the 100 that are allowed',
    'RFC 6585 §5',
    431,
  ],
]

const responseFaults: readonly [name: string, written: string, reason: string, section?: string][] = [
  ['no version', '101 Switching Protocols\r\n', 'is not "HTTP/1.1 STATUS REASON": "101 Switching Protocols"'],
  ['two digits', 'HTTP/1.1 99 x\r\n', 'is not "HTTP/1.1 STATUS REASON": "HTTP/1.1 99 x"'],
  ['four digits', 'HTTP/1.1 1010\r\n', 'is not "HTTP/1.1 STATUS REASON": "HTTP/1.1 1010"'],
  ['HTTP/2', 'HTTP/2 101\r\n', 'is not "HTTP/1.1 STATUS REASON": "HTTP/2 101"'],
  ['an empty line before it', '\r\n', 'is not "HTTP/1.1 STATUS REASON": ""'],
  ['an SSH server', 'SSH-2.0-OpenSSH_9.6\r\n', 'is not "HTTP/1.1 STATUS REASON": "SSH-2.0-OpenSSH_9.6"'],
  ['a control byte', 'HTTP/1.1 101 \x1b', 'holds the control byte 0x1b'],
  ['9 KiB status line', `HTTP/1.1 101 ${'a'.repeat(8_180)}`, 'is longer than 8192 bytes'],
]

describe('a fault is found at the byte that shows it', () => {
  for (const [name, written, what, reason, section, status = 400] of faults) {
    test(name, () => {
      const fault = { status, what, reason, section }
      assert.deepEqual(
        readEachWay(() => new RequestReader(), written),
        { kind: 'fault', fault, raw: written },
      )
      assert.equal(readAll(new RequestReader(), [latin1(written.slice(0, -1))]).kind, 'more')
    })
  }
  for (const [name, written, reason] of responseFaults) {
    test(`in a response: ${name}`, () => {
      const fault = { status: 400, what: 'status line', reason, section: 'RFC 9112 §4' }
      assert.deepEqual(
        readEachWay(() => new ResponseReader(), written),
        { kind: 'fault', fault, raw: written },
      )
    })
  }

  test('and stays', () => {
    const reader = new RequestReader()
    const fault = reader.push(latin1('GET\n'))
    assert.deepEqual(reader.push(latin1(example)), fault)
  })
})

describe('limits', () => {
  const { headBytes, lineBytes, headers } = headLimits
  const longest = (size: number) => {
    const first = `${start}A: ${'a'.repeat(lineBytes - 3)}\r\n`
    return `${first}B: ${'b'.repeat(size - first.length - 7)}\r\n\r\n`
  }
  const fit: readonly [name: string, written: string][] = [
    ['a request line of 8192 bytes', `GET /${'a'.repeat(lineBytes - 14)} HTTP/1.1\r\n\r\n`],
    ['a header of 8192 bytes', `${start}A: ${'a'.repeat(lineBytes - 3)}\r\n\r\n`],
    ['100 headers', `${start}${'A: b\r\n'.repeat(headers)}\r\n`],
    ['a head of 16384 bytes', longest(headBytes)],
  ]
  for (const [name, written] of fit)
    test(`${name} fits`, () => assert.equal(readEachWay(() => new RequestReader(), written).kind, 'head'))

  const fault = { status: 431, what: 'head', reason: 'is longer than 16384 bytes', section: 'RFC 6585 §5' }
  const tooLong: readonly [name: string, written: string][] = [
    ['one byte more does not', longest(headBytes + 1)],
    ['unterminated head', `${start}${`A: ${'a'.repeat(1_000)}\r\n`.repeat(20)}`],
  ]
  for (const [name, written] of tooLong)
    test(name, () => {
      const raw = written.slice(0, headBytes)
      assert.deepEqual(
        readEachWay(() => new RequestReader(), written),
        { kind: 'fault', fault, raw },
      )
    })

  test('endless response headers are given up at 16 KiB', () => {
    const reader = new ResponseReader()
    reader.push(latin1('HTTP/1.1 101 x\r\n'))
    const chunk = latin1(`A: ${'a'.repeat(995)}\r\n`)
    let [pushed, result] = [16, reader.push(chunk)]
    for (; result.kind === 'more' && pushed < 99_999; pushed += 1_000) result = reader.push(chunk)
    assert.deepEqual(result.kind === 'fault' && result.fault, fault)
    assert.equal(reader.raw.length, headBytes)
    assert.ok(pushed <= headBytes + 1_000)
  })

  test('a value full of white space takes linear time', () => {
    const line = `A: ${'b '.repeat(10)}${' '.repeat(8_000)}c`
    // The best of several, since the machine may be busy.
    const times = Array.from({ length: 10 }, () => {
      const startedAt = performance.now()
      assert.equal(readAll(new RequestReader(), [latin1(`${start}${line}\r\n\r\n`)]).kind, 'head')
      return performance.now() - startedAt
    })
    assert.ok(Math.min(...times) < 10)
  })
})

describe('encodeHead', () => {
  test('writes CRLF and latin1', () => {
    const bytes = encodeHead('GET / HTTP/1.1', [
      ['Host', 'a'],
      ['X', '\xe9'],
      ['Y', ''],
    ])
    assert.equal(text(bytes), 'GET / HTTP/1.1\r\nHost: a\r\nX: \xe9\r\nY: \r\n\r\n')
  })

  const broken: readonly [name: string, line: string, headers: Header[]][] = [
    ['LF', 'GET / HTTP/1.1\nX: y', []],
    ['CR', 'GET / HTTP/1.1', [['X', 'a\rb']]],
    ['NUL', 'GET / HTTP/1.1', [['X\0', 'a']]],
    ['a character whose low byte is LF', 'GET / HTTP/1.1', [['X', '\u010a']]],
  ]
  for (const [name, line, headers] of broken)
    test(`refuses ${name}`, () =>
      assert.throws(() => encodeHead(line, headers), {
        name: 'RangeError',
        message: /^A line of a head is /,
      }))
})

describe('lists', () => {
  const headers: readonly Header[] = [
    ['Connection', 'keep-alive, Upgrade'],
    ['X', 'b'],
    ['connection', ',,\t foo ,'],
  ]
  test('values of one name', () => {
    assert.deepEqual(headerValues(headers, 'CONNECTION'), ['keep-alive, Upgrade', ',,\t foo ,'])
    assert.deepEqual(headerValues(headers, 'Y'), [])
  })
  test('members over several headers', () => {
    assert.deepEqual(listMembers(headers, 'Connection'), ['keep-alive', 'Upgrade', 'foo'])
  })
  for (const [token, expected] of [
    ['upgrade', true],
    ['FOO', true],
    ['keep', false],
    ['', false],
  ] as const)
    test(`"${token}" is ${expected ? '' : 'not '}among them`, () =>
      assert.equal(hasToken(headers, 'Connection', token), expected))
})

test('isToken (RFC 9110 §5.6.2)', () => {
  const all = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code))
  const tokens = "!#$%&'*+-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ^_`abcdefghijklmnopqrstuvwxyz|~"
  assert.equal(all.filter(isToken).join(''), tokens)
  assert.equal(isToken(''), false)
  assert.equal(isToken('a\n'), false)
})

test('cut leaves 100 characters', () => {
  assert.equal(cut('a'.repeat(100)), 'a'.repeat(100))
  assert.equal(cut('a'.repeat(101)), `${'a'.repeat(99)}…`)
})
