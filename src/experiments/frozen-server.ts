import type { Event, EventOf } from '../event.ts'
import { formatCount, formatDuration } from '../views/units.ts'
import { mayLeave, tcpClient, tcpServer, udpClient, udpServer, wsClient, wsServer } from './actors.ts'
import { any, type Condition, hasLeft, hasRead, hasReadBytes, hasTold, hasWritten } from './conditions.ts'
import { during, faultOfOrder, readsOf, told, writesOf } from './evidence.ts'
import type { Actor, Claim, Evidence, Experiment, HandStep, Part, Step } from './experiment.ts'
import { contradicted, datagramsAreWhole, mayBe, mustBe, streamIsWhole, unsupported } from './judging.ts'
import { draw, shortWords } from './random.ts'
import { goOn, run, say, start, stop, type } from './steps.ts'

/*
 * The client is started within each trial, since connecting is what is looked at. In the control the server runs; in
 * the other trial its process is stopped before the client connects, and goes on once the client has nothing left to
 * do. What a server does without its process, its kernel does.
 */

const pingInterval = '500ms'

export const frozenServer: Experiment = {
  name: 'frozen-server',
  question: 'The server process stands still. Can a client connect to it all the same?',
  explanation:
    'The kernel completes the handshake of TCP by itself for any socket that listens and keeps the connection in a ' +
    'queue until the process accepts it, so that a connection proves a kernel and no program, while UDP asks nobody ' +
    'at all: without an answer, a frozen server, a slow one and a lost datagram look alike. The upgrade and the pong ' +
    'of a WebSocket have to come from the process itself (RFC 6455 §4.2.2, §5.5.3), which is why a missing pong, ' +
    'given a time limit, tells what TCP does not.',
  minutes: 3,
  transports: ['tcp', 'udp', 'websocket'],
  plan(random) {
    const [word = ''] = draw(random, shortWords, 1)
    return [tcp(word), udp(word), webSocket()]
  },
}

/** The same client, which is ready once its own socket is open, whatever the server knows of it. */
function alone(client: Actor, isReady: Condition): Actor {
  return mayLeave({ ...client, isReady })
}

const bye: Step = say('client', '/quit', hasLeft('client'))

function tcp(word: string): Part {
  const hello = (...until: readonly Condition[]): Step =>
    say('client', [`/send ${word}`, '/wait drained', '/stats'], hasTold('client', 'stats'), ...until)
  const connect = start(alone(tcpClient(), hasTold('client', 'opened')))
  const isRead = hasReadBytes('server', word.length)
  return {
    transport: 'tcp',
    actors: [tcpServer()],
    trials: [
      {
        name: 'running',
        title: 'the server runs',
        steps: [start(mayLeave(tcpClient())), hello(isRead), { ...bye, isDone: isGone }],
      },
      {
        name: 'frozen',
        title: 'the server process is stopped',
        steps: [stop('server'), connect, hello(), goOn('server', hasTold('server', 'opened'), isRead)],
      },
    ],
    claims: [connects, acceptsLater, streamIsWhole(both)],
    byHand: byHand('tcp-server', 'tcp-client', word),
  }
}

function udp(word: string): Part {
  const send = (...until: readonly Condition[]): Step =>
    say('client', `/send ${word}`, hasWritten('client', 1), ...until)
  return {
    transport: 'udp',
    actors: [udpServer()],
    trials: [
      {
        name: 'running',
        title: 'the server runs',
        steps: [start(mayLeave(udpClient())), send(hasRead('server', 1)), bye],
      },
      {
        name: 'frozen',
        title: 'the server process is stopped',
        steps: [stop('server'), start(mayLeave(udpClient())), send(), goOn('server', hasRead('server', 1))],
      },
    ],
    claims: [sendsAnyway, looksAlike, datagramsAreWhole(both)],
    byHand: byHand('udp-server', 'udp-client', word),
  }
}

function webSocket(): Part {
  const client = wsClient({ flags: ['--ping-interval', pingInterval] })
  const asked = alone(client, hasTold('client', 'request'))
  const isOver = hasTold('client', 'closed')
  return {
    transport: 'websocket',
    isOneWay: true,
    actors: [wsServer()],
    trials: [
      {
        name: 'running',
        title: 'the server runs, and answers pings',
        steps: [
          start(mayLeave(client)),
          say('client', '/stats', hasTold('client', 'stats'), any(hasPong, isOver)),
          { ...bye, isDone: isGone },
        ],
      },
      {
        name: 'frozen',
        title: 'stopped before the client connects',
        steps: [stop('server'), start(asked), goOn('server', hasTold('client', 'response'), isUpgraded)],
      },
      {
        name: 'silent',
        title: 'stopped while the connection stands',
        steps: [stop('server', isOver), bye, goOn('server', hasTold('server', 'closed'))],
      },
    ],
    claims: [upgradesLater, givesUp, learnsLater],
    byHand: [...byHand('ws-echo', `ws-client --ping-interval ${pingInterval}`), ...type(1, 'Ctrl-Z')],
  }
}

const isGone: Condition = (heard) => hasLeft('client')(heard) && hasTold('server', 'closed')(heard)

const isUpgraded: Condition = (heard) =>
  ['client', 'server'].every((actor) => hasTold(actor, 'opened', 1, isWebSocket)(heard))

function byHand(server: string, client: string, ...words: readonly string[]): readonly HandStep[] {
  return [
    run(1, `sockpit ${server}`),
    ...type(1, 'Ctrl-Z'),
    run(2, `sockpit ${client}`),
    ...type(2, ...words),
    run(1, 'fg'),
  ]
}

const both = { trials: ['running', 'frozen'] } as const

function isWebSocket({ transport }: EventOf<'opened'>): boolean {
  return transport === 'websocket'
}

function isFrame(opcode: number, direction: 'sent' | 'received') {
  return (frame: EventOf<'frame'>): boolean => frame.opcode === opcode && frame.direction === direction
}

const hasPong: Condition = hasTold('client', 'frame', 1, isFrame(10, 'received'))

/** In the order in which they were heard, what the stages make of the events. */
function stages(
  heard: Evidence,
  stage: (actor: string, event: Event) => string | undefined,
): readonly string[] {
  return heard.flatMap(({ actor, event }) => stage(actor, event) ?? [])
}

/** Whether the server's process stands still, or goes on. */
function processStage(actor: string, event: Event): string | undefined {
  if (actor !== 'server' || event.kind !== 'process') return undefined
  return event.what === 'stopped' || event.what === 'continued' ? event.what : undefined
}

function connectionStage(actor: string, event: Event): string | undefined {
  if (event.kind === 'opened') return actor === 'client' ? 'connected' : 'accepted'
  return processStage(actor, event)
}

/** How long the client took to connect in each trial; undefined where it did not in one of them. */
function tookMs(evidence: Evidence): readonly [running: number, frozen: number] | undefined {
  const [running, frozen] = both.trials.map((trial) => told(during(evidence, trial), 'client', 'opened')[0])
  if (running?.transport !== 'tcp' || frozen?.transport !== 'tcp') return undefined
  return [running.tookMs ?? 0, frozen.tookMs ?? 0]
}

const connects: Claim = {
  text: 'A frozen server is connected to like a running one: its kernel completes the handshake.',
  judge(evidence) {
    const took = tookMs(evidence)
    if (took === undefined) return unsupported('0 connections in a trial')
    const [running, frozen] = took.map(formatDuration)
    const figures = `connected after ${running} to the running server, after ${frozen} to the frozen one`
    const order = stages(during(evidence, 'frozen'), connectionStage).filter((stage) => stage !== 'accepted')
    const fault = faultOfOrder(order, ['stopped', 'connected', 'continued'])
    return fault === undefined ? mustBe(order.length === 3, figures) : contradicted(`${figures}; ${fault}`)
  },
}

const acceptsLater: Claim = {
  text: 'The frozen server learns of the connection when it goes on, and finds the bytes there.',
  judge(evidence) {
    const heard = during(evidence, 'frozen')
    const [taken] = told(heard, 'client', 'stats')
    const accepted = told(heard, 'server', 'opened').length
    const running = told(during(evidence, 'running'), 'server', 'opened').length
    if (taken?.transport !== 'tcp' || running === 0) return unsupported(`${running} accepted before`)
    const figures =
      `${taken.total.sent.bytes} B taken by the kernel and 0 B waiting in the client, then ` +
      `${formatCount(accepted, 'connection')} accepted and ${formatCount(readsOf(heard, 'server').length, 'read')}`
    const order = stages(heard, (actor, event) => {
      if (actor === 'server' && event.kind === 'bytes') return 'read'
      if (actor === 'client' && event.kind === 'stats') return 'taken'
      return connectionStage(actor, event)
    })
    const expected = ['stopped', 'connected', 'taken', 'continued', 'accepted', 'read']
    const fault = faultOfOrder(order, expected)
    if (fault !== undefined) return contradicted(`${figures}; ${fault}`)
    return mustBe(taken.peers.every(({ queued }) => queued === 0) && order.includes('read'), figures)
  },
}

function datagramStage(actor: string, event: Event): string | undefined {
  if (event.kind === 'opened') return 'opened'
  return event.kind === 'datagram' ? event.direction : processStage(actor, event)
}

const sendsAnyway: Claim = {
  text: 'To open and to send succeed, though the server stands still; the datagram waits for it.',
  judge(evidence) {
    const heard = during(evidence, 'frozen')
    const [sent, received] = [writesOf(heard, 'client').length, readsOf(heard, 'server').length]
    const running = readsOf(during(evidence, 'running'), 'server').length
    if (sent === 0) return unsupported('0 datagrams sent')
    const figures =
      `${formatCount(sent, 'datagram')} sent to the frozen server, ${received} received once it went on; ` +
      `the running one received ${running}`
    const fault = faultOfOrder(stages(heard, datagramStage), [
      ...['stopped', 'opened', 'sent', 'continued', 'received'],
    ])
    return fault === undefined
      ? mayBe(received > 0 && running > 0, figures)
      : contradicted(`${figures}; ${fault}`)
  },
}

const looksAlike: Claim = {
  text: 'Nothing tells the sender whether the server is frozen: it hears the same in both trials.',
  judge(evidence) {
    const logs = both.trials.map((trial) => logOfClient(during(evidence, trial)))
    if (logs.some((log) => !log.includes('datagram sent'))) return unsupported('0 datagrams sent in a trial')
    const [running = [], frozen = []] = logs
    const figures = `running ${tell(running)}; frozen ${tell(frozen)}`
    return mustBe(running.join() === frozen.join(), figures)
  },
}

/** What the client tells of the socket, until the runner sends it away. */
function logOfClient(heard: Evidence): readonly string[] {
  const shown = heard.filter(({ actor, event }) => actor === 'client' && !endings.has(event.kind))
  return shown.map(({ event }) => (event.kind === 'datagram' ? `datagram ${event.direction}` : event.kind))
}

const endings: ReadonlySet<Event['kind']> = new Set(['closed', 'process'])

function tell(log: readonly string[]): string {
  return `${formatCount(log.length, 'event')} (${log.join(', ')})`
}

const upgradesLater: Claim = {
  text: 'TCP connects and takes the request; the answer comes only once the process goes on.',
  judge(evidence) {
    const statuses = both.trials.map((trial) =>
      told(during(evidence, trial), 'client', 'response').map(({ status }) => status),
    )
    const [running = [], frozen = []] = statuses
    const order = stages(during(evidence, 'frozen'), upgradeStage)
    const early = order.slice(0, order.indexOf('continued')).filter((stage) => stage === 'response').length
    const figures =
      `the running server answers ${running.join() || 'nothing'}; of the frozen one there are ` +
      `${formatCount(early, 'answer')} until it goes on, then ${frozen.join() || 'none'}`
    if (running.length === 0 || !order.includes('request')) return unsupported(figures)
    const expected = ['stopped', 'connected', 'request', 'continued', 'response', 'open']
    const fault = faultOfOrder(order, expected)
    if (fault !== undefined) return contradicted(`${figures}; ${fault}`)
    return mustBe(running[0] === 101 && frozen[0] === 101 && order.includes('open'), figures)
  },
}

function upgradeStage(actor: string, event: Event): string | undefined {
  if (actor === 'server') return processStage(actor, event)
  if (event.kind === 'opened') return isWebSocket(event) ? 'open' : 'connected'
  return event.kind === 'request' || event.kind === 'response' ? event.kind : undefined
}

const givesUp: Claim = {
  text: 'A running server answers a ping; a frozen one does not, and the client gives it up.',
  judge(evidence) {
    const [running, silent] = [during(evidence, 'running'), during(evidence, 'silent')]
    const pongs = told(running, 'client', 'frame').filter(isFrame(10, 'received'))
    const before = told(running, 'client', 'frame').filter(isFrame(9, 'sent')).length
    const pings = told(silent, 'client', 'frame').filter(isFrame(9, 'sent')).length
    const missing = told(silent, 'client', 'frame').filter(isFrame(10, 'received')).length
    const [late] = told(silent, 'client', 'timeout')
    const figures =
      `running ${formatCount(before, 'ping')} and ${formatCount(pongs.length, 'pong')}${roundTrip(pongs)}; ` +
      `frozen ${formatCount(pings, 'ping')} and ${formatCount(missing, 'pong')}` +
      (late === undefined ? '' : `, given up after ${formatDuration(late.afterMs)} of silence`)
    if (before === 0 || pings === 0) return unsupported(figures)
    if (missing > 0 || late?.what !== 'ping') return contradicted(figures)
    // On a very busy machine a running server may be late, too.
    return mayBe(pongs.length > 0 && told(running, 'client', 'timeout').length === 0, figures)
  },
}

function roundTrip([pong]: readonly EventOf<'frame'>[]): string {
  return pong?.roundTripMs === undefined ? '' : ` after ${formatDuration(pong.roundTripMs)}`
}

const learnsLater: Claim = {
  text: 'The client ends the connection by itself; the server hears of it only when it goes on.',
  judge(evidence) {
    const heard = during(evidence, 'silent')
    const [ours] = told(heard, 'client', 'closed')
    const [theirs] = told(heard, 'server', 'closed')
    if (ours?.transport !== 'websocket') return unsupported('0 connections ended by the client')
    const figures =
      `the client closes with ${ours.closeCode}, its ending a ${ours.how}; ` +
      (theirs?.transport === 'websocket' ? `later the server with ${theirs.closeCode}` : 'the server 0 times')
    const order = stages(heard, (actor, event) => {
      if (event.kind === 'closed') return `closed by the ${actor}`
      return processStage(actor, event)
    })
    const fault = faultOfOrder(order, [
      'stopped',
      'closed by the client',
      'continued',
      'closed by the server',
    ])
    if (fault !== undefined) return contradicted(`${figures}; ${fault}`)
    return mustBe(ours.first === 'us' && theirs !== undefined, figures)
  },
}
