import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRandom, draw, seedLimit, shortWords } from '../../src/experiments/random.ts'

test('a seed decides the numbers, on every machine', () => {
  const random = createRandom(7)
  assert.deepEqual(
    Array.from({ length: 8 }, () => random.below(1_000)),
    [977, 814, 815, 509, 762, 634, 251, 45],
  )
})

test('a seed decides bytes, too, and no two blocks of them are alike', () => {
  const bytes = createRandom(7).bytes(100)
  assert.equal(bytes.length, 100)
  assert.deepEqual(createRandom(7).bytes(100), bytes)
  assert.notDeepEqual(createRandom(8).bytes(100), bytes)
  assert.notDeepEqual(bytes.subarray(0, 32), bytes.subarray(32, 64))
  assert.equal(createRandom(7).bytes(0).length, 0)
})

test('numbers stay below their limit and reach all of it', () => {
  const random = createRandom(seedLimit - 1)
  const seen = new Set(Array.from({ length: 500 }, () => random.below(10)))
  assert.deepEqual([...seen].sort(), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
})

test('what is drawn is drawn once', () => {
  const drawn = draw(createRandom(1), shortWords, shortWords.length)
  assert.deepEqual([...drawn].sort(), [...shortWords].sort())
  assert.notDeepEqual(drawn, shortWords)
})

test('words are short, different and plain', () => {
  assert.equal(new Set(shortWords).size, shortWords.length)
  for (const word of shortWords) assert.match(word, /^[a-z]{3,6}$/)
})
