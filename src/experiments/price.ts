import { framingOf } from '../views/framing.ts'
import { formatBytes, formatCount } from '../views/units.ts'
import { tcpClient, tcpServer, udpClient, udpServer, wsClient, wsServer } from './actors.ts'
import {
  type Condition,
  hasRead,
  hasReadAllOf,
  hasReadBytes,
  hasReceivedMessages,
  hasTold,
} from './conditions.ts'
import {
  compareHashes,
  during,
  messagesOf,
  readsOf,
  streamHash,
  told,
  totalBytes,
  writesOf,
} from './evidence.ts'
import type { Actor, Claim, Evidence, Experiment, Judgement, Trial } from './experiment.ts'
import { contradicted, mustBe, unsupported } from './judging.ts'
import type { Random } from './random.ts'
import { run, say, start, type } from './steps.ts'

/*
 * The client is started inside a trial, since a WebSocket pays most for opening. The longer word is the control:
 * up to 125 bytes the framing does not grow with the payload. The client's own counters close the account.
 */

const word = 'HELLO'

export const price: Experiment = {
  name: 'price',
  question: '"HELLO" has five bytes. How many does each transport write to say it?',
  explanation:
    'TCP and UDP take the payload alone from a program and hand it out alone: the headers that the kernels put ' +
    'around it, 20 bytes or more for TCP and 8 for UDP, and those of IP, cannot be seen from here and are not ' +
    'counted. A WebSocket writes its own framing into the stream, where it can be seen: an HTTP upgrade once, then ' +
    '2 bytes of header a frame (up to 125 bytes of payload), and 4 of mask on all that a client sends (RFC 6455 §5.2).',
  minutes: 2,
  transports: ['tcp', 'udp', 'websocket'],
  plan(random) {
    const longer = letters(random, word.length + 1 + random.below(longest - word.length))
    const byHand = (server: string, client: string) => [
      run(1, `sockpit ${server}`),
      run(2, `sockpit ${client}`),
      ...type(2, `/send ${word}`, `/send ${longer}`, '/stats'),
    ]
    return [
      {
        transport: 'tcp',
        actors: [tcpServer({ flags: ['--echo'] })],
        trials: trials(tcpClient(), longer, (size) => [
          hasReadBytes('server', size),
          hasReadBytes('client', size),
        ]),
        claims: plainClaims('tcp'),
        byHand: byHand('tcp-server --echo', 'tcp-client'),
      },
      {
        transport: 'udp',
        actors: [udpServer({ flags: ['--echo'] })],
        trials: trials(udpClient(), longer, () => [hasRead('server', 1), hasRead('client', 1)]),
        claims: plainClaims('udp'),
        byHand: byHand('udp-server --echo', 'udp-client'),
      },
      {
        transport: 'websocket',
        actors: [wsServer()],
        trials: trials(wsClient(), longer, () => [
          hasReceivedMessages('server', 1),
          hasReceivedMessages('client', 1),
        ]),
        claims: webSocketClaims,
        byHand: byHand('ws-echo --no-compress', 'ws-client --no-compress'),
      },
    ]
  },
}

/** Bytes of the longer word: by hand somebody has to type it. Up to 125 the framing is the same (RFC 6455 §5.2). */
const longest = 40

function letters(random: Random, count: number): string {
  return Array.from(random.bytes(count), (byte) => String.fromCharCode(97 + (byte % 26))).join('')
}

function trials(
  client: Actor,
  longer: string,
  hasCome: (size: number) => readonly Condition[],
): readonly Trial[] {
  const echoed = (text: string) =>
    say(
      'client',
      `/send ${text}`,
      ...hasCome(text.length),
      hasReadAllOf('server', 'client'),
      hasReadAllOf('client', 'server'),
    )
  return [
    { name: 'open', title: 'before there is any payload', steps: [start(client)] },
    { name: 'HELLO', title: 'five bytes, and their echo', steps: [echoed(word)] },
    { name: 'control', title: 'a longer word, and its echo', steps: [echoed(longer)] },
    {
      name: 'sum',
      title: "the client's own account",
      steps: [say('client', '/stats', hasTold('client', 'stats'))],
    },
  ]
}

const nothingSent: Judgement = unsupported('no word was sent: 0 writes')
const noAccount: Judgement = unsupported('the client has told 0 accounts')

/** What one trial carried, up to the server and down to the client. */
function carriedIn(evidence: Evidence, trial: string) {
  const heard = during(evidence, trial)
  const way = (from: string, to: string) => {
    const [sent, received] = [writesOf(heard, from), readsOf(heard, to)]
    const bytes = totalBytes(sent)
    const isWhole = bytes > 0 && streamHash(sent) === streamHash(received)
    return { sent, bytes, isWhole, hashes: compareHashes(sent, received) }
  }
  return { heard, up: way('client', 'server'), down: way('server', 'client') }
}

/** What the client's own counters say of the whole stream, or of all its datagrams. */
function accountOf(evidence: Evidence) {
  return told(during(evidence, 'sum'), 'client', 'stats').at(-1)?.total
}

/** Of the transports that carry payload and nothing else. */
function plainClaims(transport: 'tcp' | 'udp'): readonly Claim[] {
  const whole = transport === 'tcp' ? 'the stream' : 'all datagrams together'
  return [
    {
      text: '"HELLO" costs its five bytes, up and down.',
      judge(evidence) {
        const { up, down } = carriedIn(evidence, 'HELLO')
        if (up.bytes === 0) return nothingSent
        const text = Buffer.concat(up.sent).toString()
        const figures = `${formatBytes(up.bytes)} up, ${up.hashes}; ${formatBytes(down.bytes)} down, ${down.hashes}`
        const isPayload = text === word && compareHashes(up.sent, down.sent) === up.hashes
        return mustBe(isPayload && up.isWhole && down.isWhole, figures)
      },
    },
    {
      text: `Opening costs nothing that can be seen: ${whole} carried the two words, and no byte more.`,
      judge(evidence) {
        const [open, short, long] = ['open', 'HELLO', 'control'].map((trial) => carriedIn(evidence, trial))
        const account = accountOf(evidence)
        if (account === undefined) return noAccount
        if (
          open === undefined ||
          short === undefined ||
          long === undefined ||
          short.up.bytes * long.up.bytes === 0
        )
          return nothingSent
        const [up, down] = [short.up.bytes + long.up.bytes, short.down.bytes + long.down.bytes]
        const figures =
          `${formatBytes(open.up.bytes + open.down.bytes)} to open; up ${short.up.bytes} + ${long.up.bytes} = ` +
          `${formatBytes(up)}, counted ${formatBytes(account.sent.bytes)}; down ${short.down.bytes} + ` +
          `${long.down.bytes} = ${formatBytes(down)}, counted ${formatBytes(account.received.bytes)}`
        const isFree = open.up.bytes + open.down.bytes === 0 && long.up.bytes > short.up.bytes
        return mustBe(isFree && account.sent.bytes === up && account.received.bytes === down, figures)
      },
    },
  ]
}

/** What one message costs each way: the frames of the trial, as the client tells them, against the bytes. */
function costIn(evidence: Evidence, trial: string) {
  const { heard, up, down } = carriedIn(evidence, trial)
  const cost = (direction: 'sent' | 'received', bytes: number) => {
    const frames = told(heard, 'client', 'frame').filter((frame) => frame.direction === direction)
    const framing = frames.reduce((sum, frame) => sum + framingOf(frame).header + framingOf(frame).mask, 0)
    const payload = totalBytes(messagesOf(heard, 'client', direction).map((message) => message.payload))
    return { framing, payload, bytes, isSo: payload > 0 && bytes === framing + payload }
  }
  const [sent, received] = [cost('sent', up.bytes), cost('received', down.bytes)]
  return { up: sent, down: received, isSo: sent.isSo && received.isSo && up.isWhole && down.isWhole }
}

function tellCost({ framing, payload, bytes }: { framing: number; payload: number; bytes: number }): string {
  return `${payload} + ${framing} = ${formatBytes(bytes)}`
}

/** The upgrade as the client tells it. */
function upgradeOf(evidence: Evidence) {
  const { heard, up, down } = carriedIn(evidence, 'open')
  const [request, response] = [told(heard, 'client', 'request')[0], told(heard, 'client', 'response')[0]]
  if (request === undefined || response === undefined) return undefined
  const isSo = up.bytes === request.size && down.bytes === response.size && up.isWhole && down.isWhole
  return { request: request.size, response: response.size, isSo }
}

const noUpgrade: Judgement = unsupported('the upgrade has fewer than 2 heads')

const webSocketClaims: readonly Claim[] = [
  {
    text: '"HELLO" costs 11 bytes up and 7 down: a header of 2 each way, and on the way up a mask of 4.',
    judge(evidence) {
      const { up, down, isSo } = costIn(evidence, 'HELLO')
      if (up.bytes === 0) return nothingSent
      const [message] = messagesOf(during(evidence, 'HELLO'), 'client', 'sent')
      const isWord = message !== undefined && Buffer.from(message.payload).toString() === word
      const figures = `up ${tellCost(up)}, down ${tellCost(down)}`
      return mustBe(isSo && isWord && up.framing === 6 && down.framing === 2, figures)
    },
  },
  {
    text: 'A longer word costs more payload, and the same framing.',
    judge(evidence) {
      const [short, long] = [costIn(evidence, 'HELLO'), costIn(evidence, 'control')]
      if (short.up.bytes === 0 || long.up.bytes === 0) return nothingSent
      const figures =
        `${formatBytes(long.up.payload)} instead of ${formatBytes(short.up.payload)}: ` +
        `up ${tellCost(long.up)}, down ${tellCost(long.down)}`
      const isSame = long.up.framing === short.up.framing && long.down.framing === short.down.framing
      return mustBe(short.isSo && long.isSo && isSame && long.up.payload > short.up.payload, figures)
    },
  },
  {
    text: 'The upgrade is dearer: once, before the first byte of payload.',
    judge(evidence) {
      const upgrade = upgradeOf(evidence)
      if (upgrade === undefined) return noUpgrade
      const { up, down } = costIn(evidence, 'HELLO')
      const [all, framing] = [upgrade.request + upgrade.response, up.framing + down.framing]
      if (framing === 0) return contradicted(`${formatBytes(all)}, and no frame: 0 B`)
      const figures =
        `${upgrade.request} up + ${upgrade.response} down = ${formatBytes(all)}, as much as the framing of ` +
        `${formatCount(Math.floor(all / framing), 'such message')} with their echoes`
      return mustBe(upgrade.isSo && all > framing, figures)
    },
  },
  {
    text: 'Upgrade and frames are every byte of the stream: the account closes.',
    judge(evidence) {
      const account = accountOf(evidence)
      const upgrade = upgradeOf(evidence)
      if (account === undefined) return noAccount
      if (upgrade === undefined) return noUpgrade
      const [short, long] = [costIn(evidence, 'HELLO'), costIn(evidence, 'control')]
      const up = upgrade.request + short.up.bytes + long.up.bytes
      const down = upgrade.response + short.down.bytes + long.down.bytes
      const figures =
        `up ${upgrade.request} + ${short.up.bytes} + ${long.up.bytes} = ${formatBytes(up)}, counted ` +
        `${formatBytes(account.sent.bytes)}; down ${upgrade.response} + ${short.down.bytes} + ` +
        `${long.down.bytes} = ${formatBytes(down)}, counted ${formatBytes(account.received.bytes)}`
      const isSo = short.isSo && long.isSo && account.sent.bytes === up && account.received.bytes === down
      return mustBe(isSo, figures)
    },
  },
]
