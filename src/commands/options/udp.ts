import { datagramOnEofChoices } from '../../net/driver.ts'
import { datagramServiceNames } from '../../net/service-names.ts'
import { hopLimitRange, multicastHopLimitRange, parsePort } from '../../quantities.ts'
import { splitChoices } from '../../session/messages.ts'
import { commonOptions } from './common.ts'
import { asText, choice, duration, type OptionRow, size, whole } from './row.ts'

const connection = 'The connection'
const datagrams = 'The datagrams'
const reach = 'How far they go'

/** What both ends of UDP take. */
export const datagramOptions = {
  split: {
    flags: '--split <how>',
    help: 'a datagram is a line, nul, or none: all (line)',
    group: datagrams,
    ...choice(splitChoices),
  },
  chunk: {
    flags: '--chunk <size>',
    help: 'cut into datagrams of so many bytes',
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
    help: 'number them: loss, order, jitter, round trips',
    group: datagrams,
  },
  truncate: {
    flags: '--truncate <size>',
    help: 'tell what a recv of so many bytes would lose',
    group: datagrams,
    parse: size(),
  },
  maxQueue: {
    flags: '--max-queue <n>',
    help: 'datagrams that may wait to be sent (1000)',
    group: datagrams,
    parse: whole({ min: 1, max: 1_000_000 }),
  },
  receiveBuffer: {
    flags: '--receive-buffer <size>',
    help: "ask for so large a kernel's buffer",
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
    help: 'reach groups through it: a name or an address',
    group: reach,
    parse: asText,
  },
  ttl: {
    flags: '--ttl <n>',
    help: 'routers that it may pass: TTL, hop limit',
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
    help: 'members on this machine get nothing of ours',
    group: reach,
  },
} as const satisfies Record<string, OptionRow>

export const udpServerOptions = {
  service: {
    flags: '--service <name>',
    help: 'echo, discard, chargen, daytime, time',
    group: connection,
    ...choice(datagramServiceNames),
  },
  echo: { flags: '--echo', help: 'short for --service echo', group: connection },
  join: {
    flags: '--join <group>',
    help: 'be in this multicast group; repeatable',
    group: reach,
    parse: asText,
    repeat: true,
  },
  reuseAddress: {
    flags: '--reuse-address',
    help: 'share the port with others who do so',
    group: reach,
  },
  reusePort: {
    flags: '--reuse-port',
    help: 'share it, the kernel spreading the senders',
    group: reach,
  },
  ...datagramOptions,
  ...commonOptions,
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
    help: 'when stdin ends: close after -w (1s), or stay',
    group: connection,
    ...choice(datagramOnEofChoices),
  },
  ...datagramOptions,
  ...commonOptions,
} as const satisfies Record<string, OptionRow>
