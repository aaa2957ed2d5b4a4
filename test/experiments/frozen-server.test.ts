import type { Evidence, Part } from '../../src/experiments/experiment.ts'
import { frozenServer } from '../../src/experiments/frozen-server.ts'
import { by, carried, changed, type Meant, repeated, without, withPayload } from './doctored.ts'
import { rehearse } from './rehearsal.ts'

const connects = 'A frozen server is connected to'
const accepts = 'The frozen server learns'
const sends = 'To open and to send'
const alike = 'Nothing tells the sender'
const upgrades = 'TCP connects and takes'
const givesUp = 'A running server answers a ping'
const learns = 'The client ends the connection'
const unsupported = 'not supported here'

const other = (payload: Uint8Array) => payload.map((byte) => byte ^ 1)
const frozen = { trial: 'frozen' }
const silent = { trial: 'silent' }
const isPong: Meant = by('client', 'frame', { also: ({ opcode }) => opcode === 10 })
const isPing: Meant = by('client', 'frame', { also: ({ opcode }) => opcode === 9 })

/** The process is never stopped. */
function thatRuns(part: Part): Part {
  const trials = part.trials.map((trial) => ({
    ...trial,
    steps: trial.steps.map((step) =>
      'process' in step && step.process === 'stop' ? { ...step, process: 'continue' as const } : step,
    ),
  }))
  return { ...part, trials }
}

/** With what is meant told as the first of its trial. */
function early(heard: Evidence, meant: Meant, trial: string): Evidence {
  const moved = heard.filter((one) => one.trial === trial && meant(one))
  const rest = heard.filter((one) => !moved.includes(one))
  const index = rest.findIndex((one) => one.trial === trial) + 1
  return [...rest.slice(0, index), ...moved, ...rest.slice(index)]
}

rehearse(frozenServer, {
  mayMiss: [givesUp],
  sabotages: {
    tcp: [
      { name: 'the server runs', claim: connects, alter: thatRuns },
      {
        name: 'it connects only when the server goes on',
        claim: connects,
        doctor: (heard) => [
          ...without(heard, by('client', 'opened', frozen)),
          ...heard.filter(by('client', 'opened', frozen)),
        ],
      },
      {
        name: 'it never connects',
        claim: connects,
        verdict: unsupported,
        doctor: (heard) => without(heard, by('client', 'opened', frozen)),
      },
      {
        name: 'the frozen server accepts',
        claim: accepts,
        doctor: (heard) => early(heard, by('server', 'opened'), 'frozen'),
      },
      {
        name: 'it is never accepted',
        claim: accepts,
        doctor: (heard) => without(heard, by('server', 'opened', frozen)),
      },
      {
        name: 'the server reads nothing',
        claim: accepts,
        doctor: (heard) => without(heard, carried('server', 'received', 'frozen')),
      },
      {
        name: 'other bytes',
        claim: 'Nothing is lost',
        doctor: (heard) => withPayload(heard, carried('server', 'received', 'frozen'), other),
      },
    ],
    udp: [
      { name: 'the server runs', claim: sends, alter: thatRuns },
      {
        name: 'the frozen server reads',
        claim: sends,
        doctor: (heard) => early(heard, carried('server', 'received'), 'frozen'),
      },
      {
        name: 'it is lost',
        claim: sends,
        verdict: 'not observed this run',
        doctor: (heard) => without(heard, carried('server', 'received', 'frozen')),
      },
      {
        name: 'the client is told something',
        claim: alike,
        doctor: (heard) => repeated(heard, by('client', 'opened', frozen)),
      },
      {
        name: 'nothing was sent',
        claim: alike,
        verdict: unsupported,
        doctor: (heard) => without(heard, carried('client', 'sent', 'frozen')),
      },
      {
        name: 'another datagram comes',
        claim: 'What arrives',
        doctor: (heard) => withPayload(heard, carried('server', 'received', 'frozen'), other),
      },
    ],
    websocket: [
      {
        name: 'a frozen server answers',
        claim: upgrades,
        doctor: (heard) => early(heard, by('client', 'response'), 'frozen'),
      },
      {
        name: 'another answer',
        claim: upgrades,
        doctor: (heard) => changed(heard, by('client', 'response', frozen), () => ({ status: 503 })),
      },
      {
        name: 'no answer at all',
        claim: upgrades,
        doctor: (heard) => without(heard, by('client', 'response', frozen)),
      },
      {
        name: 'a frozen server has a pong',
        claim: givesUp,
        doctor: (heard) => [...heard, ...heard.filter(isPong).map((one) => ({ ...one, ...silent }))],
      },
      {
        name: 'it is not given up',
        claim: givesUp,
        doctor: (heard) => without(heard, by('client', 'timeout', silent)),
      },
      {
        name: 'the running server does not answer either',
        claim: givesUp,
        verdict: 'not observed this run',
        doctor: (heard) => without(heard, isPong),
      },
      {
        name: 'nothing was asked',
        claim: givesUp,
        verdict: unsupported,
        doctor: (heard) => without(heard, isPing),
      },
      {
        name: 'the frozen server hears of the end',
        claim: learns,
        doctor: (heard) => early(heard, by('server', 'closed'), 'silent'),
      },
      {
        name: 'the server began it',
        claim: learns,
        doctor: (heard) => changed(heard, by('client', 'closed', silent), () => ({ first: 'peer' })),
      },
      {
        name: 'the server never hears of it',
        claim: learns,
        doctor: (heard) => without(heard, by('server', 'closed', silent)),
      },
    ],
  },
})
