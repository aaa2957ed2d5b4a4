import { AbortPromptError, ExitPromptError } from '@inquirer/core'
import type { Context } from '../context.ts'
import { createPalette } from '../views/palette.ts'
import type { Place } from './interview.ts'
import { menuTheme } from './theme.ts'

/** Ctrl-C while something was asked. */
export const interrupted = Symbol('interrupted')

/**
 * Asks at the terminal of the context.
 * @returns the answer; undefined where Escape was the answer; {@link interrupted}
 */
export async function asking<Answer>(
  { stdin, stdout }: Context,
  color: boolean,
  ask: (place: Place) => Promise<Answer>,
): Promise<Answer | undefined | typeof interrupted> {
  const input = stdin.stream()
  const leave = new AbortController()
  const onKey = (_: unknown, key: { readonly name?: string } | undefined): void => {
    if (key?.name === 'escape') leave.abort()
  }
  input.on('keypress', onKey)
  const palette = createPalette(color)
  const theme = menuTheme(palette)
  const place = {
    input,
    output: stdout.stream,
    signal: leave.signal,
    palette,
    theme,
    width: () => stdout.width(),
  }
  try {
    return await ask(place)
  } catch (error) {
    if (error instanceof AbortPromptError) return undefined
    if (error instanceof ExitPromptError) return interrupted
    throw error
  } finally {
    input.off('keypress', onKey)
  }
}
