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
import { formatFrame } from './frame-line.ts'
import { nearest } from './nearest.ts'
import { type Eol, eols, type Setting } from './settings.ts'
import { elsewhere, type VerbRow, type VerbText, verbs } from './verbs.ts'

/** Which connections of a server are meant: one by its number, or all. */
export type Peers = number | 'all'

/** A state of the connection that `/wait` waits for. */
export type Condition = 'connected' | 'fin' | 'closed' | 'drained'

/** A frame made by hand, right or wrong; what is not said is as it should be. */
export interface HandmadeFrame {
  readonly fin?: boolean
  readonly rsv1?: boolean
  readonly rsv2?: boolean
  readonly rsv3?: boolean
  /** 0 to 15. */
  readonly opcode: number
  /** Four bytes of key, or `none`: not masked. */
  readonly mask?: Uint8Array | 'none'
  /** The length to be declared, whatever the payload's is. */
  readonly length?: number
  /** Bits of the form in which the length stands. */
  readonly lengthForm?: 7 | 16 | 64
  readonly payload: Uint8Array
}

/** What a driver carries out. Without `peers` the current choice of the session is meant. */
export type SocketAction =
  | {
      readonly kind: 'send'
      readonly payload: Uint8Array
      /** A WebSocket message of bytes; else what is UTF-8 goes as text, unless the session says otherwise. */
      readonly binary?: true
      /** So many frames carry the message. */
      readonly fragments?: number
      readonly peers?: Peers
    }
  | {
      readonly kind: 'fin' | 'reset' | 'pause' | 'resume'
      readonly peers?: Peers
    }
  /** Code and reason are a WebSocket's: they stand in the close frame. */
  | { readonly kind: 'close'; readonly code?: number; readonly reason?: string; readonly peers?: Peers }
  | { readonly kind: 'ping' | 'pong'; readonly payload: Uint8Array; readonly peers?: Peers }
  | { readonly kind: 'frame'; readonly frame: HandmadeFrame; readonly peers?: Peers }
  | { readonly kind: 'kick'; readonly peers: Peers }
  /** Puts TLS on the stream from here on; a client asks for the name. */
  | { readonly kind: 'tls'; readonly servername?: string; readonly peers?: Peers }
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
type ActionOf<Kind extends Action['kind']> = Extract<Action, { kind: Kind }>

/** What the language depends on. */
export interface Dialect {
  readonly transport: Transport
  /** Clients have no peers to choose from. */
  readonly role: 'client' | 'server'
  /** What is added to a typed line. */
  readonly eol: Eol
}

/** What decides which verbs there are. */
type Place = Pick<Dialect, 'transport' | 'role'>

/** The verbs that can be used here, in the order of the help text. */
export function verbRows({ transport, role }: Place): readonly ({ readonly verb: string } & VerbText)[] {
  return Object.entries<VerbRow>(verbs)
    .filter(([verb, row]) => isUsable(verb, row, { transport, role }))
    .map(([verb, row]) => {
      const { brief, usage, summary, example, sense }: VerbText = { ...row, ...row.texts?.[transport] }
      return { verb, brief, usage, summary, example, ...(sense !== undefined && { sense }) }
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
      return addressed(action.peers, formatSend(action))
    case 'file':
      return addressed(action.peers, `/file ${quote(Buffer.from(action.path))}`)
    case 'fin':
    case 'reset':
    case 'pause':
    case 'resume':
    case 'kick':
      return action.peers === undefined ? `/${action.kind}` : `/${action.kind} ${action.peers}`
    case 'close':
      return addressed(action.peers, formatClose(action))
    case 'tls':
      return addressed(action.peers, action.servername === undefined ? '/tls' : `/tls ${action.servername}`)
    case 'ping':
    case 'pong':
      return addressed(action.peers, `/${action.kind} ${quote(action.payload)}`)
    case 'frame':
      return addressed(action.peers, `/frame ${formatFrame(action.frame)}`)
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

function formatSend({ payload, binary, fragments }: ActionOf<'send'>): string {
  const options = [
    ...(binary === true ? ['--binary'] : []),
    ...(fragments === undefined ? [] : [`--fragments ${fragments}`]),
  ]
  return ['/send', ...options, quote(payload)].join(' ')
}

function formatClose({ code, reason }: ActionOf<'close'>): string {
  const words = [
    ...(code === undefined ? [] : [String(code)]),
    ...(reason === undefined ? [] : [quote(Buffer.from(reason))]),
  ]
  return ['/close', ...words].join(' ')
}

function addressed(peers: Peers | undefined, line: string): string {
  return peers === undefined ? line : `/to ${peers} ${line}`
}

function formatSetting({ value }: Setting): string {
  if (value === undefined || value === false) return 'off'
  return value === true ? 'on' : String(value)
}
