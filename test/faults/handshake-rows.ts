/** Requests for an upgrade, and what has to become of each. */
import { upgradeRequest } from '../e2e/web-sockets.ts'

export type Lines = Readonly<Record<string, string>>
export type Asked = (port: number) => string

/** An upgrade in which these lines take the place of the usual ones. */
export function asked(lines: Lines, start?: string): Asked {
  return (port) => upgradeRequest(port, lines, start)
}

export interface Refused {
  readonly statement: string
  readonly asked: Asked
  /** Status and phrase. */
  readonly status: string
  /** As it stands in the answer and in the event: the line, what is wrong with it, and the section. */
  readonly problem: string
  /** Lines that the answer has to have. */
  readonly lines?: Lines
  readonly hint: string | undefined
  /** Whether its head could not even be read to the end. */
  readonly isUnreadable?: true
}

const unreadable = { isUnreadable: true, hint: undefined } as const
const badKey = {
  status: '400 Bad Request',
  hint: 'Send 16 random bytes in base64.',
} as const
const badHost = {
  status: '400 Bad Request',
  hint: 'Send it once: the host and the port of the URL.',
} as const
const badBody = {
  status: '400 Bad Request',
  hint: 'Send the upgrade without a body.',
} as const
const oldVersion = {
  status: '426 Upgrade Required',
  lines: { 'Sec-WebSocket-Version': '13', Upgrade: 'websocket', Connection: 'Upgrade, close' },
  hint: 'Speak version 13.',
} as const
const [key15, key17] = [Buffer.alloc(15), Buffer.alloc(17)].map((bytes) => bytes.toString('base64'))
const noBase64 = `${'!'.repeat(22)}==`
const unclosed = `a; b="${'\\"'.repeat(4_000)}`
const rebinding =
  'Connect to localhost, 127.0.0.1 or [::1]. If others shall come, bind another address: ' +
  'a page of a foreign site that resolves its own name to 127.0.0.1 (DNS rebinding) must stay outside.'

export const heads: readonly Refused[] = [
  {
    statement: 'unterminated head over the limit → 431',
    asked: () => `GET / HTTP/1.1\r\n${`X-More: ${'x'.repeat(4_000)}\r\n`.repeat(5)}`.slice(0, 16_385),
    status: '431 Request Header Fields Too Large',
    problem: 'head is longer than 16384 bytes (RFC 6585 §5)',
    ...unreadable,
  },
  {
    statement: '101 headers → 431',
    asked: asked(Object.fromEntries(Array.from({ length: 96 }, (_, at) => [`X-${at}`, 'x']))),
    status: '431 Request Header Fields Too Large',
    problem: 'header line 101 is one more than the 100 that are allowed (RFC 6585 §5)',
    ...unreadable,
  },
  {
    statement: '9 KiB request line → 414',
    asked: asked({}, `GET /${'x'.repeat(9 * 1_024)} HTTP/1.1`),
    status: '414 URI Too Long',
    problem: 'request line is longer than 8192 bytes (RFC 9110 §15.5.15)',
    ...unreadable,
  },
]

export const startLines: readonly Refused[] = [
  {
    statement: 'POST → 405',
    asked: asked({}, 'POST / HTTP/1.1'),
    status: '405 Method Not Allowed',
    problem: 'method is "POST", not GET (RFC 6455 §4.2.1)',
    lines: { Allow: 'GET' },
    hint: 'Ask with GET.',
  },
  {
    statement: 'HTTP/1.0 → 400',
    asked: asked({}, 'GET / HTTP/1.0'),
    status: '400 Bad Request',
    problem: 'request line has HTTP/1.0, not HTTP/1.1 (RFC 6455 §4.2.1)',
    hint: 'Ask with HTTP/1.1: older versions have no upgrade.',
  },
  {
    statement: 'no `Upgrade` → 426',
    asked: asked({ Upgrade: '' }),
    status: '426 Upgrade Required',
    problem: 'Upgrade is missing (RFC 6455 §4.2.1)',
    lines: { Upgrade: 'websocket', Connection: 'Upgrade, close' },
    hint: 'This is a WebSocket echo server of sockpit: what you send comes back.',
  },
  {
    statement: 'no `Connection` → 400',
    asked: asked({ Connection: '' }),
    status: '400 Bad Request',
    problem: 'Connection does not name Upgrade (RFC 6455 §4.2.1)',
    hint: 'Send Connection: Upgrade. A proxy on the way may have taken it out.',
  },
]

export const keysAndVersions: readonly Refused[] = [
  {
    statement: 'no key → 400',
    asked: asked({ 'Sec-WebSocket-Key': '' }),
    problem: 'Sec-WebSocket-Key is missing (RFC 6455 §4.2.1)',
    ...badKey,
  },
  {
    statement: 'key of 15 bytes → 400',
    asked: asked({ 'Sec-WebSocket-Key': key15 ?? '' }),
    problem: `Sec-WebSocket-Key is "${key15}", not 16 bytes in base64 (RFC 6455 §4.2.1)`,
    ...badKey,
  },
  {
    statement: 'key of 17 bytes → 400',
    asked: asked({ 'Sec-WebSocket-Key': key17 ?? '' }),
    problem: `Sec-WebSocket-Key is "${key17}", not 16 bytes in base64 (RFC 6455 §4.2.1)`,
    ...badKey,
  },
  {
    statement: 'key that is not base64 → 400',
    asked: asked({ 'Sec-WebSocket-Key': noBase64 }),
    problem: `Sec-WebSocket-Key is "${noBase64}", not 16 bytes in base64 (RFC 6455 §4.2.1)`,
    ...badKey,
  },
  {
    statement: 'key twice → 400',
    asked: asked({ 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==' }),
    problem: 'Sec-WebSocket-Key came twice (RFC 6455 §4.2.1)',
    ...badKey,
  },
  ...['8', '12', '14', '013'].map((version) => ({
    statement: `version ${version}, other than 13 → 426 with \`Sec-WebSocket-Version: 13\``,
    asked: asked({ 'Sec-WebSocket-Version': version }),
    problem: `Sec-WebSocket-Version is "${version}", not 13 (RFC 6455 §4.4)`,
    ...oldVersion,
  })),
  {
    statement: 'no version at all → 426 with `Sec-WebSocket-Version: 13`',
    asked: asked({ 'Sec-WebSocket-Version': '' }),
    problem: 'Sec-WebSocket-Version is missing (RFC 6455 §4.4)',
    ...oldVersion,
  },
]

export const forms: readonly Refused[] = [
  {
    statement: 'folded header → 400',
    asked: asked({ 'X-A': 'a\r\n b' }),
    status: '400 Bad Request',
    problem: 'header line 7 begins with white space: folded lines are obsolete (RFC 9112 §5.2)',
    ...unreadable,
  },
  {
    statement: 'bare LF → 400',
    asked: asked({ 'X-A': 'a\nX-B: b' }),
    status: '400 Bad Request',
    problem: 'header "X-A" ends in an LF without a CR before it (RFC 9112 §2.2)',
    ...unreadable,
  },
  {
    statement: 'bare CR → 400',
    asked: asked({ 'X-A': 'a\rX-B: b' }),
    status: '400 Bad Request',
    problem: 'header "X-A" holds a CR without an LF behind it (RFC 9112 §2.2)',
    ...unreadable,
  },
  {
    statement: 'NUL → 400',
    asked: asked({ 'X-A': 'a\0b' }),
    status: '400 Bad Request',
    problem: 'header "X-A" holds the control byte 0x00 (RFC 9110 §5.5)',
    ...unreadable,
  },
  {
    statement: 'space before the colon → 400',
    asked: asked({ 'X-A ': 'a' }),
    status: '400 Bad Request',
    problem: 'header "X-A" has white space before the colon (RFC 9112 §5.1)',
    ...unreadable,
  },
  {
    statement: 'missing `Host` → 400',
    asked: asked({ Host: '' }),
    problem: 'Host is missing (RFC 9112 §3.2)',
    ...badHost,
  },
  {
    statement: 'doubled `Host` → 400',
    asked: (port) => upgradeRequest(port, { host: `127.0.0.1:${port}` }),
    problem: 'Host came twice (RFC 9112 §3.2)',
    ...badHost,
  },
  {
    statement: '`Content-Length` over 0 on the upgrade → 400',
    asked: asked({ 'Content-Length': '5' }),
    problem: 'Content-Length is "5", not 0 (RFC 9110 §9.3.1)',
    ...badBody,
  },
  {
    statement: '`Transfer-Encoding` on the upgrade → 400',
    asked: asked({ 'Transfer-Encoding': 'chunked' }),
    problem: 'Transfer-Encoding announces a body (RFC 9110 §9.3.1)',
    ...badBody,
  },
]

export const malformed: Refused = {
  statement: 'an unclosed quoted extension parameter of 8 KB → 400',
  asked: asked({ 'Sec-WebSocket-Extensions': unclosed }),
  status: '400 Bad Request',
  problem: `Sec-WebSocket-Extensions is malformed: "${unclosed.slice(0, 99)}…" (RFC 6455 §9.1)`,
  hint: "Write it like: permessage-deflate; client_max_window_bits. A quoted value's quotes must close.",
}

export const foreign: readonly Refused[] = [
  ...['http://evil.test', 'https://127.0.0.1.evil.test', 'null'].map((origin) => ({
    statement: `foreign \`Origin\` ${origin} → 403 with a hint`,
    asked: asked({ Origin: origin }),
    status: '403 Forbidden',
    problem: `Origin is "${origin}", whose pages may not connect (RFC 6455 §10.2)`,
    hint: `To let them in, start the server with --origin ${origin} (--origin '*' lets all in).`,
  })),
  ...['evil.test', '127.0.0.1.evil.test:80', '192.0.2.1'].map((host) => ({
    statement: `foreign \`Host\` ${host} on a loopback bind → 403 with a hint`,
    asked: asked({ Host: host }),
    status: '403 Forbidden',
    problem: `Host is "${host}", but this server is for this machine only (RFC 9110 §7.4)`,
    hint: rebinding,
  })),
]

export interface LetIn {
  readonly statement: string
  readonly asked: Asked
  /** The extension that is agreed on. */
  readonly extension?: string
}

export const ordinary: readonly LetIn[] = [
  {
    statement: '`Connection: keep-alive, Upgrade` → 101',
    asked: asked({ Connection: 'keep-alive, Upgrade' }),
  },
  { statement: 'tokens in any case → 101', asked: asked({ Upgrade: 'WebSocket', Connection: 'UPGRADE' }) },
]

export const ofThisMachine: readonly LetIn[] = [
  { statement: '`Host` localhost → 101', asked: asked({ Host: 'localhost:1' }) },
  {
    statement: '`Origin` of a page of this machine → 101',
    asked: asked({ Origin: 'http://localhost:8080' }),
  },
]

export const noBody: LetIn = {
  statement: '`Content-Length: 0` → 101',
  asked: asked({ 'Content-Length': '0' }),
}

export const extensions: readonly LetIn[] = [
  {
    statement: 'extension named `constructor` or `__proto__` → ignored, 101',
    asked: asked({ 'Sec-WebSocket-Extensions': 'constructor, __proto__; toString=1' }),
  },
  {
    statement: 'the same beside one that we know → ignored, 101',
    asked: asked({ 'Sec-WebSocket-Extensions': 'constructor, permessage-deflate, __proto__' }),
    extension: 'permessage-deflate',
  },
  ...[
    'client_max_window_bits=7',
    'client_max_window_bits=16',
    'client_max_window_bits=08',
    'client_max_window_bits; client_max_window_bits',
    'server_no_context_takeover; server_no_context_takeover',
  ].map((parameters) => ({
    statement: `\`${parameters}\` → extension declined, 101`,
    asked: asked({ 'Sec-WebSocket-Extensions': `permessage-deflate; ${parameters}` }),
  })),
]
