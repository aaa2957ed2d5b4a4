/** netcat-openbsd, as Debian has it. */
import type { commonOptions } from '../commands/options/common.ts'
import type { streamOptions, tcpClientOptions, tcpServerOptions } from '../commands/options/tcp.ts'
import type { datagramOptions, udpClientOptions, udpServerOptions } from '../commands/options/udp.ts'
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
import { noTlsClient, noTlsServer } from './tls.ts'

const noView = cannot('it shows payload and nothing else')

const common = {
  ...ofOurScreen,
  ipv4: words('-4'),
  ipv6: words('-6'),
  enter: typedLines('\\n'),
  script: noLanguage,
  wait: (ms) => words('-w', wholeSeconds(ms)),
  count: (count) => words('-W', String(count)),
  eol: (eol) =>
    eol === 'crlf' ? words('-C') : eol === 'lf' ? anyway : cannot('a typed line always has its end'),
  view: (view) => (view === 'hex' || view === 'json' ? noView : anyway),
  json: noView,
  hex: noView,
  verbose: words('-v'),
  time: noView,
  noColor: anyway,
} satisfies Rules<typeof commonOptions>

/** What netcats know of streams. */
export const netcatStream = {
  noDelay: cannot('it does not set TCP_NODELAY'),
  keepAlive: cannot('it does not set SO_KEEPALIVE'),
  readSize: noSuchLimit,
  rate: cannot('it reads as fast as it can (pv -L slows a pipe)'),
  chunk: cannot('it writes what it has read'),
  delay: (ms) => words('-i', wholeSeconds(ms)),
  hold: cannot('it reads from the start'),
  halfOpen: cannot('what it does with a FIN is not to be chosen'),
  maxQueue: noSuchLimit,
  stallTimeout: cannot('it waits for a peer that takes nothing'),
} satisfies Rules<typeof streamOptions>

const noService = 'it has no services and starts no program (no -e in this build)'

export const ncTcpServer: Tool<typeof tcpServerOptions> = {
  name: 'nc',
  rules: {
    ...common,
    ...netcatStream,
    service: (service) =>
      service === 'none' || service === 'discard' ? anyway : cannot('it has no services'),
    echo: cannot('it has no services'),
    once: anyway,
    maxConnections: cannot('it serves one client at a time'),
    backlog: cannot('it always asks for 1'),
    idleTimeout: (ms) => words('-w', wholeSeconds(ms)),
    ...noTlsServer,
  },
  command({ host, port }, { words }, { service, echo, once }) {
    if (echo === true || !(service === undefined || service === 'none' || service === 'discard')) {
      return { none: noService }
    }
    const listen = once === true ? '-l' : '-lk'
    const discard = service === 'discard' ? ['>/dev/null'] : []
    return { line: ['nc', listen, ...words, host, String(port), ...discard] }
  },
}

export const ncTcpClient: Tool<typeof tcpClientOptions> = {
  name: 'nc',
  rules: {
    ...common,
    ...netcatStream,
    connectTimeout: (ms) => words('-w', wholeSeconds(ms)),
    retry: cannot('it tries once'),
    localAddress: (address) => words('-s', address),
    localPort: (port) => words('-p', String(port)),
    probe: words('-zv'),
    onEof: (what) => (what === 'close' ? words('-q', '0') : anyway),
    ...noTlsClient,
  },
  command({ host, port }, { words }, { onEof, probe }) {
    const fin = probe === true || (onEof ?? 'fin') !== 'fin' ? [] : ['-N']
    return { line: ['nc', ...fin, ...words, host, String(port)] }
  },
}

/** What nc and ncat lack for groups; without it there is nothing to listen to. */
export const noGroups = 'it joins no groups'

/** What netcats do not know of datagrams. */
export const netcatDatagrams = {
  split: (how) => (how === 'none' ? anyway : cannot('a datagram is what one read of its input brings')),
  chunk: cannot('a datagram is what one read of its input brings'),
  rate: cannot('it sends as fast as it can'),
  sequence: cannot('it numbers nothing'),
  truncate: noSuchLimit,
  maxQueue: noSuchLimit,
  interface: cannot('it chooses no interface'),
  multicastTtl: cannot('it knows no groups'),
  noLoopback: cannot('it knows no groups'),
} satisfies Partial<Rules<typeof datagramOptions>>

const datagrams = {
  ...netcatDatagrams,
  delay: (ms) => words('-i', wholeSeconds(ms)),
  receiveBuffer: (size) => words('-I', String(size)),
  sendBuffer: (size) => words('-O', String(size)),
  broadcast: words('-b'),
  ttl: (ttl) => words('-M', String(ttl)),
} satisfies Rules<typeof datagramOptions>

export const ncUdpServer: Tool<typeof udpServerOptions> = {
  name: 'nc',
  rules: {
    ...common,
    ...datagrams,
    service: (service) =>
      service === 'none' || service === 'discard' ? anyway : cannot('it has no services'),
    echo: cannot('it has no services'),
    join: cannot(noGroups),
    reuseAddress: cannot('it does not let its port be shared'),
    reusePort: cannot('it does not let its port be shared'),
  },
  command({ host, port }, { words }, { service, echo, join = [] }) {
    if (join.length > 0) return { none: noGroups }
    if (echo === true || !(service === undefined || service === 'none' || service === 'discard')) {
      return { none: noService }
    }
    const discard = service === 'discard' ? ['>/dev/null'] : []
    // Without -k it answers, and hears, the first peer only.
    return { line: ['nc', '-luk', ...words, host, String(port), ...discard] }
  },
}

export const ncUdpClient: Tool<typeof udpClientOptions> = {
  name: 'nc',
  rules: {
    ...common,
    ...datagrams,
    noConnect: cannot('its socket is always connected'),
    localAddress: (address) => words('-s', address),
    localPort: (port) => words('-p', String(port)),
    onEof: (what) => (what === 'close' ? words('-q', '1') : anyway),
  },
  command({ host, port }, { words }) {
    return { line: ['nc', '-u', ...words, host, String(port)] }
  },
}
