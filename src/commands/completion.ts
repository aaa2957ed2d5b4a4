import { bashCompletion } from '../completion/bash.ts'
import { type DescribedCommand, describeCommands } from '../completion/description.ts'
import { fishCompletion } from '../completion/fish.ts'
import { zshCompletion } from '../completion/zsh.ts'
import type { Context } from '../context.ts'
import { UsageError } from '../errors.ts'
import { type ExitCode, exitCodes } from '../exit-code.ts'
import { nearest } from '../nearest.ts'
import { type Shell, shells } from './shells.ts'

const scripts: Readonly<Record<Shell, (commands: readonly DescribedCommand[]) => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
}

/** `sockpit completion SHELL`: a script on standard output. @throws UsageError */
export async function completion({ stdout }: Context, [name]: readonly string[]): Promise<ExitCode> {
  const shell = shells.find((one) => one === name)
  if (shell === undefined) throw unknownShell(name)
  stdout.print(scripts[shell](await describeCommands()))
  return exitCodes.ok
}

function unknownShell(name: string | undefined): UsageError {
  const known = shells.join(', ')
  if (name === undefined) return new UsageError(`completion needs the name of a shell: ${known}`)
  const near = nearest(name, shells)
  return new UsageError(
    `"${name}" is not one of ${known}${near === undefined ? '' : `: did you mean ${near}?`}`,
  )
}
