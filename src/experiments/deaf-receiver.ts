import { formatBytes, formatCount } from '../views/units.ts'
import { mayLeave, tcpClient, tcpServer, udpClient, udpServer, wsClient, wsServer } from './actors.ts'
import { any, type Condition, hasLeft, hasRead, hasTold } from './conditions.ts'
import { during, faultOfOrder, readsOf, streamHash, told, totalBytes, writesOf } from './evidence.ts'
import type { Actor, Claim, Evidence, Experiment, Heard, Part, Step, Trial } from './experiment.ts'
import {
  contradicted,
  mayBe,
  messagesAreWhole,
  mustBe,
  notObserved,
  streamIsWhole,
  unsupported,
} from './judging.ts'
import type { Random } from './random.ts'
import { goOn, run, say, start, stop, type } from './steps.ts'

/*
 * All sends together are more than the kernels of both ends take by themselves: with the largest buffers that Linux
 * gives a connection unasked, some 4 MB. Each send ends with its own number.
 */

const sendCount = 400
const leastSize = 13_000
const sizeRange = 1_000

/** At which UDP sends, in both trials, so that a server that runs can follow: bytes a second. */
const datagramRate = '8MiB'

export const deafReceiver: Experiment = {
  name: 'deaf-receiver',
  question: 'Somebody sends and sends, and the receiver reads nothing. Where does it all go?',
  explanation:
    'TCP has flow control: each end tells the other how much room its receive buffer has (RFC 9293 §3.8.6), so that ' +
    'once the buffers of both kernels are full a write has to wait, which a WebSocket inherits along with the stream. ' +
    'UDP has none (RFC 8085 §3.1): a send is done when the kernel has taken the datagram, and what finds the receive ' +
    'buffer of the other socket full is thrown away there, while nobody is told but a counter.',
  minutes: 3,
  transports: ['tcp', 'udp', 'websocket'],
  plan(random) {
    const payloads = createPayloads(random)
    return [tcp(payloads), udp(payloads), webSocket(payloads)]
  },
}

/** Texts of different sizes, cut out of one, each with its number at its end. */
function createPayloads(random: Random): readonly string[] {
  const text = Buffer.from(random.bytes(leastSize + sizeRange)).toString('base64url')
  return Array.from({ length: sendCount }, (_, index) => {
    const size = leastSize + random.below(sizeRange)
    return `${text.slice(random.below(sizeRange)).slice(0, size)}#${index + 1}.`
  })
}

function tcp(payloads: readonly string[]): Part {
  return {
    transport: 'tcp',
    actors: [tcpServer(), mayLeave(tcpClient())],
    trials: streamTrials(payloads, tcpClient(), [
      say('server', [expectLast, '/stats'], hasReported('server')),
      say('client', ['/wait drained', '/stats'], hasReported('client')),
    ]),
    claims: [streamIsWhole(both), saysStop, doesNotLast],
    byHand: byHand('tcp-server --hold', 'tcp-client --chunk 13000'),
  }
}

function webSocket(payloads: readonly string[]): Part {
  return {
    transport: 'websocket',
    isOneWay: true,
    actors: [wsServer(), mayLeave(wsClient())],
    // The echoes come back, too: nothing of them falls into the next step.
    trials: streamTrials(payloads, wsClient(), [
      say('client', [expectLast, '/stats'], hasReported('client')),
      say('server', ['/wait drained', '/stats'], hasReported('server')),
    ]),
    claims: [messagesAreWhole(both), saysStop, doesNotLast],
    byHand: byHand('ws-echo --hold --no-compress', 'ws-client --no-compress'),
  }
}

const bye = say('client', '/quit', hasLeft('client'), hasTold('server', 'closed'))

const expectLast = `/expect "#${sendCount}." within 60s`

function sends(payloads: readonly string[]): readonly string[] {
  return payloads.map((payload) => `/send ${payload}`)
}

/** `settle` is over when everything has come. */
function streamTrials(payloads: readonly string[], client: Actor, settle: readonly Step[]): readonly Trial[] {
  const isFull = any(hasTold('client', 'stalled'), hasAllGiven)
  return [
    {
      name: 'control',
      title: 'the server reads',
      steps: [say('client', sends(payloads)), ...settle, bye],
    },
    {
      name: 'deaf',
      title: 'the server reads nothing for a while',
      steps: [
        // A buffer that has grown with the control would take more.
        start(client),
        say('server', '/pause', hasTold('server', 'paused')),
        say('client', [...sends(payloads), '/peers'], isFull),
        say('server', '/resume', hasTold('server', 'resumed')),
        ...settle,
      ],
    },
  ]
}

function udp(payloads: readonly string[]): Part {
  const send = say('client', [...sends(payloads), '/wait drained', '/stats'], hasReported('client'))
  const settle: readonly Step[] = [
    say('server', '/stats', isAccountedFor),
    say('server', '/stats', hasReported('server', 2)),
  ]
  return {
    transport: 'udp',
    actors: [udpServer(), udpClient({ flags: ['--rate', datagramRate] })],
    trials: [
      { name: 'control', title: 'the server reads', steps: [send, ...settle] },
      {
        name: 'deaf',
        title: 'the server process is stopped for a while',
        steps: [stop('server'), send, goOn('server', hasRead('server', 1)), ...settle],
      },
    ],
    claims: [allAreSent, mostAreDropped, survivorsAreWhole, addsUp],
    byHand: [
      run(1, 'sockpit udp-server'),
      ...type(1, 'Ctrl-Z'),
      run(2, `${flood} | sockpit udp-client --rate ${datagramRate}`),
      run(1, 'fg'),
      ...type(1, '/stats'),
    ],
  }
}

const flood = `yes $(seq 3000) | head -${sendCount}`

function byHand(server: string, client: string) {
  return [
    run(1, `sockpit ${server}`),
    run(2, `${flood} | sockpit ${client} --view log`),
    ...type(1, '/stats', '/resume'),
  ]
}

const both = { trials: ['control', 'deaf'] } as const

/** The actor has answered `/stats` so often. */
function hasReported(actor: string, times = 1): Condition {
  return hasTold(actor, 'stats', times, ({ asked }) => asked === 'stats')
}

/** The client has given everything away, and was never told to stop. */
const hasAllGiven = hasTold('client', 'stats', 1, ({ asked }) => asked === 'peers')

/** What the server had read and the kernel had dropped when it was asked, and what it has read since, is all there is. */
const isAccountedFor: Condition = (heard) => {
  const sent = lastTraffic(heard, 'client')?.sent.datagrams
  const asked = heard.findLastIndex(({ actor, event }) => actor === 'server' && event.kind === 'stats')
  const answer = lastTraffic(heard.slice(0, asked + 1), 'server')
  if (sent === undefined || answer === undefined) return false
  const since = readsOf(heard.slice(asked), 'server').length
  return answer.dropped === undefined || answer.received.datagrams + answer.dropped + since >= sent
}

/** What a datagram socket told last of its traffic. */
function lastTraffic(heard: Evidence, actor: string) {
  const last = heard.findLast((one) => one.actor === actor && one.event.kind === 'stats')?.event
  return last?.kind === 'stats' && last.transport === 'udp' ? last.total : undefined
}

/** In what order the client was stopped, and the server read. */
function streamStage({ actor, event }: Heard): readonly string[] {
  if (actor === 'server') {
    if (event.kind === 'paused' || event.kind === 'resumed') return [event.kind]
    return event.kind === 'bytes' && event.direction === 'received' ? ['read'] : []
  }
  return event.kind === 'stalled' ? ['stalled'] : []
}

const saysStop: Claim = {
  text: 'While nobody reads, a write says stop, and what is left waits until somebody does.',
  judge(evidence) {
    const heard = during(evidence, 'deaf')
    const all = writesOf(heard, 'client')
    const index = heard.findIndex(({ actor, event }) => actor === 'client' && event.kind === 'stalled')
    const stalled = heard[index]?.event
    if (all.length === 0) return unsupported('0 writes')
    if (stalled?.kind !== 'stalled')
      return notObserved(`${formatCount(all.length, 'write')}, 0 stops: the kernels had room for all of it`)
    const written = totalBytes(writesOf(heard.slice(0, index), 'client'))
    const figures =
      `a stop after ${formatBytes(written)} of ${formatBytes(totalBytes(all))}, ${formatBytes(stalled.queued)} of ` +
      'which the kernel had not taken; the rest was written once the server read'
    const order = heard.slice(0, index + 1).flatMap(streamStage)
    const later = heard.slice(index).flatMap(streamStage)
    // What opens a WebSocket was read before.
    const fault = faultOfOrder(order.slice(order.indexOf('paused')), ['paused', 'stalled'])
    if (fault !== undefined) return contradicted(`${figures}; ${fault}`)
    const isHeld = later.indexOf('resumed') !== -1 && later.indexOf('resumed') < later.indexOf('read')
    const isOver = told(heard, 'client', 'drained').length === told(heard, 'client', 'stalled').length
    return mustBe(isHeld && isOver && written < totalBytes(all), figures)
  },
}

const doesNotLast: Claim = {
  text: 'While the server reads, no stop lasts: all is written without anybody having to help.',
  judge(evidence) {
    const [control = [], deaf = []] = both.trials.map((name) => during(evidence, name))
    const [sent, other] = [writesOf(control, 'client'), writesOf(deaf, 'client')].map(totalBytes)
    const [stops, ends] = [
      told(control, 'client', 'stalled').length,
      told(control, 'client', 'drained').length,
    ]
    const figures =
      `control ${formatBytes(sent ?? 0)} written, ${formatBytes(totalBytes(readsOf(control, 'server')))} read, ` +
      `${formatCount(stops, 'stop')}, of which ${ends} ended by themselves`
    if (sent === 0 || other === 0) return unsupported(figures)
    const isAlone = told(control, 'server', 'paused').length + told(control, 'server', 'resumed').length === 0
    return mustBe(isAlone && stops === ends && totalBytes(readsOf(control, 'server')) === sent, figures)
  },
}

const allAreSent: Claim = {
  text: 'Every send succeeds, whether anybody reads or not: the sender is told of no loss.',
  judge(evidence) {
    const logs = both.trials.map((name) => {
      const heard = during(evidence, name)
      const bad = ['failed', 'refused', 'stalled', 'limit'] as const
      const troubles = bad.reduce((sum, kind) => sum + told(heard, 'client', kind).length, 0)
      return {
        name,
        sent: writesOf(heard, 'client').length,
        troubles,
        unsent: lastTraffic(heard, 'client')?.unsent,
      }
    })
    const figures = logs.map(
      ({ name, sent, troubles, unsent = 0 }) =>
        `${name} ${formatCount(sent, 'datagram')} sent, ${unsent} not sent, ${formatCount(troubles, 'error')}`,
    )
    if (logs.some(({ sent, unsent }) => sent === 0 || unsent === undefined))
      return unsupported(figures.join('; '))
    const [one, other] = logs
    const isSo =
      one?.sent === other?.sent && logs.every(({ troubles, unsent }) => troubles === 0 && unsent === 0)
    return mustBe(isSo, figures.join('; '))
  },
}

const mostAreDropped: Claim = {
  text: 'While nobody reads, most of them are dropped; of a server that reads, far fewer.',
  judge(evidence) {
    const [control, deaf] = both.trials.map((name) => {
      const heard = during(evidence, name)
      return { sent: writesOf(heard, 'client').length, read: readsOf(heard, 'server').length }
    })
    if (control === undefined || deaf === undefined || control.sent === 0 || deaf.sent === 0)
      return unsupported('0 datagrams sent in a trial')
    const figures = both.trials
      .map((name, index) => ({ name, ...([control, deaf][index] ?? control) }))
      .map(({ name, sent, read }) => `${name} ${formatCount(sent, 'datagram')} sent, ${read} received`)
    const order = during(evidence, 'deaf').flatMap(datagramStage)
    const fault = faultOfOrder(order, ['stopped', 'sent', 'continued', 'received'])
    if (fault !== undefined || deaf.read > deaf.sent)
      return contradicted([...figures, ...(fault === undefined ? [] : [fault])].join('; '))
    return mayBe(deaf.read > 0 && 2 * deaf.read < deaf.sent && deaf.read < control.read, figures.join('; '))
  },
}

function datagramStage({ actor, event }: Heard): readonly string[] {
  if (event.kind === 'datagram') return [event.direction]
  return actor === 'server' && event.kind === 'process' ? [event.what] : []
}

const survivorsAreWhole: Claim = {
  text: 'What survives is whole, and in the order in which it was sent.',
  judge(evidence) {
    const logs = both.trials.map((name) => {
      const heard = during(evidence, name)
      const sent = writesOf(heard, 'client').map((payload) => streamHash([payload]))
      const places = new Map(sent.map((hash, index) => [hash, index]))
      const found = readsOf(heard, 'server').map((payload) => places.get(streamHash([payload])))
      return { name, sent: sent.length, found }
    })
    if (logs.some(({ sent }) => sent === 0)) return unsupported('0 datagrams sent in a trial')
    const figures = logs
      .map(({ name, sent, found }) => `${name} ${found.length} of ${sent}, ${ranges(found)}`)
      .join('; ')
    if (logs.some(({ found }) => found.includes(undefined) || new Set(found).size < found.length))
      return contradicted(`${figures}; a datagram came that was not sent`)
    const isRising = logs.every(({ found }) =>
      found.every((place = 0, index) => place > (found[index - 1] ?? -1)),
    )
    return mayBe(isRising && logs.every(({ found }) => found.length > 0), figures)
  },
}

/** The first and the last place, counted from 1. */
function ranges(found: readonly (number | undefined)[]): string {
  const [first = -1, last = -1] = [found[0], found.at(-1)]
  return found.length === 0 ? 'none' : `from number ${first + 1} to ${last + 1}`
}

const addsUp: Claim = {
  text: 'The kernel counts what it drops: received and dropped add up to what was sent.',
  judge(evidence) {
    const sums = both.trials.map((name) => {
      const heard = during(evidence, name)
      const before = name === 'control' ? undefined : lastTraffic(during(evidence, 'control'), 'server')
      const dropped = lastTraffic(heard, 'server')?.dropped
      const own = dropped === undefined ? undefined : dropped - (before?.dropped ?? 0)
      return {
        name,
        sent: writesOf(heard, 'client').length,
        received: readsOf(heard, 'server').length,
        dropped: own,
      }
    })
    const figures = sums
      .map(
        ({ name, sent, received, dropped = 0 }) =>
          `${name} ${received} received + ${dropped} dropped = ${received + dropped}, and ${sent} sent`,
      )
      .join('; ')
    if (sums.some(({ sent }) => sent === 0)) return unsupported(figures)
    if (sums.some(({ dropped }) => dropped === undefined))
      return unsupported(`this system does not tell how many it drops: ${figures}`)
    return mustBe(
      sums.every(({ sent, received, dropped = 0 }) => received > 0 && received + dropped === sent),
      figures,
    )
  },
}
