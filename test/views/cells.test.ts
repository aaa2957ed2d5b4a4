import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { cellWidth, cutCells, padCells, wrapCells, wrapWords } from '../../src/views/cells.ts'
import { escapeText } from '../../src/views/escape.ts'
import { Vt } from '../vt.ts'

test('cellWidth', () => {
  const widths: readonly [string, number][] = [
    ['', 0],
    ['hello', 5],
    ['漢字', 4],
    ['é', 1],
    ['e\u0301', 1],
    ['😀', 2],
    ['🇦🇹', 2],
    ['●←→‖▸⇤⇥×≡✓✗·', 12],
    ['각', 2],
    ['\u1100\u1161', 2],
    // Two characters where a terminal does not join them.
    ['👍🏽', 4],
    // A mark that some terminals give a cell of its own.
    ['का', 2],
    // Wide characters: Yi, Khitan, Nushu, a rounded symbol, and such as are wide since Unicode 16.
    ['\ua000', 2],
    ['\u{18b00}', 2],
    ['\u{1b170}', 2],
    ['\u{1f260}', 2],
    ['\u2630\u4dc0', 4],
    ['ﾊﾞ', 2],
  ]
  for (const [text, width] of widths) assert.equal(cellWidth(text), width, JSON.stringify(text))
})

test('cellWidth has as many cells as a terminal takes, whether it joins characters or not', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 30 }), (raw) => {
      const shown = escapeText(raw)
      const lines = new Vt({ columns: 10_000 }).write(shown)
      const joined = new Vt({ columns: 10_000, counting: 'clusters' }).write(shown)
      assert.ok(cellWidth(shown) >= lines.screen.column, shown)
      assert.ok(cellWidth(shown) >= joined.screen.column, shown)
    }),
    { numRuns: 1_000 },
  )
})

test('padCells and cutCells', () => {
  assert.equal(padCells('漢', 4), '漢  ')
  assert.equal(padCells('hello', 4), 'hello')
  assert.equal(cutCells('hello', 5), 'hello')
  assert.equal(cutCells('hello!', 5), 'hell…')
  assert.equal(cutCells('漢字漢字', 6), '漢字…')
})

test('wrapCells tears neither a character nor an escape', () => {
  const rows: readonly [string, number, readonly string[]][] = [
    ['', 4, ['']],
    ['abcdef', 4, ['abcd', 'ef']],
    ['abc漢字', 4, ['abc', '漢字']],
    ['abce\u0301f', 4, ['abce\u0301', 'f']],
    ['a🇦🇹🇦🇹', 2, ['a', '🇦🇹', '🇦🇹']],
    ['abc\\x1b[2J', 5, ['abc', '\\x1b[', '2J']],
    ['a\\u{202e}b', 8, ['a', '\\u{202e}', 'b']],
    ['abc\\\\n', 4, ['abc', '\\\\n']],
    ['漢', 1, ['漢']],
    ['ab漢\u1161\u1161', 6, ['ab', '漢\u1161\u1161']],
    ['👍🏽👍🏽', 4, ['👍🏽', '👍🏽']],
  ]
  for (const [text, width, lines] of rows) assert.deepEqual(wrapCells(text, width), lines, text)
})

test('wrapWords breaks at spaces', () => {
  const rows: readonly [string, number, readonly string[]][] = [
    ['one two three', 7, ['one two', 'three']],
    ['one  two', 8, ['one  two']],
    ['one  two', 5, ['one', 'two']],
    ['a wonderfully long word', 6, ['a', 'wonder', 'fully', 'long', 'word']],
    ['open for 12 ms, still', 11, ['open for', '12 ms,', 'still']],
    ['漢字 漢字', 5, ['漢字', '漢字']],
  ]
  for (const [text, width, lines] of rows) assert.deepEqual(wrapWords(text, width), lines, text)
})

test('any text wraps into lines that fit, and none of it is lost', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 80 }).map((raw) => escapeText(raw))
  fc.assert(
    fc.property(text, fc.integer({ min: 12, max: 40 }), (shown, width) => {
      const cells = wrapCells(shown, width)
      assert.equal(cells.join(''), shown)
      for (const line of [...cells, ...wrapWords(shown, width)]) assert.ok(cellWidth(line) <= width, line)
      assert.equal(wrapWords(shown, width).join('').replaceAll(' ', ''), shown.replaceAll(' ', ''))
    }),
  )
})
