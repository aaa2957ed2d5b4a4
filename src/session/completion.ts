import { verbRows } from '../action.ts'
import type { Transport } from '../event.ts'
import { settingNames } from '../settings.ts'
import { conditions } from '../verb-arguments.ts'
import { completePath } from './path-completion.ts'

/** What Tab may complete a line to. */
export interface Candidates {
  readonly transport: Transport
  readonly role: 'client' | 'server'
  readonly peers: readonly number[]
}

const takesPeers: ReadonlySet<string> = new Set(['to', 'kick', 'fin', 'close', 'reset', 'pause', 'resume'])

/** The completions of the last word of a line, and that word: the form that node:readline asks for. */
export function complete(line: string, candidates: Candidates): [string[], string] {
  const [, path] = /^\/file +(.*)$/.exec(line) ?? []
  if (path !== undefined) return completePath(path)
  const verbs = verbRows(candidates).map((row) => row.verb)
  const parts = /^\/(?!\/)(\S*)(?:\s+(\S*))?$/.exec(line)
  if (parts === null) return [[], line]
  const [, verb = '', word] = parts
  if (word === undefined) return [matching(verbs, verb).map((name) => `/${name} `), line]
  return [matching(words(verb, verbs, candidates), word).map((one) => `${one} `), word]
}

function words(
  verb: string,
  verbs: readonly string[],
  { transport, role, peers }: Candidates,
): readonly string[] {
  // Over WebSocket it takes a code.
  if (verb === 'close' && transport === 'websocket') return []
  if (takesPeers.has(verb)) return role === 'server' ? [...peers.map(String), 'all'] : []
  if (verb === 'set') return settingNames(transport)
  if (verb === 'wait') return conditions[transport]
  return verb === 'help' ? verbs : []
}

function matching(names: readonly string[], start: string): string[] {
  return names.filter((name) => name.startsWith(start))
}
