import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Utf8Checker } from '../../src/wire/utf8.ts'
import { readUtf8 } from '../fuzz/utf8-reference.ts'

const bytesOf = (hex: string) => Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'))

/** Which byte is refused where they come one by one; -1 where none is. */
function refusedAt(bytes: Uint8Array): number {
  const checker = new Utf8Checker()
  return bytes.findIndex((byte) => !checker.accepts(Uint8Array.of(byte)))
}

function verdict(pieces: readonly Uint8Array[]): 'valid' | 'cut' | 'impossible' {
  const checker = new Utf8Checker()
  for (const piece of pieces) if (!checker.accepts(piece)) return 'impossible'
  return checker.ends() ? 'valid' : 'cut'
}

function expected(bytes: Uint8Array): 'valid' | 'cut' | 'impossible' {
  const { impossible, cut } = readUtf8(bytes)
  if (impossible >= 0) return 'impossible'
  return cut > 0 ? 'cut' : 'valid'
}

const rows: readonly [name: string, hex: string, result: number | 'valid' | 'cut'][] = [
  ['nothing', '', 'valid'],
  ['NUL', '00', 'valid'],
  ['ASCII', '48 65 6c 6c 6f', 'valid'],
  ['kosme', 'ce ba e1 bd b9 cf 83 ce bc ce b5', 'valid'],
  ['a byte-order mark', 'ef bb bf', 'valid'],
  ['a byte-order mark inside', '61 ef bb bf 62', 'valid'],
  ['U+0080', 'c2 80', 'valid'],
  ['U+07FF', 'df bf', 'valid'],
  ['U+0800', 'e0 a0 80', 'valid'],
  ['U+D7FF', 'ed 9f bf', 'valid'],
  ['U+E000', 'ee 80 80', 'valid'],
  ['U+FFFD', 'ef bf bd', 'valid'],
  ['U+FFFE, a noncharacter', 'ef bf be', 'valid'],
  ['U+FFFF, a noncharacter', 'ef bf bf', 'valid'],
  ['U+FDD0, a noncharacter', 'ef b7 90', 'valid'],
  ['U+10000', 'f0 90 80 80', 'valid'],
  ['U+1FFFE, a noncharacter', 'f0 9f bf be', 'valid'],
  ['U+10FFFF', 'f4 8f bf bf', 'valid'],
  ['a stray continuation', '80', 0],
  ['one in a text', '61 62 bf 63', 2],
  ['one after a character', 'c3 a4 a4', 2],
  ['overlong slash in two', 'c0 af', 0],
  ['overlong U+007F', 'c1 bf', 0],
  ['overlong slash in three', 'e0 80 af', 1],
  ['overlong U+07FF', 'e0 9f bf', 1],
  ['overlong slash in four', 'f0 80 80 af', 1],
  ['overlong U+FFFF', 'f0 8f bf bf', 1],
  ['overlong NUL', 'c0 80', 0],
  ['the first surrogate', 'ed a0 80', 1],
  ['the last surrogate', 'ed bf bf', 1],
  ['a pair of surrogates', 'ed a0 80 ed b0 80', 1],
  ['U+110000', 'f4 90 80 80', 1],
  ['U+140000', 'f5 80 80 80', 0],
  ['five bytes', 'f8 88 80 80 80', 0],
  ['six bytes', 'fc 84 80 80 80 80', 0],
  ['FE', 'fe', 0],
  ['FF', '61 ff', 1],
  ['FE FF', 'fe ff', 0],
  ['two bytes, cut', 'c3', 'cut'],
  ['three bytes, cut', '61 e1 bd', 'cut'],
  ['four bytes, cut', 'f0 9f 98', 'cut'],
  ['four bytes, cut after the first', 'f4', 'cut'],
  ['cut by ASCII', 'e1 bd 61', 2],
  ['cut by another character', 'f0 9f 98 c3 a4', 3],
  ['the fourth byte wrong', 'f0 9f 98 28', 3],
  ['a good text, then U+110000, then a good text', 'ce ba e1 bd b9 f4 90 80 80 65 64', 6],
]

describe('UTF-8 in pieces (RFC 3629 §4)', () => {
  for (const [name, hex, result] of rows) {
    const bytes = bytesOf(hex)
    const said = typeof result === 'number' ? 'impossible' : result
    test(`${name}: ${typeof result === 'number' ? `impossible at ${result}` : result}`, () => {
      assert.equal(refusedAt(bytes), typeof result === 'number' ? result : -1)
      assert.equal(readUtf8(bytes).impossible, typeof result === 'number' ? result : -1)
      assert.equal(verdict([bytes]), said)
      for (let at = 0; at <= bytes.length; at += 1) {
        for (let to = at; to <= bytes.length; to += 1) {
          const pieces = [bytes.subarray(0, at), bytes.subarray(at, to), bytes.subarray(to)]
          assert.equal(verdict(pieces), said, `cut at ${at} and ${to}`)
        }
      }
    })
  }

  test('every pair of bytes, with whatever may follow, is judged at the exact byte', () => {
    for (let pair = 0; pair < 65_536; pair += 1) {
      const bytes = Uint8Array.of(pair >> 8, pair & 0xff, 0x80, 0x80)
      if (refusedAt(bytes) !== readUtf8(bytes).impossible) assert.fail(Buffer.from(bytes).toString('hex'))
      if (verdict([bytes]) !== expected(bytes)) assert.fail(Buffer.from(bytes).toString('hex'))
    }
  })

  test('a text may follow another one, also one that was cut', () => {
    const checker = new Utf8Checker()
    assert.ok(checker.accepts(bytesOf('f0 9f')))
    assert.ok(!checker.ends())
    assert.ok(checker.accepts(bytesOf('61')))
    assert.ok(checker.ends())
  })
})
