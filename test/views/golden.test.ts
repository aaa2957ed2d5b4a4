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

const logOptions: LogOptions = {
  transport: 'tcp',
  width: () => 80,
  color: false,
  time: 'elapsed',
  show: 256,
  verbosity: 1,
  isPlain: false,
  startedAt: new Date(2026, 0, 2, 14, 3, 18),
}

function log(events: readonly Event[], width: number, options: Partial<LogOptions> = {}): string {
  const view = createLogView({ ...logOptions, width: () => width, ...options })
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
  ['log-plain.txt', 80, { isPlain: true }],
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

test('plain: one line of ASCII words an event, whatever its colours', () => {
  for (const [transport, events] of [
    ['tcp', recorded],
    ['udp', recordedUdp],
    ['websocket', recordedWebSocket],
  ] as const) {
    const view = createLogView({ ...logOptions, transport, verbosity: 2, isPlain: true, color: true })
    for (const event of events) {
      const line = String(view.render(event) ?? '')
      // What a peer says may hold any character that is safe to show; what sockpit says itself holds none.
      assert.match(line, /^(?:[^\n\x1b]+\n)*$/)
      assert.doesNotMatch(line, /[→←⇥⇤‖▸●○×✗✓⇄≡┌─┐│└┘├┤┬┴┼•]/)
    }
  }
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
