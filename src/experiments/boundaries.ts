import { formatBytes, formatCount } from '../views/units.ts'
import { faultOfOrder, send, typeWords } from './boundaries-steps.ts'
import { udp } from './boundaries-udp.ts'
import { webSocket } from './boundaries-websocket.ts'
import {
  compareHashes,
  during,
  readsOf,
  streamHash,
  told,
  totalBytes,
  writesOf,
  writesPerRead,
} from './evidence.ts'
import type {
  Actor,
  Claim,
  Evidence,
  Experiment,
  HandStep,
  Judgement,
  Part,
  Step,
  Trial,
} from './experiment.ts'
import { draw, shortWords } from './random.ts'

/*
 * Two trials on one connection, alike in everything but one thing: in the control the server reads after
 * every write, in the other it is held until all writes are out. Nagle's algorithm is off, so that the
 * sender keeps nothing back, and what joins the writes is the receiver's side alone.
 */

const writeCount = 5

export const boundaries: Experiment = {
  name: 'boundaries',
  question: 'Five words are sent, one by one. Do five reads bring them?',
  minutes: 2,
  transports: ['tcp', 'udp', 'websocket'],
  plan(random) {
    const words = draw(random, shortWords, writeCount)
    return [tcp(words), udp(words), webSocket(words)]
  },
}

function tcp(words: readonly string[]): Part {
  return {
    transport: 'tcp',
    title: 'TCP · stream',
    left: 'client',
    right: 'server',
    actors: [server, client],
    trials: [control(words), held(words)],
    claims: tcpClaims,
    explanation:
      "TCP carries a stream of bytes: a write only adds to its end, and what has arrived lies in the kernel's " +
      'receive buffer without a seam until somebody reads. A read takes whatever lies there, so its end tells ' +
      'when the reader looked, not what the writer wrote: a protocol over TCP has to mark its own boundaries.',
    byHand: byHand(words),
  }
}

const server: Actor = {
  name: 'server',
  words: () => ['tcp-server', '127.0.0.1:0', '--once'],
  isReady: (heard) => told(heard, 'server', 'listening').length > 0,
}

const client: Actor = {
  name: 'client',
  words(heard) {
    const [listening] = told(heard, 'server', 'listening')
    return ['tcp-client', '127.0.0.1', String(listening?.local.port), '--no-delay', '--on-eof', 'close']
  },
  isReady: (heard) => ['server', 'client'].every((actor) => told(heard, actor, 'opened').length > 0),
}

function control(words: readonly string[]): Trial {
  const steps = words.map((word, index): Step => {
    const sent = words.slice(0, index + 1).join('').length
    return { ...send(word), isDone: (heard) => hasWritten(heard, index + 1) && hasRead(heard, sent) }
  })
  return { name: 'control', title: 'the server reads after every write', steps }
}

function held(words: readonly string[]): Trial {
  const sends = words.map(
    (word, index): Step => ({
      ...send(word),
      isDone: (heard) => hasWritten(heard, index + 1),
    }),
  )
  const pause: Step = {
    actor: 'server',
    line: '/pause',
    isDone: (heard) => told(heard, 'server', 'paused').length > 0,
  }
  const resume: Step = {
    actor: 'server',
    line: '/resume',
    isDone: (heard) => hasRead(heard, words.join('').length),
  }
  return {
    name: 'held',
    title: 'the server reads only when all is written',
    steps: [pause, ...sends, resume],
  }
}

function hasWritten(heard: Evidence, times: number): boolean {
  return writesOf(heard, 'client').length >= times
}

function hasRead(heard: Evidence, bytes: number): boolean {
  return totalBytes(readsOf(heard, 'server')) >= bytes
}

function byHand(words: readonly string[]): readonly HandStep[] {
  return [
    { terminal: 1, does: 'run', line: 'sockpit tcp-server --hold' },
    { terminal: 2, does: 'run', line: 'sockpit tcp-client --eol none' },
    ...typeWords(words),
    { terminal: 1, does: 'type', line: '/resume' },
  ]
}

/** What one trial brought. */
interface Yield {
  readonly writes: readonly Uint8Array[]
  readonly reads: readonly Uint8Array[]
}

function yieldOf(evidence: Evidence, trial: string): Yield {
  const heard = during(evidence, trial)
  return { writes: writesOf(heard, 'client'), reads: readsOf(heard, 'server') }
}

/** What must be so, and what is to be seen. */
export const tcpClaims: readonly Claim[] = [
  {
    text: 'Nothing is lost, added or put in another order.',
    judge(evidence) {
      const trials = ['control', 'held'].map((name) => ({ name, ...yieldOf(evidence, name) }))
      if (trials.some(({ writes }) => totalBytes(writes) === 0)) return nothingWritten
      const isSame = trials.every(({ writes, reads }) => streamHash(writes) === streamHash(reads))
      const figures = trials.map(
        ({ name, writes, reads }) =>
          `${name} ${formatBytes(totalBytes(writes))} written and ${formatBytes(totalBytes(reads))} read, ` +
          compareHashes(writes, reads),
      )
      return { verdict: isSame ? 'observed' : 'contradicted', figures: figures.join('; ') }
    },
  },
  {
    text: 'Read after every write, each write comes out as a read of its own.',
    judge(evidence) {
      const { writes, reads } = yieldOf(evidence, 'control')
      if (totalBytes(writes) === 0) return nothingWritten
      const figures = countBoth({ writes, reads })
      // No second write was out yet, so no read can hold bytes of two.
      const isImpossible = reads.length === 0 || writesPerRead(writes, reads).some((count) => count !== 1)
      if (isImpossible) return { verdict: 'contradicted', figures }
      return { verdict: reads.length === writes.length ? 'observed' : 'not observed this run', figures }
    },
  },
  {
    text: 'Held until all is written, one read carries several writes.',
    judge(evidence) {
      const { writes, reads } = yieldOf(evidence, 'held')
      if (totalBytes(writes) === 0) return nothingWritten
      const before = yieldOf(evidence, 'control').reads.length
      if (before === 0) return { verdict: 'not supported here', figures: 'the control has no reads' }
      const figures = `${countBoth({ writes, reads })}, against ${formatCount(before, 'read')} in the control`
      const fault = faultOfHold(during(evidence, 'held'))
      if (fault !== undefined) return { verdict: 'contradicted', figures: `${figures}; ${fault}` }
      const isFewer = reads.length < writes.length && reads.length < before
      return { verdict: isFewer ? 'observed' : 'not observed this run', figures }
    },
  },
  {
    text: 'No boundary travels with the bytes: cut in another way, they are the same.',
    judge(evidence) {
      const one = yieldOf(evidence, 'control')
      const other = yieldOf(evidence, 'held')
      if (totalBytes(one.writes) === 0 || totalBytes(other.writes) === 0) return nothingWritten
      const figures =
        `${formatCount(one.reads.length, 'read')} and ${formatCount(other.reads.length, 'read')}, ` +
        compareHashes(one.reads, other.reads)
      const isSame = totalBytes(one.reads) > 0 && streamHash(one.reads) === streamHash(other.reads)
      if (!isSame) return { verdict: 'contradicted', figures }
      const isCutAnew = String(sizes(one.reads)) !== String(sizes(other.reads))
      return { verdict: isCutAnew ? 'observed' : 'not observed this run', figures }
    },
  },
]

/** Two empty streams are equal and prove nothing. */
const nothingWritten: Judgement = { verdict: 'not supported here', figures: 'a trial has no writes' }

/** Why the server was not held until all was written; undefined where it was. */
function faultOfHold(heard: Evidence): string | undefined {
  const order = heard
    .map(({ event }) => (event.kind === 'bytes' ? event.direction : event.kind))
    .filter((what) => what === 'paused' || what === 'sent' || what === 'resumed' || what === 'received')
  return faultOfOrder(order, ['paused', 'sent', 'resumed', 'received'])
}

function sizes(pieces: readonly Uint8Array[]): readonly number[] {
  return pieces.map(({ length }) => length)
}

function countBoth({ writes, reads }: Yield): string {
  return `${formatCount(writes.length, 'write')}, ${formatCount(reads.length, 'read')}`
}
