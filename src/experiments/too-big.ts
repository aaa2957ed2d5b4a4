import { frameBytes } from '../views/framing.ts'
import { formatBytes, formatCount } from '../views/units.ts'
import { tcpClient, tcpServer, udpClient, udpServer, wsClient, wsServer } from './actors.ts'
import {
  all,
  any,
  type Condition,
  hasEchoed,
  hasRead,
  hasReadAllOf,
  hasTold,
  hasWritten,
} from './conditions.ts'
import { during, exchangeOf, framesOf, largestOf, told, totalBytes } from './evidence.ts'
import type { Claim, Evidence, Experiment, HandStep, Judgement, Part, Trial } from './experiment.ts'
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
import { run, say, type } from './steps.ts'

/*
 * That nothing arrives cannot be waited for. So one more small word follows what is too big: when it has arrived,
 * so would have what was sent before it on the same socket.
 */

/** 65,535, the most that the length in IPv4's header can say, less that header (20) and the one of UDP (8). */
const mostDatagram = 65_507

export const tooBig: Experiment = {
  name: 'too-big',
  question: 'How much fits into one send? And what becomes of one byte more?',
  explanation:
    'A datagram has to fit into one IP datagram, whose length stands in 16 bits, so that IPv4 leaves 65,507 bytes ' +
    'for the payload, and the kernel refuses a longer one before anything of it leaves. A TCP stream has no such ' +
    'length, as it is cut into segments anyway, and the frame of a WebSocket on it has room for a length of 63 bits.',
  minutes: 1,
  transports: ['tcp', 'udp', 'websocket'],
  plan(random) {
    const files = { fits: random.bytes(mostDatagram), over: random.bytes(mostDatagram + 1) }
    const word = draw(random, shortWords, 1).join('')
    return [tcp(files, word), udp(files, word), webSocket(files, word)]
  },
}

type Files = Readonly<Record<'fits' | 'over', Uint8Array>>

function tcp(files: Files, word: string): Part {
  const isDone = (count: number) => [hasWritten('client', count), hasReadAllOf('server', 'client')]
  return {
    transport: 'tcp',
    files,
    actors: [tcpServer(), tcpClient({ flags: ['--chunk', '1MiB'] })],
    trials: trials(word, isDone(1), isDone(2)),
    claims: tcpClaims,
    byHand: byHand(word, 'tcp-server', 'tcp-client --eol none --chunk 1MiB'),
  }
}

function udp(files: Files, word: string): Part {
  // A system may take less than IPv4 does.
  const isRefused = hasTold('client', 'failed')
  return {
    transport: 'udp',
    files,
    actors: [udpServer(), udpClient()],
    trials: trials(
      word,
      [any(isRefused, all(hasWritten('client', 1), hasRead('server', 1)))],
      [hasWritten('client', 1), hasTold('server', 'datagram', 1, ({ size }) => size === word.length)],
      [any(isRefused, hasRead('server', 1))],
    ),
    claims: udpClaims,
    byHand: byHand(word, 'udp-server', 'udp-client'),
  }
}

function webSocket(files: Files, word: string): Part {
  return {
    transport: 'websocket',
    isOneWay: true,
    files,
    actors: [wsServer(), wsClient()],
    trials: trials(word, [hasEchoed(1)], [hasEchoed(2)]),
    claims: webSocketClaims,
    byHand: byHand(word, 'ws-echo --no-compress', 'ws-client'),
  }
}

function trials(
  word: string,
  hasFirst: readonly Condition[],
  hasWord: readonly Condition[],
  hasOver: readonly Condition[] = hasFirst,
): readonly Trial[] {
  return [
    { name: 'fits', title: 'as much as a datagram holds', steps: [say('client', '/file fits', ...hasFirst)] },
    {
      name: 'over',
      title: 'one byte more, then a short word',
      steps: [say('client', '/file over', ...hasOver), say('client', `/send ${word}`, ...hasWord)],
    },
  ]
}

function byHand(word: string, server: string, client: string): readonly HandStep[] {
  return [
    run(1, `sockpit ${server} --show 20`),
    run(2, `head -c ${mostDatagram} /dev/urandom > fits`),
    run(2, `head -c ${mostDatagram + 1} /dev/urandom > over`),
    run(2, `sockpit ${client} --show 20`),
    ...type(2, '/file fits', '/file over', word),
  ]
}

const both = { trials: ['fits', 'over'] } as const
const nothingSent: Judgement = unsupported('a trial has 0 sends')

function failuresOf(evidence: Evidence) {
  return told(evidence, 'client', 'failed')
}

const tcpClaims: readonly Claim[] = [
  streamIsWhole(both),
  {
    text: 'One byte more is one byte more: the stream takes it as it takes the rest.',
    judge(evidence) {
      const [fits, over] = [exchangeOf(evidence, 'fits'), exchangeOf(evidence, 'over')]
      const [[first], [second]] = [fits.writes, over.writes]
      if (first === undefined || second === undefined) return nothingSent
      const failures = failuresOf(evidence).length
      const figures =
        `a write of ${formatBytes(first.length)} and one of ${formatBytes(second.length)}, ` +
        `${formatBytes(totalBytes(fits.reads))} read, then ${formatBytes(totalBytes(over.reads))} with the word, ` +
        formatCount(failures, 'error')
      const isLarger = first.length === mostDatagram && second.length === first.length + 1
      const isRead = totalBytes(over.reads) > second.length && totalBytes(fits.reads) === first.length
      return mustBe(isLarger && isRead && failures === 0, figures)
    },
  },
]

const udpClaims: readonly Claim[] = [
  datagramsAreWhole(both),
  {
    text: 'One byte more is refused with EMSGSIZE: nothing of it is sent, and nothing arrives.',
    judge(evidence) {
      const [before, [failure, ...more]] = [
        failuresOf(during(evidence, 'fits')),
        failuresOf(during(evidence, 'over')),
      ]
      const [fits, over] = [exchangeOf(evidence, 'fits'), exchangeOf(evidence, 'over')]
      const largest = largestOf(fits.writes)
      if (over.writes.length === 0 || largest === 0) return nothingSent
      const told =
        failure === undefined ? '0 errors' : `${failure.code}: ${failure.message.replace(/:.*/, '')}`
      const figures = `${formatBytes(largest)} went; ${told}; after it ${countDatagrams(over.writes, over.reads)}`
      const isRefused = failure?.code === 'EMSGSIZE' && more.length === 0 && before.length === 0
      const isAbsent = [...over.writes, ...over.reads].every(({ length }) => length < largest)
      return mustBe(isRefused && isAbsent, figures)
    },
  },
  {
    text: 'The socket is as good as before: the next datagram goes, and arrives.',
    judge(evidence) {
      const heard = during(evidence, 'over')
      const { writes, reads } = exchangeOf(evidence, 'over')
      if (writes.length === 0) return nothingSent
      const order = heard.flatMap(({ actor, event: { kind } }) =>
        actor === 'client' && (kind === 'failed' || kind === 'datagram') ? [kind] : [],
      )
      const figures = `${countDatagrams(writes, reads)}, of ${formatBytes(totalBytes(writes))}, after the error`
      if (order.join() !== 'failed,datagram' || countStrangers(writes, reads) > 0)
        return contradicted(figures)
      return mayBe(reads.length === 1, figures)
    },
  },
]

const webSocketClaims: readonly Claim[] = [
  messagesAreWhole(both),
  {
    text: 'One byte more is one byte more: each goes in one frame, with as much framing.',
    judge(evidence) {
      const [one, other] = both.trials.map(
        (trial) => framesOf(during(evidence, trial), 'server', 'received')[0],
      )
      if (one === undefined || other === undefined) return nothingSent
      const failures = failuresOf(evidence).length
      const [short, long] = [frameBytes(one), frameBytes(other)]
      const figures =
        `${formatBytes(one.size)} in a frame of ${formatBytes(short)}, ${formatBytes(other.size)} in one of ` +
        `${formatBytes(long)}, ${formatCount(failures, 'error')}`
      const isLarger = one.size === mostDatagram && other.size === one.size + 1 && long === short + 1
      return mustBe(isLarger && one.fin && other.fin && failures === 0, figures)
    },
  },
]
