import type { EventOf } from '../event.ts'
import { framingOf } from '../views/framing.ts'
import { formatBytes, formatCount } from '../views/units.ts'
import { faultOfOrder, send, typeWords } from './boundaries-steps.ts'
import {
  during,
  logHash,
  messagesOf,
  readsOf,
  tellHashes,
  told,
  totalBytes,
  writesOf,
  writesPerRead,
} from './evidence.ts'
import type { Actor, Claim, Evidence, HandStep, Judgement, Part, Step, Trial } from './experiment.ts'

/*
 * The same stream as TCP's, with frames in it. The server echoes what it gets: these messages go the other way,
 * and no claim looks at them.
 */

/** The column of WebSocket: each word is a message. */
export function webSocket(words: readonly string[]): Part {
  return {
    transport: 'websocket',
    title: 'WebSocket · messages on a stream',
    left: 'client',
    right: 'server',
    actors: [server, client],
    trials: [control(words), held(words)],
    claims: webSocketClaims,
    explanation:
      'Below a WebSocket lies a stream of TCP, and reads fall in it as they like; but each frame begins with its ' +
      'own length (RFC 6455 §5.2). The receiver cuts the stream by these lengths, not by its reads, so what was ' +
      'sent as a message comes out as one. (The server echoes each; the echoes are left out above.)',
    byHand: byHand(words),
  }
}

const server: Actor = {
  name: 'server',
  words: () => ['ws-echo', '127.0.0.1:0', '--no-compress', '--ping-interval', '0'],
  isReady: (heard) => told(heard, 'server', 'listening').length > 0,
}

const client: Actor = {
  name: 'client',
  words(heard) {
    const [listening] = told(heard, 'server', 'listening')
    return ['ws-client', `ws://127.0.0.1:${listening?.local.port}/`, '--no-compress', '--on-eof', 'stay']
  },
  isReady: (heard) =>
    ['server', 'client'].every((actor) =>
      told(heard, actor, 'opened').some(({ transport }) => transport === 'websocket'),
    ),
}

function control(words: readonly string[]): Trial {
  const steps = words.map(
    (word, index): Step => ({
      ...send(word),
      isDone: (heard) => hasSent(heard, index + 1) && isEchoed(heard, index + 1),
    }),
  )
  return { name: 'control', title: 'the server reads after every message', steps }
}

function held(words: readonly string[]): Trial {
  const sends = words.map(
    (word, index): Step => ({ ...send(word), isDone: (heard) => hasSent(heard, index + 1) }),
  )
  const pause: Step = {
    actor: 'server',
    line: '/pause',
    isDone: (heard) => told(heard, 'server', 'paused').length > 0,
  }
  const resume: Step = {
    actor: 'server',
    line: '/resume',
    isDone: (heard) => isEchoed(heard, words.length),
  }
  return { name: 'held', title: 'the server reads only when all is sent', steps: [pause, ...sends, resume] }
}

/** Whether so many messages were written. */
function hasSent(heard: Evidence, times: number): boolean {
  return messagesOf(heard, 'client', 'sent').length >= times && writesOf(heard, 'client').length >= times
}

/** Whether so many messages came, and what the server sent back is all there: nothing of it falls into the next step. */
function isEchoed(heard: Evidence, times: number): boolean {
  const hasCome = messagesOf(heard, 'server', 'received').length >= times
  const isBack = messagesOf(heard, 'client', 'received').length >= times
  const [written, read] = [totalBytes(writesOf(heard, 'server')), totalBytes(readsOf(heard, 'client'))]
  return hasCome && isBack && written === read
}

function byHand(words: readonly string[]): readonly HandStep[] {
  return [
    { terminal: 1, does: 'run', line: 'sockpit ws-echo --hold --no-compress' },
    { terminal: 2, does: 'run', line: 'sockpit ws-client' },
    ...typeWords(words),
    { terminal: 1, does: 'type', line: '/resume' },
  ]
}

/** What one trial brought, from the client to the server. */
interface Yield {
  readonly sent: readonly EventOf<'message'>[]
  /** Frames of the client, and its writes. */
  readonly frames: readonly EventOf<'frame'>[]
  readonly writes: readonly Uint8Array[]
  readonly reads: readonly Uint8Array[]
  readonly received: readonly EventOf<'message'>[]
}

function yieldOf(evidence: Evidence, trial: string): Yield {
  const heard = during(evidence, trial)
  return {
    sent: messagesOf(heard, 'client', 'sent'),
    frames: told(heard, 'client', 'frame').filter(({ direction }) => direction === 'sent'),
    writes: writesOf(heard, 'client'),
    reads: readsOf(heard, 'server'),
    received: messagesOf(heard, 'server', 'received'),
  }
}

/** What must be so, and what is to be seen. */
export const webSocketClaims: readonly Claim[] = [
  {
    text: 'Every message arrives whole and in order: none is merged, cut or changed.',
    judge: (evidence) =>
      judgeBoth(evidence, ({ sent, received }) => ({
        isSo: logHash(sent) === logHash(received),
        figures: `${countBoth(sent, received)}, ${tellHashes(logHash(sent), logHash(received))}`,
      })),
  },
  {
    text: 'Read after every message, each comes in a read of its own.',
    judge(evidence) {
      const { sent, writes, reads, received } = yieldOf(evidence, 'control')
      if (sent.length === 0) return nothingSent
      const figures = chain({ sent, reads, received })
      // No second message was out yet, so no read can hold bytes of two.
      const isImpossible = reads.length === 0 || writesPerRead(writes, reads).some((count) => count !== 1)
      if (isImpossible) return { verdict: 'contradicted', figures }
      return { verdict: reads.length === sent.length ? 'observed' : 'not observed this run', figures }
    },
  },
  {
    text: 'Held until all are sent, one read carries several, and yet as many come out as went in.',
    judge(evidence) {
      const one = yieldOf(evidence, 'held')
      const { sent, reads, received } = one
      if (sent.length === 0) return nothingSent
      const before = yieldOf(evidence, 'control').reads.length
      if (before === 0) return { verdict: 'not supported here', figures: 'the control has no reads' }
      const figures = `${chain(one)}, against ${formatCount(before, 'read')} in the control`
      const fault = faultOfHold(during(evidence, 'held'))
      if (fault !== undefined) return { verdict: 'contradicted', figures: `${figures}; ${fault}` }
      if (received.length !== sent.length) return { verdict: 'contradicted', figures }
      const isFewer = reads.length < sent.length && reads.length < before
      return { verdict: isFewer ? 'observed' : 'not observed this run', figures }
    },
  },
  {
    text: 'The stream carries more than the messages: payload and framing add up to what was read.',
    judge: (evidence) => judgeBoth(evidence, addUp),
  },
]

const nothingSent: Judgement = { verdict: 'not supported here', figures: 'a trial has no messages' }

/** An invariant: it holds in both trials, or is contradicted. */
function judgeBoth(
  evidence: Evidence,
  look: (one: Yield) => { readonly isSo: boolean; readonly figures: string },
): Judgement {
  const trials = ['control', 'held'].map((name) => ({ name, one: yieldOf(evidence, name) }))
  if (trials.some(({ one }) => one.sent.length === 0)) return nothingSent
  const looks = trials.map(({ name, one }) => ({ name, ...look(one) }))
  return {
    verdict: looks.every(({ isSo }) => isSo) ? 'observed' : 'contradicted',
    figures: looks.map(({ name, figures }) => `${name} ${figures}`).join('; '),
  }
}

/** Payload and framing as the sender tells them, and the bytes that the receiver has read. */
function addUp({ sent, frames, reads }: Yield): { readonly isSo: boolean; readonly figures: string } {
  const framing = frames.map(framingOf)
  const payload = totalBytes(sent.map((message) => message.payload))
  const header = framing.reduce((bytes, one) => bytes + one.header, 0)
  const mask = framing.reduce((bytes, one) => bytes + one.mask, 0)
  const all = payload + header + mask
  const read = totalBytes(reads)
  return {
    isSo: all === read && all > payload,
    figures:
      `${formatBytes(payload)} of payload + ${formatBytes(header)} of header + ${formatBytes(mask)} of mask ` +
      `= ${formatBytes(all)}, and ${formatBytes(read)} read`,
  }
}

/** Why the server was not held until all was sent; undefined where it was. */
function faultOfHold(heard: Evidence): string | undefined {
  const order = heard.flatMap(({ actor, event }) => {
    if (actor === 'server' && (event.kind === 'paused' || event.kind === 'resumed')) return [event.kind]
    if (event.kind !== 'bytes') return []
    if (actor === 'client') return event.direction === 'sent' ? ['sent'] : []
    return event.direction === 'received' ? ['received'] : []
  })
  return faultOfOrder(order, ['paused', 'sent', 'resumed', 'received'])
}

function countBoth(sent: readonly unknown[], received: readonly unknown[]): string {
  return `${formatCount(sent.length, 'message')} sent, ${formatCount(received.length, 'message')} received`
}

function chain({ sent, reads, received }: Pick<Yield, 'sent' | 'reads' | 'received'>): string {
  const [went, came] = [formatCount(sent.length, 'message'), formatCount(received.length, 'message')]
  return `${went} sent, ${formatCount(reads.length, 'read')}, ${came} received`
}
