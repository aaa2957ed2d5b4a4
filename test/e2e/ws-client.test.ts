import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { refusedInOneLine } from '../refused.ts'
import { freePort, keepPeers } from './sockets.ts'
import { isOver, type Running, run, start, temporaryFolder, text } from './sockpit.ts'
import {
  answerByHand,
  echoTheirs,
  everyByte,
  frame,
  framesIn,
  grant,
  inWords,
  serveEcho,
  serveTheirs,
  type Their,
  verdictOn,
} from './web-sockets.ts'

/** Messages one way, as they were told: text as it is, bytes in hex. */
function told(running: Running, direction: 'sent' | 'received'): string[] {
  return running
    .eventsOf('message')
    .filter((one) => one.direction === direction)
    .map(({ type, payload }) => {
      const bytes = Buffer.from(payload)
      return type === 'text' ? bytes.toString() : `0x${bytes.toString('hex')}`
    })
}

function saidTo({ messages }: Their): string[] {
  return messages.map(({ bytes, isBinary }) => (isBinary ? `0x${bytes.toString('hex')}` : bytes.toString()))
}

// Side by side: most of these wait for something.
describe('ws-client: standard input and output', { concurrency: 3 }, () => {
  const split = [
    [
      'each line is a text message, the last one without its line end too',
      [],
      'one\n\nzwei €\nlast',
      ['one', '', 'zwei €', 'last'],
    ],
    ['with --binary they are binary', ['--binary'], 'a\nb\n', ['0x61', '0x62']],
    ['--split nul: a message ends at a zero byte', ['--split', 'nul'], 'a\nb\0c\0', ['a\nb', 'c']],
    ['--split none: all of it is one message', ['--split', 'none'], 'a\nb\0c\n', ['a\nb\0c\n']],
    ['--eol crlf is part of each message', ['--eol', 'crlf'], 'a\nb', ['a\r\n', 'b\r\n']],
  ] as const
  for (const [name, options, stdin, expected] of split) {
    test(name, async (t) => {
      const { url, theirs } = await serveTheirs(t)
      const outcome = await run(t, ['ws-client', url, ...options], { stdin })
      assert.deepEqual([outcome.code, text(outcome), outcome.stderr], [0, '', ''])
      const [their] = theirs
      assert.ok(their !== undefined)
      assert.deepEqual(await their.closed(), [1000, ''])
      assert.deepEqual(saidTo(their), expected)
    })
  }

  test('lines that are not UTF-8 go as binary messages, which is told once', async (t) => {
    const { url, theirs } = await serveTheirs(t)
    const stdin = Buffer.from('text\nnot \xff\n\xc0\xaf\nagain text\n', 'latin1')
    const outcome = await run(t, ['ws-client', url], { stdin })
    assert.equal(outcome.code, 0)
    assert.equal(outcome.stderr.match(/not UTF-8/g)?.length, 1, outcome.stderr)
    assert.deepEqual(theirs.flatMap(saidTo), ['text', '0x6e6f7420ff', '0xc0af', 'again text'])
  })

  test('every byte value there and back, once as one message and once by zero bytes', async (t) => {
    const { url } = await serveTheirs(t, echoTheirs)
    const whole = await run(t, ['ws-client', url, '--split', 'none'], { stdin: everyByte })
    assert.deepEqual([whole.code, whole.stdout.equals(everyByte)], [0, true])
    const byZero = await run(t, ['ws-client', url, '--split', 'nul', '--binary'], {
      stdin: everyByte,
    })
    // After the zero byte that begins it there is no second one: raw ends that message, too.
    assert.deepEqual(
      [byZero.code, byZero.stdout.equals(Buffer.concat([everyByte, Buffer.from([0])]))],
      [0, true],
    )
  })

  test('raw writes each message and a line feed', async (t) => {
    const { url } = await serveTheirs(t, ({ socket }) => {
      socket.send('text')
      socket.send(Buffer.from([0xff, 0x0a, 0x00]))
      socket.send('')
      socket.close(1000)
    })
    const outcome = await run(t, ['ws-client', url], { stdin: 'pipe' })
    assert.deepEqual(
      [outcome.code, outcome.stdout.toString('latin1'), outcome.stderr],
      [0, 'text\n\xff\n\0\n\n', ''],
    )
  })

  test('a large file there and back', async (t) => {
    const { url } = await serveTheirs(t, echoTheirs)
    const lines = Array.from({ length: 3_000 }, (_, index) => `${index}: ${'x'.repeat(index)}\n`).join('')
    const outcome = await run(t, ['ws-client', url], { stdin: lines })
    assert.deepEqual([outcome.code, text(outcome) === lines], [0, true])
  })

  test('what is longer than --max-payload is not sent, which is told; the rest is', async (t) => {
    const { url } = await serveTheirs(t, echoTheirs)
    const args = ['ws-client', url, '--max-payload', '10']
    const outcome = await run(t, args, { stdin: '12345678901\n1234567890\nshort\n' })
    assert.deepEqual([outcome.code, text(outcome)], [0, '1234567890\nshort\n'])
    assert.match(outcome.stderr, /a\s+message\s+of\s+11\s+bytes\s+was\s+not\s+sent/)
  })

  test('an answer that comes within -w after the end of input is waited for', async (t) => {
    const { url } = await serveTheirs(t, ({ socket }) => {
      socket.on('message', () => setTimeout(() => socket.send('slow'), 600))
    })
    const outcome = await run(t, ['ws-client', url], { stdin: 'q' })
    assert.deepEqual([outcome.code, text(outcome)], [0, 'slow\n'])
  })

  test('--on-eof stay: only the other side ends it', async (t) => {
    const { url, theirs } = await serveTheirs(t, echoTheirs)
    const client = start(t, ['ws-client', url, '--on-eof', 'stay', '--json'], { stdin: 'one\n' })
    await client.event('message', ({ direction }) => direction === 'received')
    theirs[0]?.socket.send('after the end of input')
    await client.event('message', ({ payload }) => Buffer.from(payload).toString().startsWith('after'))
    theirs[0]?.socket.close(1001)
    assert.equal((await client.exit).code, 0)
  })

  test('-w ends it after so long with nothing happening, and closes with 1000', async (t) => {
    const { url, theirs } = await serveTheirs(t)
    const { code } = await run(t, ['ws-client', url, '-w', '100ms'], { stdin: 'pipe' })
    assert.equal(code, 0)
    assert.deepEqual(await theirs[0]?.closed(), [1000, ''])
  })

  test('-n ends it after so many messages, though one read brings more, and closes cleanly', async (t) => {
    const port = await answerByHand(t, (peer, { accept }) => {
      const said = ['one', 'two', 'three'].map((payload) => frame({ opcode: 1, payload }))
      peer.socket.write(Buffer.concat([Buffer.from(grant(accept)), ...said]))
      void peer.fin.catch(() => {})
      peer.socket.on('data', (bytes: Buffer) => {
        if (framesIn(bytes).some(({ opcode }) => opcode === 8)) {
          peer.socket.end(
            Buffer.concat([frame({ opcode: 1, payload: 'late' }), frame({ opcode: 8, payload: '\x03\xe8' })]),
          )
        }
      })
    })
    const outcome = await run(t, ['ws-client', `ws://127.0.0.1:${port}`, '-n', '2', '-v'], { stdin: 'pipe' })
    assert.deepEqual([outcome.code, text(outcome)], [0, 'one\ntwo\n'])
    const client = start(t, ['ws-client', `ws://127.0.0.1:${port}`, '-n', '2', '--json'], { stdin: 'pipe' })
    assert.equal((await client.exit).code, 0)
    const verdict = await verdictOn(client, 'client')
    assert.deepEqual(told(client, 'received'), ['one', 'two'])
    assert.deepEqual([verdict.first, verdict.sentCode, verdict.received.messages], ['us', 1000, 4])
    assert.deepEqual(
      client.events.map(({ seq }) => seq),
      client.events.map((_, index) => index + 1),
    )
  })

  test('-n over a server that closes cleanly takes no time', async (t) => {
    const { url, theirs } = await serveTheirs(t, echoTheirs)
    const client = start(t, ['ws-client', url, '-n', '1', '--json'], { stdin: 'x\n' })
    assert.equal((await client.exit).code, 0)
    const verdict = await verdictOn(client, 'client')
    assert.deepEqual([verdict.clean, verdict.closeCode], [true, 1000])
    assert.deepEqual(await theirs[0]?.closed(), [1000, ''])
  })
})

describe('ws-client: what is entered', { concurrency: 3 }, () => {
  test('every verb does what it says to a server of npm', async (t) => {
    const pings: string[] = []
    const { url, theirs } = await serveTheirs(t, (their) => {
      their.socket.on('ping', (payload: Buffer) => pings.push(payload.toString()))
      echoTheirs(their)
    })
    const folder = temporaryFolder(t)
    const [script, textFile, binaryFile] = ['script', 'text', 'binary'].map((name) => join(folder, name))
    assert.ok(script !== undefined && textFile !== undefined && binaryFile !== undefined)
    writeFileSync(textFile, 'a file\nof two lines\n')
    writeFileSync(binaryFile, everyByte)
    const lines = [
      '# a comment',
      'plain text',
      '//slash',
      '/send --fragments 4 in four frames',
      '/send --binary bytes',
      '/send ""',
      '/hex 00ff 80',
      `/file ${textFile}`,
      `/file ${binaryFile}`,
      '/ping are you there',
      '/pong nobody asked',
      '/frame opcode=text fin=0 payload=by',
      '/frame opcode=ping payload=between',
      '/frame opcode=continuation payload=hand',
      '/expect byhand within 10s',
      '/wait 50ms',
      '/close 4001 "that was all"',
    ]
    writeFileSync(script, `${lines.join('\n')}\n`)
    const client = start(t, ['ws-client', url, '--json', '-e', 'entered first', '--script', script])
    const { code, stderr } = await client.exit
    assert.equal(code, 0, stderr)
    const expected = [
      'entered first',
      'plain text',
      '/slash',
      'in four frames',
      '0x6279746573',
      '',
      '0x00ff80',
      'a file\nof two lines\n',
      `0x${everyByte.toString('hex')}`,
      'byhand',
    ]
    const [their] = theirs
    assert.ok(their !== undefined)
    assert.deepEqual(saidTo(their), expected)
    assert.deepEqual(told(client, 'received'), expected)
    assert.deepEqual(await their.closed(), [4001, 'that was all'])
    assert.deepEqual(pings, ['are you there', 'between'])
    const four = client.eventsOf('message').find(({ frames }) => frames === 4)
    assert.equal(four?.size, 'in four frames'.length)
    const pong = client.eventsOf('frame').find(({ roundTripMs }) => roundTripMs !== undefined)
    assert.equal(pong?.opcode, 10)
    const verdict = await verdictOn(client, 'client')
    assert.deepEqual([verdict.clean, verdict.first, verdict.sentCode], [true, 'us', 4001])
  })

  test('an expectation that is not met: exit 7, and the WebSocket is closed', async (t) => {
    const { url, theirs } = await serveTheirs(t, ({ socket }) => socket.send('bye'))
    const { code, stderr } = await run(t, ['ws-client', url, '-e', '/expect welcome within 200ms'])
    assert.equal(code, 7)
    assert.match(stderr, /^sockpit: --enter: Expected "welcome" within 200 ms: received instead: "bye"$/m)
    assert.deepEqual(await theirs[0]?.closed(), [1000, ''])
  })

  test('/wait that does not come to it: exit 3', async (t) => {
    const { url } = await serveTheirs(t)
    const { code, stderr } = await run(t, ['ws-client', url, '-e', '/wait fin within 100ms'])
    assert.equal(code, 3)
    assert.match(stderr, /^sockpit: --enter: \/wait fin: it did not come to that within 100 ms$/m)
  })

  test('a line that cannot be understood is found before anything is connected: exit 2', async (t) => {
    const { peers, port } = await keepPeers(t)
    for (const line of ['/close 1005', '/close 999', '/frame fin=1', '/ping '.padEnd(140, 'x'), '/nosuch']) {
      const { code, stdout, stderr } = await run(t, ['ws-client', `ws://127.0.0.1:${port}`, '-e', line])
      assert.deepEqual([line, code, stdout.length], [line, 2, 0])
      assert.match(stderr, /^sockpit: --enter: [^\n]+\n$/)
    }
    assert.equal(peers.length, 0)
  })

  test('--echo sends every message back as it came, and stays though its input has ended', async (t) => {
    const { url, theirs } = await serveTheirs(t)
    const client = start(t, ['ws-client', url, '--echo', '--json'])
    await client.event('opened', (event) => isOver(event, 'websocket'))
    const [their] = theirs
    assert.ok(their !== undefined)
    for (const payload of ['text', everyByte, '', Buffer.alloc(200_000, 3)]) {
      const message = await their.echo(payload)
      assert.equal(message?.bytes.equals(Buffer.from(payload)), true)
      assert.equal(message?.isBinary, typeof payload !== 'string')
    }
    their.socket.close(1000)
    assert.equal((await client.exit).code, 0)
  })
})

describe('ws-client: the request', { concurrency: 3 }, () => {
  /** Runs it against a server of npm, and answers what was asked. */
  async function askedBy(t: TestContext, args: readonly string[], subprotocol?: string) {
    const { requests, port } = await serveTheirs(t, ({ socket }) => socket.close(1000), {
      handleProtocols: () => subprotocol ?? false,
    })
    const outcome = await run(t, ['ws-client', `ws://127.0.0.1:${port}/a%20b?c=d`, '--json', ...args])
    assert.equal(outcome.code, 0, outcome.stderr)
    const [request] = requests
    assert.ok(request !== undefined)
    return { request, outcome, headers: pairsOf(request.rawHeaders), port }
  }

  function pairsOf(raw: readonly string[]): (readonly [string, string])[] {
    return raw.flatMap((name, at) => (at % 2 === 0 ? [[name, raw[at + 1] ?? ''] as const] : []))
  }

  test('path, query, host, key and offer', async (t) => {
    const { request, headers, port } = await askedBy(t, [])
    assert.equal(request.url, '/a%20b?c=d')
    assert.deepEqual(
      headers.map(([name, value]) => [name, /Key$/.test(name) ? Buffer.from(value, 'base64').length : value]),
      [
        ['Host', `127.0.0.1:${port}`],
        ['Upgrade', 'websocket'],
        ['Connection', 'Upgrade'],
        ['Sec-WebSocket-Key', 16],
        ['Sec-WebSocket-Version', '13'],
        ['Sec-WebSocket-Extensions', 'permessage-deflate; client_max_window_bits'],
      ],
    )
  })

  test('headers of ours: twice the same, one with colons and an umlaut, one that replaces Host', async (t) => {
    const own = ['X-One: 1', 'X-One: 2', 'X-Two: a:b: ä', 'host: example.test:99', 'Cookie: a=b']
    const args = ['--no-compress', '--origin', 'http://page.test', ...own.flatMap((one) => ['-H', one])]
    const { headers } = await askedBy(t, args)
    const values = (wanted: string) =>
      headers.filter(([name]) => name.toLowerCase() === wanted).map(([, value]) => value)
    assert.deepEqual(values('x-one'), ['1', '2'])
    assert.deepEqual(values('x-two'), [Buffer.from('a:b: ä').toString('latin1')])
    assert.deepEqual(values('host'), ['example.test:99'])
    assert.deepEqual(values('origin'), ['http://page.test'])
    assert.deepEqual(values('cookie'), ['a=b'])
    assert.deepEqual(values('sec-websocket-extensions'), [])
  })

  test('subprotocols: offered in order, and the one that is chosen is told', async (t) => {
    const args = ['--subprotocol', 'chat', '--subprotocol', 'echo']
    const { headers, outcome } = await askedBy(t, args, 'echo')
    assert.deepEqual(
      headers.filter(([name]) => name === 'Sec-WebSocket-Protocol'),
      [['Sec-WebSocket-Protocol', 'chat, echo']],
    )
    assert.match(text(outcome), /"transport":"websocket"[^\n]*"subprotocol":"echo"/)
  })

  test('what cannot be meant is told in one line, exit 2, and nothing is connected', async (t) => {
    const { peers, port } = await keepPeers(t)
    const url = `ws://127.0.0.1:${port}/`
    const cases: readonly (readonly string[])[] = [
      ['ws://'],
      [''],
      ['ws://127.0.0.1:0/'],
      [url, '-H', 'a b: c'],
      [url, '-H', ': c'],
      [url, '--origin', ''],
      [url, '--subprotocol', 'a b'],
      [url, '--subprotocol', 'a', '--subprotocol', 'a'],
      [url, '--subprotocol', ''],
      [url, '--auth', 'nocolon'],
      [url, '--ping-interval', 'soon'],
      [url, '--on-eof', 'fin'],
    ]
    for (const args of cases) await refusedInOneLine(['ws-client', ...args])
    const { code, stdout, stderr } = await run(t, ['ws-client', url, '-H', 'no colon'])
    assert.deepEqual([code, stdout.length], [2, 0])
    assert.match(stderr, /^sockpit: [^\n]+\n$/)
    assert.equal(peers.length, 0)
  })

  test('the scheme may be left out, and the host', async (t) => {
    const { port, requests } = await serveTheirs(t, ({ socket }) => socket.close(1000))
    const forms = [`127.0.0.1:${port}`, `127.0.0.1:${port}/x?y`, `${port}/z`, `:${port}`]
    const outcomes = await Promise.all(forms.map((form) => run(t, ['ws-client', form, '-4'])))
    assert.deepEqual(
      outcomes.map(({ code, stderr }) => [code, stderr]),
      forms.map(() => [0, '']),
    )
    assert.deepEqual(requests.map(({ url }) => url).sort(), ['/', '/', '/x?y', '/z'])
  })
})

describe('ws-client: exit codes', { concurrency: 3 }, () => {
  const codes = [
    [1000, 0],
    [1001, 0],
    [undefined, 0],
    [1002, 6],
    [1003, 6],
    [1008, 6],
    [1011, 6],
    [3000, 6],
    [4999, 6],
  ] as const
  test('the close code of the server decides', async (t) => {
    await Promise.all(
      codes.map(async ([code, exit]) => {
        const { url } = await serveTheirs(t, ({ socket }) => socket.close(code, code && 'because'))
        const outcome = await run(t, ['ws-client', url, '--on-eof', 'stay'])
        assert.deepEqual([code, outcome.code, text(outcome)], [code, exit, ''])
        if (exit === 0) assert.equal(outcome.stderr, '')
        else assert.match(outcome.stderr, new RegExp(`^sockpit: [^\\n]*${code}[^\\n]*"because"\\n$`))
      }),
    )
  })

  test('-w does not count before there is a WebSocket', async (t) => {
    const port = await answerByHand(t, () => {})
    const limits = ['-w', '50ms', '--connect-timeout', '600ms']
    const { code, stderr } = await run(t, ['ws-client', `ws://127.0.0.1:${port}`, ...limits], {
      stdin: 'hello',
    })
    assert.equal(code, 3)
    assert.match(stderr, /no answer in time/)
  })

  test('refused is 1, nobody answers is 3', async (t) => {
    const port = await freePort(t)
    const refused = await run(t, ['ws-client', `ws://127.0.0.1:${port}`])
    assert.equal(refused.code, 1)
    assert.match(refused.stderr, /^sockpit: Cannot connect to [^\n]*ECONNREFUSED[^\n]*\n$/)
    const { port: mute } = await keepPeers(t)
    const silent = await run(t, ['ws-client', `ws://127.0.0.1:${mute}`, '--connect-timeout', '200ms'])
    assert.equal(silent.code, 3)
    assert.match(silent.stderr, /^sockpit: Cannot upgrade to WebSocket at [^\n]*: no answer in time[^\n]*$/m)
  })

  test('--close-timeout: a server that never answers the close frame is left', async (t) => {
    const port = await answerByHand(t, (peer, { accept }) => {
      peer.socket.write(grant(accept))
    })
    const args = [
      'ws-client',
      `ws://127.0.0.1:${port}`,
      '--json',
      '--close-timeout',
      '200ms',
      '-e',
      '/close 4000',
    ]
    const client = start(t, args, { stdin: 'pipe' })
    await client.exit
    const { what, afterMs } = await client.event('timeout')
    assert.deepEqual([what, afterMs], ['close', 200])
  })
})

test('a session in JSON: everything in its order', async (t) => {
  const { server, url } = await serveEcho(t, ['--no-compress', '--ping-interval', '0'])
  const client = start(t, ['ws-client', url, '--json', '-e', 'hi', '-e', '/expect hi', '-e', '/close'])
  assert.equal((await client.exit).code, 0)
  await verdictOn(server, 'server#1')
  assert.deepEqual(client.events.map(inWords), [
    'connecting',
    'opened tcp',
    'bytes sent',
    'request sent',
    'bytes received',
    'response received 101',
    'opened websocket',
    'message sent text',
    'frame sent 1',
    'bytes sent',
    'bytes received',
    'frame received 1',
    'message received text',
    'expected',
    'frame sent 8',
    'bytes sent',
    'bytes received',
    'frame received 8',
    'ended peer',
    'ended us',
    'closed websocket',
  ])
  assert.deepEqual(server.events.map(inWords), [
    'listening',
    'opened tcp',
    'bytes received',
    'request received',
    'bytes sent',
    'response sent 101',
    'opened websocket',
    'bytes received',
    'frame received 1',
    'message received text',
    'message sent text',
    'frame sent 1',
    'bytes sent',
    'bytes received',
    'frame received 8',
    'frame sent 8',
    'bytes sent',
    'ended us',
    'ended peer',
    'closed websocket',
  ])
})
