/** What can stand on a command line of sockpit, as every shell's completion needs to know it. */
import type { OptionRow } from '../commands/options/row.ts'
import { type Operand, type Subcommand, subcommands } from '../commands/subcommands.ts'

/** What may stand in a place: one of a few words, a file, a host, or text that nobody can guess. */
export type Value = readonly string[] | 'file' | 'host' | 'text'

export interface DescribedOption {
  /** `-w`, without the name of a value. */
  readonly short: string | undefined
  readonly long: string
  readonly help: string
  /** What its value is called, and what it may be; undefined: it is a switch. */
  readonly value: { readonly name: string; readonly is: Value } | undefined
  readonly isRepeatable: boolean
}

export interface DescribedCommand {
  readonly name: string
  readonly summary: string
  readonly operands: readonly { readonly name: string; readonly is: Value }[]
  readonly options: readonly DescribedOption[]
}

function aSwitch(short: string | undefined, long: string, help: string): DescribedOption {
  return { short, long, help, value: undefined, isRepeatable: false }
}

const help = aSwitch('-h', '--help', 'this help')

/** Options that stand where no command does. */
export const ownOptions: readonly DescribedOption[] = [
  help,
  aSwitch('-V', '--version', 'the version'),
  aSwitch(undefined, '--limits', 'every limit: help limits'),
]

/** The commands, made from the table that runs them. */
export function describeCommands(): Promise<readonly DescribedCommand[]> {
  return Promise.all(subcommands.map(describe))
}

async function describe({ name, summary, operands, options }: Subcommand): Promise<DescribedCommand> {
  return {
    name,
    summary,
    operands: await Promise.all(operands.map(describeOperand)),
    options: [...Object.values(options).map(describeOption), help],
  }
}

async function describeOperand({ usage, choices, isHost }: Operand) {
  const is: Value = (await choices?.()) ?? (isHost === true ? 'host' : 'text')
  return { name: usage.replace(/[[\]]/g, ''), is }
}

function describeOption({ flags, help, choices, isFile, repeat }: OptionRow): DescribedOption {
  const [, short, long = '', name] = /^(?:(-\w), )?(--[\w-]+)(?: <(.+)>)?$/.exec(flags) ?? []
  const is: Value = choices ?? (isFile === true ? 'file' : 'text')
  return {
    short,
    long,
    help,
    value: name === undefined ? undefined : { name, is },
    isRepeatable: repeat === true,
  }
}

/** The words of all commands after which a value stands. */
export function valuedSpellings(commands: readonly DescribedCommand[]): readonly string[] {
  const valued = commands.flatMap(({ options }) => options.filter(({ value }) => value !== undefined))
  return [...new Set(valued.flatMap(spellings))]
}

/** The words by which an option is called. */
export function spellings({ short, long }: DescribedOption): readonly string[] {
  return short === undefined ? [long] : [short, long]
}
