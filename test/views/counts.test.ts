import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Event, EventBody } from '../../src/event.ts'
import { countsOf } from '../../src/views/counts.ts'
import { tcpColumn, udpColumn, webSocketColumn } from './staged-report.ts'

const whole = { sent: 23, received: 23 }
const stream = { messages: undefined, payload: whole, framing: 0, upgrade: 0 }

test('counts: writes and reads of each trial, and what they carried', () => {
  assert.deepEqual(countsOf(tcpColumn), [
    { trial: 'control', way: '→', writes: 5, reads: 5, ...stream },
    { trial: 'held', way: '→', writes: 5, reads: 1, ...stream },
  ])
})

test('counts: datagrams that are lost were sent all the same', () => {
  const [, held] = countsOf(udpColumn)
  assert.deepEqual([held?.writes, held?.reads, held?.payload.sent], [5, 4, 23])
  assert.deepEqual(held?.messages, { sent: 5, received: 4 })
  assert.ok((held?.payload.received ?? 23) < 23)
})

test('counts: of messages the payload, and what frames them', () => {
  const held = countsOf(webSocketColumn).find(({ trial }) => trial === 'held')
  const expected = {
    writes: 5,
    reads: 1,
    messages: { sent: 5, received: 5 },
    payload: whole,
    framing: 30,
    upgrade: 0,
  }
  assert.deepEqual(held, { trial: 'held', way: '→', ...expected })
})

test('counts: what goes back has a row of its own where it is no secret', () => {
  const { isOneWay: _, ...bothWays } = webSocketColumn
  assert.deepEqual(
    countsOf(bothWays).map(({ trial, way }) => `${trial} ${way}`),
    ['opening →', 'opening ←', 'control →', 'control ←', 'held →', 'held ←'],
  )
})

test('counts: a trial in which nothing went has a row, too', () => {
  assert.deepEqual(
    countsOf({ ...tcpColumn, heard: [] }).map(({ trial, writes }) => [trial, writes]),
    [
      ['control', 0],
      ['held', 0],
    ],
  )
})

test('counts: a control frame is framing from end to end', () => {
  const ping: EventBody = {
    kind: 'frame',
    direction: 'sent',
    ...{ fin: true, rsv1: false, rsv2: false, rsv3: false },
    opcode: 9,
    mask: '37fa213d',
    lengthForm: 7,
    ...{ length: 3, size: 3, payload: Buffer.from('fox') },
  }
  const event = { ...ping, seq: 1, at: 0, socket: 'client' } as Event
  const heard = [{ actor: 'client', trial: 'held', step: 1, heardAt: 0, event }]
  const [, held] = countsOf({ ...webSocketColumn, heard })
  assert.deepEqual([held?.framing, held?.payload.sent, held?.messages?.sent], [9, 0, 0])
})
