import { closedPort } from '../../src/experiments/closed-port.ts'
import type { Part } from '../../src/experiments/experiment.ts'
import { by, carried, changed, merged, repeated, without, withPayload } from './doctored.ts'
import { rehearse, type Sabotage } from './rehearsal.ts'

const open = 'While somebody listens'
const closed = 'When nobody listens'
const says = 'The command says so'
const kernel = 'The connected socket sends, too'

/** Nobody tells the server to end. */
function thatStays(part: Part): Part {
  const trials = part.trials.map((trial) => ({
    ...trial,
    steps: trial.steps.filter((step) => 'start' in step || step.actor !== 'server'),
  }))
  return { ...part, trials }
}

const late = { trial: 'closed' }
const other = (payload: Uint8Array) => payload.map((byte) => byte ^ 1)

const ofConnections: readonly Sabotage[] = [
  {
    name: 'another error',
    claim: closed,
    doctor: (heard) => changed(heard, by('client', 'refused'), () => ({ code: 'ETIMEDOUT' })),
  },
  {
    name: 'it was not refused',
    claim: closed,
    doctor: (heard) => without(heard, by('client', 'refused')),
  },
  {
    name: 'another port was refused',
    claim: closed,
    doctor: (heard) =>
      changed(heard, by('server', 'listening'), () => ({
        local: { address: '127.0.0.1', port: 1, family: 'IPv4' },
      })),
  },
  {
    name: 'the exit code of success',
    claim: says,
    doctor: (heard) => changed(heard, by('client', 'process', late), () => ({ exitCode: 0 })),
  },
  {
    name: 'it ended without a word',
    claim: says,
    doctor: (heard) => changed(heard, by('client', 'process', late), () => ({ message: '' })),
  },
]

rehearse(closedPort, {
  mayMiss: [kernel],
  sabotages: {
    tcp: [
      ...ofConnections,
      {
        name: 'another byte arrives',
        claim: open,
        doctor: (heard) => withPayload(heard, carried('server', 'received'), other),
      },
      {
        name: 'bytes were sent although it was refused',
        claim: closed,
        doctor: (heard) => [
          ...heard,
          ...heard.filter(carried('client', 'sent')).map((one) => ({ ...one, trial: 'closed' })),
        ],
      },
      { name: 'the server stays', claim: closed, verdict: 'not supported here', alter: thatStays },
    ],
    udp: [
      {
        name: 'two datagrams in one',
        claim: open,
        doctor: (heard) => merged(heard, carried('server', 'received')),
      },
      {
        name: 'one is lost',
        claim: open,
        verdict: 'not observed this run',
        doctor: (heard) => without(heard, carried('server', 'received'), 1),
      },
      {
        name: 'the unconnected one is told of it',
        claim: closed,
        doctor: (heard) =>
          heard.flatMap((one) =>
            by('connected', 'refused')(one) ? [one, { ...one, actor: 'unconnected' }] : [one],
          ),
      },
      {
        name: 'another code',
        claim: kernel,
        doctor: (heard) => changed(heard, by('connected', 'refused'), () => ({ code: 'EHOSTUNREACH' })),
      },
      {
        name: 'more was told than counted',
        claim: kernel,
        doctor: (heard) => repeated(heard, by('connected', 'refused')),
      },
      { name: 'the server stays', claim: kernel, verdict: 'not supported here', alter: thatStays },
    ],
    websocket: [
      ...ofConnections,
      {
        name: 'another message arrives',
        claim: open,
        doctor: (heard) =>
          withPayload(
            heard,
            by('server', 'message', { also: ({ direction }) => direction === 'received' }),
            other,
          ),
      },
      {
        name: 'a request was sent although it was refused',
        claim: closed,
        doctor: (heard) => [
          ...heard,
          ...heard.filter(by('client', 'request')).map((one) => ({ ...one, trial: 'closed' })),
        ],
      },
    ],
  },
})
