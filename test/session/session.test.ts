import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { resolveSession } from '../../src/commands/set-up.ts'
import { NetworkError } from '../../src/errors.ts'
import type { EventBody } from '../../src/event.ts'
import type { Outcome } from '../../src/net/driver.ts'
import { Screen } from '../../src/session/screen.ts'
import { Session, type SessionOptions } from '../../src/session/session.ts'
import { createRawView } from '../../src/views/raw.ts'
import { type FakeOptions, fakeContext } from '../fake-context.ts'
import { fakeDriver } from './fake-driver.ts'

const quick = { timeout: 5_000 }
const remote = { address: '127.0.0.1', port: 9, family: 'IPv4' } as const

function datagram(text: string): EventBody {
  const payload = Buffer.from(text)
  return { kind: 'datagram', direction: 'received', size: payload.length, remote, payload }
}

interface Given extends FakeOptions {
  readonly options?: Partial<SessionOptions>
  /** How the driver ends. */
  readonly outcome?: Outcome
}

/** A session of datagrams with a driver that keeps what it is asked. */
function bench({ options = {}, outcome = {}, ...given }: Given = {}) {
  const context = fakeContext(given)
  const stop = new AbortController()
  const screen = new Screen(context, createRawView({ terminal: false }), undefined, stop)
  const all = { ...resolveSession({}, 'raw', 'client', { onEof: 'close', split: 'line' }), ...options }
  const session = new Session(context, all, screen, stop)
  let end: () => void = () => {}
  const ended = new Promise<Outcome>((resolve) => {
    end = () => resolve(outcome)
  })
  const asked: string[] = []
  const driver = fakeDriver({
    ended,
    startFeed: () => void asked.push('start'),
    endFeed: (onEof) => void asked.push(`end ${onEof}`),
    setReading: (reading) => void asked.push(`reading ${reading}`),
    setWriting: (writing) => void asked.push(`writing ${writing}`),
    shutdown: async () => {
      asked.push('shutdown')
      end()
    },
  })
  return { session, driver, asked, end, context }
}

describe('a session of datagrams', () => {
  test('feeds standard input message by message, then says that it has ended', quick, async () => {
    const { session, driver, asked, end } = bench({ input: 'one\ntwo\n' })
    const running = session.run(driver)
    while (!asked.includes('end close')) await new Promise(setImmediate)
    assert.deepEqual(
      [driver.fed, asked],
      [
        ['one', 'two'],
        ['start', 'end close'],
      ],
    )
    end()
    assert.equal(await running, 0)
  })

  test('adds to each message what was asked for at the start, or set by a script before', quick, async () => {
    for (const [enter, fed] of [
      [[], ['a', 'b']],
      [['/set eol crlf'], ['a\r\n', 'b\r\n']],
    ] as const) {
      const { session, driver, asked, end } = bench({ input: 'a\nb', options: { enter } })
      const running = session.run(driver)
      while (!asked.includes('end close') || driver.fed.length < 2) await new Promise(setImmediate)
      end()
      assert.deepEqual([driver.fed, await running], [fed, 0])
    }
  })

  test('reads no more once enough was received', quick, async () => {
    const { session, driver, asked, context } = bench({ options: { count: 2 } })
    const running = session.run(driver)
    for (const text of ['one', 'two']) session.teller.tell('client', datagram(text))
    assert.equal(await running, 0)
    assert.ok(asked.includes('reading false') && !asked.includes('reading true'), asked.join())
    assert.equal(context.written.stdout, 'one\ntwo\n')
  })

  test('in which nothing happens any more ends as its sockets fared', quick, async () => {
    const refused = new NetworkError('Nobody listens there')
    for (const [outcome, isError] of [
      [{}, false],
      [{ error: refused }, true],
    ] as const) {
      const { session, driver } = bench({ options: { waitMs: 20 }, outcome })
      if (isError) await assert.rejects(session.run(driver), refused)
      else assert.equal(await session.run(driver), 0)
    }
  })

  test('that got enough ends with 0, however its sockets fared', quick, async () => {
    const { session, driver } = bench({
      options: { count: 1 },
      outcome: { error: new NetworkError('refused') },
    })
    const running = session.run(driver)
    session.teller.tell('client', datagram('x'))
    assert.equal(await running, 0)
  })
})
