import type { Readable } from 'node:stream'

/** A terminal's input, which can give single keys. */
export interface KeyInput extends Readable {
  setRawMode(raw: boolean): void
}

export function isKeyInput(input: Readable): input is KeyInput {
  return 'setRawMode' in input
}

/** A key as node:readline decodes it. */
export interface Key {
  /** `left`, `return`, `paste-start` … */
  readonly name?: string
  /** The characters as they came. */
  readonly sequence?: string
}

/** Takes a key for itself, or leaves it to readline. */
export type KeyHandler = (key: Key) => boolean

/**
 * Puts a handler between a terminal's keys and the readline that reads them.
 * @returns puts readline back into its place
 */
export function interceptKeys(input: Readable, handle: KeyHandler): () => void {
  const listeners = input.listeners('keypress')
  const onKey = (text: string | undefined, key: Key): void => {
    if (handle(key)) return
    for (const listener of listeners) listener.call(input, text, key)
  }
  input.removeAllListeners('keypress').on('keypress', onKey)
  return () => {
    input.off('keypress', onKey)
  }
}
