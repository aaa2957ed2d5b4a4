import { formatCount } from '../views/units.ts'
import { send, typeWords } from './boundaries-steps.ts'
import { during, readsOf, streamHash, told, writesOf } from './evidence.ts'
import type { Actor, Claim, Evidence, HandStep, Judgement, Part, Step, Trial } from './experiment.ts'

/*
 * The same as over TCP, but nothing can ask a datagram socket to wait: to hold the server, its whole process
 * is stopped. What then arrives waits in the kernel, one datagram behind the other.
 */

/** The column of UDP: each word is a datagram. */
export function udp(words: readonly string[]): Part {
  return {
    transport: 'udp',
    title: 'UDP · datagrams',
    left: 'client',
    right: 'server',
    actors: [server, client],
    trials: [control(words), held(words)],
    claims: udpClaims,
    explanation:
      "UDP carries datagrams: each lies in the kernel's receive buffer by itself, and a read takes one of them, " +
      'whole, however many wait. So the boundaries that the sender chose arrive with the bytes; what UDP does not ' +
      'promise is that all of them arrive, or in order (on loopback they nearly always do).',
    byHand: byHand(words),
  }
}

const server: Actor = {
  name: 'server',
  words: () => ['udp-server', '127.0.0.1:0'],
  isReady: (heard) => told(heard, 'server', 'listening').length > 0,
}

const client: Actor = {
  name: 'client',
  words(heard) {
    const [listening] = told(heard, 'server', 'listening')
    return ['udp-client', '127.0.0.1', String(listening?.local.port), '--on-eof', 'stay']
  },
  isReady: (heard) => told(heard, 'client', 'opened').length > 0,
}

function control(words: readonly string[]): Trial {
  const steps = words.map(
    (word, index): Step => ({
      ...send(word),
      isDone: (heard) => hasSent(heard, index + 1) && hasReceived(heard, index + 1),
    }),
  )
  return { name: 'control', title: 'the server reads after every send', steps }
}

function held(words: readonly string[]): Trial {
  const sends = words.map(
    (word, index): Step => ({ ...send(word), isDone: (heard) => hasSent(heard, index + 1) }),
  )
  const stop: Step = { actor: 'server', process: 'stop', isDone: () => true }
  const go: Step = {
    actor: 'server',
    process: 'continue',
    isDone: (heard) => hasReceived(heard, words.length),
  }
  return { name: 'held', title: 'the server reads only when all is sent', steps: [stop, ...sends, go] }
}

function hasSent(heard: Evidence, times: number): boolean {
  return writesOf(heard, 'client').length >= times
}

function hasReceived(heard: Evidence, times: number): boolean {
  return readsOf(heard, 'server').length >= times
}

function byHand(words: readonly string[]): readonly HandStep[] {
  return [
    { terminal: 1, does: 'run', line: 'sockpit udp-server' },
    { terminal: 2, does: 'run', line: 'sockpit udp-client' },
    { terminal: 1, does: 'type', line: 'Ctrl-Z' },
    ...typeWords(words),
    { terminal: 1, does: 'run', line: 'fg' },
  ]
}

/** What one trial brought. */
interface Yield {
  readonly sent: readonly Uint8Array[]
  readonly received: readonly Uint8Array[]
}

function yieldOf(evidence: Evidence, trial: string): Yield {
  const heard = during(evidence, trial)
  return { sent: writesOf(heard, 'client'), received: readsOf(heard, 'server') }
}

/** What must be so, and what is to be seen. */
export const udpClaims: readonly Claim[] = [
  {
    text: 'What arrives is a datagram that was sent, whole: none is merged, cut or changed.',
    judge(evidence) {
      const trials = ['control', 'held'].map((name) => ({ name, ...yieldOf(evidence, name) }))
      if (trials.some(({ sent }) => sent.length === 0)) return nothingSent
      const figures = trials.map((one) => `${one.name} ${countBoth(one)}, ${strangersText(one)}`).join('; ')
      if (trials.some((one) => strangers(one).length > 0)) return { verdict: 'contradicted', figures }
      const isSeen = trials.every(({ received }) => received.length > 0)
      return { verdict: isSeen ? 'observed' : 'not observed this run', figures }
    },
  },
  {
    text: 'Read after every send, each datagram comes out by itself.',
    judge(evidence) {
      const { sent, received } = yieldOf(evidence, 'control')
      if (sent.length === 0) return nothingSent
      return judgeSizes({ sent, received })
    },
  },
  {
    text: 'Held until all are sent, they wait side by side: as many come out as went in.',
    judge(evidence) {
      const { sent, received } = yieldOf(evidence, 'held')
      if (sent.length === 0) return nothingSent
      const judged = judgeSizes({ sent, received })
      const fault = faultOfHold(during(evidence, 'held'))
      return fault === undefined
        ? judged
        : { verdict: 'contradicted', figures: `${judged.figures}; ${fault}` }
    },
  },
]

const nothingSent: Judgement = { verdict: 'not supported here', figures: 'a trial has no sends' }

/** Fewer may be lost, which UDP allows; more, or of other sizes, cannot be. */
function judgeSizes(one: Yield): Judgement {
  const figures = `${countBoth(one)}, of ${sizes(one.sent)} B and ${sizes(one.received)} B`
  if (strangers(one).length > 0) return { verdict: 'contradicted', figures }
  const isSame = sizes(one.sent) === sizes(one.received)
  return { verdict: isSame ? 'observed' : 'not observed this run', figures }
}

/** Those that were received and are none of those sent, each of which can come once. */
function strangers({ sent, received }: Yield): readonly Uint8Array[] {
  const expected = sent.map((payload) => streamHash([payload]))
  return received.filter((payload) => {
    const index = expected.indexOf(streamHash([payload]))
    if (index !== -1) expected.splice(index, 1)
    return index === -1
  })
}

function strangersText(one: Yield): string {
  const count = strangers(one).length
  return count === 0
    ? 'each with the sha256 of one that was sent'
    : `${count} with the sha256 of none that was sent`
}

/** Why the server was not held until all was sent; undefined where it was. */
function faultOfHold(heard: Evidence): string | undefined {
  const order = heard.flatMap(({ actor, event }) => {
    if (event.kind === 'note' && event.socket === 'process') return ['process']
    if (event.kind !== 'datagram') return []
    return actor === 'client' && event.direction === 'sent' ? ['sent'] : ['received']
  })
  const stages = order.filter((what, index) => what !== order[index - 1])
  const expected = ['process', 'sent', 'process', 'received']
  // That nothing came is no fault of the hold.
  if (stages.length >= 3 && stages.every((what, index) => what === expected[index])) return undefined
  return `the order was ${stages.join(', ')} instead of ${expected.join(', ')}`
}

function sizes(pieces: readonly Uint8Array[]): string {
  return pieces.map(({ length }) => length).join(' + ')
}

function countBoth({ sent, received }: Yield): string {
  return `${formatCount(sent.length, 'datagram')} sent, ${formatCount(received.length, 'datagram')} received`
}
