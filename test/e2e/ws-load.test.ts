/** A WebSocket server under a pipelined load, every message of which a view has to show. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeEvent } from '../../src/views/json.ts'
import { residentMiB } from '../faults/memory.ts'
import { connectTo, freePort, untilListening } from './sockets.ts'
import { start } from './sockpit.ts'
import { maskedFrame, upgradeRequest } from './web-sockets.ts'

const size = 125
const payloadOf = (number: number) => `message ${number} `.padEnd(size, '.')

/** The numbers of all messages in a text, in order. */
const numbersIn = (text: string) => [...text.matchAll(/message (\d+) /g)].map(([, number]) => Number(number))

const views = {
  json: { count: 20_000, numbers: numbersOfEvents },
  log: { count: 6_000, numbers: numbersOfLines },
} as const

/** What was received, and what was sent, by the events. */
function numbersOfEvents(output: string): readonly (readonly number[])[] {
  const events = output.trimEnd().split('\n').map(decodeEvent)
  assert.ok(events.every(({ seq }, index) => seq === index + 1))
  return ['received', 'sent'].map((way) =>
    events.flatMap((event) =>
      event.kind === 'message' && event.direction === way
        ? numbersIn(Buffer.from(event.payload).toString())
        : [],
    ),
  )
}

/** The same by the lines for people, where an arrow tells the way. */
function numbersOfLines(output: string): readonly (readonly number[])[] {
  const lines = output.split('\n').filter((line) => line.includes('message '))
  return ['←', '→'].map((arrow) => lines.filter((line) => line.includes(arrow)).flatMap(numbersIn))
}

for (const [view, { count, numbers }] of Object.entries(views)) {
  test(`${view}: a full output holds the sender back within bounds, and nothing is lost`, async (t) => {
    const port = await freePort(t)
    const words = ['ws-echo', `127.0.0.1:${port}`, '--no-compress', '--view', view]
    const server = start(t, words, { unread: true, env: { COLUMNS: '200' } })
    await untilListening(port)
    const before = residentMiB(server)
    const peer = await connectTo(t, port)
    peer.socket.write(upgradeRequest(port))
    await peer.has('\r\n\r\n')
    const head = peer.received.length
    for (let number = 0; number < count; number += 1) {
      peer.socket.write(maskedFrame({ opcode: 1, payload: payloadOf(number) }))
    }
    const whole = head + count * (2 + size)
    // Nobody reads what it shows: it stops reading, and so nothing comes back any more.
    for (let had = -1; had < peer.received.length; ) {
      had = peer.received.length
      await new Promise((resolve) => setTimeout(resolve, 1_000))
    }
    assert.ok(peer.received.length < whole, 'it read on')
    assert.ok(residentMiB(server) - before < 64, `${residentMiB(server) - before} MiB`)

    server.readOutput()
    await peer.has(whole)
    assert.equal((await server.interrupt()).code, 130)
    const all = Array.from({ length: count }, (_, number) => number)
    for (const shown of numbers(server.stdout.toString())) assert.deepEqual(shown, all)
  })
}
