import type { Part } from '../../src/experiments/experiment.ts'
import { sentIsNotRead } from '../../src/experiments/sent-is-not-read.ts'
import { by, carried, changed, merged, repeated, without, withPayload } from './doctored.ts'
import { rehearse, type Sabotage } from './rehearsal.ts'

const taken = 'The kernel takes all of it'
const notRead = 'When the kernel has it'
const other = (payload: Uint8Array) => payload.map((byte) => byte ^ 1)

/** The server is never held, and goes on reading. */
function thatReads(part: Part): Part {
  const trials = part.trials.map((trial) => ({
    ...trial,
    steps: trial.steps.filter((step) => 'start' in step || step.actor === 'client'),
  }))
  return { ...part, trials }
}

const anywhere: readonly Sabotage[] = [
  {
    name: 'a write that is not told',
    claim: taken,
    doctor: (heard) => without(heard, carried('client', 'sent', 'held')),
    verdict: 'not supported here',
  },
  {
    name: 'more is written than the kernel took',
    claim: taken,
    doctor: (heard) =>
      withPayload(heard, carried('client', 'sent', 'held'), (payload) => Buffer.concat([payload, payload])),
  },
  {
    name: 'nothing was asked of the sender',
    claim: taken,
    doctor: (heard) => without(heard, by('client', 'stats', { trial: 'held' })),
    verdict: 'not supported here',
  },
  {
    name: 'nothing was read in the control',
    claim: notRead,
    doctor: (heard) => without(heard, carried('server', 'received', 'control')),
    verdict: 'not supported here',
  },
  {
    name: 'it was read before the kernel had it',
    claim: notRead,
    doctor: (heard) => {
      const read = heard.filter(carried('server', 'received', 'held'))
      const index = heard.findIndex(by('client', 'stats', { trial: 'held' }))
      return [...heard.slice(0, index), ...read, ...heard.slice(index)]
    },
  },
  {
    name: 'it never comes',
    claim: notRead,
    doctor: (heard) => without(heard, carried('server', 'received', 'held')),
    verdict: 'not observed this run',
  },
  { name: 'the server is not held', claim: notRead, alter: thatReads },
]

const waiting: Sabotage = {
  name: 'something waits in the process',
  claim: taken,
  doctor: (heard) =>
    changed(heard, by('client', 'stats', { trial: 'held' }), (event) =>
      event.kind === 'stats' && event.transport !== 'udp'
        ? Object.assign({}, event, { peers: event.peers.map((peer) => ({ ...peer, queued: 7 })) })
        : {},
    ),
}

const counted: Sabotage = {
  name: 'the server has counted a read that it did not tell',
  claim: notRead,
  doctor: (heard) =>
    without(heard, carried('server', 'received', 'control'), 1).concat(
      heard.filter(carried('server', 'received', 'control')).slice(0, 1),
    ),
}

rehearse(sentIsNotRead, {
  sabotages: {
    tcp: [
      ...anywhere,
      waiting,
      {
        name: 'a read is lost',
        claim: 'Nothing is lost',
        doctor: (heard) => without(heard, carried('server', 'received', 'held')),
      },
      {
        name: 'other bytes',
        claim: 'Nothing is lost',
        doctor: (heard) => withPayload(heard, carried('server', 'received', 'held'), other),
      },
      counted,
    ],
    udp: [
      ...anywhere,
      {
        name: 'one waits in the process',
        claim: taken,
        doctor: (heard) =>
          changed(heard, by('client', 'stats', { trial: 'held' }), (event) =>
            event.kind === 'stats' && event.transport === 'udp'
              ? Object.assign({}, event, { total: { ...event.total, unsent: 1 } })
              : {},
          ),
      },
      {
        name: 'another datagram comes',
        claim: 'What arrives is a datagram',
        doctor: (heard) => withPayload(heard, carried('server', 'received', 'held'), other),
      },
      {
        name: 'it comes twice',
        claim: 'What arrives is a datagram',
        doctor: (heard) => repeated(heard, carried('server', 'received', 'held')),
      },
    ],
    websocket: [
      ...anywhere,
      waiting,
      {
        name: 'two messages become one',
        claim: 'Every message arrives',
        doctor: (heard) =>
          merged(
            repeated(
              heard,
              by('server', 'message', { trial: 'held', also: ({ direction }) => direction === 'received' }),
            ),
            by('server', 'message', { trial: 'held', also: ({ direction }) => direction === 'received' }),
          ),
      },
    ],
  },
})
