import type { Part } from '../../src/experiments/experiment.ts'
import { masksAndFragments } from '../../src/experiments/masks-and-fragments.ts'
import { by, carried, changed, merged, repeated, without, withPayload } from './doctored.ts'
import { rehearse } from './rehearsal.ts'

const turned = (payload: Uint8Array): Uint8Array => payload.map((byte) => byte ^ 1)
const frames = (actor: string, direction: 'sent' | 'received', opcode: number) =>
  by(actor, 'frame', { also: (frame) => frame.direction === direction && frame.opcode === opcode })

/** The same mask on every frame of the control. */
function maskedAlike(part: Part): Part {
  const line = '/frame opcode=text payload=Hello mask=37fa213d'
  const trials = part.trials.map((trial) =>
    trial.name === 'control'
      ? { ...trial, steps: trial.steps.map((step) => ('lines' in step ? { ...step, lines: [line] } : step)) }
      : trial,
  )
  return { ...part, trials }
}

/** The ping goes out when the message is over. */
function pingedLater(part: Part): Part {
  const trials = part.trials.map((trial) => ({
    ...trial,
    steps: trial.steps.map((step) => ('lines' in step ? { ...step, lines: step.lines.toReversed() } : step)),
  }))
  return { ...part, trials }
}

rehearse(masksAndFragments, {
  sabotages: {
    websocket: [
      { name: 'the ping comes after the message', claim: 'The pong comes', alter: pingedLater },
      {
        name: 'the pong never comes',
        claim: 'The pong comes',
        doctor: (evidence) => without(evidence, frames('client', 'received', 10)),
      },
      {
        name: 'the pong answers another ping',
        claim: 'The pong comes',
        doctor: (evidence) => withPayload(evidence, frames('client', 'received', 10), turned),
      },
      {
        name: 'each fragment is a message',
        claim: 'Two fragments',
        doctor: (evidence) => repeated(evidence, by('server', 'message', { trial: 'fragments' })),
      },
      {
        name: 'nothing was cut',
        claim: 'Two fragments',
        doctor: (evidence) =>
          changed(evidence, by('server', 'message', { trial: 'fragments' }), () => ({ frames: 1 })),
      },
      {
        name: 'the echo is another word',
        claim: 'Two fragments',
        doctor: (evidence) => withPayload(evidence, by('client', 'message', { trial: 'fragments' }), turned),
      },
      {
        name: 'the server masks',
        claim: 'All that the client sends',
        doctor: (evidence) =>
          changed(evidence, frames('client', 'received', 1), () => ({ mask: '37fa213d' })),
      },
      {
        name: 'the server reads other masks',
        claim: 'All that the client sends',
        doctor: (evidence) =>
          changed(evidence, frames('server', 'received', 1), () => ({ mask: '37fa213d' })),
      },
      {
        name: 'no frame came back',
        claim: 'All that the client sends',
        doctor: (evidence) =>
          without(evidence, by('client', 'frame', { also: ({ direction }) => direction === 'received' })),
      },
      { name: 'the mask is always the same', claim: 'Each frame', alter: maskedAlike },
      {
        name: 'the echoes are other bytes',
        claim: 'Each frame',
        doctor: (evidence) => withPayload(evidence, carried('server', 'sent', 'control'), turned, 1),
      },
      {
        name: 'one write alone',
        claim: 'Each frame',
        verdict: 'not supported here',
        doctor: (evidence) => merged(evidence, carried('client', 'sent', 'control')),
      },
    ],
  },
})
