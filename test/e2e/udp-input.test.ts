import assert from 'node:assert/strict'
import { closeSync, openSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { openMailbox, told } from './datagrams.ts'
import { overUdp, run, start, temporaryFolder } from './sockpit.ts'

// Side by side: most of these wait for something.
describe('standard input of udp-client', { concurrency: 6 }, () => {
  const everyByte = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))

  /** A client of 127.0.0.1 that tells JSON. */
  function startClient(
    t: TestContext,
    port: number,
    args: readonly string[],
    stdin: string | Buffer | number,
  ) {
    return start(t, ['udp-client', '127.0.0.1', String(port), '--json', ...args], { stdin })
  }

  const inputs: readonly (readonly [string, readonly string[], string, readonly string[]])[] = [
    ['one datagram a line', [], 'one\ntwo\n', ['one', 'two']],
    ['no final newline', [], 'one\ntwo', ['one', 'two']],
    ['empty lines are empty datagrams', [], '\none\n\n', ['', 'one', '']],
    ['no verbs, no escapes, no CR removed', [], '/quit\n//x\r\n\\x41', ['/quit', '//x\r', '\\x41']],
    ['--split nul', ['--split', 'nul'], 'one\n\0\0two', ['one\n', '', 'two']],
    ['--split none', ['--split', 'none'], 'one\n\ntwo\n', ['one\n\ntwo\n']],
    ['--eol lf', ['--eol', 'lf'], 'one\n\ntwo', ['one\n', '\n', 'two\n']],
    ['--eol crlf', ['--eol', 'crlf'], 'one\n', ['one\r\n']],
    ['--chunk alone: line ends mean nothing', ['--chunk', '4'], 'one\ntwo\n3', ['one\n', 'two\n', '3']],
    ['--chunk and --split line', ['--chunk', '2', '--split', 'line'], 'one\n\ntw\n', ['on', 'e', '', 'tw']],
    ['nothing at all', [], '', []],
  ]

  test('standard input from a pipe becomes datagrams', async (t) => {
    for (let at = 0; at < inputs.length; at += 6) {
      await Promise.all(
        inputs.slice(at, at + 6).map(async ([name, args, input, expected]) => {
          const mailbox = await openMailbox(t)
          const command = ['udp-client', '127.0.0.1', String(mailbox.port), ...args]
          const { code, stdout, stderr } = await run(t, command, { stdin: input })
          assert.deepEqual([name, mailbox.texts, code], [name, expected, 0])
          assert.deepEqual([stdout.length, stderr], [0, ''], name)
        }),
      )
    }
  })

  test('--chunk 1000 of a file of 4,500 B: five datagrams, the last one of 500 B', async (t) => {
    const path = join(temporaryFolder(t), 'file')
    const bytes = Buffer.alloc(4_500, everyByte)
    writeFileSync(path, bytes)
    const file = openSync(path, 'r')
    t.after(() => closeSync(file))
    const mailbox = await openMailbox(t)
    const client = startClient(t, mailbox.port, ['--chunk', '1000'], file)
    assert.equal((await client.exit).code, 0)
    const payloads = mailbox.letters.map(({ payload }) => payload)
    assert.deepEqual(
      payloads.map(({ length }) => length),
      [1_000, 1_000, 1_000, 1_000, 500],
    )
    assert.ok(Buffer.concat(payloads).equals(bytes))
  })

  test('--chunk takes a standard input of any length, from a pipe and from a file', async (t) => {
    const path = join(temporaryFolder(t), 'file')
    const bytes = Buffer.alloc(3 * 2 ** 19, everyByte)
    writeFileSync(path, bytes)
    const file = openSync(path, 'r')
    t.after(() => closeSync(file))
    // What the mailbox does not read in time is dropped: what was sent is what counts.
    const { port } = await openMailbox(t)
    await Promise.all(
      [bytes, file].map(async (stdin) => {
        const client = startClient(t, port, ['--chunk', '1400'], stdin)
        const { code, stderr } = await client.exit
        assert.deepEqual([code, stderr], [0, ''])
        const sent = told(client, 'sent')
        assert.equal(sent.length, Math.ceil(bytes.length / 1_400))
        assert.ok(Buffer.concat(sent.map(({ payload }) => payload)).equals(bytes))
      }),
    )
  })

  for (const size of [70_000, 3_000_000]) {
    test(`a line of ${size} B, which no datagram can hold, is told: exit 1, the others go`, async (t) => {
      const mailbox = await openMailbox(t)
      const client = startClient(t, mailbox.port, [], `before\n${'x'.repeat(size)}\nafter\n`)
      const { code, stderr } = await client.exit
      assert.deepEqual(mailbox.texts, ['before', 'after'])
      assert.deepEqual(
        client.eventsOf('failed').map((one) => one.code),
        ['EMSGSIZE'],
      )
      const lines = stderr.split('\n').filter((line) => line.startsWith('sockpit: '))
      assert.deepEqual([code, lines.length], [1, 1])
      assert.equal(overUdp(await client.event('closed')).unsent, 1)
    })
  }

  test('--delay pauses between datagrams, --rate bounds bytes a second', async (t) => {
    const mailbox = await openMailbox(t)
    const line = `${'x'.repeat(1_000)}\n`
    const delayed = startClient(t, mailbox.port, ['--delay', '60ms'], 'a\nb\nc\nd\ne\n')
    const slowed = startClient(t, mailbox.port, ['--rate', '20000'], line.repeat(11))
    assert.deepEqual([(await delayed.exit).code, (await slowed.exit).code], [0, 0])
    for (const [client, datagrams, leastMs] of [
      [delayed, 5, 4 * 60],
      [slowed, 11, 10 * 50],
    ] as const) {
      const sent = told(client, 'sent')
      assert.equal(sent.length, datagrams)
      // A busy process tells the first one late.
      const tookMs = (sent.at(-1)?.at ?? 0) - (sent[0]?.at ?? 0)
      assert.ok(tookMs >= leastMs * 0.7 && tookMs < 10_000, `${datagrams} datagrams took ${tookMs} ms`)
    }
  })
})
