import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { columnLines, sectionLines, widest } from '../../src/help/layout.ts'
import { lines, section, type Term, terms } from '../../src/help/section.ts'
import { topics } from '../../src/help/topics.ts'
import { cellWidth } from '../../src/views/cells.ts'
import { createPalette } from '../../src/views/palette.ts'

const palette = createPalette(false)

describe('terms', () => {
  const rows: readonly Term[] = [
    ['/quit', 'end'],
    ['→', 'sent, and a few more words of it'],
  ]

  test('stand before their meanings, in cells', () => {
    assert.deepEqual(columnLines(rows, { width: 36 + 9 }), [
      '  /quit  end',
      '  →      sent, and a few more words of it',
    ])
  })

  test('a long one stands in a line of its own, its meaning in the column of the others', () => {
    const long: Term = ['/a-verb [WITH] [MUCH] [AFTER] [IT]', 'does it']
    assert.deepEqual(columnLines([...rows.slice(0, 1), long], { width: 80 }), [
      '  /quit  end',
      '  /a-verb [WITH] [MUCH] [AFTER] [IT]',
      '         does it',
    ])
  })

  test('where there is little room, the column is the one of the short ones', () => {
    const flags: readonly Term[] = [['-4, --ipv4 <and more>', 'IPv4 only'], ...rows]
    assert.deepEqual(columnLines(flags, { width: 40 }), [
      '  -4, --ipv4 <and more>',
      '         IPv4 only',
      '  /quit  end',
      '  →      sent, and a few more words of',
      '         it',
    ])
  })
})

test('sections have headings, blocks apart from each other, and one column for all terms', () => {
  const sections = [
    section('One', 'A text.', terms([['a', 'first']])),
    section('Two', terms([['longer', 'second']]), lines('  as it is')),
  ]
  assert.deepEqual(sectionLines(sections, { width: 80, palette }), [
    '',
    'One',
    '  A text.',
    '',
    '  a       first',
    '',
    'Two',
    '  longer  second',
    '',
    '    as it is',
  ])
})

describe('every topic but the manual page', () => {
  for (const topic of topics.filter(({ name }) => name !== 'man')) {
    test(`${topic.name} keeps to the width, and says the same at each`, async () => {
      const words = async (width: number) => {
        const text = await topic.write({ width, palette, version: '1.2.3' })
        for (const line of text.split('\n')) {
          assert.ok(cellWidth(line) <= Math.min(width, widest), `${width}: ${line}`)
          assert.doesNotMatch(line, / $/)
        }
        return text.split(/\s+/)
      }
      const expected = await words(120)
      assert.ok(expected.length > 50)
      for (const width of [40, 60, 80, 100, 300]) assert.deepEqual(await words(width), expected, `${width}`)
    })
  }
})
