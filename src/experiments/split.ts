import { formatBytes, formatCount } from '../views/units.ts'
import { tcpClient, tcpServer, udpClient, udpServer, wsClient, wsServer } from './actors.ts'
import { type Condition, hasEchoed, hasRead, hasReadAllOf, hasWritten } from './conditions.ts'
import { during, exchangeOf, framesOf, largestOf, messagesOf, totalBytes } from './evidence.ts'
import type { Claim, Experiment, HandStep, Judgement, Part, Trial } from './experiment.ts'
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

/** What one read of sockpit takes at most, where no option says otherwise. */
const mostPerRead = 65_536

const leastBytes = 900_000
const mostBytes = 1_048_576

/** A datagram that is large, and not too large for UDP over IPv4. */
const leastDatagram = 60_000
const mostDatagram = 65_507

export const split: Experiment = {
  name: 'split',
  question: 'A whole megabyte goes out in a single write. Does a single read bring it?',
  explanation:
    'A read of a TCP stream takes what has arrived and what fits into the buffer of the reader, so that a large ' +
    'write comes out in pieces, and the frame of a WebSocket, which says how long it is, is put together from ' +
    'them before the application sees a message. A datagram is handed out whole in one read, however large it ' +
    'is, but no more than 65,507 bytes fit into one over IPv4.',
  minutes: 2,
  transports: ['tcp', 'udp', 'websocket'],
  plan(random) {
    const word = draw(random, shortWords, 1).join('')
    const large = random.bytes(leastBytes + random.below(mostBytes - leastBytes + 1))
    const datagram = large.subarray(0, leastDatagram + random.below(mostDatagram - leastDatagram + 1))
    return [tcp(word, large), udp(word, datagram), webSocket(word, large)]
  },
}

function tcp(word: string, large: Uint8Array): Part {
  return {
    transport: 'tcp',
    files: { large },
    actors: [tcpServer(), tcpClient({ flags: ['--chunk', '1MiB'] })],
    trials: trials(word, hasWritten('client', 1), hasReadAllOf('server', 'client')),
    claims: tcpClaims,
    byHand: byHand(word, mostBytes, 'tcp-server', 'tcp-client --eol none --chunk 1MiB'),
  }
}

function udp(word: string, large: Uint8Array): Part {
  return {
    transport: 'udp',
    files: { large },
    actors: [udpServer(), udpClient()],
    trials: trials(word, hasWritten('client', 1), hasRead('server', 1)),
    claims: udpClaims,
    byHand: byHand(word, mostDatagram, 'udp-server', 'udp-client'),
  }
}

function webSocket(word: string, large: Uint8Array): Part {
  return {
    transport: 'websocket',
    isOneWay: true,
    files: { large },
    actors: [wsServer(), wsClient()],
    trials: trials(word, hasEchoed(1)),
    claims: webSocketClaims,
    byHand: byHand(word, mostBytes, 'ws-echo --no-compress', 'ws-client'),
  }
}

function trials(word: string, ...until: readonly Condition[]): readonly Trial[] {
  return [
    { name: 'control', title: 'a few bytes', steps: [say('client', `/send ${word}`, ...until)] },
    { name: 'large', title: 'as much as one send takes', steps: [say('client', '/file large', ...until)] },
  ]
}

function byHand(word: string, bytes: number, server: string, client: string): readonly HandStep[] {
  return [
    run(1, `sockpit ${server} --show 20`),
    run(2, `head -c ${bytes} /dev/urandom > large`),
    run(2, `sockpit ${client} --show 20`),
    ...type(2, word, '/file large'),
  ]
}

const both = { trials: ['control', 'large'] } as const
const nothingSent: Judgement = unsupported('a trial has 0 sends')

const tcpClaims: readonly Claim[] = [
  streamIsWhole(both),
  {
    text: 'A small write comes out in one read.',
    judge(evidence) {
      const { writes, reads } = exchangeOf(evidence, 'control')
      if (totalBytes(writes) === 0) return nothingSent
      const figures = `${formatCount(writes.length, 'write')} of ${formatBytes(totalBytes(writes))}, ${tellReads(reads)}`
      if (writes.length !== 1 || reads.length === 0) return contradicted(figures)
      return mayBe(reads.length === 1, figures)
    },
  },
  {
    text: 'One large write comes out in many reads, none of more than 64 KiB.',
    judge(evidence) {
      const { writes, reads } = exchangeOf(evidence, 'large')
      const before = exchangeOf(evidence, 'control').reads
      if (totalBytes(writes) === 0 || before.length === 0) return nothingSent
      const figures =
        `${formatCount(writes.length, 'write')} of ${formatBytes(totalBytes(writes))}, ${tellReads(reads)}, ` +
        `against ${formatCount(before.length, 'read')} in the control`
      const isSo = writes.length === 1 && areMany(reads, totalBytes(writes)) && reads.length > before.length
      return mustBe(isSo, figures)
    },
  },
]

const udpClaims: readonly Claim[] = [
  datagramsAreWhole(both),
  {
    text: 'A large datagram comes out in one read, as a small one does.',
    judge(evidence) {
      const [small, large] = [exchangeOf(evidence, 'control'), exchangeOf(evidence, 'large')]
      if (small.writes.length === 0 || large.writes.length === 0) return nothingSent
      const figures = [small, large].map(
        ({ writes, reads }) =>
          `${formatCount(writes.length, 'send')} of ${formatBytes(totalBytes(writes))}, ${tellReads(reads)}`,
      )
      const isImpossible = [small, large].some(
        ({ writes, reads }) => writes.length !== 1 || countStrangers(writes, reads) > 0,
      )
      const isLarger = totalBytes(large.writes) > 1_000 * totalBytes(small.writes)
      if (isImpossible || !isLarger) return contradicted(figures.join('; '))
      return mayBe(small.reads.length === 1 && large.reads.length === 1, figures.join('; '))
    },
  },
]

const webSocketClaims: readonly Claim[] = [
  messagesAreWhole(both),
  {
    text: 'One frame carries each of them: its length has 7 bits, or 64.',
    judge(evidence) {
      const [small, large] = both.trials.map((trial) =>
        framesOf(during(evidence, trial), 'server', 'received'),
      )
      const [one, other] = [small?.[0], large?.[0]]
      if (one === undefined || other === undefined) return nothingSent
      const figures = [one, other].map(
        ({ lengthForm, length }) => `a length of ${formatBytes(length)} in ${lengthForm} bits`,
      )
      const isSo = one.lengthForm === 7 && other.lengthForm === 64 && other.length === other.size
      return mustBe(isSo && small?.length === 1 && large?.length === 1, figures.join('; '))
    },
  },
  {
    text: 'Many reads bring the large frame, none of more than 64 KiB, and one message comes out.',
    judge(evidence) {
      const heard = during(evidence, 'large')
      const sent = messagesOf(heard, 'client', 'sent')
      const received = messagesOf(heard, 'server', 'received')
      const before = exchangeOf(evidence, 'control').reads
      if (sent.length === 0 || before.length === 0) return nothingSent
      const { reads } = exchangeOf(evidence, 'large')
      const size = sent.reduce((sum, message) => sum + message.size, 0)
      const figures =
        `${formatCount(sent.length, 'message')} of ${formatBytes(size)} sent, ${tellReads(reads)}, ` +
        `${formatCount(received.length, 'message')} received, against ${formatCount(before.length, 'read')} in the control`
      const isOne = sent.length === 1 && received.length === 1
      return mustBe(isOne && areMany(reads, size) && reads.length > before.length, figures)
    },
  },
]

/** Whether more bytes than one read takes came in several, none of them larger than that. */
function areMany(reads: readonly Uint8Array[], bytes: number): boolean {
  const isMore = bytes > mostPerRead && totalBytes(reads) >= bytes
  return isMore && reads.length > 1 && largestOf(reads) <= mostPerRead
}

/** `1 read of 5 B`, `22 reads of at most 65,536 B` */
function tellReads(reads: readonly Uint8Array[]): string {
  if (reads.length === 0) return '0 reads'
  const most = formatBytes(largestOf(reads))
  return reads.length === 1 ? `1 read of ${most}` : `${formatCount(reads.length, 'read')} of at most ${most}`
}
