import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  during,
  readsOf,
  streamHash,
  told,
  totalBytes,
  writesOf,
  writesPerRead,
} from '../../src/experiments/evidence.ts'
import { control, held, stage, words } from './staged.ts'

const pieces = (texts: readonly string[]): readonly Uint8Array[] => texts.map((text) => Buffer.from(text))

const carried: readonly [string, readonly string[], readonly string[], readonly number[]][] = [
  ['one to one', ['ab', 'cde'], ['ab', 'cde'], [1, 1]],
  ['joined', ['ab', 'cde', 'f'], ['abcdef'], [3]],
  ['cut inside a write', ['ab', 'cde', 'f'], ['abc', 'def'], [2, 2]],
  ['cut finely', ['abc'], ['a', 'b', 'c'], [1, 1, 1]],
  ['an empty write is in no read', ['ab', '', 'c'], ['abc'], [2]],
  ['more was read than written', ['ab'], ['ab', 'c'], [1, 0]],
  ['nothing', [], [], []],
]

for (const [name, writes, reads, expected] of carried) {
  test(`writes per read: ${name}`, () => {
    assert.deepEqual(writesPerRead(pieces(writes), pieces(reads)), expected)
  })
}

test('a hash is that of the stream, however it is cut', () => {
  assert.equal(streamHash(pieces(['ab', 'c'])), streamHash(pieces(['a', 'bc'])))
  assert.equal(
    streamHash(pieces(['abc'])),
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  )
})

test('evidence is asked by actor, kind, direction and trial', () => {
  const evidence = stage(control(), held())
  const inHeld = during(evidence, 'held')
  assert.equal(writesOf(evidence, 'client').length, 2 * words.length)
  assert.deepEqual(writesOf(inHeld, 'client'), pieces(words))
  assert.deepEqual(readsOf(inHeld, 'server'), pieces([words.join('')]))
  assert.deepEqual(readsOf(inHeld, 'client'), [])
  assert.equal(told(evidence, 'server', 'paused').length, 1)
  assert.equal(told(evidence, 'client', 'paused').length, 0)
  assert.equal(totalBytes(readsOf(evidence, 'server')), 46)
})
