import { isUtf8 } from 'node:buffer'
import type { EventOf } from '../event.ts'
import { formatBytes, formatCount } from '../views/units.ts'
import { tcpClient, tcpServer, udpClient, udpServer, wsClient, wsServer } from './actors.ts'
import { hasEchoed, hasRead, hasReadAllOf, hasWritten } from './conditions.ts'
import { compareHashes, during, exchangeOf, framesOf, messagesOf, streamHash } from './evidence.ts'
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
 * On a stream the cut is made by hand: the second half is written when the first was read, so that no read can hold
 * both. Any read may end there by chance.
 */

/** Characters of two, three and four bytes in UTF-8. */
const characters = ['é', 'ñ', 'ü', 'ß', '€', '山', '語', '☕', '🦊', '🌊'] as const

export const tornCharacter: Experiment = {
  name: 'torn-character',
  question: 'A text is cut in the middle of a character. Can each piece be read as text?',
  explanation:
    'A read of a TCP stream may end anywhere, in the middle of a character too, so that who reads text has to keep ' +
    'the begun character until the rest of it has come. A datagram holds what its sender put in, and of a ' +
    'WebSocket text the frames may be cut anywhere, but the message they make has to be UTF-8 as a whole ' +
    '(RFC 6455 §5.6).',
  minutes: 2,
  transports: ['tcp', 'udp', 'websocket'],
  plan(random) {
    const [before = ''] = draw(random, shortWords, 1)
    const alike = shortWords.filter((word) => word.length === before.length && word !== before)
    const text = [before, ...draw(random, characters, 1), ...draw(random, alike, 1)].join('')
    return [tcp(text), udp(text), webSocket(text)]
  },
}

/** As the words around it are as long, the middle of the text is inside the character. */
function halvesOf(text: string): readonly [string, string] {
  const bytes = Buffer.from(text)
  const middle = Math.floor(bytes.length / 2)
  return [bytes.toString('hex', 0, middle), bytes.toString('hex', middle)]
}

function tcp(text: string): Part {
  const send = (line: string, count: number): Step =>
    say('client', line, hasWritten('client', count), hasReadAllOf('server', 'client'))
  return {
    transport: 'tcp',
    actors: [tcpServer(), tcpClient()],
    trials: trials(text, send),
    claims: tcpClaims,
    byHand: byHand('tcp-server', 'tcp-client --eol none', text, ...linesOf(text)),
  }
}

function udp(text: string): Part {
  const send = (line: string, count: number): Step =>
    say('client', line, hasWritten('client', count), hasRead('server', count))
  return {
    transport: 'udp',
    actors: [udpServer(), udpClient()],
    trials: trials(text, send),
    claims: udpClaims,
    byHand: byHand('udp-server', 'udp-client', text, ...linesOf(text)),
  }
}

function webSocket(text: string): Part {
  const inTwo = `/send --fragments 2 ${text}`
  return {
    transport: 'websocket',
    isOneWay: true,
    actors: [wsServer(), wsClient()],
    trials: [
      { ...whole, steps: [say('client', `/send ${text}`, hasEchoed(1))] },
      { ...cut, steps: [say('client', inTwo, hasEchoed(1))] },
    ],
    claims: webSocketClaims,
    byHand: byHand('ws-echo --no-compress -vv', 'ws-client', text, inTwo),
  }
}

const whole = { name: 'whole', title: 'the whole text at once' } as const
const cut = { name: 'cut', title: 'in two, cut inside the character' } as const

function trials(text: string, send: (line: string, count: number) => Step): readonly Trial[] {
  return [
    { ...whole, steps: [send(`/send ${text}`, 1)] },
    { ...cut, steps: linesOf(text).map((line, index) => send(line, index + 1)) },
  ]
}

/** What sends the text in two. */
function linesOf(text: string): readonly string[] {
  return halvesOf(text).map((half) => `/hex ${half}`)
}

function byHand(server: string, client: string, ...lines: readonly string[]): readonly HandStep[] {
  return [run(1, `sockpit ${server}`), run(2, `sockpit ${client}`), ...type(2, ...lines)]
}

const both = { trials: [whole.name, cut.name] } as const
const nothingSent: Judgement = unsupported('a trial has 0 sends')

const tcpClaims: readonly Claim[] = [
  streamIsWhole(both),
  {
    text: 'Written at once, the text comes in a read that is valid UTF-8.',
    judge(evidence) {
      const { writes, reads } = exchangeOf(evidence, 'whole')
      if (writes.length === 0) return nothingSent
      const figures = `${formatCount(writes.length, 'write')}, ${tellReads(reads)}`
      if (reads.length === 0 || !isUtf8(Buffer.concat(reads))) return contradicted(figures)
      return mayBe(countTorn(reads) === 0, figures)
    },
  },
  {
    text: 'Cut inside the character, a read is no valid text alone; the stream is.',
    judge(evidence) {
      const { writes, reads } = exchangeOf(evidence, 'cut')
      const before = exchangeOf(evidence, 'whole')
      if (writes.length === 0 || before.reads.length === 0) return nothingSent
      const figures =
        `${formatCount(writes.length, 'write')}, ${tellReads(reads)}${tellEdge(reads)}; together as in the control, ` +
        `${compareHashes(reads, before.reads)}, where it was ${countTorn(before.reads)} of ${before.reads.length}`
      const fault = faultOfTurns(evidence)
      if (fault !== undefined) return contradicted(`${figures}; ${fault}`)
      const isValid = isUtf8(Buffer.concat(reads)) && streamHash(reads) === streamHash(before.reads)
      return mustBe(isValid && countTorn(reads) > 0, figures)
    },
  },
]

const udpClaims: readonly Claim[] = [
  datagramsAreWhole(both),
  {
    text: 'Sent in one datagram, the text is valid UTF-8: no read can end inside it.',
    judge(evidence) {
      const { writes, reads } = exchangeOf(evidence, 'whole')
      if (writes.length === 0) return nothingSent
      const figures = `${countDatagrams(writes, reads)}, ${tellReads(reads)}`
      if (countTorn(reads) > 0 || countStrangers(writes, reads) > 0) return contradicted(figures)
      return mayBe(reads.length === 1, figures)
    },
  },
  {
    text: 'Only its sender can tear it: of two halves each datagram is one, and nothing joins them.',
    judge(evidence) {
      const { writes, reads } = exchangeOf(evidence, 'cut')
      const before = exchangeOf(evidence, 'whole')
      if (writes.length === 0 || before.writes.length === 0) return nothingSent
      const figures = `${formatCount(countTorn(writes), 'torn datagram')} sent, ${tellReads(reads)}${tellEdge(reads)}`
      const isTorn = countTorn(writes) === 2 && streamHash(writes) === streamHash(before.writes)
      if (!isTorn || countTorn(reads) !== reads.length || countStrangers(writes, reads) > 0)
        return contradicted(figures)
      return mayBe(reads.length === writes.length, figures)
    },
  },
]

const webSocketClaims: readonly Claim[] = [
  messagesAreWhole(both),
  {
    text: 'The frames are cut inside the character: neither is valid UTF-8 alone.',
    judge(evidence) {
      const [before, frames] = both.trials.map((trial) =>
        framesOf(during(evidence, trial), 'server', 'received'),
      )
      if (before?.[0] === undefined || frames?.[0] === undefined) return nothingSent
      const payloads = frames.map(({ payload }) => payload)
      const torn = countTorn(before.map(({ payload }) => payload))
      const figures =
        `${formatCount(frames.length, 'frame')}, ${countTorn(payloads)} not valid UTF-8 alone${tellEdge(payloads)}; ` +
        `${torn} of ${before.length} in the control`
      return mustBe(countTorn(payloads) === 2 && frames.length === 2 && torn === 0, figures)
    },
  },
  {
    text: 'The message that they make is whole and valid, and the same as in one frame.',
    judge(evidence) {
      const [before, after] = both.trials.map((trial) => receivedIn(evidence, trial))
      if (before === undefined || after === undefined) return nothingSent
      const figures =
        `${formatBytes(after.size)} out of ${formatCount(after.frames, 'frame')}, ${formatBytes(before.size)} out of ` +
        `${before.frames}, ${compareHashes([before.payload], [after.payload])}`
      const isSame = streamHash([before.payload]) === streamHash([after.payload])
      const isValid = after.type === 'text' && after.size > 0 && isUtf8(after.payload)
      return mustBe(isSame && isValid && before.frames === 1 && after.frames === 2, figures)
    },
  },
]

/** The message that a trial brought. */
function receivedIn(evidence: Evidence, trial: string): EventOf<'message'> | undefined {
  return messagesOf(during(evidence, trial), 'server', 'received')[0]
}

/** Why a half was written before the one before it was read; undefined where each was read in its own step. */
function faultOfTurns(evidence: Evidence): string | undefined {
  const isInTurn = [1, 2].every((step) => {
    const { writes, reads } = exchangeOf(
      evidence.filter((heard) => heard.step === step),
      'cut',
    )
    return writes.length === 1 && streamHash(writes) === streamHash(reads)
  })
  return isInTurn ? undefined : 'the 2 halves were not written and read in turn'
}

/** How many are no valid UTF-8 alone. */
function countTorn(pieces: readonly Uint8Array[]): number {
  return pieces.filter((piece) => !isUtf8(piece)).length
}

function tellReads(reads: readonly Uint8Array[]): string {
  return `${formatCount(reads.length, 'read')}, ${countTorn(reads)} not valid UTF-8 alone`
}

/** Where the first piece ends and the second begins, in hex. */
function tellEdge([first, second]: readonly Uint8Array[]): string {
  if (first === undefined || second === undefined) return ''
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex').toUpperCase()
  return `: … ${hex(first.subarray(-1))} | ${hex(second.subarray(0, 1))} …`
}
