import assert from 'node:assert/strict'
import { createHash, randomFillSync } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { WebSocketServer } from 'ws'
import { issue, saved } from '../certificates.ts'
import { portOf } from '../net/loopback.ts'
import { missing } from './peers.ts'
import { freePort } from './sockets.ts'
import { run, serve, sockpitCommand, start, startProgram, temporaryFolder } from './sockpit.ts'
import { echoTheirs, openTheirs, Their } from './web-sockets.ts'

const authority = await issue({ commonName: 'Test Root', isAuthority: true })
const good = await issue({}, authority)
const folder = mkdtempSync(join(tmpdir(), 'sockpit-tls-'))
const large = join(folder, 'large')

before(() => writeFileSync(large, randomFillSync(Buffer.allocUnsafe(16 * 2 ** 20))))
after(() => rmSync(folder, { recursive: true, force: true }))

function sha256(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex')
}

interface Paths {
  readonly root: string
  readonly cert: string
  readonly key: string
}

/** How each tool is told what it has to do, as words of a shell. */
interface Commands {
  /** Connect, send standard input, end. */
  send(port: number, paths: Paths): string
  /** Connect, write what comes to standard output. */
  receive(port: number, paths: Paths): string
  listenAndSend(port: number, paths: Paths): string
  listenAndReceive(port: number, paths: Paths): string
  /** What the tool says once it listens, where it says anything. */
  readonly listening?: RegExp
  /** Whether it says by close_notify that it has ended. */
  readonly notifies: boolean
}

const commands: Readonly<Record<'openssl' | 'ncat', Commands>> = {
  openssl: {
    send: (port, { root }) =>
      `openssl s_client -quiet -nocommands -no_ign_eof -CAfile '${root}' -verify_return_error -connect localhost:${port}`,
    receive: (port, { root }) =>
      `openssl s_client -quiet -CAfile '${root}' -verify_return_error -connect localhost:${port}`,
    // Without -nbio it may wait for ever in a read for what the client says, with most of its file unsent.
    listenAndSend: (port, { cert, key }) =>
      `openssl s_server -naccept 1 -quiet -nbio -cert '${cert}' -key '${key}' -accept 127.0.0.1:${port}`,
    listenAndReceive: (port, { cert, key }) =>
      `openssl s_server -naccept 1 -quiet -nbio -cert '${cert}' -key '${key}' -accept 127.0.0.1:${port}`,
    notifies: true,
  },
  ncat: {
    send: (port, { root }) => `ncat --ssl-verify --ssl-trustfile '${root}' localhost ${port}`,
    receive: (port, { root }) => `ncat --recv-only --ssl-verify --ssl-trustfile '${root}' localhost ${port}`,
    listenAndSend: (port, { cert, key }) =>
      `ncat -v -l --send-only --ssl --ssl-cert '${cert}' --ssl-key '${key}' 127.0.0.1 ${port}`,
    listenAndReceive: (port, { cert, key }) =>
      `ncat -v -l --recv-only --ssl --ssl-cert '${cert}' --ssl-key '${key}' 127.0.0.1 ${port}`,
    listening: /Listening on/,
    notifies: false,
  },
}

for (const tool of ['openssl', 'ncat'] as const) {
  const skip = missing(tool)
  const peer = commands[tool]

  test(`${tool} sends 16 MiB to our server, and receives as much from it`, { skip }, async (t) => {
    const paths = { root: saved(t, authority).cert, ...saved(t, good) }
    const ours = `exec ${sockpitCommand} tcp-server 0 --once --raw --tls --cert '${paths.cert}' --key '${paths.key}'`
    for (const [redirection, theirs, redirected] of [
      [`</dev/null >'${folder}/got'`, peer.send, `<'${large}'`],
      [`<'${large}'`, peer.receive, `</dev/null >'${folder}/got'`],
    ] as const) {
      const server = startProgram(t, 'sh', ['-c', `${ours} ${redirection}`])
      const [, port] = await server.said(/listening on 127\.0\.0\.1:(\d+)/)
      const client = startProgram(t, 'sh', ['-c', `exec ${theirs(Number(port), paths)} ${redirected}`])
      const [{ code, stderr }] = await Promise.all([server.exit, client.exit])
      // A peer that ends with a bare FIN is told of: who cut the stream, nobody can know.
      const isTold = !peer.notifies && theirs === peer.send
      assert.equal(code, isTold ? 4 : 0, stderr)
      assert.equal(sha256(join(folder, 'got')), sha256(large))
    }
  })

  test(`${tool} listens, sends 16 MiB to our client, and receives as much from it`, { skip }, async (t) => {
    const paths = { root: saved(t, authority).cert, ...saved(t, good) }
    for (const [theirs, redirected, redirection] of [
      [peer.listenAndSend, `<'${large}'`, `--on-eof stay </dev/null >'${folder}/got'`],
      [peer.listenAndReceive, `>'${folder}/got' < "$wait"`, `<'${large}'`],
    ] as const) {
      const port = await freePort(t)
      const fifo = join(temporaryFolder(t), 'wait')
      // Their standard input stays open until they end.
      const opening = `wait='${fifo}'; mkfifo "$wait"; sleep 30 2>/dev/null >"$wait" & `
      const hold = redirected.includes('$wait') ? opening : ''
      const server = startProgram(t, 'sh', ['-c', `${hold} exec ${theirs(port, paths)} ${redirected}`])
      if (peer.listening !== undefined) await server.said(peer.listening)
      const client = startProgram(t, 'sh', [
        '-c',
        `exec ${sockpitCommand} tcp-client localhost ${port} -4 --retry 5 --tls --ca '${paths.root}' ${redirection}`,
      ])
      const { code, stderr } = await client.exit
      const isTold = !peer.notifies && theirs === peer.listenAndSend
      assert.equal(code, isTold ? 4 : 0, stderr)
      await server.exit
      assert.equal(sha256(join(folder, 'got')), sha256(large))
    }
  })
}

test('openssl tells our server, too, what it was offered and agreed on', {
  skip: missing('openssl'),
}, async (t) => {
  const own = saved(t, good)
  const { server, port } = await serve(t, [
    '--tls',
    '--cert',
    own.cert,
    '--key',
    own.key,
    '--alpn',
    'sandpit',
  ])
  const theirs = startProgram(
    t,
    'openssl',
    ['s_client', '-tls1_2', '-alpn', 'sandpit', '-servername', 'other.test', '-connect', `127.0.0.1:${port}`],
    { stdin: 'pipe' },
  )
  const { version, cipher, alpn, servername } = await server.event('tls')
  assert.deepEqual([version, alpn, servername], ['TLSv1.2', 'sandpit', 'other.test'])
  await theirs.printed('Protocol  : TLSv1.2')
  assert.match(cipher, /^TLS_ECDHE_ECDSA_WITH_/)
  theirs.end()
})

test('a session is resumed where the peer brings one', { skip: missing('openssl') }, async (t) => {
  const own = saved(t, good)
  const { server, port } = await serve(t, ['--tls', '--cert', own.cert, '--key', own.key])
  const session = join(temporaryFolder(t), 'session')
  for (const more of [
    ['-sess_out', session],
    ['-sess_in', session],
  ]) {
    const args = ['s_client', '-tls1_2', '-connect', `127.0.0.1:${port}`, ...more]
    const { code } = await startProgram(t, 'openssl', args, { stdin: 'Q\n' }).exit
    assert.equal(code, 0)
  }
  await server.until('two handshakes', () => (server.eventsOf('tls').length === 2 ? true : undefined))
  assert.deepEqual(
    server.eventsOf('tls').map(({ resumed }) => resumed),
    [false, true],
  )
})

test('ws over https, both ways', async (t) => {
  const https = createServer({ cert: good.cert, key: good.key })
  const theirs = new WebSocketServer({ server: https })
  theirs.on('connection', (socket) => echoTheirs(new Their(socket)))
  t.after(() => {
    theirs.close()
    https.close()
  })
  https.listen(0, '127.0.0.1')
  await once(https, 'listening')
  const port = portOf(https)
  const root = saved(t, authority).cert
  const { code, stdout, stderr } = await run(
    t,
    ['ws-client', `wss://localhost:${port}/`, '-4', '--ca', root],
    { stdin: 'hello\n' },
  )
  assert.deepEqual([code, stdout.toString(), stderr], [0, 'hello\n', ''])

  const own = saved(t, good)
  const server = start(t, ['ws-echo', '127.0.0.1:0', '--json', '--tls', '--cert', own.cert, '--key', own.key])
  const { local } = await server.event('listening')
  const their = await openTheirs(t, `wss://localhost:${local.port}/`, { ca: authority.cert, family: 4 })
  their.socket.send('hello')
  const [data] = await once(their.socket, 'message')
  assert.equal(String(data), 'hello')
})
