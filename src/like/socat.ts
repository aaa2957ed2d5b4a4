/** socat: two addresses, with options of their own. */
import type { commonOptions } from '../commands/options/common.ts'
import type { streamOptions, tcpClientOptions, tcpServerOptions } from '../commands/options/tcp.ts'
import type { datagramOptions, udpClientOptions, udpServerOptions } from '../commands/options/udp.ts'
import {
  anyway,
  cannot,
  noLanguage,
  noSuchLimit,
  ofOurScreen,
  type Parts,
  type Rules,
  seconds,
  type Tool,
  typedLines,
  words,
} from './rule.ts'
import { socatTlsClient, socatTlsServer } from './tls.ts'

const noJson = cannot('it has no JSON')

const common = {
  ...ofOurScreen,
  ipv4: words('-4'),
  ipv6: words('-6'),
  enter: typedLines('\\n'),
  script: noLanguage,
  wait: (ms) => words('-T', seconds(ms)),
  count: cannot('it counts nothing'),
  eol: (eol) =>
    eol === 'crlf' ? { address: 'crlf' } : eol === 'lf' ? anyway : cannot('a typed line always has its end'),
  view: (view) => (view === 'hex' ? words('-x') : view === 'json' ? noJson : anyway),
  json: noJson,
  hex: words('-x'),
  verbose: words('-d', '-d'),
  time: cannot('it shows times with -v and -x only, as it likes'),
  noColor: anyway,
} satisfies Rules<typeof commonOptions>

const stream = {
  noDelay: { address: 'nodelay' },
  keepAlive: (ms) => ({ address: `keepalive,keepidle=${Math.ceil(ms / 1_000)}` }),
  readSize: (size) => words('-b', String(size)),
  rate: cannot('it reads as fast as it can (pv -L slows a pipe)'),
  chunk: (size) => words('-b', String(size)),
  delay: cannot('it does not pause'),
  hold: cannot('it reads from the start'),
  halfOpen: cannot('it ends half a second after a FIN (-t SECONDS makes that longer)'),
  maxQueue: noSuchLimit,
  stallTimeout: cannot('it waits for a peer that takes nothing'),
} satisfies Rules<typeof streamOptions>

/** What answers each client. */
const answers: Readonly<Record<string, string>> = {
  echo: 'EXEC:cat',
  discard: 'OPEN:/dev/null',
  daytime: 'EXEC:date',
}

function address(name: string, place: string, ...options: readonly (readonly string[])[]): string {
  return [`${name}:${place}`, ...options.flat()].join(',')
}

/** An IPv6 address in brackets, as socat wants it. */
function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}

/** Before its options, so that they count for both addresses. */
function socat({ words }: Parts, ...rest: readonly string[]): { readonly line: readonly string[] } {
  return { line: ['socat', ...words.filter((word) => word !== '-4' && word !== '-6'), ...rest] }
}

export const socatTcpServer: Tool<typeof tcpServerOptions> = {
  name: 'socat',
  rules: {
    ...common,
    ...stream,
    service: (service) =>
      service === 'none' || service in answers ? anyway : cannot('it has no such service'),
    echo: anyway,
    once: anyway,
    maxConnections: (count) => ({ address: `max-children=${count}` }),
    backlog: (backlog) => ({ address: `backlog=${backlog}` }),
    idleTimeout: (ms) => words('-T', seconds(ms)),
    ...socatTlsServer,
  },
  command({ host, port }, parts, { service = 'none', echo, once, tls, cert, clientCa }) {
    const name = echo === true ? 'echo' : service
    const answer = name === 'none' ? '-' : answers[name]
    if (answer === undefined) return { none: `it would need a program that does ${name}` }
    if (tls === true && cert === undefined) return { none: 'it makes no certificate: --cert FILE' }
    const fork = once === true ? [] : ['fork']
    const version = host.includes(':') ? '6' : '4'
    const family = tls === true ? 'OPENSSL-LISTEN' : `TCP${version}-LISTEN`
    const secure = tls === true ? [`pf=ip${version}`, ...(clientCa === undefined ? ['verify=0'] : [])] : []
    const listen = address(
      family,
      String(port),
      [`bind=${bracketed(host)}`, 'reuseaddr'],
      secure,
      fork,
      parts.address,
    )
    return name === 'discard' ? socat(parts, '-u', listen, answer) : socat(parts, listen, answer)
  },
}

export const socatTcpClient: Tool<typeof tcpClientOptions> = {
  name: 'socat',
  rules: {
    ...common,
    ...stream,
    connectTimeout: (ms) => ({ address: `connect-timeout=${seconds(ms)}` }),
    retry: (count) => ({ address: `retry=${count}` }),
    localAddress: (local) => ({ address: `bind=${bracketed(local)}` }),
    localPort: (port) => ({ address: `sourceport=${port}` }),
    probe: anyway,
    onEof: (what) => (what === 'stay' ? cannot('it ends -t SECONDS after the end of its input') : anyway),
    ...socatTlsClient,
  },
  command({ host, port }, parts, { probe, ipv4, ipv6, tls, onEof = 'fin' }) {
    const version = ipv4 === true ? '4' : ipv6 === true ? '6' : ''
    const family = tls === true ? 'OPENSSL' : `TCP${version}`
    const secure = tls === true && version !== '' ? [`pf=ip${version}`] : []
    const peer = address(family, `${bracketed(host)}:${port}`, secure, parts.address)
    if (probe === true) return socat(parts, '-u', 'OPEN:/dev/null', peer)
    // By itself it gives up half a second after the end of its input, whatever still comes.
    const wait = ['-t', onEof === 'close' ? '0' : '3600']
    return socat(parts, ...wait, '-', peer)
  },
}

const datagrams = {
  split: (how) => (how === 'none' ? anyway : cannot('a datagram is what one read of its input brings')),
  chunk: (size) => words('-b', String(size)),
  delay: cannot('it does not pause'),
  rate: cannot('it sends as fast as it can'),
  sequence: cannot('it numbers nothing'),
  truncate: (size) => words('-b', String(size)),
  maxQueue: noSuchLimit,
  receiveBuffer: (size) => ({ address: `rcvbuf=${size}` }),
  sendBuffer: (size) => ({ address: `sndbuf=${size}` }),
  broadcast: { address: 'broadcast' },
  interface: anyway,
  ttl: (ttl) => ({ address: `ttl=${ttl}` }),
  multicastTtl: (ttl) => ({ address: `ip-multicast-ttl=${ttl}` }),
  noLoopback: { address: 'ip-multicast-loop=0' },
} satisfies Rules<typeof datagramOptions>

export const socatUdpServer: Tool<typeof udpServerOptions> = {
  name: 'socat',
  rules: {
    ...common,
    ...datagrams,
    service: (service) =>
      service === 'none' || service in answers ? anyway : cannot('it has no such service'),
    echo: anyway,
    join: anyway,
    reuseAddress: { address: 'reuseaddr' },
    reusePort: { address: 'reuseport' },
  },
  command({ host, port }, parts, { service = 'none', echo, join = [], interface: via = '0.0.0.0' }) {
    const name = echo === true ? 'echo' : service
    const groups = join.map((group) => `ip-add-membership=${group}:${via}`)
    const bind = join.length > 0 ? ['reuseaddr'] : [`bind=${bracketed(host)}`]
    const version = host.includes(':') ? '6' : '4'
    if (name === 'none' || name === 'discard') {
      const sink = name === 'none' ? 'STDOUT' : 'OPEN:/dev/null'
      return socat(
        parts,
        '-u',
        address(`UDP${version}-RECV`, String(port), bind, groups, parts.address),
        sink,
      )
    }
    const answer = answers[name]
    if (answer === undefined) return { none: `it would need a program that does ${name}` }
    const receive = address(`UDP${version}-RECVFROM`, String(port), bind, ['fork'], groups, parts.address)
    return socat(parts, receive, answer)
  },
}

export const socatUdpClient: Tool<typeof udpClientOptions> = {
  name: 'socat',
  rules: {
    ...common,
    ...datagrams,
    noConnect: anyway,
    localAddress: (local) => ({ address: `bind=${bracketed(local)}` }),
    localPort: (port) => ({ address: `sourceport=${port}` }),
    onEof: (what) => (what === 'stay' ? cannot('it ends -t SECONDS after the end of its input') : anyway),
  },
  command({ host, port }, parts, { noConnect, broadcast, wait }) {
    const kind = noConnect === true || broadcast === true ? 'UDP-DATAGRAM' : 'UDP'
    const peer = address(kind, `${bracketed(host)}:${port}`, parts.address)
    return socat(parts, '-t', seconds(wait ?? 1_000), '-', peer)
  },
}
