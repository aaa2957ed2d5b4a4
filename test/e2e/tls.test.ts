import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { Duplex } from 'node:stream'
import { type TestContext, test } from 'node:test'
import { connect, createServer, type TlsOptions } from 'node:tls'
import { issue, type Pem, saved } from '../certificates.ts'
import { portOf } from '../net/loopback.ts'
import { refusedInOneLine } from '../refused.ts'
import { connectTo, freePort, Peer } from './sockets.ts'
import {
  overTcp,
  overWebSocket,
  run,
  type StartOptions,
  serve,
  sockpitCommand,
  start,
  temporaryFolder,
} from './sockpit.ts'
import { onTerminal, skip as withoutTerminal } from './terminals.ts'

const authority = await issue({ commonName: 'Test Root', isAuthority: true })
const good = await issue({}, authority)
const lone = await issue()

/** A server with a certificate that nobody vouches for: to make one takes longer than to read it. */
function serveAlone(t: TestContext, args: readonly string[] = [], options: StartOptions = {}) {
  const { cert, key } = saved(t, lone)
  return serve(t, ['--tls', '--cert', cert, '--key', key, ...args], options)
}

/** A TLS server of Node's own, which closes whom it has greeted. */
async function serveTls(t: TestContext, options: TlsOptions): Promise<number> {
  const server = createServer({ allowHalfOpen: true, ...options }, (socket) => {
    socket.on('error', () => {})
    // At once, Node would send no close_notify.
    setImmediate(() => socket.end('greetings'))
  })
  server.on('tlsClientError', () => {})
  t.after(() => server.close())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return portOf(server)
}

function client(port: number, ...more: readonly string[]): readonly string[] {
  return ['tcp-client', 'localhost', String(port), '-4', '--tls', ...more]
}

/** What it said, in one line. */
function unwrapped({ stderr }: { readonly stderr: string }): string {
  return stderr.replaceAll(/\s+/g, ' ')
}

function fingerprintOf({ cert }: Pem): string {
  return new X509Certificate(cert).fingerprint256.replaceAll(':', '').toLowerCase()
}

test('both ends of ours, with the certificate that was made for this run', async (t) => {
  const { server, port } = await serve(t, ['--tls', '--service', 'echo'])
  const { tls } = await server.event('listening')
  assert.equal(tls?.isMade, true)
  assert.match(tls?.fingerprint ?? '', /^[0-9a-f]{64}$/)

  const { code, stdout, stderr } = await run(t, client(port, '--pin', tls?.fingerprint ?? ''), {
    stdin: 'hello',
  })
  assert.deepEqual([code, stdout.toString(), stderr], [0, 'hello', ''])
  const told = await server.event('tls')
  assert.deepEqual(
    [told.version, told.servername, told.resumed, told.trust, told.chain],
    ['TLSv1.3', 'localhost', false, 'anonymous', []],
  )
  const ended = await server.event('ended', ({ by }) => by === 'peer')
  assert.equal(ended.notified, true)
  const verdict = overTcp(await server.event('closed'))
  assert.deepEqual([verdict.how, verdict.answered, verdict.truncated], ['fin', true, undefined])
})

test('the certificate made for a run is for this machine only, and for a month', async (t) => {
  const { port } = await serve(t, ['--tls'])
  const peer = start(t, client(port, '-k', '--json'))
  const { chain, trust } = await peer.event('tls')
  assert.equal(trust, 'unchecked')
  const [made] = chain
  assert.ok(made !== undefined && chain.length === 1)
  assert.deepEqual(
    [made.subject, made.issuer, made.names, made.key],
    ['localhost', 'localhost', ['localhost', '127.0.0.1', '::1'], 'EC P-256'],
  )
  const days = (Date.parse(made.validTo) - Date.now()) / 86_400_000
  assert.ok(days > 29 && days <= 30, String(days))
  assert.ok(Date.parse(made.validFrom) < Date.now())
})

for (const [what, make, message] of [
  [
    'expired',
    () => issue({ from: -30, to: -2 }, authority),
    /the certificate of "localhost" expired on \d{4}-\d\d-\d\d \(CERT_HAS_EXPIRED\)/,
  ],
  [
    'not valid yet',
    () => issue({ from: 2 }, authority),
    /the certificate of "localhost" is valid only from \d{4}-\d\d-\d\d on \(CERT_NOT_YET_VALID\)/,
  ],
  [
    'of another name',
    () => issue({ commonName: 'other.test', names: ['other.test', '*.more.test'] }, authority),
    /is not for "localhost" but for other\.test, \*\.more\.test, 192\.0\.2\.1 \(ERR_TLS_CERT_ALTNAME_INVALID\)/,
  ],
  [
    'self-signed',
    () => issue(),
    /the certificate of "localhost" is self-signed \(DEPTH_ZERO_SELF_SIGNED_CERT\)/,
  ],
  [
    'of an unknown issuer',
    async () => issue({}, await issue({ commonName: 'Nobody Knows', isAuthority: true })),
    /the issuer "Nobody Knows" is not known here \(UNABLE_TO_VERIFY_LEAF_SIGNATURE\)/,
  ],
] as const) {
  test(`a certificate that is ${what} is refused with its reason and its chain, exit 4`, async (t) => {
    const pem = await make()
    const port = await serveTls(t, pem)
    const { cert } = saved(t, authority)
    const refused = await run(t, client(port, '--ca', cert), { stdin: 'secret' })
    assert.equal(refused.code, 4)
    assert.match(refused.stderr, message)
    assert.match(refused.stderr, new RegExp(`--pin ${fingerprintOf(pem)} trusts this very certificate`))
    // Once as a part of the chain.
    assert.match(refused.stderr, new RegExp(`SHA-256 ${fingerprintOf(pem)}`))
    assert.equal(refused.stdout.length, 0)

    const loud = await run(t, client(port, '--ca', cert, '--insecure'))
    assert.deepEqual([loud.code, loud.stdout.toString()], [0, 'greetings'])
    assert.match(unwrapped(loud), message)
    assert.match(unwrapped(loud), /we go on all the same \(-k\): anybody may read and change/)

    const pinned = await run(t, client(port, '--pin', fingerprintOf(pem)))
    assert.deepEqual([pinned.code, pinned.stdout.toString(), pinned.stderr], [0, 'greetings', ''])
  })
}

test('a certificate of an authority that we trust is verified, by its name and by the one we were told', async (t) => {
  const port = await serveTls(t, await issue({ names: ['localhost', 'other.test'] }, authority))
  const { cert } = saved(t, authority)
  for (const more of [[], ['--servername', 'other.test']]) {
    const peer = start(t, client(port, '--ca', cert, '--json', ...more))
    const { trust, servername } = await peer.event('tls')
    assert.deepEqual([trust, servername], ['verified', more[1] ?? 'localhost'])
    assert.equal((await peer.exit).code, 0)
  }
  const { code, stderr } = await run(t, client(port, '--ca', cert, '--servername', 'third.test'))
  assert.equal(code, 4)
  assert.match(stderr, /is not for "third\.test" but for localhost, other\.test/)
})

test('an address is checked against the addresses of the certificate', async (t) => {
  const port = await serveTls(t, good)
  const { cert } = saved(t, authority)
  const peer = start(t, ['tcp-client', '127.0.0.1', String(port), '--tls', '--ca', cert, '--json'])
  const { trust, servername } = await peer.event('tls')
  assert.deepEqual([trust, servername], ['verified', undefined])
})

test('another certificate than the pinned one is refused, whoever issued it', async (t) => {
  const port = await serveTls(t, good)
  const { cert } = saved(t, authority)
  const { code, stderr } = await run(t, client(port, '--ca', cert, '--pin', '0'.repeat(64)))
  assert.equal(code, 4)
  assert.match(stderr, new RegExp(`not the one that --pin names \\(PIN\\)\\. It is ${fingerprintOf(good)}`))
})

test('who shows a certificate of --client-ca is named; who shows none, or another, is not let in', async (t) => {
  const root = saved(t, authority)
  const own = saved(t, good)
  const { server, port } = await serve(t, [
    ...['--tls', '--cert', own.cert, '--key', own.key, '--client-ca', root.cert, '--service', 'echo'],
  ])
  const visitor = saved(t, await issue({ commonName: 'Ada' }, authority))
  const known = await run(t, client(port, '--ca', root.cert, '--cert', visitor.cert, '--key', visitor.key), {
    stdin: 'hello',
  })
  assert.deepEqual([known.code, known.stdout.toString()], [0, 'hello'])
  const { trust, chain } = await server.event('tls')
  assert.deepEqual([trust, chain.map(({ subject }) => subject)], ['verified', ['Ada', 'Test Root']])

  // In TLS 1.3 a client learns only from what comes after its own part.
  const bare = await run(t, client(port, '--ca', root.cert), { stdin: 'hello' })
  assert.equal(bare.code, 4)
  assert.match(
    bare.stderr,
    /they want a certificate of ours: --cert FILE --key FILE \(ERR_SSL_TLSV13_ALERT_CERT/,
  )
  const missing = await server.event('failed', ({ socket }) => socket === 'server#2')
  assert.match(missing.message, /they showed no certificate, and --client-ca asks for one/)

  const stranger = saved(t, await issue({ commonName: 'Eve' }))
  const wrong = await run(
    t,
    client(port, '--ca', root.cert, '--cert', stranger.cert, '--key', stranger.key),
    {
      stdin: 'hello',
    },
  )
  assert.notEqual(wrong.code, 0)
  const refused = await server.event('failed', ({ socket }) => socket === 'server#3')
  assert.match(refused.message, /their certificate is not one of --client-ca \(DEPTH_ZERO_SELF_SIGNED_CERT\)/)
})

test('old versions of TLS are told by their name, in both roles', async (t) => {
  const old = { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const
  const theirs = await serveTls(t, { ...good, ...old })
  const { code, stderr } = await run(t, client(theirs))
  assert.equal(code, 4)
  assert.match(stderr, /they speak no version of TLS that we do: 1\.2 or 1\.3 \(ERR_SSL_/)

  const { server, port } = await serveAlone(t)
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...old })
  socket.on('error', () => {})
  const { message } = await server.event('failed')
  assert.match(
    message,
    /they speak no version of TLS that we do: 1\.2 or 1\.3 \(ERR_SSL_UNSUPPORTED_PROTOCOL\)/,
  )
})

test('plain text to a port with TLS: both sides say so', async (t) => {
  const { server, port } = await serveAlone(t, ['--service', 'echo'])
  const plain = await run(t, ['tcp-client', 'localhost', String(port), '-4'], { stdin: 'hello\n' })
  assert.match(unwrapped(plain), /an alert of TLS \(unexpected_message\): they speak TLS/)
  const { message } = await server.event('failed')
  assert.match(message, /what they said is no TLS: they speak plain text to a port with TLS/)

  const http = await connectTo(t, port)
  http.socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
  const { message: words } = await server.event('failed', ({ socket }) => socket === 'server#2')
  assert.match(words, /they speak HTTP without TLS/)

  // The others are served all the same.
  const secure = await run(t, client(port, '--pin', fingerprintOf(lone)), { stdin: 'hello' })
  assert.equal(secure.stdout.toString(), 'hello')
})

test('TLS to a port without it: both sides say so', async (t) => {
  const { server, port } = await serve(t, ['--service', 'echo'])
  const echoed = await run(t, client(port))
  assert.equal(echoed.code, 4)
  assert.match(
    echoed.stderr,
    /what came back is no answer to a ClientHello: perhaps an echo of it \(ERR_SSL_/,
  )
  const { text } = await server.event('note')
  assert.match(text, /they speak TLS \(a ClientHello for "localhost"\), and we do not/)

  const { port: other } = await serve(t, ['--service', 'daytime'])
  const told = await run(t, client(other))
  assert.equal(told.code, 4)
  assert.match(
    told.stderr,
    /what answers there does not speak TLS; without TLS it may be understood \(ERR_SSL_WRONG_VERSION/,
  )
})

test('nobody answers the handshake: exit 3 after the time limit', async (t) => {
  const { port } = await serve(t, ['--service', 'discard'])
  const { code, stderr } = await run(t, client(port, '--connect-timeout', '400ms'))
  assert.equal(code, 3)
  assert.match(stderr, /the handshake was not answered within 400 ms/)
})

test('who begins no handshake, or leaves in the midst of it, holds nobody up', async (t) => {
  const { server, port } = await serveAlone(t, ['--handshake-timeout', '500ms'])
  const silent = await connectTo(t, port)
  const { afterMs } = await server.event('timeout', ({ what }) => what === 'handshake')
  assert.equal(afterMs, 500)
  await silent.fin

  const leaving = await connectTo(t, port)
  // The head of a record, and no more.
  leaving.socket.end(Uint8Array.of(22, 3, 1, 0, 200, 1))
  const { code, message } = await server.event('failed', ({ socket }) => socket === 'server#2')
  // Node makes a reset of it, and there was none.
  assert.equal(code, 'TLS')
  assert.match(message, /they left before it was done/)
  const verdict = overTcp(await server.event('closed', ({ socket }) => socket === 'server#2'))
  assert.deepEqual([verdict.first, verdict.code], ['peer', undefined])

  const short = await connectTo(t, port)
  short.socket.end('hi\n')
  const { message: why } = await server.event('failed', ({ socket }) => socket === 'server#3')
  assert.match(
    why,
    /they left after 3 bytes, fewer than any record of TLS has: plain text to a port with TLS/,
  )
})

test('a bare FIN after TLS is a truncation: told, and exit 4', async (t) => {
  const server = createServer(good, (socket) => socket.write('half of i', () => cut()))
  const raws: import('node:net').Socket[] = []
  server.on('connection', (raw) => raws.push(raw))
  const cut = () => {
    // What TCP alone says: its FIN, and nothing of TLS before it.
    for (const raw of raws) raw.destroy()
  }
  t.after(() => server.close())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const port = portOf(server)
  const root = saved(t, authority).cert
  const { code, stdout, stderr } = await run(t, client(port, '--ca', root))
  assert.deepEqual([code, stdout.toString()], [4, 'half of i'])
  assert.match(
    stderr,
    /ended without close_notify \(a bare FIN\): what came may be cut short, after 9 B received/,
  )

  const told = start(t, client(port, '--ca', root, '--json'))
  assert.equal((await told.event('ended', ({ by }) => by === 'peer')).notified, false)
  assert.equal(overTcp(await told.event('closed')).truncated, true)
})

for (const [how, notified] of [
  ['a close_notify', true],
  ['a bare FIN', false],
] as const) {
  test(`${how} that comes together with the last of the handshake is known for what it is`, async (t) => {
    const { server, port } = await serveAlone(t)
    const raw = (await connectTo(t, port, { read: false })).socket
    const held: Buffer[] = []
    let isHeld = false
    // The ClientHello goes out, and all the rest in one piece.
    const stream = new Duplex({
      read() {},
      write(chunk: Buffer, _, done) {
        if (isHeld) held.push(chunk)
        else raw.write(chunk)
        isHeld = true
        done()
      },
    })
    raw.on('data', (chunk) => stream.push(chunk)).resume()
    const theirs = connect({ socket: stream, rejectUnauthorized: false })
    theirs.on('error', () => {})
    await once(theirs, 'secureConnect')
    await new Promise<void>((written) => theirs.write('hello', () => written()))
    if (notified) await new Promise<void>((ended) => theirs.end(ended))
    raw.end(Buffer.concat(held))
    await server.received('server#1', 'hello')
    const ended = await server.event('ended', ({ by }) => by === 'peer')
    assert.equal(ended.notified, notified)
  })
}

test('close_notify is no truncation', async (t) => {
  const port = await serveTls(t, good)
  const told = start(t, client(port, '--ca', saved(t, authority).cert, '--json'))
  assert.equal((await told.event('ended', ({ by }) => by === 'peer')).notified, true)
  assert.equal(overTcp(await told.event('closed')).truncated, undefined)
  assert.equal((await told.exit).code, 0)
})

test('what both can speak above TLS is agreed on by ALPN, and told by both', async (t) => {
  const { server, port } = await serveAlone(t, ['--alpn', 'h2', '--alpn', 'sandpit'])
  const told = start(t, client(port, '-k', '--json', '--alpn', 'sandpit'))
  assert.equal((await told.event('tls')).alpn, 'sandpit')
  assert.equal((await server.event('tls')).alpn, 'sandpit')

  const { code, stderr } = await run(t, client(port, '-k', '--alpn', 'other'))
  assert.equal(code, 4)
  assert.match(
    stderr,
    /they speak nothing of what --alpn offers \(ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL\)/,
  )
  assert.match(
    (await server.event('failed')).message,
    /they offer nothing of what --alpn names \(ERR_SSL_NO_APPLICATION_PROTOCOL\)/,
  )
})

test('--key-log adds what Wireshark wants, for its owner only, and says what that means', async (t) => {
  const folder = temporaryFolder(t)
  const [ours, theirs] = [join(folder, 'client.log'), join(folder, 'server.log')]
  const { server, port } = await serveAlone(t, ['--service', 'echo', '--key-log', theirs])
  for (const _ of [1, 2]) await run(t, client(port, '-k', '--key-log', ours), { stdin: 'hello' })
  const line = /^(CLIENT|SERVER)_(HANDSHAKE_)?TRAFFIC_SECRET(_0)? [0-9a-f]{64} [0-9a-f]{64,}$/
  for (const path of [ours, theirs]) {
    const lines = readFileSync(path, 'utf8').split('\n')
    assert.ok(lines.filter((text) => line.test(text)).length >= 8, lines.join('\n'))
    assert.equal(statSync(path).mode & 0o777, 0o600)
  }
  const { text } = await server.event('note')
  assert.match(text, /--key-log: the secrets of every TLS connection go to .*server\.log; whoever has them/)
})

test('many clients do their handshakes at once, each told by itself', async (t) => {
  const { server, port } = await serveAlone(t, ['--service', 'echo'])
  const sockets = await Promise.all(
    Array.from({ length: 30 }, async (_, index) => {
      const socket = connect({
        port,
        host: '127.0.0.1',
        rejectUnauthorized: false,
        servername: `n${index}.test`,
      })
      await once(socket, 'secureConnect')
      return socket
    }),
  )
  const peers = sockets.map((socket) => new Peer(socket))
  for (const [index, { socket }] of peers.entries()) socket.end(`I am ${index}`)
  for (const [index, peer] of peers.entries()) assert.equal((await peer.whole()).toString(), `I am ${index}`)
  await server.until('thirty handshakes', () => (server.eventsOf('tls').length === 30 ? true : undefined))
  for (const { socket, servername } of server.eventsOf('tls')) {
    const index = /\d+/.exec(servername ?? '')?.[0]
    await server.received(socket, `I am ${index}`)
  }
})

test('half-close and reset go through TLS as they are', async (t) => {
  const { server, port } = await serveAlone(t, ['--service', 'none'], { stdin: 'pipe' })
  const half = start(t, client(port, '-k', '--json'), { stdin: 'asked' })
  await server.event('ended', ({ by }) => by === 'peer')
  server.write('answered')
  await half.received('client', 'answered')
  server.end()
  assert.equal((await half.exit).code, 0)

  const { port: other, server: second } = await serveAlone(t)
  const raw = (await connectTo(t, other, { read: false })).socket
  await once(connect({ socket: raw, rejectUnauthorized: false }), 'secureConnect')
  await second.event('tls')
  raw.resetAndDestroy()
  const verdict = overTcp(await second.event('closed'))
  assert.deepEqual([verdict.how, verdict.truncated], ['reset', undefined])
})

test('a key that is encrypted is opened by --passphrase, and by no other', async (t) => {
  const secret = saved(t, await issue({ passphrase: 'sesame' }))
  const server = ['--tls', '--cert', secret.cert, '--key', secret.key]
  const { port } = await serve(t, [...server, '--passphrase', 'sesame', '--service', 'echo'])
  const { stdout } = await run(t, client(port, '-k'), { stdin: 'hello' })
  assert.equal(stdout.toString(), 'hello')
  for (const [more, message] of [
    [['--passphrase', 'wrong'], /--key: the passphrase does not open the key/],
    [[], /--key: it is encrypted, and nobody can be asked here: --passphrase TEXT opens it/],
  ] as const) {
    const refused = await run(t, ['tcp-server', '127.0.0.1:0', ...server, ...more])
    assert.equal(refused.code, 2)
    assert.match(refused.stderr, message)
  }
})

test('what cannot be used is refused in one line, before anything is opened', async (t) => {
  const folder = temporaryFolder(t)
  const own = saved(t, good)
  const other = saved(t, lone)
  const listen = ['tcp-server', '127.0.0.1:0', '--tls']
  const { code, stderr } = await run(t, [...listen, '--cert', own.cert, '--key', other.key])
  assert.equal(code, 2)
  assert.match(stderr, /^sockpit: --cert and --key: the key is not that of the certificate[^\n]*\n$/)
  for (const [args, message] of [
    [['--cert', join(folder, 'none')], /^--cert: ".*none" cannot be read: .*ENOENT/],
    [['--cert', own.cert], /--cert: its private key is missing: --key FILE/],
    [['--key', own.key], /--key: its certificate is missing: --cert FILE/],
    [['--cert', own.key, '--key', own.key], /--cert: it holds no PEM that could be used/],
    [['--cert', own.cert, '--key', own.cert], /--key: it holds no PEM that could be used/],
    [['--client-ca', own.key], /--client-ca: it holds no PEM that could be used/],
    [['--key-log', join(folder, 'none', 'log')], /--key-log: ".*" cannot be written: .*ENOENT/],
    [['--alpn', ''], /--alpn: "" is no protocol/],
  ] as const) {
    assert.match(await refusedInOneLine([...listen, ...args]), message)
  }
  for (const [args, message] of [
    [['tcp-client', 'localhost', '1', '--tls', '--pin', 'AB'], /--pin: "AB" is no SHA-256 fingerprint/],
    [['tcp-client', 'localhost', '1', '--tls', '--ca', own.key], /--ca: it holds no PEM that could be used/],
    [['ws-client', 'ws://localhost:1', '-k'], /--insecure: ws:\/\/localhost:1\/ has no TLS: wss:\/\/ does/],
    [['ws-echo', '127.0.0.1:0', '--cert', own.cert, '--key', own.key], /--cert: it needs --tls/],
  ] as const) {
    assert.match(await refusedInOneLine(args), message)
  }
})

test('a passphrase is asked for on a terminal, and never shown', { skip: withoutTerminal }, async (t) => {
  const secret = saved(t, await issue({ passphrase: 'sesame' }))
  const server = onTerminal(
    t,
    `${sockpitCommand} tcp-server 127.0.0.1:0 --tls --cert '${secret.cert}' --key '${secret.key}'`,
  )
  await server.printed('The passphrase of the key')
  server.write('sesame\r')
  await server.printed('listening on')
  server.write('/quit\r')
  const { code, stdout } = await server.exit
  assert.equal(code, 0)
  assert.equal(stdout.toString().includes('sesame'), false)
})

test('what a service says last arrives before the close_notify', async (t) => {
  const { port } = await serveAlone(t, ['--service', 'daytime'])
  const peer = start(t, client(port, '-k', '--json'))
  assert.equal((await peer.event('ended', ({ by }) => by === 'peer')).notified, true)
  const verdict = overTcp(await peer.event('closed'))
  assert.ok(verdict.received.bytes > 10, String(verdict.received.bytes))
  assert.equal((await peer.exit).code, 0)
})

test('who takes nothing over TLS is bounded, and given up', async (t) => {
  const { server, port } = await serveAlone(t, [
    ...['--service', 'chargen', '--max-queue', '64KiB', '--stall-timeout', '1s'],
  ])
  const raw = (await connectTo(t, port, { read: false })).socket
  raw.on('error', () => {})
  const deaf = connect({ socket: raw, rejectUnauthorized: false })
  deaf.on('error', () => {})
  await once(deaf, 'secureConnect')
  deaf.pause()
  raw.pause()
  const { queued } = await server.event('stalled')
  assert.ok(queued > 0 && queued <= 2 * 65_536, String(queued))
  const { afterMs } = await server.event('timeout', ({ what }) => what === 'write')
  assert.equal(afterMs, 1_000)
  const verdict = overTcp(await server.event('closed'))
  assert.equal(verdict.how, 'timeout')
  // What the buffers of both kernels hold, and one queue.
  assert.ok(verdict.sent.bytes < 32 * 2 ** 20, String(verdict.sent.bytes))
})

test('that anybody is trusted is said in every view', async (t) => {
  const { port } = await serveAlone(t, ['--echo'])
  for (const view of [['--raw'], ['--hex'], ['--view', 'log'], ['--plain', '--view', 'log']]) {
    const outcome = await run(t, client(port, '-k', ...view), { stdin: 'hello' })
    const said = `${unwrapped(outcome)}${outcome.stdout.toString().replaceAll(/\s+/g, ' ')}`
    assert.match(said, /"localhost" is self-signed .*anybody may read and change/, view.join(' '))
    assert.equal(outcome.code, 0)
  }
  const told = start(t, client(port, '-k', '--json'))
  assert.equal((await told.event('untrusted')).accepted, true)
})

test('a read size has nothing to say over TLS, and that is told', async (t) => {
  const { port } = await serveAlone(t, ['--echo'])
  const early = start(t, client(port, '-k', '--json', '--read-size', '5'))
  assert.match((await early.event('note')).text, /^--read-size: over TLS a read brings what its records held/)
  const late = await run(t, client(port, '-k', '-e', '/set read-size 5', '-e', '/quit'))
  assert.equal(late.code, 2)
  assert.match(late.stderr, /\/set read-size: over TLS a read brings what its records held/)
})

test('a rate is kept over TLS', async (t) => {
  const { port } = await serveAlone(t, ['--service', 'chargen'])
  const slow = start(t, client(port, '-k', '--json', '--rate', '64KiB', '--on-eof', 'stay'))
  const [first] = await slow.until('several reads', () => {
    const reads = slow.eventsOf('bytes').filter(({ direction }) => direction === 'received')
    return reads.length >= 3 ? [reads] : undefined
  })
  const elapsed = (first.at(-1)?.at ?? 0) - (first[0]?.at ?? 0)
  const bytes = first.slice(0, -1).reduce((sum, { size }) => sum + size, 0)
  assert.ok(elapsed >= (bytes / 65_536) * 1_000 * 0.8, `${bytes} B in ${elapsed} ms`)
})

test('wss: both ends of ours', async (t) => {
  const server = start(t, ['ws-echo', '127.0.0.1:0', '--tls', '--json'])
  const { local, url, tls } = await server.event('listening')
  assert.match(url ?? '', /^wss:\/\//)
  const at = `wss://localhost:${local.port}/`
  const { code, stdout, stderr } = await run(t, ['ws-client', at, '-4', '--pin', tls?.fingerprint ?? ''], {
    stdin: 'hello\n',
  })
  assert.deepEqual([code, stdout.toString(), stderr], [0, 'hello\n', ''])
  const verdict = overWebSocket(await server.event('closed'))
  assert.deepEqual([verdict.clean, verdict.how], [true, 'fin'])

  const refused = await run(t, ['ws-client', at, '-4'], { stdin: 'hello\n' })
  assert.equal(refused.code, 4)
  assert.match(
    refused.stderr,
    /No TLS with wss:\/\/localhost:\d+\/: the certificate of "localhost" is self-signed/,
  )
  await server.event('failed', ({ socket }) => socket === 'server#2')

  const plain = await run(t, ['ws-client', `ws://localhost:${local.port}/`, '-4'], { stdin: 'hello\n' })
  assert.equal(plain.code, 5)
  assert.match(unwrapped(plain), /an alert of TLS \(unexpected_message\): they speak TLS/)

  const { local: bare } = await start(t, ['ws-echo', '127.0.0.1:0', '--json']).event('listening')
  const secure = await run(t, ['ws-client', `wss://localhost:${bare.port}/`, '-4'])
  assert.equal(secure.code, 4)
  assert.match(secure.stderr, /ERR_SSL_WRONG_VERSION_NUMBER/)
})

test('an answer that is no TLS, and a port that nobody listens on', async (t) => {
  const { code, stderr } = await run(t, client(await freePort(t)))
  assert.equal(code, 1)
  assert.match(stderr, /ECONNREFUSED/)
})
