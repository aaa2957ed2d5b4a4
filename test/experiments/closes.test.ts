import { closes } from '../../src/experiments/closes.ts'
import type { Part } from '../../src/experiments/experiment.ts'
import { by, changed, repeated, without, withPayload } from './doctored.ts'
import { rehearse } from './rehearsal.ts'

const closeFrame = (actor: string, trial: string) =>
  by(actor, 'frame', { trial, also: ({ opcode }) => opcode === 8 })
const closed = (trial: string) => by('server', 'closed', { trial })

/** A close frame made by hand bears 1006. */
function forbidden(part: Part): Part {
  const trials = part.trials.map((trial) => ({
    ...trial,
    steps: trial.steps.map((step) =>
      'lines' in step && step.lines[0] === '/close'
        ? { ...step, lines: ['/frame opcode=close hex=03ee'] }
        : step,
    ),
  }))
  return { ...part, trials }
}

rehearse(closes, {
  sabotages: {
    websocket: [
      {
        name: 'another code is told',
        claim: 'A code arrives',
        doctor: (evidence) => changed(evidence, closed('4001'), () => ({ closeCode: 1000 })),
      },
      {
        name: 'another reason is told',
        claim: 'A code arrives',
        doctor: (evidence) => changed(evidence, closed('4001'), () => ({ reason: 'because' })),
      },
      {
        name: 'the client sent another code',
        claim: 'A code arrives',
        doctor: (evidence) =>
          withPayload(evidence, closeFrame('client', '1000'), () => Uint8Array.of(0x03, 0xe9)),
      },
      {
        name: 'no code is told as 1000',
        claim: 'A close frame without',
        doctor: (evidence) => changed(evidence, closed('no code'), () => ({ closeCode: 1000 })),
      },
      { name: 'the frame bears 1006', claim: 'A close frame without', alter: forbidden },
      {
        name: 'nobody told of an end',
        claim: 'A close frame without',
        verdict: 'not supported here',
        doctor: (evidence) => without(evidence, closed('no code')),
      },
      {
        name: 'the cut is told as 1005',
        claim: 'Without a close frame',
        doctor: (evidence) => changed(evidence, closed('cut'), () => ({ closeCode: 1005 })),
      },
      {
        name: 'the control was not clean either',
        claim: 'Without a close frame',
        doctor: (evidence) => changed(evidence, closed('1000'), () => ({ clean: false })),
      },
      {
        name: 'there was a close frame after all',
        claim: 'Without a close frame',
        doctor: (evidence) =>
          repeated(evidence, closeFrame('client', '1000')).map((one, index, all) =>
            one === all[index - 1] ? { ...one, trial: 'cut' } : one,
          ),
      },
      {
        name: '1005 travels',
        claim: '1005 and 1006',
        doctor: (evidence) =>
          withPayload(evidence, closeFrame('server', 'no code'), () => Uint8Array.of(0x03, 0xed)),
      },
      { name: '1006 travels', claim: '1005 and 1006', alter: forbidden },
      {
        name: 'nobody tells 1006',
        claim: '1005 and 1006',
        doctor: (evidence) => without(evidence, closed('cut')),
      },
    ],
  },
})
