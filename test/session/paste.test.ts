import assert from 'node:assert/strict'
import { test } from 'node:test'
import { longestPaste, Paste, type Pasted } from '../../src/session/paste.ts'

const [start, end] = [{ name: 'paste-start' }, { name: 'paste-end' }]

/** What comes of keys, the last of which ends the paste. */
function pasted(...sequences: readonly string[]): boolean | Pasted {
  const paste = new Paste()
  assert.equal(paste.take(start), true)
  for (const sequence of sequences) assert.equal(paste.take({ name: 'x', sequence }), true)
  return paste.take(end)
}

test('one line is to be edited, with or without its end', () => {
  assert.deepEqual(pasted('a', 'b'), { line: 'ab' })
  assert.deepEqual(pasted('ab', '\r'), { line: 'ab' })
  assert.deepEqual(pasted('ab\n'), { line: 'ab' })
  assert.deepEqual(pasted(), { line: '' })
})

test('several lines are sent as they are: every line end that a terminal makes of one is a line feed', () => {
  assert.deepEqual(pasted('a\rb'), { lines: 'a\nb' })
  assert.deepEqual(pasted('a\r\nb\n'), { lines: 'a\nb\n' })
  assert.deepEqual(pasted('a\r', '\rb'), { lines: 'a\n\nb' })
  assert.deepEqual(pasted('\n\n'), { lines: '\n\n' })
  assert.deepEqual(pasted('/quit\r\x1b[A'), { lines: '/quit\n\x1b[A' })
})

test('a paste of the greatest length is taken, a longer one is not, and says how long it is', () => {
  const line = 'x'.repeat(longestPaste - 2)
  assert.deepEqual(pasted(line, '\ny'), { lines: `${line}\ny` })
  assert.deepEqual(pasted(line, '\ny', 'z'), { tooLong: longestPaste + 1 })
})

test('what is typed is not taken, before a paste and after one', () => {
  const paste = new Paste()
  assert.equal(paste.take({ name: 'a', sequence: 'a' }), false)
  paste.take(start)
  assert.deepEqual(paste.take(end), { line: '' })
  assert.equal(paste.take({ name: 'b', sequence: 'b' }), false)
  assert.equal(paste.take(end), true)
})
