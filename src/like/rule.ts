/** How another tool says what an option of ours asks for, or why it cannot. */
import type { commonOptions } from '../commands/options/common.ts'
import type { Values } from '../commands/options/row.ts'

/**
 * `words` stand before the address; `address` is a part of socat's address; `before` is what printf pipes into the
 * command, whose input must stay open for `lingerSeconds` more where its end would end the command at once.
 */
export type Said =
  | { readonly words: readonly string[] }
  | { readonly address: string }
  | { readonly before: string; readonly lingerSeconds?: number }
  | { readonly cannot: string }
  /** It does so anyway, or the option is about what sockpit shows. */
  | 'anyway'

/** One rule for each option of a table: a new option does not compile without one. */
export type Rules<Rows> = {
  readonly [Name in keyof Rows]: Said | ((value: NonNullable<Values<Rows>[Name]>) => Said)
}

/** What is to be connected to, or where to listen. */
export interface Target {
  readonly host: string
  readonly port: number
  /** Of a WebSocket client, as it may be shown. */
  readonly url?: string
}

/** What the rules said, put together. */
export interface Parts {
  readonly words: readonly string[]
  readonly address: readonly string[]
}

/** Another tool in the place of one command of ours. */
export interface Tool<Rows> {
  readonly name: string
  readonly rules: Rules<Rows>
  /** The whole command line; a string that says why there is none. */
  command(
    target: Target,
    parts: Parts,
    values: Values<Rows>,
  ): { readonly line: readonly string[] } | { readonly none: string }
}

export const anyway = 'anyway' as const

/** What is only about how sockpit shows things. */
export const ofOurScreen = {
  noHistory: anyway,
  like: anyway,
  raw: anyway,
  quiet: anyway,
  show: anyway,
  plain: anyway,
  color: anyway,
} satisfies Partial<Rules<typeof commonOptions>>

export const noLanguage = cannot('it has no language: no waiting, no expecting')
export const noSuchLimit = cannot('it has no such limit to set')

export function words(...all: readonly string[]): Said {
  return { words: all }
}

export function cannot(why: string): Said {
  return { cannot: why }
}

/** Milliseconds as the seconds that other tools take; `whole` for those that take no fraction. */
export function seconds(ms: number): string {
  return String(ms / 1_000)
}

export function wholeSeconds(ms: number): string {
  return String(Math.ceil(ms / 1_000))
}

/** Lines that are payload, piped into the command; a verb has no counterpart. */
export function typedLines(eol: string): (lines: readonly string[]) => Said {
  return (lines) => {
    if (lines.some((line) => /^\/(?!\/)/.test(line))) return cannot('it knows no verbs, only payload')
    const text = lines.map(
      (line) => line.replace(/^\/\//, '/').replaceAll('\\', '\\\\').replaceAll('%', '%%') + eol,
    )
    return { before: text.join('') }
  }
}
