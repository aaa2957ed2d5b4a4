import assert from 'node:assert/strict'
import { Writable } from 'node:stream'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { Context, Output } from '../../src/context.ts'
import type { Event } from '../../src/event.ts'
import { Screen } from '../../src/session/screen.ts'
import { Stop } from '../../src/session/stop.ts'
import type { View } from '../../src/views/view.ts'
import { fakeContext } from '../fake-context.ts'

const quick = { timeout: 5_000 }
const most = 2_048

interface Given {
  /** How much a write takes at once; the rest goes through the stream. */
  readonly takes?: (size: number) => number
  readonly isTerminal?: boolean
}

/** A screen whose view shows the texts that it is given: bytes, unless they begin with `text:`. */
function bench({ takes = (size) => size, isTerminal = false }: Given = {}) {
  /** The calls of write, as they were made: at once, or later through the stream. */
  const calls: string[] = []
  const waiting: (() => void)[] = []
  const stream = new Writable({
    decodeStrings: false,
    write(chunk: Buffer | string, _, done) {
      calls.push(`later ${chunk.toString('latin1')}`)
      waiting.push(done)
    },
  })
  const stdout: Output = {
    stream,
    isTerminal,
    isDrawable: isTerminal,
    isDiscarded: false,
    color: false,
    width: () => 80,
    writeNow(bytes) {
      const size = takes(bytes.length)
      calls.push(Buffer.from(bytes.subarray(0, size)).toString('latin1'))
      return size
    },
    print: (text) => void stream.write(text),
    watchReader: () => () => false,
  }
  const shown: (string | Uint8Array)[] = []
  const view: View = { wants: () => true, render: () => shown.shift() }
  const context: Context = { ...fakeContext(), stdout }
  const stop = new AbortController()
  const screen = new Screen(context, view, undefined, stop)
  const event: Event = { kind: 'note', text: '', seq: 1, at: 0, socket: 'client' }
  const show = (out: string | Uint8Array) => {
    shown.push(out)
    screen.hear(event)
  }
  /** Bytes of one byte a character. */
  const bytes = (text: string) => show(Buffer.from(text, 'latin1'))
  /** What waits in the stream is taken. */
  const take = () => {
    for (let done = waiting.shift(); done !== undefined; done = waiting.shift()) done()
  }
  return { screen, calls, show, bytes, take, stop }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

async function turns(count: number): Promise<void> {
  for (let done = 0; done < count; done++) await turn()
}

describe('small pieces', () => {
  test('that come in one turn are written in one call, in order', quick, async () => {
    const { bytes, calls } = bench()
    for (let number = 0; number < 1_000; number++) bytes(`${number},`)
    assert.deepEqual(calls, [])
    await turns(3)
    assert.deepEqual(calls, [Array.from({ length: 1_000 }, (_, number) => `${number},`).join('')])
  })

  test('do not wait for others that may come: a turn without any is enough', quick, async () => {
    const { bytes, calls } = bench()
    bytes('a')
    await turns(3)
    bytes('b')
    await turns(3)
    assert.deepEqual(calls, ['a', 'b'])
  })

  test('that come in turn after turn are one call, too, when a turn brings none', quick, async () => {
    const { bytes, calls } = bench()
    bytes('a')
    for (const text of ['b', 'c', 'd', 'e']) {
      bytes(text)
      await turn()
    }
    assert.deepEqual(calls, [])
    await turns(3)
    assert.deepEqual(calls, ['abcde'])
  })

  test('are copied: what a view gives is borrowed', quick, async () => {
    const { show, calls } = bench()
    const memory = Buffer.from('one')
    show(memory)
    memory.write('two')
    show(memory)
    memory.fill('x')
    await turns(3)
    assert.deepEqual(calls, ['onetwo'])
  })

  test('are written in calls of 64 KiB at most, none of them cut', quick, async () => {
    const { bytes, calls, screen } = bench()
    const pieces = Array.from({ length: 100 }, (_, number) =>
      String.fromCharCode(33 + (number % 90)).repeat(most),
    )
    for (const piece of pieces) bytes(piece)
    assert.deepEqual(
      calls.map((call) => call.length),
      [65_536, 65_536, 65_536],
    )
    await screen.finish(undefined)
    assert.equal(calls.join(''), pieces.join(''))
    assert.ok(calls.every((call) => call.length % most === 0))
    assert.equal(calls.length, 4)
  })

  test('fill a call to its last byte', quick, async () => {
    const { bytes, calls } = bench()
    for (let count = 0; count < 32; count++) bytes('x'.repeat(most))
    assert.equal(calls.length, 0)
    bytes('y')
    assert.deepEqual(
      calls.map((call) => call.length),
      [65_536],
    )
    await turns(3)
    assert.equal(calls[1], 'y')
  })

  test('are no empty ones', quick, async () => {
    const { bytes, show, calls, screen } = bench()
    bytes('')
    show('')
    await turns(3)
    await screen.finish(undefined)
    assert.deepEqual(calls, [])
  })

  test('are written at the end, once', quick, async () => {
    const { bytes, calls, screen } = bench()
    bytes('a')
    bytes('b')
    await screen.finish(undefined)
    assert.deepEqual(calls, ['ab'])
    await turns(3)
    assert.deepEqual(calls, ['ab'])
  })
})

describe('before what is not gathered, what was gathered is written', () => {
  const large = 'L'.repeat(most + 1)

  test('before a larger piece, which is written by itself', quick, async () => {
    const { bytes, calls } = bench()
    for (const text of ['a', 'b', large, 'c', 'd']) bytes(text)
    assert.deepEqual(calls, ['ab', large])
    await turns(3)
    assert.deepEqual(calls, ['ab', large, 'cd'])
  })

  test('before text, which goes through the stream', quick, async () => {
    const { bytes, show, take, calls } = bench()
    bytes('a')
    show('text\n')
    bytes('b')
    assert.deepEqual(calls, ['a', 'later text\n'])
    take()
    await turns(3)
    assert.deepEqual(calls, ['a', 'later text\n', 'b'])
  })

  for (const [size, isGathered] of [
    [most, true],
    [most + 1, false],
  ] as const) {
    test(`a piece of ${size} B is ${isGathered ? '' : 'not '}gathered`, quick, async () => {
      const { bytes, calls } = bench()
      bytes('x'.repeat(size))
      assert.equal(calls.length, isGathered ? 0 : 1)
      await turns(3)
      assert.equal(calls.length, 1)
    })
  }

  test('in any order of any pieces', quick, async () => {
    const piece = fc.tuple(fc.constantFrom(0, 1, 7, most, most + 1, 70_000), fc.boolean())
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 60 }), async (pieces) => {
        const { bytes, calls, screen } = bench()
        let expected = ''
        for (const [index, [size, pauses]] of pieces.entries()) {
          const text = String.fromCharCode(33 + (index % 90)).repeat(size)
          expected += text
          bytes(text)
          if (pauses) await turns(2)
        }
        await screen.finish(undefined)
        assert.ok(calls.join('') === expected)
      }),
      { numRuns: 30 },
    )
  })
})

describe('an output that takes no more', () => {
  test('gets the rest later, in order, and whoever drives is told', quick, async () => {
    const { screen, bytes, take, calls } = bench({ takes: (size) => Math.min(size, 3) })
    const full: boolean[] = []
    screen.onFull = (isFull) => full.push(isFull)
    for (const text of ['ab', 'cd', 'ef']) bytes(text)
    await turns(3)
    assert.deepEqual([calls, full], [['abc', 'later def'], [true]])
    bytes('gh')
    await turns(3)
    assert.deepEqual([calls.length, full], [2, [true]], 'what comes now waits in the stream')
    const finished = screen.finish(undefined)
    while (full.length < 2) {
      take()
      await turn()
    }
    await finished
    assert.deepEqual(calls, ['abc', 'later def', 'later gh'])
    assert.deepEqual(full, [true, false])
  })

  test('keeps the end waiting only so long as it may', quick, async () => {
    const { screen, bytes, calls } = bench({ takes: () => 0 })
    bytes('ab')
    const startedAt = performance.now()
    await screen.finish(20)
    assert.ok(performance.now() - startedAt >= 18)
    assert.deepEqual(calls, ['', 'later ab'])
  })

  test('whose reader has gone ends the session, and gets nothing more', quick, async () => {
    const { screen, bytes, stop, calls } = bench({
      takes: () => {
        throw Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })
      },
    })
    bytes('ab')
    await turns(3)
    assert.ok(stop.signal.reason instanceof Stop)
    assert.equal(stop.signal.reason.exitCode, 141)
    bytes('cd')
    bytes('x'.repeat(5_000))
    await turns(3)
    await screen.finish(undefined)
    assert.deepEqual(calls, [])
  })
})

test('above a line that is being typed nothing is gathered: it would be drawn over', quick, async () => {
  const { screen, bytes, calls } = bench({ isTerminal: true })
  const typed: string[] = []
  bytes('before\n')
  screen.typedLine = {
    hide: () => void typed.push(`hide after ${calls.length}`),
    show: () => void typed.push(`show after ${calls.length}`),
  }
  bytes('a\n')
  bytes('b\n')
  assert.deepEqual(calls, ['before\n', 'a\n', 'b\n'])
  assert.deepEqual(typed, ['hide after 1', 'show after 2', 'hide after 2', 'show after 3'])
  screen.typedLine = undefined
  bytes('c')
  assert.equal(calls.length, 3)
  await screen.finish(undefined)
  assert.deepEqual(calls.slice(3), ['c'])
})
