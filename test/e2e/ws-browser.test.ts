import assert from 'node:assert/strict'
import { createHash, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { type TestContext, test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { missing, pathOf } from './peers.ts'
import { isOver, type Running, readAll, startProgram, temporaryFolder } from './sockpit.ts'
import { everyByte, serveEcho, verdictOn } from './web-sockets.ts'

/** What runs in the page: opens what the address asks for, says everything once, and reports. */
const page = `<!doctype html><meta charset="utf-8"><title>sockpit</title><script>
const url = new URLSearchParams(location.search).get('url')
const told = { origin: location.origin, opened: false, errors: 0, messages: [] }
const socket = new WebSocket(url, ['chat', 'echo'])
socket.binaryType = 'arraybuffer'
const every = Uint8Array.from({ length: 256 }, (_, byte) => byte)
const large = 'from a browser '.repeat(20000)
const said = ['hello', 'ä € 😀', '', every, large]
socket.onopen = () => {
  told.opened = true
  told.protocol = socket.protocol
  told.extensions = socket.extensions
  for (const one of said) socket.send(one)
}
socket.onmessage = ({ data }) => {
  const shown = typeof data !== 'string' ? [...new Uint8Array(data)] : data === large ? 'large' : data
  told.messages.push(shown)
  if (told.messages.length === said.length) socket.close(4001, 'genug')
}
socket.onerror = () => { told.errors += 1 }
socket.onclose = ({ code, reason, wasClean }) => {
  told.closed = { code, reason, wasClean }
  fetch('/told', { method: 'POST', body: JSON.stringify(told) })
}
</script>`

interface Told {
  readonly origin: string
  readonly opened: boolean
  readonly errors: number
  readonly messages: readonly unknown[]
  readonly protocol?: string
  readonly extensions?: string
  readonly closed: { readonly code: number; readonly reason: string; readonly wasClean: boolean }
}

/** Serves the page, and settles with what it reports. */
async function servePage(t: TestContext): Promise<{ port: number; told: Promise<Told> }> {
  let report: (told: Told) => void = () => {}
  const told = new Promise<Told>((resolve) => {
    report = resolve
  })
  const server = createServer(async (request, response) => {
    if (request.method === 'POST') report(JSON.parse((await readAll(request)).toString()))
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', connection: 'close' }).end(page)
  })
  t.after(() => server.close())
  const port = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      resolve(address === null || typeof address === 'string' ? 0 : address.port)
    })
  })
  return { port, told }
}

/** Opens the page as one of this host, and answers what it reports. */
async function visit(
  t: TestContext,
  host: string,
  url: string,
  switches: readonly string[] = [],
): Promise<Told> {
  const { port, told } = await servePage(t)
  const browser = startProgram(t, pathOf('chromium') ?? 'chromium', [
    '--headless=new',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-dev-shm-usage',
    '--disable-extensions',
    '--disable-background-networking',
    '--no-first-run',
    `--user-data-dir=${temporaryFolder(t)}`,
    '--host-resolver-rules=MAP foreign.test 127.0.0.1',
    '--remote-debugging-port=0',
    ...switches,
    `http://${host}:${port}/?url=${encodeURIComponent(url)}`,
  ])
  const ended = browser.exit.then(({ code, stderr }) => {
    throw new Error(`the browser ended with ${code}: ${stderr.slice(-2_000)}`)
  })
  try {
    return await Promise.race([told, ended])
  } finally {
    browser.killAll()
    await browser.exit
    ended.catch(() => {})
  }
}

/** The verdict on a page that was not let in. */
async function refusal(server: Running, what: string): Promise<void> {
  const { status, problem, headers } = await server.event('response')
  assert.deepEqual([status, problem?.what], [403, what])
  assert.ok(headers.some(([name]) => name === 'Content-Length'))
  const { upgraded } = await verdictOn(server, 'server#1')
  assert.equal(upgraded, false)
}

test('a page of this machine talks to ws-echo, which tells the same', {
  skip: missing('chromium'),
}, async (t) => {
  const { server, url } = await serveEcho(t, ['--subprotocol', 'echo'])
  const told = await visit(t, '127.0.0.1', url)
  assert.deepEqual(
    [told.opened, told.errors, told.protocol, told.closed],
    [true, 0, 'echo', { code: 4001, reason: '', wasClean: true }],
  )
  assert.match(told.extensions ?? '', /^permessage-deflate/)
  assert.deepEqual(told.messages, ['hello', 'ä € 😀', '', [...everyByte], 'large'])

  const verdict = await verdictOn(server, 'server#1')
  assert.deepEqual(
    [verdict.clean, verdict.first, verdict.closeCode, verdict.reason, verdict.received.messages],
    [true, 'peer', 4001, 'genug', 5],
  )
  const [{ headers } = { headers: [] }] = server.eventsOf('request')
  assert.deepEqual(
    headers.filter(([name]) => name === 'Origin'),
    [['Origin', told.origin]],
  )
  assert.deepEqual(
    server
      .eventsOf('message')
      .filter(({ direction }) => direction === 'received')
      .map(({ type, size }) => [type, size]),
    [
      ['text', 5],
      ['text', 11],
      ['text', 0],
      ['binary', 256],
      ['text', 300_000],
    ],
  )
  const [opened] = server.eventsOf('opened').filter((event) => isOver(event, 'websocket'))
  assert.equal(opened?.subprotocol, 'echo')
})

test('a page of another site is refused, and a hint says how to let it in', {
  skip: missing('chromium'),
}, async (t) => {
  const { server, url } = await serveEcho(t)
  const told = await visit(t, 'foreign.test', url)
  assert.deepEqual([told.opened, told.closed.code], [false, 1006])
  await refusal(server, 'Origin')
  const { problem } = await server.event('response')
  assert.equal(
    problem?.hint,
    `To let them in, start the server with --origin ${told.origin} (--origin '*' lets all in).`,
  )
})

test('a page that gave this machine a name of its own is refused', {
  skip: missing('chromium'),
}, async (t) => {
  const { server, port } = await serveEcho(t, ['--origin', '*'])
  const told = await visit(t, 'foreign.test', `ws://foreign.test:${port}/`)
  assert.deepEqual([told.opened, told.closed.code], [false, 1006])
  await refusal(server, 'Host')
})

test('over wss the browser talks to us where it trusts the certificate that was made, and not where it does not', {
  skip: missing('chromium'),
}, async (t) => {
  const { server, port } = await serveEcho(t, ['--tls', '--subprotocol', 'echo'])
  const url = `wss://localhost:${port}/`
  const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false })
  await once(socket, 'secureConnect')
  const { publicKey } = new X509Certificate(socket.getPeerCertificate().raw)
  socket.destroy()
  const key = createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64')

  const told = await visit(t, '127.0.0.1', url, [`--ignore-certificate-errors-spki-list=${key}`])
  assert.deepEqual(
    [told.opened, told.errors, told.closed],
    [true, 0, { code: 4001, reason: '', wasClean: true }],
  )
  assert.deepEqual(told.messages, ['hello', 'ä € 😀', '', [...everyByte], 'large'])
  const { version, trust } = await server.event('tls', ({ servername }) => servername === 'localhost')
  assert.deepEqual([version, trust], ['TLSv1.3', 'anonymous'])

  const refused = await visit(t, '127.0.0.1', url)
  assert.deepEqual([refused.opened, refused.closed.code], [false, 1006])
  const { message } = await server.event('failed', ({ code }) => code.startsWith('ERR_SSL_'))
  assert.match(message, /they do not accept our certificate|they do not know who issued/)
})
