import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { describe, test } from 'node:test'
import { SockpitError } from '../src/errors.ts'
import { runProgram } from '../src/program.ts'
import { type FakeOptions, fakeContext } from './fake-context.ts'
import { closedPort, portOf } from './net/loopback.ts'

const quick = { timeout: 5_000 }

async function run(words: readonly string[], options: FakeOptions = {}) {
  const context = fakeContext(options)
  // Commander looks at it when it shows help, and a test that failed before has set it.
  const { exitCode } = process
  process.exitCode = 0
  const code = await runProgram(context, words, '1.2.3').finally(() => {
    process.exitCode = exitCode
  })
  return { code, ...context.written }
}

async function refused(words: readonly string[]): Promise<SockpitError> {
  const context = fakeContext()
  const error = await runProgram(context, words, '1.2.3').then(
    (code) => `ended with ${code}`,
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof SockpitError, String(error))
  assert.equal(error.exitCode, 2)
  assert.deepEqual(context.written, { stdout: '', stderr: '' }, 'main tells the error, nobody else')
  return error
}

/** A command line, and what its message must say: the thing in quotes, and a suggestion. */
const wrong: readonly [words: string, message: RegExp][] = [
  ['tcp-serve', /^Unknown command "tcp-serve" \(Did you mean tcp-server\?\)$/],
  ['compere', /Did you mean compare\?/],
  ['frobnicate', /^Unknown command "frobnicate".*(--help|sockpit help|tcp-server)/],
  ['--verison', /^Unknown option "--verison" \(Did you mean --version\?\)$/],
  ['help frobnicate', /"frobnicate"/],
  ['tcp-server --ech', /^Unknown option "--ech" \(Did you mean --echo\?\)$/],
  ['tcp-server --frobnicate', /^Unknown option "--frobnicate".*--help/],
  ['tcp-server --probe', /^Unknown option "--probe"/],
  ['tcp-client --echo', /^Unknown option "--echo"/],
  ['tcp-server -Q', /^Unknown option "-Q"/],
  ['tcp-server ::1 2', /does not take 2 arguments; host and port are one word: ::1:2$/],
  ['tcp-client a 1 b', /does not take 3 arguments$/],
  ['compare boundaries twice', /does not take 2 arguments$/],
  ['tcp-server --service', /--service <name>/],
  ['tcp-server --echo=yes', /--echo/],
  ['tcp-server --service qotd', /^--service: "qotd" is not one of none, echo, /],
  ['tcp-server --service=', /^--service: "" is not one of/],
  ['tcp-server --read-size 0', /^--read-size: "0" is out of range: expected 1 to 16777216 bytes$/],
  ['tcp-server --read-size=3GiB', /^--read-size: "3GiB" is out of range/],
  ['tcp-server --rate fast', /^--rate: "fast" is not a size such as/],
  ['tcp-client --delay 5x', /^--delay: "5x" is not a duration such as/],
  ['tcp-client --connect-timeout -1', /^--connect-timeout: "-1" is not a duration/],
  ['tcp-client -w soon', /^--wait: "soon" is not a duration/],
  ['tcp-client -n 0', /^--count: "0" is not a whole number from 1/],
  ['tcp-client -n 1e3', /^--count: "1e3" is not a whole number/],
  ['tcp-client --local-port 65536', /^--local-port: "65536" is not a port/],
  ['tcp-client --local-address here', /^--local-address: "here" is not an IP address/],
  ['tcp-client --local-address ::1 -4', /^--local-address: "::1" is not an IPv4 address/],
  ['tcp-client --on-eof reset', /^--on-eof: "reset" is not one of fin, close, stay$/],
  ['tcp-client --view xml', /^--view: "xml" is not one of log, raw, hex, json$/],
  ['tcp-client --json --hex', /^one view at a time: json, hex/],
  ['tcp-client --view raw --json', /^one view at a time: json, raw/],
  ['tcp-client --show none', /^--show: "none" is not a size/],
  ['tcp-client -4 -6', /^-4 and -6 exclude each other/],
  ['tcp-server -4 -6', /^-4 and -6 exclude each other/],
  ['tcp-server --echo --service chat', /^--echo is short for --service echo, but --service chat/],
  ['tcp-server -- -1', /^"-1" is not a port/],
  ['tcp-server 65536', /^"65536" is not a port/],
  ['tcp-server 1e3', /^"1e3" is not a port/],
  ['tcp-server 0x50', /^"0x50" is not a port/],
  ['tcp-server 80x', /^"80x" is not a port/],
  ['tcp-client localhost 0', /^"0" is not a port to connect to/],
  ['tcp-client localhost 80x', /^"80x" is not a port/],
  ['compare --width 39', /^--width: "39" is not a whole number from 40 to 400/],
  ['compare --seed -1', /^--seed: "-1" is not a whole number/],
  ['tcp-client -e /sned', /"\/sned" is no verb/],
  ['tcp-client -e /fin -e /hex', /^--enter: \/hex: "" is not pairs/],
  ['tcp-client -e /to', /is for a server/],
  [
    'tcp-client --script /nowhere/script.txt',
    /^Cannot read the script "\/nowhere\/script.txt": no such file \(ENOENT\)/,
  ],
]

describe('a usage error is one line and exit code 2', () => {
  for (const [words, message] of wrong) {
    test(words, quick, async () => {
      const error = await refused(words.split(' '))
      assert.match(error.message, message)
      assert.match(error.message, /^[^\r\n]+$/)
      assert.doesNotMatch(error.message, /^error:|\(outputHelp\)|'/)
    })
  }

  test('an empty port, and words with line breaks in them', quick, async () => {
    assert.match((await refused(['tcp-server', ''])).message, /^"" is not a port/)
    for (const words of [['tcp\nserver'], ['tcp-server', '--e\ncho']]) {
      assert.match((await refused(words)).message, /^Unknown [^\r\n]+$/)
    }
  })

  test('-1 as a port', quick, async () => {
    await refused(['tcp-server', '-1'])
    await refused(['tcp-client', 'localhost', '-1'])
  })
})

describe('help', () => {
  const commands = ['tcp-server', 'tcp-client', 'compare']

  test('of nothing asked goes to stdout, with exit code 2', async () => {
    const { code, stdout, stderr } = await run([])
    assert.equal(code, 2)
    assert.equal(stderr, '')
    for (const command of commands) assert.match(stdout, new RegExp(`^  ${command} .*\\S`, 'm'))
  })

  test('that was asked for ends with 0, and says with what to start', async () => {
    for (const words of [['--help'], ['-h'], ['help']]) {
      const { code, stdout } = await run(words)
      assert.equal(code, 0)
      assert.match(stdout, /^Usage: sockpit /)
      assert.match(stdout, /\nStart with: sockpit compare boundaries\n$/)
    }
  })

  for (const command of commands) {
    test(`of ${command} names every option with its help, and examples`, async () => {
      const { code, stdout } = await run([command, '--help'], { width: 120 })
      assert.equal(code, 0)
      const rows = stdout.split('\n').filter((line) => /^ {2}-/.test(line))
      assert.ok(rows.length > 5)
      for (const row of rows) assert.match(row, /^ {2}-\S.*? {2,}\S/, row)
      assert.match(stdout, new RegExp(`\nExamples:\n(?:  .*sockpit ${command} .*\n)+$`))
      assert.equal((await run(['help', command], { width: 120 })).stdout, stdout)
    })

    test(`of ${command} fits`, async () => {
      for (const [width, most] of [
        [80, 80],
        [100, 100],
        [200, 120],
      ] as const) {
        const { stdout } = await run([command, '--help'], { width })
        const longest = Math.max(...stdout.split('\n').map((line) => line.length))
        assert.ok(longest <= most, `${longest} columns of ${width}`)
      }
    })
  }

  test('an address is one bracket: [[host:]port] is shown as an argument', async () => {
    assert.match(
      (await run(['tcp-server', '-h'])).stdout,
      /^Usage: sockpit tcp-server \[options\] \[host:port\]/,
    )
    assert.match(
      (await run(['tcp-client', '-h'])).stdout,
      /^Usage: sockpit tcp-client \[options\] \[host\] \[port\]/,
    )
  })

  test('the options stand in groups', async () => {
    const { stdout } = await run(['tcp-server', '--help'])
    const groups = stdout.split('\n').filter((line) => /^\S.*:$/.test(line))
    assert.deepEqual(groups.filter((line) => line !== 'Options:').sort(), [
      'Examples:',
      'The connection:',
      'The stream:',
      'What it does by itself:',
      'What you see:',
    ])
  })
})

test('--version and -V say it and end with 0', async () => {
  for (const word of ['--version', '-V']) {
    assert.deepEqual(await run([word]), { code: 0, stdout: '1.2.3\n', stderr: '' })
  }
})

describe('a command that is understood runs', () => {
  async function echo(): Promise<{ port: string; close(): void }> {
    const server = createServer((socket) => {
      socket.on('error', () => {})
      socket.pipe(socket)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return { port: String(portOf(server)), close: () => server.close() }
  }

  test('what goes in comes back from an echo', quick, async () => {
    const { port, close } = await echo()
    const result = await run(['tcp-client', '127.0.0.1', port, '-e', 'one', '--enter', '/send two'], {
      input: 'three',
    })
    close()
    assert.deepEqual(result, { code: 0, stdout: 'one\ntwothree', stderr: '' })
  })

  test('switches, --no-delay beside --delay, and -vv reach it', quick, async () => {
    const { port, close } = await echo()
    const words = ['127.0.0.1', port, '--no-delay', '--delay', '1ms', '--chunk=2', '--json', '-vv']
    const { code, stdout } = await run(['tcp-client', ...words, '-e', 'abc'])
    close()
    assert.equal(code, 0)
    const events: { kind: string; direction?: string; size?: number }[] = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    const sent = events.filter((event) => event.kind === 'bytes' && event.direction === 'sent')
    assert.deepEqual(
      sent.map((event) => event.size),
      [2, 2],
    )
  })

  test('-v tells more than nothing, -vv counts', quick, async () => {
    const { port, close } = await echo()
    const plain = await run(['tcp-client', '127.0.0.1', port, '--probe'])
    const verbose = await run(['tcp-client', '127.0.0.1', port, '--probe', '-v'])
    const quiet = await run(['tcp-client', '127.0.0.1', port, '--probe', '-q'])
    close()
    assert.match(plain.stderr, /accepts connections/)
    assert.ok(verbose.stderr.length > plain.stderr.length)
    assert.equal(quiet.stderr, '')
  })

  test('--no-color is heard', quick, async () => {
    const { port, close } = await echo()
    const words = ['tcp-client', '127.0.0.1', port, '--probe', '-v']
    const colored = await run(words, { color: true })
    const plain = await run([...words, '--no-color'], { color: true })
    const asked = await run([...words, '--color'])
    close()
    assert.ok(colored.stderr.includes('\x1b['))
    assert.ok(asked.stderr.includes('\x1b['))
    assert.ok(!plain.stderr.includes('\x1b['))
  })

  test('an error of the network has its own exit code', quick, async () => {
    const port = await closedPort()
    await assert.rejects(run(['tcp-client', '127.0.0.1', String(port)]), (error: unknown) => {
      return error instanceof SockpitError && error.exitCode === 1 && /refused/.test(error.message)
    })
  })

  test('a signal ends a server with its exit code', quick, async () => {
    for (const [name, code] of [
      ['SIGHUP', 129],
      ['SIGINT', 130],
      ['SIGTERM', 143],
    ] as const) {
      const context = fakeContext()
      const ending = runProgram(context, ['tcp-server', '0'], '1.2.3')
      while (!context.written.stderr.includes('127.0.0.1:')) await new Promise(setImmediate)
      context.signal(name)
      assert.equal(await ending, code)
    }
  })
})
