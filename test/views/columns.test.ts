import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EventBody } from '../../src/event.ts'
import { boundaries } from '../../src/experiments/boundaries.ts'
import { webSocket } from '../../src/experiments/boundaries-websocket.ts'
import { createRandom } from '../../src/experiments/random.ts'
import { judge, type Result } from '../../src/experiments/run.ts'
import { cellWidth } from '../../src/views/cells.ts'
import { type ColumnsOptions, renderComparison } from '../../src/views/columns.ts'
import { control, held, type Moment, stage, words } from '../experiments/staged.ts'
import { wire, wsControl, wsHeld } from '../experiments/staged-websocket.ts'
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

const remote = { address: '127.0.0.1', port: 9000, family: 'IPv4' } as const

function datagram(direction: 'sent' | 'received', text: string): EventBody {
  const payload = Buffer.from(text)
  return { kind: 'datagram', direction, size: payload.length, remote, payload }
}

/** Each is received; in the second trial one is empty, one is lost and two change places. */
const inOrder = words.flatMap((word, index): readonly Moment[] => [
  [index + 1, 'client', datagram('sent', word)],
  [index + 1, 'server', datagram('received', word)],
])
const lossy: readonly Moment[] = [
  ...['oak', '', 'heron', 'plum', 'meadow'].map(
    (word, index): Moment => [index + 1, 'client', datagram('sent', word)],
  ),
  [6, 'client', { kind: 'note', text: 'simulated: one is lost, two change places' }],
  ...['oak', '', 'plum', 'heron'].map((word): Moment => [6, 'server', datagram('received', word)]),
]
const udp = {
  ...judge({ ...part, claims: [] }, stage(inOrder, lossy)),
  transport: 'udp',
  title: 'UDP · datagrams',
  explanation: 'A datagram arrives whole or not at all.',
} as const

const messages = judge(webSocket(words), stage(wsControl(), wsHeld()))
/** While held, the first read cuts a frame; one message is lost, and one is cut. */
const stream = words.map(wire).join('')
const brokenMessages = judge(
  webSocket(words),
  stage(
    wsControl(),
    wsHeld([
      [stream.slice(0, 15), ['oak']],
      [stream.slice(15), ['hero', 'plum', 'meadow']],
    ]),
  ),
)

function screen(columns: readonly Result[], options: Partial<ColumnsOptions> = {}): string {
  const name = 'boundaries'
  const question = 'Five writes go into a connection. Do five reads come out?'
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
  ['compare-80-udp.txt', [udp], {}],
  ['compare-120-udp-color.txt', [udp], { width: 120, color: true }],
  ['compare-40-udp.txt', [udp], { width: 40 }],
  ['compare-80-websocket.txt', [messages], {}],
  ['compare-80-websocket-color.txt', [messages], { color: true }],
  ['compare-120-websocket.txt', [messages], { width: 120 }],
  ['compare-120-websocket-color.txt', [messages], { width: 120, color: true }],
  ['compare-40-websocket.txt', [messages], { width: 40 }],
  ['compare-80-websocket-sabotaged.txt', [brokenMessages], {}],
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
    for (const line of screen([sabotaged, udp, absent, messages, brokenMessages], { width }).split('\n')) {
      if (line.includes('sockpit ')) continue
      assert.ok(cellWidth(line) <= width, `${width}: ${line}`)
    }
  }
})

test('columns: bytes of a peer cannot act on the terminal', () => {
  const evil = judge(part, stage(control(['\x1b[2J', '\u202eevil']), held(['\x1b]0;x\x07'])))
  assert.doesNotMatch(screen([evil]), /[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/)
})
