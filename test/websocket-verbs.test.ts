/** The one language where a WebSocket is meant: messages, close codes, and frames made by hand. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  type Action,
  type Dialect,
  formatAction,
  type HandmadeFrame,
  parseLine,
  verbRows,
} from '../src/action.ts'
import { expect, plain, send } from './any-action.ts'

const server: Dialect = { transport: 'websocket', role: 'server', eol: 'none' }
const client: Dialect = { ...server, role: 'client' }

const longest = 'x'.repeat(125)
const none = new Uint8Array()

function binary(bytes: readonly number[]): Action {
  return { kind: 'send', payload: Uint8Array.from(bytes), binary: true }
}

function frame(opcode: number, more: Partial<HandmadeFrame> = {}): Action {
  return { kind: 'frame', frame: { opcode, payload: none, ...more } }
}

const understood: readonly [line: string, action: Action][] = [
  ['hello', send('hello')],
  ['--binary x', send('--binary x')],
  ['/send two words ', send('two words ')],
  ['/send ""', send('')],
  ['/send "--binary"', send('--binary')],
  ['/send -- x', send('-- x')],
  ['/send x --binary', send('x --binary')],
  ['/send --binary \\x00\\xff', binary([0, 255])],
  ['/send --binary ""', binary([])],
  ['/send --fragments 3 hello', { ...send('hello'), fragments: 3 } as Action],
  ['/send --fragments 1  two words', { ...send('two words'), fragments: 1 } as Action],
  ['/send --fragments 131072 --binary "a b"', { ...binary([97, 32, 98]), fragments: 131_072 } as Action],
  ['/hex 00 ff', binary([0, 255])],
  ['/file /etc/hosts', { kind: 'file', path: '/etc/hosts' }],
  ['/close', { kind: 'close' }],
  ['/close 1000', { kind: 'close', code: 1_000 }],
  ['/close 4001 "why not"', { kind: 'close', code: 4_001, reason: 'why not' }],
  ['/close 4001 why not', { kind: 'close', code: 4_001, reason: 'why not' }],
  ['/close 1000 ""', { kind: 'close', code: 1_000 }],
  ['/close 3000 \\u{e9}', { kind: 'close', code: 3_000, reason: 'é' }],
  [`/close 1001 ${longest.slice(2)}`, { kind: 'close', code: 1_001, reason: longest.slice(2) }],
  [
    '/to 2 /close 4001 "why"',
    { kind: 'to', peers: 2, action: { kind: 'close', code: 4_001, reason: 'why' } },
  ],
  ['/all /close', { kind: 'to', peers: 'all', action: { kind: 'close' } }],
  ['/ping', { kind: 'ping', payload: none }],
  ['/ping ""', { kind: 'ping', payload: none }],
  ['/ping two words', { kind: 'ping', payload: Buffer.from('two words') }],
  ['/pong "\\x00"', { kind: 'pong', payload: Uint8Array.of(0) }],
  [`/pong ${longest}`, { kind: 'pong', payload: Buffer.from(longest) }],
  ['/frame opcode=ping', frame(9)],
  ['/frame opcode=0', frame(0)],
  ['/frame opcode=15 fin=0', frame(15, { fin: false })],
  [
    '/frame opcode=text fin=1 rsv1=1 rsv2=0 rsv3=1',
    frame(1, { fin: true, rsv1: true, rsv2: false, rsv3: true }),
  ],
  ['/frame mask=none opcode=continuation', frame(0, { mask: 'none' })],
  ['/frame mask=DEADbeef opcode=close', frame(8, { mask: Uint8Array.of(0xde, 0xad, 0xbe, 0xef) })],
  ['/frame opcode=binary payload=abc  fin=0', frame(2, { fin: false, payload: Buffer.from('abc') })],
  [
    '/frame opcode=text payload="two \\"words\\"" fin=0',
    frame(1, { fin: false, payload: Buffer.from('two "words"') }),
  ],
  ['/frame opcode=text payload=a\\x20b=c"', frame(1, { payload: Buffer.from('a b=c"') })],
  ['/frame opcode=text payload=', frame(1)],
  ['/frame opcode=text payload=""', frame(1)],
  ['/frame opcode=close hex=03EE', frame(8, { payload: Uint8Array.of(3, 0xee) })],
  ['/frame opcode=text length=5 payload=x', frame(1, { length: 5, payload: Buffer.from('x') })],
  ['/frame opcode=text length=9007199254740991', frame(1, { length: Number.MAX_SAFE_INTEGER })],
  ['/frame opcode=text form=64 length=0', frame(1, { length: 0, lengthForm: 64 })],
  ['/frame opcode=text form=7 length=125', frame(1, { length: 125, lengthForm: 7 })],
  [
    `/frame opcode=text form=16 payload=${longest}x`,
    frame(1, { lengthForm: 16, payload: Buffer.from(`${longest}x`) }),
  ],
  [
    '/frame opcode=text form=7 length=0 payload=xy',
    frame(1, { length: 0, lengthForm: 7, payload: Buffer.from('xy') }),
  ],
  ['/fin', { kind: 'fin' }],
  ['/reset 2', { kind: 'reset', peers: 2 }],
  ['/pause all', { kind: 'pause', peers: 'all' }],
  ['/resume', { kind: 'resume' }],
  ['/to 2', { kind: 'to', peers: 2 }],
  ['/kick 1', { kind: 'kick', peers: 1 }],
  ['/peers', { kind: 'peers' }],
  ['/set rate off', { kind: 'set', setting: { name: 'rate', value: undefined } }],
  ['/wait connected within 1s', { kind: 'await', condition: 'connected', withinMs: 1_000 }],
  ['/expect hi', expect('hi')],
  ['/stats', { kind: 'stats' }],
  ['/help frame', { kind: 'help', verb: 'frame' }],
  ['/quit', { kind: 'quit' }],
]

describe('a line of WebSocket is understood', () => {
  for (const [line, action] of understood) {
    test(line.slice(0, 60), () => {
      const parsed = parseLine(line, server)
      assert.deepEqual(plain(parsed), plain(action))
      assert.deepEqual(plain(parseLine(formatAction(parsed), server)), plain(action))
    })
  }

  test('for every verb that WebSocket has', () => {
    const shown = new Set(understood.map(([line]) => /^\/(\w+)/.exec(line)?.[1]))
    for (const { verb } of verbRows(server)) assert.ok(shown.has(verb), verb)
  })
})

const keys = /opcode, fin, rsv1, rsv2, rsv3, mask, length, form, payload, hex/

const refused: readonly [line: string, message: RegExp][] = [
  ['/send', /^\/send needs a text/],
  ['/send --binary', /^\/send needs a text/],
  ['/send --fragments', /^"" is not a whole number from 1 to 131072$/],
  ['/send --fragments 0 x', /^"0" is not a whole number from 1 to 131072$/],
  ['/send --fragments 131073 x', /^"131073" is not a whole number/],
  ['/send --fragments 2', /^\/send needs a text/],
  ['/send --binary --binary x', /^\/send: --binary stands there twice$/],
  ['/send --fragments 2 --fragments 2 x', /^\/send: --fragments stands there twice$/],
  [
    '/send --fragment 2 x',
    /^\/send: "--fragment" is no option: expected --binary or --fragments N \(a text that/,
  ],
  ['/send --constructor x', /^\/send: "--constructor" is no option/],
  ['/hex 4', /^\/hex: "4" is not pairs/],
  ['/close all', /^\/close: "all" is no close code: .*\/to 2 \/close 1000, \/all \/close 1000\)$/],
  ['/close #2', /^\/close: "#2" is no close code/],
  ['/close 1e3', /^\/close: "1e3" is no close code/],
  ['/close "why"', /^\/close: ""why"" is no close code/],
  ['/close 65536', /^\/close: "65536" is no close code/],
  [
    '/close 1005',
    /^\/close: a close frame may not carry 1005 \(the close frame had no code; .*\): \/frame opcode=close hex=03ed sends it all the same$/,
  ],
  ['/close 1006', /may not carry 1006 \(there was no close frame; it never travels itself\): .*hex=03ee/],
  ['/close 1004', /may not carry 1004 \(reserved/],
  ['/close 1015', /may not carry 1015 \(TLS/],
  ['/close 1016', /may not carry 1016 \(reserved for the protocol\)/],
  ['/close 2999', /may not carry 2999 \(reserved for the protocol\)/],
  ['/close 5000', /may not carry 5000 \(above 4999 no code is used\): .*hex=1388/],
  [
    '/close 2',
    /may not carry 2 \(below 1000 no code is used\): .*hex=0002 .*\/to 2 \/close closes client 2$/,
  ],
  [
    `/close 1000 ${longest.slice(1)}`,
    /^\/close: the reason has 124 bytes; beside the code there is room for 123$/,
  ],
  ['/close 1000 \\xff', /^\/close: the reason is not UTF-8/],
  ['/close 1000 "open', /^\/close: the quote is not closed/],
  [`/ping ${longest}x`, /^\/ping: 126 bytes are too many: a ping carries at most 125 .*\/frame opcode=ping/],
  [`/pong ${longest}x`, /^\/pong: 126 bytes are too many/],
  ['/frame', /^\/frame needs an opcode: \/frame opcode=ping/],
  ['/frame fin=0', /^\/frame needs an opcode/],
  ['/frame text', keys],
  ['/frame opcode=text Fin=0', keys],
  ['/frame opcode=text =', keys],
  ['/frame opcode=text constructor=1', keys],
  ['/frame opcode=text payload=two words', /^\/frame: "words" is not KEY=VALUE .* stands in quotes\)$/],
  ['/frame opcode=text opcode=text', /^\/frame: opcode stands there twice; the keys are opcode, fin,/],
  [
    '/frame opcode=16',
    /^\/frame: opcode "16" is neither continuation, text, binary, close, ping, pong nor a number/,
  ],
  ['/frame opcode=', /^\/frame: opcode "" is neither/],
  ['/frame opcode=-1', /^\/frame: opcode "-1" is neither/],
  ['/frame opcode=text fin=yes', /^\/frame: fin "yes" is not 0 or 1$/],
  ['/frame opcode=text rsv3=2', /^\/frame: rsv3 "2" is not 0 or 1$/],
  ['/frame opcode=text mask=123', /^\/frame: mask "123" is neither none nor eight hex digits/],
  ['/frame opcode=text length=-1', /^"-1" is not a whole number/],
  ['/frame opcode=text length=9007199254740992', /^"9007199254740992" is not a whole number/],
  ['/frame opcode=text form=8', /^\/frame: form "8" is not 7, 16 or 64/],
  [
    '/frame opcode=text form=7 length=126',
    /^\/frame: a length of 126 does not stand in 7 bits, .* 125: form=16$/,
  ],
  [`/frame opcode=text form=7 payload=${longest}x`, /^\/frame: a length of 126 does not stand in 7 bits/],
  ['/frame opcode=text form=16 length=65536', /in 16 bits, which hold at most 65535: form=64$/],
  ['/frame opcode=text payload=x hex=00', /^\/frame: payload and hex both say/],
  ['/frame opcode=text hex=0', /^\/frame: hex "0" is not pairs of hex digits/],
  ['/frame opcode=text hex=', /^\/frame: hex "" is not pairs/],
  ['/frame opcode=text payload="open', /^\/frame: the quote of the payload is not closed/],
  ['/frame opcode=text payload="a"b', /^\/frame: the quote of the payload is not closed/],
  ['/frame opcode=text payload=\\q', /"\\q" is no escape/],
  ['/set chunk 5', /^\/set: chunk is for TCP, UDP: here no-delay, keep-alive, read-size, rate, eol$/],
  ['/set half-open on', /^\/set: half-open is for TCP: here/],
  ['/to x', /^\/to: "x" is no client/],
]

describe('a line of WebSocket is refused', () => {
  for (const [line, message] of refused) {
    test(line.slice(0, 60), () =>
      assert.throws(() => parseLine(line, server), {
        name: 'UsageError',
        message,
      }),
    )
  }
})

test('elsewhere the options of /send are text', () => {
  for (const transport of ['tcp', 'udp'] as const) {
    assert.deepEqual(
      plain(parseLine('/send --binary x', { ...client, transport })),
      plain(send('--binary x')),
    )
    assert.deepEqual(plain(parseLine('/hex 78', { ...client, transport })), plain(send('x')))
  }
  const close = parseLine('/close 2', { ...server, transport: 'tcp' })
  assert.deepEqual(close, { kind: 'close', peers: 2 })
})

test('what is said of a verb fits a WebSocket', () => {
  const texts = verbRows(server).map(({ usage, brief, summary }) => `${usage} ${brief} ${summary}`)
  for (const text of texts) assert.doesNotMatch(text, /datagram|half-open|chunk|ttl|\[N\|all\].*REASON/)
  const told = texts.join('\n')
  for (const words of ['/close [CODE ["REASON"]]', 'one message holds TEXT', 'the upgrade is done', '1006']) {
    assert.ok(told.includes(words), words)
  }
})
