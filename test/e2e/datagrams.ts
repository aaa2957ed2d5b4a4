/** The other side of a test, made of node:dgram: a socket that does exactly what the test says. */
import assert from 'node:assert/strict'
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { readFileSync } from 'node:fs'
import { endianness, networkInterfaces } from 'node:os'
import type { TestContext } from 'node:test'
import { drawPort } from './sockets.ts'
import { type EventOf, type Running, type Serving, type StartOptions, start } from './sockpit.ts'

const patienceMs = 30_000

/** Why a test that reads /proc cannot run here. */
export const onLinux = process.platform === 'linux' ? false : '/proc is there on Linux only'

/** Why a test with ::1 cannot run here. */
export const withoutIpv6 = Object.values(networkInterfaces()).some((all) =>
  all?.some(({ address }) => address === '::1'),
)
  ? false
  : 'this machine has no ::1'

export interface Letter {
  readonly payload: Buffer
  readonly from: RemoteInfo
}

export interface MailboxOptions {
  readonly address?: string
  readonly port?: number
  /** Called for each datagram that comes. */
  readonly onLetter?: (letter: Letter, mailbox: Mailbox) => void
}

/** A datagram socket, and everything that came to it. */
export class Mailbox {
  readonly socket: Socket
  readonly letters: Letter[] = []
  readonly #looks = new Set<() => void>()

  constructor(socket: Socket, { onLetter }: MailboxOptions) {
    this.socket = socket
    socket.on('message', (payload, from) => {
      const letter = { payload, from }
      this.letters.push(letter)
      onLetter?.(letter, this)
      for (const look of this.#looks) look()
    })
    // ICMP says that nobody listened; who waits for an answer learns of it by waiting in vain.
    socket.on('error', () => {})
  }

  get address(): string {
    return this.socket.address().address
  }

  get port(): number {
    return this.socket.address().port
  }

  get texts(): string[] {
    return this.letters.map(({ payload }) => payload.toString())
  }

  /** Settles when the kernel has it, which on loopback means: when it has arrived. */
  send(payload: string | Uint8Array, port: number, address = this.address): Promise<void> {
    return new Promise((resolve, reject) => {
      this.socket.send(payload, port, address, (error) => (error ? reject(error) : resolve()))
    })
  }

  /** The datagram of this index, as soon as it is there. */
  at(index: number): Promise<Letter> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const letter = this.letters[index]
        if (letter === undefined) return
        clearTimeout(timer)
        this.#looks.delete(look)
        resolve(letter)
      }
      const timer = setTimeout(() => {
        this.#looks.delete(look)
        reject(new Error(`no datagram ${index} came, but: ${JSON.stringify(this.texts.slice(-20))}`))
      }, patienceMs)
      this.#looks.add(look)
      look()
    })
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.socket.close(resolve))
  }
}

/** Binds a datagram socket of this machine (a free port of 127.0.0.1); gone after the test. */
export async function openMailbox(t: TestContext, options: MailboxOptions = {}): Promise<Mailbox> {
  const { address = '127.0.0.1', port = 0 } = options
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4')
  t.after(() => {
    try {
      socket.close()
    } catch {
      // The test has closed it.
    }
  })
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject)
    socket.bind({ address, port, exclusive: true }, () => {
      socket.removeAllListeners('error')
      resolve()
    })
  })
  return new Mailbox(socket, options)
}

/** Sends everything back to where it came from. */
export function echo({ payload, from }: Letter, mailbox: Mailbox): void {
  mailbox.socket.send(payload, from.port, from.address)
}

/** A UDP port of this machine for who opens it next: the kernel gives it to nobody who asks for any. */
export async function freeDatagramPort(t: TestContext): Promise<number> {
  for (let tries = 1; ; tries += 1) {
    const port = drawPort()
    try {
      await (await openMailbox(t, { port })).close()
      return port
    } catch (error) {
      if (tries === 20) throw error
    }
  }
}

/** A UDP port on which nobody listens, and nobody can: the socket that has it is connected, and hears only itself. */
export async function closedDatagramPort(t: TestContext): Promise<number> {
  const { socket, port, address } = await openMailbox(t)
  await new Promise<void>((resolve) => socket.connect(port, address, resolve))
  return port
}

/** Starts `sockpit udp-server` on a free port of 127.0.0.1, telling JSON, and waits until it listens. */
export async function serveDatagrams(
  t: TestContext,
  args: readonly string[] = [],
  { address = '127.0.0.1:0', ...options }: StartOptions & { readonly address?: string } = {},
): Promise<Serving> {
  const server = start(t, ['udp-server', address, '--json', ...args], options)
  const { local } = await server.event('listening')
  return { server, port: local.port }
}

type Direction = EventOf<'datagram'>['direction']

/** The datagrams that a process told of, in order. */
export function told(running: Running, direction: Direction): EventOf<'datagram'>[] {
  return running.eventsOf('datagram').filter((one) => one.direction === direction)
}

/** Their payloads as text. */
export function toldTexts(running: Running, direction: Direction): string[] {
  return told(running, direction).map(({ payload }) => Buffer.from(payload).toString())
}

/** Settles when it has told of so many datagrams. */
export async function untilTold(running: Running, direction: Direction, count: number): Promise<void> {
  const what = `${count} datagrams ${direction}`
  await running.until(what, () => (told(running, direction).length >= count ? true : undefined))
}

/** An echo server answers whoever is honest: a round trip from a socket of its own. */
export async function assertEchoes(t: TestContext, port: number, payload = 'are you there?'): Promise<void> {
  const mailbox = await openMailbox(t)
  await mailbox.send(payload, port)
  assert.equal((await mailbox.at(0)).payload.toString(), payload)
}

/** What the kernel threw away for the socket on this port, as /proc tells: datagrams. */
export function kernelDrops(port: number): number {
  return Number(kernelRow(port).at(-1))
}

/** What waits in the kernel for the socket on this port, bytes as the kernel counts them. */
export function kernelQueue(port: number): number {
  const [, waiting = ''] = kernelRow(port)[4]?.split(':') ?? []
  return Number.parseInt(waiting, 16)
}

/** 127.0.0.1 as the kernel writes it: a number of 32 bits in the machine's own byte order. */
const localhost = endianness() === 'LE' ? '0100007F' : '7F000001'

/** See proc_pid_net(5): the addresses are in hex; the queues are the fifth column, the drops the last. */
function kernelRow(port: number): readonly string[] {
  const local = `${localhost}:${port.toString(16).toUpperCase().padStart(4, '0')}`
  // Where other sockets close while the table is read, the kernel may skip a row.
  for (let tries = 0; tries < 10; tries++) {
    const rows = readFileSync('/proc/net/udp', 'latin1').split('\n')
    const own = rows.map((line) => line.trim().split(/\s+/)).find((columns) => columns[1] === local)
    if (own !== undefined) return own
  }
  throw new Error(`there is no socket on port ${port}`)
}

/** Fires so many datagrams at a port of 127.0.0.1 as fast as the kernel takes them. */
export async function fire(t: TestContext, port: number, count: number, payload: Uint8Array): Promise<void> {
  const { socket } = await openMailbox(t)
  await new Promise<void>((resolve) => socket.connect(port, '127.0.0.1', resolve))
  await new Promise<void>((resolve, reject) => {
    let [sent, taken] = [0, 0]
    const next = (): void => {
      if (sent === count) return
      sent += 1
      socket.send(payload, (error) => {
        if (error) reject(error)
        taken += 1
        if (taken === count) resolve()
        else next()
      })
    }
    for (let inFlight = 0; inFlight < 64; inFlight++) next()
  })
}

/** How much memory a process has had at most, MiB. */
export function peakMiB({ child }: Running): number {
  const [, kiB] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'latin1')) ?? []
  return Number(kiB) / 1024
}
