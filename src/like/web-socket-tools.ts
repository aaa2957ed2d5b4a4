/** websocat 1 and wscat 6. */
import type { commonOptions } from '../commands/options/common.ts'
import type { webSocketOptions, wsClientOptions, wsEchoOptions } from '../commands/options/websocket.ts'
import {
  anyway,
  cannot,
  noLanguage,
  noSuchLimit,
  ofOurScreen,
  type Rules,
  type Tool,
  typedLines,
  wholeSeconds,
  words,
} from './rule.ts'
import { websocatTlsClient, websocatTlsServer, wscatTlsClient, wscatTlsServer } from './tls.ts'

const noView = cannot('it shows messages and nothing of their frames')
const noSocket = cannot('it does not choose how the socket is read')

/** What neither of them can, or does anyway. */
const common = {
  ...ofOurScreen,
  ipv4: cannot('it takes what the name gives; an address of the family does it'),
  ipv6: cannot('it takes what the name gives; an address of the family does it'),
  script: noLanguage,
  wait: cannot('it does not end by itself'),
  view: (view) => (view === 'hex' || view === 'json' ? noView : anyway),
  json: noView,
  hex: noView,
  time: noView,
} satisfies Partial<Rules<typeof commonOptions>>

const both = {
  lax: cannot('it makes and judges frames by itself'),
  readSize: noSocket,
  rate: noSocket,
  hold: noSocket,
  maxQueue: noSuchLimit,
  stallTimeout: noSuchLimit,
} satisfies Partial<Rules<typeof webSocketOptions>>

const websocatCommon = {
  ...common,
  enter: typedLines('\\n'),
  count: (count) => words('--max-messages-rev', String(count)),
  eol: (eol) => (eol === 'none' ? anyway : cannot('it strips what ends a line')),
  verbose: words('-v'),
  noColor: anyway,
} satisfies Rules<typeof commonOptions>

const websocatBoth = {
  ...both,
  noCompress: anyway,
  split: (how) => (how === 'nul' ? words('-0') : how === 'none' ? words('--no-line') : anyway),
  maxPayload: (size) => words('-B', String(size)),
  pingInterval: (ms) => words('--ping-interval', wholeSeconds(ms)),
  closeTimeout: cannot('it does not wait for the other close frame'),
} satisfies Omit<Rules<typeof webSocketOptions>, 'subprotocol'>

export const websocatEcho: Tool<typeof wsEchoOptions> = {
  name: 'websocat',
  rules: {
    ...websocatCommon,
    ...websocatBoth,
    subprotocol: ([name = '', ...more]) =>
      more.length > 0 ? cannot('it names one subprotocol') : words('--server-protocol', name),
    path: ([path = '', ...more]) =>
      more.length > 0 ? cannot('it knows one path') : words('--restrict-uri', path),
    origin: cannot('it lets pages of any origin in'),
    handshakeTimeout: noSuchLimit,
    maxConnections: (count) => words('--conncap', String(count)),
    backlog: noSuchLimit,
    idleTimeout: noSuchLimit,
    ...websocatTlsServer,
  },
  command: ({ host, port }, { words }) => ({
    line: ['websocat', '-t', ...words, `ws-l:${host}:${port}`, 'mirror:'],
  }),
}

export const websocatClient: Tool<typeof wsClientOptions> = {
  name: 'websocat',
  rules: {
    ...websocatCommon,
    ...websocatBoth,
    subprotocol: (names) => words('--protocol', names.join(', ')),
    header: (headers) => ({ words: headers.map((header) => `-H=${header}`) }),
    origin: (origin) => words('--origin', origin),
    auth: (credentials) => words('--basic-auth', Buffer.from(credentials).toString('base64')),
    echo: anyway,
    binary: words('-b'),
    connectTimeout: noSuchLimit,
    onEof: (what) => (what === 'stay' ? words('-n') : anyway),
    ...websocatTlsClient,
  },
  command: ({ url = '' }, { words }, { echo }) => ({
    line: ['websocat', ...words, url, ...(echo === true ? ['mirror:'] : [])],
  }),
}

const wscatCommon = {
  ...common,
  count: cannot('it counts nothing'),
  eol: (eol) => (eol === 'none' ? anyway : cannot('a message is a line without its end')),
  noColor: words('--no-color'),
} satisfies Omit<Rules<typeof commonOptions>, 'enter' | 'verbose'>

const wscatBoth = {
  ...both,
  noCompress: cannot('it always offers compression'),
  split: (how) => (how === 'line' ? anyway : cannot('a message is a line')),
  maxPayload: noSuchLimit,
  pingInterval: cannot('it sends pings by hand only (--slash, then /ping)'),
  closeTimeout: noSuchLimit,
} satisfies Omit<Rules<typeof webSocketOptions>, 'subprotocol'>

export const wscatEcho: Tool<typeof wsEchoOptions> = {
  name: 'wscat',
  rules: {
    ...wscatCommon,
    ...wscatBoth,
    enter: cannot('it sends what is typed only'),
    verbose: noView,
    subprotocol: (names) => ({ words: names.flatMap((name) => ['-s', name]) }),
    path: cannot('it serves every path'),
    origin: cannot('it lets pages of any origin in'),
    handshakeTimeout: noSuchLimit,
    maxConnections: cannot('it serves one client'),
    backlog: noSuchLimit,
    idleTimeout: noSuchLimit,
    ...wscatTlsServer,
  },
  command: () => ({ none: 'it listens (wscat -l PORT), but sends nothing back by itself' }),
}

export const wscatClient: Tool<typeof wsClientOptions> = {
  name: 'wscat',
  rules: {
    ...wscatCommon,
    ...wscatBoth,
    enter: (lines) => {
      const isVerb = (line: string): boolean => /^\/(?!\/)/.test(line)
      if (lines.some((line) => isVerb(line) && !/^\/(?:ping|pong|close)\b/.test(line))) {
        return cannot('it knows /ping, /pong and /close only')
      }
      const slash = lines.some(isVerb) ? ['--slash'] : []
      return { words: [...slash, ...lines.flatMap((line) => ['-x', line])] }
    },
    verbose: words('-P'),
    subprotocol: (names) => ({ words: names.flatMap((name) => ['-s', name]) }),
    header: (headers) => ({ words: headers.flatMap((header) => ['-H', header]) }),
    origin: (origin) => words('-o', origin),
    auth: (credentials) => words('--auth', credentials),
    echo: cannot('it sends nothing back by itself'),
    binary: cannot('it sends text only'),
    connectTimeout: noSuchLimit,
    onEof: cannot('it reads a terminal, no pipe'),
    ...wscatTlsClient,
  },
  command: ({ url = '' }, { words }) => ({ line: ['wscat', ...words, '-c', url] }),
}
