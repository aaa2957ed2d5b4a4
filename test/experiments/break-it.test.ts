import { breakIt } from '../../src/experiments/break-it.ts'
import { opcodes } from '../../src/wire/frame.ts'
import { by, changed, repeated, without, withPayload } from './doctored.ts'
import { rehearse } from './rehearsal.ts'

const closeFrame = { also: ({ opcode }: { readonly opcode: number }) => opcode === opcodes.close }

rehearse(breakIt, {
  sabotages: {
    websocket: [
      {
        name: 'an echo is another text',
        claim: 'Made right',
        doctor: (heard) =>
          withPayload(
            heard,
            by('client', 'message', { trial: 'right' }),
            (payload) => payload.subarray(1),
            1,
          ),
      },
      {
        name: 'a pong is missing',
        claim: 'Made right',
        doctor: (heard) =>
          without(
            heard,
            by('client', 'frame', {
              trial: 'right',
              also: ({ opcode }) => opcode === opcodes.pong,
            }),
            1,
          ),
      },
      {
        name: 'a rule is called broken in the control',
        claim: 'Made right',
        doctor: (heard) =>
          heard.map((one) =>
            by('server', 'message', { trial: 'right', also: ({ direction }) => direction === 'received' })(
              one,
            )
              ? {
                  ...one,
                  event: {
                    ...one.event,
                    kind: 'violation',
                    code: '',
                    message: '',
                    section: '',
                    closeCode: 0,
                  },
                }
              : one,
          ),
      },
      {
        name: 'another section is named',
        claim: 'Made wrong',
        doctor: (heard) =>
          changed(heard, by('server', 'violation', { trial: 'torn ping' }), () => ({
            section: 'RFC 6455 §5.4',
          })),
      },
      {
        name: 'one rule is not looked at',
        claim: 'Made wrong',
        doctor: (heard) => without(heard, by('server', 'violation', { trial: 'long ping' })),
      },
      {
        name: 'the broken text becomes a message',
        claim: 'Made wrong',
        doctor: (heard) => {
          const taken = heard.filter(
            by('server', 'message', { trial: 'right', also: ({ direction }) => direction === 'received' }),
          )
          return [...heard, ...taken.map((one) => ({ ...one, trial: 'bad text' }))]
        },
      },
      {
        name: 'nobody breaks a rule',
        claim: 'Made wrong',
        verdict: 'not supported here',
        doctor: (heard) => without(heard, by('server', 'violation')),
      },
      {
        name: 'the close frame has another code',
        claim: 'The close frame',
        doctor: (heard) =>
          withPayload(heard, by('client', 'frame', { ...closeFrame, trial: 'bad text' }), () =>
            Uint8Array.of(0x03, 0xea),
          ),
      },
      {
        name: 'one is closed without a frame',
        claim: 'The close frame',
        doctor: (heard) => without(heard, by('client', 'frame', { ...closeFrame, trial: 'reserved' })),
      },
      {
        name: 'one is told to close twice',
        claim: 'The close frame',
        doctor: (heard) =>
          repeated(
            heard,
            by('client', 'frame', {
              trial: 'unmasked',
              also: ({ opcode, direction }) => opcode === opcodes.close && direction === 'received',
            }),
          ),
      },
      {
        name: 'another rule is broken than was predicted',
        claim: 'Made wrong',
        alter: (part) => ({
          ...part,
          trials: part.trials.map((trial) => ({
            ...trial,
            steps: trial.steps.map((step) =>
              'lines' in step && step.lines[0]?.endsWith('mask=none')
                ? { ...step, lines: [step.lines[0].replace('mask=none', 'rsv1=1')] }
                : step,
            ),
          })),
        }),
      },
      {
        name: 'the client is content',
        claim: 'A wrong accept',
        doctor: (heard) =>
          changed(heard, by('client', 'process', { trial: 'accept' }), () => ({ exitCode: 0 })),
      },
      {
        name: 'the client finds fault with something else',
        claim: 'A wrong accept',
        doctor: (heard) =>
          changed(heard, by('client', 'response', { trial: 'accept' }), () => ({
            problem: { what: 'Upgrade', reason: '', section: '' },
          })),
      },
    ],
  },
})
