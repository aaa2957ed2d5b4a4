import type { Evidence, Part } from '../../src/experiments/experiment.ts'
import { nagle } from '../../src/experiments/nagle.ts'
import { carried, changed, without, withPayload } from './doctored.ts'
import { rehearse } from './rehearsal.ts'

const slow = 'Write, write, read'
const between = 'The wait lies'
const whole = 'Nothing is lost'
const answers = 'Slow or fast'
const unsupported = 'not supported here'

/** As if everything had happened at one and the same moment. */
function atOnce(heard: Evidence): Evidence {
  return heard.map((one) => ({ ...one, event: { ...one.event, at: 1 } }))
}

/** No-delay is never off. */
function thatNeverDelays(part: Part): Part {
  const trials = part.trials.map((trial) => ({
    ...trial,
    steps: trial.steps.map((step) =>
      'lines' in step
        ? { ...step, lines: step.lines.map((line) => line.replace('/set no-delay off', '/set no-delay on')) }
        : step,
    ),
  }))
  return { ...part, trials }
}

const other = (payload: Uint8Array) => payload.map((byte) => byte ^ 1)

rehearse(nagle, {
  mayMiss: [slow, between],
  sabotages: {
    tcp: [
      { name: 'no-delay in both trials', claim: slow, verdict: unsupported, alter: thatNeverDelays },
      { name: 'everything at once', claim: slow, verdict: unsupported, doctor: atOnce },
      {
        name: 'no answers were read',
        claim: slow,
        verdict: unsupported,
        doctor: (heard) => without(heard, carried('client', 'received', 'delayed')),
      },
      { name: 'no gap at the server', claim: between, verdict: unsupported, doctor: atOnce },
      {
        name: 'the server has read nothing',
        claim: between,
        verdict: unsupported,
        doctor: (heard) => without(heard, carried('server', 'received')),
      },
      {
        name: 'a read is lost',
        claim: whole,
        doctor: (heard) => without(heard, carried('server', 'received', 'no-delay'), 1),
      },
      {
        name: 'other bytes',
        claim: whole,
        doctor: (heard) => withPayload(heard, carried('server', 'received', 'delayed'), other, 1),
      },
      {
        name: 'an answer is lost',
        claim: answers,
        doctor: (heard) => without(heard, carried('client', 'received', 'delayed'), 1),
      },
      {
        name: 'the trials write different bytes',
        claim: answers,
        doctor: (heard) => withPayload(heard, carried('client', 'sent', 'no-delay'), other, 1),
      },
      {
        name: 'no answers at all',
        claim: answers,
        verdict: unsupported,
        doctor: (heard) =>
          changed(heard, carried('server', 'sent', 'delayed'), () => ({
            payload: new Uint8Array(),
            size: 0,
          })),
      },
    ],
  },
})
