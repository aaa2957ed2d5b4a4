/** The verbs of the language: their form, what they do, and how the rest of their line becomes an Action. */
import type { Action, Condition, Peers, Setting } from './action.ts'
import { UsageError } from './errors.ts'
import { unescapeBytes } from './escapes.ts'
import { nearest } from './nearest.ts'
import { keepAliveRange, parseDuration, parseSize, type Range, readSizeRange } from './quantities.ts'

/** How long `/expect` waits where the line does not say, milliseconds. */
const expectWithinMs = 5_000

export interface VerbRow {
  /** For the list of verbs, at most 37 characters. */
  readonly brief: string
  readonly usage: string
  readonly summary: string
  /** Only a server has several peers. */
  readonly role?: 'server'
  /** @param parseLine understands a line within this one */
  parse(rest: string, parseLine: (line: string) => Action): Action
}

/** The verbs of TCP: their form, what they do, and how the rest of their line becomes an Action. */
export const verbs = {
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
    parse: (rest, parseLine) => toArgument(rest, parseLine),
  },
  all: {
    brief: 'LINE for every client',
    usage: '/all [LINE]',
    summary: 'carry out LINE for every client; without LINE: from now on lines mean all',
    role: 'server',
    parse: (rest, parseLine) => toArgument(`all ${rest}`, parseLine),
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
    summary: 'wait until TEXT was received (within 5s); else a script ends with exit code 7',
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
export const elsewhere: Readonly<Record<string, string>> = {
  ping: 'TCP has no ping: a byte stream carries no frames (WebSocket does)',
  pong: 'TCP has no pong: a byte stream carries no frames (WebSocket does)',
  frame: 'TCP has no frames: a byte stream carries bytes without boundaries (WebSocket has frames)',
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

function toArgument(text: string, parseLine: (line: string) => Action): Action {
  const [, who = '', line = ''] = /^(\S*) ?([\s\S]*)$/.exec(text) ?? []
  const peers = peersArgument('/to', who)
  if (line === '') return { kind: 'to', peers }
  return { kind: 'to', peers, action: parseLine(line) }
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
      return { name, value: value === 'off' ? undefined : parseDuration(value, settingRanges[name]) }
    case 'read-size':
    case 'chunk':
    case 'rate':
      return { name, value: value === 'off' ? undefined : parseSize(value, settingRanges[name]) }
    case 'eol':
      if (value === 'off') return { name, value: 'none' }
      if (value === 'lf' || value === 'crlf' || value === 'none') return { name, value }
      throw new UsageError(`/set eol: "${value}" is not lf, crlf or none`)
    default: {
      const near = nearest(name, settingNames)
      const hint = near === undefined ? `expected ${settingNames.join(', ')}` : `did you mean ${near}?`
      throw new UsageError(`/set: "${name}" cannot be set: ${hint}`)
    }
  }
}

/** The ranges that the options of the same names have. */
const settingRanges: Readonly<Partial<Record<Setting['name'], Range>>> = {
  'read-size': readSizeRange,
  'keep-alive': keepAliveRange,
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

/** What stands in quotes is text, `within` too; else it begins a duration. */
function splitWithin(rest: string): { text: string; withinMs?: number } {
  const [, text, duration = ''] =
    /^("(?:[^"\\]|\\[\s\S])*"|[^"][\s\S]*?)\s+within(?:\s+(\S*))?$/.exec(rest) ?? []
  return text === undefined ? { text: rest } : { text, withinMs: parseDuration(duration) }
}
