/** How a connection is opened in an experiment, and what is asked of that: do both ends tell of the same, and what has travelled by then? */
import type { Endpoint, Event, EventKind } from '../event.ts'
import { formatEndpoint } from '../event.ts'
import { formatBytes } from '../views/units.ts'
import { mayLeave, tcpClient } from './actors.ts'
import { hasLeft, hasReadBytes, hasTold, hasWritten } from './conditions.ts'
import { compareHashes, during, readsOf, streamHash, told, totalBytes, writesOf } from './evidence.ts'
import type { Evidence, Judgement, Trial } from './experiment.ts'
import { unsupported } from './judging.ts'
import { say, start } from './steps.ts'

interface Pair {
  readonly local: Endpoint
  readonly remote: Endpoint
}

/** The TCP connection as both ends tell it: one and the same, each end with its own address first. */
export function connectionOf(
  heard: Evidence,
): { readonly isSame: boolean; readonly figures: string } | undefined {
  const [client, server] = [tcpOpenedBy(heard, 'client'), tcpOpenedBy(heard, 'server')]
  if (client === undefined || server === undefined) return undefined
  const isSame = tellPair(client) === tellPair({ local: server.remote, remote: server.local })
  return { isSame, figures: `client ${tellPair(client)}, server ${tellPair(server)}` }
}

function tcpOpenedBy(heard: Evidence, actor: string) {
  return told(heard, actor, 'opened').find(({ transport }) => transport === 'tcp')
}

function tellPair({ local, remote }: Pair): string {
  return `${formatEndpoint(local)} to ${formatEndpoint(remote)}`
}

/** Everything that an actor told. */
export function allOf(heard: Evidence, actor: string): readonly Event[] {
  return heard.filter((one) => one.actor === actor).map(({ event }) => event)
}

export const noWord: Judgement = unsupported('no word was sent: 0 writes')

export const unconnected: Judgement = unsupported('fewer than 2 ends have told of a connection')

/** What a server on a stream says of its first client, where it was asked. */
export function stateAtServer(heard: Evidence): string {
  const states = told(heard, 'server', 'stats').flatMap((stats): readonly string[] =>
    stats.transport === 'udp' ? [] : stats.peers.map(({ state }) => state),
  )
  return states[0] ?? 'unknown'
}

/** In which order an actor told of these kinds. */
export function orderOf(heard: Evidence, actor: string, kinds: readonly EventKind[]): readonly EventKind[] {
  return allOf(heard, actor)
    .map(({ kind }) => kind)
    .filter((kind) => kinds.includes(kind))
}

/** Whether the stream's first bytes are those of the word, and all of them; undefined where no word was sent. */
export function wordComesFirst(
  evidence: Evidence,
): { readonly isSo: boolean; readonly figures: string } | undefined {
  const [open, word] = [during(evidence, 'open'), during(evidence, 'word')]
  const [writes, reads] = [writesOf(word, 'client'), readsOf(word, 'server')]
  if (totalBytes(writes) === 0) return undefined
  const early = payloadBytes(open)
  const figures =
    `${formatBytes(early)} while it opens, then ${formatBytes(totalBytes(writes))} written and ` +
    `${formatBytes(totalBytes(reads))} read, ${compareHashes(writes, reads)}`
  return { isSo: early === 0 && streamHash(writes) === streamHash(reads), figures }
}

/** Written and read at both ends. */
function payloadBytes(heard: Evidence): number {
  const pieces = ['client', 'server'].flatMap((actor) => [
    ...writesOf(heard, actor),
    ...readsOf(heard, actor),
  ])
  return totalBytes(pieces)
}

/** The control of what opens on top of TCP: a client that connects, and asks for nothing. */
export const tcpAlone: Trial = {
  name: 'tcp alone',
  title: 'TCP is open, and nobody asks for more',
  steps: [
    start(mayLeave(tcpClient())),
    say('server', '/peers', hasTold('server', 'stats')),
    say('client', '/quit', hasLeft('client'), hasTold('server', 'closed')),
  ],
}

/** The first payload of a stream that is open. */
export function firstWord(word: string): Trial {
  return {
    name: 'word',
    title: 'then the first word',
    steps: [say('client', `/send ${word}`, hasWritten('client', 1), hasReadBytes('server', word.length))],
  }
}
