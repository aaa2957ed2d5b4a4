import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { type Action, type Dialect, formatAction, parseLine, verbRows } from '../src/action.ts'
import { UsageError } from '../src/errors.ts'
import type { Transport } from '../src/event.ts'
import { nearest } from '../src/nearest.ts'
import { anyAction, expect, plain, send } from './any-action.ts'
import { wellFormedText } from './any-text.ts'

const server: Dialect = { transport: 'tcp', role: 'server', eol: 'lf' }
const client: Dialect = { ...server, role: 'client' }
const transports: readonly Transport[] = ['tcp', 'udp', 'websocket']

const understood: readonly [line: string, action: Action][] = [
  ['hello', send('hello\n')],
  ['', send('\n')],
  ['  spaces stay  ', send('  spaces stay  \n')],
  ['no \\n escapes here', send('no \\n escapes here\n')],
  ['//etc', send('/etc\n')],
  ['//', send('/\n')],
  ['///', send('//\n')],
  ['é😀', send('é😀\n')],
  ['/send hello', send('hello')],
  ['/send two words ', send('two words ')],
  ['/send a\\nb\\x00\\u{e9}', send('a\nb\0é')],
  ['/send "two words"', send('two words')],
  ['/send "two words"  ', send('two words')],
  ['/send "a \\" quote"', send('a " quote')],
  ['/send "ends in a backslash\\\\"', send('ends in a backslash\\')],
  ['/send say "hi"', send('say "hi"')],
  ['/send ""', send('')],
  ['/hex 48 65 6c6C 6f', send('Hello')],
  ['/hex 4 8', send('H')],
  ['/file /etc/hosts', { kind: 'file', path: '/etc/hosts' }],
  ['/file "a b\\"c"', { kind: 'file', path: 'a b"c' }],
  ['/file a\\x20b  ', { kind: 'file', path: 'a b' }],
  ['/fin', { kind: 'fin' }],
  ['/fin  ', { kind: 'fin' }],
  ['/fin 3', { kind: 'fin', peers: 3 }],
  ['/fin #3', { kind: 'fin', peers: 3 }],
  ['/fin all', { kind: 'fin', peers: 'all' }],
  ['/close', { kind: 'close' }],
  ['/close 12', { kind: 'close', peers: 12 }],
  ['/reset', { kind: 'reset' }],
  ['/pause', { kind: 'pause' }],
  ['/resume all', { kind: 'resume', peers: 'all' }],
  ['/to 2', { kind: 'to', peers: 2 }],
  ['/to all', { kind: 'to', peers: 'all' }],
  ['/to 2 hello', { kind: 'to', peers: 2, action: send('hello\n') }],
  ['/to 2  hello ', { kind: 'to', peers: 2, action: send(' hello \n') }],
  ['/to #2 /fin', { kind: 'to', peers: 2, action: { kind: 'fin' } }],
  ['/to 2 //etc', { kind: 'to', peers: 2, action: send('/etc\n') }],
  ['/to 2 /send "x"', { kind: 'to', peers: 2, action: send('x') }],
  ['/all', { kind: 'to', peers: 'all' }],
  ['/all hello', { kind: 'to', peers: 'all', action: send('hello\n') }],
  ['/all /reset', { kind: 'to', peers: 'all', action: { kind: 'reset' } }],
  ['/kick 1', { kind: 'kick', peers: 1 }],
  ['/kick all', { kind: 'kick', peers: 'all' }],
  ['/peers', { kind: 'peers' }],
  ['/stats', { kind: 'stats' }],
  ['/set no-delay on', { kind: 'set', setting: { name: 'no-delay', value: true } }],
  ['/set half-open off', { kind: 'set', setting: { name: 'half-open', value: false } }],
  ['/set keep-alive 10s', { kind: 'set', setting: { name: 'keep-alive', value: 10_000 } }],
  ['/set delay 50ms', { kind: 'set', setting: { name: 'delay', value: 50 } }],
  ['/set delay off', { kind: 'set', setting: { name: 'delay', value: undefined } }],
  ['/set read-size 5', { kind: 'set', setting: { name: 'read-size', value: 5 } }],
  ['/set rate  1KiB ', { kind: 'set', setting: { name: 'rate', value: 1_024 } }],
  ['/set chunk off', { kind: 'set', setting: { name: 'chunk', value: undefined } }],
  ['/set eol crlf', { kind: 'set', setting: { name: 'eol', value: 'crlf' } }],
  ['/set eol none', { kind: 'set', setting: { name: 'eol', value: 'none' } }],
  ['/wait 200ms', { kind: 'wait', ms: 200 }],
  ['/wait 0', { kind: 'wait', ms: 0 }],
  ['/wait connected', { kind: 'await', condition: 'connected' }],
  ['/wait fin within 2s', { kind: 'await', condition: 'fin', withinMs: 2_000 }],
  ['/wait closed  within  250', { kind: 'await', condition: 'closed', withinMs: 250 }],
  ['/wait drained', { kind: 'await', condition: 'drained' }],
  ['/expect hello', expect('hello')],
  ['/expect hello within 250ms', expect('hello', 250)],
  ['/expect "two words" within 1s', expect('two words', 1_000)],
  ['/expect two words within 1s', expect('two words', 1_000)],
  ['/expect "ready within reach"', expect('ready within reach')],
  ['/expect "ready within 5s"', expect('ready within 5s')],
  ['/expect "ready within 5s" within 1s', expect('ready within 5s', 1_000)],
  ['/expect "a\\r\\n"', expect('a\r\n')],
  ['/help', { kind: 'help' }],
  ['/help send', { kind: 'help', verb: 'send' }],
  ['/help /send', { kind: 'help', verb: 'send' }],
  ['/help //', { kind: 'help' }],
  ['/help / /send', { kind: 'help', verb: 'send' }],
  ['/quit', { kind: 'quit' }],
]

/** Each with what the message must name: the thing in quotes, and what to do. */
const refused: readonly [line: string, message: RegExp][] = [
  ['/', /^"\/" is no verb: \/help lists them/],
  ['/sendd x', /^"\/sendd" is no verb: did you mean \/send\?/],
  ['/q', /did you mean \/quit\?/],
  ['/zzzzzzz', /\/help lists them \(a payload that starts with \/ is written \/\/\)/],
  ['/constructor', /^"\/constructor" is no verb/],
  ['/__proto__', /^"\/__proto__" is no verb/],
  ['/SEND x', /^"\/SEND" is no verb/],
  ['/ping', /^\/ping cannot be done here: TCP has no ping/],
  ['/pong', /^\/pong cannot be done here: TCP has no pong/],
  ['/frame text', /^\/frame cannot be done here: TCP has no frames/],
  ['/send', /^\/send needs a text/],
  ['/send "open', /^\/send: the quote is not closed/],
  ['/send "open\\"', /^\/send: the quote is not closed/],
  ['/send "a" b', /^\/send: the quote is not closed at the end of the line/],
  ['/send \\q', /"\\q" is no escape/],
  ['/hex', /^\/hex: "" is not pairs of hex digits/],
  ['/hex 4', /^\/hex: "4" is not pairs/],
  ['/hex 4g', /^\/hex: "4g" is not pairs/],
  ['/hex 0x48', /^\/hex: "0x48" is not pairs/],
  ['/file', /^\/file needs a text/],
  ['/fin x', /^\/fin: "x" is no client: expected its number, such as 3, or all/],
  ['/close 0', /^\/close: "0" is no client/],
  ['/close -1', /^\/close: "-1" is no client/],
  ['/close 1 2', /^\/close: "1 2" is no client/],
  ['/reset 1e3', /^\/reset: "1e3" is no client/],
  ['/kick', /^\/kick: "" is no client/],
  ['/kick 99999999999', /is no client/],
  ['/to', /^\/to: "" is no client/],
  ['/to x hello', /^\/to: "x" is no client/],
  ['/to 3 /zap', /^"\/zap" is no verb/],
  ['/all /sned', /^"\/sned" is no verb/],
  ['/peers 3', /^\/peers takes nothing after it, got "3"/],
  ['/stats now', /^\/stats takes nothing after it, got "now"/],
  ['/quit now', /^\/quit takes nothing after it, got "now"/],
  ['/set', /^\/set: "" cannot be set: expected no-delay, /],
  ['/set readsize 5', /^\/set: "readsize" cannot be set: did you mean read-size\?/],
  ['/set zzz 5', /^\/set: "zzz" cannot be set: expected no-delay, half-open, .*, eol$/],
  ['/set no-delay', /^\/set no-delay: a value is missing, such as on$/],
  ['/set half-open yes', /^\/set half-open: "yes" is not on or off/],
  ['/set rate 0', /"0" is out of range/],
  ['/set chunk many', /"many" is not a size/],
  ['/set delay soon', /"soon" is not a duration/],
  ['/set eol cr', /^\/set eol: "cr" is not lf, crlf or none/],
  ['/set rate 1 2', /^\/set takes one name and one value, got "rate 1 2"/],
  ['/wait', /^\/wait: "" is neither a duration/],
  ['/wait open', /^\/wait: "open" is neither a duration .* connected, fin, closed, drained$/],
  ['/wait 5x', /"5x" is not a duration/],
  ['/wait 1s within 2s', /^\/wait: "1s within 2s" is neither/],
  ['/wait fin within 5x', /"5x" is not a duration/],
  ['/expect', /^\/expect needs a text/],
  ['/expect ""', /^\/expect needs a text that is not empty/],
  ['/expect "" within 1s', /^\/expect needs a text that is not empty/],
  ['/expect hello within 5x', /"5x" is not a duration/],
  ['/expect hello within soon', /"soon" is not a duration/],
  ['/expect hello within', /"" is not a duration/],
]

describe('parseLine understands', () => {
  for (const [line, action] of understood) {
    test(JSON.stringify(line), () => assert.deepEqual(plain(parseLine(line, server)), plain(action)))
  }

  test('what ends a typed line', () => {
    for (const [eol, end] of [
      ['lf', '\n'],
      ['crlf', '\r\n'],
      ['none', ''],
    ] as const) {
      assert.deepEqual(plain(parseLine('x', { ...client, eol })), plain(send(`x${end}`)))
      assert.deepEqual(plain(parseLine('//x', { ...client, eol })), plain(send(`/x${end}`)))
      assert.deepEqual(plain(parseLine('/send x', { ...client, eol })), plain(send('x')))
    }
  })

  test('any text that does not start with / is payload', () => {
    fc.assert(
      fc.property(wellFormedText, (text) => {
        const line = text.startsWith('/') ? `/${text}` : text
        assert.deepEqual(plain(parseLine(line, client)), plain(send(`${text}\n`)))
      }),
    )
  })
})

describe('parseLine refuses', () => {
  for (const [line, message] of refused) {
    test(JSON.stringify(line), () =>
      assert.throws(() => parseLine(line, server), { name: 'UsageError', message }),
    )
  }

  test("a server's verbs for a client, and says why", () => {
    for (const line of ['/to 1 x', '/all x', '/kick 1']) {
      assert.throws(() => parseLine(line, client), {
        name: 'UsageError',
        message: /^\/(to|all|kick) is for a server, which has several peers: a client has one$/,
      })
    }
  })

  test('a setting that its option refuses', () => {
    // --read-size takes 16MiB at most, --keep-alive 1s at least: /set is the same setting.
    assert.throws(() => parseLine('/set read-size 2GiB', client), UsageError)
    assert.throws(() => parseLine('/set keep-alive 10ms', client), UsageError)
  })
})

describe('formatAction', () => {
  for (const transport of transports) {
    test(`gives a line that means the action on ${transport}`, () => {
      fc.assert(
        fc.property(anyAction(transport), (action) => {
          const line = formatAction(action)
          assert.match(line, /^\/[ -~]*$/)
          assert.deepEqual(plain(parseLine(line, { ...server, transport })), plain(action))
        }),
        { numRuns: 500 },
      )
    })
  }

  test('what is for somebody else is written with /to', () => {
    const payload = Buffer.from('x')
    assert.equal(formatAction({ kind: 'send', payload, peers: 3 }), '/to 3 /send "x"')
    assert.equal(formatAction({ kind: 'file', path: 'a b', peers: 'all' }), '/to all /file "a b"')
    assert.equal(formatAction({ kind: 'to', peers: 3 }), '/to 3')
    assert.equal(formatAction({ kind: 'to', peers: 3, action: { kind: 'fin' } }), '/to 3 /fin')
    assert.equal(formatAction({ kind: 'close', peers: 3 }), '/to 3 /close')
    const why = { code: 4_001, reason: 'é "x"' }
    assert.equal(formatAction({ kind: 'close', peers: 3, ...why }), '/to 3 /close 4001 "\\xc3\\xa9 \\"x\\""')
    assert.equal(formatAction({ kind: 'ping', peers: 3, payload }), '/to 3 /ping "x"')
    const frame = { opcode: 9, fin: false, mask: Uint8Array.of(0, 1, 2, 255), payload }
    assert.equal(
      formatAction({ kind: 'frame', peers: 'all', frame }),
      '/to all /frame opcode=ping fin=0 mask=000102ff payload="x"',
    )
  })
})

describe('a line without end is understood or refused in linear time', () => {
  const many = 200_000
  const lines: readonly [name: string, line: string][] = [
    ['white space in /expect', `/expect a${' '.repeat(many)}b`],
    ['white space in /wait', `/wait a${' '.repeat(many)}b`],
    ['within again and again', `/expect a${' within'.repeat(many)} b`],
    ['a long verb', `/${'x'.repeat(many)}`],
    ['a long setting', `/set ${'x'.repeat(many)} on`],
  ]
  for (const [name, line] of lines) {
    test(name, () => {
      const startedAt = performance.now()
      try {
        assert.equal(parseLine(line, client).kind, 'expect')
      } catch (error) {
        assert.ok(error instanceof UsageError)
      }
      assert.ok(performance.now() - startedAt < 1_000)
    })
  }
})

describe('verbRows', () => {
  for (const transport of transports) {
    test(`every verb of ${transport} has a usage that starts with it, a brief and a summary`, () => {
      for (const { verb, brief, usage, summary } of verbRows({ ...server, transport })) {
        assert.match(usage, new RegExp(`^/${verb}( |$)`))
        assert.ok(summary.length > 5 && brief.length > 5 && brief.length <= 37, verb)
      }
    })
  }

  const listed: Readonly<Record<Transport, string>> = {
    tcp: 'send hex file fin close reset pause resume tls to all kick peers set wait expect stats help quit',
    udp: 'send hex file to all peers set wait expect stats help quit',
    websocket:
      'send hex file fin close ping pong frame reset pause resume to all kick peers set wait expect stats help quit',
  }
  for (const transport of transports) {
    test(`is what the design lists for ${transport}`, () => {
      const names = (role: 'client' | 'server') => verbRows({ transport, role }).map((row) => row.verb)
      assert.deepEqual(names('server'), listed[transport].split(' '))
      assert.deepEqual(names('client'), listed[transport].replace(/to all (kick )?/, '').split(' '))
    })
  }
})

test('nearest', () => {
  const words = ['send', 'set', 'stats', 'expect', 'read-size']
  const rows: readonly [word: string, near: string | undefined][] = [
    ['send', 'send'],
    ['sen', 'send'],
    ['exp', 'expect'],
    ['expct', 'expect'],
    ['readsize', 'read-size'],
    ['st', 'stats'],
    ['', undefined],
    ['zzzzzzzz', undefined],
  ]
  for (const [word, near] of rows) assert.equal(nearest(word, words), near, word)
})
