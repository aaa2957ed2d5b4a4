/** The only reader of process.*: builds the Context, runs the program, sets the exit code. */
import { closeSync, fstatSync, readdirSync, readFileSync, readSync, statSync, writeSync } from 'node:fs'
import type { Readable, Writable } from 'node:stream'
import type { Context, Input, InputKind, Output } from './context.ts'
import { outputError, SockpitError, systemCode } from './errors.ts'
import { type EndingSignal, type ExitCode, endingSignals, exitCodes, signalCodes } from './exit-code.ts'
import { watchReader } from './pipe-reader.ts'
import { runProgram } from './program.ts'
import { escapeText, oneLine } from './views/escape.ts'

/** The standard outputs that were used: Node makes each on first use, and start-up need not pay for the others. */
const opened = new Set<Writable>()

/** @param onLost called where it is a terminal that is no longer there */
function createOutput(fd: 1 | 2, create: () => Writable & { columns?: number }, onLost: () => void): Output {
  const isTerminal = isATerminal(fd)
  const open = () => {
    const stream = create()
    if (isTerminal && !opened.has(stream)) stream.on('error', onLost)
    opened.add(stream)
    return stream
  }
  const isPipe = statOf(fd)?.isFIFO() === true
  return {
    get stream() {
      return open()
    },
    isTerminal,
    isDrawable: isTerminal && process.env.TERM !== 'dumb',
    isDiscarded: !isTerminal && isDiscarded(fd),
    color: isTerminal && (process.env.NO_COLOR ?? '') === '' && process.env.TERM !== 'dumb',
    width: () => (isTerminal ? (open().columns ?? 80) : Number(process.env.COLUMNS) || 80),
    print(text) {
      const bytes = Buffer.from(text)
      const written = writeAtOnce(fd, bytes)
      if (written < bytes.length) open().write(bytes.subarray(written))
    },
    writeNow(bytes) {
      if (isTerminal) return 0
      // A pipe that Node has opened does not block.
      open()
      return writeAtOnce(fd, bytes)
    },
    watchReader: () => (isPipe ? watchReader(fd, process) : () => false),
  }
}

/** Where it does not block, it takes what fits into it, and says EAGAIN when nothing does. */
function writeAtOnce(fd: 1 | 2, bytes: Uint8Array): number {
  try {
    return writeSync(fd, bytes)
  } catch (error) {
    if (systemCode(error) === 'EAGAIN') return 0
    throw error
  }
}

/** @param onLost called where it is a terminal that is no longer there */
function createInput(onLost: () => void): Input {
  const kind = inputKind()
  let stream: Readable | undefined
  const open = () => {
    const opening = process.stdin
    if (kind === 'terminal') opening.on('error', onLost)
    return opening
  }
  return {
    kind,
    stream() {
      stream ??= open()
      return stream
    },
    readNow: (buffer) => readSync(0, buffer),
    close() {
      stream?.destroy()
    },
  }
}

function inputKind(): InputKind {
  if (isATerminal(0)) return 'terminal'
  const stat = statOf(0)
  if (stat === undefined) return 'file'
  return stat.isFIFO() || stat.isSocket() ? 'pipe' : 'file'
}

/** The descriptors that were a terminal when they were looked at. */
const terminals = new Set<number>()

/** Only a character device can be one, and not the one that is nothing: node:tty is not loaded for the others. */
function isATerminal(fd: number): boolean {
  const isDevice = statOf(fd)?.isCharacterDevice() === true && !isDiscarded(fd)
  const isIt = isDevice && process.getBuiltinModule('node:tty').isatty(fd)
  if (isIt) terminals.add(fd)
  return isIt
}

function openTerminals(): number[] {
  return [...terminals].filter((fd) => statOf(fd) !== undefined)
}

/** Those of which the other end has gone: the terminal is none any more. */
function lostTerminals(): number[] {
  return openTerminals().filter((fd) => !isATerminal(fd))
}

/** A hang-up was told: a terminal that is still there may go at any moment. */
let isHungUp = false

/** At its end Node puts each terminal back as it was, and aborts where it cannot: what is closed it leaves alone. */
function leaveLostTerminals(): void {
  for (const fd of isHungUp ? openTerminals() : lostTerminals()) closeSync(fd)
}

/** Whether it is /dev/null. */
function isDiscarded(fd: number): boolean {
  const stat = statOf(fd)
  if (stat?.isCharacterDevice() !== true) return false
  return stat.rdev === statSync('/dev/null', { throwIfNoEntry: false })?.rdev
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

/**
 * Keeps V8's space for young objects as it is: left alone it grows with every connection that comes, to 48 MiB, and
 * never shrinks. Measured with 10,000 idle connections that is a third of their memory; it costs no message a second.
 */
function saveMemory(): void {
  process.getBuiltinModule('node:v8').setFlagsFromString('--semi-space-growth-factor=1')
}

/** The first signal is told to the command, which then closes its sockets; a second one ends at once. */
function createSignals() {
  let tell: ((signal: EndingSignal) => void) | undefined
  let isEnding = false
  const onSignal = (signal: EndingSignal): void => {
    if (signal === 'SIGHUP') isHungUp = true
    // Of one lost terminal the kernel tells, the shell, and whatever is read or written: that is one signal.
    if (isEnding && signal === 'SIGHUP' && lostTerminals().length > 0) return
    if (isEnding || tell === undefined) process.exit(signalCodes[signal])
    isEnding = true
    tell(signal)
  }
  return {
    interrupt: () => onSignal('SIGINT'),
    hangUp: () => onSignal('SIGHUP'),
    onSignal(callback: (signal: EndingSignal) => void) {
      const isFirst = tell === undefined
      tell = callback
      if (isFirst) for (const signal of endingSignals) process.on(signal, () => onSignal(signal))
    },
  }
}

/** The terminal is left before the process is stopped, and taken again when it goes on, whoever did either. */
function onStop(leave: () => void, comeBack: () => void): () => void {
  const stop = (): void => {
    leave()
    process.off('SIGTSTP', stop)
    // It stops in here, unless nobody is there to continue it (an orphaned process group): then it just goes on.
    process.kill(process.pid, 'SIGTSTP')
    process.on('SIGTSTP', stop)
    comeBack()
  }
  process.on('SIGTSTP', stop).on('SIGCONT', comeBack)
  return () => {
    process.off('SIGTSTP', stop).off('SIGCONT', comeBack)
  }
}

/**
 * Milliseconds since the process started. The global performance would load node:perf_hooks, which every start
 * would pay for; process.uptime() alone takes twice as long as process.hrtime().
 */
function createClock(): () => number {
  const lead = process.uptime() * 1e3
  const [seconds, nanoseconds] = process.hrtime()
  return () => {
    const now = process.hrtime()
    return Math.round((lead + (now[0] - seconds) * 1e3 + (now[1] - nanoseconds) / 1e6) * 1e3) / 1e3
  }
}

/** What is to be undone before an error that nobody caught is told. */
const undoings = new Set<() => void>()

/** From package.json; the bundler puts it in. */
declare const sockpitVersion: string

function createContext(): Context {
  const { hangUp, ...signals } = createSignals()
  return {
    stdin: createInput(hangUp),
    stdout: createOutput(1, () => process.stdout, hangUp),
    stderr: createOutput(2, () => process.stderr, hangUp),
    now: createClock(),
    date: () => new Date(),
    // The global is loaded on first use; importing node:crypto would cost every start a tenth of its time.
    randomBytes: (size) => crypto.getRandomValues(new Uint8Array(size)),
    env: (name) => process.env[name],
    version: sockpitVersion,
    platform: process.platform,
    nodeVersion: process.versions.node,
    get home() {
      return process.getBuiltinModule('node:os').homedir()
    },
    openFiles,
    saveMemory,
    self: [process.execPath, process.argv[1] ?? ''],
    // Process group 0 is our own.
    suspend: () => void process.kill(0, 'SIGTSTP'),
    onStop,
    onCrash(undo) {
      undoings.add(undo)
      return () => undoings.delete(undo)
    },
    ...signals,
  }
}

/** One line; the stack only for those who asked for it. */
function tellError(error: unknown): void {
  const message = error instanceof Error ? error.message : String(error)
  const expected = error instanceof SockpitError
  const text = expected ? message : `Something went wrong inside sockpit: ${message}`
  opened.add(process.stderr)
  process.stderr.write(`sockpit: ${oneLine(text)}\n`)
  if (process.env.DEBUG === 'sockpit' && error instanceof Error) {
    const stack = escapeText(String(error.stack), { keepNewlines: true, keepBackslashes: true })
    process.stderr.write(`${stack}\n`)
  }
}

async function main(): Promise<void> {
  process.on('exit', leaveLostTerminals)
  process.on('uncaughtException', (error) => {
    if (isOfWriting(error)) exitUnwritten(error)
    for (const undo of undoings) undo()
    tellError(error)
    process.exit(exitCodes.network)
  })
  let code: ExitCode
  try {
    code = await runProgram(createContext(), process.argv.slice(2))
  } catch (error) {
    if (isOfWriting(error)) exitUnwritten(error)
    tellError(error)
    code = error instanceof SockpitError ? error.exitCode : exitCodes.network
  }
  process.exitCode = code
  // After a signal nobody waits for a reader that takes no more.
  if (!endingSignals.some((signal) => signalCodes[signal] === code)) {
    const failure = await flushed()
    if (failure !== undefined && code === exitCodes.ok) exitUnwritten(failure)
  }
  // What still runs, such as a name lookup that nobody answers, keeps the process no longer.
  process.exit()
}

function isOfWriting(error: unknown): error is Error {
  return error instanceof Error && 'syscall' in error && error.syscall === 'write'
}

/** Ends where what was to be said could not be: help, say, whose reader has gone, or for which there is no space. */
function exitUnwritten(error: Error): never {
  if (systemCode(error) === 'EPIPE') process.exit(exitCodes.stdoutClosed)
  tellError(outputError(error))
  process.exit(exitCodes.network)
}

/** Settles when the standard streams that were used have taken everything; with what standard output did not take. */
async function flushed(): Promise<Error | undefined> {
  const failures = await Promise.all(
    [...opened].map(
      (stream) =>
        new Promise<Error | undefined>((resolve) => {
          const fail = (error: Error): void => resolve(stream === process.stdout ? error : undefined)
          if (stream.destroyed) resolve(undefined)
          stream.once('error', fail).write('', (error) => (error ? fail(error) : resolve(undefined)))
        }),
    ),
  )
  return failures.find((failure) => failure !== undefined)
}

void main()
