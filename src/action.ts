/**
 * What a person asks of a socket, and the one language in which it is asked.
 *
 * A line is payload; a line that starts with `/` is a verb; `//` stands for a payload that starts with `/`.
 * What is typed, given with `--enter`, written in a script and used by experiments all passes through
 * {@link parseLine}; {@link formatAction} writes an Action as the line that means it.
 */
import { UsageError } from './errors.ts'
import { escapeBytes, unescapeBytes } from './escapes.ts'
import { parseDuration, parseSize } from './quantities.ts'

export type Transport = 'tcp'

/** Which connections of a server are meant: one by its number, or all. */
export type Peers = number | 'all'

/** What ends a typed line. */
export type Eol = 'lf' | 'crlf' | 'none'

/** A property of the socket, or of the language, that `/set` changes. `undefined` turns it off. */
export type Setting =
  | { readonly name: 'no-delay' | 'half-open'; readonly value: boolean }
  | { readonly name: 'keep-alive' | 'delay'; readonly value: number | undefined }
  | { readonly name: 'read-size' | 'rate' | 'chunk'; readonly value: number | undefined }
  | { readonly name: 'eol'; readonly value: Eol }

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
  | { readonly kind: 'peers' | 'stats' }
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

/** How long `/expect` waits where the line does not say, milliseconds. */
const expectWithinMs = 5_000

const eols: Readonly<Record<Eol, string>> = { lf: '\n', crlf: '\r\n', none: '' }

interface VerbRow {
  /** For the list of verbs, at most 37 characters. */
  readonly brief: string
  readonly usage: string
  readonly summary: string
  /** Only a server has several peers. */
  readonly role?: 'server'
  parse(rest: string, dialect: Dialect): Action
}

/** The verbs of TCP: their form, what they do, and how the rest of their line becomes an Action. */
const verbs = {
  send: {
    brief: 'send TEXT exactly; knows \\n \\x41',
    usage: '/send TEXT',
    summary: 'send exactly TEXT, no line end added; \\n \\r \\t \\x41 \\u{1F600} are escapes',
    parse: (rest) => ({ kind: 'send', payload: textArgument('/send', rest) }),
  },
  hex: {
    brief: 'send bytes given in hex',
    usage: '/hex BYTES',
    summary: 'send bytes given in hex: /hex 48 65 6c6c 6f',
    parse: (rest) => ({ kind: 'send', payload: hexArgument(rest) }),
  },
  file: {
    brief: 'send the bytes of a file',
    usage: '/file PATH',
    summary: 'send the bytes of a file',
    parse: (rest) => ({ kind: 'file', path: Buffer.from(textArgument('/file', rest)).toString() }),
  },
  fin: {
    brief: 'end our side (FIN), still read',
    usage: '/fin [N|all]',
    summary: 'end our side of the stream (FIN) after what is queued; we still read',
    parse: (rest) => ({ kind: 'fin', ...optionalPeers('/fin', rest) }),
  },
  close: {
    brief: 'send what is queued, close both sides',
    usage: '/close [N|all]',
    summary: 'send what is queued, then close both sides',
    parse: (rest) => ({ kind: 'close', ...optionalPeers('/close', rest) }),
  },
  reset: {
    brief: 'abort with RST, drop what is queued',
    usage: '/reset [N|all]',
    summary: 'drop what is queued and abort with RST',
    parse: (rest) => ({ kind: 'reset', ...optionalPeers('/reset', rest) }),
  },
  pause: {
    brief: 'stop reading',
    usage: '/pause [N|all]',
    summary: 'stop reading; what arrives waits in the kernel, then the peer has to wait',
    parse: (rest) => ({ kind: 'pause', ...optionalPeers('/pause', rest) }),
  },
  resume: {
    brief: 'read again',
    usage: '/resume [N|all]',
    summary: 'read again',
    parse: (rest) => ({ kind: 'resume', ...optionalPeers('/resume', rest) }),
  },
  to: {
    brief: 'LINE for client N; or choose N',
    usage: '/to N|all [LINE]',
    summary: 'carry out LINE for client N; without LINE: from now on lines mean N',
    role: 'server',
    parse: (rest, dialect) => toArgument(rest, dialect),
  },
  all: {
    brief: 'LINE for every client',
    usage: '/all [LINE]',
    summary: 'carry out LINE for every client; without LINE: from now on lines mean all',
    role: 'server',
    parse: (rest, dialect) => toArgument(`all ${rest}`, dialect),
  },
  kick: {
    brief: 'close client N at once',
    usage: '/kick N|all',
    summary: 'close the connection of client N at once',
    role: 'server',
    parse: (rest) => ({ kind: 'kick', peers: peersArgument('/kick', rest) }),
  },
  peers: {
    brief: 'who is connected',
    usage: '/peers',
    summary: 'who is connected',
    parse: (rest) => ({ kind: 'peers', ...nothing('/peers', rest) }),
  },
  set: {
    brief: 'change no-delay, rate, chunk, eol …',
    usage: '/set NAME VALUE',
    summary:
      'no-delay on · half-open on · keep-alive 10s · read-size 5 · rate 1KiB · chunk 10 · delay 50ms · eol crlf; VALUE may be off',
    parse: (rest) => ({ kind: 'set', setting: settingArgument(rest) }),
  },
  wait: {
    brief: 'wait a time, or for a state',
    usage: '/wait D|connected|fin|closed|drained [within D]',
    summary: 'wait a time, or until it is so',
    parse: (rest) => waitArgument(rest),
  },
  expect: {
    brief: 'wait until TEXT was received',
    usage: '/expect TEXT [within D]',
    summary: 'wait until TEXT was received (within 5s); else end with exit code 7',
    parse: (rest) => expectArgument(rest),
  },
  stats: {
    brief: 'what went each way so far',
    usage: '/stats',
    summary: 'what went each way so far',
    parse: (rest) => ({ kind: 'stats', ...nothing('/stats', rest) }),
  },
  help: {
    brief: 'these verbs, or one in full',
    usage: '/help [VERB]',
    summary: 'these verbs, or one of them',
    parse: (rest) => (rest === '' ? { kind: 'help' } : { kind: 'help', verb: rest.replace(/^\//, '') }),
  },
  quit: {
    brief: 'close everything and end',
    usage: '/quit',
    summary: 'send what is queued, close every connection and end',
    parse: (rest) => ({ kind: 'quit', ...nothing('/quit', rest) }),
  },
} as const satisfies Record<string, VerbRow>

/** Verbs of other transports, and why a byte stream has none. */
const elsewhere: Readonly<Record<string, string>> = {
  ping: 'TCP has no ping: a byte stream carries no frames (WebSocket does)',
  pong: 'TCP has no pong: a byte stream carries no frames (WebSocket does)',
  frame: 'TCP has no frames: a byte stream carries bytes without boundaries (WebSocket has frames)',
}

/** The verbs that can be used here, in the order of the help text. */
export function verbRows(
  dialect: Pick<Dialect, 'role'>,
): readonly ({ readonly verb: string } & Pick<VerbRow, 'brief' | 'usage' | 'summary'>)[] {
  return Object.entries<VerbRow>(verbs)
    .filter(([, row]) => row.role === undefined || row.role === dialect.role)
    .map(([verb, { brief, usage, summary }]) => ({ verb, brief, usage, summary }))
}

/**
 * The Action that a line asks for.
 * @throws UsageError that says what was expected
 */
export function parseLine(line: string, dialect: Dialect): Action {
  if (!line.startsWith('/')) return payloadLine(line, dialect)
  if (line.startsWith('//')) return payloadLine(line.slice(1), dialect)
  const [, verb = '', rest = ''] = /^\/(\S*)\s*([\s\S]*)$/.exec(line) ?? []
  const row = Object.hasOwn(verbs, verb) ? (verbs as Readonly<Record<string, VerbRow>>)[verb] : undefined
  if (row === undefined) throw unknownVerb(verb, dialect)
  if (row.role !== undefined && row.role !== dialect.role) {
    throw new UsageError(`/${verb} is for a server, which has several peers: a client has one`)
  }
  return row.parse(verb === 'send' || verb === 'to' || verb === 'all' ? rest : rest.trimEnd(), dialect)
}

function payloadLine(text: string, { eol }: Dialect): Action {
  return { kind: 'send', payload: Buffer.from(text + eols[eol]) }
}

function unknownVerb(verb: string, dialect: Dialect): UsageError {
  const why = Object.hasOwn(elsewhere, verb) ? elsewhere[verb] : undefined
  if (why !== undefined) return new UsageError(`/${verb} cannot be done here: ${why}`)
  const near = nearest(
    verb,
    verbRows(dialect).map((row) => row.verb),
  )
  const hint = near === undefined ? '/help lists them' : `did you mean /${near}?`
  return new UsageError(`"/${verb}" is no verb: ${hint} (a payload that starts with / is written //)`)
}

/** The word that differs least from a mistyped one; undefined where none is near. */
export function nearest(word: string, words: readonly string[]): string | undefined {
  let best: string | undefined
  let least = Math.max(2, Math.floor(word.length / 2))
  for (const candidate of words) {
    const distance = candidate.startsWith(word) && word !== '' ? 0.5 : editDistance(word, candidate)
    if (distance < least) [best, least] = [candidate, distance]
  }
  return best
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replace = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(replace, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}

/** A text to its end, or one argument in quotes; both know escapes. */
function textArgument(verb: string, rest: string): Uint8Array {
  const quoted = /^"((?:[^"\\]|\\[\s\S])*)"\s*$/.exec(rest)
  if (quoted !== null) return unescapeBytes(quoted[1] ?? '')
  if (rest.startsWith('"')) {
    throw new UsageError(`${verb}: the quote is not closed at the end of the line (a quote itself is \\")`)
  }
  if (rest === '') throw new UsageError(`${verb} needs a text: ${verb} hello, or ${verb} "two words"`)
  return unescapeBytes(rest)
}

function hexArgument(rest: string): Uint8Array {
  const digits = rest.replace(/\s+/g, '')
  if (digits === '' || digits.length % 2 === 1 || /[^0-9a-f]/i.test(digits)) {
    throw new UsageError(`/hex: "${rest}" is not pairs of hex digits, such as 48 65 6c6c 6f`)
  }
  return Buffer.from(digits, 'hex')
}

function optionalPeers(verb: string, rest: string): { peers?: Peers } {
  return rest === '' ? {} : { peers: peersArgument(verb, rest) }
}

function peersArgument(verb: string, text: string): Peers {
  if (text === 'all') return 'all'
  if (/^#?[1-9]\d{0,8}$/.test(text)) return Number(text.replace('#', ''))
  throw new UsageError(`${verb}: "${text}" is no client: expected its number, such as 3, or all`)
}

function toArgument(text: string, dialect: Dialect): Action {
  const [, who = '', line = ''] = /^(\S*) ?([\s\S]*)$/.exec(text) ?? []
  const peers = peersArgument('/to', who)
  if (line === '') return { kind: 'to', peers }
  return { kind: 'to', peers, action: parseLine(line, dialect) }
}

function nothing(verb: string, rest: string): object {
  if (rest === '') return {}
  throw new UsageError(`${verb} takes nothing after it, got "${rest}"`)
}

function settingArgument(rest: string): Setting {
  const [name = '', value = '', ...more] = rest.split(/\s+/)
  if (more.length > 0) throw new UsageError(`/set takes one name and one value, got "${rest}"`)
  switch (name) {
    case 'no-delay':
    case 'half-open':
      return { name, value: onOff(name, value) }
    case 'keep-alive':
    case 'delay':
      return { name, value: value === 'off' ? undefined : parseDuration(value) }
    case 'read-size':
    case 'chunk':
    case 'rate':
      return { name, value: value === 'off' ? undefined : parseSize(value) }
    case 'eol':
      if (value === 'lf' || value === 'crlf' || value === 'none') return { name, value }
      throw new UsageError(`/set eol: "${value}" is not lf, crlf or none`)
    default: {
      const near = nearest(name, settingNames)
      const hint = near === undefined ? `expected ${settingNames.join(', ')}` : `did you mean ${near}?`
      throw new UsageError(`/set: "${name}" cannot be set: ${hint}`)
    }
  }
}

/** What `/set` can change. */
export const settingNames = [
  'no-delay',
  'half-open',
  'keep-alive',
  'read-size',
  'rate',
  'chunk',
  'delay',
  'eol',
] as const satisfies readonly Setting['name'][]

/** What `/wait` can wait for besides a time. */
export const conditions = ['connected', 'fin', 'closed', 'drained'] as const satisfies readonly Condition[]

function onOff(name: string, value: string): boolean {
  if (value === 'on' || value === 'off') return value === 'on'
  throw new UsageError(`/set ${name}: "${value}" is not on or off`)
}

function waitArgument(rest: string): Action {
  const { text, withinMs } = splitWithin(rest)
  const condition = conditions.find((name) => name === text)
  if (condition !== undefined) {
    return withinMs === undefined ? { kind: 'await', condition } : { kind: 'await', condition, withinMs }
  }
  if (withinMs === undefined && /^\d/.test(text)) return { kind: 'wait', ms: parseDuration(text) }
  throw new UsageError(`/wait: "${rest}" is neither a duration such as 200ms nor ${conditions.join(', ')}`)
}

function expectArgument(rest: string): Action {
  const { text, withinMs = expectWithinMs } = splitWithin(rest)
  const payload = textArgument('/expect', text)
  if (payload.length === 0) throw new UsageError('/expect needs a text that is not empty')
  return { kind: 'expect', payload, withinMs }
}

function splitWithin(rest: string): { text: string; withinMs?: number } {
  const [, text = '', duration] = /^([\s\S]*?)\s+within\s+(\d\S*)$/.exec(rest) ?? []
  return duration === undefined ? { text: rest } : { text, withinMs: parseDuration(duration) }
}

/** A line of the language that means this Action. */
export function formatAction(action: Action): string {
  switch (action.kind) {
    case 'send':
      return addressed(action.peers, `/send "${escapeBytes(action.payload)}"`)
    case 'file':
      return addressed(action.peers, `/file "${escapeBytes(Buffer.from(action.path))}"`)
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
      return `/expect "${escapeBytes(action.payload)}" within ${action.withinMs}ms`
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
