/** The options of the commands as data: one row each, from which help, parsing and types are made. */
import { UsageError } from '../errors.ts'
import type { Transport } from '../event.ts'
import { datagramServiceNames } from '../net/datagram-services.ts'
import { datagramOnEofChoices, onEofChoices } from '../net/driver.ts'
import { serviceNames } from '../net/services.ts'
import {
  hopLimitRange,
  keepAliveRange,
  multicastHopLimitRange,
  parseDuration,
  parsePort,
  parseSize,
  parseWhole,
  type Range,
  readSizeRange,
} from '../quantities.ts'
import { splitChoices } from '../session/messages.ts'

/** One option. Without `parse` it is a switch; with `repeat` its values become a list, or a number of times. */
export interface OptionRow<V = unknown> {
  readonly flags: string
  readonly help: string
  readonly group: string
  readonly parse?: (text: string) => V
  readonly repeat?: true
}

type ValueOf<Row> = Row extends { readonly parse: (text: string) => infer V }
  ? Row extends { readonly repeat: true }
    ? readonly V[]
    : V
  : Row extends { readonly repeat: true }
    ? number
    : boolean

/** The values that were given for a table of options, under the names of its rows. */
export type Values<Rows> = { readonly [Name in keyof Rows]?: ValueOf<Rows[Name]> }

const duration = (range?: Range) => (text: string) => parseDuration(text, range)
const size = (range?: Range) => (text: string) => parseSize(text, range)
const whole = (range?: Range) => (text: string) => parseWhole(text, range)

/** One of a few words. */
function choice<const Words extends readonly string[]>(words: Words): (text: string) => Words[number] {
  return (text) => {
    const found = words.find((word) => word === text)
    if (found === undefined) throw new UsageError(`"${text}" is not one of ${words.join(', ')}`)
    return found
  }
}

const transports = ['tcp', 'udp', 'websocket'] as const satisfies readonly Transport[]

const asText = (text: string): string => text

const screen = 'What you see'
const session = 'What it does by itself'
const stream = 'The stream'
const connection = 'The connection'
const datagrams = 'The datagrams'
const reach = 'How far they go'
const messages = 'The messages'
const upgrade = 'The upgrade'

/** What every socket command takes. */
export const commonOptions = {
  view: {
    flags: '--view <view>',
    help: 'log, raw, hex or json (a terminal: log; a pipe: raw)',
    group: screen,
    parse: choice(['log', 'raw', 'hex', 'json']),
  },
  json: { flags: '--json', help: 'short for --view json', group: screen },
  hex: { flags: '-x, --hex', help: 'short for --view hex', group: screen },
  raw: { flags: '--raw', help: 'short for --view raw', group: screen },
  verbose: { flags: '-v, --verbose', help: 'tell more; -vv: still more', group: screen, repeat: true },
  quiet: { flags: '-q, --quiet', help: 'tell errors only', group: screen },
  time: {
    flags: '--time <how>',
    help: 'elapsed, delta, clock or none (elapsed)',
    group: screen,
    parse: choice(['elapsed', 'delta', 'clock', 'none']),
  },
  show: {
    flags: '--show <size>',
    help: 'how much of a payload log shows, or all (256)',
    group: screen,
    parse: (text: string) => (text === 'all' ? Number.POSITIVE_INFINITY : parseSize(text, { min: 0 })),
  },
  color: { flags: '--color', help: 'colour even where the output is no terminal', group: screen },
  noColor: { flags: '--no-color', help: 'no colour (NO_COLOR does the same)', group: screen },
  enter: {
    flags: '-e, --enter <line>',
    help: 'as if typed, before standard input; repeatable',
    group: session,
    parse: asText,
    repeat: true,
  },
  script: {
    flags: '--script <file>',
    help: 'lines of the language from a file, - for standard input',
    group: session,
    parse: asText,
  },
  wait: {
    flags: '-w, --wait <duration>',
    help: 'end after so long with nothing happening',
    group: session,
    parse: duration({ min: 1 }),
  },
  count: {
    flags: '-n, --count <n>',
    help: 'end after so many received reads',
    group: session,
    parse: whole({ min: 1 }),
  },
  eol: {
    flags: '--eol <end>',
    help: 'what ends a typed line: lf, crlf or none (lf)',
    group: session,
    parse: choice(['lf', 'crlf', 'none']),
  },
  noHistory: { flags: '--no-history', help: 'neither read nor keep typed lines', group: session },
  ipv4: { flags: '-4, --ipv4', help: 'IPv4 only', group: connection },
  ipv6: { flags: '-6, --ipv6', help: 'IPv6 only', group: connection },
} as const satisfies Record<string, OptionRow>

/** The same, where messages take the place of reads. */
const datagramCommonOptions = {
  ...commonOptions,
  wait: { ...commonOptions.wait, help: 'end after so long with nothing happening (client, at the end: 1s)' },
  count: { ...commonOptions.count, help: 'end after so many received datagrams' },
  eol: { ...commonOptions.eol, help: 'what ends a line that is sent: lf, crlf or none (none)' },
} as const satisfies Record<string, OptionRow>

/** The same over a WebSocket. */
const messageCommonOptions = {
  ...datagramCommonOptions,
  count: { ...commonOptions.count, help: 'end after so many received messages' },
} as const satisfies Record<string, OptionRow>

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
    help: 'bytes that may wait here for a peer that does not read (1MiB)',
    group: stream,
    parse: size(),
  },
  stallTimeout: {
    flags: '--stall-timeout <duration>',
    help: 'give up a peer that takes nothing for so long; 0: never (server: 30s)',
    group: stream,
    parse: duration(),
  },
} as const satisfies Record<string, OptionRow>

export const tcpServerOptions = {
  service: {
    flags: '--service <name>',
    help: 'none, echo, discard, chargen, daytime, time or chat (none)',
    group: connection,
    parse: choice(serviceNames),
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
    help: 'connections that may wait to be accepted (511)',
    group: connection,
    parse: whole({ min: 1, max: 65_535 }),
  },
  idleTimeout: {
    flags: '--idle-timeout <duration>',
    help: 'close a client after so long of silence; 0: never (0)',
    group: connection,
    parse: duration(),
  },
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
    help: 'try again so often, waiting longer each time (0)',
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
    help: 'at the end of standard input: fin, close or stay (fin)',
    group: connection,
    parse: choice(onEofChoices),
  },
  ...streamOptions,
  ...commonOptions,
} as const satisfies Record<string, OptionRow>

/** What both ends of a WebSocket take. */
export const webSocketOptions = {
  subprotocol: {
    flags: '--subprotocol <name>',
    help: 'speak this subprotocol; repeatable',
    group: upgrade,
    parse: asText,
    repeat: true,
  },
  noCompress: {
    flags: '--no-compress',
    help: 'no permessage-deflate (else it is offered and accepted)',
    group: upgrade,
  },
  split: {
    flags: '--split <how>',
    help: 'a message is a line, ends at a nul, or none: all of standard input; raw writes them alike (line)',
    group: messages,
    parse: choice(splitChoices),
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
    help: 'ping so often, and give up who says nothing until the next; 0: never (server: 20s)',
    group: connection,
    parse: duration(),
  },
  closeTimeout: {
    flags: '--close-timeout <duration>',
    help: 'how long the other side may take to close (5s)',
    group: connection,
    parse: duration({ min: 1 }),
  },
  readSize: streamOptions.readSize,
  rate: streamOptions.rate,
  hold: { ...streamOptions.hold, help: 'after the upgrade, do not read until /resume' },
  maxQueue: streamOptions.maxQueue,
  stallTimeout: {
    ...streamOptions.stallTimeout,
    help: 'give up a peer that takes nothing for so long; 0: never (30s)',
  },
} as const satisfies Record<string, OptionRow>

export const wsEchoOptions = {
  path: {
    flags: '--path <path>',
    help: 'serve this path, others get 404; repeatable (any)',
    group: upgrade,
    parse: asText,
    repeat: true,
  },
  origin: {
    flags: '--origin <origin>',
    help: 'pages of this origin may connect, * for any; repeatable (this machine)',
    group: upgrade,
    parse: asText,
    repeat: true,
  },
  handshakeTimeout: {
    flags: '--handshake-timeout <duration>',
    help: 'close who has not asked for the upgrade after so long (10s)',
    group: upgrade,
    parse: duration({ min: 1 }),
  },
  maxConnections: tcpServerOptions.maxConnections,
  backlog: tcpServerOptions.backlog,
  idleTimeout: tcpServerOptions.idleTimeout,
  ...webSocketOptions,
  ...messageCommonOptions,
} as const satisfies Record<string, OptionRow>

export const wsClientOptions = {
  header: {
    flags: '-H, --header <header>',
    help: "send this header too: 'Name: value'; repeatable",
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
    help: 'basic authentication; ws://user:password@host does the same',
    group: upgrade,
    parse: asText,
  },
  echo: { flags: '--echo', help: 'send every message back as it came, and stay', group: messages },
  binary: { flags: '--binary', help: 'typed and piped messages are binary', group: messages },
  connectTimeout: {
    ...tcpClientOptions.connectTimeout,
    help: 'give up connecting and the upgrade after so long (10s)',
  },
  onEof: {
    flags: '--on-eof <what>',
    help: 'at the end of standard input: close after -w (1s) without a message, or stay (close)',
    group: connection,
    parse: choice(datagramOnEofChoices),
  },
  ...webSocketOptions,
  ...messageCommonOptions,
} as const satisfies Record<string, OptionRow>

/** What both ends of UDP take. */
export const datagramOptions = {
  split: {
    flags: '--split <how>',
    help: 'a datagram is a line, ends at a nul, or none: all of standard input; raw writes them alike (line)',
    group: datagrams,
    parse: choice(splitChoices),
  },
  chunk: {
    flags: '--chunk <size>',
    help: 'cut what is sent into datagrams of so many bytes (then --split none)',
    group: datagrams,
    parse: size(),
  },
  delay: {
    flags: '--delay <duration>',
    help: 'pause between two datagrams',
    group: datagrams,
    parse: duration(),
  },
  rate: { flags: '--rate <size>', help: 'bytes sent a second at most', group: datagrams, parse: size() },
  sequence: {
    flags: '--sequence',
    help: 'number and time what is sent: loss, order, jitter, round trips',
    group: datagrams,
  },
  truncate: {
    flags: '--truncate <size>',
    help: 'tell what a recv of so many bytes would have lost',
    group: datagrams,
    parse: size(),
  },
  maxQueue: {
    flags: '--max-queue <n>',
    help: 'datagrams that may wait here to be sent (1000)',
    group: datagrams,
    parse: whole({ min: 1, max: 1_000_000 }),
  },
  receiveBuffer: {
    flags: '--receive-buffer <size>',
    help: "ask for so large a kernel's buffer; what it gives is told",
    group: datagrams,
    parse: size(),
  },
  sendBuffer: {
    flags: '--send-buffer <size>',
    help: 'the same for sending',
    group: datagrams,
    parse: size(),
  },
  broadcast: { flags: '--broadcast', help: 'allow sending to broadcast addresses', group: reach },
  interface: {
    flags: '--interface <interface>',
    help: 'reach groups through this one: a name or an address',
    group: reach,
    parse: asText,
  },
  ttl: {
    flags: '--ttl <n>',
    help: 'routers that a datagram may pass: TTL, hop limit',
    group: reach,
    parse: whole(hopLimitRange),
  },
  multicastTtl: {
    flags: '--multicast-ttl <n>',
    help: 'the same for groups (1)',
    group: reach,
    parse: whole(multicastHopLimitRange),
  },
  noLoopback: {
    flags: '--no-loopback',
    help: 'members on this machine get nothing of what we send to a group',
    group: reach,
  },
} as const satisfies Record<string, OptionRow>

export const udpServerOptions = {
  service: {
    flags: '--service <name>',
    help: 'none, echo, discard, chargen, daytime or time (none)',
    group: connection,
    parse: choice(datagramServiceNames),
  },
  echo: { flags: '--echo', help: 'short for --service echo', group: connection },
  join: {
    flags: '--join <group>',
    help: 'be a member of this multicast group; repeatable',
    group: reach,
    parse: asText,
    repeat: true,
  },
  reuseAddress: {
    flags: '--reuse-address',
    help: 'share the port with others who do so (with --join: always)',
    group: reach,
  },
  reusePort: {
    flags: '--reuse-port',
    help: 'share the port, the kernel spreading the senders',
    group: reach,
  },
  ...datagramOptions,
  ...datagramCommonOptions,
} as const satisfies Record<string, OptionRow>

export const udpClientOptions = {
  noConnect: {
    flags: '--no-connect',
    help: 'hear everybody, and nothing of refusals',
    group: connection,
  },
  localAddress: {
    flags: '--local-address <address>',
    help: 'send from this address',
    group: connection,
    parse: asText,
  },
  localPort: {
    flags: '--local-port <port>',
    help: 'send from this port',
    group: connection,
    parse: parsePort,
  },
  onEof: {
    flags: '--on-eof <what>',
    help: 'at the end of standard input: close after -w (1s) without a reply, or stay (close)',
    group: connection,
    parse: choice(datagramOnEofChoices),
  },
  ...datagramOptions,
  ...datagramCommonOptions,
} as const satisfies Record<string, OptionRow>

/** `tcp,udp`: in the order in which they are shown, each once. */
function parseTransports(text: string): readonly Transport[] {
  const named = text.split(',').map((word) => (word.trim() === 'ws' ? 'websocket' : word.trim()))
  const parse = choice(transports)
  for (const word of named) parse(word)
  return transports.filter((transport) => named.includes(transport))
}

export const compareOptions = {
  list: { flags: '--list', help: 'the experiments there are', group: 'What is run' },
  seed: {
    flags: '--seed <n>',
    help: 'repeat the run that was made with this seed',
    group: 'What is run',
    parse: whole({ max: 2 ** 32 - 1 }),
  },
  only: {
    flags: '--only <transports>',
    help: 'some of tcp, udp and websocket: tcp,udp',
    group: 'What is run',
    parse: parseTransports,
  },
  repeat: {
    flags: '--repeat <n>',
    help: 'run it so often, and show how many reads there were',
    group: 'What is run',
    parse: whole({ min: 1, max: 10_000 }),
  },
  report: {
    flags: '--report <file>',
    help: 'write it as a page of HTML, too',
    group: screen,
    parse: asText,
  },
  json: { flags: '--json', help: 'every event of every actor, then the claims', group: screen },
  width: {
    flags: '--width <columns>',
    help: 'draw for so many columns',
    group: screen,
    parse: whole({ min: 40, max: 400 }),
  },
  color: commonOptions.color,
  noColor: commonOptions.noColor,
} as const satisfies Record<string, OptionRow>

/** The service that was asked for by its name, or by `--echo`. @throws UsageError where both ask for different ones */
export function chooseService<Name extends string>({
  echo,
  service,
}: {
  readonly echo?: boolean
  readonly service?: Name
}): Name | 'echo' | 'none' {
  if (echo !== true) return service ?? 'none'
  if (service === undefined || service === 'echo') return 'echo'
  throw new UsageError(`--echo is short for --service echo, but --service ${service} was given too`)
}
