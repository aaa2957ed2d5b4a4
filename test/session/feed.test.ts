import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { describe, test } from 'node:test'
import type { Context, InputKind } from '../../src/context.ts'
import { NetworkError, UsageError } from '../../src/errors.ts'
import type { Driver } from '../../src/net/driver.ts'
import { feedInput, feedMessages, type MessageOptions } from '../../src/session/feed.ts'
import { fakeContext } from '../fake-context.ts'
import { fakeDriver } from './fake-driver.ts'

const quick = { timeout: 5_000 }

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

interface Given {
  readonly input?: readonly string[]
  readonly kind?: InputKind
  readonly options?: Partial<MessageOptions>
  readonly driver?: Partial<Driver>
  readonly signal?: AbortSignal
  /** Instead of the input. */
  readonly stream?: Readable
}

/** Feeds standard input to a driver that keeps it. */
function start({ input = [], kind = 'pipe', options = {}, driver = {}, stream, signal }: Given) {
  const fake = fakeDriver(driver)
  const plain = fakeContext({ input, inputKind: kind })
  const context: Context =
    stream === undefined ? plain : { ...plain, stdin: { ...plain.stdin, stream: () => stream } }
  const done = feedMessages(
    context,
    fake,
    { split: 'line', eol: 'none', ...options },
    signal ?? new AbortController().signal,
  )
  return { done, fed: fake.fed, leftOut: fake.leftOut }
}

async function feed(given: Given) {
  const one = start(given)
  await one.done
  return one
}

const long = 'x'.repeat(100_000)

const rows: readonly [
  name: string,
  options: Partial<MessageOptions>,
  input: readonly string[],
  messages: readonly string[],
][] = [
  ['nothing', {}, [], []],
  ['one a line', {}, ['one\ntwo\n'], ['one', 'two']],
  ['a last line without its end', {}, ['one\ntwo'], ['one', 'two']],
  ['empty lines', {}, ['\n\nx\n\n'], ['', '', 'x', '']],
  ['lines that come in pieces', {}, ['o', 'ne', '\n', 'tw', 'o\nthree'], ['one', 'two', 'three']],
  ['bytes that are no text', {}, ['\xff\x00\xfe\n\x80'], ['\xff\x00\xfe', '\x80']],
  ['CR stays', {}, ['one\r\n'], ['one\r']],
  ['one a zero byte', { split: 'nul' }, ['a\nb\0c\0', '\0d'], ['a\nb', 'c', '', 'd']],
  ['all of it', { split: 'none' }, ['a\nb\0', 'c\n'], ['a\nb\0c\n']],
  ['nothing, where all of it is one', { split: 'none' }, [''], []],
  ['a line end that is asked for', { eol: 'crlf' }, ['one\ntwo'], ['one\r\n', 'two\r\n']],
  ['a line end after all of it', { eol: 'lf', split: 'none' }, ['one'], ['one\n']],
  ['an end that is added to an empty line', { eol: 'lf' }, ['\n'], ['\n']],
  ['lines longer than what is read at once', {}, [`${long}\n${long}`], [long, long]],
]

describe('standard input message by message', () => {
  for (const [name, options, input, messages] of rows) {
    for (const kind of ['pipe', 'file'] as const) {
      test(`${name}, from a ${kind}`, quick, async () => {
        const { fed, leftOut } = await feed({ options, input, kind })
        assert.deepEqual([fed, leftOut], [messages, []])
      })
    }
  }

  for (const kind of ['pipe', 'file'] as const) {
    test(`one that is too long is told with its size, the others go, from a ${kind}`, quick, async () => {
      const most = 2 ** 20
      const input = [
        'before\n',
        'x'.repeat(most),
        '\n',
        'y'.repeat(most + 1),
        '\n',
        'after\n',
        'z'.repeat(most + 5),
      ]
      const { fed, leftOut } = await feed({ input, kind })
      assert.deepEqual(
        fed.map((message) => message.length),
        [6, most, 5],
      )
      assert.deepEqual(leftOut, [most + 1, most + 5])
    })

    test(`what was fed is not written over by what is read later, from a ${kind}`, quick, async () => {
      const kept: Uint8Array[] = []
      const lines = Array.from({ length: 20_000 }, (_, index) => `line ${index}`)
      const text = lines.join('\n')
      const input = Array.from({ length: Math.ceil(text.length / 7_777) }, (_, index) =>
        text.slice(index * 7_777, (index + 1) * 7_777),
      )
      await feed({ input, kind, driver: { feed: (bytes) => kept.push(bytes) > 0 } })
      assert.deepEqual(kept.map(String), lines)
    })
  }

  test(
    'one that is too long is no more than left out where the driver wants no word of it',
    quick,
    async () => {
      const plain = fakeDriver()
      const { leaveOut: _, ...silent } = plain
      const context = fakeContext({ input: ['x'.repeat(2 ** 20 + 1), '\nok'] })
      const options = { split: 'line', eol: 'none' } as const
      await feedMessages(context, silent, options, new AbortController().signal)
      assert.deepEqual(plain.fed, ['ok'])
    },
  )

  test('in pieces of the size that the driver sends, without waiting for the end', quick, async () => {
    const stream = new Readable({ read() {} })
    const { done, fed } = start({ stream, options: { split: 'none' }, driver: { filePiece: 4 } })
    stream.push('abcdef')
    while (fed.length < 1) await turn()
    stream.push('g\nhi')
    while (fed.length < 2) await turn()
    stream.push(null)
    await done
    assert.deepEqual(fed, ['abcd', 'efg\n', 'hi'])
  })

  test('lines stay lines where the driver sends pieces', quick, async () => {
    const { fed } = await feed({ input: ['abcdef\ng'], driver: { filePiece: 4 } })
    assert.deepEqual(fed, ['abcdef', 'g'])
  })
})

describe('the pace', () => {
  test('is that of the driver: nothing more is fed until it says so', quick, async () => {
    let go: (more: boolean) => void = () => {}
    const slow = () =>
      new Promise<boolean>((resolve) => {
        go = resolve
      })
    const { done, fed } = start({ input: ['a\nb\nc'], driver: { feed: slow } })
    for (const count of [1, 2, 3]) {
      while (fed.length < count) await turn()
      for (let waited = 0; waited < 5; waited++) await turn()
      assert.equal(fed.length, count)
      go(true)
    }
    await done
    assert.deepEqual(fed, ['a', 'b', 'c'])
  })

  for (const kind of ['pipe', 'file'] as const) {
    test(`lets everything else have its turn after a few dozen, from a ${kind}`, quick, async () => {
      const input = [Array.from({ length: 500 }, (_, index) => index).join('\n')]
      const { done, fed } = start({ input, kind })
      const seen: number[] = []
      let isDone = false
      void done.then(() => {
        isDone = true
      })
      while (!isDone) {
        await turn()
        seen.push(fed.length)
      }
      assert.equal(fed.length, 500)
      const steps = seen.map((count, index) => count - (seen[index - 1] ?? 0))
      assert.ok(Math.max(...steps) <= 64, `${Math.max(...steps)} in one turn`)
    })
  }
})

describe('the end of feeding', () => {
  test('comes with the signal, in the middle of what was read', quick, async () => {
    for (const kind of ['pipe', 'file'] as const) {
      const stop = new AbortController()
      const left: string[] = []
      const stopAtTwo = () => {
        left.push('x')
        if (left.length === 2) stop.abort()
        return true
      }
      const { fed } = await feed({
        input: ['a\nb\nc\nd'],
        kind,
        signal: stop.signal,
        driver: { feed: stopAtTwo },
      })
      assert.deepEqual(fed, ['a', 'b'])
    }
  })

  test('is there at once where the signal came before', quick, async () => {
    const { fed } = await feed({ input: ['a\nb'], signal: AbortSignal.abort() })
    assert.deepEqual(fed, [])
  })

  const broken = () =>
    new Readable({
      read() {
        this.destroy(Object.assign(new Error(), { code: 'EIO' }))
      },
    })

  test('is an error of the network where standard input cannot be read', quick, async () => {
    await assert.rejects(start({ stream: broken() }).done, (error: unknown) => {
      assert.ok(error instanceof NetworkError)
      assert.equal(error.message, 'Cannot read standard input: input or output failed (EIO)')
      return true
    })
  })

  test('is none where it is not wanted any more', quick, async () => {
    await start({ stream: broken(), signal: AbortSignal.abort() }).done
  })

  test('is what the driver says where it cannot be fed', quick, async () => {
    const refuse = () => {
      throw new UsageError('there is no socket yet')
    }
    await assert.rejects(start({ input: ['a'], driver: { feed: refuse } }).done, {
      name: 'UsageError',
      message: 'there is no socket yet',
    })
  })
})

describe('standard input as it is', () => {
  for (const kind of ['pipe', 'file'] as const) {
    test(`is cut only by how it is read, from a ${kind}`, quick, async () => {
      const driver = fakeDriver()
      const context = fakeContext({ input: ['one\ntw', 'o\0\xff'], inputKind: kind })
      await feedInput(context, driver, 4, new AbortController().signal)
      const expected = kind === 'pipe' ? ['one\ntw', 'o\0\xff'] : ['one\n', 'two\0', '\xff']
      assert.deepEqual(driver.fed, expected)
    })

    test(`ends where nothing can be sent any more, from a ${kind}`, quick, async () => {
      for (const answer of [false, Promise.resolve(false)]) {
        const driver = fakeDriver({ feed: () => answer })
        const context = fakeContext({ input: ['abcd', 'efgh'], inputKind: kind })
        await feedInput(context, driver, 4, new AbortController().signal)
        assert.deepEqual(driver.fed, ['abcd'])
      }
    })
  }
})
