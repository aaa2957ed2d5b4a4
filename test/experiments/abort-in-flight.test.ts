import { abortInFlight } from '../../src/experiments/abort-in-flight.ts'
import { by, carried, changed, without, withPayload } from './doctored.ts'
import { rehearse } from './rehearsal.ts'

const cut = (payload: Uint8Array): Uint8Array => payload.subarray(1)

rehearse(abortInFlight, {
  mayMiss: ['After a reset only', 'What the kernel has taken', 'After a reset no message'],
  sabotages: {
    tcp: [
      {
        name: 'a read is lost',
        claim: 'Closed in order',
        doctor: (heard) => without(heard, carried('server', 'received', 'close'), 1),
      },
      {
        name: 'the server reads before it is released',
        claim: 'Closed in order',
        doctor: (heard) => {
          const read = heard.filter(carried('server', 'received', 'close')).slice(0, 1)
          return [...read, ...heard.filter((one) => !read.includes(one))]
        },
      },
      {
        name: 'nothing was written',
        claim: 'Closed in order',
        verdict: 'not supported here',
        doctor: (heard) => without(heard, carried('client', 'sent')),
      },
      {
        name: 'what arrives is not the beginning',
        claim: 'After a reset only',
        doctor: (heard) => withPayload(heard, carried('server', 'received', 'reset'), cut, 1),
      },
      {
        name: 'the client closes instead',
        claim: 'After a reset only',
        verdict: 'not observed this run',
        doctor: (heard) => {
          const others = heard.filter(({ trial }) => trial !== 'reset')
          const closed = heard.filter(({ trial }) => trial === 'close')
          return [...others, ...closed.map((one) => ({ ...one, trial: 'reset' }))]
        },
      },
      {
        name: 'the last read is lost with the process',
        claim: 'What the kernel has taken',
        doctor: (heard) => withPayload(heard, carried('server', 'received', 'kill'), cut, 1),
      },
      {
        name: 'nobody was killed',
        claim: 'What the kernel has taken',
        verdict: 'not supported here',
        doctor: (heard) => without(heard, by('client', 'process', { trial: 'kill' })),
      },
    ],
    websocket: [
      {
        name: 'the message is not the same',
        claim: 'Closed in order',
        doctor: (heard) => withPayload(heard, by('server', 'message', { trial: 'close' }), cut),
      },
      {
        name: 'no message comes out',
        claim: 'Closed in order',
        doctor: (heard) => without(heard, by('server', 'message', { trial: 'close' })),
      },
      {
        name: 'the end is not abnormal',
        claim: 'After a reset no message',
        doctor: (heard) =>
          changed(heard, by('server', 'closed', { trial: 'reset' }), () => ({ closeCode: 1000 })),
      },
      {
        name: 'the message comes out all the same',
        claim: 'After a reset no message',
        verdict: 'not observed this run',
        doctor: (heard) => {
          const message = heard.filter(by('server', 'message', { trial: 'close' }))
          return [...heard, ...message.map((one) => ({ ...one, trial: 'reset' }))]
        },
      },
    ],
  },
})
