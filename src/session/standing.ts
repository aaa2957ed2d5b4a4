import type { Dialect, Peers } from '../action.ts'
import { type Event, type EventKind, formatEndpoint, type Listener } from '../event.ts'
import { formatCount } from '../views/units.ts'

const kinds: ReadonlySet<EventKind> = new Set([
  'opened',
  'peer',
  'tls',
  'ended',
  'paused',
  'resumed',
  'closed',
])

/** How many sockets are remembered: a flood of peers must not fill memory. */
const mostSockets = 4_096

/** How one socket stands. */
interface State {
  readonly remote: string
  /** A WebSocket's connection, before its upgrade. */
  readonly isUpgrading?: boolean
  readonly isSecure?: boolean
  readonly endedByUs?: boolean
  readonly endedByPeer?: boolean
  readonly isPaused?: boolean
}

/** How the sockets of a session stand, in the few words that fit into a prompt. */
export class Standing implements Listener {
  readonly #dialect: Pick<Dialect, 'role' | 'transport'>
  readonly #states = new Map<string, State>()

  constructor(dialect: Pick<Dialect, 'role' | 'transport'>) {
    this.#dialect = dialect
  }

  wants(kind: EventKind): boolean {
    return kinds.has(kind)
  }

  hear(event: Event): void {
    const { socket } = event
    if (event.kind === 'closed') this.#states.delete(socket)
    else if (event.kind === 'opened' || event.kind === 'peer') {
      const isUpgrading = event.kind === 'opened' && this.#isBeforeUpgrade(event.transport)
      const { isSecure = false } = this.#states.get(socket) ?? {}
      this.#states.set(socket, { remote: formatEndpoint(event.remote), isUpgrading, isSecure })
      if (this.#states.size > mostSockets) this.#forgetOldest()
    } else {
      const state = this.#states.get(socket)
      const change = changeOf(event)
      if (state !== undefined && change !== undefined) this.#states.set(socket, { ...state, ...change })
    }
  }

  /** What stands before the `>`: `127.0.0.1:9000 open`, `2 clients`, `#2 127.0.0.1:40112 paused`. */
  text(chosen: Peers | undefined): string {
    const { role, transport } = this.#dialect
    if (role === 'client') return this.#stateText('client')
    if (typeof chosen === 'number') return `#${chosen} ${this.#stateText(`server#${chosen}`)}`
    const noun = transport === 'udp' ? 'peer' : 'client'
    const count = this.#states.size
    return count === 0 ? `no ${noun}` : formatCount(count, noun)
  }

  #isBeforeUpgrade(transport: string): boolean {
    return this.#dialect.transport === 'websocket' && transport === 'tcp'
  }

  #forgetOldest(): void {
    const [oldest] = this.#states.keys()
    if (oldest !== undefined) this.#states.delete(oldest)
  }

  #stateText(socket: string): string {
    const state = this.#states.get(socket)
    if (state === undefined) return 'closed'
    const { transport } = this.#dialect
    return `${state.remote} ${transport === 'udp' ? 'udp' : words(state)}`
  }
}

function changeOf(event: Event): Partial<State> | undefined {
  switch (event.kind) {
    case 'tls':
      return { isSecure: true }
    case 'ended':
      return event.by === 'us' ? { endedByUs: true } : { endedByPeer: true }
    case 'paused':
      return { isPaused: true }
    case 'resumed':
      return { isPaused: false }
    default:
      return undefined
  }
}

function words({ isUpgrading, isSecure, endedByUs, endedByPeer, isPaused }: State): string {
  const paused = isPaused === true ? ['paused'] : []
  const secure = isSecure === true ? ['TLS'] : []
  if (endedByUs === true && endedByPeer === true) return 'closing'
  if (endedByUs === true) return ['half-closed by us', ...paused, ...secure].join(', ')
  if (endedByPeer === true) return ['half-closed by them', ...paused, ...secure].join(', ')
  if (isUpgrading === true) return ['upgrading', ...paused, ...secure].join(', ')
  return [paused[0] ?? 'open', ...secure].join(', ')
}
