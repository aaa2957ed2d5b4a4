import { hasWritten } from '../../src/experiments/conditions.ts'
import type { Step } from '../../src/experiments/experiment.ts'
import { twoFins } from '../../src/experiments/two-fins.ts'
import { opcodes } from '../../src/wire/frame.ts'
import { by, carried, changed, repeated, without, withPayload } from './doctored.ts'
import { rehearse } from './rehearsal.ts'

const isClose = { also: ({ opcode }: { readonly opcode: number }) => opcode === opcodes.close }
const cut = (payload: Uint8Array): Uint8Array => payload.subarray(1)

/** The client closes, the server answers all the same, and nobody waits for what cannot come. */
function closing(steps: readonly Step[]): readonly Step[] {
  return steps.slice(0, -1).map((step) => {
    if (!('lines' in step)) return step
    if (step.lines[0] === '/fin') return { ...step, lines: ['/close'] }
    return step.actor === 'server' ? { ...step, isDone: hasWritten('server', 1) } : step
  })
}

rehearse(twoFins, {
  mayMiss: ['Closed both ways'],
  sabotages: {
    tcp: [
      {
        name: 'a byte of the answer is lost',
        claim: 'After its own FIN',
        doctor: (heard) => withPayload(heard, carried('client', 'received', 'fin'), cut),
      },
      {
        name: 'the answer never arrives',
        claim: 'After its own FIN',
        doctor: (heard) => without(heard, carried('client', 'received', 'fin')),
      },
      {
        name: 'the client never sent its FIN',
        claim: 'After its own FIN',
        doctor: (heard) =>
          without(heard, by('client', 'ended', { trial: 'fin', also: ({ by }) => by === 'us' })),
      },
      {
        name: 'there is no answer',
        claim: 'After its own FIN',
        verdict: 'not supported here',
        doctor: (heard) => without(heard, carried('server', 'sent', 'fin')),
      },
      {
        name: 'who closed reads the answer',
        claim: 'Closed both ways',
        doctor: (heard) =>
          heard.map((one) =>
            carried('server', 'received', 'close')(one) ? { ...one, actor: 'client' } : one,
          ),
      },
      {
        name: 'no reset came back',
        claim: 'Closed both ways',
        verdict: 'not observed this run',
        doctor: (heard) => without(heard, by('server', 'closed', { trial: 'close' })),
      },
      {
        name: 'only one side ended',
        claim: 'It takes two FINs',
        doctor: (heard) =>
          changed(heard, by('client', 'closed', { trial: 'fin' }), () => ({ answered: false })),
      },
      {
        name: 'who closed waited for the other FIN',
        claim: 'It takes two FINs',
        doctor: (heard) => repeated(heard, by('client', 'ended', { trial: 'close' })),
      },
      {
        name: 'the client closes instead of ending its side',
        claim: 'After its own FIN',
        alter: (part) => ({
          ...part,
          trials: part.trials.map((trial) =>
            trial.name === 'fin' ? { ...trial, steps: closing(trial.steps) } : trial,
          ),
        }),
      },
    ],
    udp: [
      {
        name: 'the client does as if it could',
        claim: 'There is no FIN',
        doctor: (heard) => changed(heard, by('client', 'process'), () => ({ exitCode: 0 })),
      },
      {
        name: 'it fails for another reason',
        claim: 'There is no FIN',
        doctor: (heard) => changed(heard, by('client', 'process'), () => ({ message: 'out of memory' })),
      },
      {
        name: 'a datagram of zero bytes arrives',
        claim: 'Nothing came of it',
        doctor: (heard) => repeated(heard, carried('server', 'received', 'fin')),
      },
      {
        name: 'what arrives is of the same client',
        claim: 'Nothing came of it',
        doctor: (heard) => {
          const first = heard.find(carried('server', 'received', 'answer'))?.event
          return changed(heard, carried('server', 'received', 'fin'), () =>
            first?.kind === 'datagram' ? { remote: first.remote } : {},
          )
        },
      },
      {
        name: 'the other datagram is lost',
        claim: 'Nothing came of it',
        verdict: 'not observed this run',
        doctor: (heard) => without(heard, carried('server', 'received', 'fin')),
      },
      {
        name: 'the server is told of an end',
        claim: 'The server is told of no end',
        doctor: (heard) =>
          heard.map((one) =>
            by('client', 'closed', { trial: 'fin' })(one) ? { ...one, actor: 'server' } : one,
          ),
      },
      {
        name: 'the client is still there',
        claim: 'The server is told of no end',
        doctor: (heard) => without(heard, by('client', 'process')),
      },
    ],
    websocket: [
      {
        name: 'the answer names another code',
        claim: 'A close frame goes',
        doctor: (heard) => withPayload(heard, by('client', 'frame', { ...isClose, trial: 'close' }), cut),
      },
      {
        name: 'the server answers with no frame',
        claim: 'A close frame goes',
        doctor: (heard) => without(heard, by('server', 'frame', { ...isClose, trial: 'close' })),
      },
      {
        name: 'a FIN before the close frame',
        claim: 'The FINs follow',
        doctor: (heard) => {
          const ends = heard.filter(by('client', 'ended', { trial: 'close' }))
          return [...ends, ...heard.filter((one) => !ends.includes(one))]
        },
      },
      {
        name: 'the client ends TCP first',
        claim: 'The FINs follow',
        doctor: (heard) =>
          changed(heard, by('server', 'ended', { trial: 'close' }), (event) => ({
            by: event.kind === 'ended' && event.by === 'us' ? 'peer' : 'us',
          })),
      },
      {
        name: 'a close frame before the bare FIN',
        claim: 'Two FINs without',
        alter: (part) => ({
          ...part,
          trials: part.trials.map((trial) => ({
            ...trial,
            steps: trial.steps.map((step) =>
              'lines' in step && step.lines[0] === '/fin' ? { ...step, lines: ['/close 1000'] } : step,
            ),
          })),
        }),
      },
      {
        name: 'the close frame is answered by 1006',
        claim: 'Two FINs without',
        doctor: (heard) =>
          changed(heard, by('server', 'closed', { trial: 'close' }), () => ({ closeCode: 1006 })),
      },
    ],
  },
})
