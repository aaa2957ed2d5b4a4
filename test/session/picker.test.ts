import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Picker } from '../../src/session/picker.ts'

const choices = ['all', 1, 2, 30] as const

describe('a picker', () => {
  test('marks where it begins, moves both ways and goes round', () => {
    const picker = new Picker('mean', choices, 2)
    assert.match(
      picker.row(80),
      /^mean {3}all {3}#1 {2}\[#2\] {2}#30 {3}← → choose · Enter takes it · Esc leaves$/,
    )
    for (const [name, row] of [
      ['right', /\[#30\]/],
      ['down', /\[all\]/],
      ['up', /\[#30\]/],
      ['left', /\[#2\]/],
    ] as const) {
      assert.equal(picker.take({ name }), 'moved')
      assert.match(picker.row(80), row)
    }
  })

  test('Enter takes, Escape leaves, other keys are for others', () => {
    const picker = new Picker('mean', choices, 'all')
    assert.equal(picker.take({ name: 'x', sequence: 'x' }), 'other')
    assert.equal(picker.take({ name: 'escape' }), 'left')
    picker.take({ name: 'right' })
    assert.deepEqual(picker.take({ name: 'return' }), { choice: 1 })
    assert.deepEqual(picker.take({ name: 'enter' }), { choice: 1 })
  })

  test('what is marked and no longer there begins at the first', () => {
    assert.match(new Picker<string | number>('mean', choices, 99).row(80), /\[all\]/)
  })

  test('of many choices shows those around the marked one, in any width', () => {
    const many = Array.from({ length: 200 }, (_, index) => index + 1)
    for (const marked of [1, 2, 100, 199, 200]) {
      const picker = new Picker('lines mean', many, marked)
      for (const width of [20, 40, 80, 120]) {
        const row = picker.row(width)
        assert.ok(row.length < width, `${row.length} of ${width}`)
        assert.ok(row.includes(`[#${marked}]`), row)
        if (width >= 40) assert.equal(row.includes('…'), true)
      }
    }
  })
})
