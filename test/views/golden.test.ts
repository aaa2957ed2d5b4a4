import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createHexView } from '../../src/views/hex.ts'
import { createJsonView, eventFields } from '../../src/views/json.ts'
import { createLogView, type LogOptions } from '../../src/views/log.ts'
import { createRawView } from '../../src/views/raw.ts'
import { assertGolden } from './golden.ts'
import { recorded, renderAll } from './recorded.ts'

function log(width: number, options: Partial<LogOptions> = {}): string {
  const view = createLogView({
    width: () => width,
    color: false,
    time: 'elapsed',
    show: 256,
    verbosity: 1,
    startedAt: new Date(2026, 0, 2, 14, 3, 18),
    ...options,
  })
  return renderAll(view, recorded).toString()
}

test('the recorded session holds every kind of event', () => {
  assert.deepEqual(new Set(recorded.map(({ kind }) => kind)), new Set(Object.keys(eventFields)))
})

const logs: readonly [string, number, Partial<LogOptions>][] = [
  ['log-80.txt', 80, {}],
  ['log-80-color.txt', 80, { color: true }],
  ['log-120.txt', 120, {}],
  ['log-120-color.txt', 120, { color: true }],
  ['log-50.txt', 50, {}],
  ['log-80-quiet.txt', 80, { verbosity: 0, time: 'none', show: 16 }],
  ['log-80-clock.txt', 80, { verbosity: 0, time: 'clock', show: 16 }],
  ['log-80-delta.txt', 80, { verbosity: 0, time: 'delta', show: 16 }],
]

for (const [name, width, options] of logs) {
  test(`log: ${name}`, () => assertGolden(name, log(width, options)))
}

test('log: colour adds nothing but colour', () => {
  const uncolored = log(80, { color: true }).replace(/\x1b\[\d+m/g, '')
  assert.equal(uncolored, log(80))
})

test('hex', () => {
  assertGolden('hex.txt', renderAll(createHexView({ color: false }), recorded))
  assertGolden('hex-color.txt', renderAll(createHexView({ color: true }), recorded))
})

test('raw', () => {
  assertGolden('raw.bin', renderAll(createRawView({ terminal: false }), recorded))
  assertGolden('raw-terminal.txt', renderAll(createRawView({ terminal: true }), recorded))
})

test('json', () => assertGolden('json.txt', renderAll(createJsonView(), recorded)))
