/** Comparisons as they might have come out: of staged evidence, so that their pages are the same in every run. */
import type { EventBody } from '../../src/event.ts'
import { boundaries } from '../../src/experiments/boundaries.ts'
import type { Evidence, Part } from '../../src/experiments/experiment.ts'
import { createRandom } from '../../src/experiments/random.ts'
import { judge } from '../../src/experiments/run.ts'
import type { ComparedColumn, Comparison } from '../../src/views/comparison.ts'
import { control, held, type Moment, stage, words } from '../experiments/staged.ts'
import { wsControl, wsHeld } from '../experiments/staged-websocket.ts'

const parts = boundaries.plan(createRandom(7)).filter((column): column is Part => !('because' in column))

/** What is staged is not what was planned: what a person types has to be. */
function staged(transport: Part['transport'], evidence: Evidence): ComparedColumn {
  const part = parts.find((one) => one.transport === transport)
  if (part === undefined) throw new Error(`boundaries has no ${transport}`)
  const byHand = part.byHand.filter(({ does, line }) => does === 'run' || line.startsWith('/'))
  return { ...judge(part, evidence), byHand }
}

const remote = { address: '127.0.0.1', port: 9000, family: 'IPv4' } as const

function datagram(direction: 'sent' | 'received', text: string): EventBody {
  const payload = Buffer.from(text)
  return { kind: 'datagram', direction, size: payload.length, remote, payload }
}

/** Each is received. */
const inOrder = words.flatMap((word, index): readonly Moment[] => [
  [index + 1, 'client', datagram('sent', word)],
  [index + 1, 'server', datagram('received', word)],
])

/** All are sent while the server stands still; one is lost, and two change places. */
const lossy: readonly Moment[] = [
  [1, 'server', { kind: 'process', what: 'stopped' }],
  ...words.map((word, index): Moment => [index + 2, 'client', datagram('sent', word)]),
  [7, 'server', { kind: 'process', what: 'continued' }],
  ...['oak', 'plum', 'heron', 'meadow'].map((word): Moment => [7, 'server', datagram('received', word)]),
]

/** The key and the accept of RFC 6455 §1.3. */
const upgrade: Evidence = (
  [
    {
      kind: 'request',
      direction: 'sent',
      method: 'GET',
      target: '/',
      version: 'HTTP/1.1',
      headers: [
        ['Host', '127.0.0.1:9001'],
        ['Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ=='],
      ],
      size: 80,
      payload: Buffer.from(''),
    },
    {
      kind: 'response',
      direction: 'received',
      version: 'HTTP/1.1',
      status: 101,
      reason: 'Switching Protocols',
      headers: [['Sec-WebSocket-Accept', 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=']],
      size: 90,
      payload: Buffer.from(''),
      tookMs: 1,
    },
  ] satisfies EventBody[]
).map((body, index) => ({
  actor: 'client',
  trial: undefined,
  step: 0,
  heardAt: index,
  event: { ...body, seq: index + 1, at: index, socket: 'client' },
}))

export const tcpColumn = staged('tcp', stage(control(), held()))
export const udpColumn = staged('udp', stage(inOrder, lossy))
export const webSocketColumn = staged('websocket', [...upgrade, ...stage(wsControl(), wsHeld())])

/** A byte is lost, and the control joins two writes. */
export const sabotagedColumn = staged(
  'tcp',
  stage(control(['oakheron', ...words.slice(2)]), held([...words.slice(0, 4), 'ston'])),
)

export function tcpOf(inControl: readonly Moment[], inHeld: readonly Moment[]): ComparedColumn {
  return staged('tcp', stage(inControl, inHeld))
}

export function comparisonOf(columns: Comparison['columns'], more: Partial<Comparison> = {}): Comparison {
  const { name, question } = boundaries
  const explanation = 'A stream has no seams. A datagram has nothing else.'
  return { name, question, explanation, columns, repeat: 'sockpit compare boundaries --seed 7', ...more }
}

export const about = {
  version: '1.2.3',
  date: new Date(Date.UTC(2026, 1, 3, 4, 5, 6)),
  platform: 'linux, Node 20',
}
