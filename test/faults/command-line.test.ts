/** A command line that cannot be meant: one line that says so, exit 2, before anything is opened or sent. */
import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { keepPeers } from '../e2e/sockets.ts'
import { run, text } from '../e2e/sockpit.ts'
import { serveTheirs } from '../e2e/web-sockets.ts'
import { refusedInOneLine } from '../refused.ts'

type Words = readonly string[]

/** Every command with a port, as it takes one. */
const withPort: readonly ((port: string) => Words)[] = [
  (port) => ['tcp-server', port],
  (port) => ['tcp-client', '127.0.0.1', port],
  (port) => ['udp-server', `127.0.0.1:${port}`],
  (port) => ['udp-client', `127.0.0.1:${port}`],
  (port) => ['ws-echo', port],
  (port) => ['ws-client', `ws://127.0.0.1:${port}/`],
]

/** A URL without a port has one (RFC 3986 §3.2.3), and so has ws-client without a URL. */
const emptyPort = withPort.slice(0, -1)

/** Where a line of the head could be ended, and another one begun. */
const intoHead = (url: string, end: string): readonly Words[] => [
  ['ws-client', url, '-H', `X-One: a${end}X-Two: b`],
  ['ws-client', url, '-H', `X-One${end}: a`],
  ['ws-client', `${url}chat${end}X-Two: b`],
  ['ws-client', url, '--subprotocol', `chat${end}X-Two: b`],
  ['ws-client', url, '--origin', `http://localhost${end}X-Two: b`],
  ['ws-echo', '0', '--path', `/chat${end}X-Two: b`],
  ['ws-echo', '0', '--subprotocol', `chat${end}X-Two: b`],
  ['ws-echo', '0', '--origin', `http://localhost${end}X-Two: b`],
]

const oversized = (value: string) => (url: string) => [
  ['ws-client', url, '--max-payload', value],
  ['ws-echo', '0', '--max-payload', value],
]

/** What is said is one line; these words must stand in it. */
const refusals: readonly [statement: string, why: RegExp, all: (url: string) => readonly Words[]][] = [
  ['Port -1', /-1/, () => withPort.map((words) => words('-1'))],
  ['Port 65536', /65536/, () => withPort.map((words) => words('65536'))],
  ['Port 1e3', /1e3/, () => withPort.map((words) => words('1e3'))],
  ['Port 0x50', /0x50/, () => withPort.map((words) => words('0x50'))],
  ['Port empty', /""/, () => emptyPort.map((words) => words(''))],
  ['Port 80x', /80x/, () => withPort.map((words) => words('80x'))],
  [
    'CR in a header, path, subprotocol or origin',
    /carriage return|is not a name/,
    (url) => intoHead(url, '\r'),
  ],
  ['LF in a header, path, subprotocol or origin', /line feed|is not a name/, (url) => intoHead(url, '\n')],
  ['`--max-payload` 3GiB', /--max-payload: "3GiB" is out of range/, oversized('3GiB')],
  ['`--max-payload` -1', /--max-payload: "-1"/, oversized('-1')],
  ['`--max-payload` NaN', /--max-payload: "NaN"/, oversized('NaN')],
  ['`http://`', /expected ws:\/\//, (url) => [['ws-client', url.replace('ws:', 'http:')]]],
  ['`ws://[::1`', /"ws:\/\/\[::1" is not a URL/, () => [['ws-client', 'ws://[::1']]],
  ['a URL with a fragment', /fragment/, (url) => [`${url}#part`, `${url}#`].map((one) => ['ws-client', one])],
]

async function assertTold(t: TestContext, words: Words, why: RegExp): Promise<void> {
  const { code, stdout, stderr } = await run(t, words)
  assert.deepEqual([words, code, stdout.length], [words, 2, 0])
  assert.match(stderr, /^sockpit: [^\n\r]+\n$/)
  assert.match(stderr, why)
}

describe('the command line', { concurrency: 3 }, () => {
  for (const [statement, why, all] of refusals) {
    test(`${statement} → 2, nothing sent`, async (t) => {
      const { peers, port } = await keepPeers(t)
      for (const [at, words] of all(`ws://127.0.0.1:${port}/`).entries()) {
        // What holds a line break is made one line where it is told, which only a process does.
        if (at === 0 || /[\r\n]/.test(words.join())) await assertTold(t, words, why)
        else assert.match(await refusedInOneLine(words), why)
      }
      assert.equal(peers.length, 0)
    })
  }

  // No word of a command line can hold one (execve(2)): who starts the program in other ways meets the same checks.
  test('NUL in a header, path, subprotocol or origin → 2, nothing sent', async (t) => {
    const { peers, port } = await keepPeers(t)
    for (const words of intoHead(`ws://127.0.0.1:${port}/`, '\0')) {
      assert.match(await refusedInOneLine(words), /NUL|is not a name/)
    }
    assert.equal(peers.length, 0)
  })

  const secret = 'sEsAm:öffne dich'
  const basic = `Basic ${Buffer.from(`me:${secret}`).toString('base64')}`
  const views = [['--json'], ['--view', 'log', '-vv'], ['--hex', '-vv'], ['--raw', '-v']]

  for (const view of views) {
    test(`\`ws://user:password@host\` → works, the password is never printed or recorded; ${view.join(' ')}`, async (t) => {
      const { port, requests } = await serveTheirs(t, ({ socket }) => socket.close(4000, 'no'))
      const ways = [
        [`ws://me:${encodeURIComponent(secret)}@127.0.0.1:${port}/`],
        [`ws://127.0.0.1:${port}/`, '--auth', `me:${secret}`],
        [`ws://127.0.0.1:${port}/`, '-H', `Authorization: ${basic}`],
      ]
      for (const words of ways) {
        const outcome = await run(t, ['ws-client', ...words, ...view])
        assert.equal(outcome.code, 6)
        const said = `${text(outcome)}${outcome.stderr}`
        assert.match(said, /4000/)
        for (const form of [secret, encodeURIComponent(secret), 'sEsAm', basic.slice(6)]) {
          assert.equal(said.includes(form), false, `${words[0]}: ${form}`)
        }
        const hex = Buffer.from(basic.slice(6)).toString('hex')
        assert.equal(said.replace(/\s/g, '').includes(hex), false)
      }
      assert.deepEqual(
        requests.map(({ headers }) => headers.authorization),
        [basic, basic, basic],
      )
    })
  }

  test('a password stands in no error of its URL', async (t) => {
    const { peers, port } = await keepPeers(t)
    for (const words of [
      ['ws://u:geheim@[::1'],
      ['http://u:geheim@127.0.0.1/'],
      [`ws://u:geheim@127.0.0.1:${port}/#x`],
      [`ws://u:geheim@127.0.0.1:${port}/`, '--auth', 'u:geheim'],
    ]) {
      const { code, stdout, stderr } = await run(t, ['ws-client', ...words])
      assert.deepEqual([code, stdout.length], [2, 0])
      assert.match(stderr, /^sockpit: [^\n]+\n$/)
      assert.doesNotMatch(stderr, /geheim/)
    }
    assert.equal(peers.length, 0)
  })
})
