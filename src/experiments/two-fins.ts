import type { Direction } from '../event.ts'
import { formatBytes, formatCount } from '../views/units.ts'
import { readClose } from '../wire/close-frame.ts'
import { opcodes } from '../wire/frame.ts'
import { mayLeave, tcpClient, tcpServer, udpClient, udpServer, wsClient, wsServer } from './actors.ts'
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
  closeFramesOf,
  compareHashes,
  during,
  exitOf,
  readsOf,
  streamHash,
  told,
  totalBytes,
  verdictOf,
  writesOf,
} from './evidence.ts'
import type { Claim, Evidence, Experiment, Judgement, Part, Step } from './experiment.ts'
import { contradicted, countDatagrams, mayBe, mustBe, unsupported } from './judging.ts'
import { draw, shortWords } from './random.ts'
import { run, say, start, type } from './steps.ts'

/*
 * The server is told not to answer a FIN with its own (--half-open): when it ends its side, is its own affair. The
 * control differs in one word: /close gives both directions up, /fin only one.
 */

export const twoFins: Experiment = {
  name: 'two-fins',
  question: 'The client has ended its side of the connection. Can the server still answer?',
  explanation:
    'A TCP connection is two streams, one each way, and each ends with a FIN of its own (RFC 9293 §3.6): who has sent ' +
    'one says "no more from me" and still reads, until the other side has said so, too. UDP has no stream that could ' +
    'end, and a WebSocket settles its end in its own frames first, a close frame each way, before TCP sends its FINs ' +
    '(RFC 6455 §7.1.1).',
  minutes: 2,
  transports: ['tcp', 'udp', 'websocket'],
  plan(random) {
    const words = draw(random, shortWords, 4)
    return [tcp(words), udp(words), webSocket(words)]
  },
}

function tcp([word = '', answer = '', more = '']: readonly string[]): Part {
  const ask = say('client', `/send ${word}`, hasReadBytes('server', word.length), hasWritten('client', 1))
  const begin: readonly Step[] = [start(mayLeave(tcpClient())), ask]
  const isOver = [hasTold('client', 'closed'), hasTold('server', 'closed')] as const
  return {
    transport: 'tcp',
    actors: [tcpServer({ flags: ['--half-open'] })],
    trials: [
      {
        name: 'close',
        title: 'the client gives up both directions',
        steps: [
          ...begin,
          say('client', '/close', hasTold('client', 'closed'), hasTold('server', 'ended')),
          // The first write makes the client's kernel say that nobody is there; one that comes later is told so.
          say('server', `/to 1 /send ${answer}`, hasWritten('server', 1)),
          say('server', `/to 1 /send ${more}`, any(hasTold('server', 'closed'), hasWritten('server', 2))),
          say('client', '/quit', hasLeft('client')),
        ],
      },
      {
        name: 'fin',
        title: 'the client ends its direction only',
        steps: [
          ...begin,
          say('client', '/fin', hasTold('client', 'ended'), hasTold('server', 'ended')),
          say(
            'server',
            `/to 2 /send ${answer}`,
            hasReadBytes('client', answer.length),
            hasWritten('server', 1),
          ),
          say('server', '/to 2 /fin', ...isOver),
        ],
      },
    ],
    claims: tcpClaims,
    byHand: [
      run(1, 'sockpit tcp-server --half-open'),
      run(2, 'sockpit tcp-client'),
      ...type(2, word, '/close'),
      ...type(1, answer, more),
      run(2, 'sockpit tcp-client'),
      ...type(2, word, '/fin'),
      ...type(1, answer, '/fin'),
    ],
  }
}

function udp([word = '', answer = '', , fence = '']: readonly string[]): Part {
  return {
    transport: 'udp',
    actors: [udpServer(), mayLeave(udpClient())],
    trials: [
      {
        name: 'answer',
        title: 'a datagram each way',
        steps: [
          say('client', `/send ${word}`, hasRead('server', 1), hasWritten('client', 1)),
          say('server', `/to 1 /send ${answer}`, hasRead('client', 1), hasWritten('server', 1)),
        ],
      },
      {
        name: 'fin',
        title: 'the client asks for a FIN',
        steps: [
          say('client', '/fin', hasLeft('client')),
          say('server', `/to 1 /send ${answer}`, hasWritten('server', 1)),
          start(udpClient()),
          say('client', `/send ${fence}`, hasRead('server', 1), hasWritten('client', 1)),
        ],
      },
    ],
    claims: udpClaims,
    byHand: [
      run(1, 'sockpit udp-server'),
      run(2, 'sockpit udp-client'),
      ...type(2, word),
      ...type(1, answer),
      ...type(2, '/fin', '/quit'),
      ...type(1, answer),
    ],
  }
}

function webSocket([word = '', reason = '']: readonly string[]): Part {
  const begin: readonly Step[] = [
    start(mayLeave(wsClient())),
    say('client', `/send ${word}`, hasReceivedMessages('client', 1)),
  ]
  const isOver = [hasTold('client', 'closed'), hasTold('server', 'closed')] as const
  return {
    transport: 'websocket',
    actors: [wsServer()],
    trials: [
      {
        name: 'fin',
        title: 'the client sends a FIN and no frame',
        steps: [...begin, say('client', '/fin', ...isOver), say('client', '/quit', hasLeft('client'))],
      },
      {
        name: 'close',
        title: 'the client sends a close frame',
        steps: [...begin, say('client', `/close 1000 ${reason}`, ...isOver)],
      },
    ],
    claims: webSocketClaims,
    byHand: [
      run(1, 'sockpit ws-echo -vv'),
      run(2, 'sockpit ws-client -vv'),
      ...type(2, word, '/fin'),
      run(2, 'sockpit ws-client -vv'),
      ...type(2, word, `/close 1000 ${reason}`),
    ],
  }
}

/** What an actor wrote, read and saw end, in its order; what repeats stands there once. */
function courseOf(heard: Evidence, actor: string): string {
  const course = heard.flatMap(({ actor: teller, event }) => {
    if (teller !== actor) return []
    if (event.kind === 'ended') return [event.by === 'us' ? 'FIN sent' : 'FIN received']
    if (event.kind === 'bytes') return [event.direction === 'sent' ? 'write' : 'read']
    return []
  })
  return course.filter((what, index) => what !== course[index - 1]).join(', ')
}

const tcpClaims: readonly Claim[] = [
  {
    text: 'After its own FIN the client still reads: the answer arrives, whole.',
    judge(evidence) {
      const heard = during(evidence, 'fin')
      const [written, read] = [writesOf(heard, 'server'), readsOf(heard, 'client')]
      if (totalBytes(written) === 0) return unsupported('0 B of an answer were written')
      const course = courseOf(heard, 'client')
      const figures =
        `client: ${course}; ${formatBytes(totalBytes(written))} of answer written and ` +
        `${formatBytes(totalBytes(read))} read, ${compareHashes(written, read)}`
      const isSame = streamHash(written) === streamHash(read)
      return mustBe(isSame && course === 'write, FIN sent, read, FIN received', figures)
    },
  },
  {
    text: 'Closed both ways, the client reads nothing: the answer is met with a reset.',
    judge(evidence) {
      const heard = during(evidence, 'close')
      const [written, read] = [writesOf(heard, 'server'), readsOf(heard, 'client')]
      if (totalBytes(written) === 0) return unsupported('0 B of an answer were written')
      const verdict = verdictOf(heard, 'server', 'tcp')
      const left = totalBytes(written) - (verdict?.unsent ?? 0)
      const end = verdict?.code ?? 'no error yet'
      const figures =
        `${formatBytes(left)} of answer left the server and ` +
        `${formatBytes(totalBytes(read))} were read, then ${end}`
      if (totalBytes(read) > 0 || left === 0) return contradicted(figures)
      return mayBe(verdict?.how === 'reset', figures)
    },
  },
  {
    text: 'It takes two FINs to end the connection, one from each side.',
    judge(evidence) {
      const heard = during(evidence, 'fin')
      const [client, server] = [verdictOf(heard, 'client', 'tcp'), verdictOf(heard, 'server', 'tcp')]
      if (client === undefined || server === undefined) return unsupported('an end was told 0 times')
      const fins = ['client', 'server'].map((actor) => endsOf(heard, actor))
      const alone = endsOf(during(evidence, 'close'), 'client')
      const figures = `client: ${fins[0]}; server: ${fins[1]}; the client that closed both: ${alone}`
      const isAnswered =
        client.answered && server.answered && client.first === 'us' && server.first === 'peer'
      return mustBe(isAnswered && fins.every((one) => one === bothFins) && alone === ownFin, figures)
    },
  },
]

const bothFins = '1 FIN sent, 1 FIN received'
const ownFin = '1 FIN sent, 0 FINs received'

/** `1 FIN sent, 1 FIN received` */
function endsOf(heard: Evidence, actor: string): string {
  const ends = told(heard, actor, 'ended')
  const count = (side: string): string => formatCount(ends.filter(({ by }) => by === side).length, 'FIN')
  return `${count('us')} sent, ${count('peer')} received`
}

const udpClaims: readonly Claim[] = [
  {
    text: 'There is no FIN to ask for: a datagram socket has no stream to end.',
    judge(evidence) {
      const exit = exitOf(during(evidence, 'fin'), 'client')
      if (exit === undefined) return unsupported('the client refused 0 times')
      const message = (exit.message ?? '').replace(/^.*?(?=\/fin)/s, '')
      const isRefused = exit.exitCode === 2 && /^\/fin cannot be done here: .*no stream to end/.test(message)
      return mustBe(isRefused, `exit code ${exit.exitCode ?? 'of none'}: ${message}`)
    },
  },
  {
    text: 'Nothing came of it at the server: the next that arrives is a datagram of another client.',
    judge(evidence) {
      const heard = during(evidence, 'fin')
      const [sent, received] = [writesOf(heard, 'client'), readsOf(heard, 'server')]
      if (sent.length === 0) return unsupported('the other client sent 0 datagrams')
      const before = sendersOf(during(evidence, 'answer'))
      const senders = sendersOf(heard)
      const figures =
        `${countDatagrams(sent, received)}, ${compareHashes(sent, received)}, ` +
        `from port ${senders.join(', ')} and not ${before.join(', ')}`
      const isForeign = before.length > 0 && senders.every((port) => !before.includes(port))
      if (received.length > sent.length || !isForeign) return contradicted(figures)
      return mayBe(streamHash(sent) === streamHash(received), figures)
    },
  },
  {
    text: 'The server is told of no end: it still answers an address where nobody is any more.',
    judge(evidence) {
      const [before, heard] = [during(evidence, 'answer'), during(evidence, 'fin')]
      const [read, written] = [readsOf(before, 'client'), writesOf(heard, 'server')]
      if (totalBytes(written) === 0 || totalBytes(read) === 0) return unsupported('0 B of an answer')
      const ends = ['ended', 'closed', 'refused', 'failed'] as const
      const count = ends.reduce((sum, kind) => sum + told(heard, 'server', kind).length, 0)
      const figures =
        `${formatBytes(totalBytes(read))} of answer read while it was there, ` +
        `${formatBytes(totalBytes(written))} sent after it; ${formatCount(count, 'end')} told`
      return mustBe(count === 0 && exitOf(heard, 'client') !== undefined, figures)
    },
  },
]

/** The ports from which datagrams came to the server. */
function sendersOf(heard: Evidence): readonly number[] {
  return told(heard, 'server', 'datagram')
    .filter(({ direction }) => direction === 'received')
    .map(({ remote }) => remote.port)
}

const webSocketClaims: readonly Claim[] = [
  {
    text: 'A close frame goes each way, and the answer repeats the code.',
    judge(evidence) {
      const heard = during(evidence, 'close')
      const [out, back] = [closesOf(heard, 'client', 'sent'), closesOf(heard, 'server', 'sent')]
      if (out.length === 0) return unsupported('0 close frames were sent')
      const [arrived, returned] = [
        closesOf(heard, 'server', 'received'),
        closesOf(heard, 'client', 'received'),
      ]
      const isCarried = streamHash(out) === streamHash(arrived) && streamHash(back) === streamHash(returned)
      const [code, answer] = [out, returned].map(([payload]) => payload && readClose(payload).code)
      const figures =
        `client: ${formatCount(out.length, 'close frame')} with ${code}; ` +
        `server: ${formatCount(returned.length, 'close frame')} with ${answer}`
      return mustBe(isCarried && out.length === 1 && returned.length === 1 && answer === code, figures)
    },
  },
  {
    text: "The FINs follow the frames, the server's first.",
    judge(evidence) {
      const heard = during(evidence, 'close')
      const [client, server] = [endingOf(heard, 'client'), endingOf(heard, 'server')]
      if (client.length === 0 || server.length === 0) return unsupported('an end was told 0 times')
      const figures = `client: ${client.join(', ')}; server: ${server.join(', ')}; 2 FINs each`
      const isInOrder =
        client.join() === 'close sent,close received,FIN received,FIN sent' &&
        server.join() === 'close received,close sent,FIN sent,FIN received'
      return mustBe(isInOrder, figures)
    },
  },
  {
    text: 'Two FINs without these frames end the stream, but not the WebSocket: that counts as 1006.',
    judge: (evidence) => judgeBareFin(during(evidence, 'fin'), during(evidence, 'close')),
  },
]

function judgeBareFin(fin: Evidence, close: Evidence): Judgement {
  const [bare, clean] = [verdictOf(fin, 'server', 'websocket'), verdictOf(close, 'server', 'websocket')]
  if (bare === undefined || clean === undefined) return unsupported('an end was told 0 times')
  const tell = ({ closeCode, clean }: typeof bare): string => `${closeCode}, ${clean ? 'clean' : 'not clean'}`
  const frames = closesOf(fin, 'client', 'sent').length + closesOf(fin, 'server', 'sent').length
  const ends = endsOf(fin, 'server')
  const figures =
    `server: ${ends}, ${formatCount(frames, 'close frame')}: ${tell(bare)}; ` +
    `with close frames: ${tell(clean)}`
  const isBare = frames === 0 && ends === bothFins && bare.closeCode === 1006 && !bare.clean
  return mustBe(isBare && clean.clean && clean.closeCode === 1000, figures)
}

/** The payloads of the close frames that an actor sent, or received. */
function closesOf(heard: Evidence, actor: string, direction: Direction): readonly Uint8Array[] {
  return closeFramesOf(heard, actor, direction).map(({ payload }) => payload)
}

/** How an actor saw the end: its close frames and FINs, in its order. */
function endingOf(heard: Evidence, actor: string): readonly string[] {
  return heard.flatMap(({ actor: teller, event }) => {
    if (teller !== actor) return []
    if (event.kind === 'ended') return [event.by === 'us' ? 'FIN sent' : 'FIN received']
    return event.kind === 'frame' && event.opcode === opcodes.close ? [`close ${event.direction}`] : []
  })
}
