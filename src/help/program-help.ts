/** The help of everything: what there is, in few words. */
import { subcommands } from '../commands/subcommands.ts'
import { wrapWords } from '../views/cells.ts'
import { columnLines, helpText, type Layout } from './layout.ts'
import { topics } from './topics.ts'

export const about =
  'A sandpit for sockets: raw TCP, UDP and WebSocket on the command line, made to be looked at.'

/** `sockpit --help` */
export function programHelp(layout: Layout): string {
  const { palette } = layout
  const commands = subcommands.map(({ name, operands, summary }) => {
    const usage = [name, ...operands.map((operand) => operand.usage)].join(' ')
    return [usage, summary] as const
  })
  const lines = [
    'Usage: sockpit [command] [options]',
    '',
    ...wrapWords(about, layout.width),
    '',
    palette.strong('Commands'),
    ...columnLines(commands, layout),
    '',
    palette.strong('Help on more'),
    ...columnLines(
      topics.map(({ name, summary, option }) => [
        `help ${name}`,
        option === undefined ? summary : `${summary} (${option})`,
      ]),
      layout,
    ),
    '',
    'sockpit alone asks what you want to do; start with: sockpit compare',
  ]
  return helpText(lines)
}
