/** The one language where datagrams are meant; what it is over WebSocket stands in websocket-verbs.test.ts. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Action, type Dialect, parseLine, verbRows } from '../src/action.ts'
import { conditions } from '../src/verb-arguments.ts'
import { elsewhere, verbs } from '../src/verbs.ts'
import { expect, plain, send } from './any-action.ts'

const server: Dialect = { transport: 'udp', role: 'server', eol: 'none' }
const client: Dialect = { ...server, role: 'client' }
const streamServer: Dialect = { ...server, transport: 'tcp', eol: 'lf' }

const understood: readonly [line: string, action: Action][] = [
  ['hello', send('hello')],
  ['', send('')],
  [' x ', send(' x ')],
  ['//etc', send('/etc')],
  ['/send a\\nb', send('a\nb')],
  ['/send ""', send('')],
  ['/hex 00 ff', { kind: 'send', payload: Uint8Array.of(0, 255) }],
  ['/file /etc/hosts', { kind: 'file', path: '/etc/hosts' }],
  ['/to 2', { kind: 'to', peers: 2 }],
  ['/to #2 hello', { kind: 'to', peers: 2, action: send('hello') }],
  ['/to all', { kind: 'to', peers: 'all' }],
  ['/all /send ""', { kind: 'to', peers: 'all', action: send('') }],
  ['/peers', { kind: 'peers' }],
  ['/set truncate 5', { kind: 'set', setting: { name: 'truncate', value: 5 } }],
  ['/set eol lf', { kind: 'set', setting: { name: 'eol', value: 'lf' } }],
  ['/to 3 /set ttl 1', { kind: 'to', peers: 3, action: { kind: 'set', setting: { name: 'ttl', value: 1 } } }],
  ['/wait 200ms', { kind: 'wait', ms: 200 }],
  ['/wait drained', { kind: 'await', condition: 'drained' }],
  ['/wait drained within 1s', { kind: 'await', condition: 'drained', withinMs: 1_000 }],
  ['/expect pong within 250ms', expect('pong', 250)],
  ['/expect pong', expect('pong')],
  ['/stats', { kind: 'stats' }],
  ['/help', { kind: 'help' }],
  ['/help fin', { kind: 'help', verb: 'fin' }],
  ['/quit', { kind: 'quit' }],
]

describe('a line of UDP is understood', () => {
  for (const [line, action] of understood) {
    test(JSON.stringify(line), () => assert.deepEqual(plain(parseLine(line, server)), plain(action)))
  }

  test('for every verb that UDP has', () => {
    const shown = new Set(understood.map(([line]) => /^\/(\w+)/.exec(line)?.[1]))
    for (const { verb } of verbRows(server)) assert.ok(shown.has(verb), verb)
  })

  test('by a client, but for what needs several peers', () => {
    for (const [line, action] of understood) {
      if (!/^\/(to|all)\b/.test(line)) assert.deepEqual(plain(parseLine(line, client)), plain(action))
      else
        assert.throws(() => parseLine(line, client), {
          name: 'UsageError',
          message: /^\/(to|all) is for a server, which has several peers: a client has one$/,
        })
    }
  })

  test('a typed line ends as --eol says, and an empty one may be a datagram without payload', () => {
    for (const [eol, end] of [
      ['none', ''],
      ['lf', '\n'],
      ['crlf', '\r\n'],
    ] as const) {
      for (const text of ['', 'x'])
        assert.deepEqual(plain(parseLine(text, { ...client, eol })), plain(send(text + end)))
      assert.deepEqual(plain(parseLine('/send ""', { ...client, eol })), plain(send('')))
    }
  })
})

/** A line that only a stream understands, and how the reason for that begins. */
const streamOnly: readonly [line: string, reason: RegExp][] = [
  ['/fin', /^a datagram socket has no stream to end: UDP has no FIN/],
  ['/fin 3', /^a datagram socket has no stream to end/],
  ['/close', /^UDP has no connection to close; \/quit closes our socket/],
  ['/close all', /^UDP has no connection to close/],
  ['/reset', /^UDP has no connection to abort: there is no RST/],
  ['/pause', /^UDP has no flow control, so nothing would make the sender wait/],
  ['/resume', /^UDP has no flow control, so there is no \/pause/],
  ['/kick 1', /^nobody is connected: a peer is an address/],
  ['/tls', /^TLS needs a stream to put its records on/],
]

/** Lines that neither transport understands. */
const framesOnly: readonly [line: string, udp: RegExp, tcp: RegExp][] = [
  ['/ping', /^UDP has no ping: a datagram is all payload/, /^TCP has no ping: a byte stream/],
  ['/pong x', /^UDP has no pong: a datagram is all payload/, /^TCP has no pong: a byte stream/],
  ['/frame text x', /^UDP has no frames: each datagram stands/, /^TCP has no frames: a byte stream/],
]

/** That a line is refused because the transport has no such thing, for a reason of one line. */
function checkReason(line: string, dialect: Dialect, reason: RegExp): void {
  assert.throws(
    () => parseLine(line, dialect),
    (error: unknown) => {
      assert.ok(error instanceof Error && error.name === 'UsageError', String(error))
      const [, verb, why = ''] = /^\/(\w+) cannot be done here: ([^\r\n]+)$/.exec(error.message) ?? []
      assert.ok(line.includes(`/${verb}`), error.message)
      assert.match(why, reason)
      return true
    },
  )
}

describe('what a transport does not have is refused with the reason', () => {
  for (const [line, reason] of streamOnly) {
    test(`${line} on UDP`, () => {
      for (const dialect of [server, client]) checkReason(line, dialect, reason)
      checkReason(`/to 1 ${line}`, server, reason)
      assert.equal(typeof parseLine(line, streamServer).kind, 'string')
    })
  }
  for (const [line, udp, tcp] of framesOnly) {
    test(line, () => {
      checkReason(line, client, udp)
      checkReason(line, streamServer, tcp)
    })
  }

  test('these are all of them, and none of them is listed', () => {
    const verbOf = ([line]: readonly [string, ...unknown[]]) => /^\/(\w+)/.exec(line)?.[1] ?? ''
    const without = [...new Set([...streamOnly, ...framesOnly].map(verbOf))].sort()
    assert.deepEqual(Object.keys(elsewhere.udp).sort(), without)
    assert.deepEqual(Object.keys(elsewhere.tcp).sort(), framesOnly.map(verbOf).sort())
    const listed = verbRows(server).map((row) => row.verb)
    assert.deepEqual([...listed, ...without].sort(), Object.keys(verbs).sort())
    assert.deepEqual(Object.keys(elsewhere.websocket), ['tls'])
  })
})

const refused: readonly [line: string, message: RegExp][] = [
  ['/wait fin', /^\/wait fin: UDP has no connection that could be in that state: wait for drained$/],
  ['/wait closed', /^\/wait closed: UDP has no connection that could be in that state: wait for drained$/],
  ['/wait connected within 1s', /^\/wait connected: UDP has no connection that could be in that state/],
  ['/wait open', /^\/wait: "open" is neither a duration such as 200ms nor drained$/],
  ['/set no-delay on', /^\/set: no-delay is for TCP, WebSocket: here rate, /],
  ['/set ttl 0', /"0" is not a whole number from 1 to 255/],
  ['/set broadcast', /^\/set broadcast: a value is missing, such as on$/],
  ['/send', /^\/send needs a text/],
  ['/expect ""', /^\/expect needs a text that is not empty/],
  ['/to 3 /zap', /^"\/zap" is no verb/],
  ['/f', /^"\/f" is no verb: did you mean \/file\?/],
  ['/finn', /^"\/finn" is no verb: (did you mean \/file\?|\/help lists them)/],
  ['/constructor', /^"\/constructor" is no verb/],
]

test('whoever is no peer is called that, as everywhere on UDP', () => {
  for (const line of ['/to x', '/to 0 hello', '/to']) {
    assert.throws(() => parseLine(line, server), { name: 'UsageError', message: /^\/to: "\w*" is no peer: / })
  }
})

describe('a line of UDP is refused', () => {
  for (const [line, message] of refused) {
    test(JSON.stringify(line), () =>
      assert.throws(() => parseLine(line, server), { name: 'UsageError', message }),
    )
  }
})

test('/wait can wait for fewer states where nothing is connected', () => {
  const ofConnection = ['connected', 'fin', 'closed', 'drained']
  assert.deepEqual(conditions, { tcp: ofConnection, udp: ['drained'], websocket: ofConnection })
})

test('what is said of a verb fits the transport', () => {
  const textsOf = (dialect: Dialect) =>
    verbRows(dialect).map(({ usage, brief, summary }) => `${usage} ${brief} ${summary}`)
  for (const text of textsOf(server)) assert.doesNotMatch(text, /client|connection|stream|FIN|no-delay/)
  for (const text of textsOf(streamServer)) assert.doesNotMatch(text, /datagram|ttl|broadcast|frame|message/)
  assert.ok(textsOf(server).some((text) => text.includes('/wait D|drained [within D]')))
})
