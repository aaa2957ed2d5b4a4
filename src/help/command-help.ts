/** The help of one command on one screen: usage, its own options in groups, what many share in brief, examples. */
import { commonOptions } from '../commands/options/common.ts'
import { groups, type OptionRow } from '../commands/options/row.ts'
import { tlsGroup } from '../commands/options/tls.ts'
import type { Subcommand } from '../commands/subcommands.ts'
import { wrapWords } from '../views/cells.ts'
import { columnLines, flowLines, helpText, type Layout, widest } from './layout.ts'

type Rows = Readonly<Record<string, OptionRow>>

/** `--help` of a command. */
export function commandHelp(command: Subcommand, layout: Layout): string {
  const { summary, options, examples } = command
  const { palette } = layout
  const [own, shared] = splitShared(options)
  const lines = [
    `Usage: ${usageOf(command)}`,
    ...wrapWords(`${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`, Math.min(layout.width, widest)),
    ...optionLines(own, layout),
    ...sharedLines(shared, layout),
    '',
    palette.strong('Examples'),
    ...examples.map((line) => `  ${line}`),
    ...quantityLines(options, layout),
  ]
  return helpText(lines)
}

/** `sockpit tcp-server [options] [[host:]port]` */
export function usageOf({ name, operands, options }: Subcommand): string {
  const words = Object.keys(options).length > 0 ? ['sockpit', name, '[options]'] : ['sockpit', name]
  return [...words, ...operands.map((operand) => operand.usage)].join(' ')
}

/** Options under their headings, each group after an empty line. */
export function optionLines(options: Rows, layout: Layout): readonly string[] {
  const all = optionGroups(options)
  const flagsWidth = Math.max(0, ...all.flatMap(({ rows }) => rows.map(({ flags }) => flags.length)))
  return all.flatMap(({ heading, rows }) => {
    const aligned = rows.map(({ flags, help }) => [flags.padEnd(flagsWidth), help] as const)
    return ['', layout.palette.strong(heading), ...columnLines(aligned, layout)]
  })
}

/** Options in their groups; what another row tells of is left out. */
export function optionGroups(
  options: Rows,
): readonly { readonly heading: string; readonly rows: readonly OptionRow[] }[] {
  const told = Object.values(options).filter(({ toldBy }) => toldBy === undefined)
  return groups
    .map((heading) => ({ heading, rows: told.filter(({ group }) => group === heading) }))
    .filter(({ rows }) => rows.length > 0)
}

/** Whether it takes what every socket command takes. */
export function isSocketCommand(options: Rows): boolean {
  return 'enter' in options
}

/** The options of a command, and those that others have, too: of these the help shows the flags only. */
function splitShared(options: Rows): readonly [own: Rows, shared: Rows] {
  const isCommon = ([key, { group }]: readonly [string, OptionRow]): boolean =>
    isSocketCommand(options) && key in commonOptions && group !== 'The connection'
  const isOfTls = ([, { group }]: readonly [string, OptionRow]): boolean => group === tlsGroup
  const rows = Object.entries(options)
  return [
    Object.fromEntries(rows.filter((row) => !isCommon(row) && !isOfTls(row))),
    Object.fromEntries([...rows.filter(isOfTls), ...rows.filter(isCommon)]),
  ]
}

function sharedLines(shared: Rows, layout: Layout): readonly string[] {
  const flags = Object.values(shared).map((row) => row.flags)
  if (flags.length === 0) return []
  const heading = `${layout.palette.strong('In brief')} (sockpit help options says more)`
  return ['', heading, ...flowLines([...flags, '-h, --help'], layout)]
}

/** How durations and sizes are written. */
export const quantities = 'A duration is 250ms, 2s or 1m, else milliseconds; a size 512, 64KiB or 1MB.'

function quantityLines(options: Rows, { width }: Layout): readonly string[] {
  const takesDuration = Object.values(options).some(({ flags }) => flags.includes('<duration>'))
  return takesDuration ? ['', ...wrapWords(quantities, width)] : []
}
