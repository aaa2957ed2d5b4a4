/** The verbs of each transport in tables, for help, the manual page and the README. */
import { verbRows } from '../action.ts'
import type { Transport } from '../event.ts'
import { elsewhere } from '../verbs.ts'
import type { Term } from './section.ts'

const streams = { transport: 'tcp', role: 'server' } as const

/** Every verb over TCP, in the order of `/help`. */
export function streamVerbs(): readonly Term[] {
  return verbRows(streams).map(({ usage, summary }) => [usage, summary])
}

/** The verbs that only a server knows: a client has no peers to choose from. */
export function serverVerbs(): readonly string[] {
  const ofClients = new Set(verbRows({ ...streams, role: 'client' }).map(({ verb }) => verb))
  return verbRows(streams)
    .map(({ verb }) => verb)
    .filter((verb) => !ofClients.has(verb))
}

/** The verbs that are other ones than over TCP. */
export function otherVerbs(transport: Transport): readonly Term[] {
  const known = new Map(verbRows(streams).map(({ verb, usage, summary }) => [verb, `${usage} ${summary}`]))
  return verbRows({ transport, role: 'server' })
    .filter(({ verb, usage, summary }) => `${usage} ${summary}` !== known.get(verb))
    .map(({ usage, summary }) => [usage, summary])
}

/** The verbs that a transport does not have, and why not. */
export function missingVerbs(transport: Transport): readonly Term[] {
  return Object.entries(elsewhere[transport]).map(([verb, why]) => [`/${verb}`, why])
}

/** Of these, those that TCP has. */
export function lostVerbs(transport: Transport): readonly Term[] {
  const known = new Set(verbRows(streams).map(({ verb }) => `/${verb}`))
  return missingVerbs(transport).filter(([verb]) => known.has(verb))
}
