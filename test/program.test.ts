import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { describe, test } from 'node:test'
import { subcommands } from '../src/commands/subcommands.ts'
import { SockpitError } from '../src/errors.ts'
import { limits } from '../src/help/limits.ts'
import { manPage } from '../src/help/man-page.ts'
import { topics } from '../src/help/topics.ts'
import { runProgram } from '../src/program.ts'
import { type FakeOptions, fakeContext } from './fake-context.ts'
import { closedPort, portOf } from './net/loopback.ts'
import { refused } from './refused.ts'

const quick = { timeout: 5_000 }

async function run(words: readonly string[], options: FakeOptions = {}) {
  const context = fakeContext(options)
  // Commander looks at it when it shows help, and a test that failed before has set it.
  const { exitCode } = process
  process.exitCode = 0
  const code = await runProgram(context, words).finally(() => {
    process.exitCode = exitCode
  })
  return { code, ...context.written }
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
  ['udp-serve', /^Unknown command "udp-serve" \(Did you mean udp-server\?\)$/],
  ['udp-server --ech', /^Unknown option "--ech" \(Did you mean --echo\?\)$/],
  ['udp-server --once', /^Unknown option "--once": it is one of tcp-server\. --help lists what there is\.$/],
  ['udp-server --no-delay', /^Unknown option "--no-delay"/],
  ['udp-server --on-eof stay', /^Unknown option "--on-eof"/],
  ['udp-client --echo', /^Unknown option "--echo": it is one of tcp-server, udp-server, ws-client\. --help/],
  ['udp-client --join 239.1.1.1', /^Unknown option "--join"/],
  ['udp-client --probe', /^Unknown option "--probe"/],
  ['udp-server ::1 2', /does not take 2 arguments; host and port are one word: ::1:2$/],
  ['tcp-server 9000 9001', /^tcp-server does not take 2 arguments$/],
  ['udp-client a 1 b', /^udp-client does not take 3 arguments$/],
  [
    'udp-server --service chat',
    /^--service: "chat" is not one of none, echo, discard, chargen, daytime, time$/,
  ],
  ['udp-server --echo --service time', /^--echo is short for --service echo, but --service time was given/],
  ['udp-server --join 1.2.3.4', /^--join: "1.2.3.4" is not a multicast address: expected 224.0.0.0 to/],
  [
    'udp-server --reuse-port',
    /^--reuse-port needs Node 22.12 or newer, and this is Node 20.20.2: --reuse-address/,
  ],
  ['udp-server 65536', /^"65536" is not a port/],
  ['udp-server -4 -6', /^-4 and -6 exclude each other/],
  ['udp-server --split words', /^--split: "words" is not one of line, nul, none$/],
  ['udp-server --truncate 0', /^--truncate: "0" is out of range: expected 1 to/],
  ['udp-server --max-queue 0', /^--max-queue: "0" is not a whole number from 1 to 1000000$/],
  ['udp-server --receive-buffer 3GiB', /^--receive-buffer: "3GiB" is out of range/],
  ['udp-client --send-buffer lots', /^--send-buffer: "lots" is not a size such as/],
  ['udp-client --ttl 0', /^--ttl: "0" is not a whole number from 1 to 255$/],
  ['udp-client --multicast-ttl 256', /^--multicast-ttl: "256" is not a whole number from 0 to 255$/],
  ['udp-client --chunk 0', /^--chunk: "0" is out of range/],
  ['udp-client --on-eof fin', /^--on-eof: "fin" is not one of close, stay$/],
  ['udp-client --local-address ::1 -4', /^--local-address: "::1" is not an IPv4 address/],
  ['udp-client localhost 0', /^"0" is not a port to connect to/],
  ['udp-client --json --hex', /^one view at a time: json, hex/],
  ['udp-client -e /fin', /^--enter: \/fin cannot be done here: a datagram socket has no stream to end/],
  ['udp-client -e x -e /reset', /^--enter: \/reset cannot be done here: UDP has no connection to abort/],
  ['udp-client -e /to', /is for a server/],
  ['udp-server -e /close', /^--enter: \/close cannot be done here: UDP has no connection to close/],
  ['udp-client --interface', /--interface <interface>/],
  ['compare --width 39', /^--width: "39" is not a whole number from 40 to 400/],
  ['compare --only tcp,sctp', /^--only: "sctp" is not one of tcp, udp, websocket/],
  ['compare --only=', /^--only: "" is not one of/],
  ['compare --repeat 0', /^--repeat: /],
  ['compare --repeat 2 --report x.html', /^--report shows one run, /],
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
  test('of nothing asked goes to stdout, with exit code 2', async () => {
    const { code, stdout, stderr } = await run([])
    assert.equal(code, 2)
    assert.equal(stderr, '')
    for (const { name } of subcommands) assert.match(stdout, new RegExp(`^  ${name} .*\\S`, 'm'))
  })

  test('that was asked for ends with 0, and says with what to start', async () => {
    for (const words of [['--help'], ['-h'], ['help']]) {
      const { code, stdout } = await run(words)
      assert.equal(code, 0)
      assert.match(stdout, /^Usage: sockpit /)
      assert.match(stdout, /start with: sockpit compare\n$/)
    }
  })

  for (const { name, options, examples } of subcommands) {
    test(`of ${name} names every option, with its help or where that stands, and three examples`, async () => {
      const { code, stdout } = await run([name, '--help'])
      assert.equal(code, 0)
      const shared = (await run(['help', 'options'])).stdout
      for (const { flags, help, toldBy } of Object.values(options)) {
        for (const [flag] of flags.matchAll(/(?<![\w-])--?[a-z0-9][a-z0-9-]*/gi)) {
          assert.match(stdout, new RegExp(`(?<![\\w-])${flag}(?![\\w-])`), flag)
        }
        const isTold = [stdout, shared].some(
          (text) => text.includes(`  ${flags} `) && text.includes(`  ${help}\n`),
        )
        assert.ok(isTold || toldBy !== undefined, flags)
      }
      assert.ok(stdout.includes(`\nExamples\n${examples.map((line) => `  ${line}\n`).join('')}`))
      assert.equal((await run(['help', name])).stdout, stdout)
    })

    test(`of ${name} is one screen`, async () => {
      for (const width of [40, 80, 100, 200]) {
        const { stdout } = await run([name, '--help'], { width })
        const lines = stdout.split('\n')
        const longest = Math.max(
          ...lines.filter((line) => !line.includes('sockpit')).map((line) => line.length),
        )
        assert.ok(longest <= Math.min(Math.max(width, 60), 120), `${longest} columns of ${width}`)
        if (width >= 80) assert.ok(lines.length <= 46, `${lines.length} lines`)
      }
    })
  }

  test('of a command that takes an address says so as CLI.md does', async () => {
    for (const [command, usage] of [
      ['tcp-server', '[[host:]port]'],
      ['udp-client', '[host] [port]'],
      ['ws-client', '[url]'],
    ]) {
      const { stdout } = await run([command ?? '', '-h'])
      assert.ok(stdout.startsWith(`Usage: sockpit ${command} [options] ${usage}\n`), stdout)
    }
  })

  test('is coloured on a terminal that takes colour, and says the same', async () => {
    const known = topics.filter(({ name }) => name !== 'man').map(({ name }) => ['help', name])
    assert.ok(known.length > 5)
    for (const words of [['--help'], ['help', 'ws-echo'], ...known]) {
      const { stdout } = await run(words, { color: true })
      assert.match(stdout, /\x1b\[1m/)
      assert.equal(stdout.replace(/\x1b\[\d+m/g, ''), (await run(words)).stdout)
    }
  })

  test('of a topic that is none names what there is', async () => {
    assert.match((await refused(['help', 'viewz'])).message, /did you mean views\?$/)
    const { message } = await refused(['help', 'frobnicate'])
    for (const { name } of topics) assert.ok(message.includes(name), name)
  })

  test('is a manual page of this version, too, whatever the width and the colours', async () => {
    const { code, stdout } = await run(['help', 'man'], { color: true, width: 40 })
    assert.equal(code, 0)
    assert.equal(stdout, manPage('1.2.3'))
  })

  test('says how durations and sizes are written, where some are taken', async () => {
    for (const command of ['tcp-client', 'udp-server', 'udp-client'])
      assert.match((await run([command, '-h'])).stdout, /\nA duration is 250ms, .* a size 512, /)
    assert.doesNotMatch((await run(['compare', '-h'])).stdout, /A duration is/)
  })
})

test('--version and -V say it and end with 0', async () => {
  for (const word of ['--version', '-V']) {
    assert.deepEqual(await run([word]), { code: 0, stdout: '1.2.3\n', stderr: '' })
  }
})

test('--limits is help limits, and every limit stands in it', async () => {
  const { code, stdout } = await run(['--limits'], { width: 300 })
  assert.equal(code, 0)
  assert.equal(stdout, (await run(['help', 'limits'], { width: 300 })).stdout)
  const words = stdout.replace(/\s+/g, ' ')
  for (const { what, default: usual, acts } of limits) {
    for (const text of [what, usual, acts]) assert.ok(words.includes(text), text)
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

  for (const server of ['tcp-server', 'udp-server']) {
    test(`a signal ends ${server} with its exit code`, quick, async () => {
      for (const [name, code] of [
        ['SIGHUP', 129],
        ['SIGINT', 130],
        ['SIGTERM', 143],
      ] as const) {
        const context = fakeContext()
        const ending = runProgram(context, [server, '0'])
        while (!context.written.stderr.includes('127.0.0.1:')) await new Promise(setImmediate)
        context.signal(name)
        assert.equal(await ending, code)
      }
    })
  }
})
