import type { Part } from '../../src/experiments/experiment.ts'
import { tornCharacter } from '../../src/experiments/torn-character.ts'
import { by, carried, changed, merged, withLines, without, withPayload } from './doctored.ts'
import { rehearse } from './rehearsal.ts'

const whole = carried('server', 'received', 'whole')
const cut = carried('server', 'received', 'cut')
const frames = by('server', 'frame', { trial: 'cut', also: ({ direction }) => direction === 'received' })
const messages = by('server', 'message', { trial: 'cut', also: ({ direction }) => direction === 'received' })

/** The halves are cut between two letters. */
function notTorn(part: Part): Part {
  return withLines(part, (line) => (line.startsWith('/hex') ? '/hex 616263' : line))
}

rehearse(tornCharacter, {
  mayMiss: ['Written at once'],
  sabotages: {
    tcp: [
      { name: 'the first half is lost', claim: 'Nothing is lost', doctor: (heard) => without(heard, cut, 1) },
      {
        name: 'the text came in two reads',
        claim: 'Written at once',
        verdict: 'not observed this run',
        doctor: (heard) =>
          heard.flatMap((one) => {
            if (!whole(one) || one.event.kind !== 'bytes') return [one]
            const { payload } = one.event
            const middle = payload.length / 2
            return [payload.subarray(0, middle), payload.subarray(middle)].map((half) => ({
              ...one,
              event: { ...one.event, payload: half },
            }))
          }),
      },
      { name: 'the text did not come', claim: 'Written at once', doctor: (heard) => without(heard, whole) },
      { name: 'one read brought both halves', claim: 'Cut inside', doctor: (heard) => merged(heard, cut) },
      {
        name: 'the second half was written too early',
        claim: 'Cut inside',
        doctor: (heard) => heard.map((one) => (one.trial === 'cut' ? { ...one, step: 2 } : one)),
      },
      { name: 'it was cut between two letters', claim: 'Cut inside', alter: notTorn },
    ],
    udp: [
      { name: 'the halves are joined', claim: 'What arrives', doctor: (heard) => merged(heard, cut) },
      {
        name: 'a read ends inside the text',
        claim: 'Sent in one',
        doctor: (heard) => withPayload(heard, whole, (payload) => payload.subarray(0, payload.length / 2)),
      },
      {
        name: 'the text is lost',
        claim: 'Sent in one',
        verdict: 'not observed this run',
        doctor: (heard) => without(heard, whole),
      },
      { name: 'something joins the halves', claim: 'Only its sender', doctor: (heard) => merged(heard, cut) },
      {
        name: 'a half is lost',
        claim: 'Only its sender',
        verdict: 'not observed this run',
        doctor: (heard) => without(heard, cut, 1),
      },
      { name: 'it was cut between two letters', claim: 'Only its sender', alter: notTorn },
    ],
    websocket: [
      {
        name: 'only the first half comes out',
        claim: 'Every message',
        doctor: (heard) => withPayload(heard, messages, (payload) => payload.subarray(0, payload.length / 2)),
      },
      { name: 'the frames are one', claim: 'The frames', doctor: (heard) => merged(heard, frames) },
      {
        name: 'the client cuts it in three',
        claim: 'The frames',
        alter: (part) => withLines(part, (line) => line.replace('--fragments 2', '--fragments 3')),
      },
      {
        name: 'the message came in one frame',
        claim: 'The message',
        doctor: (heard) => changed(heard, messages, () => ({ frames: 1 })),
      },
      {
        name: 'the message is torn',
        claim: 'The message',
        doctor: (heard) => withPayload(heard, messages, (payload) => payload.subarray(0, payload.length / 2)),
      },
    ],
  },
})
