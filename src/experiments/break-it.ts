import { formatCount } from '../views/units.ts'
import { readClose } from '../wire/close-frame.ts'
import { opcodes } from '../wire/frame.ts'
import { acceptOf } from '../wire/handshake-response.ts'
import { headerValues } from '../wire/http-head.ts'
import { mayLeave, portOf, tcpServer, wsClient, wsServer } from './actors.ts'
import { hasLeft, hasRead, hasReceivedMessages, hasTold } from './conditions.ts'
import { closeFramesOf, during, exitOf, logHash, messagesOf, tellHashes, told } from './evidence.ts'
import type { Actor, Claim, Evidence, Experiment, Judgement, Part, Step, Trial } from './experiment.ts'
import { mustBe, unsupported } from './judging.ts'
import { draw, type Random, shortWords } from './random.ts'
import { run, say, start, type } from './steps.ts'

/*
 * What is predicted stands in the plan before anything runs: for each frame the rule that it breaks, the section that
 * has it, and the close code that it earns. The control sends the same frames as they should be.
 */

export const breakIt: Experiment = {
  name: 'break-it',
  question: 'A client breaks a rule of the protocol. What does the other side do about it?',
  explanation:
    'Whoever reads a frame that breaks a rule fails the connection: it says why in a close frame, with 1002 for a broken ' +
    'rule and 1007 for a text that is not UTF-8, and ends TCP (RFC 6455 §7.1.7). So a broken frame never becomes a ' +
    'message, and an upgrade with a wrong accept never becomes a WebSocket, because a server that has not understood ' +
    'the request could not have computed it (§4.1).',
  minutes: 4,
  transports: ['websocket'],
  plan(random) {
    return [
      {
        transport: 'tcp',
        because:
          'A stream has no rules of framing that a peer could break: every byte is as good as another.',
      },
      {
        transport: 'udp',
        because: 'A datagram has no inner form that a peer could get wrong: whatever is in it is payload.',
      },
      webSocket(random),
    ]
  },
}

/** A frame that is wrong in one thing, as it would be right, and what has to come of it. */
interface Case {
  readonly name: string
  readonly title: string
  readonly right: string
  readonly wrong: string
  readonly code: string
  readonly section: string
  readonly closeCode: number
}

/** The fewest bytes that are too many for a control frame. */
const tooLong = 126
const notUtf8 = ['ff', 'c0af', 'eda080', 'f5808080']

function casesOf(random: Random): readonly Case[] {
  const words = draw(random, shortWords, 4)
  const [one = '', two = '', three = '', four = ''] = words
  const bad = notUtf8[random.below(notUtf8.length)] ?? ''
  const long = 'x'.repeat(tooLong + random.below(50))
  const text = (word: string): string => `/frame opcode=text payload=${word}`
  const hex = Buffer.from(three).toString('hex')
  return [
    {
      ...{ name: 'unmasked', title: 'a frame of a client without a mask' },
      ...{ right: text(one), wrong: `${text(one)} mask=none` },
      ...{ code: 'not-masked', section: 'RFC 6455 §5.1', closeCode: 1002 },
    },
    {
      ...{ name: 'reserved', title: 'a bit that nobody gave a meaning' },
      ...{ right: text(two), wrong: `${text(two)} rsv${1 + random.below(3)}=1` },
      ...{ code: 'reserved-bits', section: 'RFC 6455 §5.2', closeCode: 1002 },
    },
    {
      ...{ name: 'bad text', title: 'a text that is not UTF-8' },
      ...{ right: `/frame opcode=text hex=${hex}`, wrong: `/frame opcode=text hex=${hex}${bad}` },
      ...{ code: 'not-utf8', section: 'RFC 6455 §8.1', closeCode: 1007 },
    },
    {
      ...{ name: 'torn ping', title: 'a ping in fragments' },
      ...{ right: `/frame opcode=ping payload=${four}`, wrong: `/frame opcode=ping payload=${four} fin=0` },
      ...{ code: 'fragmented-control', section: 'RFC 6455 §5.5', closeCode: 1002 },
    },
    {
      ...{ name: 'long ping', title: 'a ping of more than 125 bytes' },
      ...{
        right: `/frame opcode=ping payload=${long.slice(0, tooLong - 1)}`,
        wrong: `/frame opcode=ping payload=${long}`,
      },
      ...{ code: 'long-control', section: 'RFC 6455 §5.5', closeCode: 1002 },
    },
  ]
}

function webSocket(random: Random): Part {
  const cases = casesOf(random)
  const wrongAccept = Buffer.from(random.bytes(20)).toString('base64')
  return {
    transport: 'websocket',
    showsUpgrade: true,
    right: ['server', 'impostor'],
    actors: [wsServer(), tcpServer({ name: 'impostor', flags: ['--half-open'] }), mayLeave(wsClient())],
    trials: [rightTrial(cases), ...cases.map(wrongTrial), acceptTrial(wrongAccept)],
    claims: claimsOf(cases),
    byHand: [
      run(1, 'sockpit ws-echo --no-compress'),
      ...cases.flatMap(({ wrong }) => [run(2, 'sockpit ws-client --no-compress'), ...type(2, wrong)]),
      ...type(1, '/quit'),
      run(1, 'sockpit tcp-server 127.0.0.1:9001'),
      run(2, 'sockpit ws-client'),
      ...type(1, `/send ${answer(wrongAccept)}`),
    ],
  }
}

function rightTrial(cases: readonly Case[]): Trial {
  const pings = cases.filter(({ right }) => right.includes('=ping')).length
  const isPong = ({ opcode, direction }: { readonly opcode: number; readonly direction: string }) =>
    opcode === opcodes.pong && direction === 'received'
  return {
    name: 'right',
    title: 'the same frames as they should be',
    steps: [
      say(
        'client',
        cases.map(({ right }) => right),
        hasReceivedMessages('client', cases.length - pings),
        hasTold('client', 'frame', pings, isPong),
      ),
    ],
  }
}

/** A fresh client each; the first one is that of the control. */
function wrongTrial({ name, title, wrong }: Case, index: number): Trial {
  const fresh: readonly Step[] = index === 0 ? [] : [start(mayLeave(wsClient()))]
  return {
    name,
    title,
    steps: [
      ...fresh,
      say('client', wrong, hasTold('client', 'closed'), hasTold('server', 'closed')),
      say('client', '/quit', hasLeft('client')),
    ],
  }
}

function acceptTrial(accept: string): Trial {
  return {
    name: 'accept',
    title: 'an answer with a wrong accept',
    steps: [
      start(petitioner),
      say('impostor', `/send ${answer(accept)}`, hasLeft('client'), hasTold('impostor', 'ended')),
    ],
  }
}

/** It has asked for the upgrade, and waits. */
const petitioner: Actor = {
  name: 'client',
  leaves: true,
  words: (heard) => ['ws-client', `ws://127.0.0.1:${portOf(heard, 'impostor')}/`, '--no-compress'],
  isReady: hasRead('impostor', 1),
}

function answer(accept: string): string {
  const lines = [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${accept}`,
  ]
  return `${lines.join('\\r\\n')}\\r\\n\\r\\n`
}

function claimsOf(cases: readonly Case[]): readonly Claim[] {
  return [
    { text: 'Made right, each of these frames is answered.', judge: judgeControl },
    {
      text: 'Made wrong, each breaks the rule that was predicted, and becomes no message.',
      judge: (evidence) =>
        judgeEach(cases, ({ name, code, section }) => {
          const heard = during(evidence, name)
          const [violation, ...more] = told(heard, 'server', 'violation')
          const messages = messagesOf(heard, 'server', 'received').length
          if (violation === undefined) return undefined
          const isSo = violation.code === code && violation.section === section
          return {
            isSo: isSo && more.length === 0 && messages === 0,
            figures: `${name} ${violation.section.replace('RFC 6455 ', '')} ${violation.code}`,
          }
        }),
    },
    {
      text: 'The close frame that comes back has the predicted code.',
      judge: (evidence) =>
        judgeEach(cases, ({ name, closeCode }) => {
          const frames = closeFramesOf(during(evidence, name), 'client', 'received')
          const [first] = frames
          if (first === undefined) return undefined
          const { code } = readClose(first.payload)
          return { isSo: code === closeCode && frames.length === 1, figures: `${name} ${code}` }
        }),
    },
    { text: 'A wrong accept ends the upgrade: the client refuses the answer.', judge: judgeAccept },
  ]
}

/** Each case has to be as predicted; of none may there be nothing to see. */
function judgeEach(
  cases: readonly Case[],
  look: (one: Case) => { readonly isSo: boolean; readonly figures: string } | undefined,
): Judgement {
  const seen = cases.map(look)
  const count = seen.filter((one) => one !== undefined).length
  if (count === 0) return unsupported('0 reactions were told')
  const figures = seen.flatMap((one) => (one === undefined ? [] : [one.figures])).join('; ')
  const asPredicted = seen.filter((one) => one?.isSo === true).length
  return mustBe(asPredicted === cases.length, `${asPredicted} of ${cases.length} as predicted: ${figures}`)
}

function judgeControl(evidence: Evidence): Judgement {
  const heard = during(evidence, 'right')
  const frames = (direction: string, opcode: number) =>
    told(heard, 'client', 'frame').filter((one) => one.direction === direction && one.opcode === opcode)
  const texts = frames('sent', opcodes.text)
  const [pings, pongs] = [frames('sent', opcodes.ping), frames('received', opcodes.pong)]
  if (texts.length === 0 || pings.length === 0) return unsupported('0 frames were sent in the control')
  const sent = logHash(texts.map((frame) => ({ ...frame, kind: 'message', type: 'text', frames: 1 })))
  const echoed = logHash(messagesOf(heard, 'client', 'received'))
  const isAnswered = tellPayloads(pings) === tellPayloads(pongs)
  const faults = told(heard, 'server', 'violation').length
  const figures =
    `${formatCount(texts.length, 'text')} echoed, ${tellHashes(sent, echoed)}; ` +
    `${formatCount(pings.length, 'ping')}, ${formatCount(pongs.length, 'pong')}; ${formatCount(faults, 'violation')}`
  return mustBe(sent === echoed && isAnswered && faults === 0, figures)
}

function tellPayloads(frames: readonly { readonly payload: Uint8Array }[]): string {
  return frames.map(({ payload }) => Buffer.from(payload).toString('hex')).join()
}

function judgeAccept(evidence: Evidence): Judgement {
  const heard = during(evidence, 'accept')
  const request = told(heard, 'client', 'request').at(-1)
  const response = told(heard, 'client', 'response').at(-1)
  const exit = exitOf(heard, 'client')
  if (request === undefined || response === undefined) return unsupported('0 answers were received')
  const [key = ''] = headerValues(request.headers, 'Sec-WebSocket-Key')
  const [accept = ''] = headerValues(response.headers, 'Sec-WebSocket-Accept')
  const { problem, status } = response
  const figures =
    `status ${status}, accept ${accept.slice(0, 8)}… where this key needs ${acceptOf(key).slice(0, 8)}…; ` +
    `the client says ${problem?.what ?? 'nothing'}, exit code ${exit?.exitCode ?? 'of none'}`
  const isRefused = problem?.what.toLowerCase() === 'sec-websocket-accept' && exit?.exitCode === 5
  const opened = told(heard, 'client', 'opened').filter(({ transport }) => transport === 'websocket').length
  return mustBe(status === 101 && accept !== acceptOf(key) && isRefused && opened === 0, figures)
}
