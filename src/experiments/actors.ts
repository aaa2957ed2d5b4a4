/** sockpit's own commands as actors: a server on a free port of the loopback, and clients that find it. */
import type { Transport } from '../event.ts'
import { any, hasLeft, hasTold } from './conditions.ts'
import { told } from './evidence.ts'
import type { Actor, Evidence } from './experiment.ts'

interface ServerOptions {
  /** `server` where nothing else is said. */
  readonly name?: string
  /** Options of the command. */
  readonly flags?: readonly string[]
}

interface ClientOptions {
  /** `client` where nothing else is said. */
  readonly name?: string
  /** The actor that it goes to: `server` where nothing else is said. */
  readonly to?: string
  /** Options of the command. */
  readonly flags?: readonly string[]
}

const anyPort = '127.0.0.1:0'

export function tcpServer({ name = 'server', flags = [] }: ServerOptions = {}): Actor {
  return { name, words: () => ['tcp-server', anyPort, ...flags], isReady: hasTold(name, 'listening') }
}

/** Ready when both ends know that they are connected. It sends small writes at once, and stays until it is sent away. */
export function tcpClient({ name = 'client', to = 'server', flags = [] }: ClientOptions = {}): Actor {
  return {
    name,
    words: (heard) => [
      'tcp-client',
      '127.0.0.1',
      String(portOf(heard, to)),
      ...['--no-delay', '--on-eof', 'stay'],
      ...flags,
    ],
    isReady: (heard) => isConnected(heard, 'tcp', name, to),
  }
}

export function udpServer({ name = 'server', flags = [] }: ServerOptions = {}): Actor {
  return { name, words: () => ['udp-server', anyPort, ...flags], isReady: hasTold(name, 'listening') }
}

/** Ready when its socket is open: nobody else learns of that. */
export function udpClient({ name = 'client', to = 'server', flags = [] }: ClientOptions = {}): Actor {
  return {
    name,
    words: (heard) => [
      ...['udp-client', '127.0.0.1', String(portOf(heard, to))],
      ...['--on-eof', 'stay'],
      ...flags,
    ],
    isReady: hasTold(name, 'opened'),
  }
}

/** It echoes every message, does not compress, and pings nobody. */
export function wsServer({ name = 'server', flags = [] }: ServerOptions = {}): Actor {
  return {
    name,
    words: () => ['ws-echo', anyPort, '--no-compress', '--ping-interval', '0', ...flags],
    isReady: hasTold(name, 'listening'),
  }
}

/** Ready when the upgrade is done on both ends. It does not compress, and stays until it is sent away. */
export function wsClient({ name = 'client', to = 'server', flags = [] }: ClientOptions = {}): Actor {
  return {
    name,
    words: (heard) => [
      ...['ws-client', `ws://127.0.0.1:${portOf(heard, to)}/`],
      ...['--no-compress', '--on-eof', 'stay'],
      ...flags,
    ],
    isReady: (heard) => isConnected(heard, 'websocket', name, to),
  }
}

/** The port on which the actor listens, or listened last. */
export function portOf(heard: Evidence, server: string): number | undefined {
  return told(heard, server, 'listening').at(-1)?.local.port
}

/** Both ends have told of one and the same connection over the transport. */
function isConnected(heard: Evidence, transport: Transport, client: string, server: string): boolean {
  const openedBy = (actor: string) =>
    told(heard, actor, 'opened').filter((opened) => opened.transport === transport)
  const local = openedBy(client).at(-1)?.local
  return (
    local !== undefined &&
    openedBy(server).some(({ remote }) => remote.port === local.port && remote.address === local.address)
  )
}

/** The same, but it may end by itself, even before it is ready. */
export function mayLeave(actor: Actor): Actor {
  return { ...actor, leaves: true, isReady: any(actor.isReady, hasLeft(actor.name)) }
}
