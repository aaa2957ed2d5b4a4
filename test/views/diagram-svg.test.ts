import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EventBody } from '../../src/event.ts'
import { carriagesOf } from '../../src/views/carriage.ts'
import { inCausalOrder } from '../../src/views/causal.ts'
import type { ComparedColumn } from '../../src/views/comparison.ts'
import { drawDiagram } from '../../src/views/diagram-svg.ts'
import { layOutDiagram, type SequenceDiagram } from '../../src/views/sequence-diagram.ts'
import { bytes, control, held, type Moment } from '../experiments/staged.ts'
import { sends, wire } from '../experiments/staged-websocket.ts'
import { sabotagedColumn, tcpColumn, tcpOf, udpColumn, webSocketColumn } from './staged-report.ts'

function layOut(column: ComparedColumn, trial = 'held'): SequenceDiagram {
  const ordered = inCausalOrder(column.heard)
  return layOutDiagram(column, trial, ordered, carriagesOf(ordered))
}

function draw(column: ComparedColumn, trial = 'held'): string {
  return drawDiagram(layOut(column, trial), { id: 'one', title: 'TCP' }).markup
}

/** Where each arrow begins, and where its head points. */
function arrowsIn(svg: string): readonly (readonly number[])[] {
  const paths = svg.matchAll(
    /class="shaft" d="M([\d.]+) ([\d.]+)L[\d. ]+"\/><path class="head" d="M([\d.]+) ([\d.]+)L/g,
  )
  return Array.from(paths, (found) => found.slice(1).map(Number))
}

/** A label's text, and which row it is in. */
function rowsOf({ marks, lanes }: SequenceDiagram): readonly string[] {
  return marks
    .toSorted((one, other) => one.row - other.row)
    .map(({ lane, label: { size, text, more } }) =>
      [lanes[lane]?.name, size, text, more].filter(Boolean).join(' '),
    )
}

test('diagram: each write goes to its own read, and time runs down', () => {
  const arrows = arrowsIn(draw(tcpColumn, 'control'))
  assert.equal(arrows.length, 5)
  for (const [fromX = 0, fromY = 0, toX = 0, toY = 0] of arrows) assert.ok(toX > fromX && toY > fromY)
  assert.equal(new Set(arrows.map(([, , , toY]) => toY)).size, 5)
})

test('diagram: the writes meet in one read, and the receiver was held until then', () => {
  const diagram = layOut(tcpColumn)
  assert.deepEqual(rowsOf(diagram), [
    'server stops reading',
    'client 3 B oak',
    'client 5 B heron',
    'client 4 B plum',
    'client 6 B meadow',
    'client 5 B stone',
    'server reads again',
    'server 23 B oakheronplu…',
  ])
  assert.equal(diagram.arrows.length, 5)
  assert.equal(new Set(diagram.arrows.map(({ to }) => to)).size, 1)
  assert.deepEqual(diagram.holds, [{ lane: 1, from: 0, to: 6 }])
  const ends = arrowsIn(draw(tcpColumn)).map(([, , x = 0, y = 0]) => [x, y])
  for (const [x = 0, y = 0] of ends) {
    assert.ok(Math.abs(x - (ends[0]?.[0] ?? 0)) < 6 && Math.abs(y - (ends[0]?.[1] ?? 0)) < 6)
  }
})

test('diagram: a write fans out into its reads', () => {
  const column = tcpOf(control(), held(['oakher', 'onplummeadow', 'stone']))
  const { arrows } = layOut(column)
  const heron = arrows.filter(({ from }) => from.label.text === 'heron')
  assert.deepEqual(
    heron.map(({ to }) => to.label.text),
    ['oakher', 'onplummeadow'],
  )
})

test('diagram: a datagram that never arrives ends in a cross, and is called lost', () => {
  const { losses, arrows } = layOut(udpColumn)
  assert.deepEqual(
    losses.map(({ from, text }) => [from.label.text, text]),
    [['stone', 'lost']],
  )
  assert.equal(arrows.length, 4)
  const svg = draw(udpColumn)
  assert.equal(svg.match(/class="cross"/g)?.length, 1)
  assert.match(svg, /class="loss">.*>lost<\/text>/)
  assert.match(svg, /client 5 B stone, lost/)
  assert.doesNotMatch(draw(udpColumn, 'control'), /class="loss"/)
})

test('diagram: the lifelines change their places for nobody, and what crosses does so', () => {
  const { arrows } = layOut(udpColumn)
  const rowOf = (text: string): number => arrows.find(({ from }) => from.label.text === text)?.to.row ?? -1
  assert.ok(rowOf('plum') < rowOf('heron'))
})

test('diagram: messages stand for their frames, in brackets the read that brought them', () => {
  const diagram = layOut(webSocketColumn)
  assert.equal(diagram.arrows.length, 5)
  assert.deepEqual(
    diagram.brackets.map(({ from, to, reads, count }) => [to - from, reads.length, count]),
    [[4, 1, 5]],
  )
  assert.match(draw(webSocketColumn), /class="bracket">.*>read 53 B</)
  assert.doesNotMatch(rowsOf(diagram).join(), /upgraded/)
})

test('diagram: a fragmented message shows its frames, a single one does not', () => {
  const frame = (direction: 'sent' | 'received', opcode: number, fin: boolean, text: string): EventBody => {
    const [payload, size] = [Buffer.from(text), text.length]
    const bits = { fin, rsv1: false, rsv2: false, rsv3: false } as const
    return { kind: 'frame', direction, ...bits, opcode, lengthForm: 7, length: size, size, payload }
  }
  const moments: readonly Moment[] = [
    [1, 'client', frame('sent', 1, false, 'Hel')],
    [1, 'client', frame('sent', 9, true, 'now')],
    [1, 'client', frame('sent', 0, true, 'lo')],
    ...sends(2, 'oak'),
  ]
  const column = { ...tcpOf(moments, []), transport: 'websocket' } as const
  assert.deepEqual(rowsOf(layOut(column, 'control')), [
    'client Hel (no FIN)',
    'client ping now',
    'client lo (cont.)',
    'client 3 B oak',
  ])
})

test('diagram: of many alike, one', () => {
  const many = Array.from(
    { length: 2_000 },
    (_, index): Moment => [index, 'client', bytes('sent', 'x'.repeat(1_000))],
  )
  const reads = Array.from(
    { length: 20 },
    (): Moment => [2_000, 'server', bytes('received', 'x'.repeat(100_000))],
  )
  const diagram = layOut(tcpOf([...many, ...reads], []), 'control')
  assert.deepEqual(rowsOf(diagram), ['client 2,000 writes 2,000,000 B', 'server 20 reads 2,000,000 B'])
  assert.equal(diagram.arrows.length, 1)
  assert.match(draw(tcpOf([...many, ...reads], []), 'control'), /class="ribbon"/)
})

test('diagram: however much happens, it stays a picture', () => {
  const events = Array.from({ length: 400 }, (_, index): readonly Moment[] => [
    [index, 'client', bytes('sent', 'abc')],
    [index, 'client', { kind: 'stalled', queued: 3 }],
    [index, 'client', { kind: 'drained', tookMs: 1 }],
  ])
  const column = tcpOf(events.flat(), [])
  const diagram = layOut(column, 'control')
  assert.equal(diagram.rowCount, 29)
  assert.deepEqual(diagram.gap, { row: 20, count: 1_172 })
  assert.match(draw(column, 'control'), /⋮ 1,172 more events ⋮/)
})

test('diagram: what goes back is left out where the experiment is about one way', () => {
  const { isOneWay, ...bothWays } = webSocketColumn
  assert.equal(isOneWay, true)
  assert.equal(layOut(webSocketColumn, 'control').marks.length, 10)
  assert.equal(layOut(bothWays, 'control').marks.length, 20)
})

test('diagram: everything drawn lies in the picture', () => {
  const wide = tcpOf(control(['oakheronplum\u4e2d\u6587', 'x'.repeat(30)]), held([wire('stone')]))
  for (const column of [tcpColumn, udpColumn, webSocketColumn, sabotagedColumn, wide]) {
    for (const trial of ['control', 'held']) {
      const svg = draw(column, trial)
      const [, width = 0, height = 0] = (/viewBox="0 0 (\d+) (\d+)"/.exec(svg) ?? []).map(Number)
      for (const [, x = ''] of svg.matchAll(/ x="([^"]*)"/g))
        assert.ok(Number(x) >= 0 && Number(x) <= width, x)
      for (const [, y = ''] of svg.matchAll(/ y="([^"]*)"/g))
        assert.ok(Number(y) >= 0 && Number(y) <= height, y)
      assert.doesNotMatch(svg, /NaN|undefined|Infinity/)
    }
  }
})
