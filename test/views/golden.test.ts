import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Event, Transport } from '../../src/event.ts'
import { createHexView } from '../../src/views/hex.ts'
import { createJsonView, eventFields } from '../../src/views/json.ts'
import { createLogView, type LogOptions } from '../../src/views/log.ts'
import { createRawView } from '../../src/views/raw.ts'
import { assertGolden } from './golden.ts'
import { recorded, renderAll } from './recorded.ts'
import { recordedUdp } from './recorded-udp.ts'
import { recordedWebSocket } from './recorded-websocket.ts'

function log(events: readonly Event[], width: number, options: Partial<LogOptions> = {}): string {
  const view = createLogView({
    transport: 'tcp',
    width: () => width,
    color: false,
    time: 'elapsed',
    show: 256,
    verbosity: 1,
    startedAt: new Date(2026, 0, 2, 14, 3, 18),
    ...options,
  })
  return renderAll(view, events).toString()
}

test('the recorded sessions hold every kind of event', () => {
  const kinds = [...recorded, ...recordedUdp, ...recordedWebSocket].map(({ kind }) => kind)
  assert.deepEqual(new Set(kinds), new Set(Object.keys(eventFields)))
})

type LogCase = readonly [name: string, width: number, options: Partial<LogOptions>]

const logs: readonly LogCase[] = [
  ['log-80.txt', 80, {}],
  ['log-80-color.txt', 80, { color: true }],
  ['log-120.txt', 120, {}],
  ['log-120-color.txt', 120, { color: true }],
  ['log-50.txt', 50, {}],
  ['log-80-quiet.txt', 80, { verbosity: 0, time: 'none', show: 16 }],
]

const times: readonly LogCase[] = [
  ['log-80-clock.txt', 80, { verbosity: 0, time: 'clock', show: 16 }],
  ['log-80-delta.txt', 80, { verbosity: 0, time: 'delta', show: 16 }],
]

const anatomy: readonly LogCase[] = [
  ['log-80-vv.txt', 80, { verbosity: 2 }],
  ['log-80-vv-color.txt', 80, { verbosity: 2, color: true }],
  ['log-120-vv.txt', 120, { verbosity: 2 }],
  ['log-50-vv.txt', 50, { verbosity: 2 }],
  ['log-80-calm.txt', 80, { verbosity: 0 }],
  ['log-80-calm-color.txt', 80, { verbosity: 0, color: true }],
]

const webSocket = [...logs, ...anatomy].map(
  ([name, width, options]): LogCase => [name, width, { transport: 'websocket', ...options }],
)

for (const [name, width, options] of webSocket) {
  test(`websocket: ${name}`, () => assertGolden(`ws-${name}`, log(recordedWebSocket, width, options)))
}

test('websocket: colour adds nothing but colour to the log', () => {
  const options = { transport: 'websocket', verbosity: 2 } as const
  const uncolored = log(recordedWebSocket, 80, { ...options, color: true }).replace(/\x1b\[\d+m/g, '')
  assert.equal(uncolored, log(recordedWebSocket, 80, options))
})

const sessions: readonly (readonly [Transport, string, readonly Event[], readonly LogCase[]])[] = [
  ['tcp', '', recorded, [...logs, ...times]],
  ['udp', 'udp-', recordedUdp, logs],
]

for (const [transport, prefix, events, cases] of sessions) {
  for (const [name, width, options] of cases) {
    test(`${transport}: ${name}`, () => assertGolden(`${prefix}${name}`, log(events, width, options)))
  }

  test(`${transport}: colour adds nothing but colour to the log`, () => {
    const uncolored = log(events, 80, { color: true }).replace(/\x1b\[\d+m/g, '')
    assert.equal(uncolored, log(events, 80))
  })

  test(`${transport}: hex`, () => {
    assertGolden(`${prefix}hex.txt`, renderAll(createHexView({ color: false, transport }), events))
    assertGolden(`${prefix}hex-color.txt`, renderAll(createHexView({ color: true, transport }), events))
  })

  test(`${transport}: raw`, () => {
    assertGolden(`${prefix}raw.bin`, renderAll(createRawView({ terminal: false, transport }), events))
    assertGolden(`${prefix}raw-terminal.txt`, renderAll(createRawView({ terminal: true, transport }), events))
  })

  test(`${transport}: json`, () => {
    assertGolden(`${prefix}json.txt`, renderAll(createJsonView(), events))
  })
}
