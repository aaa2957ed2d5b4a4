/** Where actions and payload come from besides the prompt: scripts, and standard input that is no terminal. */
import { readFileSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { type Dialect, parseLine } from '../action.ts'
import type { Context } from '../context.ts'
import { describeSystemError, NetworkError, SockpitError, UsageError } from '../errors.ts'
import type { Driver } from '../net/driver.ts'
import type { Interpreter } from './interpreter.ts'

/** One line of a script, and where it stands. */
export interface ScriptLine {
  readonly text: string
  readonly where: string
}

/** The lines given with `--enter`, then those of the script file. @throws UsageError */
export function readScript(enter: readonly string[], path: string | undefined): readonly ScriptLine[] {
  const entered = enter.map((text) => ({ text, where: '--enter' }))
  if (path === undefined || path === '-') return entered
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw new UsageError(`Cannot read the script "${path}": ${describeSystemError(error)}`, { cause: error })
  }
  const lines = text.replace(/^\u{feff}/u, '').split(/\r?\n/)
  const written = lines.map((line, index) => ({ text: line, where: `${path}:${index + 1}` }))
  return [...entered, ...written.filter((line) => !isSkipped(line.text))]
}

/** A script's comments and empty lines; what is entered is payload as it stands. */
function isSkipped(line: string): boolean {
  return line.trim() === '' || line.startsWith('#')
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
const longestLine = 2 ** 20

/** Carries out the lines of standard input as they come, as a script. */
export async function runScriptFromInput(
  context: Context,
  interpreter: Interpreter,
  signal: AbortSignal,
): Promise<void> {
  let number = 0
  for await (const text of splitLines(context.stdin.stream())) {
    number += 1
    if (signal.aborted) return
    if (!isSkipped(text)) await runLine({ text, where: `standard input:${number}` }, interpreter)
  }
}

/** The lines of a stream, without their ends. @throws UsageError where one is too long */
async function* splitLines(stream: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let rest = Buffer.alloc(0)
  for await (const chunk of stream) {
    let start = 0
    const bytes = Buffer.concat([rest, chunk])
    for (let end = bytes.indexOf(0x0a); end !== -1; end = bytes.indexOf(0x0a, start)) {
      yield bytes.toString('utf8', start, end).replace(/\r$/, '')
      start = end + 1
    }
    rest = bytes.subarray(start)
    if (rest.length > longestLine)
      throw new UsageError(`a line of the script is longer than ${longestLine} bytes`)
  }
  if (rest.length > 0) yield rest.toString()
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
  try {
    if (stdin.kind === 'file') await feedFile(context, driver, pieceSize, signal)
    else for await (const chunk of stdin.stream()) if (signal.aborted || !(await driver.feed(chunk))) return
  } catch (error) {
    if (signal.aborted) return
    if (error instanceof SockpitError) throw error
    throw new NetworkError(`Cannot read standard input: ${describeSystemError(error)}`, { cause: error })
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
