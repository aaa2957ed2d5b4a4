/** Where actions and payload come from besides the prompt: scripts, and standard input that is no terminal. */
import { isUtf8 } from 'node:buffer'
import { closeSync, openSync, readSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { type Dialect, eols, parseLine } from '../action.ts'
import type { Context } from '../context.ts'
import { describeSystemError, NetworkError, SockpitError, UsageError } from '../errors.ts'
import type { Driver } from '../net/driver.ts'
import type { Eol } from '../settings.ts'
import type { Interpreter } from './interpreter.ts'
import { type Message, MessageSplitter, PieceSplitter, type Split } from './messages.ts'

/** One line of a script, and where it stands. */
export interface ScriptLine {
  readonly text: string
  readonly where: string
}

/** The lines given with `--enter`, then those of the script file. @throws UsageError */
export function readScript(enter: readonly string[], path: string | undefined): readonly ScriptLine[] {
  const entered = enter.map((text) => ({ text, where: '--enter' }))
  if (path === undefined || path === '-') return entered
  return [...entered, ...readLines(path).filter((line) => !isSkipped(line.text))]
}

/** The longest script that a file may hold, bytes and lines: it is looked at as a whole before anything is done. */
export const longestScript = 2 ** 24
export const mostScriptLines = 100_000

/** Piece by piece: no file has to fit into memory to be refused. @throws UsageError */
function readLines(path: string): readonly ScriptLine[] {
  const lines: ScriptLine[] = []
  const keep = (line: Buffer): void => void lines.push(decode(line, `${path}:${lines.length + 1}`))
  let fd: number | undefined
  try {
    fd = openSync(path, 'r')
    const splitter = new LineSplitter()
    const buffer = Buffer.allocUnsafeSlow(chunkSize)
    let total = 0
    for (let size = readSync(fd, buffer); size > 0; size = readSync(fd, buffer)) {
      total += size
      if (total > longestScript)
        throw new UsageError(`${path}: a script is longer than ${longestScript} bytes`)
      for (const line of splitter.push(buffer.subarray(0, size))) keep(line)
      if (lines.length > mostScriptLines)
        throw new UsageError(`${path}: a script has more than ${mostScriptLines} lines`)
    }
    keep(splitter.end())
  } catch (error) {
    if (error instanceof UsageError) throw error
    throw new UsageError(`Cannot read the script "${path}": ${describeSystemError(error)}`, { cause: error })
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
  return lines
}

/** A script's line as text. @throws UsageError where it is none */
function decode(line: Buffer, where: string): ScriptLine {
  if (!isUtf8(line))
    throw new UsageError(`${where}: the line is not UTF-8; write other bytes as /hex, or /send \\xff`)
  return { text: line.toString().replace(/^\u{feff}/u, ''), where }
}

/** The lines of some bytes, without their ends; what has none yet, too. */
function* linesOf(bytes: Buffer): Generator<Buffer> {
  let start = 0
  for (let end = bytes.indexOf(0x0a); end !== -1; end = bytes.indexOf(0x0a, start)) {
    yield bytes.subarray(start, bytes[end - 1] === 0x0d && end > start ? end - 1 : end)
    start = end + 1
  }
  yield bytes.subarray(start)
}

/** A script's comments and empty lines; what is entered is payload as it stands. */
function isSkipped(line: string): boolean {
  return /^\s*(?:#|$)/.test(line)
}

/** Says of each line whether it can be understood, before anything is done. @throws UsageError with its place */
export function checkScript(lines: readonly ScriptLine[], dialect: Dialect): void {
  for (const { text, where } of lines) {
    try {
      parseLine(text, dialect)
    } catch (error) {
      throw placed(error, where)
    }
  }
}

/** Carries out the lines in order. @throws SockpitError with the place of the line that failed */
export async function runScript(lines: readonly ScriptLine[], interpreter: Interpreter): Promise<void> {
  for (const { text, where } of lines) await runLine({ text, where }, interpreter)
}

/** The longest line that a script may have, bytes: what is not yet a line waits in memory. */
export const longestLine = 2 ** 20

/** Carries out the lines of standard input as they come, as a script. */
export async function runScriptFromInput(
  context: Context,
  interpreter: Interpreter,
  signal: AbortSignal,
): Promise<void> {
  let number = 0
  for await (const line of splitLines(context.stdin.stream())) {
    number += 1
    if (signal.aborted) return
    const one = decode(line, `standard input:${number}`)
    if (!isSkipped(one.text)) await runLine(one, interpreter)
  }
}

/** The lines of a stream as they come. @throws UsageError where one is too long */
async function* splitLines(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  const splitter = new LineSplitter()
  for await (const chunk of stream) yield* splitter.push(chunk)
  yield splitter.end()
}

/** Cuts what comes in pieces into lines, without their ends. */
class LineSplitter {
  #rest: Buffer = Buffer.alloc(0)

  /** The lines that are complete with this. @throws UsageError where the next one is too long */
  push(piece: Uint8Array): readonly Buffer[] {
    const lines = [...linesOf(Buffer.concat([this.#rest, piece]))]
    this.#rest = lines.pop() ?? this.#rest
    if (this.#rest.length > longestLine) {
      throw new UsageError(`a line of the script is longer than ${longestLine} bytes`)
    }
    return lines
  }

  /** What stood behind the last line end. */
  end(): Buffer {
    return this.#rest
  }
}

async function runLine({ text, where }: ScriptLine, interpreter: Interpreter): Promise<void> {
  try {
    await interpreter.line(text)
  } catch (error) {
    throw placed(error, where)
  }
}

function placed(error: unknown, where: string): unknown {
  if (!(error instanceof SockpitError)) return error
  return new SockpitError(`${where}: ${error.message}`, error.exitCode, { cause: error })
}

/** After so many bytes of a file everything else has its turn. */
const bytesPerTurn = 2 ** 20

/**
 * Sends standard input as it is, at the pace at which the peer takes it, until its end or until nothing more
 * can be sent. @throws NetworkError where it cannot be read
 */
export async function feedInput(
  context: Context,
  driver: Driver,
  pieceSize: number,
  signal: AbortSignal,
): Promise<void> {
  const { stdin } = context
  await reading(signal, async () => {
    if (stdin.kind === 'file') await feedFile(context, driver, pieceSize, signal)
    else for await (const chunk of stdin.stream()) if (signal.aborted || !(await driver.feed(chunk))) return
  })
}

/** Reads standard input, until it is not wanted any more. @throws NetworkError where it cannot be read */
async function reading(signal: AbortSignal, read: () => Promise<void>): Promise<void> {
  try {
    await read()
  } catch (error) {
    if (signal.aborted) return
    if (error instanceof SockpitError) throw error
    throw new NetworkError(`Cannot read standard input: ${describeSystemError(error)}`, { cause: error })
  }
}

/** After so many messages what has come in meanwhile is looked at: answers must not wait for the end of a file. */
const messagesPerTurn = 32

export interface MessageOptions {
  readonly split: Split
  /** What is added to each message. */
  readonly eol: Eol
}

/** Sends standard input message by message. @throws NetworkError where it cannot be read */
export async function feedMessages(
  context: Context,
  driver: Driver,
  { split, eol }: MessageOptions,
  signal: AbortSignal,
): Promise<void> {
  const isCut = split === 'none' && driver.filePiece !== Number.POSITIVE_INFINITY
  const splitter = isCut
    ? new PieceSplitter(driver.filePiece)
    : new MessageSplitter(split, driver.longestMessage)
  const end = Buffer.from(eols[eol])
  let sinceTurn = 0
  const send = async (messages: readonly Message[]): Promise<void> => {
    for (const message of messages) {
      if (signal.aborted) return
      if ('tooLong' in message) {
        driver.leaveOut?.(message.tooLong)
        continue
      }
      const bytes = end.length === 0 ? message.bytes : Buffer.concat([message.bytes, end])
      const answer = driver.feed(bytes)
      if (typeof answer !== 'boolean') await answer
      sinceTurn += 1
      if (sinceTurn < messagesPerTurn) continue
      sinceTurn = 0
      await setImmediate()
    }
  }
  await reading(signal, async () => {
    for await (const chunk of chunks(context)) {
      if (signal.aborted) return
      await send(splitter.push(chunk))
    }
    await send(splitter.end())
  })
}

/** How much of a file is read at once, where messages keep what was read, bytes. */
const chunkSize = 2 ** 16

/** What standard input brings, piece by piece; each is the reader's to keep. */
async function* chunks({ stdin }: Context): AsyncGenerator<Uint8Array> {
  if (stdin.kind !== 'file') return yield* stdin.stream()
  while (true) {
    const buffer = Buffer.allocUnsafeSlow(chunkSize)
    const size = stdin.readNow(buffer)
    if (size === 0) return
    yield buffer.subarray(0, size)
  }
}

/** A file cannot keep us waiting: it is read into one buffer, which is free again once the kernel has it. */
async function feedFile(
  { stdin }: Context,
  driver: Driver,
  pieceSize: number,
  signal: AbortSignal,
): Promise<void> {
  const buffer = Buffer.allocUnsafeSlow(pieceSize)
  let sinceTurn = 0
  while (!signal.aborted) {
    const size = stdin.readNow(buffer)
    if (size === 0) return
    const answer = driver.feed(size === buffer.length ? buffer : buffer.subarray(0, size))
    if (!(typeof answer === 'boolean' ? answer : await answer)) return
    sinceTurn += size
    if (sinceTurn < bytesPerTurn) continue
    sinceTurn = 0
    await setImmediate()
  }
}
