import type { Part } from '../../src/experiments/experiment.ts'
import { tooBig } from '../../src/experiments/too-big.ts'
import { by, carried, changed, merged, repeated, withLines, without, withPayload } from './doctored.ts'
import { rehearse } from './rehearsal.ts'

const over = carried('server', 'received', 'over')
const sentOver = carried('client', 'sent', 'over')
const failed = by('client', 'failed', { trial: 'over' })
const frames = by('server', 'frame', { trial: 'over', also: ({ direction }) => direction === 'received' })
const messages = by('server', 'message', { trial: 'over', also: ({ direction }) => direction === 'received' })

/** What is over is no more than what fits. */
function fitting(part: Part): Part {
  return withLines(part, (line) => line.replace('/file over', '/file fits'))
}

rehearse(tooBig, {
  sabotages: {
    tcp: [
      { name: 'a read is lost', claim: 'Nothing is lost', doctor: (heard) => without(heard, over, 1) },
      {
        name: 'only the word was read',
        claim: 'One byte more',
        doctor: (heard) => withPayload(heard, over, (payload) => payload.subarray(0, 3)),
      },
      {
        name: 'no more was sent than fits a datagram',
        claim: 'One byte more',
        alter: fitting,
      },
    ],
    udp: [
      {
        name: 'the largest is cut',
        claim: 'What arrives',
        doctor: (heard) =>
          withPayload(heard, carried('server', 'received', 'fits'), (payload) => payload.subarray(1)),
      },
      { name: 'nothing was refused', claim: 'One byte more', doctor: (heard) => without(heard, failed) },
      {
        name: 'it was refused for another reason',
        claim: 'One byte more',
        doctor: (heard) => changed(heard, failed, () => ({ code: 'ENOBUFS' })),
      },
      {
        name: 'it arrives all the same',
        claim: 'One byte more',
        doctor: (heard) => withPayload(repeated(heard, over), over, () => Buffer.alloc(65_508), 1),
      },
      {
        name: 'the largest did not go either',
        claim: 'One byte more',
        verdict: 'not supported here',
        doctor: (heard) => without(heard, carried('client', 'sent', 'fits')),
      },
      { name: 'it was no larger', claim: 'One byte more', alter: fitting },
      {
        name: 'the word is lost',
        claim: 'The socket is',
        verdict: 'not observed this run',
        doctor: (heard) => without(heard, over),
      },
      { name: 'the word comes twice', claim: 'The socket is', doctor: (heard) => repeated(heard, over) },
      {
        name: 'nothing came of the word',
        claim: 'The socket is',
        verdict: 'not supported here',
        doctor: (heard) => without(heard, sentOver),
      },
      {
        name: 'the error came after the word',
        claim: 'The socket is',
        doctor: (heard) => [...without(heard, failed), ...heard.filter(failed)],
      },
    ],
    websocket: [
      { name: 'two messages are merged', claim: 'Every message', doctor: (heard) => merged(heard, messages) },
      {
        name: 'it came in fragments',
        claim: 'One byte more',
        doctor: (heard) => changed(heard, frames, () => ({ fin: false }), 1),
      },
      {
        name: 'its length took more room',
        claim: 'One byte more',
        doctor: (heard) => changed(heard, frames, () => ({ lengthForm: 64 }), 1),
      },
      { name: 'no more was sent than fits a datagram', claim: 'One byte more', alter: fitting },
    ],
  },
})
