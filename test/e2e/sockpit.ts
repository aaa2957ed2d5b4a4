/** Runs `bin/sockpit.js` as a process: starts it, waits for what it tells, and sees to it that it ends. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Event, EventKind, Transport } from '../../src/event.ts'
import { decodeEvent } from '../../src/views/json.ts'

export type EventOf<Kind extends EventKind> = Extract<Event, { kind: Kind }>

type Over<Name extends Transport, Told extends { readonly transport: Transport }> = Extract<
  Told,
  { readonly transport: Name }
>

/** The event, which has to be one of TCP. */
export function overTcp<Told extends EventOf<'opened' | 'closed' | 'stats'>>(event: Told): Over<'tcp', Told> {
  if (isOver(event, 'tcp')) return event
  throw new Error(`not of TCP: ${JSON.stringify(event)}`)
}

/** The event, which has to be one of UDP. */
export function overUdp<Told extends EventOf<'opened' | 'closed' | 'stats'>>(event: Told): Over<'udp', Told> {
  if (isOver(event, 'udp')) return event
  throw new Error(`not of UDP: ${JSON.stringify(event)}`)
}

/** The event, which has to be one of WebSocket. */
export function overWebSocket<Told extends EventOf<'opened' | 'closed' | 'stats'>>(
  event: Told,
): Over<'websocket', Told> {
  if (isOver(event, 'websocket')) return event
  throw new Error(`not of WebSocket: ${JSON.stringify(event)}`)
}

export function isOver<Name extends Transport, Told extends { readonly transport: Transport }>(
  event: Told,
  transport: Name,
): event is Over<Name, Told> {
  return event.transport === transport
}

/** How a process ended, and all that it said. */
export interface Outcome {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: Buffer
  readonly stderr: string
}

export interface StartOptions {
  /** `pipe` is left open, `ignore` is /dev/null, a Buffer or text is sent and ended. */
  readonly stdin?: 'pipe' | 'ignore' | number | Buffer | string
  readonly stdout?: 'pipe' | number
  readonly stderr?: 'pipe' | number
  /** Leaves standard output unread until {@link Running.readOutput}. */
  readonly unread?: boolean
  readonly env?: Readonly<Record<string, string>>
  /** The process is killed after so long, milliseconds. */
  readonly limitMs?: number
}

/** How long anything is waited for, milliseconds: generous, since the machine may be busy. */
const patienceMs = 30_000
const processLimitMs = 90_000

function findRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, 'bin', 'sockpit.js'))) {
    if (folder === dirname(folder)) throw new Error('no folder above this test holds bin/sockpit.js')
    folder = dirname(folder)
  }
  return folder
}

/** The script that a person runs. */
export const sockpitPath = join(findRoot(), 'bin', 'sockpit.js')

/** The same as words of a shell. */
export const sockpitCommand = `'${process.execPath}' '${sockpitPath}'`

/** What a process finds around it: nothing that the tester's own shell has set. */
function cleanEnv(more: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const { PATH = '/usr/bin:/bin' } = process.env
  return { PATH, HOME: tmpdir(), LANG: 'C.UTF-8', TERM: 'xterm', ...more }
}

/** A folder that is gone after the test. */
export function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'sockpit-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Settles with what `look` finds as soon as it finds something; it is asked anew at every `nudge`. */
export class Waiting {
  readonly #looks = new Set<() => void>()

  nudge(): void {
    for (const look of this.#looks) look()
  }

  until<Found>(what: string, look: () => Found | undefined, state: () => string): Promise<Found> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#looks.delete(again)
        reject(new Error(`waited ${patienceMs} ms in vain for ${what}\n${state()}`))
      }, patienceMs)
      const again = () => {
        try {
          const found = look()
          if (found === undefined) return
          resolve(found)
        } catch (error) {
          reject(error)
        }
        clearTimeout(timer)
        this.#looks.delete(again)
      }
      this.#looks.add(again)
      again()
    })
  }
}

/** A process that runs, or ran. */
export class Running {
  readonly exit: Promise<Outcome>
  readonly child: ChildProcess
  readonly #waiting = new Waiting()
  readonly #output: Buffer[] = []
  #errors = ''
  #unparsed = ''
  #parsedChunks = 0
  readonly #events: Event[] = []
  #outcome: Outcome | undefined

  constructor(command: string, args: readonly string[], options: StartOptions = {}) {
    const { stdin = 'ignore', stdout = 'pipe', stderr = 'pipe', unread = false } = options
    const hasInput = typeof stdin === 'string' && stdin !== 'pipe' && stdin !== 'ignore'
    const input = hasInput || Buffer.isBuffer(stdin) ? stdin : undefined
    const child = spawn(command, args, {
      stdio: [input === undefined ? (stdin as 'pipe' | 'ignore' | number) : 'pipe', stdout, stderr],
      env: cleanEnv(options.env),
      // A group of its own, so that what a shell has started ends with it.
      detached: true,
    })
    this.child = child
    // A process that ends early takes no more input; how it ended says the rest.
    child.stdin?.on('error', () => {})
    if (input !== undefined) child.stdin?.end(input)
    if (!unread) this.readOutput()
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#errors += text
      this.#waiting.nudge()
    })
    const timer = setTimeout(() => this.killAll(), options.limitMs ?? processLimitMs)
    this.exit = new Promise((resolve, reject) => {
      child.on('error', reject)
      child.on('close', (code, signal) => {
        clearTimeout(timer)
        const outcome = { code, signal, stdout: this.stdout, stderr: this.#errors }
        this.#outcome = outcome
        resolve(outcome)
        this.#waiting.nudge()
      })
    })
    // Whoever asks for the outcome learns of a failure; nobody else has to.
    this.exit.catch(() => {})
  }

  /** Standard output so far. */
  get stdout(): Buffer {
    return Buffer.concat(this.#output)
  }

  /** Standard error so far. */
  get stderr(): string {
    return this.#errors
  }

  /** The events that its JSON told so far. */
  get events(): readonly Event[] {
    for (const chunk of this.#output.slice(this.#parsedChunks)) this.#parse(chunk)
    this.#parsedChunks = this.#output.length
    return this.#events
  }

  /** Starts to read a standard output that was left unread. */
  readOutput(): void {
    this.child.stdout?.on('data', (chunk: Buffer) => {
      this.#output.push(chunk)
      this.#waiting.nudge()
    })
  }

  #parse(chunk: Buffer): void {
    // In JSON every byte outside ASCII belongs to a text, which latin1 keeps whole until its line is complete.
    this.#unparsed += chunk.toString('latin1')
    // A line of many chunks is looked at once, when it is complete.
    if (!chunk.includes('\n')) return
    const lines = this.#unparsed.split('\n')
    this.#unparsed = lines.pop() ?? ''
    for (const line of lines) this.#events.push(decodeEvent(Buffer.from(line, 'latin1').toString()))
  }

  /** The first event of a kind for which `where` holds, those told already included. */
  event<Kind extends EventKind>(
    kind: Kind,
    where: (event: EventOf<Kind>) => boolean = () => true,
  ): Promise<EventOf<Kind>> {
    return this.until(`the event ${kind}`, () => this.eventsOf(kind).find((event) => where(event)))
  }

  eventsOf<Kind extends EventKind>(kind: Kind): EventOf<Kind>[] {
    return this.events.filter((event): event is EventOf<Kind> => event.kind === kind)
  }

  /** Bytes that one socket received, as told. */
  receivedBy(socket: string): string {
    const told = this.eventsOf('bytes').filter((one) => one.socket === socket && one.direction === 'received')
    return Buffer.concat(told.map((one) => one.payload)).toString()
  }

  /** Settles when one socket has received, as told, at least this text. */
  async received(socket: string, text: string): Promise<void> {
    await this.until(`"${text}" received by ${socket}`, () =>
      this.receivedBy(socket).includes(text) ? true : undefined,
    )
  }

  /** The first match in standard error. */
  said(pattern: RegExp): Promise<RegExpExecArray> {
    return this.until(`${pattern} on standard error`, () => pattern.exec(this.#errors) ?? undefined)
  }

  /** Settles when standard output holds the text. */
  async printed(text: string): Promise<void> {
    await this.until(`"${text}" on standard output`, () => (this.stdout.includes(text) ? true : undefined))
  }

  write(text: string | Buffer): void {
    this.child.stdin?.write(text)
  }

  end(text: string | Buffer = ''): void {
    this.child.stdin?.end(text)
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal)
  }

  /** Ends it and everything that it has started. */
  killAll(): void {
    const { pid } = this.child
    if (pid === undefined) return
    try {
      process.kill(-pid, 'SIGKILL')
    } catch {
      // All of them have ended.
    }
  }

  /** Ends it as a person would, and answers how that went. */
  interrupt(): Promise<Outcome> {
    this.kill('SIGINT')
    return this.exit
  }

  /** Settles with what `look` finds in it; rejects where it ends without that. */
  until<Found>(what: string, look: () => Found | undefined): Promise<Found> {
    const orEnded = () => {
      const found = look()
      if (found === undefined && this.#outcome !== undefined) {
        throw new Error(`the process ended before ${what}\n${this.#state()}`)
      }
      return found
    }
    return this.#waiting.until(what, orEnded, () => this.#state())
  }

  #state(): string {
    const { stdout } = this
    const ended = this.#outcome === undefined ? 'running' : `ended with ${this.#outcome.code}`
    return `${ended}; stdout (${stdout.length} B): ${stdout.subarray(-2_000)}\nstderr: ${this.#errors.slice(-2_000)}`
  }
}

/** Starts any program; it is gone after the test. */
export function startProgram(
  t: TestContext,
  command: string,
  args: readonly string[],
  options: StartOptions = {},
): Running {
  const running = new Running(command, args, options)
  t.after(async () => {
    running.killAll()
    await running.exit.catch(() => {})
  })
  return running
}

/** Starts sockpit; it is gone after the test. */
export function start(t: TestContext, args: readonly string[], options: StartOptions = {}): Running {
  return startProgram(t, process.execPath, [sockpitPath, ...args], options)
}

/** Runs sockpit to its end. */
export function run(t: TestContext, args: readonly string[], options: StartOptions = {}): Promise<Outcome> {
  return start(t, args, options).exit
}

export interface Serving {
  readonly server: Running
  readonly port: number
}

/** Starts `sockpit tcp-server` on a free port of 127.0.0.1, telling JSON, and waits until it listens. */
export async function serve(
  t: TestContext,
  args: readonly string[] = [],
  options: StartOptions = {},
): Promise<Serving> {
  const server = start(t, ['tcp-server', '127.0.0.1:0', '--json', ...args], options)
  const { local } = await server.event('listening')
  return { server, port: local.port }
}

/** The port that a server says to the person, wherever the line is broken. */
export async function portSaid(server: Running): Promise<number> {
  const [, port] = await server.said(/listening\s+on\s+\S*127\.0\.0\.1:(\d+)/)
  return Number(port)
}

/** Starts `sockpit tcp-server` in raw, and reads the port from what it says to the person. */
export async function serveRaw(
  t: TestContext,
  args: readonly string[] = [],
  options: StartOptions = {},
): Promise<Serving> {
  const server = start(t, ['tcp-server', '127.0.0.1:0', '--raw', ...args], options)
  const [, port] = await server.said(/listening on 127\.0\.0\.1:(\d+)/)
  return { server, port: Number(port) }
}

/** Standard output as text, for comparing it whole. */
export function text({ stdout }: Outcome): string {
  return stdout.toString()
}

/** Reads a stream to its end. */
export async function readAll(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks)
}
