import type { Event, EventOf, StatsEvent } from '../event.ts'
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
import { during, faultOfOrder, readsOf, totalBytes, writesOf } from './evidence.ts'
import type { Claim, Evidence, Experiment, HandStep, Part, Step, Trial } from './experiment.ts'
import {
  contradicted,
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
 * What the kernel took is asked of the sender after the callback of its write: `/wait drained`, then `/stats`. What
 * the reader has read by then is asked of the reader, where it can answer: a stopped process cannot.
 */

const wordCount = 5

export const sentIsNotRead: Experiment = {
  name: 'sent-is-not-read',
  question: 'A write has succeeded. Has the other program read it?',
  explanation:
    'On TCP and on UDP alike a write is done as soon as the kernel on this side has taken the bytes, and neither the ' +
    "acknowledgement of TCP, which the kernel on the other side sends for bytes in its receive buffer, nor UDP's " +
    'silence says that a program has read them. A WebSocket adds messages to TCP and no receipt: who has to know that ' +
    'something was read, and not merely sent, has to let the reader answer.',
  minutes: 2,
  transports: ['tcp', 'udp', 'websocket'],
  plan(random) {
    const text = draw(random, shortWords, wordCount).join(' ')
    return [tcp(text), udp(text), webSocket(text)]
  },
}

/** How a transport does what both trials ask for. */
interface Means {
  readonly isSent: readonly Condition[]
  readonly hasCome: readonly Condition[]
  readonly hold: Step
  /** Asks the reader what it has read, where it can answer. */
  readonly ask: readonly Step[]
  release(...until: readonly Condition[]): Step
}

/** A reader that was asked to read nothing for a while: it can still be asked. */
const pausing: Pick<Means, 'hold' | 'ask' | 'release'> = {
  hold: say('server', '/pause', hasTold('server', 'paused')),
  ask: [say('server', '/stats', hasTold('server', 'stats'))],
  release: (...until) => say('server', '/resume', ...until),
}

function tcp(text: string): Part {
  return {
    transport: 'tcp',
    actors: [tcpServer(), tcpClient()],
    trials: trials(text, {
      isSent: [hasWritten('client', 1)],
      hasCome: [hasReadBytes('server', text.length)],
      ...pausing,
    }),
    claims: [streamIsWhole(both), isTaken, isNotRead],
    byHand: byHand(text, 'tcp-server --hold', 'tcp-client'),
  }
}

function udp(text: string): Part {
  return {
    transport: 'udp',
    actors: [udpServer(), udpClient()],
    trials: trials(text, {
      isSent: [hasWritten('client', 1)],
      hasCome: [hasRead('server', 1)],
      hold: stop('server'),
      ask: [],
      release: (...until) => goOn('server', ...until),
    }),
    claims: [datagramsAreWhole(both), isTaken, isNotRead],
    byHand: [
      run(1, 'sockpit udp-server'),
      run(2, 'sockpit udp-client'),
      ...type(1, 'Ctrl-Z'),
      ...type(2, text, '/stats'),
      run(1, 'fg'),
    ],
  }
}

function webSocket(text: string): Part {
  return {
    transport: 'websocket',
    isOneWay: true,
    actors: [wsServer(), wsClient()],
    trials: trials(text, {
      isSent: [hasSentMessages('client', 1)],
      hasCome: [
        hasReceivedMessages('server', 1),
        hasReceivedMessages('client', 1),
        hasReadAllOf('client', 'server'),
      ],
      ...pausing,
    }),
    claims: [messagesAreWhole(both), isTaken, isNotRead],
    byHand: byHand(text, 'ws-echo --hold --no-compress', 'ws-client'),
  }
}

function trials(text: string, { isSent, hasCome, hold, ask, release }: Means): readonly Trial[] {
  const send = (...more: readonly Condition[]): Step =>
    say(
      'client',
      [`/send ${text}`, '/wait drained', '/stats'],
      hasTold('client', 'stats'),
      ...isSent,
      ...more,
    )
  return [
    { name: 'control', title: 'the server reads', steps: [send(...hasCome)] },
    {
      name: 'held',
      title: 'the server reads nothing yet',
      steps: [hold, send(), ...ask, release(...hasCome)],
    },
  ]
}

function byHand(text: string, server: string, client: string): readonly HandStep[] {
  return [
    run(1, `sockpit ${server}`),
    run(2, `sockpit ${client}`),
    ...type(2, text, '/stats'),
    ...type(1, '/stats', '/resume'),
  ]
}

const both = { trials: ['control', 'held'] } as const

/** What one end tells of itself with `/stats`, and what it had told of single calls until then. */
interface Report {
  readonly stats: EventOf<'stats'>
  readonly written: number
  readonly read: number
}

/** The first report of an actor in a trial. */
function reportOf(evidence: Evidence, trial: string, actor: string): Report | undefined {
  const index = evidence.findIndex(
    (heard) => heard.trial === trial && heard.actor === actor && heard.event.kind === 'stats',
  )
  const event = evidence[index]?.event
  if (event?.kind !== 'stats') return undefined
  const before = evidence.slice(0, index)
  return {
    stats: event,
    written: totalBytes(writesOf(before, actor)),
    read: totalBytes(readsOf(before, actor)),
  }
}

/** What still waits in the sender's process: bytes, or datagrams. */
function waitingIn(stats: StatsEvent): number {
  if (stats.transport === 'udp') return stats.total.unsent
  return stats.peers.reduce((sum, { queued }) => sum + queued, 0)
}

const isTaken: Claim = {
  text: 'The kernel takes all of it at once, and tells the sender the same whether anybody reads or not.',
  judge(evidence) {
    const reports = both.trials.map((name) => ({ name, report: reportOf(evidence, name, 'client') }))
    const figures = reports.map(({ name, report }) => {
      if (report === undefined) return `${name} 0 reports`
      const { stats, written } = report
      const taken = formatBytes(stats.total.sent.bytes)
      return `${name} ${formatBytes(written)} written so far, ${taken} taken by the kernel, ${waitingIn(stats)} waiting`
    })
    const sizes = both.trials.map((name) => totalBytes(writesOf(during(evidence, name), 'client')))
    if (sizes.some((size) => size === 0) || reports.some(({ report }) => report === undefined))
      return unsupported(figures.join('; '))
    const isSo = reports.every(
      ({ report }) =>
        report !== undefined &&
        report.stats.total.sent.bytes === report.written &&
        waitingIn(report.stats) === 0,
    )
    return mustBe(isSo, figures.join('; '))
  },
}

const isNotRead: Claim = {
  text: 'When the kernel has it, the reader that is held has read nothing of it; that comes later.',
  judge(evidence) {
    const [control, held] = both.trials.map((name) => during(evidence, name))
    const sent = totalBytes(writesOf(held ?? [], 'client'))
    const readInControl = totalBytes(readsOf(control ?? [], 'server'))
    if (sent === 0 || readInControl === 0)
      return unsupported(`${sent} B sent, ${readInControl} B read before`)
    const order = (held ?? []).flatMap(({ actor, event }) => stagesOf(actor, event))
    const before = order.slice(0, order.indexOf('released')).filter((stage) => stage === 'read').length
    const read = totalBytes(readsOf(held ?? [], 'server'))
    const figures =
      `${formatBytes(sent)} sent and taken, ${formatCount(before, 'read')} until the server was released, ` +
      `then ${formatBytes(read)}; the control read ${formatBytes(readInControl)} without being asked to`
    const fault = faultOfOrder(order, ['held', 'sent', 'taken', 'released', 'read'])
    if (fault !== undefined) return contradicted(`${figures}; ${fault}`)
    const answer = reportOf(evidence, 'held', 'server')
    if (answer !== undefined && answer.stats.total.received.bytes !== answer.read)
      return contradicted(`${figures}; the server counts ${answer.stats.total.received.bytes} B`)
    return mayBe(read > 0, figures)
  },
}

function stagesOf(actor: string, event: Event): readonly string[] {
  if (actor === 'client') {
    if (event.kind === 'stats') return ['taken']
    return isCall(event, 'sent') ? ['sent'] : []
  }
  if (event.kind === 'paused' || (event.kind === 'process' && event.what === 'stopped')) return ['held']
  if (event.kind === 'resumed' || (event.kind === 'process' && event.what === 'continued'))
    return ['released']
  return isCall(event, 'received') ? ['read'] : []
}

function isCall(event: Event, direction: 'sent' | 'received'): boolean {
  return (event.kind === 'bytes' || event.kind === 'datagram') && event.direction === direction
}
