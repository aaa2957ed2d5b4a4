import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Event, EventBody } from '../../src/event.ts'
import { cellWidth } from '../../src/views/cells.ts'
import { type ColumnsOptions, renderComparison } from '../../src/views/columns.ts'
import type { Comparison } from '../../src/views/comparison.ts'
import { plainComparison } from '../../src/views/plain-comparison.ts'
import { assertGolden } from './golden.ts'
import {
  absent,
  brokenTcp,
  brokenWebSocket,
  type Column,
  empty,
  evil,
  handshake,
  lossyUdp,
  tcp,
  thousands,
  threeClients,
  udp,
  webSocket,
} from './staged-comparison.ts'

function comparisonOf(columns: readonly Column[]): Comparison {
  const name = 'boundaries'
  const question = 'Five words are sent, one by one. Do five reads bring them?'
  const explanation =
    "TCP adds each write to the end of a stream that lies in the kernel's receive buffer without a seam. " +
    'A WebSocket lives on such a stream, but each of its frames begins with its own length.'
  const repeat = 'sockpit compare boundaries --seed 7'
  return { name, question, explanation, columns, repeat }
}

function screen(columns: readonly Column[], options: Partial<ColumnsOptions> = {}): string {
  return renderComparison(comparisonOf(columns), { width: 80, color: false, ...options })
}

const all = [tcp, udp, webSocket]
const broken = [brokenTcp, absent, brokenWebSocket]

const screens: readonly [string, readonly Column[], Partial<ColumnsOptions>][] = [
  ['compare-40.txt', all, { width: 40 }],
  ['compare-40-color.txt', all, { width: 40, color: true }],
  ['compare-80.txt', all, {}],
  ['compare-80-color.txt', all, { color: true }],
  ['compare-120.txt', all, { width: 120 }],
  ['compare-120-color.txt', all, { width: 120, color: true }],
  ['compare-80-tcp.txt', [tcp], {}],
  ['compare-80-absent.txt', [tcp, absent], {}],
  ['compare-80-lossy.txt', [tcp, lossyUdp], {}],
  ['compare-80-sabotaged.txt', broken, {}],
  ['compare-120-sabotaged-color.txt', broken, { width: 120, color: true }],
  ['compare-80-empty.txt', [empty], {}],
  ['compare-40-handshake.txt', handshake, { width: 40 }],
  ['compare-80-handshake.txt', handshake, {}],
  ['compare-120-handshake.txt', handshake, { width: 120 }],
  ['compare-80-thousands.txt', thousands, {}],
  ['compare-120-thousands.txt', thousands, { width: 120 }],
  ['compare-80-clients.txt', threeClients, {}],
  ['compare-120-clients.txt', threeClients, { width: 120 }],
]

for (const [name, columns, options] of screens) {
  test(`columns: ${name}`, () => assertGolden(name, screen(columns, options)))
}

for (const width of [40, 80, 120]) {
  test(`columns: at ${width} colour adds nothing but colour`, () => {
    for (const columns of [all, broken, handshake, thousands, threeClients]) {
      const colored = screen(columns, { width, color: true })
      assert.equal(colored.replace(/\x1b\[\d+m/g, ''), screen(columns, { width }))
    }
  })
}

test('columns: no line is wider than the screen, but what is to be pasted', () => {
  for (const columns of [all, broken, [tcp, lossyUdp], handshake, thousands, threeClients]) {
    for (let width = 40; width <= 160; width += 8) {
      for (const line of screen(columns, { width }).split('\n')) {
        if (line.includes('sockpit ')) continue
        assert.ok(cellWidth(line) <= width, `${width}: ${line}`)
      }
    }
  }
})

test('columns: the rules between the columns stand under each other', () => {
  for (const columns of [all, broken, handshake, thousands, threeClients]) {
    for (const width of [80, 120]) {
      const ruled = screen(columns, { width })
        .split('\n')
        .filter((line) => line.includes('│'))
      const places = new Set(ruled.map((line) => cellWidth(line.slice(0, line.indexOf('│')))))
      assert.ok(places.size <= 1, `${width}: ${[...places]}`)
    }
  }
})

test('columns: a command line that is broken is still one', () => {
  const commands = screen(handshake, { width: 120 }).match(/sockpit ws-echo.*\n.*/)?.[0] ?? ''
  assert.match(commands, /sockpit ws-echo --hold \\\n.* {2}--no-compress/)
})

test('columns: bytes of a peer cannot act on the terminal', () => {
  assert.doesNotMatch(screen([evil]), /[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/)
})

test('columns: what is an instrument of the experiment only, is left out', () => {
  const step: readonly EventBody[] = [
    { kind: 'expected', met: true, payload: Buffer.from('oak'), tookMs: 1 },
    { kind: 'process', what: 'exited', exitCode: 0 },
    { kind: 'process', what: 'exited', exitCode: 3 },
  ]
  const heard = step.map((body, index) => ({
    actor: 'client',
    trial: 'control',
    step: 1,
    heardAt: index,
    event: { ...body, seq: index + 1, at: 0, socket: 'process' } as Event,
  }))
  const drawn = screen([{ ...tcp, heard }])
  assert.match(drawn, /× exit code 3\n/)
  assert.doesNotMatch(drawn, /exit code 0|expectation/)
})

const plain: readonly [string, readonly Column[]][] = [
  ['compare-plain.txt', all],
  ['compare-plain-sabotaged.txt', broken],
  ['compare-plain-clients.txt', threeClients],
]

for (const [name, columns] of plain) {
  test(`plain: ${name}`, () => {
    const text = plainComparison(comparisonOf(columns))
    assertGolden(name, text)
    assert.doesNotMatch(text, /[→←─│┌┐└┘✓✗○‖▸]/)
  })
}

test('plain: bytes of a peer cannot act on the terminal', () => {
  assert.doesNotMatch(plainComparison(comparisonOf([evil])), /[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/)
})
