import { Chalk, type ChalkInstance } from 'chalk'

/** What a colour says. It never says it alone: a mark or a word always says it too. */
export type Role = 'plain' | 'faint' | 'strong' | 'sent' | 'received' | 'good' | 'warning' | 'bad' | 'socket'

export type Palette = Readonly<Record<Role, (text: string) => string>>

/** The one set of colours, out of the terminal's own sixteen; without colour every role is the identity. */
export function createPalette(color: boolean): Palette {
  const chalk = new Chalk({ level: color ? 1 : 0 })
  return {
    plain: (text) => text,
    faint: ink(chalk.dim),
    strong: ink(chalk.bold),
    sent: ink(chalk.cyan),
    received: ink(chalk.green),
    good: ink(chalk.green),
    warning: ink(chalk.yellow),
    bad: ink(chalk.red),
    socket: ink(chalk.magenta),
  }
}

/** Of one argument only, so that `map` and `replace` can call it: chalk itself would print their others too. */
function ink(style: ChalkInstance): (text: string) => string {
  return (text) => style(text)
}
