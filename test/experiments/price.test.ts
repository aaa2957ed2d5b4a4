import type { Event, EventBody } from '../../src/event.ts'
import type { Part } from '../../src/experiments/experiment.ts'
import { price } from '../../src/experiments/price.ts'
import { by, carried, changed, without, withPayload } from './doctored.ts'
import { rehearse, type Sabotage } from './rehearsal.ts'

const longer = (payload: Uint8Array): Uint8Array => Buffer.concat([payload, Buffer.from('!')])
const turned = (payload: Uint8Array): Uint8Array => payload.map((byte) => byte ^ 1)

/** One byte more than was sent is counted. */
function miscounted(event: Event): Partial<EventBody> {
  if (event.kind !== 'stats') return {}
  const sent = { ...event.total.sent, bytes: event.total.sent.bytes + 1 }
  return { total: { ...event.total, sent } } as Partial<EventBody>
}

/** "HELLO" goes out with a line end. */
function withLineEnd(part: Part): Part {
  const trials = part.trials.map((trial) => ({
    ...trial,
    steps: trial.steps.map((step) =>
      'lines' in step && step.lines[0] === '/send HELLO' ? { ...step, lines: ['/send HELLO!'] } : step,
    ),
  }))
  return { ...part, trials }
}

const plain: readonly Sabotage[] = [
  {
    name: 'the server reads a byte more',
    claim: '"HELLO" costs',
    doctor: (evidence) => withPayload(evidence, carried('server', 'received', 'HELLO'), longer),
  },
  {
    name: 'the echo is another word',
    claim: '"HELLO" costs',
    doctor: (evidence) =>
      withPayload(
        withPayload(evidence, carried('server', 'sent'), turned),
        carried('client', 'received'),
        turned,
      ),
  },
  {
    name: 'no word was sent',
    claim: '"HELLO" costs',
    verdict: 'not supported here',
    doctor: (evidence) => without(evidence, carried('client', 'sent')),
  },
  {
    name: 'a byte more is counted',
    claim: 'Opening costs',
    doctor: (evidence) => changed(evidence, by('client', 'stats'), miscounted),
  },
  {
    name: 'no account',
    claim: 'Opening costs',
    verdict: 'not supported here',
    doctor: (evidence) => without(evidence, by('client', 'stats')),
  },
  {
    name: 'the control is no longer than the word',
    claim: 'Opening costs',
    doctor: (evidence) =>
      withPayload(evidence, carried('client', 'sent', 'control'), (payload) => payload.subarray(0, 5)),
  },
]

rehearse(price, {
  sabotages: {
    tcp: [...plain, { name: 'another word', claim: '"HELLO" costs', alter: withLineEnd }],
    udp: plain,
    websocket: [
      { name: 'another word', claim: '"HELLO" costs', alter: withLineEnd },
      {
        name: 'the server masks too',
        claim: '"HELLO" costs',
        doctor: (evidence) =>
          changed(
            evidence,
            by('client', 'frame', { also: ({ direction }) => direction === 'received' }),
            () => ({
              mask: '37fa213d',
            }),
          ),
      },
      {
        name: 'the framing grows',
        claim: 'A longer word',
        doctor: (evidence) =>
          changed(evidence, by('client', 'frame', { trial: 'control' }), () => ({ lengthForm: 16 })),
      },
      {
        name: 'a frame is never told',
        claim: 'A longer word',
        doctor: (evidence) => without(evidence, by('client', 'frame', { trial: 'control' })),
      },
      {
        name: 'the upgrade costs nothing',
        claim: 'The upgrade is dearer',
        doctor: (evidence) => changed(evidence, by('client', 'request'), () => ({ size: 0 })),
      },
      {
        name: 'there is no upgrade',
        claim: 'The upgrade is dearer',
        verdict: 'not supported here',
        doctor: (evidence) => without(evidence, by('client', 'response')),
      },
      {
        name: 'a byte more is counted',
        claim: 'Upgrade and frames',
        doctor: (evidence) => changed(evidence, by('client', 'stats'), miscounted),
      },
      {
        name: 'a write is never told',
        claim: 'Upgrade and frames',
        doctor: (evidence) => without(evidence, carried('client', 'sent', 'control')),
      },
    ],
  },
})
