import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { commonOptions } from '../../src/commands/options/common.ts'
import { compareOptions } from '../../src/commands/options/compare.ts'
import type { OptionRow } from '../../src/commands/options/row.ts'
import { streamOptions, tcpClientOptions, tcpServerOptions } from '../../src/commands/options/tcp.ts'
import { tlsClientOptions } from '../../src/commands/options/tls.ts'
import { datagramOptions, udpClientOptions, udpServerOptions } from '../../src/commands/options/udp.ts'
import { chooseService } from '../../src/commands/set-up.ts'
import { subcommands } from '../../src/commands/subcommands.ts'
import { UsageError } from '../../src/errors.ts'

/** `--keep-alive <duration>` → `keepAlive`. */
function longName(flags: string): string {
  const [, name = ''] = /--([a-z0-9-]+)/.exec(flags) ?? []
  return name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())
}

/** `keepAlive` → `keep-alive`. */
function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}

describe('every row', () => {
  for (const { name: command, options: rows } of subcommands) {
    for (const [name, row] of Object.entries<OptionRow>(rows)) {
      test(`${command} ${row.flags}`, () => {
        assert.equal(longName(row.flags), name, 'its name is that of its long flag')
        assert.ok(row.help.length > 5 && row.group.length > 2, 'it has help and a group')
        assert.doesNotMatch(row.help, /[.\s]$/)
        assert.ok(row.toldBy === undefined || rows[row.toldBy]?.help.includes(`--${kebab(name)}`))
        assert.equal(/<.+>$/.test(row.flags), row.parse !== undefined, 'it takes a value if it parses one')
      })
    }
  }

  test('no flag means two things in one command', () => {
    for (const { options: rows } of subcommands) {
      const flags = Object.values(rows).flatMap((row) => row.flags.match(/(?<![\w-])--?[a-z0-9-]+/gi) ?? [])
      assert.deepEqual(flags, [...new Set(flags)])
    }
  })
})

test('what CLI.md promises is there', () => {
  const flags = (rows: Readonly<Record<string, OptionRow>>) =>
    Object.values(rows).flatMap((row) => row.flags.replace(/ <.*/, '').split(', '))
  const every = '-e --enter --script -v -q --time --show -w --wait -n --count --eol -4 -6 --color --no-color'
  const views = '--view --json --hex -x --raw'
  const both = '--no-delay --keep-alive --read-size --rate --chunk --delay --hold --half-open'
  const serves = '--service --echo --once --max-connections --backlog --idle-timeout'
  const connects = '--connect-timeout --retry --local-address --local-port -z --probe --on-eof'
  const has = (given: readonly string[], wanted: string) =>
    assert.deepEqual(
      wanted.split(' ').filter((flag) => !given.includes(flag)),
      [],
    )
  has(flags(tcpServerOptions), `${every} ${views} ${both} ${serves}`)
  has(flags(tcpClientOptions), `${every} ${views} ${both} ${connects}`)
  has(flags(compareOptions), '--list')
  const bothOfUdp = '--split --chunk --delay --rate --receive-buffer --send-buffer --truncate --sequence'
  const far = '--broadcast --ttl --multicast-ttl --no-loopback --interface'
  const receives = '--service --echo --join --reuse-address --reuse-port'
  const sends = '--no-connect --local-address --local-port --on-eof'
  has(flags(udpServerOptions), `${every} ${views} ${bothOfUdp} ${far} ${receives}`)
  has(flags(udpClientOptions), `${every} ${views} ${bothOfUdp} ${far} ${sends}`)
})

test('what means nothing to datagrams is not offered for them', () => {
  const names = [...Object.keys(udpServerOptions), ...Object.keys(udpClientOptions)]
  for (const name of [
    'noDelay',
    'keepAlive',
    'readSize',
    'hold',
    'halfOpen',
    'stallTimeout',
    'once',
    'probe',
  ])
    assert.ok(!names.includes(name), name)
})

test('the help of UDP speaks of no stream, and what all share of none in particular', () => {
  for (const rows of [udpServerOptions, udpClientOptions])
    for (const row of Object.values<OptionRow>(rows)) assert.doesNotMatch(row.help, /stream|FIN|connection/)
  assert.match(commonOptions.count.help, /reads or messages$/)
})

describe('values', () => {
  const { keepAlive, readSize, rate, chunk, delay, maxQueue, stallTimeout } = streamOptions
  const { view, time, show, enter, script, wait, count, eol } = commonOptions
  const { service, maxConnections, backlog, idleTimeout } = tcpServerOptions
  const { connectTimeout, retry, localAddress, localPort, onEof } = tcpClientOptions
  const { only, repeat, report, seed, width } = compareOptions
  const { pin, alpn, ca, cert, key, keyLog, passphrase, servername } = tlsClientOptions
  const { clientCa, handshakeTimeout } = tcpServerOptions
  const words = (...all: readonly string[]): [string, unknown][] => all.map((word) => [word, word])

  type Parse = (text: string) => unknown
  const table: readonly [row: { flags: string; parse: Parse }, good: [string, unknown][], bad: string[]][] = [
    [
      view,
      [
        ['log', 'log'],
        ['raw', 'raw'],
        ['hex', 'hex'],
        ['json', 'json'],
      ],
      ['LOG', '', 'xml'],
    ],
    [
      time,
      [
        ['elapsed', 'elapsed'],
        ['delta', 'delta'],
        ['clock', 'clock'],
        ['none', 'none'],
      ],
      ['', 'utc'],
    ],
    [
      show,
      [
        ['all', Number.POSITIVE_INFINITY],
        ['0', 0],
        ['1KiB', 1_024],
      ],
      ['none', '-1', ''],
    ],
    [
      enter,
      [
        ['/fin', '/fin'],
        ['', ''],
      ],
      [],
    ],
    [
      script,
      [
        ['a.txt', 'a.txt'],
        ['-', '-'],
      ],
      [],
    ],
    [
      wait,
      [
        ['1', 1],
        ['2s', 2_000],
      ],
      ['0', '-1', '3 s', '597h'],
    ],
    [
      count,
      [
        ['1', 1],
        ['1000', 1_000],
      ],
      ['0', '-1', '1.5', '1e3'],
    ],
    [
      eol,
      [
        ['lf', 'lf'],
        ['crlf', 'crlf'],
        ['none', 'none'],
      ],
      ['cr', '', '\n'],
    ],
    [
      keepAlive,
      [
        ['1s', 1_000],
        ['10s', 10_000],
      ],
      ['999ms', '0', 'on'],
    ],
    [
      readSize,
      [
        ['1', 1],
        ['16MiB', 2 ** 24],
      ],
      ['0', '16777217', '3GiB', 'NaN'],
    ],
    [
      rate,
      [
        ['1', 1],
        ['1MB', 1_000_000],
      ],
      ['0', '-5', 'fast'],
    ],
    [
      chunk,
      [
        ['1', 1],
        ['1KiB', 1_024],
      ],
      ['0', ''],
    ],
    [
      delay,
      [
        ['0', 0],
        ['50ms', 50],
        ['1.5s', 1_500],
      ],
      ['-1ms', '50mss'],
    ],
    [
      maxQueue,
      [
        ['1', 1],
        ['1MiB', 2 ** 20],
      ],
      ['0', '3GiB'],
    ],
    [
      stallTimeout,
      [
        ['0', 0],
        ['30s', 30_000],
      ],
      ['-1'],
    ],
    [
      service,
      ['none', 'echo', 'discard', 'chargen', 'daytime', 'time', 'chat'].map((name) => [name, name]),
      ['ECHO', '', 'qotd', 'constructor'],
    ],
    [
      maxConnections,
      [
        ['1', 1],
        ['1000000', 1_000_000],
      ],
      ['0', '1000001'],
    ],
    [
      backlog,
      [
        ['1', 1],
        ['65535', 65_535],
      ],
      ['0', '65536'],
    ],
    [
      idleTimeout,
      [
        ['0', 0],
        ['1m', 60_000],
      ],
      ['-1', '1 m'],
    ],
    [
      connectTimeout,
      [
        ['1', 1],
        ['10s', 10_000],
      ],
      ['0', 'never'],
    ],
    [
      retry,
      [
        ['0', 0],
        ['1000', 1_000],
      ],
      ['1001', '-1'],
    ],
    [localAddress, [['127.0.0.1', '127.0.0.1']], []],
    [alpn, words('h2', 'http/1.1', 'é'), []],
    [
      pin,
      [
        ['ab'.repeat(32), 'ab'.repeat(32)],
        [Array(32).fill('AB').join(':'), 'ab'.repeat(32)],
        [`SHA256:${'AB'.repeat(32)}`, 'ab'.repeat(32)],
      ],
      [],
    ],
    ...[ca, cert, key, keyLog, passphrase, servername, clientCa].map(
      (row): [typeof row, [string, unknown][], string[]] => [row, words('x', ''), []],
    ),
    [
      handshakeTimeout,
      [
        ['1', 1],
        ['10s', 10_000],
      ],
      ['0', '-1'],
    ],
    [
      localPort,
      [
        ['0', 0],
        ['65535', 65_535],
      ],
      ['65536', '-1', '80x', ''],
    ],
    [
      onEof,
      [
        ['fin', 'fin'],
        ['close', 'close'],
        ['stay', 'stay'],
      ],
      ['reset', ''],
    ],
    [
      seed,
      [
        ['0', 0],
        ['4294967295', 4_294_967_295],
      ],
      ['4294967296', '-1', '0x1'],
    ],
    [
      width,
      [
        ['40', 40],
        ['400', 400],
      ],
      ['39', '401', 'wide'],
    ],
    [
      only,
      [
        ['tcp', ['tcp']],
        ['websocket,udp,udp', ['udp', 'websocket']],
        ['ws, tcp', ['tcp', 'websocket']],
      ],
      ['', 'tcp,', 'sctp', 'TCP'],
    ],
    [
      repeat,
      [
        ['1', 1],
        ['10000', 10_000],
      ],
      ['0', '10001', 'often'],
    ],
    [report, [['a b.html', 'a b.html']], []],
  ]

  for (const [{ flags, parse }, good, bad] of table) {
    test(flags, () => checkValues(parse, good, bad))
  }

  test('of every option of TCP that takes one stand in this table', () => {
    const rows = [tcpServerOptions, tcpClientOptions, compareOptions].flatMap((one) => Object.values(one))
    const taking = new Set(rows.filter((row) => 'parse' in row).map((row) => row.flags))
    assert.deepEqual([...taking].sort(), table.map(([row]) => row.flags).sort())
  })

  test('what is no protocol and no fingerprint is refused', () => {
    for (const text of ['', 'x'.repeat(256), 'é'.repeat(128)])
      assert.throws(() => alpn.parse(text), { name: 'UsageError', message: /is no protocol/ })
    for (const text of ['', 'ab', 'zz'.repeat(32), 'ab'.repeat(33)])
      assert.throws(() => pin.parse(text), { name: 'UsageError', message: /is no SHA-256 fingerprint/ })
  })

  test('a word that is none of a few lists them', () => {
    assert.throws(() => eol.parse('cr'), { message: '"cr" is not one of lf, crlf, none' })
  })
})

function checkValues(
  parse: (text: string) => unknown,
  good: readonly (readonly [text: string, value: unknown])[],
  bad: readonly string[],
): void {
  for (const [text, value] of good) assert.deepEqual(parse(text), value, text)
  for (const text of bad) {
    assert.throws(
      () => parse(text),
      (error: unknown) =>
        error instanceof UsageError && /^"[\s\S]*" is (not |out of range: )/.test(error.message),
      JSON.stringify(text),
    )
  }
}

describe('values of datagrams', () => {
  const { split, chunk, delay, rate, truncate, maxQueue, receiveBuffer, sendBuffer } = datagramOptions
  const { ttl, multicastTtl } = datagramOptions
  const { service, join } = udpServerOptions
  const { localAddress, localPort, onEof } = udpClientOptions
  const words = (...all: readonly string[]): [string, unknown][] => all.map((word) => [word, word])

  type Parse = (text: string) => unknown
  const table: readonly [row: { flags: string; parse: Parse }, good: [string, unknown][], bad: string[]][] = [
    [split, words('line', 'nul', 'none'), ['LINE', '', 'lf']],
    [
      chunk,
      [
        ['1', 1],
        ['1400', 1_400],
        ['64KiB', 65_536],
      ],
      ['0', '-1', '1.5', ''],
    ],
    [
      delay,
      [
        ['0', 0],
        ['50ms', 50],
      ],
      ['-1ms', 'soon'],
    ],
    [
      rate,
      [
        ['1', 1],
        ['1MB', 1_000_000],
      ],
      ['0', 'fast'],
    ],
    [
      truncate,
      [
        ['1', 1],
        ['5', 5],
      ],
      ['0', '-5', ''],
    ],
    [
      maxQueue,
      [
        ['1', 1],
        ['1000000', 1_000_000],
      ],
      ['0', '1000001', '1KiB'],
    ],
    [
      receiveBuffer,
      [
        ['1', 1],
        ['4MiB', 2 ** 22],
      ],
      ['0', '3GiB'],
    ],
    [
      sendBuffer,
      [
        ['1', 1],
        ['4MiB', 2 ** 22],
      ],
      ['0', '3GiB'],
    ],
    [datagramOptions.interface, words('lo', '127.0.0.1'), []],
    [
      ttl,
      [
        ['1', 1],
        ['255', 255],
      ],
      ['0', '256', '1.5', '1e2'],
    ],
    [
      multicastTtl,
      [
        ['0', 0],
        ['255', 255],
      ],
      ['256', '-1', ''],
    ],
    [service, words('none', 'echo', 'discard', 'chargen', 'daytime', 'time'), ['chat', 'ECHO', '']],
    [join, words('239.1.1.1', 'anything'), []],
    [localAddress, words('127.0.0.1'), []],
    [
      localPort,
      [
        ['0', 0],
        ['65535', 65_535],
      ],
      ['65536', '-1', ''],
    ],
    [onEof, words('close', 'stay'), ['fin', '']],
  ]
  for (const [{ flags, parse }, good, bad] of table) {
    test(flags, () => checkValues(parse, good, bad))
  }

  test('of every option of UDP that takes one stand in this table, or are those of every command', () => {
    const rows = [udpServerOptions, udpClientOptions].flatMap((one) => Object.values<OptionRow>(one))
    const common = new Set(Object.values(commonOptions).map((row) => row.flags as string))
    const taking = new Set(rows.filter((row) => row.parse !== undefined).map((row) => row.flags))
    const own = [...taking].filter((flags) => !common.has(flags))
    assert.deepEqual(own.sort(), table.map(([row]) => row.flags).sort())
  })
})

describe('the service', () => {
  const rows: readonly [given: { echo?: boolean; service?: 'echo' | 'time' | 'none' }, name: string][] = [
    [{}, 'none'],
    [{ echo: false }, 'none'],
    [{ echo: true }, 'echo'],
    [{ service: 'time' }, 'time'],
    [{ echo: false, service: 'time' }, 'time'],
    [{ echo: true, service: 'echo' }, 'echo'],
  ]
  for (const [given, name] of rows) {
    test(JSON.stringify(given), () => assert.equal(chooseService(given), name))
  }

  test('that is not echo contradicts --echo', () => {
    for (const service of ['time', 'none'] as const) {
      assert.throws(() => chooseService({ echo: true, service }), {
        name: 'UsageError',
        message: `--echo is short for --service echo, but --service ${service} was given too`,
      })
    }
  })
})
