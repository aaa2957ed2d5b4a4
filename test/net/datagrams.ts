/** Real datagram sockets on the loopback for the tests of net, and what both ends of UDP are told by default. */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { networkInterfaces } from 'node:os'
import type { Event, EventKind, EventOf } from '../../src/event.ts'
import type { DatagramOptions } from '../../src/net/datagram-port.ts'

export const datagramDefaults: DatagramOptions = {
  ...{ chunk: undefined, delayMs: undefined, rate: undefined, maxQueue: 1_000 },
  ...{ truncate: undefined, sequence: false, broadcast: false, ttl: undefined, multicastTtl: undefined },
  ...{ multicastLoopback: true, interface: undefined, receiveBuffer: undefined, sendBuffer: undefined },
}

const loopback = Object.values(networkInterfaces()).flatMap((list) => list ?? [])
const hasIPv6 = loopback.some((one) => one.address === '::1')

/** For tests that need more of the system than any has: each is bounded in time. */
export const quick = { timeout: 10_000 }
export const needsIPv6 = { ...quick, skip: hasIPv6 ? false : 'this machine has no IPv6' }
export const needsLinux = { ...quick, skip: process.platform === 'linux' ? false : 'only Linux does this' }

const patienceMs = 15_000

/** Waits until it is so, turn by turn of the event loop; says what did not come where it takes too long. */
export async function until(isSo: () => boolean, what: string): Promise<void> {
  const deadline = performance.now() + patienceMs
  while (!isSo()) {
    if (performance.now() > deadline) throw new Error(`it did not come to this: ${what}`)
    await new Promise(setImmediate)
  }
}

/** Everything that waits in the kernel for sockets of this process has been read. */
export async function someTurns(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
}

/** The handle under a datagram socket, whose methods a test may replace. */
export function handleUnder(socket: unknown): { send(...words: unknown[]): unknown } {
  const keys = Object.getOwnPropertySymbols(Object(socket))
  const key = keys.find(({ description }) => description === 'state symbol')
  return Object(socket)[key ?? ''].handle
}

/** A socket that we did not write, and what came to it. */
export interface Far {
  readonly socket: Socket
  readonly port: number
  readonly address: string
  /** As text of one byte a character. */
  readonly received: string[]
  readonly from: RemoteInfo[]
  /** Settles when the kernel has it, which on the loopback means that it has arrived. */
  send(text: string, port: number, address?: string): Promise<void>
  /** From now on each datagram is answered. */
  answer(how: (text: string) => string): void
  close(): Promise<void>
}

const opened = new Set<Far>()

export interface FarOptions {
  readonly address?: string
  readonly port?: number
  readonly reuse?: boolean
}

/** Opens a socket in this very turn: nothing can come between. */
export function farNow({ address = '127.0.0.1', port = 0, reuse = false }: FarOptions = {}): Far {
  const type = address.includes(':') ? 'udp6' : 'udp4'
  const lookup = (
    host: string,
    _: unknown,
    done: (error: Error | null, host: string, family: number) => void,
  ) => done(null, host, type === 'udp6' ? 6 : 4)
  const socket = createSocket({ type, lookup: lookup as never, reuseAddr: reuse })
  const received: string[] = []
  const from: RemoteInfo[] = []
  socket.on('message', (payload, info) => {
    received.push(payload.toString('latin1'))
    from.push(info)
  })
  socket.on('error', () => {})
  socket.bind({ address, port, exclusive: true })
  const far: Far = {
    socket,
    received,
    from,
    address,
    get port() {
      return socket.address().port
    },
    send: (text, toPort, toAddress = address) =>
      new Promise((resolve, reject) => {
        socket.send(Buffer.from(text, 'latin1'), toPort, toAddress, (error) =>
          error ? reject(error) : resolve(),
        )
      }),
    answer(how) {
      socket.on('message', (payload, info) => {
        socket.send(Buffer.from(how(payload.toString('latin1')), 'latin1'), info.port, info.address)
      })
    },
    async close() {
      if (!opened.delete(far)) return
      socket.close()
      await once(socket, 'close')
    },
  }
  opened.add(far)
  return far
}

/** A socket on a free port. */
export async function farSocket(options: FarOptions = {}): Promise<Far> {
  const far = farNow(options)
  // Bound in this turn, it says so in this turn: only its port is still to be seen.
  await until(() => far.port > 0, 'a port')
  return far
}

/** A port of the loopback on which no datagram socket is open. */
export async function closedUdpPort(address = '127.0.0.1'): Promise<number> {
  const far = await farSocket({ address })
  const { port } = far
  await far.close()
  return port
}

export async function closeFarSockets(): Promise<void> {
  await Promise.all([...opened].map((far) => far.close()))
}

/** The events of a kind. */
export function ofKind<Kind extends EventKind>(events: readonly Event[], kind: Kind): EventOf<Kind>[] {
  return events.filter((event): event is EventOf<Kind> => event.kind === kind)
}

/** The datagrams that were told, such as `client sent hello`. */
export function datagramsOf(events: readonly Event[]): string[] {
  return ofKind(events, 'datagram').map(
    ({ socket, direction, payload }) => `${socket} ${direction} ${Buffer.from(payload).toString('latin1')}`,
  )
}
