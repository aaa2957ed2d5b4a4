import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { connectTo, type Peer } from './sockets.ts'
import { isOver, run, start, text } from './sockpit.ts'
import {
  type Asked,
  acceptOfKey,
  answerByHand,
  closePayload,
  frame,
  framesIn,
  grant,
  maskedFrame,
  polite,
  serveEcho,
  upgradeByHand,
  upgradeRequest,
  verdictOn,
} from './web-sockets.ts'

/** Answers a client by hand, and settles with how it ended and what it sent after its request. */
async function answered(
  t: Parameters<typeof answerByHand>[0],
  answer: (peer: Peer, asked: Asked) => void,
  args: readonly string[] = [],
) {
  let seen: Peer | undefined
  const port = await answerByHand(t, (peer, asked) => {
    seen = peer
    answer(peer, asked)
  })
  const outcome = await run(t, ['ws-client', `ws://127.0.0.1:${port}/`, '-e', 'a secret message', ...args])
  await seen?.closed.catch(() => {})
  const { text: whole = '' } = seen ?? {}
  return { ...outcome, after: whole.slice(whole.indexOf('\r\n\r\n') + 4) }
}

// Side by side: most of these wait for something.
describe('ws-client judges the answer: exit 5, the line named, no frame sent', { concurrency: 3 }, () => {
  const wrong: readonly [name: string, lines: Readonly<Record<string, string>>, named: RegExp][] = [
    ['a wrong accept', { 'Sec-WebSocket-Accept': acceptOfKey }, /Sec-WebSocket-Accept is "s3pPLM/],
    ['no accept', { 'Sec-WebSocket-Accept': '' }, /Sec-WebSocket-Accept is missing/],
    ['a wrong Upgrade', { Upgrade: 'h2c' }, /Upgrade is "h2c", not websocket/],
    ['no Upgrade', { Upgrade: '' }, /Upgrade is missing/],
    ['a wrong Connection', { Connection: 'close' }, /Connection is "close", without Upgrade/],
    ['no Connection', { Connection: '' }, /Connection is missing/],
    [
      'a subprotocol that was not asked for',
      { 'Sec-WebSocket-Protocol': 'chat' },
      /Sec-WebSocket-Protocol is "chat", which was not asked for/,
    ],
    [
      'an extension that was not asked for',
      { 'Sec-WebSocket-Extensions': 'x-other' },
      /Sec-WebSocket-Extensions [^\n]*x-other/,
    ],
    [
      'window bits of 99',
      { 'Sec-WebSocket-Extensions': 'permessage-deflate; server_max_window_bits=99' },
      /Sec-WebSocket-Extensions [^\n]*99/,
    ],
  ]
  for (const [name, lines, named] of wrong) {
    test(name, async (t) => {
      const { code, stdout, stderr, after } = await answered(t, (peer, { accept }) => {
        peer.socket.write(grant(accept, lines))
      })
      assert.deepEqual([code, stdout.length, after], [5, 0, ''])
      assert.match(stderr, named)
      assert.match(
        stderr,
        /^sockpit: Cannot upgrade to WebSocket at ws:\/\/[^\n]* \(RFC \d+ §[\d.]+\)\.[^\n]*\n$/,
      )
    })
  }

  test('100 Continue is no answer: the one after it is', async (t) => {
    const { code, after } = await answered(t, (peer, { accept }) => {
      peer.socket.write(`HTTP/1.1 100 Continue\r\n\r\n${grant(accept)}`)
      void peer.has(peer.received.length + 10).then(() => peer.socket.end())
    })
    assert.equal(code, 6)
    assert.notEqual(after, '')
  })

  test('what the server says of its refusal stands in the message', async (t) => {
    const said = 'Come back with a ticket.'
    const { code, stderr } = await answered(t, (peer) => {
      const head = `HTTP/1.1 403 Forbidden\r\nContent-Length: ${said.length}\r\n\r\n`
      peer.socket.write(head + said)
    })
    assert.equal(code, 5)
    assert.match(stderr, /403 Forbidden[^\n]* They say: "Come back with a ticket\."\n$/)
  })

  const statuses: readonly [name: string, answer: string, said: RegExp][] = [
    [
      '302, which is not followed',
      'HTTP/1.1 302 Found\r\nLocation: ws://elsewhere.test/\r\nContent-Length: 0\r\n\r\n',
      /302 Found[^\n]*Location is "ws:\/\/elsewhere\.test\/"/,
    ],
    ['200', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi', /says 200 OK, not 101/],
    ['401', 'HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n', /--auth/],
    [
      '426 of another version',
      'HTTP/1.1 426 Upgrade Required\r\nSec-WebSocket-Version: 8, 7\r\nContent-Length: 0\r\n\r\n',
      /version 8, 7/,
    ],
    ['HTTP/1.0', 'HTTP/1.0 101 Switching Protocols\r\n\r\n', /HTTP\/1\.0/],
    ['what is no HTTP', 'SSH-2.0-OpenSSH_9.2\r\n', /status line/],
    ['a body without an end', 'HTTP/1.1 500 No\r\n\r\nbecause', /500 No/],
  ]
  for (const [name, answer, said] of statuses) {
    test(`an answer of ${name}`, async (t) => {
      const { code, stderr, after } = await answered(t, ({ socket }) => socket.write(answer))
      assert.deepEqual([code, after], [5, ''])
      assert.match(stderr, said)
      assert.match(stderr, /^sockpit: [^\n]+$/m)
    })
  }

  test('a refusal shows its status and the start of its body, escaped', async (t) => {
    const body = `go \x1b[31maway\n${'x'.repeat(2_000)}`
    const port = await answerByHand(t, ({ socket }) => {
      socket.write(`HTTP/1.1 404 Not Found\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
    })
    const outcome = await run(t, ['ws-client', `ws://127.0.0.1:${port}/`, '--view', 'log'])
    assert.equal(outcome.code, 5)
    assert.match(text(outcome), /404 Not Found/)
    assert.match(text(outcome), /go .*away/)
    assert.equal(`${text(outcome)}${outcome.stderr}`.includes('\x1b'), false)
    const client = start(t, ['ws-client', `ws://127.0.0.1:${port}/`, '--json'])
    assert.equal((await client.exit).code, 5)
    const { status, body: told, problem } = await client.event('response')
    assert.deepEqual([status, told, problem?.what], [404, body.slice(0, 1_024), 'status line'])
    const verdict = await verdictOn(client, 'client')
    assert.deepEqual([verdict.upgraded, 'sentCode' in verdict], [false, false])
  })

  test('a head without an end is given up at 16 KiB', async (t) => {
    const { code, stderr, after } = await answered(t, ({ socket }) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\n')
      const more = () => {
        while (socket.writable && socket.write(`X-More: ${'x'.repeat(200)}\r\n`)) {}
      }
      socket.on('drain', more)
      more()
    })
    assert.deepEqual([code, after], [5, ''])
    assert.match(stderr, /^sockpit: Cannot upgrade to WebSocket at /m)
  })

  test('a server that ends before or within its answer', async (t) => {
    for (const part of ['', 'HTTP/1.1 101 Swit']) {
      const { code, stderr, after } = await answered(t, ({ socket }) => socket.end(part))
      assert.deepEqual([code, after], [5, ''])
      assert.match(stderr, /^sockpit: Cannot upgrade to WebSocket at [^\n]* the server ended[^\n]*\n$/)
    }
  })

  test('nothing but the request leaves before the answer', async (t) => {
    let before = ''
    const port = await answerByHand(t, (peer, { accept }) => {
      before = peer.text
      // A turn of the loop or two, and a byte there and back, for whatever might follow.
      setTimeout(() => {
        before = peer.text
        peer.socket.write(grant(accept))
      }, 150)
    })
    const client = start(t, ['ws-client', `ws://127.0.0.1:${port}/`, '--json', '-e', 'early'], {
      stdin: 'piped\n',
    })
    await client.event('message')
    assert.match(before, /^GET \/ HTTP\/1\.1\r\n(?:[^\r\n]+\r\n)+\r\n$/)
  })

  test('an answer in one-byte segments with a frame glued on', async (t) => {
    const port = await answerByHand(t, (peer, { accept }) => {
      const head = grant(accept)
      peer.socket.setNoDelay(true)
      for (const byte of head.slice(0, -1)) peer.socket.write(byte)
      peer.socket.write(Buffer.concat([Buffer.from(head.slice(-1)), frame({ opcode: 1, payload: 'glued' })]))
      peer.socket.end(frame({ opcode: 8, payload: closePayload(1000) }))
    })
    const outcome = await run(t, ['ws-client', `ws://127.0.0.1:${port}/`], { stdin: 'pipe' })
    assert.deepEqual([outcome.code, text(outcome), outcome.stderr], [0, 'glued\n', ''])
  })
})

describe('ws-echo judges the request', { concurrency: 3 }, () => {
  test('a page for who comes without an upgrade, 405 for a POST, 404 for another path', async (t) => {
    const { url, port } = await serveEcho(t, ['--path', '/chat', '--path', '/echo'])
    assert.equal(url, `ws://127.0.0.1:${port}/chat`)
    const http = `http://127.0.0.1:${port}`
    const page = await fetch(`${http}/chat`)
    assert.deepEqual([page.status, page.headers.get('upgrade')], [426, 'websocket'])
    assert.match(await page.text(), new RegExp(`sockpit ws-client ws://127\\.0\\.0\\.1:${port}/`))
    const post = await fetch(`${http}/chat`, { method: 'POST', body: 'x' })
    assert.deepEqual([post.status, post.headers.get('allow')], [405, 'GET'])
    const other = await fetch(`${http}/other`)
    assert.equal(other.status, 404)
    assert.match(await other.text(), /\/chat or \/echo/)
    const head = await upgradeByHand(t, port, {}, { start: 'GET /echo?room=1 HTTP/1.1' })
    assert.match(head.peer.text, /^HTTP\/1\.1 101 /)
  })

  test('the accept of the RFC, and frames in the segment of the request: once, in their order', async (t) => {
    const { server, port } = await serveEcho(t)
    const glued = ['one', 'two', 'three'].map((payload) => maskedFrame({ opcode: 1, payload }))
    const { peer, has, frames } = await upgradeByHand(t, port, {}, { with: Buffer.concat(glued) })
    assert.match(peer.text, new RegExp(`\r\nSec-WebSocket-Accept: ${acceptOfKey.replace('+', '\\+')}\r\n`))
    await has(5 + 5 + 7)
    assert.deepEqual(
      frames().map(({ payload }) => payload.toString()),
      ['one', 'two', 'three'],
    )
    peer.socket.write(maskedFrame({ opcode: 8, payload: closePayload(1000) }))
    await peer.whole()
    assert.equal((await verdictOn(server, 'server#1')).received.messages, 3)
  })

  const requests: readonly [
    name: string,
    status: number,
    lines: Readonly<Record<string, string>>,
    start?: string,
  ][] = [
    ['Connection: keep-alive, Upgrade', 101, { Connection: 'keep-alive, Upgrade' }],
    ['names and tokens in any case', 101, { Upgrade: 'WebSocket', Connection: 'UPGRADE' }],
    ['HTTP/1.0', 400, {}, 'GET / HTTP/1.0'],
    ['POST', 405, {}, 'POST / HTTP/1.1'],
    ['no Upgrade', 426, { Upgrade: '' }],
    ['no Connection', 400, { Connection: '' }],
    ['no key', 400, { 'Sec-WebSocket-Key': '' }],
    ['a key of 15 bytes', 400, { 'Sec-WebSocket-Key': Buffer.alloc(15).toString('base64') }],
    ['a key of 17 bytes', 400, { 'Sec-WebSocket-Key': Buffer.alloc(17).toString('base64') }],
    ['a key that is not base64', 400, { 'Sec-WebSocket-Key': '!'.repeat(22).concat('==') }],
    ['two keys', 400, { 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==' }],
    ['version 8', 426, { 'Sec-WebSocket-Version': '8' }],
    ['no Host', 400, { Host: '' }],
    ['two Hosts', 400, { host: '127.0.0.1' }],
    ['a body', 400, { 'Content-Length': '5' }],
    ['a body in chunks', 400, { 'Transfer-Encoding': 'chunked' }],
    ['Content-Length: 0', 101, { 'Content-Length': '0' }],
    ['a foreign Host', 403, { Host: 'evil.test' }],
    ['localhost', 101, { Host: 'localhost:1' }],
    ['a foreign Origin', 403, { Origin: 'http://evil.test' }],
    ['the Origin null', 403, { Origin: 'null' }],
    ['an Origin of this machine', 101, { Origin: 'http://localhost:8080' }],
    ['a folded header', 400, { 'X-A': 'a\r\n b' }],
    ['a bare line feed', 400, { 'X-A': 'a\nX-B: b' }],
    ['a NUL', 400, { 'X-A': 'a\0b' }],
    ['a space before the colon', 400, { 'X-A ': 'a' }],
    ['9 KiB of request line', 414, {}, `GET /${'x'.repeat(9 * 1_024)} HTTP/1.1`],
    ['9 KiB in one header', 431, { 'X-A': 'x'.repeat(9 * 1_024) }],
    ['101 headers', 431, Object.fromEntries(Array.from({ length: 101 }, (_, at) => [`X-${at}`, 'x']))],
    [
      'an extension named __proto__',
      101,
      { 'Sec-WebSocket-Extensions': 'constructor, __proto__; toString=1' },
    ],
    ['a quote without an end', 400, { 'Sec-WebSocket-Extensions': `a; b="${'\\"'.repeat(4_000)}` }],
  ]
  test('every request of which there is a rule', async (t) => {
    const { server, port } = await serveEcho(t)
    for (const [name, status, lines, first] of requests) {
      const peer = polite(await connectTo(t, port))
      peer.socket.write(upgradeRequest(port, lines, first))
      await peer.has('\r\n\r\n')
      assert.equal(Number(peer.text.slice(9, 12)), status, `${name}: ${peer.text.slice(0, 200)}`)
      if (status === 101) peer.socket.destroy()
      else {
        const whole = (await peer.whole()).toString()
        assert.match(whole, /\r\nConnection: (?:Upgrade, )?close\r\n/, name)
        assert.match(whole, /\r\n\r\nNo WebSocket here: [^\n]+\n/, name)
      }
    }
    await server.until('every verdict', () =>
      server.eventsOf('closed').length === requests.length ? true : undefined,
    )
    assert.doesNotMatch(server.stderr, /^sockpit: |^ {4}at /m)
  })

  test('version 8 is told version 13; a foreign Origin is told how to be let in', async (t) => {
    const { port } = await serveEcho(t)
    const old = polite(await connectTo(t, port))
    old.socket.write(upgradeRequest(port, { 'Sec-WebSocket-Version': '8' }))
    assert.match((await old.whole()).toString(), /\r\nSec-WebSocket-Version: 13\r\n/)
    const foreign = polite(await connectTo(t, port))
    foreign.socket.write(upgradeRequest(port, { Origin: 'http://evil.test' }))
    assert.match((await foreign.whole()).toString(), /--origin http:\/\/evil\.test/)
  })

  test('window bits that nobody may ask for decline the extension', async (t) => {
    const { port } = await serveEcho(t)
    const declined = [
      'client_max_window_bits=7',
      'client_max_window_bits=16',
      'client_max_window_bits=08',
      'server_no_context_takeover; server_no_context_takeover',
    ]
    for (const parameters of declined) {
      const { peer } = await upgradeByHand(t, port, {
        'Sec-WebSocket-Extensions': `permessage-deflate; ${parameters}`,
      })
      assert.match(peer.text, /^HTTP\/1\.1 101 /)
      assert.doesNotMatch(peer.text, /Extensions/, parameters)
    }
  })

  test('--no-compress, --subprotocol and --origin decide', async (t) => {
    const args = [
      '--no-compress',
      '--subprotocol',
      'echo',
      '--subprotocol',
      'chat',
      '--origin',
      'http://page.test',
    ]
    const { server, port } = await serveEcho(t, args)
    const { peer } = await upgradeByHand(t, port, {
      'Sec-WebSocket-Extensions': 'permessage-deflate',
      'Sec-WebSocket-Protocol': 'other, chat, echo',
      Origin: 'http://page.test',
    })
    assert.doesNotMatch(peer.text, /Extensions/)
    assert.match(peer.text, /\r\nSec-WebSocket-Protocol: chat\r\n/)
    const opened = await server.event('opened', (event) => isOver(event, 'websocket'))
    assert.equal(isOver(opened, 'websocket') && opened.subprotocol, 'chat')
    const local = polite(await connectTo(t, port))
    local.socket.write(upgradeRequest(port, { Origin: 'http://localhost' }))
    assert.match((await local.whole()).toString(), /^HTTP\/1\.1 403 /)
  })

  test('a request that never ends, or never begins, is closed in time and told', async (t) => {
    const { server, port } = await serveEcho(t, ['--handshake-timeout', '1500ms'])
    const [mute, slow] = [polite(await connectTo(t, port)), polite(await connectTo(t, port))]
    slow.socket.write('GET / HTTP/1.1\r\nHost: x')
    const served = await upgradeByHand(t, port)
    await Promise.all([mute.closed, slow.closed])
    await server.until('both', () => (server.eventsOf('timeout').length === 2 ? true : undefined))
    assert.ok(
      server.eventsOf('timeout').every(({ what, afterMs }) => what === 'handshake' && afterMs === 1_500),
    )
    assert.deepEqual((await verdictOn(server, 'server#1')).upgraded, false)
    served.peer.socket.write(maskedFrame({ opcode: 1, payload: 'still here' }))
    await served.has(12)
    assert.equal(framesIn(served.body())[0]?.payload.toString(), 'still here')
  })

  test('who leaves before the upgrade is not waited for once it is closed', async (t) => {
    const { server, port } = await serveEcho(t, ['--close-timeout', '1ms'])
    const leaving = await connectTo(t, port)
    leaving.socket.end()
    await verdictOn(server, 'server#1')
    // Its time limit would have passed long before another one has come and gone.
    const polled = await connectTo(t, port)
    polled.socket.end()
    await verdictOn(server, 'server#2')
    server.kill('SIGTERM')
    await server.exit
    assert.deepEqual(server.eventsOf('timeout'), [])
  })

  test('what cannot be meant is told in one line, exit 2', async (t) => {
    const cases = [
      ['65536'],
      ['-1'],
      ['80x'],
      ['0', '--path', 'chat'],
      ['0', '--path', '/a\nb'],
      ['0', '--path', '/a?b'],
      ['0', '--origin', 'a\r\nb'],
      ['0', '--subprotocol', 'a b'],
      ['0', '--max-payload', '3GiB'],
      ['0', '--handshake-timeout', '0'],
      ['0', '--max-connections', '0'],
    ]
    const outcomes = await Promise.all(cases.map((args) => run(t, ['ws-echo', ...args])))
    for (const [index, { code, stdout, stderr }] of outcomes.entries()) {
      const args = cases[index]?.join(' ')
      assert.deepEqual([args, code, stdout.length], [args, 2, 0])
      assert.match(stderr, /^sockpit: [^\n]+\n$/, args)
    }
  })
})
