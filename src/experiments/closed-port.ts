import { formatBytes, formatCount, formatDuration } from '../views/units.ts'
import { mayLeave, portOf, tcpClient, tcpServer, udpClient, udpServer, wsClient, wsServer } from './actors.ts'
import {
  any,
  hasLeft,
  hasRead,
  hasReadBytes,
  hasReceivedMessages,
  hasTold,
  hasWritten,
} from './conditions.ts'
import {
  compareHashes,
  during,
  exitOf,
  payloadsOver,
  readsOf,
  streamHash,
  told,
  totalBytes,
  writesOf,
} from './evidence.ts'
import type { Actor, Claim, Evidence, Experiment, Judgement, Part, Step, Trial } from './experiment.ts'
import { contradicted, countDatagrams, countStrangers, mayBe, mustBe, unsupported } from './judging.ts'
import { draw, shortWords } from './random.ts'
import { run, say, start, type } from './steps.ts'

/*
 * One port number, first with a server behind it and then without. That nothing is told can only be said of a
 * time: each datagram socket waits that long after its send, and then tells what it has counted.
 */

const silenceMs = 200

export const closedPort: Experiment = {
  name: 'closed-port',
  question: 'A server ends, and a client still goes to its port. Who says that nobody is there?',
  explanation:
    'TCP has to be answered before it sends anything: where nobody listens, the kernel answers the SYN ' +
    'with a reset (RFC 9293 §3.10.7.1), so that connecting fails, and a WebSocket, which begins as a TCP ' +
    'connection, never gets to its request. UDP asks nobody: the send succeeds, and the ICMP message that ' +
    'comes back is passed on only to a socket that was connected to that address.',
  minutes: 2,
  transports: ['tcp', 'udp', 'websocket'],
  plan(random) {
    const words = draw(random, shortWords, 2)
    return [tcp(words), udp(words), webSocket(words)]
  },
}

function tcp([word = '']: readonly string[]): Part {
  return {
    transport: 'tcp',
    actors: [mayLeave(tcpServer())],
    trials: connections(
      tcpClient(),
      say('client', `/send ${word}`, hasWritten('client', 1), hasReadBytes('server', word.length)),
    ),
    claims: tcpClaims,
    byHand: [
      run(1, 'sockpit tcp-server'),
      run(2, 'sockpit tcp-client'),
      ...type(2, word, '/quit'),
      ...type(1, '/quit'),
      run(2, 'sockpit tcp-client'),
    ],
  }
}

function webSocket([word = '']: readonly string[]): Part {
  return {
    transport: 'websocket',
    actors: [mayLeave(wsServer())],
    trials: connections(wsClient(), say('client', `/send ${word}`, hasReceivedMessages('client', 1))),
    claims: webSocketClaims,
    byHand: [
      run(1, 'sockpit ws-echo'),
      run(2, 'sockpit ws-client'),
      ...type(2, word, '/quit'),
      ...type(1, '/quit'),
      run(2, 'sockpit ws-client'),
    ],
  }
}

function connections(client: Actor, send: Step): readonly Trial[] {
  const late = {
    ...client,
    leaves: true,
    isReady: any(hasTold('client', 'opened'), hasLeft('client')),
  } as const
  return [
    {
      name: 'open',
      title: 'the server listens',
      steps: [
        start(mayLeave(client)),
        send,
        say('client', '/quit', hasLeft('client'), hasTold('server', 'closed')),
      ],
    },
    {
      name: 'closed',
      title: 'the server has ended',
      steps: [say('server', '/quit', hasLeft('server')), start(late)],
    },
  ]
}

function udp(words: readonly string[]): Part {
  const names = ['unconnected', 'connected']
  const lines = (word: string) => [`/send ${word}`, `/wait ${silenceMs}ms`, '/stats']
  return {
    transport: 'udp',
    left: names,
    actors: [
      mayLeave(udpServer()),
      udpClient({ name: 'unconnected', flags: ['--no-connect'] }),
      udpClient({ name: 'connected' }),
    ],
    trials: [
      {
        name: 'open',
        title: 'the server listens',
        steps: names.map((name, index) =>
          say(name, `/send ${words[index]}`, hasRead('server', index + 1), hasTold(name, 'datagram')),
        ),
      },
      {
        name: 'closed',
        title: 'the server has ended',
        steps: [
          say('server', '/quit', hasLeft('server')),
          ...names.map((name, index) => say(name, lines(words[index] ?? ''), hasTold(name, 'stats'))),
        ],
      },
    ],
    claims: udpClaims,
    byHand: [
      run(1, 'sockpit udp-server'),
      run(2, 'sockpit udp-client --no-connect'),
      run(3, 'sockpit udp-client'),
      ...type(1, '/quit'),
      ...type(2, words[0] ?? ''),
      ...type(3, words[1] ?? ''),
    ],
  }
}

const stillThere = unsupported('the server has not ended')

/** What was heard after the server had ended; nothing where it has not. */
function afterwards(evidence: Evidence): Evidence {
  const heard = during(evidence, 'closed')
  const end = heard.findIndex(
    ({ actor, event }) => actor === 'server' && event.kind === 'process' && event.what === 'exited',
  )
  return end < 0 ? [] : heard.slice(end)
}

/** Of a connection: nothing comes of it, and nothing of what stands on it. */
function refusedAfterwards(text: string, unsaid: readonly ('bytes' | 'request')[]): Claim {
  return {
    text,
    judge(evidence) {
      const port = portOf(evidence, 'server')
      const heard = afterwards(evidence)
      if (port === undefined || heard.length === 0) return stillThere
      const [refused] = told(heard, 'client', 'refused')
      const opened = told(heard, 'client', 'opened').length
      // The number is free again, and somebody may have been given it.
      if (opened > 0 && refused === undefined) return unsupported(`somebody else has port ${port} by now`)
      const said = unsaid.map((kind) => ({ kind, count: told(heard, 'client', kind).length }))
      const counts = said.map(({ kind, count }) => formatCount(count, kind === 'bytes' ? 'write' : kind))
      const how = refused === undefined ? 'not refused' : `refused with ${refused.code}`
      const isRefused = refused?.code === 'ECONNREFUSED' && refused.remote.port === port
      return mustBe(
        isRefused && opened === 0 && said.every(({ count }) => count === 0),
        `port ${port} ${how}: ${[formatCount(opened, 'connection'), ...counts].join(', ')}`,
      )
    },
  }
}

/** The control: the client's call to the same port, and what it sent. */
function arrivesBefore(text: string, transport: 'tcp' | 'websocket'): Claim {
  return {
    text,
    judge(evidence) {
      const heard = during(evidence, 'open')
      const opened = told(heard, 'client', 'opened').find((one) => one.transport === transport)
      const sent = payloadsOver(heard, transport, { actor: 'client', direction: 'sent' })
      if (totalBytes(sent) === 0) return unsupported('nothing was sent')
      const received = payloadsOver(heard, transport, { actor: 'server', direction: 'received' })
      const port = portOf(evidence, 'server')
      const [out, into] = [sent, received].map((pieces) => formatBytes(totalBytes(pieces)))
      return mustBe(
        opened !== undefined && opened.remote.port === port && streamHash(sent) === streamHash(received),
        `port ${port}: ${out} sent and ${into} received, ${compareHashes(sent, received)}`,
      )
    },
  }
}

const exitsWithAnError: Claim = {
  text: 'The command says so, and ends with an exit code that is not 0.',
  judge(evidence) {
    const heard = afterwards(evidence)
    if (heard.length === 0) return stillThere
    const { exitCode, message = '' } = exitOf(heard, 'client') ?? {}
    if (exitCode === undefined) return unsupported('the client has not ended')
    const isSaid = message.includes('ECONNREFUSED')
    const words = isSaid ? 'its message names ECONNREFUSED' : 'its message does not name the refusal'
    return mustBe(exitCode > 0 && isSaid, `exit code ${exitCode}; ${words}`)
  },
}

const tcpClaims: readonly Claim[] = [
  arrivesBefore('While somebody listens, the client connects, and its bytes arrive.', 'tcp'),
  refusedAfterwards('When nobody listens, connecting is refused: nothing is opened, and nothing sent.', [
    'bytes',
  ]),
  exitsWithAnError,
]

const webSocketClaims: readonly Claim[] = [
  arrivesBefore('While somebody listens, the upgrade is done, and the message arrives.', 'websocket'),
  refusedAfterwards('When nobody listens, TCP is refused already: the upgrade never starts.', [
    'request',
    'bytes',
  ]),
  exitsWithAnError,
]

const udpClaims: readonly Claim[] = [
  {
    text: 'While somebody listens, a datagram arrives from either socket.',
    judge(evidence) {
      const heard = during(evidence, 'open')
      const sent = [...writesOf(heard, 'unconnected'), ...writesOf(heard, 'connected')]
      if (sent.length === 0) return unsupported('nothing was sent')
      const received = readsOf(heard, 'server')
      const figures = `port ${portOf(evidence, 'server')}: ${countDatagrams(sent, received)}`
      if (countStrangers(sent, received) > 0) return contradicted(figures)
      return mayBe(received.length === sent.length, figures)
    },
  },
  {
    text: 'When nobody listens, the unconnected socket sends as before, and is told nothing.',
    judge: (evidence) =>
      judgeSend(evidence, 'unconnected', (codes, figures) => mustBe(codes.length === 0, figures)),
  },
  {
    text: 'The connected socket sends, too, and then the kernel tells it of the refusal.',
    judge: (evidence) =>
      judgeSend(evidence, 'connected', (codes, figures) =>
        codes.every((code) => code === 'ECONNREFUSED')
          ? mayBe(codes.length > 0, figures)
          : contradicted(figures),
      ),
  },
]

/**
 * What came of a send of a datagram socket once the server had ended, by its own events and its own count.
 * @param judge is given the code of each refusal that was told after it
 */
function judgeSend(
  evidence: Evidence,
  name: string,
  judge: (codes: readonly string[], figures: string) => Judgement,
): Judgement {
  const heard = afterwards(evidence)
  if (heard.length === 0) return stillThere
  const [sent] = told(heard, name, 'datagram')
  const [stats] = told(heard, name, 'stats')
  if (sent === undefined || stats?.transport !== 'udp') return unsupported('nothing was sent')
  const { refused: count, unsent } = stats.total
  const refused = told(heard, name, 'refused')
  const codes = refused.map(({ code }) => code)
  const after = `in ${formatDuration(stats.at - sent.at)} after that ${formatCount(count, 'refusal')}`
  const figures = [`${formatBytes(sent.size)} sent; ${after}`, ...new Set(codes)].join(', ')
  const isFault = unsent > 0 || count !== refused.length || refused.some(({ seq }) => seq < sent.seq)
  return isFault ? contradicted(figures) : judge(codes, figures)
}
