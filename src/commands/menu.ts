import type { Context } from '../context.ts'
import { UsageError } from '../errors.ts'
import { type ExitCode, exitCodes } from '../exit-code.ts'
import { asking, interrupted } from '../menu/asking.ts'
import { commandLine, valuesOf } from '../menu/command-line.ts'
import { interview } from '../menu/interview.ts'

/** `sockpit menu`, and `sockpit` alone: asks what to do, says how to ask for it without the menu, and does it. */
export async function menu(context: Context): Promise<ExitCode> {
  const { stdin, stdout } = context
  if (stdin.kind !== 'terminal' || !stdout.isDrawable) {
    throw new UsageError('the menu needs a terminal that it can draw on; sockpit --help lists the commands')
  }
  const choice = await asking(context, stdout.color, interview)
  if (choice === interrupted) return exitCodes.interrupt
  if (choice === undefined) return exitCodes.ok
  stdout.stream.write(`\n$ ${commandLine(choice)}\n`)
  return choice.command.run(context, choice.operands, valuesOf(choice))
}
