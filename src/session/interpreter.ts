import { isUtf8 } from 'node:buffer'
import type { FileHandle } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type Action,
  type Condition,
  type Dialect,
  type Peers,
  parseLine,
  type SessionAction,
  type SocketAction,
  unusableVerb,
  verbRows,
} from '../action.ts'
import { describeSystemError, UsageError } from '../errors.ts'
import type { Teller, Transport } from '../event.ts'
import { exitCodes } from '../exit-code.ts'
import type { Driver } from '../net/driver.ts'
import { noSuchPeer } from '../net/roster.ts'
import type { Setting } from '../settings.ts'
import { formatBytes, formatDuration } from '../views/units.ts'
import { Stop } from './stop.ts'
import type { Watch } from './watch.ts'

/** How long `/quit` waits for peers to take what is queued, milliseconds. */
const quitGraceMs = 30_000

export interface Surroundings {
  readonly driver: Driver
  readonly teller: Teller
  readonly watch: Watch
  readonly stop: AbortController
}

/** Understands lines and carries them out: what is the session's own here, everything else on the driver. */
export class Interpreter {
  readonly #surroundings: Surroundings
  #dialect: Dialect
  /** Whom lines mean that name nobody. */
  #chosen: Peers | undefined

  constructor(dialect: Dialect, surroundings: Surroundings) {
    this.#dialect = dialect
    this.#surroundings = surroundings
  }

  get dialect(): Dialect {
    return this.#dialect
  }

  get chosen(): Peers | undefined {
    return this.#chosen
  }

  /** @throws UsageError */
  parse(line: string): Action {
    return parseLine(line, this.#dialect)
  }

  /** Carries out one line, for the peers that it names or that were chosen before. @throws SockpitError */
  async line(line: string): Promise<void> {
    await this.carryOut(this.parse(line))
  }

  async carryOut(action: Action, peers: Peers | undefined = this.#chosen): Promise<void> {
    if (isSessionAction(action)) await this.#ownAction(action, peers)
    else await this.#socketAction(action, peers)
  }

  async #socketAction(action: SocketAction, peers: Peers | undefined): Promise<void> {
    if (action.kind === 'set' && action.setting.name === 'eol') {
      this.#dialect = { ...this.#dialect, eol: action.setting.value }
      this.#note(`a typed line now ends with ${action.setting.value}`)
      return
    }
    const { driver } = this.#surroundings
    const addressed = 'peers' in action || peers === undefined ? action : { ...action, peers }
    await driver.perform(addressed)
    if (action.kind === 'set') this.#note(`${action.setting.name} is ${settingText(action.setting)} now`)
  }

  async #ownAction(action: SessionAction, peers: Peers | undefined): Promise<void> {
    const { watch, teller, stop } = this.#surroundings
    switch (action.kind) {
      case 'to':
        if (action.action !== undefined) return this.carryOut(action.action, action.peers)
        this.#choose(action.peers)
        return undefined
      case 'file':
        return this.#sendFile(action.path, action.peers ?? peers)
      case 'wait':
        await sleep(action.ms, undefined, { signal: stop.signal })
        return undefined
      case 'await':
        return this.#await(action.condition, action.withinMs)
      case 'expect': {
        const { payload, withinMs } = action
        const whose = peers === undefined ? {} : { peers }
        return watch.expect(payload, { ...whose, withinMs, signal: stop.signal, teller })
      }
      case 'help':
        this.#note(helpText(this.#dialect, action.verb))
        return undefined
      case 'quit':
        stop.abort(
          new Stop(exitCodes.ok, {
            graceMs: quitGraceMs,
            // The end of a connection is told where it ends; what became of datagrams, here.
            isQuiet: this.#dialect.transport === 'udp',
          }),
        )
        return undefined
    }
  }

  async #await(condition: Condition, withinMs: number | undefined): Promise<void> {
    const { driver, watch, stop } = this.#surroundings
    let isSent = condition !== 'drained'
    if (!isSent) {
      void driver.drained().then(() => {
        isSent = true
        watch.look()
      })
    }
    await watch.until(condition, withinMs, stop.signal, () => isSent)
  }

  #choose(peers: Peers): void {
    const connected = this.#surroundings.driver.peers()
    if (typeof peers === 'number' && !connected.includes(peers)) {
      throw noSuchPeer(peers, connected, this.#dialect.transport)
    }
    this.#chosen = peers === 'all' ? undefined : peers
    this.#note(
      peers === 'all'
        ? `lines mean every ${this.#dialect.transport === 'udp' ? 'peer' : 'client'} now`
        : `lines mean #${peers} now; /to all ends that`,
    )
  }

  async #sendFile(path: string, peers: Peers | undefined): Promise<void> {
    const { driver } = this.#surroundings
    const to = peers === undefined ? {} : { peers }
    const { open } = await import('node:fs/promises')
    try {
      const file = await open(path)
      try {
        if (driver.filePiece === Number.POSITIVE_INFINITY) {
          await driver.perform({ ...(await this.#fileMessage(file, path)), ...to })
          return
        }
        for await (const piece of file.createReadStream({ highWaterMark: driver.filePiece })) {
          await driver.perform({ kind: 'send', payload: piece, ...to })
        }
      } finally {
        await file.close()
      }
    } catch (error) {
      if (error instanceof UsageError) throw error
      throw new UsageError(`Cannot send the file "${path}": ${describeSystemError(error)}`, { cause: error })
    }
  }

  /** A file that is one message. @throws UsageError where it is too large for any */
  async #fileMessage(file: FileHandle, path: string): Promise<SocketAction> {
    const { transport } = this.#dialect
    const { longestMessage } = this.#surroundings.driver
    const payload = await readAtMost(file, longestMessage + 1)
    if (payload.length > longestMessage) {
      const why = tooLarge(transport, longestMessage)
      throw new UsageError(`Cannot send the file "${path}" as one message: ${why}`)
    }
    const isBinary = transport === 'websocket' && !isUtf8(payload)
    return isBinary ? { kind: 'send', payload, binary: true } : { kind: 'send', payload }
  }

  #note(text: string): void {
    this.#surroundings.teller.tell(this.#dialect.role, { kind: 'note', text })
  }
}

async function readAtMost(file: FileHandle, size: number): Promise<Uint8Array> {
  const pieces: Buffer[] = []
  for await (const piece of file.createReadStream({ end: size - 1, autoClose: false })) pieces.push(piece)
  return Buffer.concat(pieces)
}

function tooLarge(transport: Transport, longest: number): string {
  return transport === 'websocket'
    ? `it is larger than ${formatBytes(longest)}; a larger --max-payload lets it go`
    : 'it is far longer than a datagram can be; /set chunk 1400 sends it in pieces'
}

const sessionKinds: ReadonlySet<string> = new Set([
  'file',
  'to',
  'wait',
  'await',
  'expect',
  'help',
  'quit',
] satisfies SessionAction['kind'][])

function isSessionAction(action: Action): action is SessionAction {
  return sessionKinds.has(action.kind)
}

function settingText({ name, value }: Setting): string {
  if (name === 'ttl' || name === 'multicast-ttl') return String(value)
  if (value === undefined || value === false) return 'off'
  if (value === true) return 'on'
  if (name === 'delay' || name === 'keep-alive') return formatDuration(value)
  return name === 'eol' ? value : formatBytes(value)
}

function helpText(dialect: Dialect, verb: string | undefined): string {
  const rows = verbRows(dialect)
  if (verb === undefined) {
    const lines = rows.map((row) => `/${row.verb.padEnd(7)} ${row.brief}`)
    return [
      'A line is sent as it is; // sends a line that starts with /.',
      ...lines,
      '/help VERB says more.',
    ].join('\n')
  }
  const row = rows.find((one) => one.verb === verb)
  if (row === undefined) throw unusableVerb(verb, dialect)
  const { usage, summary, sense, example } = row
  return [usage, summary, ...(sense === undefined ? [] : [sense]), `For example: ${example}`].join('\n')
}
