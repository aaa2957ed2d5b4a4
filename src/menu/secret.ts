import { password } from '@inquirer/prompts'
import type { Context } from '../context.ts'
import { UsageError } from '../errors.ts'
import { asking } from './asking.ts'

/** Asks for what must not be seen. @throws UsageError where it was not said */
export async function askSecret(context: Context, message: string): Promise<string> {
  const color = context.stderr.color
  // Data may go to standard output.
  const answer = await asking({ ...context, stdout: context.stderr }, color, (place) =>
    password({ message, mask: true, theme: place.theme }, place),
  )
  if (typeof answer === 'string') return answer
  throw new UsageError(`${message} was not said: --passphrase TEXT gives it`)
}
