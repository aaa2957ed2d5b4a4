import { formatCount } from '../views/units.ts'
import { mayLeave, portOf, tcpClient, tcpServer, wsClient, wsServer } from './actors.ts'
import { hasLeft, hasReadBytes, hasReceivedMessages, hasTold, hasWritten } from './conditions.ts'
import {
  closeFramesOf,
  during,
  exitOf,
  readsOf,
  streamHash,
  tellHashes,
  told,
  totalBytes,
  verdictOf,
  writesOf,
} from './evidence.ts'
import type { Actor, Claim, Evidence, Experiment, Judgement, Part, Step } from './experiment.ts'
import { mayBe, mustBe, unsupported } from './judging.ts'
import { draw, shortWords } from './random.ts'
import { run, say, start, type } from './steps.ts'

/*
 * Both ends are alike up to the one word that ends them: what was sent has been read, and the server waits for more.
 * TIME_WAIT is the kernel's work, and no socket tells of it. What can be seen is that the client's port is not free:
 * another client, which asks for this very port, is refused it.
 */

export const finOrReset: Experiment = {
  name: 'fin-or-reset',
  question: 'One client closes its connection, another resets it. What does the server notice?',
  explanation:
    'A FIN stands in the stream after the last byte, so that a reader meets it as the end of what was sent, while a ' +
    'reset takes the place of everything and reaches the reader as the error ECONNRESET (RFC 9293 §3.10.7.4). Who ends ' +
    'in order and first keeps the pair of ports in TIME_WAIT for a while, lest a late segment should be taken for part ' +
    'of a new connection (§3.6.1), while after a reset nothing is kept; a WebSocket calls the one end 1000 and the other 1006.',
  minutes: 2,
  transports: ['tcp', 'websocket'],
  plan(random) {
    const words = draw(random, shortWords, 2)
    return [
      tcp(words),
      {
        transport: 'udp',
        because:
          'A datagram socket has no connection that could end, neither in order nor by force: when it is closed, nobody is told.',
      },
      webSocket(words),
    ]
  },
}

const isOver = [hasTold('client', 'closed'), hasTold('server', 'closed')] as const
const leave: Step = say('client', '/quit', hasLeft('client'))

function tcp([word = '', other = '']: readonly string[]): Part {
  const begin = (text: string): readonly Step[] => [
    start(mayLeave(tcpClient())),
    say('client', `/send ${text}`, hasReadBytes('server', text.length), hasWritten('client', 1)),
  ]
  return {
    transport: 'tcp',
    left: ['client', 'successor'],
    actors: [tcpServer({ flags: ['--half-open'] })],
    trials: [
      {
        name: 'fin',
        title: 'the client closes the connection',
        steps: [
          ...begin(word),
          say('client', '/close', hasTold('client', 'closed'), hasTold('server', 'ended')),
          say('server', '/to 1 /fin', hasTold('server', 'closed')),
          leave,
          start(successor),
        ],
      },
      {
        name: 'reset',
        title: 'the client resets the connection',
        steps: [...begin(other), say('client', '/reset', ...isOver), leave, start(successor)],
      },
    ],
    claims: tcpClaims,
    byHand: [
      run(1, 'sockpit tcp-server'),
      run(2, 'sockpit tcp-client'),
      ...type(2, other, '/reset'),
      run(2, "ss -tan state time-wait 'dport = :9000'"),
      run(2, 'sockpit tcp-client'),
      ...type(2, word, '/close'),
      run(2, "ss -tan state time-wait 'dport = :9000'"),
    ],
  }
}

/** It asks for the port that the client had, connects where it gets it, and leaves. */
const successor: Actor = {
  name: 'successor',
  leaves: true,
  words: (heard) => [
    ...['tcp-client', '127.0.0.1', String(portOf(heard, 'server')), '--probe'],
    ...['--local-address', '127.0.0.1', '--local-port', String(localPort(heard, 'client'))],
  ],
  isReady: hasLeft('successor'),
}

/** The port from which the actor connected last. */
function localPort(heard: Evidence, actor: string): number | undefined {
  return told(heard, actor, 'opened').at(-1)?.local.port
}

function webSocket([word = '', other = '']: readonly string[]): Part {
  const begin = (text: string): readonly Step[] => [
    start(mayLeave(wsClient())),
    say('client', `/send ${text}`, hasReceivedMessages('client', 1)),
  ]
  return {
    transport: 'websocket',
    actors: [wsServer()],
    trials: [
      {
        name: 'fin',
        title: 'the client closes the WebSocket',
        steps: [...begin(word), say('client', '/close 1000', ...isOver), leave],
      },
      {
        name: 'reset',
        title: 'the client resets the connection',
        steps: [...begin(other), say('client', '/reset', ...isOver)],
      },
    ],
    claims: webSocketClaims,
    byHand: [
      run(1, 'sockpit ws-echo'),
      run(2, 'sockpit ws-client'),
      ...type(2, word, '/close 1000'),
      run(2, 'sockpit ws-client'),
      ...type(2, other, '/reset'),
    ],
  }
}

/** What was heard of the connection that the trial is about: the successor has another one. */
function connectionOf(evidence: Evidence, trial: string): Evidence {
  const heard = during(evidence, trial)
  const socket = told(heard, 'server', 'opened')[0]?.socket
  return heard.filter(({ actor, event }) => actor !== 'server' || event.socket === socket)
}

/** What the server noticed: `FIN received, closed by fin` */
function tellEnd(heard: Evidence): string {
  const fins = finsFromPeer(heard)
  const verdict = verdictOf(heard, 'server', 'tcp')
  const code = verdict?.code ?? 'no error'
  return `${formatCount(fins, 'FIN')} received, ended by ${verdict?.how ?? 'nothing'}, ${code}`
}

function finsFromPeer(heard: Evidence): number {
  return told(heard, 'server', 'ended').filter(({ by }) => by === 'peer').length
}

/** Why the trial proves nothing: what was sent has to have been read before the end. */
function noStream(heard: Evidence): Judgement | undefined {
  const [written, read] = [writesOf(heard, 'client'), readsOf(heard, 'server')]
  const isRead = totalBytes(written) > 0 && streamHash(written) === streamHash(read)
  return isRead
    ? undefined
    : unsupported(`what was sent was not read: ${tellHashes(streamHash(written), streamHash(read))}`)
}

const tcpClaims: readonly Claim[] = [
  {
    text: 'A FIN is told as the end of the stream, and no error comes with it.',
    judge(evidence) {
      const heard = connectionOf(evidence, 'fin')
      const none = noStream(heard)
      if (none !== undefined) return none
      const verdict = verdictOf(heard, 'server', 'tcp')
      const isClean = verdict?.how === 'fin' && verdict.code === undefined && verdict.answered
      return mustBe(isClean && finsFromPeer(heard) === 1, `server: ${tellEnd(heard)}`)
    },
  },
  {
    text: 'A reset is no end of the stream: the reader is told ECONNRESET instead.',
    judge(evidence) {
      const heard = connectionOf(evidence, 'reset')
      const none = noStream(heard)
      if (none !== undefined) return none
      const verdict = verdictOf(heard, 'server', 'tcp')
      const isError = verdict?.how === 'reset' && verdict.code === 'ECONNRESET' && verdict.first === 'peer'
      const figures = `server: ${tellEnd(heard)}; in the other trial ${tellEnd(connectionOf(evidence, 'fin'))}`
      return mustBe(isError && finsFromPeer(heard) === 0, figures)
    },
  },
  {
    text: "After the FIN the kernel keeps the client's port (TIME_WAIT), after the reset it is free at once.",
    judge(evidence) {
      const [fin, reset] = [successorOf(during(evidence, 'fin')), successorOf(during(evidence, 'reset'))]
      if (fin === undefined || reset === undefined) return unsupported('the port was asked for 0 times')
      const figures = `after the FIN: ${fin}; after the reset: ${reset}`
      return mayBe(/EADDR/.test(fin) && / connected$/.test(reset), figures)
    },
  },
]

/** How the successor fared: `port 40123 EADDRINUSE`, `port 40125 connected`; undefined where there was none. */
function successorOf(heard: Evidence): string | undefined {
  const exit = exitOf(heard, 'successor')
  const port = localPort(heard, 'client')
  if (exit === undefined || port === undefined) return undefined
  const isSame = localPort(heard, 'successor') === port
  const code = told(heard, 'successor', 'failed').at(-1)?.code
  return `port ${port} ${code ?? (isSame && exit.exitCode === 0 ? 'connected' : 'not asked for')}`
}

const webSocketClaims: readonly Claim[] = [
  {
    text: 'Closed in order, both ends know the code that was sent: 1000.',
    judge: (evidence) =>
      judgeEnds(
        during(evidence, 'fin'),
        ({ closeCode, clean, how }) => closeCode === 1000 && clean && how === 'fin',
        2,
      ),
  },
  {
    text: 'After a reset both call it 1006: no close frame came, so that no code did.',
    judge: (evidence) =>
      judgeEnds(
        during(evidence, 'reset'),
        ({ closeCode, clean, how }) => closeCode === 1006 && !clean && how === 'reset',
        0,
      ),
  },
  {
    text: 'Under it TCP tells the server what it tells everybody: ECONNRESET.',
    judge(evidence) {
      const [fin, reset] = ['fin', 'reset'].map((trial) =>
        verdictOf(during(evidence, trial), 'server', 'websocket'),
      )
      if (fin === undefined || reset === undefined) return unsupported('an end was told 0 times')
      const figures = `after ${reset.closeCode}: ${reset.code ?? 'no error'}; after ${fin.closeCode}: ${fin.code ?? 'no error'}`
      return mustBe(reset.code === 'ECONNRESET' && fin.code === undefined, figures)
    },
  },
]

type WebSocketVerdict = NonNullable<ReturnType<typeof verdictOf<'websocket'>>>

/** Both ends have to see it in the same way, and so many close frames must have come. */
function judgeEnds(
  heard: Evidence,
  isSo: (verdict: WebSocketVerdict) => boolean,
  expectedFrames: number,
): Judgement {
  const ends = ['client', 'server'].map((actor) => verdictOf(heard, actor, 'websocket'))
  const messages = told(heard, 'server', 'message').length
  if (messages === 0) return unsupported('0 messages were received before the end')
  const frames = ['client', 'server'].flatMap((actor) => closeFramesOf(heard, actor, 'received')).length
  const [client, server] = ends.map((end) => (end === undefined ? 'no end' : String(end.closeCode)))
  const figures = `client ${client}, server ${server}; ${formatCount(frames, 'close frame')} received in all`
  return mustBe(ends.every((end) => end !== undefined && isSo(end)) && frames === expectedFrames, figures)
}
