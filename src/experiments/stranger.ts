import { formatCount } from '../views/units.ts'
import { mayLeave, tcpClient, tcpServer, udpClient, udpServer, wsClient, wsServer } from './actors.ts'
import {
  type Condition,
  hasLeft,
  hasRead,
  hasReadBytes,
  hasReceivedMessages,
  hasSentMessages,
  hasTold,
  hasWritten,
} from './conditions.ts'
import { bringTheirOwn, haveOwnSockets, type StreamTransport } from './connections.ts'
import { during, messagesOf, readsOf, told, totalBytes, writesOf } from './evidence.ts'
import type { Actor, Claim, Evidence, Experiment, Part, Step, Trial } from './experiment.ts'
import { contradicted, countStrangers, mayBe, mustBe, unsupported } from './judging.ts'
import { draw, shortWords } from './random.ts'
import { run, say, start, type } from './steps.ts'

/*
 * That something does not arrive is seen by what arrives after it: the stranger sends first, then the true
 * peer, and the socket that hears the second has not heard the first.
 */

export const stranger: Experiment = {
  name: 'stranger',
  question: 'Two are talking, and a third one sends to the same address. Who hears it?',
  explanation:
    'A TCP connection is named by both of its ends, two addresses and two ports, so that what a third ' +
    'socket brings is another connection with a stream of its own, and a WebSocket inherits that from the ' +
    'TCP below it. A UDP socket is named by its own address alone and hears whoever sends there, until it ' +
    'is connected: from then on the kernel gives it what comes from its peer and nothing else.',
  minutes: 2,
  transports: ['tcp', 'udp', 'websocket'],
  plan(random) {
    const words = draw(random, shortWords, 4)
    return [tcp(words), udp(words), webSocket(words)]
  },
}

function tcp(words: readonly string[]): Part {
  const [first = '', second = '', third = ''] = words
  return {
    transport: 'tcp',
    left: ['client', 'stranger'],
    actors: [tcpServer(), tcpClient()],
    trials: connections(words, tcpClient({ name: 'stranger' }), (actor, sent) => [
      hasWritten(actor, 1),
      hasReadBytes('server', sent.join('').length),
    ]),
    claims: streamClaims('tcp'),
    byHand: [
      run(1, 'sockpit tcp-server'),
      run(2, 'sockpit tcp-client'),
      run(3, 'sockpit tcp-client'),
      ...[...type(2, first), ...type(3, second), ...type(2, third)],
    ],
  }
}

function webSocket(words: readonly string[]): Part {
  const [first = '', second = '', third = '', fourth = ''] = words
  const toldToGo = hasTold('intruder', 'ended', 1, ({ by }) => by === 'peer')
  return {
    transport: 'websocket',
    left: ['client', 'stranger', 'intruder'],
    actors: [wsServer(), wsClient()],
    trials: [
      ...connections(words, wsClient({ name: 'stranger' }), isEchoed),
      {
        name: 'no upgrade',
        title: 'one that does not ask for the upgrade',
        steps: [
          start(mayLeave(tcpClient({ name: 'intruder' }))),
          say('intruder', `/send ${second}\\r\\n\\r\\n`, hasTold('server', 'response'), toldToGo),
          say('client', `/send ${fourth}`, ...isEchoed('client', [fourth])),
        ],
      },
    ],
    claims: [...streamClaims('websocket'), neverAMessage],
    byHand: [
      run(1, 'sockpit ws-echo'),
      run(2, 'sockpit ws-client'),
      run(3, 'sockpit ws-client'),
      ...[...type(2, first), ...type(3, second), ...type(2, third)],
      run(4, 'sockpit tcp-client 127.0.0.1 9001'),
      ...type(4, second, ''),
    ],
  }
}

/** What an actor has sent has arrived, and so has all that was sent in this trial. */
type HasCome = (actor: string, sent: readonly string[]) => readonly Condition[]

const isEchoed: HasCome = (actor, sent) => [
  hasReceivedMessages(actor, 1),
  hasSentMessages('server', sent.length),
]

function connections(words: readonly string[], another: Actor, hasCome: HasCome): readonly Trial[] {
  const [first = '', second = '', third = ''] = words
  return [
    {
      name: 'alone',
      title: 'the two by themselves',
      steps: [say('client', `/send ${first}`, ...hasCome('client', [first]))],
    },
    {
      name: 'stranger',
      title: 'a third socket comes to the server',
      steps: [
        start(another),
        say('stranger', `/send ${second}`, ...hasCome('stranger', [second])),
        say('client', `/send ${third}`, ...hasCome('client', [second, third])),
      ],
    },
  ]
}

function udp([first = '', second = '', third = '', fourth = '']: readonly string[]): Part {
  const greet = (name: string) => say(name, '/send hello', hasWritten(name, 1), hasRead('server', 1))
  const knock = (name: string, word: string, ...until: readonly Condition[]): readonly Step[] => [
    start(mayLeave(strangerTo(name))),
    say('stranger', `/send ${word}`, hasWritten('stranger', 1), ...until),
  ]
  return {
    transport: 'udp',
    left: ['open', 'connected'],
    right: ['server', 'stranger'],
    actors: [
      udpServer(),
      udpClient({ name: 'open', flags: ['--no-connect'] }),
      udpClient({ name: 'connected' }),
    ],
    trials: [
      {
        name: 'unconnected',
        title: 'a third socket sends to an unconnected one',
        steps: [
          greet('open'),
          ...knock('open', first, hasRead('open', 1)),
          say('server', `/to 1 /send ${second}`, hasRead('open', 2), hasWritten('server', 1)),
          say('stranger', '/quit', hasLeft('stranger')),
        ],
      },
      {
        name: 'connected',
        title: 'a third socket sends to a connected one',
        steps: [
          greet('connected'),
          ...knock('connected', third),
          say('server', `/to 2 /send ${fourth}`, hasRead('connected', 1), hasWritten('server', 1)),
        ],
      },
    ],
    claims: udpClaims,
    byHand: [
      run(1, 'sockpit udp-server'),
      run(2, 'sockpit udp-client --local-port 9100'),
      ...type(2, 'hello'),
      run(3, 'sockpit udp-client 127.0.0.1 9100'),
      ...type(3, third),
      ...type(1, fourth),
    ],
  }
}

/** It sends to the port that a client has. */
function strangerTo(name: string): Actor {
  return {
    name: 'stranger',
    words: (heard) => [
      ...['udp-client', '127.0.0.1', String(told(heard, name, 'opened').at(-1)?.local.port)],
      ...['--on-eof', 'stay'],
    ],
    isReady: hasTold('stranger', 'opened'),
  }
}

function streamClaims(transport: StreamTransport): readonly Claim[] {
  const way = { transport, clients: ['client', 'stranger'] }
  const what = transport === 'tcp' ? 'bytes' : 'messages'
  return [
    haveOwnSockets({
      ...way,
      text: 'The stranger gets a connection and a socket of its own.',
    }),
    bringTheirOwn({ ...way, text: `Each connection brings the ${what} of its own client, and no others.` }),
  ]
}

const neverAMessage: Claim = {
  text: 'One that does not ask for the upgrade is answered with an error, and never sends a message.',
  judge(evidence) {
    const heard = during(evidence, 'no upgrade')
    const written = totalBytes(writesOf(heard, 'intruder'))
    const [response] = told(heard, 'server', 'response')
    if (written === 0 || response === undefined) return unsupported('nobody came without asking')
    const messages = messagesOf(heard, 'server', 'received')
    const count = messages.filter(({ socket }) => socket === response.socket).length
    const figures =
      `${written} B sent, answered with ${response.status} ${response.reason}: ` +
      `${formatCount(count, 'message')} from it, and ${messages.length - count} from the client after that`
    return mustBe(response.status >= 400 && count === 0 && messages.length > 0, figures)
  },
}

/** What both others sent to one datagram socket, and what it received of each, by the sender's port. */
function arrivals(evidence: Evidence, trial: string, to: string) {
  const heard = during(evidence, trial)
  const [peer, other] = [writesOf(heard, 'server'), writesOf(heard, 'stranger')]
  const received = readsOf(heard, to)
  const fromPeer = received.length - countStrangers(peer, received)
  const fromOther = received.length - countStrangers(other, received)
  const figures =
    `of ${peer.length} from the server ${fromPeer} arrived, ` +
    `of ${other.length} from the stranger ${fromOther}` +
    tellRefusals(told(heard, 'stranger', 'refused').length)
  const isSent = peer.length > 0 && other.length > 0
  return { isSent, peer, other, received, fromPeer, fromOther, figures }
}

/** The kernel of a connected socket answers everybody else as if nobody listened. */
function tellRefusals(count: number): string {
  return count === 0 ? '' : `, which was refused ${formatCount(count, 'time')}`
}

const nothingSent = unsupported('one of the two has not sent')

const udpClaims: readonly Claim[] = [
  {
    text: 'Unconnected, a socket hears whoever sends to its port: its peer and the stranger.',
    judge(evidence) {
      const { isSent, peer, other, received, fromPeer, fromOther, figures } = arrivals(
        evidence,
        'unconnected',
        'open',
      )
      if (!isSent) return nothingSent
      if (countStrangers([...peer, ...other], received) > 0) return contradicted(figures)
      return mayBe(fromPeer > 0 && fromOther > 0, figures)
    },
  },
  {
    text: 'Connected, it hears its peer alone: what the stranger sends is not delivered.',
    judge(evidence) {
      const { isSent, peer, received, fromPeer, figures } = arrivals(evidence, 'connected', 'connected')
      if (!isSent) return nothingSent
      if (countStrangers(peer, received) > 0) return contradicted(figures)
      return mayBe(fromPeer > 0, figures)
    },
  },
]
