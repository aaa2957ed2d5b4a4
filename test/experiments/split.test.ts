import { tcpClient } from '../../src/experiments/actors.ts'
import { split } from '../../src/experiments/split.ts'
import {
  by,
  carried,
  changed,
  merged,
  repeated,
  withActor,
  withLines,
  without,
  withPayload,
} from './doctored.ts'
import { rehearse } from './rehearsal.ts'

const large = carried('server', 'received', 'large')
const control = carried('server', 'received', 'control')
const frames = by('server', 'frame', { trial: 'large', also: ({ direction }) => direction === 'received' })
const messages = by('server', 'message', {
  trial: 'large',
  also: ({ direction }) => direction === 'received',
})

rehearse(split, {
  mayMiss: ['A small write comes'],
  sabotages: {
    tcp: [
      { name: 'a read is lost', claim: 'Nothing is lost', doctor: (heard) => without(heard, large, 1) },
      {
        name: 'a byte is another',
        claim: 'Nothing is lost',
        doctor: (heard) => withPayload(heard, large, (payload) => payload.map((byte) => byte ^ 1), 1),
      },
      {
        name: 'the small write came in two reads',
        claim: 'A small write',
        verdict: 'not observed this run',
        doctor: (heard) => repeated(heard, control),
      },
      {
        name: 'the small write was not read',
        claim: 'A small write',
        doctor: (heard) => without(heard, control),
      },
      {
        name: 'a read is too large',
        claim: 'One large write',
        doctor: (heard) =>
          withPayload(heard, large, (payload) => Buffer.concat([payload, Buffer.alloc(65_536)]), 1),
      },
      {
        name: 'the control came in as many reads',
        claim: 'One large write',
        doctor: (heard) => heard.map((one) => (large(one) ? { ...one, trial: 'control' } : one)),
      },
      {
        name: 'the control was not read',
        claim: 'One large write',
        verdict: 'not supported here',
        doctor: (heard) => without(heard, control),
      },
      {
        name: 'the client writes in pieces of 64 KiB',
        claim: 'One large write',
        alter: (part) => withActor(part, tcpClient({ flags: ['--chunk', '64KiB'] })),
      },
    ],
    udp: [
      {
        name: 'the datagram is cut on its way',
        claim: 'What arrives',
        doctor: (heard) => withPayload(heard, large, (payload) => payload.subarray(0, 1_472)),
      },
      {
        name: 'it comes twice',
        claim: 'A large datagram',
        doctor: (heard) => repeated(heard, large),
      },
      {
        name: 'it is lost',
        claim: 'A large datagram',
        verdict: 'not observed this run',
        doctor: (heard) => without(heard, large),
      },
      {
        name: 'it is no larger than the other',
        claim: 'A large datagram',
        alter: (part) => withLines(part, (line) => line.replace('/file large', '/send small')),
      },
    ],
    websocket: [
      {
        name: 'the message is cut',
        claim: 'Every message',
        doctor: (heard) => withPayload(heard, messages, (payload) => payload.subarray(1)),
      },
      {
        name: 'the length is of another form',
        claim: 'One frame',
        doctor: (heard) => changed(heard, frames, () => ({ lengthForm: 16 })),
      },
      {
        name: 'a second frame came',
        claim: 'One frame',
        doctor: (heard) => repeated(heard, frames),
      },
      { name: 'two messages come out', claim: 'Many reads', doctor: (heard) => repeated(heard, messages) },
      {
        name: 'a read is too large',
        claim: 'Many reads',
        doctor: (heard) => Array.from({ length: 3 }).reduce<typeof heard>((one) => merged(one, large), heard),
      },
      { name: 'most of it was not read', claim: 'Many reads', doctor: (heard) => without(heard, large, 5) },
    ],
  },
})
