/** What the command line refuses before anything is sent, and what it keeps to itself. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { keepPeers } from '../e2e/sockets.ts'
import { run, text } from '../e2e/sockpit.ts'
import { serveTheirs } from '../e2e/web-sockets.ts'

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
  ...[['CR', '\r', /\\r/] as const, ['LF', '\n', /holds a line feed|is not a name/] as const].flatMap(
    ([name, character, named]) => [
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
    ],
  ),
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

  test('ws://user:password@host → works, the password is never printed or recorded', async (t) => {
    const { port, requests } = await serveTheirs(t, ({ socket }) => socket.close(4000, 'no'))
    const secret = 'sEsAm:öffne dich'
    const basic = `Basic ${Buffer.from(`me:${secret}`).toString('base64')}`
    const urls = [
      [`ws://me:${encodeURIComponent(secret)}@127.0.0.1:${port}/`],
      [`ws://127.0.0.1:${port}/`, '--auth', `me:${secret}`],
      [`ws://127.0.0.1:${port}/`, '-H', `Authorization: ${basic}`],
    ]
    for (const [index, args] of urls.entries()) {
      for (const view of [['--json'], ['--view', 'log', '-vv'], ['--hex', '-vv'], ['--raw', '-v']]) {
        const outcome = await run(t, ['ws-client', ...args, ...view])
        assert.equal(outcome.code, 6)
        const said = `${text(outcome)}${outcome.stderr}`
        assert.match(said, /4000/)
        for (const form of [secret, encodeURIComponent(secret), 'sEsAm', basic.slice(6)]) {
          assert.equal(said.includes(form), false, `${index} ${view}: ${form}`)
        }
        const hex = Buffer.from(basic.slice(6)).toString('hex')
        assert.equal(said.replace(/\s/g, '').includes(hex), false)
      }
    }
    assert.equal(requests.length, 12)
    assert.ok(requests.every(({ headers }) => headers.authorization === basic))
  })
})
