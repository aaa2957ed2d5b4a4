import { deafReceiver } from '../../src/experiments/deaf-receiver.ts'
import type { Evidence, Part } from '../../src/experiments/experiment.ts'
import { by, carried, changed, type Meant, merged, repeated, without, withPayload } from './doctored.ts'
import { rehearse, type Sabotage } from './rehearsal.ts'

const stops = 'While nobody reads, a write says stop'
const lasts = 'While the server reads, no stop lasts'
const sent = 'Every send succeeds'
const most = 'While nobody reads, most of them are dropped'
const survivors = 'What survives is whole'
const sum = 'The kernel counts what it drops'
const unsupported = 'not supported here'
const missed = 'not observed this run'

const other = (payload: Uint8Array) => payload.map((byte) => byte ^ 1)
const deaf = { trial: 'deaf' }
const isReceived: Meant = by('server', 'message', {
  trial: 'deaf',
  also: ({ direction }) => direction === 'received',
})

/** The server's process is never stopped. */
function thatReads(part: Part): Part {
  const trials = part.trials.map((trial) => ({
    ...trial,
    steps: trial.steps.filter((step) => !('process' in step)),
  }))
  return { ...part, trials }
}

/** Everything that was meant, in the other order. */
function backwards(heard: Evidence, meant: Meant): Evidence {
  const left = heard.filter(meant)
  return heard.map((one) => (meant(one) ? (left.pop() ?? one) : one))
}

const ofStreams: readonly Sabotage[] = [
  {
    name: 'no write says stop',
    claim: stops,
    verdict: missed,
    doctor: (heard) => without(heard, by('client', 'stalled', deaf)),
  },
  {
    name: 'the server is not held',
    claim: stops,
    doctor: (heard) => without(heard, by('server', 'paused', deaf)),
  },
  {
    name: 'the server reads while it is held',
    claim: stops,
    doctor: (heard) => without(heard, by('server', 'resumed', deaf)),
  },
  {
    name: 'the stop never ends',
    claim: stops,
    doctor: (heard) => without(heard, by('client', 'drained', deaf)),
  },
  {
    name: 'in the control a stop lasts',
    claim: lasts,
    doctor: (heard) => [
      ...heard,
      ...heard.filter(by('client', 'stalled', deaf)).map((one) => ({ ...one, trial: 'control' })),
    ],
  },
  {
    name: 'in the control the server has to be released',
    claim: lasts,
    doctor: (heard) => [
      ...heard,
      ...heard.filter(by('server', 'resumed', deaf)).map((one) => ({ ...one, trial: 'control' })),
    ],
  },
  {
    name: 'in the control not everything is read',
    claim: lasts,
    doctor: (heard) => without(heard, carried('server', 'received', 'control'), 1),
  },
]

rehearse(deafReceiver, {
  mayMiss: [stops, most, survivors, sum],
  sabotages: {
    tcp: [
      ...ofStreams,
      {
        name: 'a read is lost',
        claim: 'Nothing is lost',
        doctor: (heard) => without(heard, carried('server', 'received', 'deaf'), 1),
      },
      {
        name: 'other bytes',
        claim: 'Nothing is lost',
        doctor: (heard) => withPayload(heard, carried('server', 'received', 'deaf'), other, 1),
      },
    ],
    udp: [
      {
        name: 'a send fails',
        claim: sent,
        doctor: (heard) => without(heard, carried('client', 'sent', 'deaf'), 1),
      },
      {
        name: 'some were never sent',
        claim: sent,
        doctor: (heard) =>
          changed(heard, by('client', 'stats', deaf), (event) =>
            event.kind === 'stats' && event.transport === 'udp'
              ? { ...event, total: { ...event.total, unsent: 1 } }
              : {},
          ),
      },
      { name: 'the server reads', claim: most, alter: thatReads },
      {
        name: 'nothing is dropped',
        claim: most,
        verdict: missed,
        doctor: (heard) => [
          ...without(heard, carried('server', 'received', 'deaf')),
          ...heard.filter(carried('client', 'sent', 'deaf')).map(
            (one) =>
              ({
                ...one,
                actor: 'server',
                event: { ...one.event, direction: 'received' },
              }) as (typeof heard)[number],
          ),
        ],
      },
      {
        name: 'two become one',
        claim: survivors,
        doctor: (heard) => merged(heard, carried('server', 'received', 'deaf')),
      },
      {
        name: 'another datagram comes',
        claim: survivors,
        doctor: (heard) => withPayload(heard, carried('server', 'received', 'deaf'), other, 1),
      },
      {
        name: 'one comes twice',
        claim: survivors,
        doctor: (heard) => repeated(heard, carried('server', 'received', 'deaf')),
      },
      {
        name: 'in another order',
        claim: survivors,
        verdict: missed,
        doctor: (heard) => backwards(heard, carried('server', 'received', 'deaf')),
      },
      {
        name: 'one is lost that nobody counts',
        claim: sum,
        doctor: (heard) => without(heard, carried('server', 'received', 'deaf'), 1),
      },
      {
        name: 'nobody counts',
        claim: sum,
        verdict: unsupported,
        doctor: (heard) =>
          changed(heard, by('server', 'stats'), (event) => {
            if (event.kind !== 'stats' || event.transport !== 'udp') return {}
            const { dropped: _, ...total } = event.total
            return { ...event, total }
          }),
      },
    ],
    websocket: [
      ...ofStreams,
      {
        name: 'two messages become one',
        claim: 'Every message arrives',
        doctor: (heard) => merged(heard, isReceived),
      },
      {
        name: 'a message is lost',
        claim: 'Every message arrives',
        doctor: (heard) => without(heard, isReceived, 1),
      },
    ],
  },
})
