import { longFlag } from '../commands/options/row.ts'
import type { Subcommand } from '../commands/subcommands.ts'
import { shellWord } from '../shell-word.ts'

/** An option as it was chosen; a switch has no text. */
export interface Given {
  readonly key: string
  readonly text?: string
}

/** What was put together in the menu: a command with all that it is given. */
export interface Choice {
  readonly command: Subcommand
  readonly operands: readonly string[]
  readonly given: readonly Given[]
}

/** The command line that does the same. */
export function commandLine({ command, operands, given }: Choice): string {
  const options = given.flatMap(({ key, text }) => {
    const flag = longFlag(command.options[key])
    return text === undefined ? [flag] : [flag, shellWord(text)]
  })
  return ['sockpit', command.name, ...operands.map(shellWord), ...options].join(' ')
}

/** The values that its options have, as if they had been read from that command line. @throws SockpitError */
export function valuesOf({ command, given }: Choice): Readonly<Record<string, unknown>> {
  const values: Record<string, unknown> = {}
  for (const { key, text = '' } of given) {
    const row = command.options[key]
    const before = values[key]
    if (row?.parse === undefined) values[key] = row?.repeat === true ? Number(before ?? 0) + 1 : true
    else if (row.repeat !== true) values[key] = row.parse(text)
    else values[key] = [...(Array.isArray(before) ? before : []), row.parse(text)]
  }
  return values
}
