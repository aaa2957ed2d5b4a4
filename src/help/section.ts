/** What help says, before it is laid out: for a terminal (`layout.ts`) or as a manual page (`roff.ts`). */

/** A word, and what it means. */
export type Term = readonly [term: string, meaning: string]

export type Block =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'terms'; readonly rows: readonly Term[] }
  /** Lines that stay as they are. */
  | { readonly kind: 'lines'; readonly lines: readonly string[] }

export interface Section {
  readonly heading: string
  readonly blocks: readonly Block[]
}

/** A section of some paragraphs and blocks. */
export function section(heading: string, ...parts: readonly (string | Block)[]): Section {
  const blocks = parts.map((part): Block => (typeof part === 'string' ? { kind: 'text', text: part } : part))
  return { heading, blocks }
}

export function terms(rows: readonly Term[]): Block {
  return { kind: 'terms', rows }
}

export function lines(...all: readonly string[]): Block {
  return { kind: 'lines', lines: all }
}
