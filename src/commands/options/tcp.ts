import { onEofChoices } from '../../net/driver.ts'
import { serviceNames } from '../../net/service-names.ts'
import { keepAliveRange, parsePort, readSizeRange } from '../../quantities.ts'
import { commonOptions } from './common.ts'
import { asText, choice, duration, type OptionRow, size, whole } from './row.ts'
import { tlsClientOptions, tlsFromStart, tlsHandshakeTimeout, tlsServerOptions } from './tls.ts'

const stream = 'The stream'
const connection = 'The connection'

/** What both ends of TCP take. */
export const streamOptions = {
  noDelay: { flags: '--no-delay', help: 'send small writes at once (TCP_NODELAY)', group: stream },
  keepAlive: {
    flags: '--keep-alive <duration>',
    help: 'probe a silent peer after so long',
    group: stream,
    parse: duration(keepAliveRange),
  },
  readSize: {
    flags: '--read-size <size>',
    help: 'bytes taken a read at most (64KiB)',
    group: stream,
    parse: size(readSizeRange),
  },
  rate: { flags: '--rate <size>', help: 'bytes read a second at most', group: stream, parse: size() },
  chunk: { flags: '--chunk <size>', help: 'write in pieces of so many bytes', group: stream, parse: size() },
  delay: { flags: '--delay <duration>', help: 'pause between two writes', group: stream, parse: duration() },
  hold: { flags: '--hold', help: 'do not read until /resume', group: stream },
  halfOpen: { flags: '--half-open', help: "do not answer the peer's FIN with ours", group: stream },
  maxQueue: {
    flags: '--max-queue <size>',
    help: 'what may wait here for a slow peer (1MiB)',
    group: stream,
    parse: size(),
  },
  stallTimeout: {
    flags: '--stall-timeout <duration>',
    help: 'close the stalled; 0: never (server: 30s)',
    group: stream,
    parse: duration(),
  },
} as const satisfies Record<string, OptionRow>

export const tcpServerOptions = {
  service: {
    flags: '--service <name>',
    help: 'echo, discard, chargen, daytime, time, chat',
    group: connection,
    ...choice(serviceNames),
  },
  echo: { flags: '--echo', help: 'short for --service echo', group: connection },
  once: { flags: '--once', help: 'serve one client, then end', group: connection },
  maxConnections: {
    flags: '--max-connections <n>',
    help: 'refuse more clients than this (1000)',
    group: connection,
    parse: whole({ min: 1, max: 1_000_000 }),
  },
  backlog: {
    flags: '--backlog <n>',
    help: 'connections that may wait for accept (511)',
    group: connection,
    parse: whole({ min: 1, max: 65_535 }),
  },
  idleTimeout: {
    flags: '--idle-timeout <duration>',
    help: 'close a client after so long of silence',
    group: connection,
    parse: duration(),
  },
  ...tlsServerOptions,
  handshakeTimeout: tlsHandshakeTimeout,
  ...streamOptions,
  ...commonOptions,
} as const satisfies Record<string, OptionRow>

export const tcpClientOptions = {
  connectTimeout: {
    flags: '--connect-timeout <duration>',
    help: 'give up connecting after so long (10s)',
    group: connection,
    parse: duration({ min: 1 }),
  },
  retry: {
    flags: '--retry <n>',
    help: 'try again so often, ever more slowly (0)',
    group: connection,
    parse: whole({ max: 1_000 }),
  },
  localAddress: {
    flags: '--local-address <address>',
    help: 'connect from this address',
    group: connection,
    parse: asText,
  },
  localPort: {
    flags: '--local-port <port>',
    help: 'connect from this port',
    group: connection,
    parse: parsePort,
  },
  probe: { flags: '-z, --probe', help: 'connect, tell how long it took, leave', group: connection },
  onEof: {
    flags: '--on-eof <what>',
    help: 'when stdin ends: fin, close, stay (fin)',
    group: connection,
    ...choice(onEofChoices),
  },
  ...tlsFromStart,
  ...tlsClientOptions,
  ...streamOptions,
  ...commonOptions,
} as const satisfies Record<string, OptionRow>
