/** Lines of the language from elsewhere than the prompt: `--enter`, a script file, standard input as a script. */
import { isUtf8 } from 'node:buffer'
import { closeSync, openSync, readSync } from 'node:fs'
import { type Dialect, parseLine } from '../action.ts'
import type { Context } from '../context.ts'
import { describeSystemError, SockpitError, UsageError } from '../errors.ts'
import type { Interpreter } from './interpreter.ts'

/** One line of a script, and where it stands. */
export interface ScriptLine {
  readonly text: string
  readonly where: string
}

/**
 * The lines given with `--enter`, then those of the script file; each can be understood.
 * @throws UsageError with the place of the line that cannot
 */
export function readScript(
  enter: readonly string[],
  path: string | undefined,
  dialect: Dialect,
): readonly ScriptLine[] {
  const lines = enter.map((text) => ({ text, where: '--enter' }))
  if (path !== undefined && path !== '-') {
    lines.push(...readLines(path).filter((line) => !isSkipped(line.text)))
  }
  check(lines, dialect)
  return lines
}

/** The longest script that a file may hold, bytes and lines: it is looked at as a whole before anything is done. */
export const longestScript = 2 ** 24
export const mostScriptLines = 100_000

/** How much of it is read at once, bytes. */
const pieceSize = 2 ** 16

/** Piece by piece: no file has to fit into memory to be refused. @throws UsageError */
function readLines(path: string): readonly ScriptLine[] {
  const lines: ScriptLine[] = []
  const keep = (line: Buffer): void => void lines.push(decode(line, `${path}:${lines.length + 1}`))
  let fd: number | undefined
  try {
    fd = openSync(path, 'r')
    const splitter = new LineSplitter()
    const buffer = Buffer.allocUnsafeSlow(pieceSize)
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

function check(lines: readonly ScriptLine[], dialect: Dialect): void {
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
