/** What `sockpit help` can tell besides the commands. */
import { commonOptions } from '../commands/options/common.ts'
import { optionLines } from './command-help.ts'
import type { Layout } from './layout.ts'

export interface Topic {
  readonly name: string
  readonly summary: string
  write(layout: Layout): string
}

export const topics: readonly Topic[] = [
  {
    name: 'options',
    summary: 'what every socket command takes',
    write: (layout) => lines(['Every socket command takes these.', ...optionLines(commonOptions, layout)]),
  },
]

function lines(all: readonly string[]): string {
  return all.map((line) => `${line.trimEnd()}\n`).join('')
}
