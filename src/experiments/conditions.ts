/** What a step may have to lead to, as questions to the evidence of its trial. */
import type { EventKind, EventOf } from '../event.ts'
import { messagesOf, readsOf, told, totalBytes, writesOf } from './evidence.ts'
import type { Evidence } from './experiment.ts'

/** Whether something was heard, in the evidence of a trial. */
export type Condition = (heard: Evidence) => boolean

/** The actor has told this kind of event so often, or as often of those that are meant. */
export function hasTold<Kind extends EventKind>(
  actor: string,
  kind: Kind,
  times = 1,
  isMeant: (event: EventOf<Kind>) => boolean = () => true,
): Condition {
  return (heard) => told(heard, actor, kind).filter(isMeant).length >= times
}

/** The actor has made so many writes, or sent so many datagrams. */
export function hasWritten(actor: string, times: number): Condition {
  return (heard) => writesOf(heard, actor).length >= times
}

/** The actor has made so many reads, or received so many datagrams. */
export function hasRead(actor: string, times: number): Condition {
  return (heard) => readsOf(heard, actor).length >= times
}

/** The actor has read so many bytes. */
export function hasReadBytes(actor: string, bytes: number): Condition {
  return (heard) => totalBytes(readsOf(heard, actor)) >= bytes
}

/** The actor has sent so many messages, and written as often. */
export function hasSentMessages(actor: string, times: number): Condition {
  return (heard) => messagesOf(heard, actor, 'sent').length >= times && writesOf(heard, actor).length >= times
}

/** The actor has received so many messages. */
export function hasReceivedMessages(actor: string, times: number): Condition {
  return (heard) => messagesOf(heard, actor, 'received').length >= times
}

/** One end has read every byte that the other has written: nothing of it falls into the next step. */
export function hasReadAllOf(reader: string, writer: string): Condition {
  return (heard) => totalBytes(readsOf(heard, reader)) === totalBytes(writesOf(heard, writer))
}

/** The server has echoed so many messages of the client, and both have told all of it: nothing falls into the next step. */
export function hasEchoed(times: number): Condition {
  return all(
    ...[hasSentMessages('client', times), hasReceivedMessages('server', times)],
    ...[hasReceivedMessages('client', times), hasReadAllOf('server', 'client')],
    hasReadAllOf('client', 'server'),
  )
}

/** The actor's process has ended by itself. */
export function hasLeft(actor: string): Condition {
  return hasTold(actor, 'process', 1, ({ what }) => what === 'exited')
}

/** All of it. */
export function all(...conditions: readonly Condition[]): Condition {
  return (heard) => conditions.every((condition) => condition(heard))
}

/** One of it. */
export function any(...conditions: readonly Condition[]): Condition {
  return (heard) => conditions.some((condition) => condition(heard))
}
