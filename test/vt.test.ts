import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Vt } from './vt.ts'
import { type Counting, widthOf } from './vt-screen.ts'

const size = { columns: 10, rows: 4 }

/** What is written, the rows after that, where the cursor stands, and what was no character. */
const rows: readonly [
  name: string,
  written: string,
  rows: readonly string[],
  cursor: readonly [row: number, column: number],
  functions: readonly string[],
][] = [
  ['text', 'abc', ['abc'], [0, 3], []],
  ['CR and LF', 'abc\r\nd\n e', ['abc', 'd', '  e'], [2, 3], ['CR', 'LF', 'LF']],
  ['a lone CR: what was there is written over', 'abc\rX', ['Xbc'], [0, 1], ['CR']],
  ['backspace stops at the first column', 'ab\b\b\bX', ['Xb'], [0, 1], ['BS', 'BS', 'BS']],
  [
    'tabs stop every eight columns, and in the last one',
    'a\tb\t\tc',
    ['a       bc'],
    [0, 9],
    ['HT', 'HT', 'HT'],
  ],
  ['a full row waits before it goes on', '0123456789', ['0123456789'], [0, 9], []],
  ['and goes on with the next character', '0123456789a', ['0123456789', 'a'], [1, 1], []],
  ['but not after a CR', '0123456789\rX', ['X123456789'], [0, 1], ['CR']],
  [
    'a wide character at the margin goes to the next row whole',
    '012345678漢',
    ['012345678', '漢'],
    [1, 2],
    [],
  ],
  ['half of a wide character written over: the rest is gone', 'a漢b\x1b[2GX', ['aX b'], [0, 2], ['CSI 2G']],
  ['marks stand on the character before them', 'e\u0301\u0302x', ['e\u0301\u0302x'], [0, 2], []],
  ['a mark at the margin stays there', '0123456789\u0301', ['0123456789\u0301'], [0, 9], []],
  ['a mark on a wide character', '漢\u0301x', ['漢\u0301x'], [0, 3], []],
  [
    'scrolling at the last row',
    'a\r\nb\r\nc\r\nd\r\ne',
    ['b', 'c', 'd', 'e'],
    [3, 1],
    Array(4).fill(['CR', 'LF']).flat(),
  ],
  [
    'cursor moves',
    'abc\x1b[2D\x1b[BX\x1b[A\x1b[CY',
    ['abcY', ' X'],
    [0, 4],
    ['CSI 2D', 'CSI B', 'CSI A', 'CSI C'],
  ],
  [
    'cursor to a cell',
    '\x1b[2;3Hx\x1b[4dy\x1b[1Gz',
    ['', '  x', '', 'z  y'],
    [3, 1],
    ['CSI 2;3H', 'CSI 4d', 'CSI 1G'],
  ],
  [
    'erase to the end of the screen',
    'abc\r\ndef\r\x1b[A\x1b[C\x1b[J',
    ['a'],
    [0, 1],
    ['CR', 'LF', 'CR', 'CSI A', 'CSI C', 'CSI J'],
  ],
  [
    'erase the line, before and all',
    'abc\b\b\x1b[1K\x1b[B\x1b[2K',
    ['  c', ''],
    [1, 1],
    ['BS', 'BS', 'CSI 1K', 'CSI B', 'CSI 2K'],
  ],
  [
    'insert, delete and erase cells',
    'abcdef\r\x1b[2@\x1b[4G\x1b[P\x1b[X',
    ['  a def'],
    [0, 3],
    ['CR', 'CSI 2@', 'CSI 4G', 'CSI P', 'CSI X'],
  ],
  [
    'insert and delete lines',
    'a\r\nb\x1b[L\x1b[1;1H\x1b[M',
    ['', 'b'],
    [0, 0],
    ['CR', 'LF', 'CSI L', 'CSI 1;1H', 'CSI M'],
  ],
  [
    'save, restore, index, reverse index',
    'a\x1b7\x1bD\x1bEb\x1b8c\x1bM',
    ['', 'ac', '', 'b'],
    [0, 2],
    ['ESC 7', 'ESC D', 'ESC E', 'ESC 8', 'ESC M'],
  ],
  ['reset', 'ab\x1b[1m\x1bc', [''], [0, 0], ['CSI 1m', 'ESC c']],
  [
    'OSC with BEL, with ST, and with ST of eight bits',
    '\x1b]0;t\x07a\x1b]8;;u\x1b\\b\u009d52;c;eA\u009cc',
    ['abc'],
    [0, 3],
    ['OSC 0;t', 'OSC 8;;u', 'OSC 52;c;eA'],
  ],
  [
    'DCS, SOS, PM, APC',
    '\x1bPq\x1b\\\x1bXs\x1b\\\x1b^p\x1b\\\x1b_a\x1b\\.',
    ['.'],
    [0, 1],
    ['DCS q', 'SOS s', 'PM p', 'APC a'],
  ],
  ['a bell ends no DCS', '\x1bPq\x07\x1b\\', [''], [0, 0], ['DCS q\x07']],
  ['another ESC ends a string and begins anew', '\x1b]0;t\x1b[2Jx', ['x'], [0, 1], ['OSC 0;t', 'CSI 2J']],
  ['CAN and SUB call a sequence off', '\x1b[2\x18J\x1b]0;\x1aK', ['JK'], [0, 2], ['CAN', 'SUB']],
  ['a control within a sequence is carried out', 'ab\x1b[\r2K', [''], [0, 0], ['CR', 'CSI 2K']],
  ['CSI of eight bits', 'ab\u009b1Gc', ['cb'], [0, 1], ['CSI 1G']],
  ['NEL, IND and RI of eight bits', 'a\u0085b\u0084\u008d', ['a', 'b'], [1, 1], ['C1 85', 'C1 84', 'C1 8d']],
  [
    'private modes move nothing',
    'a\x1b[?2004h\x1b[?1049l\x1b[>4;1m',
    ['a'],
    [0, 1],
    ['CSI ?2004h', 'CSI ?1049l', 'CSI >4;1m'],
  ],
  ['other controls', '\x00\x05\x07\x0e\x0f\x7f', [''], [0, 0], ['C0 00', 'ENQ', 'BEL', 'SO', 'SI', 'DEL']],
  ['a charset', '\x1b(0q', ['q'], [0, 1], ['ESC (0']],
  [
    'what nobody sees',
    'a\u200b\u202e\u2028\u{e0041}\ufe0fb',
    ['a\u200b\u202e\u2028\u{e0041}\ufe0fb'],
    [0, 2],
    ['U+200b', 'U+202e', 'U+2028', 'U+e0041', 'U+fe0f'],
  ],
]

describe('what bytes do to a terminal', () => {
  for (const [name, written, expected, cursor, functions] of rows) {
    test(name, () => {
      const bytes = Buffer.from(written)
      const inOne = new Vt(size).write(bytes)
      const one = new Vt(size)
      for (const byte of bytes) one.write(Uint8Array.of(byte))
      for (const vt of [inOne, one, new Vt(size).write(written)]) {
        const shown = [...vt.text.slice(vt.screen.scrolled.length)]
        while (shown.length > expected.length && shown.at(-1) === '') shown.pop()
        assert.deepEqual(shown, expected)
        assert.deepEqual([vt.screen.row, vt.screen.column], cursor)
        assert.deepEqual(vt.functions, functions)
      }
    })
  }
})

test('bytes that are no UTF-8 are told; U+FFFD itself is a character', () => {
  assert.deepEqual(new Vt(size).write(Uint8Array.of(0x61, 0x9b, 0x32, 0x4a)).functions, ['no UTF-8'])
  assert.deepEqual(new Vt(size).write(Buffer.from('a\ufffdb')).functions, [])
})

test('a line feed of a cooked terminal begins at the first column', () => {
  assert.deepEqual(new Vt({ ...size, isCooked: true }).write('ab\nc').text, ['ab', 'c'])
})

test('without a limit of rows nothing scrolls away', () => {
  const vt = new Vt({ columns: 10 }).write('x\r\n'.repeat(100))
  assert.deepEqual([vt.text.length, vt.screen.scrolled.length, vt.screen.row], [101, 0, 100])
})

test('how often a row went on by itself', () => {
  assert.equal(new Vt(size).write('0123456789').screen.wraps, 0)
  assert.equal(new Vt(size).write('0123456789012345678901').screen.wraps, 2)
})

test('attributes, set and taken back', () => {
  const vt = new Vt(size).write('\x1b[1m\x1b[31;4;100ma')
  assert.deepEqual([...vt.attributes], ['weight', 'ink', 'underline', 'ground'])
  assert.deepEqual([...vt.write('\x1b[22m\x1b[39m').attributes], ['underline', 'ground'])
  assert.equal(vt.write('\x1b[m').attributes.size, 0)
})

test('what a terminal would answer', () => {
  const asking =
    '\x05 \x1bZ \u009a \x1b[6n \x1b[?6n \x1b[c \x1b[>0c \x1b[>q \x1b[x \x1b[?2004$p \x1b[21t \x1b[?u \x1b[?1;1;0S \x1b]10;?\x07 \x1b]52;c;?\x1b\\ \x1bP$qm\x1b\\ \x1bP+q544e\x1b\\'
  const silent =
    '\x07 \x1bc \x1b[2J \x1b[8;9;9t \x1b]0;title\x07 \x1b[2S \x1b[u \x1b[1m \x1b[4 q \x1bPq\x1b\\ \x1b[?2004h'
  const vt = new Vt({ columns: 80 }).write(asking)
  assert.equal(vt.questions.length, asking.split(' ').length)
  assert.deepEqual(vt.questions, vt.functions)
  assert.deepEqual(new Vt({ columns: 80 }).write(silent).questions, [])
})

const widths: readonly [text: string, codePoints: readonly number[], clusters?: readonly number[]][] = [
  ['a\u00e9\u0416\u2014\u2500\u00a1', [1, 1, 1, 1, 1, 1]],
  ['漢\uac00\uff21\ua000\u{18b00}\u{1b170}\u{1f260}\u{20000}', [2, 2, 2, 2, 2, 2, 2, 2]],
  ['\uff71\u{1d300}\u4dc0\u2630', [1, 2, 2, 2]],
  ['\u{1f600}\u231a\u2764\u00a9', [2, 2, 1, 1]],
  ['e\u0301\u20dd', [1, 0, 0]],
  ['\u0915\u093e\u094d', [1, 1, 0], [1, 0, 0]],
  ['\u1112\u1161\u11ab', [2, 0, 0]],
  ['\u{1f44d}\u{1f3fd}', [2, 2], [2, 0]],
  ['\u{1f1ee}\u{1f1f9}', [1, 1], [2, 0]],
]

test('cells, counted in both ways', () => {
  for (const [text, codePoints, clusters = codePoints] of widths) {
    const count = (counting: Counting): number[] =>
      Array.from(text, (character, at) => widthOf(character, [...text][at - 1] ?? '', counting))
    assert.deepEqual([count('code points'), count('clusters')], [codePoints, clusters], text)
  }
})
