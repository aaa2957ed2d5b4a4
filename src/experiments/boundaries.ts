import type { Event } from '../event.ts'
import { framingOf } from '../views/framing.ts'
import { formatBytes, formatCount } from '../views/units.ts'
import { tcpClient, tcpServer, udpClient, udpServer, wsClient, wsServer } from './actors.ts'
import {
  type Condition,
  hasRead,
  hasReadAllOf,
  hasReadBytes,
  hasReceivedMessages,
  hasSentMessages,
  hasTold,
  hasWritten,
} from './conditions.ts'
import {
  compareHashes,
  during,
  faultOfOrder,
  messagesOf,
  readsOf,
  streamHash,
  told,
  totalBytes,
  writesOf,
  writesPerRead,
} from './evidence.ts'
import type { Claim, Evidence, Experiment, HandStep, Judgement, Part, Step, Trial } from './experiment.ts'
import {
  contradicted,
  countDatagrams,
  countStrangers,
  datagramsAreWhole,
  mayBe,
  messagesAreWhole,
  mustBe,
  streamIsWhole,
  unsupported,
} from './judging.ts'
import { draw, shortWords } from './random.ts'
import { goOn, run, say, stop, type } from './steps.ts'

/*
 * Two trials on one connection, alike in everything but one thing: in the control the server reads after every
 * send, in the other it is held until all sends are out. Nagle's algorithm is off, so that the sender keeps
 * nothing back, and what joins the writes is the receiver's side alone. Nothing can ask a datagram socket to wait:
 * to hold that server, its whole process is stopped.
 */

const writeCount = 5

export const boundaries: Experiment = {
  name: 'boundaries',
  question: 'Five words are sent, one by one. Do five reads bring them?',
  explanation:
    "TCP adds each write to the end of a stream that lies in the kernel's receive buffer without a seam, so that " +
    'a read takes whatever is there when the reader looks, while UDP keeps each datagram by itself and hands out ' +
    'one a read. A WebSocket lives on such a stream, but each of its frames begins with its own length ' +
    '(RFC 6455 §5.2), by which the receiver cuts it into messages again.',
  minutes: 2,
  transports: ['tcp', 'udp', 'websocket'],
  plan(random) {
    const words = draw(random, shortWords, writeCount)
    return [tcp(words), udp(words), webSocket(words)]
  },
}

function tcp(words: readonly string[]): Part {
  return {
    transport: 'tcp',
    actors: [tcpServer(), tcpClient()],
    trials: trials(words, {
      isSent: (count) => [hasWritten('client', count)],
      hasCome: (count) => [hasReadBytes('server', words.slice(0, count).join('').length)],
      hold: pause,
      release: (...until) => say('server', '/resume', ...until),
    }),
    claims: tcpClaims,
    byHand: byHand(words, 'tcp-server --hold', 'tcp-client --eol none'),
  }
}

function udp(words: readonly string[]): Part {
  return {
    transport: 'udp',
    actors: [udpServer(), udpClient()],
    trials: trials(words, {
      isSent: (count) => [hasWritten('client', count)],
      hasCome: (count) => [hasRead('server', count)],
      hold: stop('server'),
      release: (...until) => goOn('server', ...until),
    }),
    claims: udpClaims,
    byHand: [
      run(1, 'sockpit udp-server'),
      run(2, 'sockpit udp-client'),
      ...type(1, 'Ctrl-Z'),
      ...type(2, ...words),
      run(1, 'fg'),
    ],
  }
}

function webSocket(words: readonly string[]): Part {
  return {
    transport: 'websocket',
    isOneWay: true,
    actors: [wsServer(), wsClient()],
    trials: trials(words, {
      isSent: (count) => [hasSentMessages('client', count)],
      // The echoes have come back, too: nothing of them falls into the next step.
      hasCome: (count) => [
        hasReceivedMessages('server', count),
        hasReceivedMessages('client', count),
        hasReadAllOf('client', 'server'),
      ],
      hold: pause,
      release: (...until) => say('server', '/resume', ...until),
    }),
    claims: webSocketClaims,
    byHand: byHand(words, 'ws-echo --hold --no-compress', 'ws-client'),
  }
}

const pause: Step = say('server', '/pause', hasTold('server', 'paused'))

/** How a transport does what both trials ask for. */
interface Means {
  /** So many were sent. */
  isSent(count: number): readonly Condition[]
  /** The first so many were received. */
  hasCome(count: number): readonly Condition[]
  readonly hold: Step
  release(...until: readonly Condition[]): Step
}

function trials(
  words: readonly string[],
  { isSent, hasCome, hold, release }: Means,
): readonly [control: Trial, held: Trial] {
  const send = (more: (count: number) => readonly Condition[]): readonly Step[] =>
    words.map((word, index) => say('client', `/send ${word}`, ...isSent(index + 1), ...more(index + 1)))
  return [
    { name: 'control', title: 'the server reads after every send', steps: send(hasCome) },
    {
      name: 'held',
      title: 'the server reads only when all is sent',
      steps: [hold, ...send(() => []), release(...hasCome(words.length))],
    },
  ]
}

function byHand(words: readonly string[], server: string, client: string): readonly HandStep[] {
  return [
    run(1, `sockpit ${server}`),
    run(2, `sockpit ${client}`),
    ...type(2, ...words),
    ...type(1, '/resume'),
  ]
}

/** What one trial brought, from the client to the server. */
interface Yield {
  readonly writes: readonly Uint8Array[]
  readonly reads: readonly Uint8Array[]
}

function yieldOf(evidence: Evidence, trial: string): Yield {
  const heard = during(evidence, trial)
  return { writes: writesOf(heard, 'client'), reads: readsOf(heard, 'server') }
}

const both = { trials: ['control', 'held'] } as const
/** Two empty streams are equal and prove nothing. */
const nothingSent: Judgement = unsupported('a trial has no sends')
const noControl: Judgement = unsupported('the control has no reads')

/** Of a stream: no second write was out yet, so that no read can hold bytes of two. */
function eachInItsOwnRead(text: string): Claim {
  return {
    text,
    judge(evidence) {
      const { writes, reads } = yieldOf(evidence, 'control')
      if (totalBytes(writes) === 0) return nothingSent
      const figures = countBoth({ writes, reads })
      const isImpossible = reads.length === 0 || writesPerRead(writes, reads).some((count) => count !== 1)
      return isImpossible ? contradicted(figures) : mayBe(reads.length === writes.length, figures)
    },
  }
}

export const tcpClaims: readonly Claim[] = [
  streamIsWhole(both),
  eachInItsOwnRead('Read after every write, each write comes out as a read of its own.'),
  {
    text: 'Held until all is written, one read carries several writes.',
    judge(evidence) {
      const { writes, reads } = yieldOf(evidence, 'held')
      if (totalBytes(writes) === 0) return nothingSent
      const before = yieldOf(evidence, 'control').reads.length
      if (before === 0) return noControl
      const figures = `${countBoth({ writes, reads })}, against ${formatCount(before, 'read')} in the control`
      const fault = faultOfHold(evidence)
      if (fault !== undefined) return contradicted(`${figures}; ${fault}`)
      if (reads.length === 0) return contradicted(figures)
      return mayBe(reads.length < writes.length && reads.length < before, figures)
    },
  },
  {
    text: 'No boundary travels with the bytes: cut in another way, they are the same.',
    judge(evidence) {
      const [one, other] = [yieldOf(evidence, 'control'), yieldOf(evidence, 'held')]
      if (totalBytes(one.writes) === 0 || totalBytes(other.writes) === 0) return nothingSent
      const figures =
        `${formatCount(one.reads.length, 'read')} and ${formatCount(other.reads.length, 'read')}, ` +
        compareHashes(one.reads, other.reads)
      const isSame = totalBytes(one.reads) > 0 && streamHash(one.reads) === streamHash(other.reads)
      return isSame ? mayBe(sizes(one.reads) !== sizes(other.reads), figures) : contradicted(figures)
    },
  },
]

export const udpClaims: readonly Claim[] = [
  datagramsAreWhole(both),
  {
    text: 'Read after every send, each datagram comes out by itself.',
    judge: (evidence) => judgeDatagrams(yieldOf(evidence, 'control')),
  },
  {
    text: 'Held until all are sent, they wait side by side: as many come out as went in.',
    judge(evidence) {
      const judged = judgeDatagrams(yieldOf(evidence, 'held'))
      const fault = faultOfHold(evidence)
      if (fault === undefined || judged === nothingSent) return judged
      return contradicted(`${judged.figures}; ${fault}`)
    },
  },
]

/** Fewer may be lost, which UDP allows; more, or of other sizes, cannot be. */
function judgeDatagrams({ writes, reads }: Yield): Judgement {
  if (writes.length === 0) return nothingSent
  const figures = `${countDatagrams(writes, reads)}, of ${sizes(writes)} B and ${sizes(reads)} B`
  if (countStrangers(writes, reads) > 0) return contradicted(figures)
  return mayBe(sizes(writes) === sizes(reads), figures)
}

export const webSocketClaims: readonly Claim[] = [
  messagesAreWhole(both),
  eachInItsOwnRead('Read after every message, each comes in a read of its own.'),
  {
    text: 'Held until all are sent, one read carries several, and yet as many come out as went in.',
    judge(evidence) {
      const { writes, reads } = yieldOf(evidence, 'held')
      if (totalBytes(writes) === 0) return nothingSent
      const before = yieldOf(evidence, 'control').reads.length
      if (before === 0) return noControl
      const heard = during(evidence, 'held')
      const sent = messagesOf(heard, 'client', 'sent').length
      const received = messagesOf(heard, 'server', 'received').length
      const chain = `${formatCount(sent, 'message')} sent, ${formatCount(reads.length, 'read')}, ${formatCount(received, 'message')} received`
      const figures = `${chain}, against ${formatCount(before, 'read')} in the control`
      const fault = faultOfHold(evidence)
      if (fault !== undefined) return contradicted(`${figures}; ${fault}`)
      if (received !== sent || reads.length === 0) return contradicted(figures)
      return mayBe(reads.length < sent && reads.length < before, figures)
    },
  },
  {
    text: 'The stream carries more than the messages: payload and framing add up to what was read.',
    judge(evidence) {
      const sums = both.trials.map((name) => ({ name, ...addUp(during(evidence, name)) }))
      if (sums.some(({ payload }) => payload === 0)) return nothingSent
      const figures = sums.map((one) => `${one.name} ${one.figures}`).join('; ')
      return mustBe(
        sums.every(({ isSo }) => isSo),
        figures,
      )
    },
  },
]

/** Payload and framing as the sender tells them, and the bytes that the receiver has read. */
function addUp(heard: Evidence) {
  const frames = told(heard, 'client', 'frame').filter(({ direction }) => direction === 'sent')
  const payload = sum(messagesOf(heard, 'client', 'sent'), ({ size }) => size)
  const header = sum(frames, (frame) => framingOf(frame).header)
  const mask = sum(frames, (frame) => framingOf(frame).mask)
  const all = payload + header + mask
  const read = totalBytes(readsOf(heard, 'server'))
  const figures =
    `${formatBytes(payload)} of payload + ${formatBytes(header)} of header + ${formatBytes(mask)} of mask ` +
    `= ${formatBytes(all)}, and ${formatBytes(read)} read`
  return { payload, isSo: all === read && all > payload, figures }
}

function sum<Item>(items: readonly Item[], sizeOf: (item: Item) => number): number {
  return items.reduce((total, item) => total + sizeOf(item), 0)
}

/** Why the server was not held until all was sent; undefined where it was. That nothing came is no fault of the hold. */
function faultOfHold(evidence: Evidence): string | undefined {
  const order = during(evidence, 'held').flatMap(({ actor, event }) => {
    if (actor === 'server' && isHold(event)) return ['held']
    if (actor === 'server' && isRelease(event)) return ['released']
    if (event.kind !== 'bytes' && event.kind !== 'datagram') return []
    const isExpected = (actor === 'client') === (event.direction === 'sent')
    return isExpected ? [event.direction] : []
  })
  return faultOfOrder(order, ['held', 'sent', 'released', 'received'])
}

function isHold(event: Event): boolean {
  return event.kind === 'paused' || (event.kind === 'process' && event.what === 'stopped')
}

function isRelease(event: Event): boolean {
  return event.kind === 'resumed' || (event.kind === 'process' && event.what === 'continued')
}

function sizes(pieces: readonly Uint8Array[]): string {
  return pieces.map(({ length }) => length).join(' + ')
}

function countBoth({ writes, reads }: Yield): string {
  return `${formatCount(writes.length, 'write')}, ${formatCount(reads.length, 'read')}`
}
