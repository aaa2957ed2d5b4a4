/** What a client makes of answers to its upgrade: nothing but the request leaves before one that is right. */
import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { keepPeers, type Peer } from '../e2e/sockets.ts'
import { overWebSocket, type Running, run, start, text } from '../e2e/sockpit.ts'
import {
  type Asked,
  acceptOf,
  acceptOfKey,
  answerByHand,
  closePayload,
  frame,
  framesIn,
  grant,
} from '../e2e/web-sockets.ts'

type Lines = Readonly<Record<string, string>>

interface Answered {
  readonly client: Running
  readonly url: string
  readonly code: number | null
  readonly stderr: string
  /** The `Sec-WebSocket-Accept` that would have been right. */
  readonly accept: string
  /** What the server got behind the head of the request, to the end. */
  readonly after: Buffer
}

/** Runs a client with lines to send, typed and piped, against a server that answers by hand. */
async function answered(
  t: TestContext,
  answer: (peer: Peer, asked: Asked) => void,
  args: readonly string[] = [],
): Promise<Answered> {
  let seen: readonly [Peer, Asked] | undefined
  const port = await answerByHand(t, (peer, asked) => {
    seen = [peer, asked]
    answer(peer, asked)
  })
  const url = `ws://127.0.0.1:${port}/`
  const entered = ['-e', 'an entered message', '-e', '/ping']
  const client = start(t, ['ws-client', url, '--json', ...entered, ...args], { stdin: 'a piped message\n' })
  const { code, stderr } = await client.exit
  if (seen === undefined) throw new Error(`no request came: ${stderr}`)
  const [peer, { accept }] = seen
  await peer.closed
  const after = peer.received.subarray(peer.received.indexOf('\r\n\r\n') + 4)
  return { client, url, code, stderr, accept, after }
}

/** Sees that the client gave up for this reason, and sent nothing but its request. */
async function refused(answer: Answered, problem: string, more = ''): Promise<void> {
  const { client, url, code, stderr, after } = answer
  // What is told of a broken rule stands before it, indented.
  const said = stderr.split('\n').filter((line) => !line.startsWith(' '))
  assert.deepEqual(said, [`sockpit: Cannot upgrade to WebSocket at ${url}: ${problem}.${more}`, ''])
  assert.equal(code, 5)
  assert.equal(after.length, 0, `sent after the request: ${after.toString('hex')}`)
  const sent = client.events.filter((event) => 'direction' in event && event.direction === 'sent')
  assert.deepEqual(
    sent.map(({ kind }) => kind),
    ['bytes', 'request'],
  )
  const { upgraded, first, how } = overWebSocket(await client.event('closed'))
  assert.deepEqual([upgraded, first, how], [false, 'us', 'fin'])
  assert.equal(client.events.at(-1)?.kind, 'closed')
}

/** What the event of the answer says is wrong with it. */
async function problemTold({ client }: Answered): Promise<string> {
  const { problem } = await client.event('response')
  return `${problem?.what} ${problem?.reason} (${problem?.section})`
}

interface Wrong {
  readonly statement: string
  readonly lines: Lines
  /** The line that is named, and what is wrong with it. */
  readonly problem: string
  readonly args?: readonly string[]
}

const wrong: readonly Wrong[] = [
  {
    statement: 'wrong accept',
    lines: { 'Sec-WebSocket-Accept': acceptOfKey },
    problem: `Sec-WebSocket-Accept is "${acceptOfKey}"; expected "ACCEPT"`,
  },
  {
    statement: 'missing accept',
    lines: { 'Sec-WebSocket-Accept': '' },
    problem: 'Sec-WebSocket-Accept is missing; expected "ACCEPT"',
  },
  { statement: 'wrong `Upgrade`', lines: { Upgrade: 'h2c' }, problem: 'Upgrade is "h2c", not websocket' },
  { statement: 'missing `Upgrade`', lines: { Upgrade: '' }, problem: 'Upgrade is missing' },
  {
    statement: 'wrong `Connection`',
    lines: { Connection: 'close' },
    problem: 'Connection is "close", without Upgrade',
  },
  { statement: 'missing `Connection`', lines: { Connection: '' }, problem: 'Connection is missing' },
  {
    statement: 'an unrequested subprotocol, where none was requested',
    lines: { 'Sec-WebSocket-Protocol': 'chat' },
    problem: 'Sec-WebSocket-Protocol is "chat", which was not asked for',
  },
  {
    statement: 'an unrequested subprotocol, where others were requested',
    lines: { 'Sec-WebSocket-Protocol': 'Chat' },
    problem: 'Sec-WebSocket-Protocol is "Chat", which was not asked for',
    args: ['--subprotocol', 'chat', '--subprotocol', 'echo'],
  },
  {
    statement: 'an unrequested extension',
    lines: { 'Sec-WebSocket-Extensions': 'x-other' },
    problem: 'Sec-WebSocket-Extensions names "x-other", which was not offered',
  },
  {
    statement: 'an unrequested extension, where none was requested',
    lines: { 'Sec-WebSocket-Extensions': 'permessage-deflate' },
    problem: 'Sec-WebSocket-Extensions is "permessage-deflate", but nothing was offered',
    args: ['--no-compress'],
  },
  {
    statement: '`server_max_window_bits=99`',
    lines: { 'Sec-WebSocket-Extensions': 'permessage-deflate; server_max_window_bits=99' },
    problem: 'Sec-WebSocket-Extensions has server_max_window_bits=99, not a number from 8 to 15',
  },
]

interface Status {
  readonly statement: string
  readonly head: readonly string[]
  readonly body: string
  /** What of it is told, where that is not all. */
  readonly told?: string
  readonly said: string
}

const html =
  '<!DOCTYPE html>\n<html>\n<head><title>503 Out for lunch</title></head>\n<body><p>Sorry.</p></body>\n</html>\n'

/** Each after its head; `Content-Length` is added where no head says how long the body is. */
const statuses: readonly Status[] = [
  {
    statement: '404 with a text',
    head: ['404 Not Found'],
    body: 'There is only /chat.\nAsk for that.',
    said: 'There is only /chat.',
  },
  {
    statement: '403 whose text begins with empty lines',
    head: ['403 Forbidden'],
    body: '\r\n\r\n no \r\n',
    said: 'no',
  },
  {
    statement: '500 in chunks',
    head: ['500 Broken', 'Transfer-Encoding: chunked'],
    body: '5\r\nIt is\r\nA;x=y\r\n our fault\r\n0\r\n\r\n',
    told: 'It is our fault',
    said: 'It is our fault',
  },
  {
    statement: '502 whose body has no end',
    head: ['502 Bad Gateway', 'Connection: close'],
    body: 'nobody is at home',
    said: 'nobody is at home',
  },
  { statement: '503 with a page', head: ['503 No'], body: html, said: '503 Out for lunch' },
  {
    statement: '404 in words that are not ASCII',
    head: ['404 Not Found'],
    body: 'Hier gibt es nur Grüße.\n',
    told: Buffer.from('Hier gibt es nur Grüße.\n').toString('latin1'),
    said: 'Hier gibt es nur Grüße.',
  },
  {
    statement: '400 with 2,000 bytes of escape sequences',
    head: ['400 Bad'],
    body: '\x1b[31m'.repeat(400),
    told: '\x1b[31m'.repeat(400).slice(0, 1_024),
    said: '\\x1b[31m'.repeat(60),
  },
]

function headOf({ head: [status, ...lines], body }: Status): string {
  const isBounded = lines.length > 0
  const all = isBounded ? lines : [`Content-Length: ${Buffer.byteLength(body)}`]
  return [`HTTP/1.1 ${status}`, ...all].join('\r\n')
}

// Side by side: each is a process that starts and ends.
describe('the client and the answer', { concurrency: 3 }, () => {
  for (const { statement, lines, problem, args } of wrong) {
    test(`${statement} → exit 5, the header named, no frame sent`, async (t) => {
      // Frames stand behind the answer, as if it were a good one.
      const glued = frame({ opcode: 1, payload: 'glued' })
      const give = (peer: Peer, { accept }: Asked) =>
        peer.socket.write(Buffer.concat([Buffer.from(grant(accept, lines)), glued]))
      const answer = await answered(t, give, args)
      const named = `${problem.replace('ACCEPT', answer.accept)} (RFC 6455 §4.1)`
      await refused(answer, named)
      assert.equal(await problemTold(answer), named)
      assert.equal(answer.client.eventsOf('message').length, 0)
    })
  }

  for (const status of ['301 Moved Permanently', '302 Found', '307 Temporary Redirect']) {
    test(`${status} → exit 5, \`Location\` shown, not followed`, async (t) => {
      const { peers, port } = await keepPeers(t)
      const location = `ws://127.0.0.1:${port}/there`
      const answer = await answered(t, ({ socket }) => {
        socket.write(`HTTP/1.1 ${status}\r\nLocation: ${location}\r\nContent-Length: 0\r\n\r\n`)
      })
      const problem = `status line says ${status}, not 101 (RFC 6455 §4.1)`
      const hint = ` Location is "${location}". It is not followed: connect to it yourself.`
      await refused(answer, problem, hint)
      assert.equal(await problemTold(answer), problem)
      assert.equal(peers.length, 0)
    })
  }

  for (const row of statuses) {
    test(`${row.statement} → exit 5, status and start of the body shown`, async (t) => {
      const answer = await answered(t, ({ socket }) => socket.write(`${headOf(row)}\r\n\r\n${row.body}`))
      const problem = `status line says ${row.head[0]}, not 101 (RFC 6455 §4.1)`
      await refused(answer, problem, ` They say: "${row.said}"`)
      const { status, body } = await answer.client.event('response')
      assert.deepEqual([status, body], [Number(row.head[0]?.slice(0, 3)), row.told ?? row.body])
    })
  }

  test('4xx → the log shows status and start of the body, too', async (t) => {
    const port = await answerByHand(t, ({ socket }) => {
      socket.write('HTTP/1.1 404 Not Found\r\nContent-Length: 14\r\n\r\ngo \x1b[31maway\r\n')
    })
    const { code, stdout } = await run(t, ['ws-client', `ws://127.0.0.1:${port}/`, '--view', 'log'])
    assert.equal(code, 5)
    assert.match(stdout.toString(), / 404 Not Found/)
    assert.match(stdout.toString(), /go \\x1b\[31maway/)
    assert.equal(stdout.includes('\x1b'), false)
  })

  const endless: readonly [statement: string, start: string, again: string, problem: string][] = [
    [
      'endless response headers',
      'HTTP/1.1 101 Switching Protocols\r\n',
      `X-More: ${'x'.repeat(1_000)}\r\n`,
      'head is longer than 16384 bytes (RFC 6585 §5)',
    ],
    [
      'endless answers of 1xx',
      '',
      'HTTP/1.1 100 Continue\r\n\r\n',
      'head is longer than 16384 bytes, with the 1xx answers before it (RFC 6585 §5)',
    ],
  ]
  for (const [statement, first, again, problem] of endless) {
    test(`${statement} → given up at 16 KiB`, async (t) => {
      const answer = await answered(
        t,
        ({ socket }) => {
          // More than one read of the largest size takes, so that each is full of it.
          socket.write(first + again.repeat((32 * 2 ** 20) / again.length))
        },
        ['--read-size', '16MiB'],
      )
      await refused(answer, problem)
      const { closeCode, message } = await answer.client.event('violation')
      assert.deepEqual(
        [closeCode, message],
        [0, `the answer to the upgrade is no HTTP head: ${problem.replace(/ \(.*/, '')}`],
      )
    })
  }

  test('101 in one-byte segments with a frame glued on → works', async (t) => {
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

  test('nothing but the request leaves before the 101, though lines and input wait', async (t) => {
    const { port, peerAt } = await keepPeers(t)
    const entered = ['-e', 'entered', '-e', '/ping']
    const client = start(t, ['ws-client', `ws://127.0.0.1:${port}/`, '--json', '--no-compress', ...entered], {
      stdin: 'piped\n'.repeat(1_000),
    })
    const peer = await peerAt(0)
    await peer.has('\r\n\r\n')
    // Each of these is read and told before the next one goes: the client has had its turns to send more.
    for (let turn = 1; turn <= 10; turn += 1) {
      peer.socket.write(`HTTP/1.1 1${turn + 10} Wait\r\n\r\n`)
      await client.received('client', `1${turn + 10} Wait\r\n\r\n`)
    }
    const before = peer.text
    assert.match(before, /^GET \/ HTTP\/1\.1\r\n(?:[^\r\n]+\r\n)+\r\n$/)
    const [, key = ''] = /^Sec-WebSocket-Key: (.*)\r$/m.exec(before) ?? []
    peer.socket.write(grant(acceptOf(key)))
    await peer.has(before.length + 1_000 * (2 + 4 + 5))
    const [first, second, third] = framesIn(peer.received.subarray(before.length))
    assert.deepEqual(
      [first, second, third].map((one) => [one?.opcode, one?.payload.toString()]),
      [
        [1, 'entered'],
        [9, ''],
        [1, 'piped'],
      ],
    )
  })
})
