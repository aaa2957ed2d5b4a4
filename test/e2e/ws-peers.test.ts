import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { missing, missingPython, pathOf, pythonPath } from './peers.ts'
import { freePort } from './sockets.ts'
import { type Running, run, start, startProgram, temporaryFolder, text } from './sockpit.ts'
import { echoTheirs, everyByte, openTheirs, serveEcho, serveTheirs, verdictOn } from './web-sockets.ts'

/** What a client may send that is easily spoilt on the way. */
const awkward: readonly (string | Buffer)[] = [
  'hello',
  '',
  Buffer.alloc(0),
  'ä € 😀 \u0000 \u2028',
  everyByte,
  'a'.repeat(125),
  'b'.repeat(126),
  Buffer.alloc(65_535, 7),
  Buffer.alloc(65_536, 8),
  'text and again text. '.repeat(20_000),
]

// Side by side: most of these wait for something.
describe('ws of npm', { concurrency: 3 }, () => {
  for (const perMessageDeflate of [true, false]) {
    const how = perMessageDeflate ? 'compressed' : 'uncompressed'

    test(`talks to ws-echo, ${how}: text as text, bytes as bytes`, async (t) => {
      const { server, url } = await serveEcho(t)
      const their = await openTheirs(t, url, { perMessageDeflate, maxPayload: 2 ** 24 })
      assert.equal(their.socket.extensions, perMessageDeflate ? 'permessage-deflate' : '')
      for (const payload of awkward) {
        const { bytes, isBinary } = (await their.echo(payload)) ?? {}
        assert.ok(bytes?.equals(Buffer.from(payload)), `${payload.length} bytes or characters`)
        assert.equal(isBinary, typeof payload !== 'string')
      }
      their.socket.close(1000, 'enough')
      assert.deepEqual(await their.closed(), [1000, ''])
      const verdict = await verdictOn(server, 'server#1')
      assert.deepEqual(
        [verdict.clean, verdict.first, verdict.closeCode, verdict.reason, verdict.sentCode],
        [true, 'peer', 1000, 'enough', 1000],
      )
      assert.deepEqual([verdict.received.messages, verdict.sent.messages], [awkward.length, awkward.length])
      assert.equal(verdict.received.compressed.from > 0, perMessageDeflate)
    })

    test(`is talked to by ws-client, ${how}`, async (t) => {
      const { url, theirs } = await serveTheirs(t, echoTheirs, { perMessageDeflate })
      const line = 'words and words. '.repeat(9_000)
      const outcome = await run(t, ['ws-client', url, '-n', '4'], { stdin: `hello\n\n${line}\nlast` })
      assert.deepEqual([outcome.code, outcome.stderr], [0, ''])
      assert.equal(text(outcome), `hello\n\n${line}\nlast\n`)
      const [their] = theirs
      assert.deepEqual(
        their?.messages.map(({ isBinary }) => isBinary),
        [false, false, false, false],
      )
      assert.deepEqual(await their?.closed(), [1000, ''])
      assert.equal(their?.socket.extensions, perMessageDeflate ? 'permessage-deflate' : '')
    })
  }

  test('sends pings and close codes, and gets their answers from ws-echo', async (t) => {
    const { url } = await serveEcho(t)
    const codes = [1000, 1001, 1002, 1003, 1007, 1011, 1014, 3000, 4999]
    for (const code of codes) {
      const their = await openTheirs(t, url)
      const pong = new Promise<string>((resolve) => {
        their.socket.on('pong', (payload) => resolve(payload.toString()))
      })
      their.socket.ping('are you there?')
      assert.equal(await pong, 'are you there?')
      their.socket.close(code, 'because')
      assert.deepEqual(await their.closed(), [code, ''])
    }
    const without = await openTheirs(t, url)
    without.socket.close()
    assert.deepEqual(await without.closed(), [1005, ''])
  })
})

describe('python3-websockets', { concurrency: 2, skip: missingPython('websockets') }, () => {
  const client = `
import asyncio, hashlib, json, sys, websockets

async def main():
    url, compression = sys.argv[1], sys.argv[2]
    options = dict(max_size=None, compression=None if compression == 'none' else compression)
    async with websockets.connect(url, subprotocols=['chat', 'echo'], **options) as socket:
        told = {'subprotocol': socket.subprotocol}
        async def echo(message):
            await socket.send(message)
            return await socket.recv()
        every = bytes(range(256))
        told['text'] = await echo('ä € 😀')
        told['empty'] = [await echo(''), (await echo(b'')).hex()]
        told['binary'] = (await echo(every)).hex()
        told['fragments'] = await echo(['one ', 'two ', '', 'three'])
        large = every * 2 ** 12
        told['large'] = hashlib.sha256(await echo(large)).hexdigest() == hashlib.sha256(large).hexdigest()
        waiter = await socket.ping('now')
        await asyncio.wait_for(waiter, 10)
        await socket.close(4001, 'genug')
        told['closed'] = [socket.close_code, socket.close_reason]
    print(json.dumps(told))

asyncio.run(main())
`
  const server = `
import asyncio, json, sys, websockets

async def serve(socket, *path):
    got = []
    async for message in socket:
        got.append(message if isinstance(message, str) else message.hex())
        if message == 'ping me':
            await (await socket.ping('from python'))
        if message == 'close':
            await socket.close(4002, 'as asked')
            break
        await socket.send(message if message != 'in pieces' else ['in ', 'pieces'])
    await socket.wait_closed()
    print(json.dumps({'got': got, 'code': socket.close_code, 'subprotocol': socket.subprotocol}), flush=True)

async def main():
    server = await websockets.serve(serve, '127.0.0.1', 0, subprotocols=['echo'])
    sockets = server.sockets
    print(sockets[0].getsockname()[1], file=sys.stderr, flush=True)
    await asyncio.Future()

asyncio.run(main())
`

  for (const compression of ['deflate', 'none']) {
    test(`talks to ws-echo, compression ${compression}`, async (t) => {
      const { server, url } = await serveEcho(t, ['--subprotocol', 'echo'])
      const asking = startProgram(t, pythonPath, ['-c', client, url, compression])
      const { code, stdout, stderr } = await asking.exit
      assert.equal(code, 0, stderr)
      assert.deepEqual(JSON.parse(stdout.toString()), {
        subprotocol: 'echo',
        text: 'ä € 😀',
        empty: ['', ''],
        binary: everyByte.toString('hex'),
        fragments: 'one two three',
        large: true,
        closed: [4001, ''],
      })
      const { clean, closeCode, reason } = await verdictOn(server, 'server#1')
      assert.deepEqual([clean, closeCode, reason], [true, 4001, 'genug'])
      const [opened] = server.eventsOf('opened').filter(({ transport }) => transport === 'websocket')
      assert.ok(opened?.transport === 'websocket')
      assert.equal(opened.compression !== undefined, compression === 'deflate')
    })
  }

  async function servePython(t: TestContext): Promise<{ python: Running; url: string }> {
    const python = startProgram(t, pythonPath, ['-c', server])
    const [, port] = await python.said(/^(\d+)\n/)
    return { python, url: `ws://127.0.0.1:${port}/` }
  }

  test('is talked to by ws-client, and closed', async (t) => {
    const { python, url } = await servePython(t)
    const script = [
      '/expect piped',
      '/ping and back',
      '/hex 00 ff',
      '/send --fragments 3 in three pieces',
      'in pieces',
      '/expect "in pieces"',
      'ping me',
      '/expect "ping me"',
    ]
    const args = ['ws-client', url, '--json', '--subprotocol', 'echo', '-e', 'piped']
    const asking = start(t, [...args, ...script.flatMap((line) => ['-e', line])])
    const { code, stderr } = await asking.exit
    assert.equal(code, 0, stderr)
    const received = asking.eventsOf('message').filter(({ direction }) => direction === 'received')
    assert.deepEqual(
      received.map(({ type, payload }) => [type, Buffer.from(payload).toString('latin1')]),
      [
        ['text', 'piped'],
        ['binary', '\x00\xff'],
        ['text', 'in three pieces'],
        ['text', 'in pieces'],
        ['text', 'ping me'],
      ],
    )
    assert.ok(
      asking.eventsOf('frame').some(({ roundTripMs }) => roundTripMs !== undefined),
      'the pong tells how long it took',
    )
    await python.printed('}\n')
    assert.deepEqual(JSON.parse(python.stdout.toString()), {
      got: ['piped', '00ff', 'in three pieces', 'in pieces', 'ping me'],
      code: 1000,
      subprotocol: 'echo',
    })
  })

  test('closes with a code of its own: exit 6', async (t) => {
    const { url } = await servePython(t)
    const { code, stderr } = await run(t, ['ws-client', url, '-e', 'close', '--on-eof', 'stay'])
    assert.equal(code, 6)
    assert.match(stderr, /^sockpit: [^\n]* ended with close code 4002 [^\n]*"as asked"\n$/)
  })
})

/** Something between a client and ws-echo. */
interface Proxy {
  readonly proxy: Running
  readonly url: string
}

/** What a client sees of ws-echo through a proxy. */
async function checkThrough(t: TestContext, echo: Running, { url }: Proxy): Promise<void> {
  const their = await openTheirs(t, url, { maxPayload: 2 ** 24 })
  for (const payload of [...awkward, randomBytes(2 ** 20)]) {
    const { bytes, isBinary } = (await their.echo(payload)) ?? {}
    assert.ok(bytes?.equals(Buffer.from(payload)), `${payload.length} bytes or characters`)
    assert.equal(isBinary, typeof payload !== 'string')
  }
  their.socket.close(4001, 'through a proxy')
  assert.deepEqual(await their.closed(), [4001, ''])
  await echo.event('closed', ({ transport, ...told }) => {
    return transport === 'websocket' && 'closeCode' in told && told.closeCode === 4001
  })
  const ours = await run(t, ['ws-client', url, '-n', '2'], { stdin: 'ours\ntoo\n' })
  assert.deepEqual([ours.code, text(ours), ours.stderr], [0, 'ours\ntoo\n', ''])
}

/** The proxy goes: both sides are told that there was no close frame. */
async function checkDeath(t: TestContext, echo: Running, { proxy, url }: Proxy): Promise<void> {
  const client = start(t, ['ws-client', url, '--json', '-e', 'last', '--on-eof', 'stay'])
  await client.event('message', ({ direction }) => direction === 'received')
  const before = verdicts(echo).length
  proxy.killAll()
  const { code, stderr } = await client.exit
  assert.equal(code, 6)
  assert.match(stderr, /^sockpit: [^\n]* ended without a close frame \(1006\)[^\n]*$/m)
  const verdict = await echo.until('the verdict', () => verdicts(echo)[before])
  assert.deepEqual([verdict.closeCode, verdict.clean, verdict.first], [1006, false, 'peer'])
}

/** What became of the WebSockets; a proxy that looks after our health ends connections, too, which are none. */
function verdicts(echo: Running) {
  return echo
    .eventsOf('closed')
    .filter((told) => told.transport === 'websocket')
    .filter(({ upgraded }) => upgraded)
}

test('nginx in front of ws-echo', { skip: missing('nginx') }, async (t) => {
  const { server: echo, port } = await serveEcho(t, ['--ping-interval', '900ms'])
  const through = await startNginx(t, port)
  await checkThrough(t, echo, through)
  const page = await fetch(through.url.replace('ws:', 'http:'))
  assert.equal(page.status, 426)
  assert.match(await page.text(), /WebSocket echo server/)
  await checkQuiet(t, through)
  await checkDeath(t, echo, through)
})

/** A proxy gives up a connection on which nothing goes for two seconds: pings keep it. */
async function checkQuiet(t: TestContext, { url }: Proxy): Promise<void> {
  const { port } = await serveEcho(t, ['--ping-interval', '0'])
  const without = await startNginx(t, port)
  const [kept, given] = await Promise.all([openTheirs(t, url), openTheirs(t, without.url)])
  assert.deepEqual(await given.closed(), [1006, ''])
  assert.equal((await kept.echo('still here'))?.bytes.toString(), 'still here')
}

async function startNginx(t: TestContext, echoPort: number): Promise<Proxy> {
  const folder = temporaryFolder(t)
  const port = await freePort(t)
  const path = join(folder, 'nginx.conf')
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${folder}/${name};`,
  )
  writeFileSync(
    path,
    `daemon off;
    master_process off;
    pid ${folder}/pid;
    error_log stderr notice;
    events {}
    http {
      access_log off;
      ${temporary.join('\n')}
      map $http_upgrade $connection_upgrade { default upgrade; '' close; }
      server {
        listen 127.0.0.1:${port};
        location / {
          proxy_pass http://127.0.0.1:${echoPort};
          proxy_http_version 1.1;
          proxy_set_header Upgrade $http_upgrade;
          proxy_set_header Connection $connection_upgrade;
          proxy_read_timeout 2s;
        }
      }
    }`,
  )
  const proxy = startProgram(t, pathOf('nginx') ?? 'nginx', ['-p', folder, '-e', 'stderr', '-c', path])
  // It says so once its port is open.
  await proxy.said(/using the "\w+" event method/)
  return { proxy, url: `ws://127.0.0.1:${port}/` }
}

test('haproxy in front of ws-echo, whose health it checks', { skip: missing('haproxy') }, async (t) => {
  const { server: echo, port: echoPort } = await serveEcho(t)
  const port = await freePort(t)
  const path = join(temporaryFolder(t), 'haproxy.cfg')
  writeFileSync(
    path,
    `defaults
      mode http
      timeout connect 5s
      timeout client 20s
      timeout server 20s
      timeout tunnel 60s
    listen through
      bind 127.0.0.1:${port}
      option httpchk
      http-check send meth GET uri / ver HTTP/1.1 hdr Host localhost
      http-check expect status 426
      server echo 127.0.0.1:${echoPort} check inter 100ms
`,
  )
  const proxy = startProgram(t, pathOf('haproxy') ?? 'haproxy', ['-db', '-f', path])
  const through = { proxy, url: `ws://127.0.0.1:${port}/` }
  // It checks once its port is open: by asking for a page.
  const { upgraded, unsent } = await verdictOn(echo, 'server#1')
  assert.deepEqual([upgraded, unsent], [false, 0])
  await checkThrough(t, echo, through)
  await checkDeath(t, echo, through)
  assert.equal(echo.eventsOf('violation').length, 0)
  assert.equal(echo.stderr.includes('sockpit: '), false)
})
