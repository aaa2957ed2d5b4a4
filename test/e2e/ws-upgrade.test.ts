import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { connectTo, type Peer } from './sockets.ts'
import { isOver, run } from './sockpit.ts'
import {
  type Asked,
  answerByHand,
  grant,
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
describe('ws-client judges the answer', { concurrency: 3 }, () => {
  test('100 Continue is no answer: the one after it is', async (t) => {
    const { code, after } = await answered(t, (peer, { accept }) => {
      peer.socket.write(`HTTP/1.1 100 Continue\r\n\r\n${grant(accept)}`)
      void peer.has(peer.received.length + 10).then(() => peer.socket.end())
    })
    assert.equal(code, 6)
    assert.notEqual(after, '')
  })

  const statuses: readonly [name: string, answer: string, said: RegExp][] = [
    ['200', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi', /says 200 OK, not 101/],
    ['401', 'HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n', /--auth/],
    [
      '426 of another version',
      'HTTP/1.1 426 Upgrade Required\r\nSec-WebSocket-Version: 8, 7\r\nContent-Length: 0\r\n\r\n',
      /version 8, 7/,
    ],
    ['HTTP/1.0', 'HTTP/1.0 101 Switching Protocols\r\n\r\n', /HTTP\/1\.0/],
    ['what is no HTTP', 'SSH-2.0-OpenSSH_9.2\r\n', /status line/],
  ]
  for (const [name, answer, said] of statuses) {
    test(`an answer of ${name}`, async (t) => {
      const { code, stderr, after } = await answered(t, ({ socket }) => socket.write(answer))
      assert.deepEqual([code, after], [5, ''])
      assert.match(stderr, said)
      assert.match(stderr, /^sockpit: [^\n]+$/m)
    })
  }

  test('a server that ends before or within its answer', async (t) => {
    for (const part of ['', 'HTTP/1.1 101 Swit']) {
      const { code, stderr, after } = await answered(t, ({ socket }) => socket.end(part))
      assert.deepEqual([code, after], [5, ''])
      assert.match(stderr, /^sockpit: Cannot upgrade to WebSocket at [^\n]* the server ended[^\n]*\n$/)
    }
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
      ['0', '--path', 'chat'],
      ['0', '--path', '/a?b'],
      ['0', '--subprotocol', 'a b'],
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
