/** The verbs of the language: their form, what they do, and how the rest of their line becomes an Action. */
import type { Action, Condition, Peers } from './action.ts'
import { UsageError } from './errors.ts'
import { unescapeBytes } from './escapes.ts'
import type { Transport } from './event.ts'
import { parseDuration } from './quantities.ts'
import { parseSetting, type Setting, settingExamples } from './settings.ts'

/** How long `/expect` waits where the line does not say, milliseconds. */
const expectWithinMs = 5_000

/** What a person reads of a verb. */
export interface VerbText {
  /** For the list of verbs, at most 37 characters. */
  readonly brief: string
  readonly usage: string
  readonly summary: string
}

/** Where a line stands: what the rest of it may depend on. */
export interface Within {
  readonly transport: Transport
  /** Understands a line within this one. */
  parseLine(line: string): Action
}

export interface VerbRow extends VerbText {
  /** Where a transport gives it another sense. */
  readonly texts?: { readonly [Name in Transport]?: Partial<VerbText> }
  /** Only a server has several peers. */
  readonly role?: 'server'
  parse(rest: string, within: Within): Action
}

/** The verbs: their form, what they do, and how the rest of their line becomes an Action. */
export const verbs = {
  send: {
    brief: 'send TEXT exactly; knows \\n \\x41',
    usage: '/send TEXT',
    summary: 'send exactly TEXT, no line end added; \\n \\r \\t \\x41 \\u{1F600} are escapes',
    texts: {
      udp: {
        summary:
          'send exactly TEXT as one datagram; \\n \\r \\t \\x41 \\u{1F600} are escapes, "" is an empty one',
      },
    },
    parse: (rest) => ({ kind: 'send', payload: textArgument('/send', rest) }),
  },
  hex: {
    brief: 'send bytes given in hex',
    usage: '/hex BYTES',
    summary: 'send bytes given in hex: /hex 48 65 6c6c 6f',
    texts: { udp: { summary: 'send bytes given in hex as one datagram: /hex 48 65 6c6c 6f' } },
    parse: (rest) => ({ kind: 'send', payload: hexArgument(rest) }),
  },
  file: {
    brief: 'send the bytes of a file',
    usage: '/file PATH',
    summary: 'send the bytes of a file',
    texts: {
      udp: {
        brief: 'send a file as one datagram',
        summary: 'send a file as one datagram, or in pieces of /set chunk',
      },
    },
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
    texts: {
      udp: {
        brief: 'LINE for peer N; or choose N',
        summary: 'carry out LINE for peer N; without LINE: from now on lines mean N',
      },
    },
    role: 'server',
    parse: (rest, within) => toArgument(rest, within),
  },
  all: {
    brief: 'LINE for every client',
    usage: '/all [LINE]',
    summary: 'carry out LINE for every client; without LINE: from now on lines mean all',
    texts: {
      udp: {
        brief: 'LINE for every peer',
        summary: 'carry out LINE for every peer; without LINE: from now on lines mean all',
      },
    },
    role: 'server',
    parse: (rest, within) => toArgument(`all ${rest}`, within),
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
    texts: { udp: { brief: 'who has spoken', summary: 'whose datagrams came, by address' } },
    parse: (rest) => ({ kind: 'peers', ...nothing('/peers', rest) }),
  },
  set: {
    brief: 'change no-delay, rate, chunk, eol …',
    usage: '/set NAME VALUE',
    summary: `${settingExamples('tcp')}; VALUE may be off`,
    texts: {
      udp: {
        brief: 'change chunk, rate, ttl, eol …',
        summary: `${settingExamples('udp')}; VALUE may be off`,
      },
    },
    parse: (rest, { transport }) => ({ kind: 'set', setting: settingArgument(rest, transport) }),
  },
  wait: {
    brief: 'wait a time, or for a state',
    usage: '/wait D|connected|fin|closed|drained [within D]',
    summary: 'wait a time, or until it is so',
    texts: {
      udp: {
        brief: 'wait a time, or until all is sent',
        usage: '/wait D|drained [within D]',
        summary: 'wait a time, or until the kernel has everything that waits here',
      },
    },
    parse: (rest, { transport }) => waitArgument(rest, transport),
  },
  expect: {
    brief: 'wait until TEXT was received',
    usage: '/expect TEXT [within D]',
    summary: 'wait until TEXT was received (within 5s); else a script ends with exit code 7',
    texts: {
      udp: {
        summary: 'wait until one datagram holds TEXT (within 5s); else a script ends with exit code 7',
      },
    },
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
    texts: {
      udp: { brief: 'close the socket and end', summary: 'send what is queued, close the socket and end' },
    },
    parse: (rest) => ({ kind: 'quit', ...nothing('/quit', rest) }),
  },
} as const satisfies Record<string, VerbRow>

/** Verbs that a transport does not have, and why not. */
export const elsewhere: Readonly<Record<Transport, Readonly<Record<string, string>>>> = {
  tcp: {
    ping: 'TCP has no ping: a byte stream carries no frames (WebSocket does)',
    pong: 'TCP has no pong: a byte stream carries no frames (WebSocket does)',
    frame: 'TCP has no frames: a byte stream carries bytes without boundaries (WebSocket has frames)',
  },
  udp: {
    fin: 'a datagram socket has no stream to end: UDP has no FIN, and the other side learns of no end',
    close: 'UDP has no connection to close; /quit closes our socket, of which the other side learns nothing',
    reset: 'UDP has no connection to abort: there is no RST (ICMP alone says that nobody listens)',
    pause:
      'UDP has no flow control, so nothing would make the sender wait: what nobody reads is dropped once the ' +
      "kernel's buffer is full. To see that, stop the process (Ctrl-Z, then fg)",
    resume: 'UDP has no flow control, so there is no /pause that it could end',
    kick: 'nobody is connected: a peer is an address that a datagram came from, and may speak again',
    ping: 'UDP has no ping: a datagram is all payload (WebSocket has ping frames)',
    pong: 'UDP has no pong: a datagram is all payload (WebSocket has pong frames)',
    frame: 'UDP has no frames: each datagram stands for itself (WebSocket has frames)',
  },
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

function peersArgument(verb: string, text: string, transport: Transport = 'tcp'): Peers {
  if (text === 'all') return 'all'
  if (/^#?[1-9]\d{0,8}$/.test(text)) return Number(text.replace('#', ''))
  const who = transport === 'udp' ? 'peer' : 'client'
  throw new UsageError(`${verb}: "${text}" is no ${who}: expected its number, such as 3, or all`)
}

function toArgument(text: string, { transport, parseLine }: Within): Action {
  const [, who = '', line = ''] = /^(\S*) ?([\s\S]*)$/.exec(text) ?? []
  const peers = peersArgument('/to', who, transport)
  if (line === '') return { kind: 'to', peers }
  return { kind: 'to', peers, action: parseLine(line) }
}

function nothing(verb: string, rest: string): object {
  if (rest === '') return {}
  throw new UsageError(`${verb} takes nothing after it, got "${rest}"`)
}

function settingArgument(rest: string, transport: Transport): Setting {
  const [name = '', value = '', ...more] = rest.split(/\s+/)
  if (more.length > 0) throw new UsageError(`/set takes one name and one value, got "${rest}"`)
  return parseSetting(name, value, transport)
}

/** What `/wait` can wait for besides a time. */
export const conditions: Readonly<Record<Transport, readonly Condition[]>> = {
  tcp: ['connected', 'fin', 'closed', 'drained'],
  udp: ['drained'],
}

function waitArgument(rest: string, transport: Transport): Action {
  const { text, withinMs } = splitWithin(rest)
  const condition = conditions[transport].find((name) => name === text)
  if (condition !== undefined) {
    return withinMs === undefined ? { kind: 'await', condition } : { kind: 'await', condition, withinMs }
  }
  if (withinMs === undefined && /^\d/.test(text)) return { kind: 'wait', ms: parseDuration(text) }
  const others = conditions[transport].join(', ')
  if (transport === 'udp' && conditions.tcp.some((name) => name === text)) {
    throw new UsageError(
      `/wait ${text}: UDP has no connection that could be in that state: wait for ${others}`,
    )
  }
  throw new UsageError(`/wait: "${rest}" is neither a duration such as 200ms nor ${others}`)
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
