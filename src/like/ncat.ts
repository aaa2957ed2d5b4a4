/** Ncat, of the Nmap project. */
import type { commonOptions } from '../commands/options/common.ts'
import type { streamOptions, tcpClientOptions, tcpServerOptions } from '../commands/options/tcp.ts'
import type { datagramOptions, udpClientOptions, udpServerOptions } from '../commands/options/udp.ts'
import { anyway, cannot, type Rules, type Said, type Tool, typedLines, words } from './rule.ts'

const noSize = cannot('it has no such limit to set')
const noView = cannot('it shows payload and nothing else')
const hexDump = words('-x', '/dev/stderr')

const common = {
  ipv4: words('-4'),
  ipv6: words('-6'),
  enter: typedLines('\\n'),
  script: cannot('it has no language: no waiting, no expecting'),
  wait: (ms) => words('-i', `${ms}ms`),
  count: cannot('it counts nothing'),
  eol: (eol) =>
    eol === 'crlf' ? words('-C') : eol === 'lf' ? anyway : cannot('a typed line always has its end'),
  noHistory: anyway,
  like: anyway,
  view: (view) => (view === 'hex' ? hexDump : view === 'json' ? noView : anyway),
  json: noView,
  hex: hexDump,
  raw: anyway,
  verbose: words('-v'),
  quiet: anyway,
  time: noView,
  show: anyway,
  plain: anyway,
  color: anyway,
  noColor: anyway,
} satisfies Rules<typeof commonOptions>

const stream = {
  noDelay: cannot('it does not set TCP_NODELAY'),
  keepAlive: cannot('it does not set SO_KEEPALIVE'),
  readSize: noSize,
  rate: cannot('it reads as fast as it can (pv -L slows a pipe)'),
  chunk: cannot('it writes what it has read'),
  delay: (ms) => words('-d', `${ms}ms`),
  hold: cannot('it reads from the start'),
  halfOpen: cannot('what it does with a FIN is not to be chosen'),
  maxQueue: noSize,
  stallTimeout: cannot('it waits for a peer that takes nothing'),
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
  },
  command({ host, port }, { words }) {
    return { line: ['ncat', ...words, host, String(port)] }
  },
}

const datagrams = {
  split: (how) => (how === 'none' ? anyway : cannot('a datagram is what one read of its input brings')),
  chunk: cannot('a datagram is what one read of its input brings'),
  delay: (ms) => words('-d', `${ms}ms`),
  rate: cannot('it sends as fast as it can'),
  sequence: cannot('it numbers nothing'),
  truncate: noSize,
  maxQueue: noSize,
  receiveBuffer: noSize,
  sendBuffer: noSize,
  broadcast: cannot('it does not set SO_BROADCAST'),
  interface: cannot('it chooses no interface'),
  ttl: cannot('it does not set the TTL'),
  multicastTtl: cannot('it knows no groups'),
  noLoopback: cannot('it knows no groups'),
} satisfies Rules<typeof datagramOptions>

export const ncatUdpServer: Tool<typeof udpServerOptions> = {
  name: 'ncat',
  rules: {
    ...common,
    ...datagrams,
    service: (service) =>
      service === 'none' || service === 'discard' || service === 'echo' ? anyway : noService,
    echo: anyway,
    join: cannot('it joins no groups'),
    reuseAddress: anyway,
    reusePort: cannot('it does not set SO_REUSEPORT'),
  },
  command({ host, port }, { words }, { service = 'none', echo }) {
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
