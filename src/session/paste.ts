import type { Key } from './keys.ts'

/** Asks a terminal to mark what is pasted, and no longer (xterm's bracketed paste, DEC private mode 2004). */
export const markPastes = '\x1b[?2004h'
export const leavePastes = '\x1b[?2004l'

/** The longest text that can be pasted, characters: a file is sent with `/file`. */
export const longestPaste = 2 ** 20

/** What was pasted: one line to be edited, several to be sent as they are, or more than is taken. */
export type Pasted = { readonly line: string } | { readonly lines: string } | { readonly tooLong: number }

/** Collects what a terminal says was pasted. */
export class Paste {
  #pieces: string[] | undefined
  #length = 0

  /** Whether the key belongs to a paste; at its end with what was pasted. */
  take({ name, sequence = '' }: Key): boolean | Pasted {
    if (name === 'paste-start') {
      this.#pieces = []
      this.#length = 0
      return true
    }
    if (this.#pieces === undefined) return name === 'paste-end'
    if (name === 'paste-end') return this.#end(this.#pieces.join(''))
    this.#length += sequence.length
    if (this.#length <= longestPaste) this.#pieces.push(sequence)
    return true
  }

  #end(raw: string): Pasted {
    this.#pieces = undefined
    if (this.#length > longestPaste) return { tooLong: this.#length }
    // A terminal sends the line ends of a text as those of typed lines.
    const text = raw.replace(/\r\n?/g, '\n')
    const line = text.replace(/\n$/, '')
    return line.includes('\n') ? { lines: text } : { line }
  }
}
