/** Payload from standard input that is no terminal: bytes of a stream, or message by message. */
import { setImmediate } from 'node:timers/promises'
import type { Context } from '../context.ts'
import { describeSystemError, NetworkError, SockpitError } from '../errors.ts'
import type { Driver } from '../net/driver.ts'
import { type Eol, eols } from '../settings.ts'
import { type Message, MessageSplitter, PieceSplitter, type Split } from './messages.ts'

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
