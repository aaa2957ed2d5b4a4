import type { Part } from '../../src/experiments/experiment.ts'
import { nothing } from '../../src/experiments/nothing.ts'
import {
  by,
  carried,
  changed,
  type Meant,
  merged,
  repeated,
  withLines,
  without,
  withPayload,
} from './doctored.ts'
import { rehearse } from './rehearsal.ts'

const inStep =
  (meant: Meant, step: number): Meant =>
  (heard) =>
    heard.step === step && meant(heard)

const read = carried('server', 'received', 'empty')
const written = carried('client', 'sent', 'empty')
const stats = by('client', 'stats', { trial: 'empty' })
const datagram = inStep(by('server', 'datagram', { trial: 'empty' }), 2)
const frames = inStep(
  by('server', 'frame', { trial: 'empty', also: ({ direction }) => direction === 'received' }),
  2,
)
const messages = by('server', 'message', {
  trial: 'empty',
  also: ({ direction }) => direction === 'received',
})

/** What is sent is not nothing. */
function notEmpty(part: Part): Part {
  return withLines(part, (line) => line.replace('""', 'ab'))
}

rehearse(nothing, {
  sabotages: {
    tcp: [
      { name: 'a word is lost', claim: 'Nothing is lost', doctor: (heard) => without(heard, read, 1) },
      {
        name: 'there is a read of zero bytes',
        claim: 'Zero bytes leave',
        doctor: (heard) => [
          ...heard,
          ...heard
            .filter(read)
            .slice(0, 1)
            .map((one) => ({ ...one, step: 2, event: { ...one.event, size: 0, payload: Buffer.alloc(0) } })),
        ],
      },
      {
        name: 'the counts say more',
        claim: 'Zero bytes leave',
        doctor: (heard) => without(heard, written, 1),
      },
      { name: 'nobody counts', claim: 'Zero bytes leave', doctor: (heard) => without(heard, stats) },
      { name: 'two bytes are sent', claim: 'Zero bytes leave', alter: notEmpty },
      {
        name: 'the word after them does not come',
        claim: 'They end nothing',
        doctor: (heard) => without(heard, inStep(read, 3)),
      },
      {
        name: 'the stream ends',
        claim: 'They end nothing',
        doctor: (heard) =>
          changed(heard, stats, () => ({ kind: 'ended', by: 'peer' })).map((one) =>
            one.event.kind === 'ended' ? { ...one, actor: 'server' } : one,
          ),
      },
    ],
    udp: [
      {
        name: 'it joins another',
        claim: 'What arrives',
        doctor: (heard) => merged(heard, carried('server', 'received', 'control')),
      },
      {
        name: 'it is lost',
        claim: 'Zero bytes are',
        verdict: 'not observed this run',
        doctor: (heard) => without(heard, datagram),
      },
      { name: 'it comes twice', claim: 'Zero bytes are', doctor: (heard) => repeated(heard, datagram) },
      {
        name: 'it comes from somebody else',
        claim: 'Zero bytes are',
        doctor: (heard) =>
          changed(heard, datagram, () => ({ remote: { address: '127.0.0.1', port: 1, family: 'IPv4' } })),
      },
      {
        name: 'it comes with something in it',
        claim: 'Zero bytes are',
        doctor: (heard) => withPayload(heard, datagram, () => Buffer.from('x')),
      },
      {
        name: 'it is never sent',
        claim: 'It counts',
        doctor: (heard) => without(heard, inStep(written, 2)),
      },
      {
        name: 'it is lost, and the word after it is not',
        claim: 'It counts',
        verdict: 'not observed this run',
        doctor: (heard) => without(heard, datagram),
      },
      { name: 'two bytes are sent', claim: 'It counts', alter: notEmpty },
    ],
    websocket: [
      {
        name: 'the message is lost',
        claim: 'Every message',
        doctor: (heard) => without(heard, inStep(messages, 2)),
      },
      {
        name: 'its frame has no mask',
        claim: 'A message of zero',
        doctor: (heard) =>
          heard.map((one) => {
            if (!frames(one) || one.event.kind !== 'frame') return one
            const { mask: _, ...event } = one.event
            return { ...one, event }
          }),
      },
      {
        name: 'no message comes of it',
        claim: 'A message of zero',
        doctor: (heard) => without(heard, messages),
      },
      { name: 'two bytes are sent', claim: 'A message of zero', alter: notEmpty },
      {
        name: 'its length stands in another form',
        claim: 'One byte of payload',
        doctor: (heard) => changed(heard, frames, () => ({ lengthForm: 16 })),
      },
    ],
  },
})
