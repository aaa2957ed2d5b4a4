/** Judgements, and the claims that several experiments make. */
import type { EventOf } from '../event.ts'
import { formatBytes, formatCount } from '../views/units.ts'
import {
  compareHashes,
  during,
  logHash,
  messagesOf,
  readsOf,
  streamHash,
  tellHashes,
  totalBytes,
  writesOf,
} from './evidence.ts'
import type { Claim, Evidence, Judgement } from './experiment.ts'

function observed(figures: string): Judgement {
  return { verdict: 'observed', figures }
}

/** It may happen, and did not: nothing is wrong. */
export function notObserved(figures: string): Judgement {
  return { verdict: 'not observed this run', figures }
}

/** What cannot be, is. */
export function contradicted(figures: string): Judgement {
  return { verdict: 'contradicted', figures }
}

/** There is nothing to judge by. */
export function unsupported(figures: string): Judgement {
  return { verdict: 'not supported here', figures }
}

/** An invariant: it is so, or it is contradicted. */
export function mustBe(isSo: boolean, figures: string): Judgement {
  return isSo ? observed(figures) : contradicted(figures)
}

/** What only tends to happen. */
export function mayBe(isSo: boolean, figures: string): Judgement {
  return isSo ? observed(figures) : notObserved(figures)
}

/** Who sends and who receives, and in which trials. */
export interface Way {
  readonly trials: readonly string[]
  readonly from?: string
  readonly to?: string
}

/** What a trial brought from one actor to another. */
interface Carried {
  readonly name: string
  readonly sent: readonly Uint8Array[]
  readonly received: readonly Uint8Array[]
}

function carriedBy(evidence: Evidence, { trials, from = 'client', to = 'server' }: Way): readonly Carried[] {
  return trials.map((name) => {
    const heard = during(evidence, name)
    return { name, sent: writesOf(heard, from), received: readsOf(heard, to) }
  })
}

/** A stream brings every byte that was written, in order: an invariant of each trial. */
export function streamIsWhole(way: Way): Claim {
  return {
    text: 'Nothing is lost, added or put in another order.',
    judge(evidence) {
      const trials = carriedBy(evidence, way)
      if (trials.some(({ sent }) => totalBytes(sent) === 0)) return unsupported('a trial has no writes')
      const isSame = trials.every(({ sent, received }) => streamHash(sent) === streamHash(received))
      const figures = trials.map(
        ({ name, sent, received }) =>
          `${name} ${formatBytes(totalBytes(sent))} written and ${formatBytes(totalBytes(received))} read, ` +
          compareHashes(sent, received),
      )
      return mustBe(isSame, figures.join('; '))
    },
  }
}

/** A datagram that arrives is one that was sent: an invariant of each trial. That one arrives, is not. */
export function datagramsAreWhole(way: Way): Claim {
  return {
    text: 'What arrives is a datagram that was sent, whole: none is merged, cut or changed.',
    judge(evidence) {
      const trials = carriedBy(evidence, way)
      if (trials.some(({ sent }) => sent.length === 0)) return unsupported('a trial has no sends')
      const figures = trials.map((one) => `${one.name} ${tellDatagrams(one)}`).join('; ')
      if (trials.some(({ sent, received }) => countStrangers(sent, received) > 0))
        return contradicted(figures)
      return mayBe(
        trials.every(({ received }) => received.length > 0),
        figures,
      )
    },
  }
}

function tellDatagrams({ sent, received }: Carried): string {
  const strangers = countStrangers(sent, received)
  const proof =
    strangers === 0
      ? 'each with the sha256 of one that was sent'
      : `${strangers} with the sha256 of none that was sent`
  return `${countDatagrams(sent, received)}, ${proof}`
}

/** `5 datagrams sent, 4 datagrams received` */
export function countDatagrams(sent: readonly Uint8Array[], received: readonly Uint8Array[]): string {
  return `${formatCount(sent.length, 'datagram')} sent, ${formatCount(received.length, 'datagram')} received`
}

/** How many were received that are none of those sent, each of which can come once. */
export function countStrangers(sent: readonly Uint8Array[], received: readonly Uint8Array[]): number {
  const left = new Map<string, number>()
  const add = (payload: Uint8Array, by: number): number => {
    const hash = streamHash([payload])
    const count = (left.get(hash) ?? 0) + by
    left.set(hash, count)
    return count
  }
  for (const payload of sent) add(payload, 1)
  return received.filter((payload) => add(payload, -1) < 0).length
}

/** Messages come out as they went in, all and in order: an invariant of each trial. */
export function messagesAreWhole({ trials, from = 'client', to = 'server' }: Way): Claim {
  return {
    text: 'Every message arrives whole and in order: none is merged, cut or changed.',
    judge(evidence) {
      const logs = trials.map((name) => {
        const heard = during(evidence, name)
        return { name, sent: messagesOf(heard, from, 'sent'), received: messagesOf(heard, to, 'received') }
      })
      if (logs.some(({ sent }) => sent.length === 0)) return unsupported('a trial has no messages')
      const isSame = logs.every(({ sent, received }) => logHash(sent) === logHash(received))
      const figures = logs.map(
        ({ name, sent, received }) =>
          `${name} ${countMessages(sent, received)}, ${tellHashes(logHash(sent), logHash(received))}`,
      )
      return mustBe(isSame, figures.join('; '))
    },
  }
}

/** `5 messages sent, 4 messages received` */
function countMessages(sent: readonly EventOf<'message'>[], received: readonly EventOf<'message'>[]): string {
  return `${formatCount(sent.length, 'message')} sent, ${formatCount(received.length, 'message')} received`
}
