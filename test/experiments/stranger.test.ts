import type { Part } from '../../src/experiments/experiment.ts'
import { stranger } from '../../src/experiments/stranger.ts'
import { by, carried, changed, merged, without, withPayload } from './doctored.ts'
import { rehearse, type Sabotage } from './rehearsal.ts'

const own = 'The stranger gets'
const each = 'Each connection brings'
const never = 'One that does not ask'
const open = 'Unconnected'
const connected = 'Connected'

/** The server tells of the client's socket only, as if there were one for both. */
const oneSocket: Sabotage = {
  name: 'one socket for both',
  claim: own,
  doctor: (heard) =>
    heard.map((one) =>
      one.event.socket === 'server#2' ? { ...one, event: { ...one.event, socket: 'server#1' } } : one,
    ),
}

const other = (payload: Uint8Array) => payload.map((byte) => byte ^ 1)

/** The client does not connect its socket. */
function unconnected(part: Part): Part {
  return {
    ...part,
    actors: part.actors.map((actor) =>
      actor.name === 'connected'
        ? { ...actor, words: (heard) => [...actor.words(heard), '--no-connect'] }
        : actor,
    ),
  }
}

rehearse(stranger, {
  sabotages: {
    tcp: [
      oneSocket,
      { ...oneSocket, claim: each },
      {
        name: 'another port of the server for the stranger',
        claim: own,
        doctor: (heard) =>
          changed(heard, by('server', 'opened', { trial: 'stranger' }), () => ({
            local: { address: '127.0.0.1', port: 1, family: 'IPv4' },
          })),
      },
      {
        name: 'a byte is another',
        claim: each,
        doctor: (heard) => withPayload(heard, carried('server', 'received', 'alone'), other),
      },
      {
        name: 'nothing was sent',
        claim: each,
        verdict: 'not supported here',
        doctor: (heard) => without(heard, carried('stranger', 'sent')),
      },
    ],
    udp: [
      {
        name: 'two datagrams in one',
        claim: open,
        doctor: (heard) => merged(heard, carried('open', 'received')),
      },
      {
        name: 'one of the two is lost',
        claim: open,
        verdict: 'not observed this run',
        doctor: (heard) => without(heard, carried('open', 'received'), 1),
      },
      {
        name: 'the peer is not heard',
        claim: connected,
        verdict: 'not observed this run',
        doctor: (heard) => without(heard, carried('connected', 'received')),
      },
      {
        name: 'the stranger sends nothing',
        claim: connected,
        verdict: 'not supported here',
        doctor: (heard) => without(heard, carried('stranger', 'sent', 'connected')),
      },
      { name: 'the socket is not connected', claim: connected, alter: unconnected },
    ],
    websocket: [
      oneSocket,
      {
        name: 'a message is another',
        claim: each,
        doctor: (heard) =>
          withPayload(
            heard,
            by('server', 'message', { also: ({ direction }) => direction === 'received' }),
            other,
            1,
          ),
      },
      {
        name: 'it was let in',
        claim: never,
        doctor: (heard) =>
          changed(heard, by('server', 'response', { trial: 'no upgrade' }), () => ({ status: 101 })),
      },
      {
        name: 'its bytes became a message',
        claim: never,
        doctor: (heard) =>
          heard.map((one) =>
            by('server', 'message', { trial: 'no upgrade' })(one)
              ? { ...one, event: { ...one.event, socket: 'server#3' } }
              : one,
          ),
      },
    ],
  },
})
