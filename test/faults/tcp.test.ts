import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import type { TestContext } from 'node:test'
import type { EventKind } from '../../src/event.ts'
import { onLinux, withoutIpv6 } from '../e2e/datagrams.ts'
import { connectTo, freePort, keepPeers, listenHere, type Peer } from '../e2e/sockets.ts'
import {
  overTcp,
  run,
  type Serving,
  type StartOptions,
  serve,
  serveRaw,
  sockpitPath,
  start,
  startProgram,
  text,
} from '../e2e/sockpit.ts'
import { resolveTo } from '../e2e/stand-ins.ts'
import { honestStream, served } from './honest.ts'
import { endsAsAsked, holds } from './statements.ts'
import { comeAtOnce } from './thousand.ts'

/** A client of this machine that tells JSON. */
function startClient(t: TestContext, port: number, args: readonly string[], options: StartOptions = {}) {
  return start(t, ['tcp-client', '127.0.0.1', String(port), '--json', ...args], options)
}

/** How a server calls its client; asked while there is a connection. */
async function nameOf({ server }: Serving, peer: Peer): Promise<string> {
  const { localPort } = peer.socket
  return (await server.event('opened', ({ remote }) => remote.port === localPort)).socket
}

/** What a server tells of the end of one client. */
async function verdictOn({ server }: Serving, name: string) {
  return overTcp(await server.event('closed', ({ socket }) => socket === name))
}

/** How a command cannot connect: its exit code, the event that tells it, the host, and the reason with what to do. */
const failures: readonly (readonly [number, EventKind | undefined, string, RegExp])[] = [
  [
    1,
    'refused',
    '127.0.0.1',
    /^connection refused: nothing listens there \(ECONNREFUSED\)\. Start a server there, or check the port\.$/,
  ],
  [
    1,
    undefined,
    'no-such-name.invalid',
    /^(?:no such name \(ENOTFOUND\)\. Check the spelling|the name server did not answer \(EAI_AGAIN\)\. Try again), or give the address itself\.$/,
  ],
  [1, 'failed', '127.255.255.255', /^the network cannot be reached \(ENETUNREACH\)\.$/],
  [
    3,
    'timeout',
    'silent.test',
    /^no answer within (?:29\d|[3-9]\d\d|\d{4}) ms\. A firewall may drop it, or the host is down; --connect-timeout waits longer\.$/,
  ],
]

async function failuresDiffer(t: TestContext) {
  const port = await freePort(t)
  const silence = resolveTo(t, [])
  for (const [expected, kind, host, why] of failures) {
    const [args, options] = kind === 'timeout' ? [['--connect-timeout', '300ms'], silence] : [[], {}]
    const client = start(t, ['tcp-client', host, String(port), '--json', ...args], options)
    const { code, stderr } = await client.exit
    assert.deepEqual([host, code], [host, expected])
    const lines = stderr.split('\n').filter((line) => line.startsWith('sockpit: '))
    const [line = '', ...others] = lines
    const goal = `sockpit: Cannot connect to ${host}:${port}: `
    assert.deepEqual([line.slice(0, goal.length), others], [goal, []])
    assert.match(line.slice(goal.length), why)
    const kinds = client.events.map((event) => event.kind).filter((told) => told !== 'connecting')
    assert.deepEqual([host, kinds], [host, kind === undefined ? [] : [kind]])
  }
}

/** A backlog of one that is full, and nobody who accepts: the kernel answers no SYN any more. */
async function answersNoSyn(t: TestContext) {
  const full = await serve(t, ['--backlog', '1'])
  full.server.kill('SIGSTOP')
  const connecting = ['tcp-client', '127.0.0.1', String(full.port), '--connect-timeout', '300ms', '-q']
  await Promise.all([1, 2].map(() => connectTo(t, full.port)))
  const hasRoom = async () => (await run(t, [...connecting, '-z'])).code === 0
  for (let tries = 0; await hasRoom(); tries++) assert.ok(tries < 5, 'the backlog of one never fills')
  const { code, stderr } = await run(t, connecting)
  assert.equal(code, 3)
  assert.match(
    stderr,
    /^sockpit: Cannot connect to 127\.0\.0\.1:\d+: no answer within \d+ ms\. [^\n]+--connect-timeout waits longer\.\n$/,
  )
}

async function serverResets(t: TestContext) {
  const port = await listenHere(t, (peer) => {
    peer.socket.write('1234567')
    void peer.has('abcde').then(() => peer.socket.resetAndDestroy())
  })
  const script = ['-e', '/expect 1234567', '-e', '/send abcde']
  const client = startClient(t, port, script, { stdin: 'pipe' })
  const { code, stderr } = await client.exit
  const lines = stderr.split('\n').filter((line) => line.startsWith('sockpit: '))
  const told = `The connection to 127.0.0.1:${port} was reset by the peer (ECONNRESET)`
  assert.deepEqual([code, lines], [1, [`sockpit: ${told} after 5 B sent, 7 B received, 0 B unsent`]])
  const { first, how, code: cause, sent, received } = overTcp(await client.event('closed'))
  assert.deepEqual([first, how, cause, sent.bytes, received.bytes], ['peer', 'reset', 'ECONNRESET', 5, 7])
}

async function clientResets(t: TestContext, serving: Serving) {
  const peer = await connectTo(t, serving.port)
  peer.socket.write('1234567')
  await peer.has('1234567')
  const name = await nameOf(serving, peer)
  peer.socket.resetAndDestroy()
  const { first, how, code, sent, received, unsent } = await verdictOn(serving, name)
  assert.deepEqual(
    [first, how, code, sent.bytes, received.bytes, unsent],
    ['peer', 'reset', 'ECONNRESET', 7, 7, 0],
  )
}

async function serverHalfCloses(t: TestContext) {
  const { peerAt, port } = await keepPeers(t, ({ socket }) => socket.end('I said all'))
  const client = startClient(t, port, [], { stdin: 'pipe' })
  await client.event('ended', ({ by }) => by === 'peer')
  client.end('but I did not')
  assert.equal((await client.exit).code, 0)
  assert.equal((await (await peerAt(0)).whole()).toString(), 'but I did not')
  const { first, how, sent, received } = overTcp(await client.event('closed'))
  assert.deepEqual([first, how, sent.bytes, received.bytes], ['peer', 'fin', 13, 10])
}

async function clientHalfCloses(t: TestContext, serving: Serving) {
  const peer = await connectTo(t, serving.port, { read: false })
  const sent = Buffer.alloc(2 ** 20, 'asked and said all\n')
  const name = await nameOf(serving, peer)
  // Our answer is still on its way when their FIN comes: it waits for them to read.
  peer.socket.end(sent)
  await serving.server.event('ended', ({ socket, by }) => socket === name && by === 'peer')
  peer.socket.resume()
  assert.ok((await peer.whole()).equals(sent))
  const verdict = await verdictOn(serving, name)
  assert.deepEqual(
    [verdict.first, verdict.how, verdict.answered, verdict.sent.bytes, verdict.unsent],
    ['peer', 'fin', true, sent.length, 0],
  )
}

async function answersLate(t: TestContext) {
  const port = await listenHere(t, (peer) => {
    peer.socket.on('end', () => setTimeout(() => peer.socket.end('slow answer\n'), 3_000))
  })
  const outcome = await run(t, ['tcp-client', `127.0.0.1:${port}`], { stdin: 'q' })
  assert.deepEqual([outcome.code, text(outcome), outcome.stderr], [0, 'slow answer\n', ''])
}

async function resetBeforeAccept(t: TestContext) {
  const serving = await serve(t, ['--echo'])
  const { server, port } = serving
  await served(await honestStream(t, port), async () => {
    server.kill('SIGSTOP')
    const hasty = await Promise.all(Array.from({ length: 5 }, () => connectTo(t, port)))
    for (const { socket } of hasty) socket.resetAndDestroy()
    await Promise.all(hasty.map(({ closed }) => closed))
    server.kill('SIGCONT')
    await server.event('failed', () => server.eventsOf('failed').length === hasty.length)
  })
  for (const { code, message } of server.eventsOf('failed')) {
    assert.deepEqual([code, message], ['ECONNABORTED', 'a client had gone before it was accepted'])
  }
  await endsAsAsked(serving)
}

async function portIsTaken(t: TestContext, { port }: Serving) {
  const { code, stdout, stderr } = await run(t, ['tcp-server', String(port), '--json'])
  assert.deepEqual([code, stdout.length], [1, 0])
  assert.equal(
    stderr,
    `sockpit: Cannot listen on 127.0.0.1:${port}: the port is in use (EADDRINUSE). Use port 0 for a free one, or stop the process that holds it.\n`,
  )
}

const isRoot = process.getuid?.() === 0

/** Why nobody can be kept from a port below 1024 here. */
const withoutPrivileges =
  onLinux ||
  (Number(readFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'latin1')) <= 1 &&
    'every port is for everybody here') ||
  (isRoot && !existsSync('/usr/bin/setpriv') && 'root keeps its privileges without setpriv')

async function portIsPrivileged(t: TestContext) {
  const command = [process.execPath, sockpitPath, 'tcp-server', '1', '--json']
  const without = ['--bounding-set=-net_bind_service', '--inh-caps=-net_bind_service']
  const [program = '', ...args] = isRoot ? ['/usr/bin/setpriv', ...without, ...command] : command
  const { code, stdout, stderr } = await startProgram(t, program, args).exit
  assert.deepEqual(
    [code, stdout.length, stderr],
    [
      1,
      0,
      'sockpit: Cannot listen on 127.0.0.1:1: permission denied (EACCES). Ports below 1024 need privileges: choose a higher one.\n',
    ],
  )
}

async function onlyOneListens(t: TestContext) {
  const both = resolveTo(t, ['127.0.0.1', '::1'])
  // A port that nobody else of this machine is given on the other address meanwhile.
  const port = await freePort(t)
  const six = await listenHere(t, ({ socket }) => socket.pipe(socket), { host: '::1', port })
  const client = start(t, ['tcp-client', 'localhost', String(six), '--json', '-v'], { ...both, stdin: 'x' })
  assert.equal((await client.exit).code, 0)
  assert.equal((await client.event('refused')).remote.address, '127.0.0.1')
  assert.equal((await client.event('opened')).remote.address, '::1')
  assert.equal(client.receivedBy('client'), 'x')
}

async function nobodyListens(t: TestContext) {
  const port = await freePort(t)
  const both = resolveTo(t, ['::1', '127.0.0.1'])
  const client = start(t, ['tcp-client', 'localhost', String(port), '--json', '-v'], both)
  const { code, stderr } = await client.exit
  assert.equal(code, 1)
  const why = 'connection refused: nothing listens there (ECONNREFUSED)'
  assert.deepEqual(
    stderr.split('\n').filter((line) => line.startsWith('sockpit: ')),
    [
      `sockpit: Cannot connect to localhost:${port}: [::1]:${port}: ${why}; 127.0.0.1:${port}: ${why}. Start a server there, or check the port.`,
    ],
  )
  assert.deepEqual((await client.event('resolved')).addresses, ['::1', '127.0.0.1'])
  const attempts = client.eventsOf('connecting')
  assert.deepEqual(
    attempts.map(({ remote, attempt, attempts }) => [remote.address, attempt, attempts]),
    [
      ['::1', 1, 2],
      ['127.0.0.1', 2, 2],
    ],
  )
  assert.deepEqual(
    client.eventsOf('refused').map(({ remote }) => remote.address),
    ['::1', '127.0.0.1'],
  )
}

async function oneLeaves(t: TestContext) {
  const serving = await serveRaw(t, ['--echo', '-v'], { env: { COLUMNS: '200' } })
  await served(await honestStream(t, serving.port), async () => {
    const leaving = await connectTo(t, serving.port)
    leaving.socket.write(Buffer.alloc(10 * 2 ** 20, 'x'))
    const staying = await connectTo(t, serving.port)
    const sent = Buffer.alloc(10 * 2 ** 20, 'a long line that is repeated\n')
    staying.socket.end(sent)
    await leaving.has(1)
    leaving.socket.resetAndDestroy()
    assert.ok((await staying.whole()).equals(sent))
    await serving.server.said(
      /^.*#2 +- +closed after [^\n]*: they reset the connection \(RST, ECONNRESET\)$/m,
    )
  })
  await endsAsAsked(serving)
}

holds('TCP', { serve: (t) => serve(t, ['--echo']), honest: honestStream }, [
  [
    'refused, no such name, unreachable, timeout → four different messages and exit codes',
    failuresDiffer,
    onLinux && 'only Linux calls the broadcast address of 127/8 unreachable',
  ],
  ['timeout of a host that answers no SYN → exit 3 in time', answersNoSyn],
  ['reset mid-stream by the server → told with bytes each way, exit 1', serverResets],
  ['reset mid-stream by a client → told with bytes each way', clientResets],
  ['peer half-closes → the bytes of our client still arrive', serverHalfCloses],
  ['peer half-closes → the bytes of our server still arrive', clientHalfCloses],
  ['stdin ends, answer 3 s later → answer printed', answersLate],
  ['connect and reset before accept → no crash', resetBeforeAccept, onLinux],
  ['EADDRINUSE → how to mend it', portIsTaken],
  ['EACCES → how to mend it', portIsPrivileged, withoutPrivileges],
  ['`localhost` where only `::1` listens → connects', onlyOneListens, withoutIpv6],
  ['`localhost` where neither does → both attempts named', nobodyListens, withoutIpv6],
  ['a thousand connections in a second → all served', comeAtOnce],
  ['one leaving during a 10 MiB echo → the others whole', oneLeaves],
])
