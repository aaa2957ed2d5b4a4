/** Both commands of UDP in this process: how their options become sockets. */
import assert from 'node:assert/strict'
import dns from 'node:dns/promises'
import { syncBuiltinESMExports } from 'node:module'
import { after, afterEach, describe, mock, test } from 'node:test'
import { SockpitError } from '../../src/errors.ts'
import { runProgram } from '../../src/program.ts'
import { type FakeContext, type FakeOptions, fakeContext } from '../fake-context.ts'
import {
  closedUdpPort,
  closeFarSockets,
  farSocket,
  needsIPv6,
  needsLinux,
  quick,
  until,
} from '../net/datagrams.ts'

afterEach(() => {
  mock.restoreAll()
  syncBuiltinESMExports()
})
after(closeFarSockets)

interface Told {
  readonly kind: string
  readonly local?: { readonly address: string; readonly port: number; readonly family: string }
  readonly text?: string
  readonly direction?: string
}

function told({ written }: FakeContext): Told[] {
  const lines = written.stdout.split('\n').filter((line) => line.startsWith('{') && line.endsWith('}'))
  return lines.map((line): Told => JSON.parse(line))
}

/** Runs a command that tells its events as JSON until it is stopped. */
function start(words: readonly string[], options: FakeOptions = {}) {
  const context = fakeContext(options)
  const ending = runProgram(context, [...words, '--json'])
  const failed = ending.then(
    () => undefined,
    (error: unknown) => error,
  )
  const event = async (kind: string): Promise<Told> => {
    let reason: unknown
    void failed.then((error) => {
      reason = error
    })
    await until(
      () => reason !== undefined || told(context).some((one) => one.kind === kind),
      `the event ${kind}`,
    )
    if (reason !== undefined) throw reason
    return told(context).find((one) => one.kind === kind) ?? assert.fail()
  }
  const stop = async () => {
    context.signal('SIGTERM')
    assert.equal(await ending, 143)
  }
  return { context, ending, event, stop }
}

async function refused(words: string, options: FakeOptions = {}): Promise<string> {
  const context = fakeContext(options)
  const error = await runProgram(context, words.split(' ')).then(
    (code) => `ended with ${code}`,
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof SockpitError && error.exitCode === 2, String(error))
  assert.deepEqual(context.written, { stdout: '', stderr: '' })
  assert.match(error.message, /^[^\r\n]+$/)
  return error.message
}

describe('where a server listens', () => {
  const rows: readonly [words: string, address: string, options?: FakeOptions][] = [
    ['0', '127.0.0.1'],
    ['0 -4', '127.0.0.1'],
    ['0.0.0.0:0', '0.0.0.0'],
    ['0 --join 239.255.7.7 --interface 127.0.0.1', '239.255.7.7'],
    ['0 --join 239.255.7.7 --join 239.255.7.8 --interface 127.0.0.1', '0.0.0.0'],
    ['127.0.0.1:0 --join 239.255.7.7 --interface 127.0.0.1', '127.0.0.1'],
    ['0.0.0.0:0 --join 239.255.7.7 --interface 127.0.0.1', '0.0.0.0'],
    ['0 --join 239.255.7.7 --interface 127.0.0.1', '0.0.0.0', { platform: 'win32' }],
  ]
  for (const [words, address, options] of rows) {
    test(`${words} ${options?.platform ?? ''}`, needsLinux, async () => {
      const { event, stop } = start(['udp-server', ...words.split(' ')], options)
      assert.equal((await event('listening')).local?.address, address)
      await stop()
    })
  }

  for (const [words, address] of [
    ['0 -6', '::1'],
    ['0 --join ff02::7777 --interface lo', 'ff02::7777%lo'],
    ['0 --join ff02::7777 --join ff02::7778 --interface lo', '::'],
  ] as const) {
    test(words, { ...needsIPv6, ...(process.platform !== 'linux' && needsLinux) }, async () => {
      const { event, stop } = start(['udp-server', ...words.split(' ')])
      const { local } = await event('listening')
      assert.equal(local?.family, 'IPv6')
      assert.ok(local?.address === address || local?.address === address.replace('%lo', ''), local?.address)
      await stop()
    })
  }

  test('members of one group share its port, also without --reuse-address', needsLinux, async () => {
    const member = ['--join', '239.255.7.7', '--interface', '127.0.0.1']
    const one = start(['udp-server', '0', ...member])
    const { local } = await one.event('listening')
    const other = start(['udp-server', String(local?.port), ...member])
    await other.event('listening')
    const far = await farSocket()
    far.socket.setMulticastInterface('127.0.0.1')
    await far.send('to all', local?.port ?? 0, '239.255.7.7')
    for (const { event } of [one, other]) assert.equal((await event('datagram')).text, 'to all')
    await Promise.all([one.stop(), other.stop()])
  })

  test('others share a port only if they are asked to', needsLinux, async () => {
    const one = start(['udp-server', '0', '--reuse-address'])
    const { local } = await one.event('listening')
    await assert.rejects(start(['udp-server', String(local?.port)]).ending, {
      name: 'NetworkError',
      message: /the port is in use/,
    })
    const other = start(['udp-server', String(local?.port), '--reuse-address'])
    await other.event('listening')
    await Promise.all([one.stop(), other.stop()])
  })
})

describe('--join is refused', () => {
  const expected = 'expected 224.0.0.0 to 239.255.255.255, or an address that begins with ff'
  const rows: readonly [words: string, message: string][] = [
    ['--join 192.168.1.1', `--join: "192.168.1.1" is not a multicast address: ${expected}`],
    ['--join 240.0.0.1', `--join: "240.0.0.1" is not a multicast address: ${expected}`],
    ['--join 224.0.0', `--join: "224.0.0" is not a multicast address: ${expected}`],
    ['--join 239.1.1.1.example', `--join: "239.1.1.1.example" is not a multicast address: ${expected}`],
    ['--join everybody', `--join: "everybody" is not a multicast address: ${expected}`],
    ['--join=', `--join: "" is not a multicast address: ${expected}`],
    ['--join fe80::1', `--join: "fe80::1" is not a multicast address: ${expected}`],
    ['--join 239.1.1.1 -6', '--join: "239.1.1.1" is not an IPv6 group, and one socket has one IP'],
    ['--join ff02::1 -4', '--join: "ff02::1" is not an IPv4 group, and one socket has one IP'],
    ['--join 239.1.1.1 --join ff02::1', '--join: "ff02::1" is not an IPv4 group, and one socket has one IP'],
    [
      '--join ff02::1 --join 239.1.1.1',
      '--join: "239.1.1.1" is not an IPv6 group, and one socket has one IP',
    ],
  ]
  for (const [words, message] of rows) {
    test(words, quick, async () => assert.equal(await refused(`udp-server 0 ${words}`), message))
  }

  test('through an interface that there is not, which lists those there are', quick, async () => {
    const message = await refused('udp-server 0 --join 239.1.1.1 --interface nowhere0')
    assert.match(message, /^--interface: "nowhere0" is no IPv4 interface of this machine: .*127\.0\.0\.1/)
  })

  test('with an address of the other IP, in words that fit', quick, async () =>
    assert.doesNotMatch(await refused('udp-server [::]:0 --join 239.1.1.1'), /-4/),
  )
})

describe('--reuse-port', () => {
  const rows: readonly [version: string, isThere: boolean][] = [
    ['20.20.2', false],
    ['22.11.0', false],
    ['22.12.0', true],
    ['22.20.1', true],
    ['23.0.9', false],
    ['23.1.0', true],
    ['24.0.0', true],
    ['100.0.0', true],
  ]
  for (const [nodeVersion, isThere] of rows) {
    test(
      `of Node ${nodeVersion} is ${isThere ? 'passed on' : 'refused, with what is near it'}`,
      quick,
      async () => {
        if (!isThere) {
          assert.equal(
            await refused('udp-server 0 --reuse-port', { nodeVersion }),
            `--reuse-port needs Node 22.12 or newer, and this is Node ${nodeVersion}: --reuse-address is near it`,
          )
          return
        }
        const { event, stop } = start(['udp-server', '0', '--reuse-port'], { nodeVersion })
        await event('listening')
        await stop()
      },
    )
  }
})

describe('a server', () => {
  test('answers as its service says, until it was heard often enough', quick, async () => {
    const { event, ending, context } = start(['udp-server', '0', '--echo', '-n', '2'])
    const { local } = await event('listening')
    const far = await farSocket()
    for (const text of ['one', 'two']) await far.send(text, local?.port ?? 0)
    assert.equal(await ending, 0)
    await until(() => far.received.length === 2, 'two answers')
    assert.deepEqual(far.received, ['one', 'two'])
    assert.equal(told(context).filter((one) => one.direction === 'received').length, 2)
  })

  test('that is stopped while its name is looked up ends as the signal says', quick, async () => {
    mock.method(dns, 'lookup', () => new Promise(() => {}))
    syncBuiltinESMExports()
    const context = fakeContext()
    const ending = runProgram(context, ['udp-server', 'slow.test:0'])
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
    context.signal('SIGINT')
    assert.equal(await ending, 130)
  })
})

describe('a client', () => {
  test('sends standard input line by line, and waits for the answers', quick, async () => {
    const far = await farSocket()
    far.answer((text) => text.toUpperCase())
    const context = fakeContext({ input: ['one\ntw', 'o\n\nthree'] })
    const words = ['udp-client', '127.0.0.1', String(far.port), '-n', '4']
    assert.equal(await runProgram(context, words), 0)
    assert.deepEqual(far.received, ['one', 'two', '', 'three'])
    assert.deepEqual(context.written, { stdout: 'ONE\nTWO\n\nTHREE\n', stderr: '' })
  })

  const splits: readonly [words: string, input: string, received: string[], stdout: string][] = [
    ['--split nul', 'a\nb\0c', ['a\nb', 'c'], 'a\nb\0c\0'],
    ['--split none', 'a\nb\n', ['a\nb\n'], 'a\nb\n'],
    ['--split none --chunk 2', 'a\nbcd', ['a\n', 'bc', 'd'], 'a\nbcd'],
    ['--chunk 2 --split line', 'abc\nd\n', ['ab', 'c', 'd'], 'ab\nc\nd\n'],
    ['--eol crlf', 'a\nb', ['a\r\n', 'b\r\n'], 'a\r\n\nb\r\n\n'],
  ]
  for (const [words, input, received, stdout] of splits) {
    test(`cuts it as it was asked to, and writes what comes likewise: ${words}`, quick, async () => {
      const far = await farSocket()
      far.answer((text) => text)
      const context = fakeContext({ input })
      const all = ['udp-client', '127.0.0.1', String(far.port), '-n', String(received.length)]
      assert.equal(await runProgram(context, [...all, ...words.split(' ')]), 0)
      assert.deepEqual(far.received, received)
      assert.equal(context.written.stdout, stdout)
    })
  }

  test('numbers what it sends, and takes the numbers off what comes back', quick, async () => {
    const far = await farSocket()
    far.answer((text) => text)
    const context = fakeContext({ input: 'one\ntwo' })
    const words = ['udp-client', '127.0.0.1', String(far.port), '-n', '2', '--sequence']
    assert.equal(await runProgram(context, words), 0)
    assert.equal(context.written.stdout, 'one\ntwo\n')
    assert.deepEqual(
      far.received.map((text) => [text.slice(0, 8), text.slice(24)]),
      [
        ['\xffsockpit', 'one'],
        ['\xffsockpit', 'two'],
      ],
    )
  })

  test('waits a second for replies where nothing else was asked for', quick, async () => {
    const far = await farSocket()
    const context = fakeContext({ input: 'anyone?' })
    const startedAt = performance.now()
    assert.equal(await runProgram(context, ['udp-client', '127.0.0.1', String(far.port)]), 0)
    const tookMs = performance.now() - startedAt
    assert.ok(tookMs >= 995 && tookMs < 6_000, `${tookMs} ms`)
    assert.deepEqual(far.received, ['anyone?'])
  })

  test('ends with 1 where nobody listens', needsLinux, async () => {
    const port = await closedUdpPort()
    const context = fakeContext({ input: 'anyone?' })
    await assert.rejects(runProgram(context, ['udp-client', '127.0.0.1', String(port), '-w', '100ms']), {
      name: 'NetworkError',
      exitCode: 1,
      message: new RegExp(`^Nobody listens on 127\\.0\\.0\\.1:${port}: `),
    })
  })

  test('hears nothing of that where it does not connect', needsLinux, async () => {
    const port = await closedUdpPort()
    const context = fakeContext({ input: 'anyone?' })
    const words = ['udp-client', '127.0.0.1', String(port), '-w', '100ms', '--no-connect']
    assert.equal(await runProgram(context, words), 0)
  })

  test('tells each line of standard input that is too long, and ends with 1', quick, async () => {
    const far = await farSocket()
    const context = fakeContext({ input: ['x'.repeat(2 ** 20 + 1), '\nok'] })
    const words = ['udp-client', '127.0.0.1', String(far.port), '-w', '50ms']
    const reason = 'a message of 1,048,577 B was left out: no datagram is that long'
    await assert.rejects(runProgram(context, words), {
      name: 'NetworkError',
      message: `1 datagram for 127.0.0.1:${far.port} never left this machine: ${reason}`,
    })
    assert.deepEqual(far.received, ['ok'])
    assert.ok(context.written.stderr.replace(/\s+/g, ' ').includes(reason), context.written.stderr)
  })

  test('is stopped while its name is looked up, as the signal says', quick, async () => {
    mock.method(dns, 'lookup', () => new Promise(() => {}))
    syncBuiltinESMExports()
    const context = fakeContext()
    const ending = runProgram(context, ['udp-client', 'slow.test', '9'])
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
    context.signal('SIGINT')
    assert.equal(await ending, 130)
  })
})
