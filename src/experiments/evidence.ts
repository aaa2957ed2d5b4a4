/** Questions that claims and steps put to the evidence. */
import { createHash } from 'node:crypto'
import {
  carriesPayload,
  type Direction,
  type Event,
  type EventKind,
  type EventOf,
  type Transport,
} from '../event.ts'
import { opcodes } from '../wire/frame.ts'
import type { Evidence } from './experiment.ts'

/** What an actor told of one kind, in its order. */
export function told<Kind extends EventKind>(
  evidence: Evidence,
  actor: string,
  kind: Kind,
): readonly EventOf<Kind>[] {
  return evidence
    .filter((heard) => heard.actor === actor)
    .map(({ event }) => event)
    .filter((event): event is EventOf<Kind> => event.kind === kind)
}

/** The payload of every write of an actor, or of every datagram that it sent. */
export function writesOf(evidence: Evidence, actor: string): readonly Uint8Array[] {
  return payloads(evidence, actor, 'sent')
}

/** The payload of every read of an actor, or of every datagram that it received. */
export function readsOf(evidence: Evidence, actor: string): readonly Uint8Array[] {
  return payloads(evidence, actor, 'received')
}

/** Every message that an actor sent, or received. */
export function messagesOf(
  evidence: Evidence,
  actor: string,
  direction: Direction,
): readonly EventOf<'message'>[] {
  return told(evidence, actor, 'message').filter((message) => message.direction === direction)
}

/** Every frame that an actor sent, or received. */
export function framesOf(
  evidence: Evidence,
  actor: string,
  direction: Direction,
): readonly EventOf<'frame'>[] {
  return told(evidence, actor, 'frame').filter((frame) => frame.direction === direction)
}

/** SHA-256 over the log of messages, in hex: each by its type, its size and its payload. */
export function logHash(messages: readonly EventOf<'message'>[]): string {
  return streamHash(
    messages.flatMap(({ type, payload }) => [Buffer.from(`${type} ${payload.length}\n`), payload]),
  )
}

function payloads(evidence: Evidence, actor: string, direction: Direction): readonly Uint8Array[] {
  return evidence.flatMap(({ actor: teller, event }) =>
    teller === actor && isCall(event) && event.direction === direction ? [event.payload] : [],
  )
}

/** Whether it tells of one call on the socket: a write, a read, or a datagram. */
function isCall(event: Event): event is EventOf<'bytes' | 'datagram'> {
  return event.kind === 'bytes' || event.kind === 'datagram'
}

export function totalBytes(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((total, { length }) => total + length, 0)
}

/** Bytes of the largest piece; 0 where there is none. */
export function largestOf(pieces: readonly Uint8Array[]): number {
  return Math.max(0, ...pieces.map(({ length }) => length))
}

/** SHA-256 of the pieces as one stream, in hex. */
export function streamHash(pieces: readonly Uint8Array[]): string {
  const hash = createHash('sha256')
  for (const piece of pieces) hash.update(piece)
  return hash.digest('hex')
}

/** For each read, how many writes its bytes come from, both taken as pieces of one and the same stream. */
export function writesPerRead(
  writes: readonly Uint8Array[],
  reads: readonly Uint8Array[],
): readonly number[] {
  const written = spansOf(writes)
  return spansOf(reads).map(
    (read) =>
      written.filter((write) => Math.max(write.start, read.start) < Math.min(write.end, read.end)).length,
  )
}

/** Where in the stream each piece begins, and where the next one does. */
function spansOf(pieces: readonly Uint8Array[]): readonly { readonly start: number; readonly end: number }[] {
  let end = 0
  return pieces.map(({ length }) => {
    const start = end
    end += length
    return { start, end }
  })
}

/** The hashes of two streams, their first digits: `both sha256 3f9c21ab`, `sha256 3f9c21ab and 77e0d9c4`. */
export function compareHashes(one: readonly Uint8Array[], other: readonly Uint8Array[]): string {
  return tellHashes(streamHash(one), streamHash(other))
}

/** Two hashes, their first digits. */
export function tellHashes(first: string, second: string): string {
  const [short, otherShort] = [first.slice(0, 8), second.slice(0, 8)]
  return first === second ? `both sha256 ${short}` : `sha256 ${short} and ${otherShort}`
}

/** What one actor wrote, and what another one read. */
export interface Exchange {
  readonly writes: readonly Uint8Array[]
  readonly reads: readonly Uint8Array[]
}

/** What one trial brought from one actor to another. */
export function exchangeOf(evidence: Evidence, trial: string, from = 'client', to = 'server'): Exchange {
  const heard = during(evidence, trial)
  return { writes: writesOf(heard, from), reads: readsOf(heard, to) }
}

/** What was heard in one trial. */
export function during(evidence: Evidence, trial: string): Evidence {
  return evidence.filter((heard) => heard.trial === trial)
}

/**
 * Why what was heard did not come in the order that was asked for; undefined where it did. Whatever repeats counts
 * once, and the last stage may be missing.
 */
export function faultOfOrder(heard: readonly string[], expected: readonly string[]): string | undefined {
  const stages = heard.filter((what, index) => what !== heard[index - 1])
  const isInOrder = stages.every((what, index) => what === expected[index])
  if (isInOrder && stages.length >= expected.length - 1) return undefined
  return `the order was ${stages.join(', ')} instead of ${expected.join(', ')}`
}

/** What an actor sent or received over a transport, on one of its sockets or on all: bytes, datagrams or messages. */
export function payloadsOver(
  evidence: Evidence,
  transport: Transport,
  {
    actor,
    direction,
    socket,
  }: { readonly actor: string; readonly direction: Direction; readonly socket?: string },
): readonly Uint8Array[] {
  return evidence.flatMap(({ actor: teller, event }) => {
    if (teller !== actor || !carriesPayload(event, transport) || event.direction !== direction) return []
    return socket === undefined || event.socket === socket ? [event.payload] : []
  })
}

/** How the process of an actor ended by itself, the last that bore the name; undefined where none did. */
export function exitOf(evidence: Evidence, actor: string): EventOf<'process'> | undefined {
  return told(evidence, actor, 'process')
    .filter(({ what }) => what === 'exited')
    .at(-1)
}

/** How an actor's connection over a transport went down, the last one; undefined where none did. */
export function verdictOf<Name extends Transport>(evidence: Evidence, actor: string, transport: Name) {
  return told(evidence, actor, 'closed')
    .filter((event): event is Extract<typeof event, { transport: Name }> => event.transport === transport)
    .at(-1)
}

/** Every close frame that an actor sent, or received. */
export function closeFramesOf(
  evidence: Evidence,
  actor: string,
  direction: Direction,
): readonly EventOf<'frame'>[] {
  return told(evidence, actor, 'frame').filter(
    (frame) => frame.opcode === opcodes.close && frame.direction === direction,
  )
}
