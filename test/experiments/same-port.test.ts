import type { Actor, Evidence, Part } from '../../src/experiments/experiment.ts'
import { samePort } from '../../src/experiments/same-port.ts'
import { by, carried, changed, without, withPayload } from './doctored.ts'
import { rehearse, type Sabotage } from './rehearsal.ts'

const both = {
  tcp: 'A TCP server and',
  udp: 'A UDP server and',
  websocket: 'A WebSocket server and',
} as const
const second = 'A second'
const plain = 'A plain TCP server'

const other = (payload: Uint8Array) => payload.map((byte) => byte ^ 1)

/** The second one listens beside the first. */
function listensToo(evidence: Evidence): Evidence {
  const place = evidence.find(by('second', 'process'))
  return evidence.flatMap((heard) =>
    by('server', 'listening')(heard) && place !== undefined
      ? [heard, { ...place, event: heard.event }]
      : [heard],
  )
}

/** Servers that share the port, where the transport lets them. */
function shared(part: Part): Part {
  const share = (actor: Actor): Actor =>
    ['server', 'second'].includes(actor.name)
      ? { ...actor, words: (heard) => [...actor.words(heard), '--reuse-address'] }
      : actor
  return {
    ...part,
    actors: part.actors.map(share),
    trials: part.trials.map((trial) => ({
      ...trial,
      steps: trial.steps.map((step) => ('start' in step ? { start: share(step.start) } : step)),
    })),
  }
}

/** The neighbour asks for a number that somebody else has: the server's own. */
function taken(part: Part): Part {
  const trials = part.trials.map((trial) => ({
    ...trial,
    steps: trial.steps.map((step) =>
      'start' in step && step.start.name === 'neighbour'
        ? {
            start: {
              ...step.start,
              words: (heard: Evidence) => ['tcp-server', ...step.start.words(heard).slice(1)],
            },
          }
        : step,
    ),
  }))
  return { ...part, trials }
}

function ofSecond(claim: string): readonly Sabotage[] {
  return [
    { name: 'the second one listens, too', claim, doctor: listensToo },
    {
      name: 'another reason',
      claim,
      doctor: (heard) => changed(heard, by('second', 'process'), () => ({ message: 'EACCES' })),
    },
    {
      name: 'the exit code of success',
      claim,
      doctor: (heard) => changed(heard, by('second', 'process'), () => ({ exitCode: 0 })),
    },
    {
      name: 'there was no second one',
      claim,
      verdict: 'not supported here',
      doctor: (heard) => without(heard, by('second', 'process')),
    },
  ]
}

function ofNeighbours(claim: string): readonly Sabotage[] {
  return [
    {
      name: 'the neighbour has another number',
      claim,
      doctor: (heard) =>
        changed(heard, by('neighbour', 'listening'), () => ({
          local: { address: '127.0.0.1', port: 1, family: 'IPv4' },
        })),
    },
    {
      name: 'somebody else has the number',
      claim,
      verdict: 'not supported here',
      doctor: (heard) => without(heard, by('neighbour', 'listening')),
    },
    {
      name: 'the neighbour gets something else',
      claim,
      doctor: (heard) => withPayload(heard, carried('neighbour', 'received'), other),
    },
  ]
}

rehearse(samePort, {
  sabotages: {
    tcp: [
      ...ofNeighbours(both.tcp),
      ...ofSecond(second),
      {
        name: 'a byte is another',
        claim: both.tcp,
        doctor: (heard) => withPayload(heard, carried('server', 'received'), other),
      },
      { name: 'the number is taken', claim: both.tcp, verdict: 'not supported here', alter: taken },
    ],
    udp: [
      ...ofNeighbours(both.udp),
      ...ofSecond(second),
      {
        name: 'the datagram is lost',
        claim: both.udp,
        verdict: 'not observed this run',
        doctor: (heard) => without(heard, carried('server', 'received')),
      },
      { name: 'both share the port', claim: second, alter: shared },
    ],
    websocket: [
      ...ofNeighbours(both.websocket),
      ...ofSecond(plain),
      {
        name: 'another message arrives',
        claim: both.websocket,
        doctor: (heard) => withPayload(heard, by('server', 'message'), other),
      },
    ],
  },
})
