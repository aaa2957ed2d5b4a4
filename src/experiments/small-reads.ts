import type { EventOf } from '../event.ts'
import { frameBytes } from '../views/framing.ts'
import { formatBytes, formatCount } from '../views/units.ts'
import { tcpClient, tcpServer, udpClient, udpServer, wsClient, wsServer } from './actors.ts'
import { type Condition, hasEchoed, hasRead, hasReadAllOf, hasWritten } from './conditions.ts'
import { during, exchangeOf, framesOf, largestOf, messagesOf, told, totalBytes } from './evidence.ts'
import type { Claim, Evidence, Experiment, HandStep, Judgement, Part, Trial } from './experiment.ts'
import {
  contradicted,
  countStrangers,
  datagramsAreWhole,
  mayBe,
  messagesAreWhole,
  mustBe,
  streamIsWhole,
  unsupported,
} from './judging.ts'
import { draw, shortWords } from './random.ts'
import { run, say, type } from './steps.ts'

/*
 * Node reads a datagram into a buffer of 64 KiB and cannot be asked for less, so that nothing is lost here: what a
 * recv of five bytes would have kept, udp-server computes and tells beside each datagram. What can be seen is that
 * the read after a long datagram brings the next datagram.
 */

/** Bytes that the server takes a read. */
const readSize = 5

export const smallReads: Experiment = {
  name: 'small-reads',
  question: 'The receiver takes five bytes a read. What becomes of the rest?',
  explanation:
    "What a read leaves of a TCP stream stays in the kernel's receive buffer for the next read, and a WebSocket " +
    'puts its frames together from as many reads as it takes. Of a datagram a receive call gets one chance: what ' +
    'does not fit into its buffer is thrown away, and the next call brings the next datagram.',
  minutes: 2,
  transports: ['tcp', 'udp', 'websocket'],
  plan(random) {
    const short = shortWords.filter(({ length }) => length <= readSize)
    const words: Words = {
      first: draw(random, short, 1).join(''),
      long: draw(random, shortWords, 5).join(''),
      next: draw(random, short, 1).join(''),
    }
    return [tcp(words), udp(words), webSocket(words)]
  },
}

interface Words {
  readonly first: string
  /** More than one read takes. */
  readonly long: string
  readonly next: string
}

function tcp(words: Words): Part {
  return {
    transport: 'tcp',
    actors: [tcpServer({ flags: ['--read-size', String(readSize)] }), tcpClient()],
    trials: trials(words, (count) => [hasWritten('client', count), hasReadAllOf('server', 'client')]),
    claims: tcpClaims,
    byHand: byHand(words, `tcp-server --read-size ${readSize}`, 'tcp-client --eol none'),
  }
}

function udp(words: Words): Part {
  return {
    transport: 'udp',
    actors: [udpServer({ flags: ['--truncate', String(readSize)] }), udpClient()],
    trials: trials(words, (count) => [hasWritten('client', count), hasRead('server', count)]),
    claims: udpClaims,
    byHand: byHand(words, `udp-server --truncate ${readSize}`, 'udp-client'),
  }
}

function webSocket(words: Words): Part {
  return {
    transport: 'websocket',
    isOneWay: true,
    actors: [wsServer({ flags: ['--read-size', String(readSize)] }), wsClient()],
    trials: trials(words, (count) => [hasEchoed(count)]),
    claims: webSocketClaims,
    byHand: byHand(words, `ws-echo --read-size ${readSize} --no-compress`, 'ws-client'),
  }
}

function trials(
  { first, long, next }: Words,
  isDone: (count: number) => readonly Condition[],
): readonly Trial[] {
  return [
    {
      name: 'control',
      title: 'what fits into five bytes',
      steps: [say('client', `/send ${first}`, ...isDone(1))],
    },
    {
      name: 'long',
      title: 'what does not, then a short one',
      steps: [say('client', `/send ${long}`, ...isDone(1)), say('client', `/send ${next}`, ...isDone(2))],
    },
  ]
}

function byHand({ first, long, next }: Words, server: string, client: string): readonly HandStep[] {
  return [run(1, `sockpit ${server}`), run(2, `sockpit ${client}`), ...type(2, first, long, next)]
}

const both = { trials: ['control', 'long'] } as const
const nothingSent: Judgement = unsupported('a trial has 0 sends')

const tcpClaims: readonly Claim[] = [
  streamIsWhole(both),
  {
    text: 'What fits into one read comes in one.',
    judge(evidence) {
      const { writes, reads } = exchangeOf(evidence, 'control')
      if (totalBytes(writes) === 0) return nothingSent
      const figures = `${formatCount(writes.length, 'write')} of ${formatBytes(totalBytes(writes))}, ${tellReads(reads)}`
      if (reads.length === 0 || largestOf(reads) > readSize) return contradicted(figures)
      return mayBe(reads.length === 1, figures)
    },
  },
  {
    text: 'What a read leaves waits in the kernel: the next reads bring all of it.',
    judge(evidence) {
      const { writes, reads } = exchangeOf(evidence, 'long')
      const before = exchangeOf(evidence, 'control').reads
      const [long] = writes
      if (long === undefined || before.length === 0) return nothingSent
      const figures =
        `writes of ${tellSizes(writes)}, ${tellReads(reads)}, ${formatBytes(totalBytes(reads))} in all, ` +
        `against ${formatCount(before.length, 'read')} in the control`
      const isSo = areSmall(reads, totalBytes(writes)) && long.length > readSize
      return mustBe(isSo && reads.length > before.length, figures)
    },
  },
]

const udpClaims: readonly Claim[] = [
  datagramsAreWhole(both),
  {
    text: 'A recv of 5 bytes would keep 5 of the long datagram: computed, as Node cannot take so few.',
    judge(evidence) {
      const [short] = datagramsOf(evidence, 'control')
      const [long] = datagramsOf(evidence, 'long')
      const [sent] = exchangeOf(evidence, 'long').writes
      if (short === undefined || long === undefined || sent === undefined) return nothingSent
      const kept = long.kept ?? long.size
      const figures =
        `of ${formatBytes(long.size)} it would keep ${formatBytes(kept)} and lose ${formatBytes(long.size - kept)}; ` +
        `of the ${formatBytes(short.size)} in the control, it would lose ${formatBytes(short.size - (short.kept ?? short.size))}`
      const isSo = kept === readSize && sent.length > readSize && short.kept === undefined
      return mustBe(isSo && long.size === sent.length, figures)
    },
  },
  {
    text: 'No later read brings a tail: after the long datagram comes the next one.',
    judge(evidence) {
      const { writes, reads } = exchangeOf(evidence, 'long')
      if (writes.length === 0) return nothingSent
      const figures = `datagrams of ${tellSizes(writes)} sent, reads of ${tellSizes(reads)}`
      if (countStrangers(writes, reads) > 0 || writes.length !== 2) return contradicted(figures)
      return mayBe(tellSizes(writes) === tellSizes(reads), figures)
    },
  },
]

const webSocketClaims: readonly Claim[] = [
  messagesAreWhole(both),
  {
    text: 'No read holds a whole frame: its framing of 6 bytes alone is longer than a read.',
    judge(evidence) {
      const sums = both.trials.map((trial) => {
        const frames = framesOf(during(evidence, trial), 'server', 'received')
        const bytes = frames.reduce((sum, frame) => sum + frameBytes(frame), 0)
        const payload = frames.reduce((sum, { size }) => sum + size, 0)
        const isLong = frames.every((frame) => frameBytes(frame) - frame.size > readSize)
        return { trial, bytes, payload, isLong, reads: exchangeOf(evidence, trial).reads }
      })
      if (sums.some(({ payload }) => payload === 0)) return nothingSent
      const figures = sums.map(
        ({ trial, bytes, payload, reads }) =>
          `${trial} ${formatBytes(payload)} of payload in ${formatBytes(bytes)} of frames, ${tellReads(reads)}`,
      )
      const isSo = sums.every(({ bytes, isLong, reads }) => isLong && areSmall(reads, bytes))
      return mustBe(isSo, figures.join('; '))
    },
  },
  {
    text: 'Many reads, one message: a longer one takes more reads, and is one all the same.',
    judge(evidence) {
      const [short, long] = both.trials.map(
        (trial) => framesOf(during(evidence, trial), 'server', 'received')[0],
      )
      const received = messagesOf(during(evidence, 'long'), 'server', 'received')
      const sent = messagesOf(during(evidence, 'long'), 'client', 'sent')
      if (short === undefined || long === undefined || sent.length === 0) return nothingSent
      const [few, many] = [readsOfFrame(short), readsOfFrame(long)]
      const figures =
        `${formatBytes(long.size)} in ${formatCount(many, 'read')}, against ${formatBytes(short.size)} ` +
        `in ${few}; ${formatCount(sent.length, 'message')} sent and ${formatCount(received.length, 'message')} received`
      const isImpossible = many * readSize < frameBytes(long) || received.length !== sent.length
      if (isImpossible || long.size <= readSize) return contradicted(figures)
      return mayBe(many > few, figures)
    },
  },
]

/** How many reads have brought a frame, or a part of it. */
function readsOfFrame({ firstRead = 0, lastRead = 0 }: EventOf<'frame'>): number {
  return lastRead - firstRead + 1
}

/** The datagrams that the server received in a trial. */
function datagramsOf(evidence: Evidence, trial: string): readonly EventOf<'datagram'>[] {
  return told(during(evidence, trial), 'server', 'datagram')
}

/** Whether all these bytes came, in reads as small as was asked for. */
function areSmall(reads: readonly Uint8Array[], bytes: number): boolean {
  return totalBytes(reads) === bytes && bytes > 0 && largestOf(reads) <= readSize
}

function tellReads(reads: readonly Uint8Array[]): string {
  return `${formatCount(reads.length, 'read')} of at most ${formatBytes(largestOf(reads))}`
}

/** `27 and 4 B`; `0 B` where there is nothing. */
function tellSizes(pieces: readonly Uint8Array[]): string {
  return pieces.length === 0 ? '0 B' : `${pieces.map(({ length }) => length).join(' and ')} B`
}
