import { frameBytes, framingOf } from '../views/framing.ts'
import { formatBytes, formatCount } from '../views/units.ts'
import { tcpClient, tcpServer, udpClient, udpServer, wsClient, wsServer } from './actors.ts'
import { type Condition, hasEchoed, hasRead, hasReadAllOf, hasTold, hasWritten } from './conditions.ts'
import { during, exchangeOf, framesOf, messagesOf, readsOf, told, totalBytes, writesOf } from './evidence.ts'
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
import { run, say, type } from './steps.ts'

/*
 * Two trials alike in everything but the send between two words: of one byte, or of none. The word after it shows
 * that the connection lives, and that nothing is still to come. On a stream, where there is nothing to be seen, the
 * client's own counts are asked for right after it.
 */

/** The step in which the trials differ. */
const between = 2

export const nothing: Experiment = {
  name: 'nothing',
  question: 'What arrives of a send of zero bytes?',
  explanation:
    'A TCP stream is its bytes and nothing else, so that zero of them leave no trace: sockpit makes no write of ' +
    'them, and a read of zero bytes would mean the end of the stream. A datagram has a header of its own and a ' +
    'message has a frame of its own, and both can come with nothing in them.',
  minutes: 1,
  transports: ['tcp', 'udp', 'websocket'],
  plan(random) {
    const [before = '', after = ''] = draw(random, shortWords, 2)
    const words: Words = { before, letter: before.slice(0, 1), after }
    return [tcp(words), udp(words), webSocket(words)]
  },
}

interface Words {
  readonly before: string
  /** What is sent in the control, where nothing is in the other trial. */
  readonly letter: string
  readonly after: string
}

/** What has to be heard when so many sends were made. */
type IsDone = (count: number) => readonly Condition[]

function tcp(words: Words): Part {
  const isRead = hasReadAllOf('server', 'client')
  const word = (text: string, count: number): Step =>
    say('client', `/send ${text}`, hasWritten('client', count), isRead)
  const middle = (line: string): Step => say('client', [line, '/stats'], hasTold('client', 'stats'), isRead)
  const { before, letter, after } = words
  return {
    transport: 'tcp',
    actors: [tcpServer(), tcpClient()],
    trials: [
      { ...control, steps: [word(before, 1), middle(`/send ${letter}`), word(after, 3)] },
      { ...empty, steps: [word(before, 1), middle('/send ""'), word(after, 2)] },
    ],
    claims: tcpClaims,
    byHand: byHand(words, 'tcp-server', 'tcp-client --eol none', '/stats'),
  }
}

function udp(words: Words): Part {
  return {
    transport: 'udp',
    actors: [udpServer(), udpClient()],
    trials: trials(words, (count) => [hasWritten('client', count), hasRead('server', count)]),
    claims: udpClaims,
    byHand: byHand(words, 'udp-server', 'udp-client'),
  }
}

function webSocket(words: Words): Part {
  return {
    transport: 'websocket',
    isOneWay: true,
    actors: [wsServer(), wsClient()],
    trials: trials(words, (count) => [hasEchoed(count)]),
    claims: webSocketClaims,
    byHand: byHand(words, 'ws-echo --no-compress', 'ws-client'),
  }
}

const control = { name: 'control', title: 'one byte between two words' } as const
const empty = { name: 'empty', title: 'zero bytes between two words' } as const

function trials({ before, letter, after }: Words, isDone: IsDone): readonly Trial[] {
  const send = (...texts: readonly string[]): readonly Step[] =>
    texts.map((text, index) => say('client', `/send ${text}`, ...isDone(index + 1)))
  return [
    { ...control, steps: send(before, letter, after) },
    { ...empty, steps: send(before, '""', after) },
  ]
}

function byHand(
  { before, letter, after }: Words,
  server: string,
  client: string,
  ...then: readonly string[]
): readonly HandStep[] {
  return [
    run(1, `sockpit ${server}`),
    run(2, `sockpit ${client}`),
    ...type(2, before, letter, ...then, after),
    ...type(2, before, '/send ""', ...then, after),
  ]
}

const both = { trials: [control.name, empty.name] } as const
const nothingSent: Judgement = unsupported('a trial has 0 sends')

/** What was heard in the step in which the trials differ. */
function inBetween(evidence: Evidence, trial: string): Evidence {
  return during(evidence, trial).filter(({ step }) => step === between)
}

/** What the step between the words did to a stream, as its ends tell it. */
function traceOf(evidence: Evidence, trial: string) {
  const step = inBetween(evidence, trial)
  const [writes, reads] = [writesOf(step, 'client'), readsOf(step, 'server')]
  const asked = step.findLast(({ actor, event }) => actor === 'client' && event.kind === 'stats')
  const until = asked === undefined ? [] : writesOf(evidence.slice(0, evidence.indexOf(asked)), 'client')
  const counted = asked?.event.kind === 'stats' ? asked.event.total.sent : undefined
  return {
    writes: writes.length,
    bytes: totalBytes(reads),
    reads: reads.length,
    /** Whether the client's own counts are those of the writes that it told. */
    isCounted:
      counted !== undefined &&
      'writes' in counted &&
      counted.writes === until.length &&
      counted.bytes === totalBytes(until),
    figures:
      `${formatCount(writes.length, 'write')} and ${formatCount(reads.length, 'read')} of ` +
      `${formatBytes(totalBytes(reads))}, ${formatCount(until.length, 'write')} so far`,
  }
}

const tcpClaims: readonly Claim[] = [
  streamIsWhole(both),
  {
    text: 'Zero bytes leave no trace: no write, no read, and the counts stay as they were.',
    judge(evidence) {
      const [one, none] = [traceOf(evidence, 'control'), traceOf(evidence, 'empty')]
      if (exchangeOf(evidence, 'empty').writes.length === 0 || one.writes === 0) return nothingSent
      const isTrace = one.writes === 1 && one.bytes === 1 && one.isCounted
      const isNoTrace = none.writes === 0 && none.reads === 0 && none.isCounted
      return mustBe(isTrace && isNoTrace, `one byte ${one.figures}; zero bytes ${none.figures}`)
    },
  },
  {
    text: 'They end nothing either: the word after them arrives.',
    judge(evidence) {
      const after = during(evidence, 'empty').filter(({ step }) => step > between)
      const [writes, reads] = [writesOf(after, 'client'), readsOf(after, 'server')]
      if (totalBytes(writes) === 0) return nothingSent
      const ends = told(during(evidence, 'empty'), 'server', 'ended').length
      const figures =
        `${formatBytes(totalBytes(writes))} written and ${formatBytes(totalBytes(reads))} read after them, ` +
        `${formatCount(ends, 'end')} of the stream`
      return mustBe(totalBytes(reads) === totalBytes(writes) && ends === 0, figures)
    },
  },
]

const udpClaims: readonly Claim[] = [
  datagramsAreWhole(both),
  {
    text: "Zero bytes are a datagram: it arrives empty, with its sender's address.",
    judge(evidence) {
      const step = inBetween(evidence, 'empty')
      const [sent, received] = [told(step, 'client', 'datagram'), told(step, 'server', 'datagram')]
      const port = told(evidence, 'client', 'opened')[0]?.local.port
      if (sent.length === 0 || port === undefined) return nothingSent
      const figures = [...sent, ...received].map(
        ({ direction, size, remote }) =>
          `${formatBytes(size)} ${direction === 'sent' ? 'sent to' : 'received from'} port ${remote.port}`,
      )
      const isEmpty = [...sent, ...received].every(({ size }) => size === 0)
      const isTheirs = received.every(({ remote }) => remote.port === port)
      if (!isEmpty || !isTheirs || received.length > sent.length) return contradicted(figures.join(', '))
      return mayBe(received.length === 1, figures.join(', '))
    },
  },
  {
    text: 'It counts as much as a datagram of one byte does.',
    judge(evidence) {
      const [one, none] = [exchangeOf(evidence, 'control'), exchangeOf(evidence, 'empty')]
      if (one.writes.length === 0 || none.writes.length === 0) return nothingSent
      const figures = [one, none].map(
        ({ writes, reads }) => `${countDatagrams(writes, reads)}, ${formatBytes(totalBytes(reads))}`,
      )
      const isImpossible = [one, none].some(({ writes, reads }) => countStrangers(writes, reads) > 0)
      const isLess = totalBytes(none.writes) + 1 === totalBytes(one.writes)
      if (isImpossible || !isLess || one.writes.length !== none.writes.length)
        return contradicted(figures.join('; '))
      return mayBe(one.reads.length === none.reads.length, figures.join('; '))
    },
  },
]

const webSocketClaims: readonly Claim[] = [
  messagesAreWhole(both),
  {
    text: 'A message of zero bytes costs 6 on the wire: 2 of header and 4 of mask.',
    judge(evidence) {
      const step = inBetween(evidence, 'empty')
      const [sent, received] = [messagesOf(step, 'client', 'sent'), messagesOf(step, 'server', 'received')]
      const frame = framesOf(step, 'server', 'received')[0]
      if (sent.length === 0 || frame === undefined) return nothingSent
      const { header, mask } = framingOf(frame)
      const read = totalBytes(readsOf(step, 'server'))
      const figures =
        `a message of ${formatBytes(frame.size)}: ${formatBytes(header)} of header + ${formatBytes(mask)} of mask, ` +
        `${formatBytes(read)} read, ${formatCount(received.length, 'message')} received`
      const isEmpty = [...sent, ...received].every(({ size }) => size === 0) && frame.size === 0
      return mustBe(isEmpty && received.length === 1 && read === header + mask && read === 6, figures)
    },
  },
  {
    text: 'One byte of payload adds one byte: the framing is the same.',
    judge(evidence) {
      const [one, none] = both.trials.map(
        (trial) => framesOf(inBetween(evidence, trial), 'server', 'received')[0],
      )
      if (one === undefined || none === undefined) return nothingSent
      const figures = [one, none].map(
        (frame) => `${formatBytes(frame.size)} in a frame of ${formatBytes(frameBytes(frame))}`,
      )
      const isSo = one.size === none.size + 1 && frameBytes(one) === frameBytes(none) + 1
      return mustBe(isSo, figures.join(', '))
    },
  },
]
