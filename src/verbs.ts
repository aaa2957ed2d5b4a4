/** The verbs of the language: their form, what they do, and how the rest of their line becomes an Action. */
import type { Action } from './action.ts'
import type { Transport } from './event.ts'
import { parseFrame } from './frame-line.ts'
import { settingExamples } from './settings.ts'
import {
  closeArgument,
  controlArgument,
  expectArgument,
  hexArgument,
  nothing,
  optionalPeers,
  peersArgument,
  sendArgument,
  settingArgument,
  textArgument,
  tlsArgument,
  toArgument,
  type Within,
  waitArgument,
} from './verb-arguments.ts'

/** What a person reads of a verb. */
export interface VerbText {
  /** For the list of verbs, at most 37 characters. */
  readonly brief: string
  readonly usage: string
  readonly summary: string
  /** A line that does it. */
  readonly example: string
  /** What it means to this transport, where that is worth knowing. */
  readonly sense?: string
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
    example: '/send two\\r\\nlines',
    texts: {
      tcp: {
        sense:
          'the bytes join the stream: no boundary goes with them, and the peer may read them in other pieces',
      },
      udp: {
        sense: 'it is one datagram: it arrives whole or not at all, and nobody tells which',
        summary:
          'send exactly TEXT as one datagram; \\n \\r \\t \\x41 \\u{1F600} are escapes, "" is an empty one',
      },
      websocket: {
        sense:
          'it is one message: it arrives whole and in order, however many frames and reads carry it (RFC 6455 §5.4)',
        brief: 'send TEXT as one message',
        usage: '/send [--binary] [--fragments N] TEXT',
        summary:
          'send exactly TEXT as one message, of text or --binary, in one frame or N; ' +
          '\\n \\r \\t \\x41 \\u{1F600} are escapes, "" is an empty one',
      },
    },
    parse: (rest, { transport }) => sendArgument(rest, transport),
  },
  hex: {
    brief: 'send bytes given in hex',
    usage: '/hex BYTES',
    summary: 'send bytes given in hex: /hex 48 65 6c6c 6f',
    example: '/hex 48 65 6c6c 6f',
    texts: {
      udp: { summary: 'send bytes given in hex as one datagram: /hex 48 65 6c6c 6f' },
      websocket: {
        brief: 'send a binary message given in hex',
        summary: 'send bytes given in hex as one binary message: /hex 48 65 6c6c 6f',
      },
    },
    parse: (rest, { transport }) => hexArgument(rest, transport),
  },
  file: {
    brief: 'send the bytes of a file',
    usage: '/file PATH',
    summary: 'send the bytes of a file',
    example: '/file notes.txt',
    texts: {
      tcp: { sense: 'the file joins the stream in pieces that the peer cannot tell from one another' },
      udp: {
        brief: 'send a file as one datagram',
        summary: 'send a file as one datagram, or in pieces of /set chunk',
      },
      websocket: {
        brief: 'send a file as one message',
        summary: 'send a file as one message: of text where it is UTF-8, else binary',
      },
    },
    parse: (rest) => ({ kind: 'file', path: Buffer.from(textArgument('/file', rest)).toString() }),
  },
  fin: {
    brief: 'end our side (FIN), still read',
    usage: '/fin [N|all]',
    summary: 'end our side of the stream (FIN) after what is queued; we still read',
    example: '/fin',
    texts: {
      tcp: {
        sense: 'this is a half-close: the other direction stays open until the peer ends it (RFC 9293 §3.6)',
      },
      websocket: {
        brief: 'end our side (FIN), no close frame',
        summary:
          'end our side of the TCP stream (FIN) after what is queued, without a close frame: ' +
          'the peer has to call that 1006',
      },
    },
    parse: (rest) => ({ kind: 'fin', ...optionalPeers('/fin', rest) }),
  },
  close: {
    brief: 'send what is queued, close both sides',
    usage: '/close [N|all]',
    summary: 'send what is queued, then close both sides',
    example: '/close',
    texts: {
      tcp: {
        sense:
          'each direction of the stream ends by itself: our FIN goes out, and the peer answers with its own',
      },
      websocket: {
        brief: 'send a close frame, await the answer',
        usage: '/close [CODE ["REASON"]]',
        summary:
          'send what is queued and a close frame, and wait for the close frame that answers it; ' +
          '1000 is the usual CODE, 4000 to 4999 are yours: /close 4001 "why"',
      },
    },
    parse: (rest, { transport }) => closeArgument(rest, transport),
  },
  ping: {
    brief: 'send a ping frame',
    usage: '/ping [TEXT]',
    summary:
      'send a ping frame with TEXT, at most 125 bytes; the pong that answers it tells how long it took',
    example: '/ping are you there?',
    texts: {
      websocket: { sense: 'the peer has to answer with a pong of the same payload (RFC 6455 §5.5.2)' },
    },
    parse: (rest) => ({ kind: 'ping', payload: controlArgument('ping', rest) }),
  },
  pong: {
    brief: 'send a pong that nobody asked for',
    usage: '/pong [TEXT]',
    summary: 'send a pong frame that nobody asked for, with TEXT, at most 125 bytes',
    example: '/pong still here',
    texts: { websocket: { sense: 'it is a heartbeat one way: nobody has to answer it (RFC 6455 §5.5.3)' } },
    parse: (rest) => ({ kind: 'pong', payload: controlArgument('pong', rest) }),
  },
  frame: {
    brief: 'send a frame made by hand, even wrong',
    usage: '/frame opcode=OPCODE [KEY=VALUE …]',
    summary:
      'send a frame made by hand, right or wrong; OPCODE is continuation, text, binary, close, ping, pong or 0 ' +
      'to 15; fin=0|1 · rsv1=0|1 · rsv2=0|1 · rsv3=0|1 · mask=none or mask=00000000 · length=N (may lie) · ' +
      'form=7|16|64 (bits of the length) · payload=TEXT, payload="two words" or hex=48656c6c6f',
    example: '/frame opcode=ping fin=0 payload=odd',
    texts: {
      websocket: {
        sense:
          'it goes out as it is written; a strict peer fails the connection over what breaks a rule (RFC 6455 §7.1.7)',
      },
    },
    parse: (rest) => ({ kind: 'frame', frame: parseFrame(rest) }),
  },
  reset: {
    brief: 'abort with RST, drop what is queued',
    usage: '/reset [N|all]',
    summary: 'drop what is queued and abort with RST',
    example: '/reset',
    texts: {
      tcp: { sense: 'the peer learns of it as ECONNRESET, and nothing says how much it had read before' },
    },
    parse: (rest) => ({ kind: 'reset', ...optionalPeers('/reset', rest) }),
  },
  pause: {
    brief: 'stop reading',
    usage: '/pause [N|all]',
    summary: 'stop reading; what arrives waits in the kernel, then the peer has to wait',
    example: '/pause',
    texts: {
      tcp: {
        sense:
          "the kernel receives until its buffer is full, then tells the peer a window of 0: the peer's writes wait",
      },
      websocket: {
        summary:
          'stop reading: nothing is answered, no ping either; what arrives waits in the kernel, then the peer ' +
          'has to wait',
      },
    },
    parse: (rest) => ({ kind: 'pause', ...optionalPeers('/pause', rest) }),
  },
  resume: {
    brief: 'read again',
    usage: '/resume [N|all]',
    summary: 'read again',
    example: '/resume',
    texts: { tcp: { sense: 'one read may now bring what several writes sent' } },
    parse: (rest) => ({ kind: 'resume', ...optionalPeers('/resume', rest) }),
  },
  tls: {
    brief: 'put TLS on the stream (STARTTLS)',
    usage: '/tls [NAME]',
    summary:
      'put TLS on the stream from here on, once what is queued has gone out; a client asks for NAME, else for the ' +
      'host. A server does /pause before it agrees, so that it leaves to TLS what is for TLS',
    example: '/tls',
    texts: {
      tcp: {
        sense:
          'nothing in the stream says where TLS begins: both sides have to agree on it before, as STARTTLS does ' +
          '(RFC 3207 §4)',
      },
    },
    parse: tlsArgument,
  },
  to: {
    brief: 'LINE for client N; or choose N',
    usage: '/to N|all [LINE]',
    summary: 'carry out LINE for client N; without LINE: from now on lines mean N',
    example: '/to 2 hello',
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
    example: '/all hello',
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
    example: '/kick 2',
    role: 'server',
    parse: (rest) => ({ kind: 'kick', peers: peersArgument('/kick', rest) }),
  },
  peers: {
    brief: 'who is connected',
    usage: '/peers',
    summary: 'who is connected',
    example: '/peers',
    texts: { udp: { brief: 'who has spoken', summary: 'whose datagrams came, by address' } },
    parse: (rest) => ({ kind: 'peers', ...nothing('/peers', rest) }),
  },
  set: {
    brief: 'change no-delay, rate, chunk, eol …',
    usage: '/set NAME VALUE',
    summary: `${settingExamples('tcp')}; VALUE may be off`,
    example: '/set read-size 5',
    texts: {
      udp: {
        example: '/set chunk 1400',
        brief: 'change chunk, rate, ttl, eol …',
        summary: `${settingExamples('udp')}; VALUE may be off`,
      },
      websocket: {
        brief: 'change read-size, rate, eol …',
        summary: `${settingExamples('websocket')}; VALUE may be off`,
      },
    },
    parse: (rest, { transport }) => ({ kind: 'set', setting: settingArgument(rest, transport) }),
  },
  wait: {
    brief: 'wait a time, or for a state',
    usage: '/wait D|connected|fin|closed|drained [within D]',
    summary: 'wait a time, or until it is so',
    example: '/wait 200ms',
    texts: {
      udp: {
        brief: 'wait a time, or until all is sent',
        usage: '/wait D|drained [within D]',
        summary: 'wait a time, or until the kernel has everything that waits here',
      },
      websocket: { summary: 'wait a time, or until it is so; connected: the upgrade is done' },
    },
    parse: (rest, { transport }) => waitArgument(rest, transport),
  },
  expect: {
    brief: 'wait until TEXT was received',
    usage: '/expect TEXT [within D]',
    summary: 'wait until TEXT was received (within 5s); else a script ends with exit code 7',
    example: '/expect "220 " within 2s',
    texts: {
      tcp: {
        sense:
          'it looks at the stream, however reads cut it; what it has found is taken, and the next one looks behind it',
      },
      udp: {
        sense: 'datagrams are looked at one by one: what two of them share is not found',
        summary: 'wait until one datagram holds TEXT (within 5s); else a script ends with exit code 7',
      },
      websocket: {
        sense: 'messages are looked at one by one, however frames and reads cut them',
        summary: 'wait until one message holds TEXT (within 5s); else a script ends with exit code 7',
      },
    },
    parse: (rest) => expectArgument(rest),
  },
  stats: {
    brief: 'what went each way so far',
    usage: '/stats',
    summary: 'what went each way so far',
    example: '/stats',
    parse: (rest) => ({ kind: 'stats', ...nothing('/stats', rest) }),
  },
  help: {
    brief: 'these verbs, or one in full',
    usage: '/help [VERB]',
    summary: 'these verbs, or one of them',
    example: '/help send',
    parse: (rest) => {
      const verb = rest.replace(/^[/\s]+/, '')
      return verb === '' ? { kind: 'help' } : { kind: 'help', verb }
    },
  },
  quit: {
    brief: 'close everything and end',
    usage: '/quit',
    summary: 'send what is queued, close every connection and end',
    example: '/quit',
    texts: {
      udp: { brief: 'close the socket and end', summary: 'send what is queued, close the socket and end' },
      websocket: {
        brief: 'close everything, then end',
        summary:
          'send what is queued, close every connection (a client with 1000, a server with 1001), then end',
      },
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
    tls: 'TLS needs a stream to put its records on; for datagrams there is DTLS, which sockpit does not speak',
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
  websocket: {
    tls: 'a WebSocket has TLS from its start or not at all: ws-client wss://…, ws-echo --tls',
  },
}
