import { tcpServer, udpServer, wsServer } from '../../src/experiments/actors.ts'
import { smallReads } from '../../src/experiments/small-reads.ts'
import { by, carried, changed, merged, repeated, withActor, without, withPayload } from './doctored.ts'
import { rehearse } from './rehearsal.ts'

const control = carried('server', 'received', 'control')
const long = carried('server', 'received', 'long')
const cut = by('server', 'datagram', { trial: 'long' })
const frames = by('server', 'frame', { trial: 'long', also: ({ direction }) => direction === 'received' })
const messages = by('server', 'message', { trial: 'long', also: ({ direction }) => direction === 'received' })

rehearse(smallReads, {
  mayMiss: ['What fits into one read', 'Many reads, one message'],
  sabotages: {
    tcp: [
      {
        name: 'what the first read leaves is lost',
        claim: 'Nothing is lost',
        doctor: (heard) => [...without(heard, long), ...heard.filter(long).slice(0, 1)],
      },
      {
        name: 'the short one comes in two reads',
        claim: 'What fits',
        verdict: 'not observed this run',
        doctor: (heard) => repeated(heard, control),
      },
      { name: 'it does not come', claim: 'What fits', doctor: (heard) => without(heard, control) },
      { name: 'a read is lost', claim: 'What a read leaves', doctor: (heard) => without(heard, long, 1) },
      { name: 'two reads come as one', claim: 'What a read leaves', doctor: (heard) => merged(heard, long) },
      {
        name: 'the server takes as much as there is',
        claim: 'What a read leaves',
        alter: (part) => withActor(part, tcpServer()),
      },
    ],
    udp: [
      {
        name: 'the datagram is cut',
        claim: 'What arrives',
        doctor: (heard) => withPayload(heard, cut, (payload) => payload.subarray(0, 5), 1),
      },
      {
        name: 'a recv would keep six',
        claim: 'A recv of 5',
        doctor: (heard) => changed(heard, cut, () => ({ kept: 6 }), 1),
      },
      {
        name: 'nobody asks about a small recv',
        claim: 'A recv of 5',
        alter: (part) => withActor(part, udpServer()),
      },
      {
        name: 'the tail comes in a read of its own',
        claim: 'No later read',
        doctor: (heard) => withPayload(repeated(heard, cut), cut, (payload) => payload.subarray(5), 1),
      },
      {
        name: 'the next one is lost',
        claim: 'No later read',
        verdict: 'not observed this run',
        doctor: (heard) => [...without(heard, cut), ...heard.filter(cut).slice(0, 1)],
      },
    ],
    websocket: [
      { name: 'two messages are merged', claim: 'Every message', doctor: (heard) => merged(heard, messages) },
      { name: 'a read is lost', claim: 'No read holds', doctor: (heard) => without(heard, long, 1) },
      {
        name: 'the server takes as much as there is',
        claim: 'No read holds',
        alter: (part) => withActor(part, wsServer()),
      },
      {
        name: 'a frame came in too few reads',
        claim: 'Many reads',
        doctor: (heard) => changed(heard, frames, () => ({ firstRead: 9, lastRead: 9 }), 1),
      },
      { name: 'a message too many', claim: 'Many reads', doctor: (heard) => repeated(heard, messages) },
      { name: 'a message too few', claim: 'Many reads', doctor: (heard) => without(heard, messages, 1) },
    ],
  },
})
