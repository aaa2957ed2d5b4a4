import type { EventOf } from '../event.ts'
import { formatBytes, formatCount } from '../views/units.ts'
import { readClose } from '../wire/close-frame.ts'
import { opcodes } from '../wire/frame.ts'
import { mayLeave, wsClient, wsServer } from './actors.ts'
import { hasLeft, hasTold } from './conditions.ts'
import { during, told } from './evidence.ts'
import type { Claim, Evidence, Experiment, Judgement, Trial } from './experiment.ts'
import { mustBe, unsupported } from './judging.ts'
import { draw, shortWords } from './random.ts'
import { kill, run, say, start, type } from './steps.ts'

/*
 * One server, and a fresh client for each trial. What is expected stands in the client's own close frame, and what
 * the server tells when the connection is over is held against it. Of a client that is killed there is no frame:
 * the kernel closes its connection.
 */

export const closes: Experiment = {
  name: 'closes',
  question: 'A WebSocket can end in four ways. Which code does the other side tell?',
  explanation:
    'Below, all of them end with a FIN or a reset, which say that it is over and never why: TCP has no place for a ' +
    'code, and UDP has no end at all. A WebSocket sends a close frame before that, which may bear a code and a ' +
    'reason; where the code is missing the receiver says 1005 and where the frame is missing 1006, two names for ' +
    'nothing, which are forbidden in a frame (RFC 6455 §7.1.5, §7.4.1).',
  minutes: 2,
  transports: ['websocket'],
  plan(random) {
    const reason = draw(random, shortWords, 2).join(' ')
    const private_ = `/close 4001 "${reason}"`
    return [
      {
        transport: 'tcp',
        because: 'The end of a stream is a FIN or a reset: one bit of a header, without a code or a reason.',
      },
      {
        transport: 'udp',
        because:
          'A datagram socket has no connection that could end, and the other side learns nothing of its closing.',
      },
      {
        transport: 'websocket',
        actors: [wsServer()],
        trials: [
          closing('1000', 'the usual code', '/close 1000'),
          closing('4001', 'a code of our own, and why', private_),
          closing('no code', 'a close frame that is empty', '/close'),
          {
            name: 'cut',
            title: 'the client is killed: no close frame',
            steps: [start(wsClient()), kill('client', hasTold('server', 'closed'))],
          },
        ],
        claims,
        byHand: [
          run(1, 'sockpit ws-echo --no-compress'),
          ...['/close 1000', private_, '/close', '/reset'].flatMap((line) => [
            run(2, 'sockpit ws-client --no-compress'),
            ...type(2, line),
          ]),
        ],
      },
    ]
  },
}

function closing(name: string, title: string, line: string): Trial {
  return {
    name,
    title,
    steps: [
      start(mayLeave(wsClient())),
      say('client', line, hasTold('client', 'closed'), hasTold('server', 'closed')),
      say('client', '/quit', hasLeft('client')),
    ],
  }
}

/** Close frames of both ends, as who sent them or who read them tells. */
function closeFramesOf(heard: Evidence, actor: string, direction: 'sent' | 'received') {
  return told(heard, actor, 'frame').filter(
    (frame) => frame.opcode === opcodes.close && frame.direction === direction,
  )
}

type WebSocketClosed = Extract<EventOf<'closed'>, { transport: 'websocket' }>

/** How the server tells of the end. */
function verdictOf(heard: Evidence): WebSocketClosed | undefined {
  return told(heard, 'server', 'closed').find(
    (closed): closed is WebSocketClosed => closed.transport === 'websocket',
  )
}

const noTrial: Judgement = unsupported('0 connections have ended')

function tellCode(code: number, reason: string): string {
  return reason === '' ? String(code) : `${code} "${reason}"`
}

const claims: readonly Claim[] = [
  {
    text: 'A code arrives as it was sent, and so does its reason.',
    judge(evidence) {
      const ends = ['1000', '4001'].map((trial) => {
        const heard = during(evidence, trial)
        const [frame] = closeFramesOf(heard, 'client', 'sent')
        const verdict = verdictOf(heard)
        const sent = frame === undefined ? 'none' : tellCode(...wordsOf(frame))
        const arrived = verdict === undefined ? 'none' : tellCode(verdict.closeCode, verdict.reason)
        const isCode = sent.startsWith(trial)
        return { sent, arrived, isSo: isCode && sent === arrived && verdict?.clean === true }
      })
      if (ends.every(({ sent }) => sent === 'none')) return noTrial
      const hasReason = ends[1]?.sent.includes('"') === true
      const figures = ends.map(({ sent, arrived }) => `sent ${sent}, told ${arrived}`).join('; ')
      return mustBe(hasReason && ends.every(({ isSo }) => isSo), figures)
    },
  },
  {
    text: 'A close frame without a code is a clean end, too: the server tells it as 1005.',
    judge(evidence) {
      const heard = during(evidence, 'no code')
      const [frame] = closeFramesOf(heard, 'client', 'sent')
      const verdict = verdictOf(heard)
      if (frame === undefined || verdict === undefined) return noTrial
      const figures = `${tellFrame(frame)}; told ${verdict.closeCode}, ${tellClean(verdict)}`
      return mustBe(frame.size === 0 && verdict.closeCode === 1005 && verdict.clean, figures)
    },
  },
  {
    text: 'Without a close frame the end is not clean: the server tells it as 1006.',
    judge(evidence) {
      const [cut, control] = ['cut', '1000'].map((trial) => during(evidence, trial))
      const [verdict, usual] = [verdictOf(cut ?? []), verdictOf(control ?? [])]
      if (cut === undefined || control === undefined || verdict === undefined || usual === undefined)
        return noTrial
      const count = framesIn(cut).length
      const figures =
        `${formatCount(count, 'close frame')}, ended by ${verdict.how}, told ${verdict.closeCode}, ` +
        `${tellClean(verdict)}; with 1000 ${formatCount(framesIn(control).length, 'close frame')}, ${tellClean(usual)}`
      const isCut = count === 0 && verdict.closeCode === 1006 && !verdict.clean
      return mustBe(isCut && usual.clean && framesIn(control).length === 2, figures)
    },
  },
  {
    text: '1005 and 1006 are told, and never travel: no close frame of this run bears them.',
    judge(evidence) {
      const heard = evidence.filter(({ trial }) => trial !== undefined)
      const frames = ['client', 'server'].flatMap((actor) => [
        ...closeFramesOf(heard, actor, 'sent'),
        ...closeFramesOf(heard, actor, 'received'),
      ])
      if (frames.length === 0) return noTrial
      const codes = frames.map(({ payload }) => (payload.length === 0 ? 'none' : readClose(payload).code))
      const count = (code: number | string) => codes.filter((one) => one === code).length
      const toldCodes = told(heard, 'server', 'closed').flatMap((closed) =>
        closed.transport === 'websocket' ? [closed.closeCode] : [],
      )
      const figures =
        `${formatCount(frames.length, 'close frame')} sent and received, with ` +
        `${[...new Set(codes)].map((code) => `${code} ${count(code)} times`).join(', ')}; told ${toldCodes.join(', ')}`
      const areTold = toldCodes.includes(1005) && toldCodes.includes(1006)
      return mustBe(areTold && count('none') > 0 && count(1005) + count(1006) === 0, figures)
    },
  },
]

function wordsOf({ payload }: EventOf<'frame'>): [code: number, reason: string] {
  const { code, reason } = readClose(payload)
  return [code, reason]
}

/** Those that either end has sent. */
function framesIn(heard: Evidence): readonly EventOf<'frame'>[] {
  return [...closeFramesOf(heard, 'client', 'sent'), ...closeFramesOf(heard, 'server', 'sent')]
}

function tellFrame({ size }: EventOf<'frame'>): string {
  return `a close frame of ${formatBytes(size)}`
}

function tellClean({ clean }: WebSocketClosed): string {
  return clean ? 'clean' : 'not clean'
}
