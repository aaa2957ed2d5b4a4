import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { encodeRequest, judgeRequest, type Policy, type UpgradeRequest } from '../../src/wire/handshake.ts'
import { acceptOf, handshakeGuid, judgeResponse, refuse } from '../../src/wire/handshake-response.ts'
import { type Header, headerValues, RequestReader, ResponseReader } from '../../src/wire/http-head.ts'

const key = 'dGhlIHNhbXBsZSBub25jZQ=='
const accept = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo='

test('acceptOf (RFC 6455 §1.3)', () => {
  assert.equal(handshakeGuid, '258EAFA5-E914-47DA-95CA-C5AB0DC85B11')
  assert.equal(acceptOf(key), accept)
  assert.equal(acceptOf('x3JJHMbDL1EzLkh9GBhXDw=='), 'HSmrc0sMlYUkAGmm5OPpG2HaGWk=')
})

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1')

/** The lines of a head as its text. */
const lines = (...each: string[]) => `${each.join('\r\n')}\r\n\r\n`

function requestOf(head: string) {
  const result = new RequestReader().push(Buffer.from(head, 'latin1'))
  assert.ok(result.kind === 'head')
  return result.head
}

function responseOf(head: string) {
  const result = new ResponseReader().push(Buffer.from(head, 'latin1'))
  assert.ok(result.kind === 'head')
  return result.head
}

const plain: UpgradeRequest = {
  host: 'server.example.com',
  target: '/chat',
  key,
  origin: undefined,
  subprotocols: [],
  compress: false,
  authorization: undefined,
  headers: [],
}

describe('encodeRequest', () => {
  const rows: readonly [name: string, asked: Partial<UpgradeRequest>, written: string][] = [
    [
      "the RFC's own example",
      { origin: 'http://example.com', subprotocols: ['chat', 'superchat'] },
      lines(
        'GET /chat HTTP/1.1',
        'Host: server.example.com',
        'Upgrade: websocket',
        'Connection: Upgrade',
        `Sec-WebSocket-Key: ${key}`,
        'Origin: http://example.com',
        'Sec-WebSocket-Protocol: chat, superchat',
        'Sec-WebSocket-Version: 13',
      ),
    ],
    [
      'compression, a password and headers of the user',
      {
        compress: true,
        authorization: 'Basic dTpw',
        headers: [
          ['User-Agent', 'x'],
          ['X', 'y'],
        ],
      },
      lines(
        'GET /chat HTTP/1.1',
        'Host: server.example.com',
        'Upgrade: websocket',
        'Connection: Upgrade',
        `Sec-WebSocket-Key: ${key}`,
        'Sec-WebSocket-Version: 13',
        'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits',
        'Authorization: Basic dTpw',
        'User-Agent: x',
        'X: y',
      ),
    ],
    [
      'headers of the user in the place of ours',
      {
        headers: [
          ['X', 'y'],
          ['sec-websocket-version', '12'],
          ['host', 'a'],
          ['Host', 'b'],
        ],
      },
      lines(
        'GET /chat HTTP/1.1',
        'host: a',
        'Host: b',
        'Upgrade: websocket',
        'Connection: Upgrade',
        `Sec-WebSocket-Key: ${key}`,
        'sec-websocket-version: 12',
        'X: y',
      ),
    ],
  ]
  for (const [name, asked, written] of rows)
    test(name, () => assert.equal(text(encodeRequest({ ...plain, ...asked })), written))
})

const open: Policy = {
  paths: undefined,
  origins: undefined,
  subprotocols: [],
  compress: true,
  isLoopback: false,
}

/** Headers by name: one value, one for each line, or none. */
type Changes = Record<string, string | string[] | undefined>

/** A request that is let in, with changes: a header is replaced in place, taken out (undefined), or added. */
function request(changes: Changes = {}, line = 'GET / HTTP/1.1') {
  const headers = new Map<string, string | string[] | undefined>([
    ['Host', 'localhost:9001'],
    ['Upgrade', 'websocket'],
    ['Connection', 'Upgrade'],
    ['Sec-WebSocket-Key', key],
    ['Sec-WebSocket-Version', '13'],
    ...Object.entries(changes),
  ])
  const written = [...headers].flatMap(([name, value]) =>
    [value ?? []].flat().map((one) => `${name}: ${one}`),
  )
  return requestOf(lines(line, ...written))
}

describe('a request that is let in', () => {
  const granted = (...more: string[]) =>
    lines(
      'HTTP/1.1 101 Switching Protocols',
      'Upgrade: websocket',
      'Connection: Upgrade',
      `Sec-WebSocket-Accept: ${accept}`,
      ...more,
    )

  test("the RFC's own example, byte for byte", () => {
    const asked = { ...plain, origin: 'http://example.com', subprotocols: ['chat', 'superchat'] }
    const policy = { ...open, origins: ['http://example.com'], subprotocols: ['chat'] }
    const answer = judgeRequest(requestOf(text(encodeRequest(asked))), policy)
    assert.ok(answer.kind === 'grant')
    assert.equal(text(answer.bytes), granted('Sec-WebSocket-Protocol: chat'))
    assert.deepEqual([answer.status, answer.reason], [101, 'Switching Protocols'])
    assert.deepEqual([answer.subprotocol, answer.compression], ['chat', undefined])
    assert.deepEqual(answer.headers, responseOf(text(answer.bytes)).headers)
  })

  const deflate = 'Sec-WebSocket-Extensions: permessage-deflate'
  type LetIn = [name: string, changes: Changes, more?: string[], policy?: Partial<Policy>, line?: string]
  const rows: readonly LetIn[] = [
    ['nothing special', {}],
    ['Connection: keep-alive, Upgrade', { Connection: 'keep-alive, Upgrade' }],
    ['Connection on two lines', { Connection: ['keep-alive', 'upgrade'] }],
    ['Upgrade in other letters, among others', { Upgrade: 'h2c, WebSocket' }],
    ['Content-Length: 0', { 'Content-Length': '0' }],
    ['compression', { 'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits' }, [deflate]],
    [
      'compression on the second line',
      { 'Sec-WebSocket-Extensions': ['foo', 'permessage-deflate'] },
      [deflate],
    ],
    [
      'compression that we do not want',
      { 'Sec-WebSocket-Extensions': 'permessage-deflate' },
      [],
      { compress: false },
    ],
    ['extension named constructor', { 'Sec-WebSocket-Extensions': 'constructor' }],
    ['extension named __proto__', { 'Sec-WebSocket-Extensions': '__proto__; x=1' }],
    ...['7', '16', '08'].map(
      (bits): LetIn => [
        `client_max_window_bits of ${bits}`,
        { 'Sec-WebSocket-Extensions': `permessage-deflate; client_max_window_bits=${bits}` },
      ],
    ),
    [
      'a parameter twice',
      { 'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits; client_max_window_bits' },
    ],
    [
      "the first of the client's subprotocols that we speak",
      { 'Sec-WebSocket-Protocol': ['x, b', 'a'] },
      ['Sec-WebSocket-Protocol: b'],
      { subprotocols: ['a', 'b'] },
    ],
    ['no subprotocol in common', { 'Sec-WebSocket-Protocol': 'A, x' }, [], { subprotocols: ['a'] }],
    ['a path of ours', {}, [], { paths: ['/', '/a'] }, 'GET /a?b=/c HTTP/1.1'],
    ['a target in absolute form', {}, [], { paths: ['/a'] }, 'GET http://localhost:9001/a?b HTTP/1.1'],
    ['any path', {}, [], {}, 'GET /any/path? HTTP/1.1'],
    ['any host where others can reach us', { Host: 'evil.example' }],
    ['a host of IPv6 with a zone', { Host: '[fe80::1%eth0]:80' }],
    ...[
      'localhost',
      'LocalHost:1',
      'a.localhost:80',
      'localhost.',
      '127.0.0.1:9001',
      '127.1.2.3',
      '[::1]:9001',
      '[::1]',
    ].map((host): LetIn => [`Host ${host} on loopback`, { Host: host }, [], { isLoopback: true }]),
    ...['http://localhost:3000', 'https://app.localhost', 'HTTP://127.0.0.1', 'http://[::1]:80'].map(
      (origin): LetIn => [`Origin ${origin}`, { Host: 'example.com', Origin: origin }],
    ),
    ["the server's own origin", { Host: 'Example.com:9001', Origin: 'http://example.com:9001' }],
    ["the server's own origin at port 80", { Host: 'example.com:80', Origin: 'http://example.com' }],
    ["the server's own origin behind TLS", { Host: 'example.com', Origin: 'https://example.com:443' }],
    ['no Origin in spite of a list', {}, [], { origins: ['http://a.example'] }],
    [
      'an Origin of the list',
      { Origin: 'http://A.example' },
      [],
      { origins: ['http://b', 'HTTP://a.example'] },
    ],
    ['any Origin', { Origin: 'null' }, [], { origins: ['*'] }],
  ]
  for (const [name, changes, more = [], policy = {}, line] of rows)
    test(name, () => {
      const answer = judgeRequest(request(changes, line), { ...open, ...policy })
      assert.equal(text(answer.bytes), granted(...more))
    })

  test('a key whose spare bits are set (RFC 6455 §4.1)', () => {
    const answer = judgeRequest(request({ 'Sec-WebSocket-Key': 'AQIDBAUGBwgJCgsMDQ4PEC==' }), open)
    assert.equal(answer.kind, 'grant')
  })
})

describe('a request that is refused', () => {
  const version: Header[] = [
    ['Upgrade', 'websocket'],
    ['Sec-WebSocket-Version', '13'],
  ]
  const keyName = 'Sec-WebSocket-Key'
  type Refused = [
    name: string,
    status: number,
    what: string,
    reason: string,
    changes: Changes,
    more?: { readonly policy?: Partial<Policy>; readonly line?: string; readonly headers?: Header[] },
  ]
  const rows: readonly Refused[] = [
    [
      'POST',
      405,
      'method',
      'is "POST", not GET',
      {},
      { line: 'POST / HTTP/1.1', headers: [['Allow', 'GET']] },
    ],
    ['HTTP/1.0', 400, 'request line', 'has HTTP/1.0, not HTTP/1.1', {}, { line: 'GET / HTTP/1.0' }],
    ['missing Host', 400, 'Host', 'is missing', { Host: undefined }],
    ['doubled Host', 400, 'Host', 'came twice', { Host: ['localhost', 'localhost'] }],
    ...['', 'a b', "a'b", 'http://a', 'a:b', 'a:999999', '[::1', '\x9b'].map(
      (host): Refused => [`Host "${host}"`, 400, 'Host', `is "${host}", which is no host`, { Host: host }],
    ),
    ['Content-Length over 0', 400, 'Content-Length', 'is "5", not 0', { 'Content-Length': ['0', '5'] }],
    ['Content-Length of letters', 400, 'Content-Length', 'is "a", not 0', { 'Content-Length': 'a' }],
    ['Transfer-Encoding', 400, 'Transfer-Encoding', 'announces a body', { 'Transfer-Encoding': 'chunked' }],
    [
      'another path',
      404,
      'request line',
      'asks for "/b"',
      {},
      { line: 'GET /b?/a HTTP/1.1', policy: { paths: ['/a', '/c'] } },
    ],
    ['no path', 400, 'request line', 'has the target "*", which is no path', {}, { line: 'GET * HTTP/1.1' }],
    [
      'a fragment',
      400,
      'request line',
      'has the target "/#a", which is no path',
      {},
      { line: 'GET /#a HTTP/1.1' },
    ],
    [
      'no Upgrade',
      426,
      'Upgrade',
      'is missing',
      { Upgrade: undefined },
      { headers: [['Upgrade', 'websocket']] },
    ],
    [
      'another Upgrade',
      426,
      'Upgrade',
      'is "h2c", not websocket',
      { Upgrade: 'h2c' },
      { headers: [['Upgrade', 'websocket']] },
    ],
    ['no Connection', 400, 'Connection', 'does not name Upgrade', { Connection: undefined }],
    ['Connection without upgrade', 400, 'Connection', 'does not name Upgrade', { Connection: 'keep-alive' }],
    ['no key', 400, keyName, 'is missing', { 'Sec-WebSocket-Key': undefined }],
    ['key twice', 400, keyName, 'came twice', { 'Sec-WebSocket-Key': [key, key] }],
    ...[
      ['of 15 bytes', 'AQIDBAUGBwgJCgsMDQ4P'],
      ['of 17 bytes', 'AQIDBAUGBwgJCgsMDQ4PEBE='],
      ['not base64', 'AQIDBAUGBwgJCgsMDQ4P-_=='],
      ['without its end', 'AQIDBAUGBwgJCgsMDQ4PEA'],
      ['empty', ''],
    ].map(
      ([how, wrong]): Refused => [
        `key ${how}`,
        400,
        keyName,
        `is "${wrong}", not 16 bytes in base64`,
        { 'Sec-WebSocket-Key': wrong },
      ],
    ),
    [
      'version other than 13',
      426,
      'Sec-WebSocket-Version',
      'is "8", not 13',
      { 'Sec-WebSocket-Version': '8' },
      { headers: version },
    ],
    [
      'no version',
      426,
      'Sec-WebSocket-Version',
      'is missing',
      { 'Sec-WebSocket-Version': undefined },
      { headers: version },
    ],
    ['version twice', 400, 'Sec-WebSocket-Version', 'came twice', { 'Sec-WebSocket-Version': ['13', '13'] }],
    ...[
      'evil.example:9001',
      'localhost.evil.example',
      '127.0.0.1.evil.example',
      '[::2]',
      '10.0.0.1',
      'notlocalhost',
    ].map(
      (host): Refused => [
        `foreign Host ${host}`,
        403,
        'Host',
        `is "${host}", but this server is for this machine only`,
        { Host: host },
        { policy: { isLoopback: true } },
      ],
    ),
    ...[
      'null',
      'http://evil.example',
      'http://localhost.evil.example',
      'http://evil.example/localhost',
      'file://',
      'chrome-extension://localhost',
      'http://user@localhost',
      '',
    ].map(
      (origin): Refused => [
        `foreign Origin "${origin}"`,
        403,
        'Origin',
        `is "${origin}", whose pages may not connect`,
        { Origin: origin },
      ],
    ),
    [
      'a second Origin',
      403,
      'Origin',
      'is "null", whose pages may not connect',
      { Origin: ['http://localhost', 'null'] },
    ],
    [
      'an Origin that is not in the list',
      403,
      'Origin',
      'is "http://localhost", whose pages may not connect',
      { Origin: 'http://localhost' },
      { policy: { origins: ['http://a.example'] } },
    ],
    [
      'a subprotocol that is no token',
      400,
      'Sec-WebSocket-Protocol',
      'names "a b", which is no token',
      { 'Sec-WebSocket-Protocol': 'x, a b' },
    ],
    [
      'a subprotocol twice',
      400,
      'Sec-WebSocket-Protocol',
      'names "a", twice',
      { 'Sec-WebSocket-Protocol': ['a, b', 'a'] },
    ],
    ['no subprotocol', 400, 'Sec-WebSocket-Protocol', 'is empty', { 'Sec-WebSocket-Protocol': '' }],
    [
      'malformed extensions',
      400,
      'Sec-WebSocket-Extensions',
      'is malformed: "a;"',
      { 'Sec-WebSocket-Extensions': ['permessage-deflate', 'a;'] },
    ],
    [
      'a long method',
      405,
      'method',
      `is "${'M'.repeat(99)}…", not GET`,
      {},
      { line: `${'M'.repeat(500)} / HTTP/1.1`, headers: [['Allow', 'GET']] },
    ],
  ]
  for (const [name, status, what, reason, changes, { policy, line, headers = [] } = {}] of rows)
    test(name, () => {
      const answer = judgeRequest(request(changes, line), { ...open, ...policy })
      assert.ok(answer.kind === 'refusal')
      assert.deepEqual([answer.status, answer.problem.what, answer.problem.reason], [status, what, reason])
      assert.match(answer.problem.section, /^RFC \d+ §[\d.]+$/)
      const close = headers.some(([header]) => header === 'Upgrade') ? 'Upgrade, close' : 'close'
      const expected: Header[] = [
        ...headers,
        ['Content-Type', 'text/plain; charset=utf-8'],
        ['Content-Length', String(answer.body.length)],
        ['Connection', close],
      ]
      assert.deepEqual(answer.headers, expected)
      const head = responseOf(text(answer.bytes))
      assert.deepEqual([head.status, head.reason, head.headers], [status, answer.reason, expected])
      assert.equal(text(answer.bytes), text(head.raw) + text(answer.body))
      assert.match(text(answer.body), /^[^\0-\x09\x0b-\x1f\x7f]+\n$/)
    })

  test('an unclosed quoted extension parameter of 8 KB takes under 10 ms', () => {
    const head = request({ 'Sec-WebSocket-Extensions': `permessage-deflate; a="${'x'.repeat(8_000)}` })
    const times = Array.from({ length: 10 }, () => {
      const startedAt = performance.now()
      judgeRequest(head, open)
      return performance.now() - startedAt
    })
    assert.ok(Math.min(...times) < 10)
    const answer = judgeRequest(head, open)
    assert.ok(answer.kind === 'refusal' && answer.status === 400)
    assert.ok(answer.problem.reason.length < 120)
  })
})

describe('the page of a refusal', () => {
  const bodyOf = (changes: Record<string, string | undefined>, policy: Partial<Policy> = {}) => {
    const answer = judgeRequest(request(changes), { ...open, ...policy })
    assert.ok(answer.kind === 'refusal')
    return Buffer.from(answer.body).toString()
  }

  test('tells a browser how to connect', () => {
    assert.equal(
      bodyOf({ Upgrade: undefined, Host: 'box.lan:9001' }),
      [
        'No WebSocket here: Upgrade is missing (RFC 6455 §4.2.1).',
        '',
        'This is a WebSocket echo server of sockpit: what you send comes back.',
        'From a shell:',
        '  sockpit ws-client ws://box.lan:9001/',
        "From a browser's console:",
        "  socket = new WebSocket('ws://box.lan:9001/'); socket.onmessage = (event) => console.log(event.data)",
        "  socket.onopen = () => socket.send('hello')",
        '',
      ].join('\n'),
    )
  })

  test('names the option that lets an origin in', () => {
    assert.match(bodyOf({ Origin: 'http://a.example' }), /--origin http:\/\/a\.example /)
  })

  test('explains DNS rebinding', () => {
    assert.match(bodyOf({ Host: 'a.example' }, { isLoopback: true }), /localhost.*DNS rebinding/)
  })

  test('holds no control byte of the peer', () => {
    assert.match(bodyOf({ 'Sec-WebSocket-Key': '\x9b2J\té' }), /"\\x9b2J\\x09é"/)
  })
})

describe('refuse', () => {
  const problem = {
    what: 'header "Foo"',
    reason: 'has white space before the colon',
    section: 'RFC 9112 §5.1',
  }
  const rows: readonly [status: number, phrase: string][] = [
    [400, 'Bad Request'],
    [403, 'Forbidden'],
    [404, 'Not Found'],
    [405, 'Method Not Allowed'],
    [408, 'Request Timeout'],
    [414, 'URI Too Long'],
    [426, 'Upgrade Required'],
    [431, 'Request Header Fields Too Large'],
    [503, 'Service Unavailable'],
    [599, ''],
  ]
  const body = 'No WebSocket here: header "Foo" has white space before the colon (RFC 9112 §5.1).\n'
  for (const [status, phrase] of rows)
    test(`with ${status} ${phrase}`, () => {
      const head = lines(
        `HTTP/1.1 ${status} ${phrase}`,
        'Content-Type: text/plain; charset=utf-8',
        `Content-Length: ${Buffer.byteLength(body)}`,
        'Connection: close',
      )
      assert.equal(Buffer.from(refuse(status, problem).bytes).toString(), head + body)
    })
  test('with a hint', () => {
    const { body } = refuse(400, { ...problem, hint: 'Take it out.' })
    assert.equal(Buffer.from(body).toString().split('\n')[1], 'Take it out.')
  })
})

describe('what a client makes of the response', () => {
  const asked = { key, subprotocols: ['a', 'b'], compress: true }
  const response = (changes: Changes, line = 'HTTP/1.1 101 Switching Protocols') => {
    const headers = {
      Upgrade: 'websocket',
      Connection: 'Upgrade',
      'Sec-WebSocket-Accept': accept,
      ...changes,
    }
    const written = Object.entries(headers).flatMap(([name, value]) =>
      [value ?? []].flat().map((one) => `${name}: ${one}`),
    )
    return responseOf(lines(line, ...written))
  }
  const deflate = {
    serverNoContextTakeover: false,
    clientNoContextTakeover: false,
    serverMaxWindowBits: 15,
    clientMaxWindowBits: 15,
  }

  const agreed: readonly [name: string, changes: Record<string, string>, agreement: object][] = [
    ['nothing special', {}, {}],
    ['other letters', { Upgrade: 'WebSocket', Connection: 'x, UPGRADE' }, {}],
    ['a subprotocol', { 'Sec-WebSocket-Protocol': 'b' }, { subprotocol: 'b' }],
    ['compression', { 'Sec-WebSocket-Extensions': 'permessage-deflate' }, { compression: deflate }],
  ]
  for (const [name, changes, agreement] of agreed)
    test(name, () => {
      const expected = { kind: 'agreement', subprotocol: undefined, compression: undefined, ...agreement }
      assert.deepEqual(judgeResponse(response(changes), asked), expected)
    })

  const line = 'status line'
  const wrong: readonly [
    name: string,
    changes: Changes,
    what: string,
    reason: string,
    more?: { readonly line?: string; readonly hint?: string; readonly compress?: boolean },
  ][] = [
    [
      'missing accept',
      { 'Sec-WebSocket-Accept': undefined },
      'Sec-WebSocket-Accept',
      `is missing; expected "${accept}"`,
    ],
    ['wrong accept', { 'Sec-WebSocket-Accept': 'x' }, 'Sec-WebSocket-Accept', `is "x"; expected "${accept}"`],
    [
      'accept in other letters',
      { 'Sec-WebSocket-Accept': accept.toLowerCase() },
      'Sec-WebSocket-Accept',
      `is "${accept.toLowerCase()}"; expected "${accept}"`,
    ],
    [
      'accept twice',
      { 'Sec-WebSocket-Accept': [accept, accept] },
      'Sec-WebSocket-Accept',
      `came twice; expected "${accept}"`,
    ],
    ['missing Upgrade', { Upgrade: undefined }, 'Upgrade', 'is missing'],
    ['wrong Upgrade', { Upgrade: ['websocket', 'h2c'] }, 'Upgrade', 'is "websocket, h2c", not websocket'],
    ['missing Connection', { Connection: undefined }, 'Connection', 'is missing'],
    ['wrong Connection', { Connection: 'keep-alive' }, 'Connection', 'is "keep-alive", without Upgrade'],
    [
      'an unrequested subprotocol',
      { 'Sec-WebSocket-Protocol': 'c' },
      'Sec-WebSocket-Protocol',
      'is "c", which was not asked for',
    ],
    [
      'two subprotocols',
      { 'Sec-WebSocket-Protocol': 'a, b' },
      'Sec-WebSocket-Protocol',
      'is "a, b", which was not asked for',
    ],
    ['a subprotocol twice', { 'Sec-WebSocket-Protocol': ['a', 'b'] }, 'Sec-WebSocket-Protocol', 'came twice'],
    [
      'an unrequested extension',
      { 'Sec-WebSocket-Extensions': 'foo' },
      'Sec-WebSocket-Extensions',
      'names "foo", which was not offered',
    ],
    [
      'an extension where none was offered',
      { 'Sec-WebSocket-Extensions': 'permessage-deflate' },
      'Sec-WebSocket-Extensions',
      'is "permessage-deflate", but nothing was offered',
      { compress: false },
    ],
    [
      'server_max_window_bits=99',
      { 'Sec-WebSocket-Extensions': 'permessage-deflate; server_max_window_bits=99' },
      'Sec-WebSocket-Extensions',
      'has server_max_window_bits=99, not a number from 8 to 15',
    ],
    ['HTTP/1.0', {}, line, 'has HTTP/1.0, not HTTP/1.1', { line: 'HTTP/1.0 101 x' }],
    ['200', {}, line, 'says 200 OK, not 101', { line: 'HTTP/1.1 200 OK' }],
    ['a status without a phrase', {}, line, 'says 500, not 101', { line: 'HTTP/1.0 500' }],
    [
      '3xx',
      { Location: 'http://b/' },
      line,
      'says 302 Found, not 101',
      {
        line: 'HTTP/1.1 302 Found',
        hint: 'Location is "http://b/". It is not followed: connect to it yourself.',
      },
    ],
    ['3xx that goes nowhere', {}, line, 'says 302 Found, not 101', { line: 'HTTP/1.1 302 Found' }],
    [
      '401',
      {},
      line,
      'says 401 Unauthorized, not 101',
      { line: 'HTTP/1.1 401 Unauthorized', hint: 'Log in with --auth user:password.' },
    ],
    [
      '426 with versions',
      { 'Sec-WebSocket-Version': ['8', '7'] },
      line,
      'says 426 Upgrade Required, not 101',
      {
        line: 'HTTP/1.1 426 Upgrade Required',
        hint: 'The server speaks version 8, 7 of the protocol; this is version 13.',
      },
    ],
    [
      '426 without',
      {},
      line,
      'says 426 Upgrade Required, not 101',
      { line: 'HTTP/1.1 426 Upgrade Required' },
    ],
  ]
  for (const [name, changes, what, reason, { line, hint, compress = true } = {}] of wrong)
    test(name, () => {
      const problem = { what, reason, section: 'RFC 6455 §4.1', ...(hint === undefined ? {} : { hint }) }
      const judged = judgeResponse(response(changes, line), { ...asked, compress })
      assert.deepEqual(judged, { kind: 'problem', problem })
    })
})

describe('both ends', () => {
  for (const compress of [true, false])
    test(`agree ${compress ? 'with' : 'without'} compression, and frames glued on stay`, () => {
      const asked = { ...plain, compress, subprotocols: ['x', 'chat'] }
      const incoming = new RequestReader().push(Buffer.concat([encodeRequest(asked), Buffer.from('frame')]))
      assert.ok(incoming.kind === 'head')
      assert.equal(text(incoming.rest), 'frame')
      const grant = judgeRequest(incoming.head, { ...open, subprotocols: ['chat'] })
      assert.ok(grant.kind === 'grant')
      const head = responseOf(text(grant.bytes))
      assert.equal(headerValues(head.headers, 'Sec-WebSocket-Extensions').length, compress ? 1 : 0)
      const { subprotocol, compression } = grant
      assert.deepEqual(judgeResponse(head, asked), { kind: 'agreement', subprotocol, compression })
    })
})
