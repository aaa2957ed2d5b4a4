/** Ncat, of the Nmap project. */
import type { commonOptions } from '../commands/options/common.ts'
import type { streamOptions, tcpClientOptions, tcpServerOptions } from '../commands/options/tcp.ts'
import type { datagramOptions, udpClientOptions, udpServerOptions } from '../commands/options/udp.ts'
import { netcatDatagrams, netcatStream, noGroups } from './nc.ts'
import {
  anyway,
  cannot,
  noLanguage,
  noSuchLimit,
  ofOurScreen,
  type Rules,
  type Said,
  type Tool,
  typedLines,
  words,
} from './rule.ts'
import { ncatTlsClient, ncatTlsServer, ncatVerifies } from './tls.ts'

const noView = cannot('it shows payload and nothing else')
const hexDump = words('-x', '/dev/stderr')

const common = {
  ...ofOurScreen,
  ipv4: words('-4'),
  ipv6: words('-6'),
  enter: typedLines('\\n'),
  script: noLanguage,
  wait: (ms) => words('-i', `${ms}ms`),
  count: cannot('it counts nothing'),
  eol: (eol) =>
    eol === 'crlf' ? words('-C') : eol === 'lf' ? anyway : cannot('a typed line always has its end'),
  view: (view) => (view === 'hex' ? hexDump : view === 'json' ? noView : anyway),
  json: noView,
  hex: hexDump,
  verbose: words('-v'),
  time: noView,
  noColor: anyway,
} satisfies Rules<typeof commonOptions>

const stream = {
  ...netcatStream,
  delay: (ms) => words('-d', `${ms}ms`),
} satisfies Rules<typeof streamOptions>

/** What runs for each client, and whether Ncat keeps listening for it. */
const programs: Readonly<Record<string, readonly string[]>> = {
  none: [],
  discard: [],
  echo: ['-e', '/bin/cat'],
  daytime: ['-c', 'date'],
  chat: ['--chat'],
}

const noService = cannot('no program of this machine does that')

function served(service: string): Said {
  return service in programs ? anyway : noService
}

export const ncatTcpServer: Tool<typeof tcpServerOptions> = {
  name: 'ncat',
  rules: {
    ...common,
    ...stream,
    service: served,
    echo: anyway,
    once: anyway,
    maxConnections: (count) => words('-m', String(count)),
    backlog: cannot('it always asks for 10'),
    idleTimeout: (ms) => words('-i', `${ms}ms`),
    ...ncatTlsServer,
  },
  command({ host, port }, { words }, { service = 'none', echo, once }) {
    const name = echo === true ? 'echo' : service
    const program = programs[name]
    if (program === undefined) return { none: `it would need a program that does ${name}` }
    const listen = once === true ? '-l' : '-lk'
    const discard = name === 'discard' ? ['>/dev/null'] : []
    return { line: ['ncat', listen, ...program, ...words, host, String(port), ...discard] }
  },
}

export const ncatTcpClient: Tool<typeof tcpClientOptions> = {
  name: 'ncat',
  rules: {
    ...common,
    ...stream,
    connectTimeout: (ms) => words('-w', `${ms}ms`),
    retry: cannot('it tries once'),
    localAddress: (address) => words('-s', address),
    localPort: (port) => words('-p', String(port)),
    probe: words('-zv'),
    onEof: (what) =>
      what === 'stay' ? words('--no-shutdown') : what === 'close' ? words('--send-only') : anyway,
    ...ncatTlsClient,
  },
  command({ host, port }, { words }, values) {
    return { line: ['ncat', ...words, ...ncatVerifies(values), host, String(port)] }
  },
}

const datagrams = {
  ...netcatDatagrams,
  delay: (ms) => words('-d', `${ms}ms`),
  receiveBuffer: noSuchLimit,
  sendBuffer: noSuchLimit,
  broadcast: cannot('it does not set SO_BROADCAST'),
  ttl: cannot('it does not set the TTL'),
} satisfies Rules<typeof datagramOptions>

export const ncatUdpServer: Tool<typeof udpServerOptions> = {
  name: 'ncat',
  rules: {
    ...common,
    ...datagrams,
    service: (service) =>
      service === 'none' || service === 'discard' || service === 'echo' ? anyway : noService,
    echo: anyway,
    join: cannot(noGroups),
    reuseAddress: anyway,
    reusePort: cannot('it does not set SO_REUSEPORT'),
  },
  command({ host, port }, { words }, { service = 'none', echo, join = [] }) {
    if (join.length > 0) return { none: noGroups }
    const name = echo === true ? 'echo' : service
    if (name !== 'none' && name !== 'discard' && name !== 'echo')
      return { none: `it would need a program that does ${name}` }
    const program = name === 'echo' ? ['-k', '-e', '/bin/cat'] : []
    const discard = name === 'discard' ? ['>/dev/null'] : []
    return { line: ['ncat', '-lu', ...program, ...words, host, String(port), ...discard] }
  },
}

/** The end of its input ends it over UDP, before any answer. */
function lingering(said: Said): Said {
  return typeof said === 'object' && 'before' in said ? { ...said, lingerSeconds: 1 } : said
}

export const ncatUdpClient: Tool<typeof udpClientOptions> = {
  name: 'ncat',
  rules: {
    ...common,
    ...datagrams,
    enter: (lines) => lingering(typedLines('\\n')(lines)),
    noConnect: cannot('its socket is always connected'),
    localAddress: (address) => words('-s', address),
    localPort: (port) => words('-p', String(port)),
    onEof: (what) => (what === 'stay' ? cannot('the end of its input ends it') : anyway),
  },
  command({ host, port }, { words }) {
    return { line: ['ncat', '-u', ...words, host, String(port)] }
  },
}
