import type { Transport } from '../event.ts'
import { formatCount } from '../views/units.ts'
import { portOf, tcpClient, tcpServer, udpClient, udpServer, wsClient, wsServer } from './actors.ts'
import { all, type Condition, hasRead, hasReadBytes, hasReceivedMessages, hasWritten } from './conditions.ts'
import { bringTheirOwn, haveOwnSockets, knownOf, type StreamTransport } from './connections.ts'
import { during, payloadsOver, streamHash, told } from './evidence.ts'
import type { Actor, Claim, Evidence, Experiment, HandStep, Part, Trial } from './experiment.ts'
import { contradicted, countStrangers, mayBe, mustBe, unsupported } from './judging.ts'
import { draw, shortWords } from './random.ts'
import { run, say, start, type } from './steps.ts'

/*
 * The answer to all comes after the answer to one: that it reaches everybody shows that whatever had been on
 * its way to the others before it has arrived, too.
 */

const clients = ['ann', 'ben', 'cleo'] as const
const [, chosen] = clients

export const whoIsWho: Experiment = {
  name: 'who-is-who',
  question: 'Three clients talk to one server. How does it tell them apart, and answer just one?',
  explanation:
    'A TCP server has one socket that only listens, and accept makes another one for each connection, so ' +
    'that the socket itself says who it is, under a WebSocket, too. A UDP server reads everything from ' +
    'one and the same socket: the kernel hands out the address of the sender with each datagram, and an ' +
    'answer goes to it.',
  minutes: 2,
  transports: ['tcp', 'udp', 'websocket'],
  plan(random) {
    const words = draw(random, shortWords, clients.length + 2)
    return [tcp(words), udp(words), webSocket(words)]
  },
}

function tcp(words: readonly string[]): Part {
  return {
    transport: 'tcp',
    left: clients,
    actors: [tcpServer()],
    trials: trials(words, {
      client: (name) => tcpClient({ name }),
      isSent: (name, sent) => all(hasWritten(name, 1), hasReadBytes('server', sent.join('').length)),
      isAnswered: (name, answers) => hasReadBytes(name, answers.join('').length),
    }),
    claims: tcpClaims,
    byHand: byHand(words, 'tcp-server', 'tcp-client'),
  }
}

function udp(words: readonly string[]): Part {
  return {
    transport: 'udp',
    left: clients,
    actors: [udpServer()],
    trials: trials(words, {
      client: (name) => udpClient({ name }),
      isSent: (name, sent) => all(hasWritten(name, 1), hasRead('server', sent.length)),
      isAnswered: (name, answers) => hasRead(name, answers.length),
    }),
    claims: udpClaims,
    byHand: byHand(words, 'udp-server', 'udp-client'),
  }
}

function webSocket(words: readonly string[]): Part {
  return {
    transport: 'websocket',
    left: clients,
    actors: [wsServer()],
    trials: trials(words, {
      client: (name) => wsClient({ name }),
      // The server has answered three requests, and echoes.
      isSent: (name, sent) =>
        all(hasReceivedMessages(name, 1), hasWritten('server', clients.length + sent.length)),
      isAnswered: (name, answers) => hasReceivedMessages(name, answers.length),
    }),
    claims: webSocketClaims,
    byHand: byHand(words, 'ws-echo', 'ws-client'),
  }
}

/** How a transport does what the trials ask for. */
interface Means {
  client(name: string): Actor
  /** What this client has sent has arrived, as the last of what was sent so far. */
  isSent(name: string, sent: readonly string[]): Condition
  /** The answers have come to this client in this trial. */
  isAnswered(name: string, answers: readonly string[]): Condition
}

function trials(words: readonly string[], { client, isSent, isAnswered }: Means): readonly Trial[] {
  const [answer = '', toAll = ''] = words.slice(clients.length)
  return [
    {
      name: 'each',
      title: 'three clients, a word from each',
      steps: [
        ...clients.map((name) => start(client(name))),
        ...clients.map((name, index) =>
          say(name, `/send ${words[index]}`, isSent(name, words.slice(0, index + 1))),
        ),
      ],
    },
    {
      name: 'one',
      title: 'an answer to the second',
      steps: [say('server', `/to 2 /send ${answer}`, isAnswered(chosen, [answer]), hasWritten('server', 1))],
    },
    {
      name: 'all',
      title: 'an answer to all',
      steps: [
        say(
          'server',
          `/all /send ${toAll}`,
          ...clients.map((name) => isAnswered(name, [toAll])),
          hasWritten('server', clients.length),
        ),
      ],
    },
  ]
}

function byHand(words: readonly string[], server: string, client: string): readonly HandStep[] {
  const [answer = '', toAll = ''] = words.slice(clients.length)
  return [
    run(1, `sockpit ${server}`),
    ...clients.flatMap((_, index) => [
      run(index + 2, `sockpit ${client}`),
      ...type(index + 2, words[index] ?? ''),
    ]),
    ...type(1, '/peers', `/to 2 /send ${answer}`, `/all /send ${toAll}`),
  ]
}

/** What the server has sent to each client, by the socket or address that it knows it by, and what came. */
function answersTo(evidence: Evidence, transport: Transport, trial: string) {
  const heard = during(evidence, trial)
  return knownOf(evidence, { transport, clients }).map(({ name, socket }) => ({
    name,
    sent: payloadsOver(heard, transport, { actor: 'server', direction: 'sent', socket }),
    received: payloadsOver(heard, transport, { actor: name, direction: 'received' }),
  }))
}

const tooFew = unsupported('not every client was heard of')

/** The answer to one, beside the answer to all. */
function reachesOne(text: string, transport: Transport): Claim {
  return {
    text,
    judge(evidence) {
      const [one, everybody] = [answersTo(evidence, transport, 'one'), answersTo(evidence, transport, 'all')]
      const [toOne, toAll] = [one, everybody].map((answers) => answers.flatMap(({ sent }) => sent))
      if (one.length < clients.length || toOne?.length !== 1 || toAll?.length !== clients.length) {
        return unsupported('the server did not answer one, and then all')
      }
      const tell = (answers: typeof one) =>
        answers
          .map(({ name, received }) => `${name} ${formatCount(received.length, nouns[transport])}`)
          .join(', ')
      const figures = `to one: ${tell(one)}; to all: ${tell(everybody)}`
      const both = [...one, ...everybody]
      if (both.some(({ name, sent }) => sent.length === 0 && name === chosen)) return contradicted(figures)
      if (transport !== 'udp') return mustBe(both.every(isSame), figures)
      if (both.some(({ sent, received }) => countStrangers(sent, received) > 0)) return contradicted(figures)
      return mayBe(both.every(isSame), figures)
    },
  }
}

const nouns = { tcp: 'read', udp: 'datagram', websocket: 'message' } as const

function isSame({
  sent,
  received,
}: {
  readonly sent: readonly Uint8Array[]
  readonly received: readonly Uint8Array[]
}) {
  return streamHash(sent) === streamHash(received)
}

function streamClaims(transport: StreamTransport, what: string): readonly Claim[] {
  const way = { transport, clients }
  return [
    haveOwnSockets({
      ...way,
      text: 'One socket listens, and each client gets one of its own: three, all at one port.',
    }),
    bringTheirOwn({ ...way, text: `Out of each socket come the ${what} of its own client, and no others.` }),
    reachesOne('What is sent on the second socket reaches the second client alone.', transport),
  ]
}

const tcpClaims = streamClaims('tcp', 'bytes')
const webSocketClaims = streamClaims('websocket', 'messages')

const udpClaims: readonly Claim[] = [
  {
    text: 'The server has one socket and accepts nobody: it knows three addresses.',
    judge(evidence) {
      const peers = told(evidence, 'server', 'peer').map(({ remote }) => remote.port)
      if (knownOf(evidence, { transport: 'udp', clients }).length < clients.length) return tooFew
      const [listening, opened] = [told(evidence, 'server', 'listening'), told(evidence, 'server', 'opened')]
      const figures =
        `${formatCount(listening.length, 'socket')} at port ${portOf(evidence, 'server')}, ` +
        `${opened.length} accepted, ${formatCount(peers.length, 'peer')} at ports ${peers.join(', ')}`
      const isSo = peers.length === clients.length && new Set(peers).size === clients.length
      return mustBe(isSo && listening.length === 1 && opened.length === 0, figures)
    },
  },
  {
    text: "Each datagram comes with its sender's address, and that is how it is known whose it is.",
    judge(evidence) {
      const heard = during(evidence, 'each')
      const received = told(heard, 'server', 'datagram').filter(({ direction }) => direction === 'received')
      const found = knownOf(evidence, { transport: 'udp', clients }).map(({ name, port }) => ({
        name,
        port,
        sent: payloadsOver(heard, 'udp', { actor: name, direction: 'sent' }),
        received: received.filter(({ remote }) => remote.port === port).map(({ payload }) => payload),
      }))
      if (found.length < clients.length || found.some(({ sent }) => sent.length === 0)) return tooFew
      const figures = found
        .map(
          ({ name, port, sent, received }) =>
            `${sent.length} from ${name}, ${received.length} from port ${port}`,
        )
        .join('; ')
      const isMixedUp = found.some(({ sent, received }) => countStrangers(sent, received) > 0)
      const isKnown = received.every(({ remote }) => found.some(({ port }) => port === remote.port))
      return isMixedUp || !isKnown ? contradicted(figures) : mayBe(found.every(isSame), figures)
    },
  },
  reachesOne('What is sent to the second address reaches the second client alone.', 'udp'),
]
