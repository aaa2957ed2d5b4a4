import { all, hasRead, hasWritten } from '../../src/experiments/conditions.ts'
import type { Evidence, Part } from '../../src/experiments/experiment.ts'
import { whoIsWho } from '../../src/experiments/who-is-who.ts'
import { by, carried, changed, type Meant, without, withPayload } from './doctored.ts'
import { rehearse, type Sabotage } from './rehearsal.ts'

const sockets = 'One socket listens'
const each = 'Out of each socket'
const one = 'What is sent'
const addresses = 'The server has one socket'
const senders = 'Each datagram comes'

const other = (payload: Uint8Array) => payload.map((byte) => byte ^ 1)

/** What one client heard of, another one hears of, too. */
function alsoHeardBy(evidence: Evidence, meant: Meant, actor: string): Evidence {
  return evidence.flatMap((heard) => (meant(heard) ? [heard, { ...heard, actor }] : [heard]))
}

/** Everybody has the answer before the next step begins. */
const isAnswered = all(hasWritten('server', 3), ...['ann', 'ben', 'cleo'].map((name) => hasRead(name, 1)))

/** The server answers everybody where it should answer one. */
function answersAll(part: Part): Part {
  const trials = part.trials.map((trial) => ({
    ...trial,
    steps: trial.steps.map((step) =>
      'lines' in step && trial.name === 'one'
        ? { ...step, lines: step.lines.map((line) => line.replace('/to 2', '/all')), isDone: isAnswered }
        : step,
    ),
  }))
  return { ...part, trials }
}

const oneSocket: Sabotage = {
  name: 'two clients on one socket',
  claim: sockets,
  doctor: (heard) =>
    heard.map((one) =>
      one.event.socket === 'server#3' ? { ...one, event: { ...one.event, socket: 'server#1' } } : one,
    ),
}

const unanswered: Sabotage = {
  name: 'all are answered instead of one',
  claim: one,
  verdict: 'not supported here',
  alter: answersAll,
}

rehearse(whoIsWho, {
  sabotages: {
    tcp: [
      oneSocket,
      { ...oneSocket, claim: each },
      {
        name: 'a byte is another',
        claim: each,
        doctor: (heard) => withPayload(heard, carried('server', 'received'), other, 1),
      },
      {
        name: 'the first one hears the answer, too',
        claim: one,
        doctor: (heard) => alsoHeardBy(heard, carried('ben', 'received', 'one'), 'ann'),
      },
      {
        name: 'the third one hears nothing',
        claim: one,
        doctor: (heard) => without(heard, carried('cleo', 'received', 'all')),
      },
      unanswered,
    ],
    udp: [
      {
        name: 'a connection is accepted',
        claim: addresses,
        doctor: (heard) =>
          heard
            .map((one) => (by('ann', 'opened')(one) ? { ...one, actor: 'server' } : one))
            .concat(heard.filter(by('ann', 'opened'))),
      },
      {
        name: 'a fourth peer',
        claim: addresses,
        doctor: (heard) => [...heard, ...heard.filter(by('server', 'peer')).slice(0, 1)],
      },
      {
        name: 'a datagram from another address',
        claim: senders,
        doctor: (heard) =>
          changed(
            heard,
            carried('server', 'received'),
            () => ({ remote: { address: '127.0.0.1', port: 1, family: 'IPv4' } }),
            1,
          ),
      },
      {
        name: 'the datagram of another',
        claim: senders,
        doctor: (heard) => withPayload(heard, carried('server', 'received'), other, 1),
      },
      {
        name: 'one is lost',
        claim: senders,
        verdict: 'not observed this run',
        doctor: (heard) => without(heard, carried('server', 'received'), 1),
      },
      {
        name: 'the first one hears the answer, too',
        claim: one,
        doctor: (heard) => alsoHeardBy(heard, carried('ben', 'received', 'one'), 'ann'),
      },
      {
        name: 'the answer is lost',
        claim: one,
        verdict: 'not observed this run',
        doctor: (heard) => without(heard, carried('ben', 'received', 'one')),
      },
      unanswered,
    ],
    websocket: [
      oneSocket,
      {
        name: 'a message is another',
        claim: each,
        doctor: (heard) =>
          withPayload(
            heard,
            by('server', 'message', { also: ({ direction }) => direction === 'received' }),
            other,
            1,
          ),
      },
      {
        name: 'the first one hears the answer, too',
        claim: one,
        doctor: (heard) => alsoHeardBy(heard, by('ben', 'message', { trial: 'one' }), 'ann'),
      },
    ],
  },
})
