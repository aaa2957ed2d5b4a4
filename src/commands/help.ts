import type { Context } from '../context.ts'
import { UsageError } from '../errors.ts'
import { type ExitCode, exitCodes } from '../exit-code.ts'
import { commandHelp } from '../help/command-help.ts'
import { programHelp } from '../help/program-help.ts'
import { type TopicLayout, topics } from '../help/topics.ts'
import { nearest } from '../nearest.ts'
import { createPalette } from '../views/palette.ts'
import { subcommands } from './subcommands.ts'

/** `sockpit help [topic]`: of everything, of a command, or of a topic. @throws UsageError */
export async function help({ stdout, version }: Context, [topic]: readonly string[]): Promise<ExitCode> {
  const how = { width: stdout.width(), palette: createPalette(stdout.color), version }
  stdout.print(await textOf(topic, how))
  return exitCodes.ok
}

async function textOf(topic: string | undefined, how: TopicLayout): Promise<string> {
  if (topic === undefined) return programHelp(how)
  const command = subcommands.find(({ name }) => name === topic)
  if (command !== undefined) return commandHelp(command, how)
  const text = topics.find(({ name }) => name === topic)
  if (text !== undefined) return text.write(how)
  const known = [...subcommands, ...topics].map(({ name }) => name)
  const near = nearest(topic, known)
  const hint = near === undefined ? `there is ${known.join(', ')}` : `did you mean ${near}?`
  throw new UsageError(`"${topic}" is no command and no topic: ${hint}`)
}
