/**
 * What a person asks of a socket, and the one language in which it is asked.
 *
 * A line is payload; a line that starts with `/` is a verb; `//` stands for a payload that starts with `/`.
 * What is typed, given with `--enter`, written in a script and used by experiments all passes through
 * {@link parseLine}; {@link formatAction} writes an Action as the line that means it.
 */
import { UsageError } from './errors.ts'
import { quote } from './escapes.ts'
import type { Transport } from './event.ts'
import { nearest } from './nearest.ts'
import type { Eol, Setting } from './settings.ts'
import { elsewhere, type VerbRow, type VerbText, verbs } from './verbs.ts'

/** Which connections of a server are meant: one by its number, or all. */
export type Peers = number | 'all'

/** A state of the connection that `/wait` waits for. */
export type Condition = 'connected' | 'fin' | 'closed' | 'drained'

/** What a driver carries out. Without `peers` the current choice of the session is meant. */
export type SocketAction =
  | { readonly kind: 'send'; readonly payload: Uint8Array; readonly peers?: Peers }
  | {
      readonly kind: 'fin' | 'reset' | 'pause' | 'resume' | 'close'
      readonly peers?: Peers
    }
  | { readonly kind: 'kick'; readonly peers: Peers }
  | { readonly kind: 'peers' }
  | { readonly kind: 'stats' }
  | { readonly kind: 'set'; readonly setting: Setting }

/** What the session carries out itself. */
export type SessionAction =
  | { readonly kind: 'file'; readonly path: string; readonly peers?: Peers }
  /** Without an action: whom the following lines mean. */
  | { readonly kind: 'to'; readonly peers: Peers; readonly action?: Action }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'await'; readonly condition: Condition; readonly withinMs?: number }
  | { readonly kind: 'expect'; readonly payload: Uint8Array; readonly withinMs: number }
  | { readonly kind: 'help'; readonly verb?: string }
  | { readonly kind: 'quit' }

export type Action = SocketAction | SessionAction

/** What the language depends on. */
export interface Dialect {
  readonly transport: Transport
  /** Clients have no peers to choose from. */
  readonly role: 'client' | 'server'
  /** What is added to a typed line. */
  readonly eol: Eol
}

export const eols: Readonly<Record<Eol, string>> = { lf: '\n', crlf: '\r\n', none: '' }

/** What decides which verbs there are. */
type Place = Pick<Dialect, 'transport' | 'role'>

/** The verbs that can be used here, in the order of the help text. */
export function verbRows({ transport, role }: Place): readonly ({ readonly verb: string } & VerbText)[] {
  return Object.entries<VerbRow>(verbs)
    .filter(([verb, row]) => isUsable(verb, row, { transport, role }))
    .map(([verb, row]) => {
      const { brief, usage, summary } = { ...row, ...row.texts?.[transport] }
      return { verb, brief, usage, summary }
    })
}

/**
 * The Action that a line asks for.
 * @throws UsageError that says what was expected
 */
export function parseLine(line: string, dialect: Dialect): Action {
  if (!line.startsWith('/')) return payloadLine(line, dialect)
  if (line.startsWith('//')) return payloadLine(line.slice(1), dialect)
  const [, verb = '', rest = ''] = /^\/(\S*)\s*([\s\S]*)$/.exec(line) ?? []
  const row = rowOf(verb)
  if (row === undefined || !isUsable(verb, row, dialect)) throw unusableVerb(verb, dialect)
  const isText = verb === 'send' || verb === 'to' || verb === 'all'
  const within = { transport: dialect.transport, parseLine: (inner: string) => parseLine(inner, dialect) }
  return row.parse(isText ? rest : rest.trimEnd(), within)
}

function payloadLine(text: string, { eol }: Dialect): Action {
  return { kind: 'send', payload: Buffer.from(text + eols[eol]) }
}

function rowOf(verb: string): VerbRow | undefined {
  return Object.hasOwn(verbs, verb) ? (verbs as Readonly<Record<string, VerbRow>>)[verb] : undefined
}

function isUsable(verb: string, row: VerbRow, { transport, role }: Place): boolean {
  return !Object.hasOwn(elsewhere[transport], verb) && (row.role ?? role) === role
}

/** What is said of a verb that cannot be used here: why not, or which one may have been meant. */
export function unusableVerb(verb: string, dialect: Dialect): UsageError {
  const reasons = elsewhere[dialect.transport]
  const why = Object.hasOwn(reasons, verb) ? reasons[verb] : undefined
  if (why !== undefined) return new UsageError(`/${verb} cannot be done here: ${why}`)
  if (rowOf(verb) !== undefined) {
    return new UsageError(`/${verb} is for a server, which has several peers: a client has one`)
  }
  const near = nearest(
    verb,
    verbRows(dialect).map((row) => row.verb),
  )
  const hint = near === undefined ? '/help lists them' : `did you mean /${near}?`
  return new UsageError(`"/${verb}" is no verb: ${hint} (a payload that starts with / is written //)`)
}

/** A line of the language that means this Action. */
export function formatAction(action: Action): string {
  switch (action.kind) {
    case 'send':
      return addressed(action.peers, `/send ${quote(action.payload)}`)
    case 'file':
      return addressed(action.peers, `/file ${quote(Buffer.from(action.path))}`)
    case 'fin':
    case 'reset':
    case 'pause':
    case 'resume':
    case 'close':
    case 'kick':
      return action.peers === undefined ? `/${action.kind}` : `/${action.kind} ${action.peers}`
    case 'to':
      return addressed(action.peers, action.action === undefined ? '' : formatAction(action.action)).trimEnd()
    case 'set':
      return `/set ${action.setting.name} ${formatSetting(action.setting)}`
    case 'wait':
      return `/wait ${action.ms}ms`
    case 'await':
      return `/wait ${action.condition}${action.withinMs === undefined ? '' : ` within ${action.withinMs}ms`}`
    case 'expect':
      return `/expect ${quote(action.payload)} within ${action.withinMs}ms`
    case 'help':
      return action.verb === undefined ? '/help' : `/help ${action.verb}`
    case 'peers':
    case 'stats':
    case 'quit':
      return `/${action.kind}`
  }
}

function addressed(peers: Peers | undefined, line: string): string {
  return peers === undefined ? line : `/to ${peers} ${line}`
}

function formatSetting({ value }: Setting): string {
  if (value === undefined || value === false) return 'off'
  return value === true ? 'on' : String(value)
}
