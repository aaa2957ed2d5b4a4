import type { EventOf } from '../event.ts'
import { formatBytes, formatCount } from '../views/units.ts'
import { opcodes } from '../wire/frame.ts'
import { wsClient, wsServer } from './actors.ts'
import { type Condition, hasReadAllOf, hasReceivedMessages, hasTold } from './conditions.ts'
import { during, messagesOf, streamHash, told, writesOf } from './evidence.ts'
import type { Claim, Evidence, Experiment, Judgement } from './experiment.ts'
import { mustBe, unsupported } from './judging.ts'
import { draw, shortWords } from './random.ts'
import { run, say, type } from './steps.ts'

const word = 'Hello'

/*
 * The control sends the same word twice, each time in one frame: that tells masks apart. The other trial sends it
 * in two fragments. The ping and the second fragment are given in one go, so that it is the server that decides
 * which answer comes first.
 */
export const masksAndFragments: Experiment = {
  name: 'masks-and-fragments',
  question: '"Hel", then a ping, then "lo". What comes back first, and what is it on the wire?',
  explanation:
    'A message may come in several frames, of which the last alone has FIN set, and a control frame such as a ping ' +
    'may stand between them, so that it never has to wait for a long message to end (RFC 6455 §5.4). A client ' +
    'masks every frame with four fresh bytes, lest a page could choose what travels and deceive the caches on ' +
    'the way; a server masks nothing, and TCP and UDP have neither frames nor masks (RFC 6455 §5.3, §10.3).',
  minutes: 2,
  transports: ['websocket'],
  plan(random) {
    const [ping = ''] = draw(random, shortWords, 1)
    const [first, second] = ['/frame opcode=text fin=0 payload=Hel', '/frame opcode=continuation payload=lo']
    return [
      {
        transport: 'tcp',
        because:
          'A byte stream has no frames: there is nothing to cut in fragments, to mask or to put in between.',
      },
      {
        transport: 'udp',
        because:
          'A datagram is sent whole and unmasked: a program knows no fragments of it, those of IP are not shown.',
      },
      {
        transport: 'websocket',
        actors: [wsServer(), wsClient()],
        trials: [
          {
            name: 'control',
            title: 'the word in one frame, twice',
            steps: [1, 2].map((times) => say('client', `/send ${word}`, ...hasComeBack(times))),
          },
          {
            name: 'fragments',
            title: 'in two frames, and a ping in between',
            steps: [
              say(
                'client',
                first,
                hasTold('server', 'frame', 1, isReceived),
                hasReadAllOf('server', 'client'),
              ),
              say(
                'client',
                [`/ping ${ping}`, second],
                hasTold('client', 'frame', 2, isReceived),
                ...hasComeBack(1),
              ),
            ],
          },
        ],
        claims,
        byHand: [
          run(1, 'sockpit ws-echo --no-compress'),
          run(2, 'sockpit ws-client --no-compress -v'),
          ...type(2, `/send ${word}`, `/send ${word}`, first, `/ping ${ping}`, second),
        ],
      },
    ]
  },
}

function isReceived({ direction }: EventOf<'frame'>): boolean {
  return direction === 'received'
}

/** So many echoes have come, and nothing is on the way any more. */
function hasComeBack(times: number): readonly Condition[] {
  return [
    hasReceivedMessages('client', times),
    hasReadAllOf('server', 'client'),
    hasReadAllOf('client', 'server'),
  ]
}

function framesOf(
  heard: Evidence,
  actor: string,
  direction: 'sent' | 'received',
): readonly EventOf<'frame'>[] {
  return told(heard, actor, 'frame').filter((frame) => frame.direction === direction)
}

/** The frames of the experiment itself, not of what it takes to end it. */
function inTrials(evidence: Evidence): Evidence {
  return evidence.filter(({ trial }) => trial !== undefined)
}

const noFrames: Judgement = unsupported('the client has sent 0 frames')

const claims: readonly Claim[] = [
  {
    text: 'The pong comes before the echo: the ping did not wait for the message to end.',
    judge(evidence) {
      const heard = during(evidence, 'fragments')
      const sent = framesOf(heard, 'client', 'sent')
      const received = framesOf(heard, 'client', 'received')
      if (sent.length === 0) return noFrames
      const [ping, pong] = [
        sent.find(({ opcode }) => opcode === opcodes.ping),
        received.find(({ opcode }) => opcode === opcodes.pong),
      ]
      const isSame = ping !== undefined && pong !== undefined && hash(ping.payload) === hash(pong.payload)
      const figures = `up ${tell(sent)}; down ${tell(received)}`
      const isOrder = tell(sent) === 'text 3 B, ping, continuation 2 B FIN'
      return mustBe(isSame && isOrder && tell(received) === 'pong, text 5 B FIN', figures)
    },
  },
  {
    text: 'Two fragments are one message, and the echo of it comes in one frame, as in the control.',
    judge(evidence) {
      const [control, fragments] = ['control', 'fragments'].map((trial) => {
        const heard = during(evidence, trial)
        return {
          server: messagesOf(heard, 'server', 'received'),
          client: messagesOf(heard, 'client', 'received'),
        }
      })
      const [one, other] = [control?.server[0], fragments?.server[0]]
      const [oneEcho, otherEcho] = [control?.client[0], fragments?.client[0]]
      if (control === undefined || fragments === undefined || one === undefined)
        return unsupported('the control has 0 messages')
      const isOne = fragments.server.length === 1 && fragments.client.length === 1
      const payloads = [one, other, oneEcho, otherEcho].map((message) => hash(message?.payload))
      const isSame = one.size > 0 && payloads.every((payload) => payload === payloads[0])
      const figures =
        `control ${formatCount(one.frames, 'frame')}, echo ${formatCount(oneEcho?.frames ?? 0, 'frame')}; ` +
        `fragments ${formatCount(other?.frames ?? 0, 'frame')}, ${formatCount(fragments.server.length, 'message')}, ` +
        `echo ${formatCount(otherEcho?.frames ?? 0, 'frame')}; ` +
        `${isSame ? `all sha256 ${payloads[0]?.slice(0, 8)}` : 'the payloads differ'}`
      const isCut = one.frames === 1 && other?.frames === 2
      return mustBe(isOne && isSame && isCut && oneEcho?.frames === 1 && otherEcho?.frames === 1, figures)
    },
  },
  {
    text: 'All that the client sends is masked, and nothing that the server sends.',
    judge(evidence) {
      const heard = inTrials(evidence)
      const up = framesOf(heard, 'client', 'sent')
      const down = framesOf(heard, 'client', 'received')
      if (up.length === 0) return noFrames
      const masksUp = masksOf(up)
      const masksDown = masksOf(down)
      const isHeard = masksUp.join() === masksOf(framesOf(heard, 'server', 'received')).join()
      const figures =
        `${masksUp.length} of ${formatCount(up.length, 'frame')} up, ${masksDown.length} of ` +
        `${formatCount(down.length, 'frame')} down; the server has read ${isHeard ? 'the same' : 'other'} masks`
      return mustBe(
        masksUp.length === up.length && masksDown.length === 0 && down.length > 0 && isHeard,
        figures,
      )
    },
  },
  {
    text: 'Each frame has a fresh mask: the same word goes up as other bytes, and comes down as the same.',
    judge(evidence) {
      const masks = masksOf(framesOf(inTrials(evidence), 'client', 'sent'))
      const control = during(evidence, 'control')
      const [up, down] = [writesOf(control, 'client'), writesOf(control, 'server')].map((writes) =>
        writes.map(wireOfWord),
      )
      if (up === undefined || down === undefined || up.length < 2 || down.length < 2) return noFrames
      const different = new Set(masks).size
      const figures =
        `${formatCount(different, 'mask')} on ${formatCount(masks.length, 'frame')}; ${formatBytes(word.length)} of ` +
        `"${word}" up as ${up.join(' and ')}, down as ${down.join(' and ')}`
      const isFresh = masks.length > 1 && different === masks.length
      return mustBe(isFresh && new Set(up).size === up.length && new Set(down).size === 1, figures)
    },
  },
]

function hash(payload: Uint8Array | undefined): string {
  return streamHash(payload === undefined ? [] : [payload])
}

function masksOf(frames: readonly EventOf<'frame'>[]): readonly string[] {
  return frames.flatMap(({ mask }) => mask ?? [])
}

/** What a write of one frame ends with: the payload as it travels, in hex. */
function wireOfWord(write: Uint8Array): string {
  return Buffer.from(write.subarray(-word.length)).toString('hex')
}

const names: Readonly<Record<number, string>> = { 0: 'continuation', 1: 'text', 9: 'ping', 10: 'pong' }

/** `text 3 B, ping, continuation 2 B FIN`; that a control frame has FIN goes without saying. */
function tell(frames: readonly EventOf<'frame'>[]): string {
  const told = frames.map(({ opcode, fin, size }) => {
    const name = names[opcode] ?? `opcode ${opcode}`
    return opcode >= opcodes.close ? name : `${name} ${formatBytes(size)}${fin ? ' FIN' : ''}`
  })
  return told.join(', ') || '0 frames'
}
