/** What the tables of options are made of: one row each, from which help, parsing, types and completion are made. */
import { UsageError } from '../../errors.ts'
import { parseDuration, parseSize, parseWhole, type Range } from '../../quantities.ts'

/** One option. Without `parse` it is a switch; with `repeat` its values become a list, or a number of times. */
export interface OptionRow<V = unknown> {
  readonly flags: string
  /** One line beside the flags in 80 columns. */
  readonly help: string
  readonly group: Group
  readonly parse?: (text: string) => V
  readonly repeat?: true
  /** The words that it takes, where there are only so many. */
  readonly choices?: readonly string[]
  /** It takes the path of a file. */
  readonly isFile?: true
  /** Its opposite or its long form, whose help tells of this one, too. */
  readonly toldBy?: string
}

/** The headings under which options stand, in this order. */
export const groups = [
  'What is run',
  'The connection',
  'The upgrade',
  'TLS',
  'The messages',
  'The stream',
  'The datagrams',
  'How far they go',
  'What it does by itself',
  'What you see',
] as const

export type Group = (typeof groups)[number]

type ValueOf<Row> = Row extends { readonly parse: (text: string) => infer V }
  ? Row extends { readonly repeat: true }
    ? readonly V[]
    : V
  : Row extends { readonly repeat: true }
    ? number
    : boolean

/** The values that were given for a table of options, under the names of its rows. */
export type Values<Rows> = { readonly [Name in keyof Rows]?: ValueOf<Rows[Name]> }

export const duration = (range?: Range) => (text: string) => parseDuration(text, range)
export const size = (range?: Range) => (text: string) => parseSize(text, range)
export const whole = (range?: Range) => (text: string) => parseWhole(text, range)
export const asText = (text: string): string => text

/** One of a few words. */
export function choice<const Words extends readonly string[]>(words: Words) {
  const parse = (text: string): Words[number] => {
    const found = words.find((word) => word === text)
    if (found === undefined) throw new UsageError(`"${text}" is not one of ${words.join(', ')}`)
    return found
  }
  return { choices: words, parse }
}

/** `--keep-alive` of `--keep-alive <duration>` */
export function longFlag(row: OptionRow | undefined): string {
  return /--[a-z0-9-]+/.exec(row?.flags ?? '')?.[0] ?? ''
}
