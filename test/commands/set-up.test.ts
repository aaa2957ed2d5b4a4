import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  chooseSplit,
  chooseView,
  resolveDatagrams,
  resolveRaw,
  resolveSession,
  streamId,
} from '../../src/commands/set-up.ts'
import { fakeContext } from '../fake-context.ts'

const tcpClient = { transport: 'tcp', role: 'client' } as const
const udpServer = { transport: 'udp', role: 'server' } as const

describe('where a datagram of standard input ends', () => {
  const rows: readonly [given: Parameters<typeof chooseSplit>[0], split: string, after: string][] = [
    [{}, 'line', '\n'],
    [{ split: 'line' }, 'line', '\n'],
    [{ split: 'nul' }, 'nul', '\0'],
    [{ split: 'none' }, 'none', ''],
    [{ split: 'line', chunk: 5 }, 'line', '\n'],
    [{ split: 'nul', chunk: 5 }, 'nul', '\0'],
    [{ split: 'none', chunk: 5 }, 'none', ''],
  ]
  for (const [given, split, after] of rows) {
    test(`${JSON.stringify(given)}, and how raw writes one`, () => {
      assert.deepEqual([chooseSplit(given), resolveRaw(given).after], [split, after])
    })
  }

  test('with --chunk alone line ends mean nothing', () => assert.equal(chooseSplit({ chunk: 1_400 }), 'none'))

  test('with --chunk alone raw adds nothing either: an echo of a file is the file', () =>
    assert.equal(resolveRaw({ chunk: 1_400 }).after, ''))

  test('headers are shown, unless they were asked for', () => {
    assert.equal(resolveRaw({}).headers, 'keep')
    assert.equal(resolveRaw({ sequence: true }).headers, 'strip')
  })
})

describe('the options of datagrams', () => {
  test('have their defaults', () => {
    assert.deepEqual(resolveDatagrams({}), {
      chunk: undefined,
      delayMs: undefined,
      rate: undefined,
      maxQueue: 1_000,
      headerSize: 0,
      truncate: undefined,
      sequence: false,
      broadcast: false,
      ttl: undefined,
      multicastTtl: undefined,
      multicastLoopback: true,
      interface: undefined,
      receiveBuffer: undefined,
      sendBuffer: undefined,
    })
  })

  test('are what was given', () => {
    const given = {
      ...{ chunk: 1, delay: 2, rate: 3, maxQueue: 4, truncate: 5, sequence: true, broadcast: true, ttl: 6 },
      ...{ multicastTtl: 0, noLoopback: true, interface: 'lo', receiveBuffer: 8, sendBuffer: 9 },
    }
    assert.deepEqual(resolveDatagrams(given), {
      ...{ chunk: 1, delayMs: 2, rate: 3, maxQueue: 4, truncate: 5, sequence: true, broadcast: true, ttl: 6 },
      headerSize: 24,
      ...{ multicastTtl: 0, multicastLoopback: false, interface: 'lo', receiveBuffer: 8, sendBuffer: 9 },
    })
  })
})

describe('a session', () => {
  test('of a stream is one of bytes, whose lines end with LF', async () => {
    const { dialect, split, onEof } = await resolveSession({}, 'log', tcpClient, { onEof: 'fin' })
    assert.deepEqual(
      [dialect, split, onEof],
      [{ transport: 'tcp', role: 'client', eol: 'lf' }, undefined, 'fin'],
    )
  })

  test('of datagrams is one of messages, whose lines have no end', async () => {
    const { dialect, split, onEof } = await resolveSession({}, 'log', udpServer, {
      onEof: 'stay',
      split: 'nul',
    })
    assert.deepEqual(
      [dialect, split, onEof],
      [{ transport: 'udp', role: 'server', eol: 'none' }, 'nul', 'stay'],
    )
  })

  test('ends lines as it was asked to', async () => {
    for (const eol of ['lf', 'crlf', 'none'] as const) {
      for (const sources of [{ onEof: 'close' }, { onEof: 'close', split: 'line' }] as const)
        assert.equal((await resolveSession({ eol }, 'raw', tcpClient, sources)).dialect.eol, eol)
    }
  })

  test('has what both share', async () => {
    const given = { enter: ['a'], script: '-', wait: 5, count: 6, noHistory: true }
    const session = await resolveSession(given, 'raw', tcpClient, { onEof: 'close', split: 'line' })
    const { script, inputIsScript, waitMs, count, history } = session
    assert.deepEqual(script, [{ text: 'a', where: '--enter' }])
    assert.deepEqual([inputIsScript, waitMs, count, history], [true, 5, 6, false])
    assert.ok(session.pieceSize > (await resolveSession({}, 'log', tcpClient, { onEof: 'fin' })).pieceSize)
  })
})

test('a stream id is four random bytes', () => {
  const bytes = [Uint8Array.of(0xff, 0xff, 0xff, 0xff), Uint8Array.of(0, 0, 0, 1)]
  const context = { ...fakeContext(), randomBytes: (size: number) => (bytes.shift() ?? []).slice(0, size) }
  const ids = [1, 2].map(() =>
    streamId({ ...context, randomBytes: (size) => Uint8Array.from(context.randomBytes(size)) }),
  )
  assert.deepEqual(ids, [2 ** 32 - 1, 1])
})

test('the view is the one that was asked for, or fits the output', () => {
  const [terminal, pipe] = [fakeContext({ isTerminal: true }), fakeContext()]
  assert.deepEqual([chooseView(terminal, {}), chooseView(pipe, {})], ['log', 'raw'])
  assert.deepEqual([chooseView(terminal, { hex: true }), chooseView(pipe, { view: 'log' })], ['hex', 'log'])
  assert.equal(chooseView(pipe, { view: 'json', json: true }), 'json')
  assert.throws(() => chooseView(pipe, { raw: true, json: true }), { name: 'UsageError' })
})
