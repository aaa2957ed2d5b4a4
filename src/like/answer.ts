/** What other tools do of what was asked, as text. */
import { longFlag, type OptionRow, type Values } from '../commands/options/row.ts'
import { shellWord } from '../shell-word.ts'
import { wrapWords } from '../views/cells.ts'
import { escapeText } from '../views/escape.ts'
import type { Palette } from '../views/palette.ts'
import type { Said, Target, Tool } from './rule.ts'

type Rows = Readonly<Record<string, OptionRow>>

/** Everything about one tool: its command line or why there is none, and what of ours it leaves out. */
interface Counterpart {
  readonly name: string
  readonly line: string | undefined
  readonly none: string | undefined
  readonly missing: readonly (readonly [flag: string, why: string])[]
}

/** How a tool would do it. */
export function counterpart<Table extends Rows>(
  tool: Tool<Table>,
  table: Table,
  target: Target,
  values: Values<Table>,
): Counterpart {
  const words: string[] = []
  const address: string[] = []
  const missing: (readonly [string, string])[] = []
  let input: string | undefined
  for (const key of Object.keys(table)) {
    const value = values[key]
    if (value === undefined) continue
    const said = saidOf(tool.rules[key], value)
    if (said === 'anyway') continue
    if ('cannot' in said) missing.push([longFlag(table[key]), said.cannot])
    else if ('words' in said) words.push(...said.words)
    else if ('address' in said) address.push(said.address)
    else input = printf(said)
  }
  const command = tool.command(target, { words, address }, values)
  if ('none' in command) return { name: tool.name, line: undefined, none: command.none, missing: [] }
  const line = command.line.map((word) => (word.startsWith('>') ? word : shellWord(word))).join(' ')
  return {
    name: tool.name,
    line: input === undefined ? line : `${input} | ${line}`,
    none: undefined,
    missing,
  }
}

/** The border between a rule that is typed by its own option, and the values that were read for that option. */
function saidOf<Value>(rule: Said | ((value: never) => Said) | undefined, value: Value): Said {
  if (typeof rule !== 'function') return rule ?? 'anyway'
  return (rule as (value: Value) => Said)(value)
}

function printf({ before, lingerSeconds }: Extract<Said, { before: string }>): string {
  const print = `printf ${shellWord(before)}`
  return lingerSeconds === undefined ? print : `(${print}; sleep ${lingerSeconds})`
}

const indent = 2

/** The tools one after the other, then what none of them does: a command line is never broken, to be copied whole. */
export function answerLines(
  all: readonly Counterpart[],
  besides: string,
  { width, palette }: { readonly width: number; readonly palette: Palette },
): string {
  const nameWidth = Math.max(...all.map(({ name }) => name.length))
  const textAt = indent + nameWidth + 2
  const hang = (text: string): readonly string[] =>
    wrapWords(text, Math.max(20, width - textAt)).map((line) => ' '.repeat(textAt) + line.trimStart())
  const lines = all.flatMap(({ name, line, none, missing }) => {
    const start = ' '.repeat(indent) + palette.strong(name.padEnd(nameWidth + 2))
    const first =
      line === undefined
        ? palette.faint(`no such command: ${none}`)
        : escapeText(line, { keepBackslashes: true })
    return [start + first, ...missing.flatMap(([flag, why]) => hang(`without ${flag}: ${why}`))]
  })
  const more = ['', ...wrapWords(besides, width)]
  return [...lines, ...more].map((line) => `${line.trimEnd()}\n`).join('')
}
