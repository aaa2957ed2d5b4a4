/** The only reader of process.*: builds the Context, runs the program, sets the exit code. */
import { randomBytes } from 'node:crypto'
import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  writeSync,
} from 'node:fs'
import { homedir } from 'node:os'
import type { Readable, Writable } from 'node:stream'
import { isatty } from 'node:tty'
import type { Context, EndingSignal, Input, InputKind, Output } from './context.ts'
import { SockpitError, systemCode } from './errors.ts'
import { type ExitCode, exitCodes } from './exit-code.ts'
import { runProgram } from './program.ts'

const signalCodes: Readonly<Record<EndingSignal, ExitCode>> = {
  SIGHUP: exitCodes.hangup,
  SIGINT: exitCodes.interrupt,
  SIGTERM: exitCodes.terminate,
}

function createOutput(fd: 1 | 2, open: () => Writable & { columns?: number }): Output {
  const isTerminal = isatty(fd)
  const isPipe = statOf(fd)?.isFIFO() === true
  return {
    get stream() {
      return open()
    },
    isTerminal,
    color: isTerminal && (process.env.NO_COLOR ?? '') === '' && process.env.TERM !== 'dumb',
    width: () => (isTerminal ? (open().columns ?? 80) : Number(process.env.COLUMNS) || 80),
    writeNow: (bytes) => (isTerminal ? 0 : writeNow(fd, open, bytes)),
    readerIsGone: () => isPipe && readerIsGone(fd),
  }
}

/** A pipe that Node has opened does not block: it takes what fits into it, and says EAGAIN when nothing does. */
function writeNow(fd: 1 | 2, open: () => Writable, bytes: Uint8Array): number {
  open()
  try {
    return writeSync(fd, bytes)
  } catch (error) {
    if (systemCode(error) === 'EAGAIN') return 0
    throw error
  }
}

/** Linux opens a pipe for writing without waiting only while somebody reads it (fifo(7)). */
function readerIsGone(fd: 1 | 2): boolean {
  if (process.platform !== 'linux') return false
  try {
    closeSync(openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK))
    return false
  } catch (error) {
    return systemCode(error) === 'ENXIO'
  }
}

function createInput(): Input {
  let stream: Readable | undefined
  return {
    kind: inputKind(),
    stream() {
      stream ??= process.stdin
      return stream
    },
    readNow: (buffer) => readSync(0, buffer),
    close() {
      stream?.destroy()
    },
  }
}

function inputKind(): InputKind {
  if (isatty(0)) return 'terminal'
  const stat = statOf(0)
  if (stat === undefined) return 'file'
  return stat.isFIFO() || stat.isSocket() ? 'pipe' : 'file'
}

function statOf(fd: number) {
  try {
    return fstatSync(fd)
  } catch {
    return undefined
  }
}

/** Linux tells in /proc; elsewhere nothing is known. */
function openFiles(): { limit: number; open: number } {
  try {
    const [, soft] = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1')) ?? []
    return { limit: Number(soft ?? Number.POSITIVE_INFINITY), open: readdirSync('/proc/self/fd').length }
  } catch {
    return { limit: Number.POSITIVE_INFINITY, open: 0 }
  }
}

/** The first signal is told to the command, which then closes its sockets; a second one ends at once. */
function createSignals() {
  let tell: ((signal: EndingSignal) => void) | undefined
  let isEnding = false
  const onSignal = (signal: EndingSignal): void => {
    if (isEnding || tell === undefined) process.exit(signalCodes[signal])
    isEnding = true
    tell(signal)
  }
  return {
    interrupt: () => onSignal('SIGINT'),
    onSignal(callback: (signal: EndingSignal) => void) {
      tell = callback
      for (const signal of Object.keys(signalCodes))
        process.on(signal, () => onSignal(signal as EndingSignal))
    },
  }
}

function createContext(): Context {
  return {
    stdin: createInput(),
    stdout: createOutput(1, () => process.stdout),
    stderr: createOutput(2, () => process.stderr),
    now: () => Math.round(performance.now() * 1000) / 1000,
    date: () => new Date(),
    randomBytes: (size) => randomBytes(size),
    env: (name) => process.env[name],
    platform: process.platform,
    home: homedir(),
    openFiles,
    self: [process.execPath, process.argv[1] ?? ''],
    ...createSignals(),
  }
}

/** One line; the stack only for those who asked for it. */
function tellError(error: unknown): void {
  const message = error instanceof Error ? error.message : String(error)
  const expected = error instanceof SockpitError
  const text = expected ? message : `Something went wrong inside sockpit: ${message}`
  process.stderr.write(`sockpit: ${text.replace(/\s*\n\s*/g, ' ')}\n`)
  if (process.env.DEBUG === 'sockpit' && error instanceof Error) process.stderr.write(`${error.stack}\n`)
}

function version(): string {
  return '0.1.0'
}

async function main(): Promise<void> {
  process.on('uncaughtException', (error) => {
    tellError(error)
    process.exit(exitCodes.network)
  })
  try {
    process.exitCode = await runProgram(createContext(), process.argv.slice(2), version())
  } catch (error) {
    tellError(error)
    process.exitCode = error instanceof SockpitError ? error.exitCode : exitCodes.network
  }
}

void main()
