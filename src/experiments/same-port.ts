import type { Transport } from '../event.ts'
import { formatBytes } from '../views/units.ts'
import { mayLeave, portOf, tcpClient, tcpServer, udpClient, udpServer, wsClient, wsServer } from './actors.ts'
import {
  all,
  any,
  type Condition,
  hasLeft,
  hasRead,
  hasReadBytes,
  hasReceivedMessages,
  hasWritten,
} from './conditions.ts'
import { compareHashes, during, exitOf, payloadsOver, streamHash, totalBytes } from './evidence.ts'
import type { Actor, Claim, Evidence, Experiment, HandStep, Part, Trial } from './experiment.ts'
import { contradicted, countStrangers, mayBe, mustBe, unsupported } from './judging.ts'
import { draw, shortWords } from './random.ts'
import { run, say, start, type } from './steps.ts'

/*
 * The number is drawn by the kernel for the server alone. That somebody else on this machine holds it for
 * the other protocol is rare, and possible: then there is nothing to judge by, and nobody sends to that
 * stranger.
 */

export const samePort: Experiment = {
  name: 'same-port',
  question: 'A server has a port. Can another one have the same number?',
  explanation:
    'TCP and UDP number their ports apart from each other, and each IP header names the protocol that it ' +
    'is for, so that one number can be open in both. Within one of them an address and a port belong to ' +
    'one listener (EADDRINUSE for the next), and a WebSocket server is a TCP listener like any other.',
  minutes: 2,
  transports: ['tcp', 'udp', 'websocket'],
  plan(random) {
    const words = draw(random, shortWords, 3)
    return [tcp(words), udp(words), webSocket(words)]
  },
}

const sides = { left: ['client', 'neighbour client'], right: ['server', 'neighbour', 'second'] } as const

function tcp(words: readonly string[]): Part {
  return {
    transport: 'tcp',
    ...sides,
    actors: [tcpServer(), tcpClient()],
    trials: trials(words, {
      own: 'TCP',
      neighbour: datagramNeighbour,
      second: tcpServer({ name: 'second' }),
      hasCome: (size) => hasReadBytes('server', size),
    }),
    claims: claims({
      transport: 'tcp',
      neighbour: 'udp',
      first: 'A TCP server',
      second: 'A second TCP server',
    }),
    byHand: byHand(words, ['tcp-server', 'udp-server', 'tcp-server'], ['tcp-client', 'udp-client']),
  }
}

function udp(words: readonly string[]): Part {
  return {
    transport: 'udp',
    ...sides,
    actors: [udpServer(), udpClient()],
    trials: trials(words, {
      own: 'UDP',
      neighbour: streamNeighbour,
      second: udpServer({ name: 'second' }),
      hasCome: () => hasRead('server', 1),
    }),
    claims: claims({
      transport: 'udp',
      neighbour: 'tcp',
      first: 'A UDP server',
      second: 'A second UDP server',
    }),
    byHand: byHand(words, ['udp-server', 'tcp-server', 'udp-server'], ['udp-client', 'tcp-client']),
  }
}

function webSocket(words: readonly string[]): Part {
  const protocols = { transport: 'websocket', neighbour: 'udp' } as const
  return {
    transport: 'websocket',
    ...sides,
    actors: [wsServer(), wsClient()],
    trials: trials(words, {
      own: 'TCP',
      neighbour: datagramNeighbour,
      second: tcpServer({ name: 'second' }),
      hasCome: () => hasReceivedMessages('client', 1),
    }),
    claims: claims({ ...protocols, first: 'A WebSocket server', second: 'A plain TCP server' }),
    byHand: byHand(
      words,
      ['ws-echo', 'udp-server 9001', 'tcp-server 9001'],
      ['ws-client', 'udp-client 127.0.0.1 9001'],
    ),
  }
}

function byHand(
  [first = '', second = '']: readonly string[],
  servers: readonly string[],
  [client, neighbourClient]: readonly [string, string],
): readonly HandStep[] {
  return [
    ...servers.map((server, index) => run(index + 1, `sockpit ${server}`)),
    run(3, `sockpit ${client}`),
    ...type(3, first, '/quit'),
    run(3, `sockpit ${neighbourClient}`),
    ...type(3, second),
  ]
}

interface Neighbour {
  /** Its protocol. */
  readonly title: string
  readonly server: Actor
  readonly client: Actor
}

/** Where the neighbour never listened, its client has no port to go to, and leaves. */
const ways = { name: 'neighbour client', to: 'neighbour' } as const

const datagramNeighbour: Neighbour = {
  title: 'a UDP server at the same number',
  server: udpServer({ name: 'neighbour' }),
  client: udpClient(ways),
}

const streamNeighbour: Neighbour = {
  title: 'a TCP server at the same number',
  server: tcpServer({ name: 'neighbour' }),
  client: tcpClient(ways),
}

interface Means {
  readonly own: 'TCP' | 'UDP'
  readonly neighbour: Neighbour
  readonly second: Actor
  /** What the client sent has arrived, so many bytes. */
  hasCome(size: number): Condition
}

function trials(
  [first = '', second = '']: readonly string[],
  { own, neighbour, second: another, hasCome }: Means,
): readonly Trial[] {
  return [
    {
      name: 'neighbour',
      title: neighbour.title,
      steps: [
        start(atSamePort(neighbour.server)),
        start(mayLeave(neighbour.client)),
        say('client', `/send ${first}`, hasWritten('client', 1), hasCome(first.length)),
        say(
          'neighbour client',
          `/send ${second}`,
          any(
            all(hasWritten('neighbour client', 1), hasReadBytes('neighbour', second.length)),
            hasLeft('neighbour client'),
          ),
        ),
      ],
    },
    {
      name: 'second',
      title: `a second server over ${own} at the same number`,
      steps: [start(atSamePort(another))],
    },
  ]
}

/** The same server at the port that the first one has. */
function atSamePort(server: Actor): Actor {
  return mayLeave({
    ...server,
    words: (heard) =>
      server
        .words(heard)
        .map((word) => (word === '127.0.0.1:0' ? `127.0.0.1:${portOf(heard, 'server')}` : word)),
  })
}

interface Protocols {
  readonly transport: Transport
  readonly neighbour: 'tcp' | 'udp'
  readonly first: string
  readonly second: string
}

function claims({ transport, neighbour, first, second }: Protocols): readonly Claim[] {
  const other = neighbour.toUpperCase()
  return [
    {
      text: `${first} and a ${other} server can have one number, and each gets what is meant for it.`,
      judge: (evidence) => judgeBoth(evidence, { transport, neighbour }),
    },
    {
      text: `${second} cannot listen there: EADDRINUSE.`,
      judge: judgeSecond,
    },
  ]
}

function judgeBoth(evidence: Evidence, { transport, neighbour }: Pick<Protocols, 'transport' | 'neighbour'>) {
  const heard = during(evidence, 'neighbour')
  const [port, other] = [portOf(evidence, 'server'), portOf(heard, 'neighbour')]
  if (port === undefined) return unsupported('there was no server')
  if (other === undefined) return unsupported(`somebody else has port ${port} of ${neighbour.toUpperCase()}`)
  const [own, theirs] = [
    carriedBy(heard, transport, 'client', 'server'),
    carriedBy(heard, neighbour, 'neighbour client', 'neighbour'),
  ]
  if ([own, theirs].some(({ sent }) => totalBytes(sent) === 0))
    return unsupported('one of them got nothing to do')
  const figures = `port ${port} and port ${other}: ${own.figures}; ${theirs.figures}`
  const isStrange = [own, theirs].some(({ isStrange }) => isStrange)
  if (port !== other || isStrange) return contradicted(figures)
  return mayBe(
    [own, theirs].every(({ isWhole }) => isWhole),
    figures,
  )
}

/** From a client to its server; of a datagram socket, nothing has to arrive. */
function carriedBy(heard: Evidence, transport: Transport, from: string, to: string) {
  const sent = payloadsOver(heard, transport, { actor: from, direction: 'sent' })
  const received = payloadsOver(heard, transport, { actor: to, direction: 'received' })
  const isWhole = streamHash(sent) === streamHash(received)
  return {
    sent,
    isWhole,
    isStrange: transport === 'udp' ? countStrangers(sent, received) > 0 : !isWhole,
    figures: `${names[transport]} ${formatBytes(totalBytes(received))}, ${compareHashes(sent, received)}`,
  }
}

const names = { tcp: 'TCP', udp: 'UDP', websocket: 'WebSocket' } as const

function judgeSecond(evidence: Evidence) {
  const port = portOf(evidence, 'server')
  const heard = during(evidence, 'second')
  const { exitCode, message = '' } = exitOf(heard, 'second') ?? {}
  const second = portOf(heard, 'second')
  // Somebody of an earlier trial may still have had something to say.
  const isThere = heard.some(({ actor }) => actor === 'second')
  if (port === undefined || !isThere) return unsupported('there was no second server')
  const isSaid = message.includes('EADDRINUSE') && message.includes(`:${port}:`)
  const how = second === undefined ? 'it never listened' : `it listened at port ${second}`
  const why = isSaid ? ', EADDRINUSE' : ''
  const figures = `port ${port} of the first; of the second: ${how}, exit code ${exitCode ?? 'none'}${why}`
  return mustBe(second === undefined && isSaid && exitCode !== undefined && exitCode > 0, figures)
}
