import type { Part } from '../../src/experiments/experiment.ts'
import { finOrReset } from '../../src/experiments/fin-or-reset.ts'
import { opcodes } from '../../src/wire/frame.ts'
import { by, carried, changed, repeated, without, withPayload } from './doctored.ts'
import { rehearse } from './rehearsal.ts'

/** The client says something else to end the connection. */
function saying(part: Part, instead: Readonly<Record<string, string>>): Part {
  return {
    ...part,
    trials: part.trials.map((trial) => ({
      ...trial,
      steps: trial.steps.map((step) =>
        'lines' in step ? { ...step, lines: step.lines.map((line) => instead[line] ?? line) } : step,
      ),
    })),
  }
}

rehearse(finOrReset, {
  mayMiss: ['After the FIN the kernel'],
  sabotages: {
    tcp: [
      {
        name: 'an error comes with the FIN',
        claim: 'A FIN is told',
        doctor: (heard) =>
          changed(heard, by('server', 'closed', { trial: 'fin' }), () => ({
            code: 'ECONNRESET',
            how: 'reset',
          })),
      },
      {
        name: 'no FIN is told',
        claim: 'A FIN is told',
        doctor: (heard) =>
          without(heard, by('server', 'ended', { trial: 'fin', also: ({ by }) => by === 'peer' })),
      },
      {
        name: 'what was sent is not what was read',
        claim: 'A FIN is told',
        verdict: 'not supported here',
        doctor: (heard) =>
          withPayload(heard, carried('server', 'received', 'fin'), (payload) => payload.subarray(1)),
      },
      {
        name: 'the reset is told as a clean end',
        claim: 'A reset is no end',
        doctor: (heard) => changed(heard, by('server', 'closed', { trial: 'reset' }), () => ({ how: 'fin' })),
      },
      {
        name: 'a FIN comes before the reset',
        claim: 'A reset is no end',
        doctor: (heard) => {
          const fins = heard.filter(by('server', 'ended', { trial: 'fin' }))
          const socket = heard.find(by('server', 'closed', { trial: 'reset' }))?.event.socket ?? ''
          const moved = fins.map((one) => ({ ...one, trial: 'reset', event: { ...one.event, socket } }))
          return [...heard, ...moved]
        },
      },
      {
        name: 'the client closes instead',
        claim: 'A reset is no end',
        alter: (part) => {
          const [fin, reset] = part.trials
          return fin === undefined || reset === undefined
            ? part
            : { ...part, trials: [{ ...fin, name: 'reset', title: reset.title }] }
        },
      },
      {
        name: 'the port is free after the FIN',
        claim: 'After the FIN the kernel',
        verdict: 'not observed this run',
        doctor: (heard) =>
          changed(without(heard, by('successor', 'failed')), by('successor', 'process'), () => ({
            exitCode: 0,
          })),
      },
      {
        name: 'the port is taken after the reset',
        claim: 'After the FIN the kernel',
        verdict: 'not observed this run',
        doctor: (heard) => without(heard, by('successor', 'opened')),
      },
    ],
    websocket: [
      {
        name: 'the server never saw the close frame',
        claim: 'Closed in order',
        doctor: (heard) =>
          without(
            heard,
            by('server', 'frame', { trial: 'fin', also: ({ opcode }) => opcode === opcodes.close }),
          ),
      },
      {
        name: 'the client hears another code',
        claim: 'Closed in order',
        doctor: (heard) =>
          changed(heard, by('client', 'closed', { trial: 'fin' }), () => ({ closeCode: 1005 })),
      },
      {
        name: 'the client closes instead',
        claim: 'After a reset',
        alter: (part) => saying(part, { '/reset': '/close 1000' }),
      },
      {
        name: 'a close frame comes with the reset',
        claim: 'After a reset',
        doctor: (heard) =>
          changed(heard, by('server', 'frame', { trial: 'reset' }), () => ({ opcode: opcodes.close })),
      },
      {
        name: 'no error is told',
        claim: 'Under it TCP',
        doctor: (heard) =>
          repeated(heard, by('server', 'closed', { trial: 'reset' })).map((one) =>
            by('server', 'closed', { trial: 'reset' })(one)
              ? { ...one, event: { ...one.event, code: 'EPIPE' } as typeof one.event }
              : one,
          ),
      },
    ],
  },
})
