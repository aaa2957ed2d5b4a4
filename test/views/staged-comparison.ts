/** Comparisons as they might have come out, to be drawn. */
import assert from 'node:assert/strict'
import type { Direction, EventBody, Transport } from '../../src/event.ts'
import { boundaries } from '../../src/experiments/boundaries.ts'
import type { Part } from '../../src/experiments/experiment.ts'
import { createRandom } from '../../src/experiments/random.ts'
import { judge } from '../../src/experiments/run.ts'
import type { AbsentColumn, ComparedColumn, Happening } from '../../src/views/comparison.ts'
import { acceptOf } from '../../src/wire/handshake-response.ts'
import type { Header } from '../../src/wire/http-head.ts'
import { bytes, control, held, type Moment, stage, words } from '../experiments/staged.ts'
import { wire, wsControl, wsHeld } from '../experiments/staged-websocket.ts'

export type Column = ComparedColumn | AbsentColumn

const here = { address: '127.0.0.1', port: 9000, family: 'IPv4' } as const
const there = { address: '127.0.0.1', port: 51_812, family: 'IPv4' } as const

/** The plan of boundaries, with the words that are staged typed by hand. */
function partOf(transport: Transport): Part {
  const part = boundaries.plan(createRandom(7)).find((one) => one.transport === transport)
  assert.ok(part !== undefined && !('because' in part))
  const typed = new Map([...new Set(part.byHand.filter(isWord))].map(({ line }, at) => [line, words[at]]))
  return {
    ...part,
    byHand: part.byHand.map((step) => ({ ...step, line: typed.get(step.line) ?? step.line })),
  }
}

function isWord({ does, line }: Part['byHand'][number]): boolean {
  return does === 'type' && /^[a-z]+$/.test(line)
}

function datagram(direction: Direction, text: string): EventBody {
  const payload = Buffer.from(text)
  return { kind: 'datagram', direction, size: payload.length, remote: here, payload }
}

const datagrams = words.flatMap((word, index): readonly Moment[] => [
  [index + 1, 'client', datagram('sent', word)],
  [index + 1, 'server', datagram('received', word)],
])
const heldDatagrams: readonly Moment[] = [
  [1, 'server', { kind: 'process', what: 'stopped' }],
  ...words.map((word, index): Moment => [index + 2, 'client', datagram('sent', word)]),
  [7, 'server', { kind: 'process', what: 'continued' }],
  ...words.map((word): Moment => [7, 'server', datagram('received', word)]),
]
/** One is empty, one is lost, and two change places. */
const lossy: readonly Moment[] = [
  ...['oak', '', 'heron', 'plum', 'meadow'].map(
    (word, index): Moment => [index + 1, 'client', datagram('sent', word)],
  ),
  [6, 'client', { kind: 'note', text: 'simulated: one is lost, two change places' }],
  ...['oak', '', 'plum', 'heron'].map((word): Moment => [6, 'server', datagram('received', word)]),
]

export const tcp = judge(partOf('tcp'), stage(control(), held()))
export const udp = judge(partOf('udp'), stage(datagrams, heldDatagrams))
export const webSocket = judge(partOf('websocket'), stage(wsControl(), wsHeld()))

/** A byte is lost, the control joins two writes, and there is a read for each write while held. */
export const brokenTcp = judge(
  partOf('tcp'),
  stage(control(['oakheron', ...words.slice(2)]), held([...words.slice(0, 4), 'ston'])),
)
export const lossyUdp = judge(partOf('udp'), stage(datagrams, lossy))
/** While held, the first read cuts a frame; one message is lost, and one is cut. */
const stream = words.map(wire).join('')
export const brokenWebSocket = judge(
  partOf('websocket'),
  stage(
    wsControl(),
    wsHeld([
      [stream.slice(0, 15), ['oak']],
      [stream.slice(15), ['hero', 'plum', 'meadow']],
    ]),
  ),
)
export const absent: AbsentColumn = {
  transport: 'udp',
  because: 'A datagram socket keeps every boundary: there is nothing here to be joined.',
}
export const empty = judge(partOf('tcp'), [])
export const evil = judge(partOf('tcp'), stage(control(['\x1b[2J', '\u202eevil']), held(['\x1b]0;x\x07'])))

type Told = readonly [step: number, actor: string, body: EventBody, socket?: string]

function heard(trial: string | undefined, told: readonly Told[]): readonly Happening[] {
  return told.map(([step, actor, body, socket = actor], at) => ({
    actor,
    trial,
    step,
    heardAt: at,
    event: { ...body, seq: at + 1, at, socket },
  }))
}

const claims = [
  { text: 'Nothing is lost.', verdict: 'observed', figures: '3 writes, 3 reads, both sha256 3f9c21ab' },
] as const
const run = (line: string) => ({ terminal: 1, does: 'run', line }) as const

function opened(transport: 'tcp', isClient: boolean): EventBody {
  const ends = isClient ? { local: there, remote: here } : { local: here, remote: there }
  return { kind: 'opened', transport, ...ends, ...(isClient && { tookMs: 1.2 }) }
}

const key = 'dGhlIHNhbXBsZSBub25jZQ=='

function head(kind: 'request' | 'response', direction: Direction): EventBody & { readonly payload: Buffer } {
  const start = kind === 'request' ? 'GET / HTTP/1.1' : 'HTTP/1.1 101 Switching Protocols'
  const headers: readonly Header[] =
    kind === 'request'
      ? [
          ['Host', '127.0.0.1:9000'],
          ['Upgrade', 'websocket'],
          ['Connection', 'Upgrade'],
          ['Sec-WebSocket-Key', key],
          ['Sec-WebSocket-Version', '13'],
        ]
      : [
          ['Upgrade', 'websocket'],
          ['Connection', 'Upgrade'],
          ['Sec-WebSocket-Accept', acceptOf(key)],
        ]
  const lines = [start, ...headers.map(([name, value]) => `${name}: ${value}`)]
  const payload = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`)
  const rest = { direction, headers, version: 'HTTP/1.1', size: payload.length, payload }
  return kind === 'request'
    ? { kind, method: 'GET', target: '/', ...rest }
    : { kind, status: 101, reason: 'Switching Protocols', tookMs: 2.5, ...rest }
}

/** The write, or the read, that brought a head. */
function headBytes(kind: 'request' | 'response', direction: Direction): EventBody {
  const { payload } = head(kind, direction)
  return bytes(direction, payload.toString())
}

function webSocketOpened(isClient: boolean): EventBody {
  const ends = isClient ? { local: there, remote: here } : { local: here, remote: there }
  return { kind: 'opened', transport: 'websocket', ...ends, target: '/', tookMs: 3.1 }
}

const connecting: EventBody = { kind: 'connecting', remote: here, attempt: 1, attempts: 1 }
const trials = [{ name: 'open', title: 'the client opens, and sends a word' }] as const

/** What the ends learn of an opening, over each transport. */
export const handshake: readonly Column[] = [
  {
    transport: 'tcp',
    trials,
    claims,
    byHand: [run('sockpit tcp-server')],
    heard: heard('open', [
      [1, 'client', connecting],
      [1, 'server', opened('tcp', false), 'server#1'],
      [1, 'client', opened('tcp', true)],
      [2, 'server', bytes('received', 'oak'), 'server#1'],
      [2, 'client', bytes('sent', 'oak')],
    ]),
  },
  {
    transport: 'udp',
    trials,
    claims,
    byHand: [run('sockpit udp-server')],
    heard: heard('open', [
      [1, 'client', { kind: 'opened', transport: 'udp', local: there, remote: here, connected: true }],
      [2, 'client', datagram('sent', 'oak')],
      [2, 'server', { kind: 'peer', remote: there }],
      [2, 'server', datagram('received', 'oak')],
    ]),
  },
  {
    transport: 'websocket',
    showsUpgrade: true,
    trials,
    claims,
    byHand: [run('sockpit ws-echo --hold --no-compress')],
    heard: heard('open', [
      [1, 'client', connecting],
      [1, 'client', opened('tcp', true)],
      [1, 'server', opened('tcp', false), 'server#1'],
      [1, 'server', headBytes('request', 'received'), 'server#1'],
      [1, 'server', head('request', 'received'), 'server#1'],
      [1, 'server', headBytes('response', 'sent'), 'server#1'],
      [1, 'server', head('response', 'sent'), 'server#1'],
      [1, 'server', webSocketOpened(false), 'server#1'],
      [1, 'client', headBytes('request', 'sent')],
      [1, 'client', head('request', 'sent')],
      [1, 'client', headBytes('response', 'received')],
      [1, 'client', head('response', 'received')],
      [1, 'client', webSocketOpened(true)],
    ]),
  },
]

const many = { length: 2_000 }
const thousand = 'x'.repeat(1_000)

/** Far more than a person wants to see one by one. */
export const thousands: readonly Column[] = [
  {
    transport: 'tcp',
    trials: [{ name: 'deaf', title: 'the server does not read' }],
    claims,
    byHand: [run('sockpit tcp-server --hold')],
    heard: heard('deaf', [
      [1, 'server', { kind: 'paused' }],
      ...Array.from(many, (): Told => [2, 'client', bytes('sent', thousand)]),
      [2, 'client', { kind: 'stalled', queued: 1_200_000 }],
      [3, 'server', { kind: 'resumed' }],
      ...Array.from({ length: 31 }, (): Told => [3, 'server', bytes('received', 'x'.repeat(64_516))]),
    ]),
  },
  {
    transport: 'udp',
    trials: [{ name: 'deaf', title: 'the server does not read' }],
    claims,
    byHand: [run('sockpit udp-server')],
    heard: heard('deaf', [
      [1, 'server', { kind: 'process', what: 'stopped' }],
      ...Array.from(many, (): Told => [2, 'client', datagram('sent', thousand)]),
      [3, 'server', { kind: 'process', what: 'continued' }],
      ...Array.from({ length: 212 }, (): Told => [3, 'server', datagram('received', thousand)]),
    ]),
  },
]

const clients = ['ann', 'ben', 'cleo'] as const
const trio = [{ name: 'each', title: 'a word from each, and an answer' }] as const

function connected(name: string, at: number): readonly Told[] {
  const near = { ...there, port: 50_001 + at }
  const transport = { kind: 'opened', transport: 'tcp' } as const
  return [
    [0, name, { ...transport, local: near, remote: here, tookMs: 1 }],
    [0, 'server', { ...transport, local: here, remote: near }, `server#${at + 1}`],
  ]
}

/** Three of them and one server, which tells them apart by their sockets, or by their ports. */
export const threeClients: readonly Column[] = [
  {
    transport: 'tcp',
    left: clients,
    trials: trio,
    claims,
    byHand: [run('sockpit tcp-server')],
    heard: [
      ...heard(undefined, clients.flatMap(connected)),
      ...heard(
        'each',
        clients.flatMap((name, at): readonly Told[] => [
          [at + 1, 'server', bytes('received', name), `server#${at + 1}`],
          [at + 1, name, bytes('sent', name)],
          [at + 1, name, bytes('received', `${name}!`)],
          [at + 1, 'server', bytes('sent', `${name}!`), `server#${at + 1}`],
        ]),
      ),
    ],
  },
  {
    transport: 'udp',
    left: clients,
    trials: trio,
    claims,
    byHand: [run('sockpit udp-server')],
    heard: heard(
      'each',
      clients.flatMap((name, at): readonly Told[] => {
        const remote = { ...there, port: 50_001 + at }
        return [
          [at + 1, name, datagram('sent', name)],
          [at + 1, 'server', { ...datagram('received', name), remote } as EventBody],
          [at + 1, 'server', { ...datagram('sent', `${name}!`), remote } as EventBody],
          [at + 1, name, datagram('received', `${name}!`)],
        ]
      }),
    ),
  },
]
