import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { quote, unescapeBytes } from '../src/escapes.ts'
import { wellFormedText } from './any-text.ts'

/** Text, the bytes it stands for, and how they are written; without the last: as the text. */
const table: readonly [name: string, text: string, hex: string, written?: string][] = [
  ['nothing', '', ''],
  ['plain text', 'hello', '68656c6c6f'],
  ['line feed', '\\n', '0a'],
  ['carriage return', '\\r', '0d'],
  ['tab', '\\t', '09'],
  ['NUL', '\\0', '00', '\\x00'],
  ['a backslash', '\\\\', '5c'],
  ['a quote', '\\"', '22'],
  ['a bare quote', '"', '22', '\\"'],
  ['a byte in hex', '\\x41', '41', 'A'],
  ['a byte in hex, upper case', '\\xFf', 'ff', '\\xff'],
  ['a byte that is no UTF-8', '\\xff', 'ff'],
  ['DEL', '\\x7f', '7f'],
  ['tilde and space, the ends of what is printable', ' ~', '207e'],
  ['unit separator', '\\x1f', '1f'],
  ['a code point in UTF-8', '\\u{1F600}', 'f09f9880', '\\xf0\\x9f\\x98\\x80'],
  ['the smallest code point', '\\u{0}', '00', '\\x00'],
  ['the largest code point', '\\u{10FFFF}', 'f48fbfbf', '\\xf4\\x8f\\xbf\\xbf'],
  ['around the surrogates', '\\u{d7ff}\\u{E000}', 'ed9fbfee8080', '\\xed\\x9f\\xbf\\xee\\x80\\x80'],
  ['text beyond ASCII as it stands', 'é😀', 'c3a9f09f9880', '\\xc3\\xa9\\xf0\\x9f\\x98\\x80'],
  ['escapes among text', 'a\\nb\\tc', '610a620963'],
  ['a backslash, then a letter', '\\\\n', '5c6e'],
  ['a byte, then a digit', '\\x411', '4131', 'A1'],
  ['a backslash before an escape', '\\\\\\n', '5c0a'],
]

const wrong: readonly [name: string, text: string, message: RegExp][] = [
  ['an unknown letter', 'a\\qb', /^"\\q" is no escape: expected /],
  ['a backslash at the end', 'a\\', /^"\\" is no escape: expected /],
  ['one hex digit', '\\x4', /^"\\x" is no escape/],
  ['no hex digits', '\\xzz', /^"\\x" is no escape/],
  ['a code point without braces', '\\u0041', /^"\\u" is no escape/],
  ['an empty code point', '\\u{}', /^"\\u" is no escape/],
  ['seven digits', '\\u{0000041}', /^"\\u" is no escape/],
  ['beyond the last code point', '\\u{110000}', /^\\u\{110000\} is no character/],
  ['the first surrogate', '\\u{d800}', /^\\u\{d800\} is no character/],
  ['the last surrogate', '\\u{DFFF}', /^\\u\{DFFF\} is no character/],
  ['an octal escape', '\\7', /^"\\7" is no escape/],
]

describe('unescapeBytes', () => {
  for (const [name, text, hex] of table) {
    test(name, () => assert.equal(Buffer.from(unescapeBytes(text)).toString('hex'), hex))
  }
  for (const [name, text, message] of wrong) {
    test(`${name} is refused`, () =>
      assert.throws(() => unescapeBytes(text), { name: 'UsageError', message }))
  }

  test('text without a backslash is itself in UTF-8', () => {
    fc.assert(
      fc.property(wellFormedText, (text) => {
        const plain = text.replaceAll('\\', '')
        assert.equal(Buffer.from(unescapeBytes(plain)).toString(), plain)
      }),
    )
  })
})

describe('quote', () => {
  for (const [name, text, hex, written = text] of table) {
    test(name, () => assert.equal(quote(Buffer.from(hex, 'hex')), `"${written}"`))
  }

  test('every byte is written in printable ASCII and read back', () => {
    for (let byte = 0; byte < 256; byte++) {
      const text = quote(Uint8Array.of(byte)).slice(1, -1)
      assert.match(text, /^[ -~]{1,4}$/)
      assert.deepEqual([...unescapeBytes(text)], [byte])
    }
  })

  test('any bytes are read back', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const text = quote(bytes).slice(1, -1)
        assert.match(text, /^(?:[ !#-[\]-~]|\\[nrt"\\]|\\x[0-9a-f]{2})*$/)
        assert.deepEqual([...unescapeBytes(text)], [...bytes])
      }),
    )
  })
})
