/** The help of one command on one screen: usage, its own options in groups, what all share in brief, examples. */
import { commonOptions } from '../commands/options/common.ts'
import { groups, type OptionRow } from '../commands/options/row.ts'
import type { Subcommand } from '../commands/subcommands.ts'
import { wrapWords } from '../views/cells.ts'
import { columnLines, flowLines, helpText, type Layout, widest } from './layout.ts'

type Rows = Readonly<Record<string, OptionRow>>

/** `--help` of a command. */
export function commandHelp(
  { name, operands, summary, options, examples }: Subcommand,
  layout: Layout,
): string {
  const { palette } = layout
  const [own, shared] = splitShared(options)
  const usage = ['Usage: sockpit', name]
  if (Object.keys(options).length > 0) usage.push('[options]')
  const lines = [
    [...usage, ...operands.map((operand) => operand.usage)].join(' '),
    ...wrapWords(`${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`, Math.min(layout.width, widest)),
    ...optionLines(own, layout),
    ...sharedLines(shared, layout),
    '',
    palette.strong('Examples'),
    ...examples.map((line) => `  ${line}`),
    ...quantities(options, layout),
  ]
  return helpText(lines)
}

/** Options under their headings, each group after an empty line; what another row tells of is left out. */
export function optionLines(rows: Rows, layout: Layout): readonly string[] {
  const told = Object.values(rows).filter(({ toldBy }) => toldBy === undefined)
  const columns = told.map(({ flags, help }) => [flags, help] as const)
  const flagsWidth = Math.max(0, ...told.map(({ flags }) => flags.length))
  return groups.flatMap((heading) => {
    const some = columns.filter((_, index) => told[index]?.group === heading)
    if (some.length === 0) return []
    const aligned = some.map(([flags, help]) => [flags.padEnd(flagsWidth), help] as const)
    return ['', layout.palette.strong(heading), ...columnLines(aligned, layout)]
  })
}

/** The options of a command, and those that every socket command has: of these the help shows the flags only. */
function splitShared(options: Rows): readonly [own: Rows, shared: Rows] {
  const isSocketCommand = 'enter' in options
  const isShared = ([key, { group }]: readonly [string, OptionRow]): boolean =>
    isSocketCommand && key in commonOptions && group !== 'The connection'
  const rows = Object.entries(options)
  return [Object.fromEntries(rows.filter((row) => !isShared(row))), Object.fromEntries(rows.filter(isShared))]
}

function sharedLines(shared: Rows, layout: Layout): readonly string[] {
  const flags = Object.values(shared).map((row) => row.flags)
  if (flags.length === 0) return []
  const heading = `${layout.palette.strong('As every command')} (sockpit help options says more)`
  return ['', heading, ...flowLines([...flags, '-h, --help'], layout)]
}

/** How durations and sizes are written, where an option takes one. */
function quantities(options: Rows, { width }: Layout): readonly string[] {
  if (!Object.values(options).some(({ flags }) => flags.includes('<duration>'))) return []
  const text = 'A duration is 250ms, 2s or 1m, else milliseconds; a size 512, 64KiB or 1MB.'
  return ['', ...wrapWords(text, width)]
}
