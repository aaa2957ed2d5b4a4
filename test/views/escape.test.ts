import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { unescapeBytes } from '../../src/escapes.ts'
import { createStreamEscaper, cutLength, escapeBytes, escapeText, oneLine } from '../../src/views/escape.ts'

const bytesTable: readonly [name: string, hex: string, shown: string][] = [
  ['nothing', '', ''],
  ['plain text', '68656c6c6f', 'hello'],
  ['text beyond ASCII', 'c3a9e6bca2f09f9880', 'é漢😀'],
  ['line feed, carriage return, tab', '0a0d09', '\\n\\r\\t'],
  ['a lone CR', '610d62', 'a\\rb'],
  ['a backslash of the payload', '5c6e', '\\\\n'],
  ['NUL, BEL, DEL', '00077f', '\\x00\\x07\\x7f'],
  ['CSI', '1b5b324a', '\\x1b[2J'],
  ['OSC', '1b5d303b7407', '\\x1b]0;t\\x07'],
  ['DCS', '1b50711b5c', '\\x1bPq\\x1b\\\\'],
  ['C1 as UTF-8', 'c29b', '\\u{9b}'],
  ['C1 as a byte', '9b', '\\x9b'],
  ['bidi override', 'e280ae', '\\u{202e}'],
  ['bidi isolate', 'e281a6', '\\u{2066}'],
  ['ZWJ', 'f09f91a9e2808df09f94ac', '👩\\u{200d}🔬'],
  ['variation selector', 'e29da4efb88f', '❤\\u{fe0f}'],
  ['line separator', 'e280a8', '\\u{2028}'],
  ['no-break space', 'c2a0', '\\u{a0}'],
  ['soft hyphen', 'c2ad', '\\u{ad}'],
  ['hangul filler', 'e385a4', '\\u{3164}'],
  ['tag character', 'f3a08181', '\\u{e0041}'],
  ['private use', 'ee8080', '\\u{e000}'],
  ['noncharacter', 'efbfbf', '\\u{ffff}'],
  ['BOM', 'efbbbf61', '\\u{feff}a'],
  ['replacement character', 'efbfbd', '\ufffd'],
  ['overlong slash', 'c0af', '\\xc0\\xaf'],
  ['overlong, three bytes', 'e080af', '\\xe0\\x80\\xaf'],
  ['surrogate', 'eda080', '\\xed\\xa0\\x80'],
  ['truncated', 'e282', '\\xe2\\x82'],
  ['truncated, then text', 'f09f9861', '\\xf0\\x9f\\x98a'],
  ['beyond U+10FFFF', 'f4908080', '\\xf4\\x90\\x80\\x80'],
  ['the last code point', 'f48fbfbf', '\\u{10ffff}'],
  ['never a byte of UTF-8', 'fffe', '\\xff\\xfe'],
  ['valid text among invalid bytes', 'ffc3a9ffe6bca2', '\\xffé\\xff漢'],
  ['a mark after a letter', '65cc81', 'e\u0301'],
  ['a mark at the start', 'cc81cc8165', '\\u{301}\\u{301}e'],
  ['a mark after an escape', '0acc81', '\\n\\u{301}'],
  ['a mark after a space', '6120cc81', 'a \\u{301}'],
  ['a mark after a sign', '22cc81', '"\\u{301}'],
  ['as many marks as a letter bears', `65${'cc81'.repeat(6)}`, `e${'\u0301'.repeat(6)}`],
  ['a pile of marks', `65${'cc81'.repeat(8)}66`, `e${'\u0301'.repeat(6)}\\u{301}\\u{301}f`],
  ['a Korean syllable in its parts', 'e18492e185a1e186ab', '\u1112\u1161\u11ab'],
  ['a part of one at the start', 'e185a1', '\\u{1161}'],
  ['a mark after an invalid byte', 'ffcc81', '\\xff\\u{301}'],
]

describe('escapeBytes', () => {
  for (const [name, hex, shown] of bytesTable) {
    test(name, () => {
      const bytes = Buffer.from(hex, 'hex')
      assert.equal(escapeBytes(bytes), shown)
      if (shown !== '') assert.deepEqual(Buffer.from(unescapeBytes(shown)), bytes)
    })
  }

  test('keeps what it is told to keep', () => {
    const bytes = Buffer.from('a\n\\b\r\n')
    assert.equal(escapeBytes(bytes, { keepNewlines: true }), 'a\n\\\\b\\r\n')
    assert.equal(escapeBytes(bytes, { keepBackslashes: true }), 'a\\n\\b\\r\\n')
  })
})

test('escapeText: a lone surrogate of a string', () => {
  assert.equal(escapeText('a\ud800b'), 'a\\u{d800}b')
})

const cuts: readonly [hex: string, length: number][] = [
  ['', 0],
  ['61', 0],
  ['c3', 1],
  ['c3a9', 0],
  ['61e2', 1],
  ['61e282', 2],
  ['e282ac', 0],
  ['f09f98', 3],
  ['f09f9880', 0],
  ['e0', 1],
  ['e080', 0],
  ['eda0', 0],
  ['f490', 0],
  ['f5', 0],
  ['e2c3', 1],
  ['80', 0],
]

test('cutLength', () => {
  for (const [hex, length] of cuts) assert.equal(cutLength(Buffer.from(hex, 'hex')), length, hex)
})

const streams: readonly [reads: readonly string[], shown: string, end: string][] = [
  [['a\r\nb\n\tc'], 'a\nb\n\tc', ''],
  [['a\r', '\nb'], 'a\nb', ''],
  [['a\r', 'b\r'], 'a\\rb', '\\r'],
  [['\r\r\n'], '\\r\n', ''],
  [['e', '\u0301'], 'e\u0301', ''],
  [['\n', '\u0301'], '\n\\u{301}', ''],
  [['\u0301'], '\\u{301}', ''],
  [['a ', '\u0301'], 'a \\u{301}', ''],
  [['e\u0301\u0301\u0301', '\u0301\u0301\u0301\u0301\u0301f'], `e${'\u0301'.repeat(6)}\\u{301}\\u{301}f`, ''],
  [['\x1b', '[2J'], '\\x1b[2J', ''],
]

test('a stream: what stays, what waits', () => {
  for (const [reads, shown, end] of streams) {
    const escaper = createStreamEscaper()
    assert.equal(reads.map((read) => escaper.write(Buffer.from(read))).join(''), shown)
    assert.equal(escaper.end(), end)
  }
})

test('a stream: a character cut between two reads', () => {
  const escaper = createStreamEscaper()
  const [first, second] = [Buffer.from('f09f', 'hex'), Buffer.from('9880e2', 'hex')]
  assert.equal(escaper.write(first), '')
  first.fill(0)
  assert.equal(escaper.write(second), '😀')
  assert.equal(escaper.end(), '\\xe2')
  assert.equal(escaper.end(), '')
})

test('oneLine: white space around a line feed becomes one space, other white space stays, in linear time', () => {
  assert.equal(oneLine('a \n\t b  c\n'), 'a b  c ')
  const long = '\u3000'.repeat(100_000)
  const startedAt = performance.now()
  assert.equal(oneLine(long).length, 8 * long.length)
  assert.ok(performance.now() - startedAt < 1_000)
})
