/** What the command line refuses before anything is sent, and what it keeps to itself. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { keepPeers } from '../e2e/sockets.ts'
import { run } from '../e2e/sockpit.ts'
import { answerByHand, grant } from '../e2e/web-sockets.ts'

/** What is wrong, and the command lines that have it; PORT stands for one where somebody listens. */
interface Row {
  readonly statement: string
  readonly lines: readonly (readonly string[])[]
  /** What every message names. */
  readonly named: RegExp
}

const ports = ['-1', '65536', '1e3', '0x50', '', '80x']

/** Each command that takes a port, with it as its own word and behind a host. */
function withPort(port: string): readonly (readonly string[])[] {
  const servers = ['tcp-server', 'udp-server', 'ws-echo']
  const clients = ['tcp-client', 'udp-client']
  return [
    ...servers.flatMap((server) => [
      [server, '--', port],
      [server, `127.0.0.1:${port}`],
    ]),
    ...clients.flatMap((client) => [
      [client, '--', '127.0.0.1', port],
      [client, `127.0.0.1:${port}`],
    ]),
    // A URL without a port behind its colon is one without a port (RFC 3986 §6.2.3).
    ...(port === '' ? [] : [['ws-client', `ws://127.0.0.1:${port}/`]]),
  ]
}

const url = 'ws://127.0.0.1:PORT/'

const rows: readonly Row[] = [
  ...ports.map((port) => ({
    statement: `port ${port === '' ? 'empty' : port} → 2`,
    lines: withPort(port),
    named: port === '' ? /""|port/ : new RegExp(port),
  })),
  ...[['CR', '\r', /\\r/] as const, ['LF', '\n', /holds a line feed|is not a name/] as const].flatMap(([name, character, named]) => [
    {
      statement: `${name} in a header → 2, nothing sent`,
      lines: [
        ['ws-client', url, '-H', `X-A: one${character}X-B: two`],
        ['ws-client', url, '-H', `X${character}A: one`],
      ],
      named,
    },
    {
      statement: `${name} in a path → 2, nothing sent`,
      lines: [
        ['ws-client', `${url}one${character}two`],
        ['ws-echo', '0', '--path', `/one${character}two`],
      ],
      named,
    },
    {
      statement: `${name} in a subprotocol → 2, nothing sent`,
      lines: [
        ['ws-client', url, '--subprotocol', `one${character}two`],
        ['ws-echo', '0', '--subprotocol', `one${character}two`],
      ],
      named,
    },
    {
      statement: `${name} in an origin → 2, nothing sent`,
      lines: [
        ['ws-client', url, '--origin', `http://one${character}two`],
        ['ws-echo', '0', '--origin', `http://one${character}two`],
      ],
      named,
    },
  ]),
  ...['3GiB', '-1', 'NaN'].map((size) => ({
    statement: `--max-payload ${size} → 2`,
    lines: [
      ['ws-client', url, `--max-payload=${size}`],
      ['ws-echo', '0', `--max-payload=${size}`],
    ],
    named: new RegExp(`--max-payload: "${size}"`),
  })),
  { statement: 'http:// → 2', lines: [['ws-client', 'http://127.0.0.1:PORT/']], named: /http/ },
  { statement: 'ws://[::1 → 2', lines: [['ws-client', 'ws://[::1']], named: /\[::1/ },
  { statement: 'a URL with a fragment → 2', lines: [['ws-client', `${url}#part`]], named: /#part|fragment/ },
]

describe('the command line', { concurrency: 3 }, () => {
  for (const { statement, lines, named } of rows) {
    test(statement, async (t) => {
      const { port, peers } = await keepPeers(t)
      for (const line of lines) {
        const words = line.map((word) => word.replace('PORT', String(port)))
        const { code, stdout, stderr } = await run(t, words, { stdin: 'waiting\n' })
        assert.deepEqual([words, code, stdout.length], [words, 2, 0])
        assert.match(stderr, /^sockpit: [^\r\n]+\n$/)
        assert.match(stderr, named)
      }
      assert.equal(peers.length, 0, 'somebody was spoken to')
    })
  }

  for (const view of ['log', 'raw', 'hex', 'json']) {
    test(`ws://user:password@host → works, the password is never printed or recorded (${view})`, async (t) => {
      const secret = 'correct-horse'
      const encoded = Buffer.from(`somebody:${secret}`).toString('base64')
      let heard = ''
      const port = await answerByHand(t, ({ socket }, { head, accept }) => {
        heard = head
        socket.write(grant(accept))
        socket.end(Buffer.of(0x88, 2, 3, 0xe8))
      })
      const words = ['ws-client', `ws://somebody:${secret}@127.0.0.1:${port}/`, '--view', view, '-vv']
      const { code, stdout, stderr } = await run(t, words)
      assert.match(heard, new RegExp(`^Authorization: Basic ${encoded}\r$`, 'm'))
      assert.equal(code, 0)
      const said = `${stdout}${stderr}`
      assert.ok(view === 'raw' || said.includes('Authorization'), 'the header itself is told')
      for (const form of [
        secret,
        encoded,
        Buffer.from(encoded).toString('base64'),
        Buffer.from(secret).toString('hex'),
      ]) {
        assert.ok(!said.includes(form), `${form} was printed`)
      }
    })
  }
})
