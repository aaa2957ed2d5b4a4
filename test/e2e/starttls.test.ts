import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { issue, saved } from '../certificates.ts'
import { missing, missingPython, pythonPath } from './peers.ts'
import { connectTo } from './sockets.ts'
import { overTcp, run, serve, start, startProgram, temporaryFolder } from './sockpit.ts'

const authority = await issue({ commonName: 'Test Root', isAuthority: true })
const good = await issue({}, authority)

/** A mail server as far as STARTTLS (RFC 3207), in the one language. */
const mailServer = [
  '/wait connected',
  '/send "220 sandpit ESMTP\\r\\n"',
  '/expect EHLO',
  '/send "250-sandpit\\r\\n250 STARTTLS\\r\\n"',
  '/expect STARTTLS',
  // What comes next is for TLS.
  '/pause',
  '/send "220 go ahead\\r\\n"',
  '/tls',
].flatMap((line) => ['-e', line])

test("openssl s_client -starttls puts TLS on a connection of our server's", {
  skip: missing('openssl'),
}, async (t) => {
  const own = saved(t, good)
  const { server, port } = await serve(t, ['--cert', own.cert, '--key', own.key, ...mailServer])
  const theirs = startProgram(
    t,
    'openssl',
    [
      ...['s_client', '-starttls', 'smtp', '-connect', `127.0.0.1:${port}`, '-quiet', '-no_ign_eof'],
      ...['-CAfile', saved(t, authority).cert, '-verify_return_error', '-servername', 'localhost'],
    ],
    { stdin: 'pipe' },
  )
  const { version, servername } = await server.event('tls')
  assert.deepEqual([version, servername], ['TLSv1.3', 'localhost'])
  theirs.end('EHLO again\r\n')
  await server.received('server#1', 'EHLO again')
  const { notified } = await server.event('ended', ({ by }) => by === 'peer')
  assert.equal(notified, true)
})

/** Python's own TLS as a mail server that upgrades. */
const python = `
import socket, ssl, sys
listener = socket.create_server(('127.0.0.1', 0))
print(listener.getsockname()[1], flush=True)
plain, _ = listener.accept()
reader = plain.makefile('rb', buffering=0)
plain.sendall(b'220 sandpit ESMTP\\r\\n')
assert reader.readline() == b'EHLO me\\r\\n'
plain.sendall(b'250 STARTTLS\\r\\n')
assert reader.readline() == b'STARTTLS\\r\\n'
plain.sendall(b'220 go ahead\\r\\n')
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])
secure = context.wrap_socket(plain, server_side=True)
secure.sendall(b'secret: ' + secure.recv(1000))
secure.unwrap().close()
`

test("our client puts TLS on a connection to Python's server", { skip: missingPython('ssl') }, async (t) => {
  const script = join(temporaryFolder(t), 'server.py')
  writeFileSync(script, python)
  const own = saved(t, good)
  const theirs = startProgram(t, pythonPath, [script, own.cert, own.key])
  const port = await theirs.until('its port', () => /^\d+\n/.exec(theirs.stdout.toString())?.[0].trim())
  const client = await run(t, [
    ...['tcp-client', '127.0.0.1', port, '--ca', saved(t, authority).cert, '--eol', 'crlf', '--json'],
    ...[
      '/expect "220 "',
      'EHLO me',
      '/expect STARTTLS',
      'STARTTLS',
      '/expect "go ahead"',
      '/tls localhost',
    ].flatMap((line) => ['-e', line]),
    ...['-e', '/send hello', '-e', '/expect "secret: hello"'],
  ])
  assert.equal(client.code, 0, `${client.stdout}${client.stderr}`)
  const events = client.stdout.toString().split('\n')
  const tls = events.find((line) => line.includes('"kind":"tls"')) ?? ''
  assert.match(tls, /"servername":"localhost"/)
  assert.match(tls, /"trust":"verified"/)
  const closed = events.find((line) => line.includes('"kind":"closed"')) ?? ''
  assert.doesNotMatch(closed, /truncated/)
  assert.equal((await theirs.exit).code, 0)
})

test('both ends of ours: nothing that is sent meanwhile is lost or goes out in clear', async (t) => {
  const own = saved(t, good)
  const { server, port } = await serve(t, ['--cert', own.cert, '--key', own.key, ...mailServer])
  const client = start(t, [
    ...['tcp-client', 'localhost', String(port), '-4', '--ca', saved(t, authority).cert, '--json'],
    ...['-e', '/send "EHLO me\\r\\n"', '-e', '/expect "250 STARTTLS"', '-e', '/send "STARTTLS\\r\\n"'],
    ...['-e', '/expect "go ahead"', '-e', '/tls', '-e', '/send under cover', '-e', '/wait 200ms'],
  ])
  await server.received('server#1', 'under cover')
  const order = server.events.filter(({ kind }) => kind === 'tls' || kind === 'bytes').map(({ kind }) => kind)
  assert.deepEqual(order.slice(-2), ['tls', 'bytes'])
  assert.equal((await client.exit).code, 0)
  const verdict = overTcp(await server.event('closed'))
  assert.deepEqual(
    [verdict.how, verdict.received.bytes],
    ['fin', 'EHLO me\r\nSTARTTLS\r\nunder cover'.length],
  )
})

test('what cannot be: a name from a server, TLS twice, after an end; each in one line', async (t) => {
  const { server, port: named } = await serve(t, ['-e', '/wait connected', '-e', '/tls other.test'])
  await connectTo(t, named)
  const refused = await server.exit
  assert.equal(refused.code, 2)
  assert.match(refused.stderr, /^sockpit: --enter: .*a server takes none$/m)

  const { port } = await serve(t, ['--tls', '--service', 'echo'])
  const twice = await run(t, ['tcp-client', 'localhost', String(port), '-4', '--tls', '-k', '-e', '/tls'])
  assert.equal(twice.code, 2)
  assert.match(twice.stderr, /TLS is there already/)

  const { port: plain } = await serve(t, ['--service', 'discard'])
  const ended = await run(t, ['tcp-client', 'localhost', String(plain), '-4', '-e', '/fin', '-e', '/tls'])
  assert.equal(ended.code, 2)
  assert.match(ended.stderr, /one side has ended already/)
})

test('a client whose handshake after /tls fails costs the server nothing', async (t) => {
  const own = saved(t, good)
  const { server, port } = await serve(t, ['--cert', own.cert, '--key', own.key, ...mailServer])
  const peer = await connectTo(t, port)
  peer.socket.write('EHLO me\r\n')
  await peer.has('250 STARTTLS')
  peer.socket.write('STARTTLS\r\n')
  await peer.has('go ahead')
  peer.socket.write('QUIT\r\n')
  const { message } = await server.event('failed')
  assert.match(message, /they speak plain text to a port with TLS/)
  await server.event('closed')
  const second = await connectTo(t, port)
  second.socket.write('still there')
  await server.received('server#2', 'still there')
})
