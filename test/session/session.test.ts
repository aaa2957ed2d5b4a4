import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { resolveSession } from '../../src/commands/set-up.ts'
import { NetworkError, UsageError } from '../../src/errors.ts'
import type { EventBody } from '../../src/event.ts'
import type { Driver, Outcome } from '../../src/net/driver.ts'
import { Screen } from '../../src/session/screen.ts'
import { Session, type SessionOptions } from '../../src/session/session.ts'
import { Stop } from '../../src/session/stop.ts'
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
  readonly behaviour?: Partial<Driver>
}

/** A session, of datagrams where nothing else is said, with a driver that keeps what it is asked. */
async function bench({ options = {}, outcome = {}, behaviour = {}, ...given }: Given = {}) {
  const context = fakeContext(given)
  const stop = new AbortController()
  const all = {
    ...(await resolveSession(
      {},
      'raw',
      { transport: 'udp', role: 'client' },
      { onEof: 'close', split: 'line' },
    )),
    ...options,
  }
  const { transport } = all.dialect
  const screen = new Screen(context, createRawView({ terminal: false, transport }), undefined, stop)
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
    shutdown: async (_graceMs, why) => {
      asked.push(`shutdown ${why}`)
      end()
    },
    ...behaviour,
  })
  return { session, driver, asked, end, context, stop }
}

describe('a session of datagrams', () => {
  test('feeds standard input message by message, then says that it has ended', quick, async () => {
    const { session, driver, asked, end } = await bench({ input: 'one\ntwo\n' })
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
    for (const [lines, fed] of [
      [[], ['a', 'b']],
      [['/set eol crlf'], ['a\r\n', 'b\r\n']],
    ] as const) {
      const script = lines.map((text) => ({ text, where: '--enter' }))
      const { session, driver, asked, end } = await bench({ input: 'a\nb', options: { script } })
      const running = session.run(driver)
      while (!asked.includes('end close') || driver.fed.length < 2) await new Promise(setImmediate)
      end()
      assert.deepEqual([driver.fed, await running], [fed, 0])
    }
  })

  test('reads no more once enough was received', quick, async () => {
    const { session, driver, asked, context } = await bench({ options: { count: 2 } })
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
      const { session, driver } = await bench({ options: { waitMs: 20 }, outcome })
      if (isError) await assert.rejects(session.run(driver), refused)
      else assert.equal(await session.run(driver), 0)
    }
  })

  test('that got enough ends with 0, however its sockets fared', quick, async () => {
    const { session, driver } = await bench({
      options: { count: 1 },
      outcome: { error: new NetworkError('refused') },
    })
    const running = session.run(driver)
    session.teller.tell('client', datagram('x'))
    assert.equal(await running, 0)
  })
})

describe('a session of a WebSocket', () => {
  const dialect = { transport: 'websocket', role: 'client', eol: 'none' } as const

  test('ends once enough messages were received, whatever the stream below brought', quick, async () => {
    const { session, asked, driver, context } = await bench({ options: { dialect, count: 2 } })
    const running = session.run(driver)
    for (const text of ['one', 'two']) {
      const payload = Buffer.from(text)
      const piece = { direction: 'received', size: payload.length, payload } as const
      session.teller.tell('client', { kind: 'bytes', ...piece })
      session.teller.tell('client', { kind: 'message', type: 'text', frames: 1, ...piece })
    }
    assert.equal(await running, 0)
    assert.equal(context.written.stdout, 'one\ntwo\n')
    assert.ok(asked.includes('shutdown asked'), asked.join())
  })

  test('leaves out of standard input what is longer than its driver takes', quick, async () => {
    const { session, driver, asked, end } = await bench({
      input: 'abc\nabcd\nab',
      options: { dialect },
      behaviour: { longestMessage: 3 },
    })
    const running = session.run(driver)
    while (!asked.includes('end close')) await new Promise(setImmediate)
    end()
    assert.equal(await running, 0)
    assert.deepEqual([driver.fed, driver.leftOut], [['abc', 'ab'], [4]])
  })

  for (const [signal, why] of [
    [true, 'signal'],
    [false, 'asked'],
  ] as const) {
    test(`tells its driver that it ends because it was ${signal ? 'told to' : 'asked'}`, quick, async () => {
      const { session, driver, asked, stop } = await bench({ options: { dialect } })
      const running = session.run(driver)
      stop.abort(new Stop(143, { why }))
      assert.equal(await running, 143)
      assert.ok(asked.includes(`shutdown ${why}`), asked.join())
    })
  }

  test('what could not be asked of a connection that broke is told by how it broke', quick, async () => {
    const broke = new NetworkError('the connection was reset')
    const behaviour: Partial<Driver> = {
      perform: async () => {
        throw new UsageError('nothing can be sent')
      },
    }
    for (const [transport, message] of [
      ['tcp', /the connection was reset/],
      ['websocket', /the connection was reset/],
      ['udp', /nothing can be sent/],
    ] as const) {
      const options = { dialect: { ...dialect, transport }, script: [{ text: 'x', where: '--enter' }] }
      const { session, driver } = await bench({ options, behaviour, outcome: { error: broke } })
      await assert.rejects(session.run(driver), { message })
    }
  })
})
