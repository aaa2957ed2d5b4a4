import assert from 'node:assert/strict'
import { test } from 'node:test'
import { boundaries } from '../../src/experiments/boundaries.ts'
import { createRandom } from '../../src/experiments/random.ts'
import { judge, type Result } from '../../src/experiments/run.ts'
import { cellWidth } from '../../src/views/cells.ts'
import { type ColumnsOptions, renderComparison } from '../../src/views/columns.ts'
import { control, held, stage, words } from '../experiments/staged.ts'
import { assertGolden } from './golden.ts'

const [tcp] = boundaries.plan(createRandom(7))
assert.ok(tcp !== undefined && !('because' in tcp))
const [serverStep, clientStep, ...rest] = tcp.byHand
assert.ok(serverStep !== undefined && clientStep !== undefined)
const typed = words.map((line) => ({ terminal: 2, does: 'type', line }) as const)
const part = { ...tcp, byHand: [serverStep, clientStep, ...typed, ...rest.slice(-1)] }

const asItShouldBe = judge(part, stage(control(), held()))
/** A byte is lost, the control joins two writes, and there is a read for each write while held. */
const sabotaged = judge(
  part,
  stage(control(['oakheron', ...words.slice(2)]), held([...words.slice(0, 4), 'ston'])),
)
const absent: Result = {
  transport: 'udp',
  title: 'UDP · datagrams',
  because: 'A datagram socket keeps every boundary: there is nothing here to be joined.',
}

function screen(columns: readonly Result[], options: Partial<ColumnsOptions> = {}): string {
  const { name, question } = boundaries
  const repeat = 'sockpit compare boundaries --seed 7'
  return renderComparison({ name, question, columns, repeat }, { width: 80, color: false, ...options })
}

const screens: readonly [string, readonly Result[], Partial<ColumnsOptions>][] = [
  ['compare-80.txt', [asItShouldBe], {}],
  ['compare-80-color.txt', [asItShouldBe], { color: true }],
  ['compare-120.txt', [asItShouldBe], { width: 120 }],
  ['compare-120-color.txt', [asItShouldBe], { width: 120, color: true }],
  ['compare-40.txt', [asItShouldBe], { width: 40 }],
  ['compare-80-sabotaged.txt', [sabotaged, absent], {}],
  ['compare-80-empty.txt', [judge(part, [])], {}],
]

for (const [name, columns, options] of screens) {
  test(`columns: ${name}`, () => assertGolden(name, screen(columns, options)))
}

for (const width of [80, 120]) {
  test(`columns: at ${width} colour adds nothing but colour`, () => {
    const colored = screen([asItShouldBe], { width, color: true })
    assert.equal(colored.replace(/\x1b\[\d+m/g, ''), screen([asItShouldBe], { width }))
  })
}

test('columns: no line is wider than the screen, but what is to be pasted', () => {
  for (let width = 40; width <= 160; width += 1) {
    for (const line of screen([sabotaged, absent], { width }).split('\n')) {
      if (line.includes('sockpit ')) continue
      assert.ok(cellWidth(line) <= width, `${width}: ${line}`)
    }
  }
})

test('columns: bytes of a peer cannot act on the terminal', () => {
  const evil = judge(part, stage(control(['\x1b[2J', '\u202eevil']), held(['\x1b]0;x\x07'])))
  assert.doesNotMatch(screen([evil]), /[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/)
})
