import type { Readable } from 'node:stream'
import type { Context } from '../context.ts'
import { isKeyInput } from '../session/keys.ts'

const ctrlC = 0x03
const ctrlD = 0x04

/**
 * Asks for any key of the terminal; the answer is whether to go on: not after q, Escape or Ctrl-D, nor where the
 * input has ended. Ctrl-C is the signal that it always is.
 */
export async function awaitKey(context: Context, prompt: string, signal: AbortSignal): Promise<boolean> {
  const input = context.stdin.stream()
  // Before anything is said: who answers at once must not meet the terminal's own treatment of keys.
  if (isKeyInput(input)) input.setRawMode(true)
  context.stdout.stream.write(prompt)
  try {
    const key = await nextBytes(input, signal)
    if (key?.[0] === ctrlC) {
      context.interrupt()
      return false
    }
    return key !== undefined && key[0] !== ctrlD && !['q', 'Q', '\x1b'].includes(key.toString())
  } finally {
    if (isKeyInput(input)) input.setRawMode(false)
    input.pause()
  }
}

/** The next bytes of the input; undefined at its end, or when the signal comes first. */
function nextBytes(input: Readable, signal: AbortSignal): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const settle = (bytes?: Buffer): void => {
      input.off('data', settle).off('end', onEnd).off('error', onEnd)
      signal.removeEventListener('abort', onEnd)
      resolve(bytes)
    }
    const onEnd = (): void => settle()
    input.on('data', settle).on('end', onEnd).on('error', onEnd).resume()
    signal.addEventListener('abort', onEnd)
    if (signal.aborted) onEnd()
  })
}
