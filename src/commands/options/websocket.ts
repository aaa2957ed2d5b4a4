import { datagramOnEofChoices } from '../../net/driver.ts'
import { splitChoices } from '../../session/messages.ts'
import { commonOptions } from './common.ts'
import { asText, choice, duration, type OptionRow, size } from './row.ts'
import { streamOptions, tcpClientOptions, tcpServerOptions } from './tcp.ts'
import { tlsClientOptions, tlsServerOptions } from './tls.ts'

const connection = 'The connection'
const messages = 'The messages'
const upgrade = 'The upgrade'

/** What both ends of a WebSocket take. */
export const webSocketOptions = {
  subprotocol: {
    flags: '--subprotocol <name>',
    help: 'speak this subprotocol; repeatable',
    group: upgrade,
    parse: asText,
    repeat: true,
  },
  noCompress: { flags: '--no-compress', help: 'without permessage-deflate', group: upgrade },
  split: {
    flags: '--split <how>',
    help: 'a message is a line, nul, or none: all (line)',
    group: messages,
    ...choice(splitChoices),
  },
  maxPayload: {
    flags: '--max-payload <size>',
    help: 'the longest message that is taken (16MiB)',
    group: messages,
    parse: size({ max: 2 ** 30 }),
  },
  lax: { flags: '--lax', help: 'do not judge frames: for experiments', group: messages },
  pingInterval: {
    flags: '--ping-interval <duration>',
    help: 'ping, and close who is silent (server: 20s)',
    group: connection,
    parse: duration(),
  },
  closeTimeout: {
    flags: '--close-timeout <duration>',
    help: 'time for the other side to close (5s)',
    group: connection,
    parse: duration({ min: 1 }),
  },
  readSize: streamOptions.readSize,
  rate: streamOptions.rate,
  hold: { ...streamOptions.hold, help: 'after the upgrade, do not read until /resume' },
  maxQueue: streamOptions.maxQueue,
  stallTimeout: {
    ...streamOptions.stallTimeout,
    help: 'close who takes nothing; 0: never (30s)',
  },
} as const satisfies Record<string, OptionRow>

export const wsEchoOptions = {
  path: {
    flags: '--path <path>',
    help: 'serve this one, else 404; repeatable (any)',
    group: upgrade,
    parse: asText,
    repeat: true,
  },
  origin: {
    flags: '--origin <origin>',
    help: 'let its pages in, * any; repeatable (loopback)',
    group: upgrade,
    parse: asText,
    repeat: true,
  },
  handshakeTimeout: {
    flags: '--handshake-timeout <duration>',
    help: 'close who asks for no upgrade (10s)',
    group: upgrade,
    parse: duration({ min: 1 }),
  },
  maxConnections: tcpServerOptions.maxConnections,
  backlog: tcpServerOptions.backlog,
  idleTimeout: tcpServerOptions.idleTimeout,
  ...tlsServerOptions,
  ...webSocketOptions,
  ...commonOptions,
} as const satisfies Record<string, OptionRow>

export const wsClientOptions = {
  header: {
    flags: '-H, --header <header>',
    help: "send 'Name: value', too; repeatable",
    group: upgrade,
    parse: asText,
    repeat: true,
  },
  origin: {
    flags: '--origin <origin>',
    help: 'as a page of this origin would',
    group: upgrade,
    parse: asText,
  },
  auth: {
    flags: '--auth <user:password>',
    help: 'basic authentication; or in the URL',
    group: upgrade,
    parse: asText,
  },
  echo: { flags: '--echo', help: 'send back what comes, and stay', group: messages },
  binary: { flags: '--binary', help: 'typed and piped messages are binary', group: messages },
  connectTimeout: {
    ...tcpClientOptions.connectTimeout,
    help: 'for connecting and the upgrade (10s)',
  },
  onEof: {
    flags: '--on-eof <what>',
    help: 'when stdin ends: close after -w (1s), or stay',
    group: connection,
    ...choice(datagramOnEofChoices),
  },
  ...tlsClientOptions,
  ...webSocketOptions,
  ...commonOptions,
} as const satisfies Record<string, OptionRow>
