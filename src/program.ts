import { Command, CommanderError, Option } from 'commander'
import type { OptionRow } from './commands/options/row.ts'
import { type Subcommand, subcommands } from './commands/subcommands.ts'
import type { Context } from './context.ts'
import { SockpitError, UsageError } from './errors.ts'
import { type ExitCode, exitCodes } from './exit-code.ts'

/**
 * Understands the command line and runs what it asks for.
 * @throws SockpitError
 */
export async function runProgram(context: Context, words: readonly string[]): Promise<ExitCode> {
  if (words.length === 0) return runNothing(context)
  let run = async (): Promise<ExitCode> => exitCodes.ok
  const program = configure(new Command('sockpit'), context, () => {
    run = () => showHelp(context)
  }).version(context.version, '-V, --version', 'the version')
  // Commander's own would know the commands only, and no other topics.
  program.helpCommand(false)
  program.option('--limits').on('option:limits', () => {
    run = () => showHelp(context, 'limits')
    throw new CommanderError(exitCodes.ok, 'sockpit.limits', '')
  })
  for (const one of subcommands) {
    const command = new Command(one.name)
    // Start-up: the options of the others would be built for nothing.
    if (words.includes(one.name)) {
      configure(command, context, () => {
        run = () => showHelp(context, one.name)
      })
      define(command, one, (operands, values) => {
        run = () => one.run(context, operands, values)
      })
    }
    program.addCommand(command)
  }
  try {
    program.parse([...words], { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (error.exitCode !== 0) throw new UsageError(strangeOption(error.message) ?? sentence(error.message))
  }
  return run()
}

/** Where somebody can be asked, what to run; else that nothing was said. */
async function runNothing(context: Context): Promise<ExitCode> {
  if (context.stdin.kind === 'terminal' && context.stdout.isDrawable) {
    return (await import('./commands/menu.ts')).menu(context)
  }
  await showHelp(context)
  return exitCodes.usage
}

/** Lets Commander end nothing and write nothing by itself but the version. */
function configure(command: Command, { stdout }: Context, helpAsked: () => void): Command {
  return command
    .exitOverride()
    .helpOption('-h, --help')
    .configureOutput({
      writeOut: (text) => stdout.print(text),
      writeErr: () => {},
      outputError: () => {},
    })
    .configureHelp({
      formatHelp: () => {
        helpAsked()
        return ''
      },
    })
}

async function showHelp(context: Context, topic?: string): Promise<ExitCode> {
  const { help } = await import('./commands/help.ts')
  return help(context, topic === undefined ? [] : [topic])
}

/** Gives the command its operands and options, and tells what was given for them. */
function define(
  command: Command,
  { name, operands, options }: Subcommand,
  given: (operands: readonly string[], values: Readonly<Record<string, unknown>>) => void,
): void {
  for (const { usage } of operands) command.argument(optionalArgument(usage))
  const times: Record<string, number> = {}
  for (const row of Object.values(options)) {
    const option = createOption(row)
    command.addOption(option)
    if (row.parse === undefined && row.repeat === true) {
      const key = option.attributeName()
      command.on(`option:${option.name()}`, () => {
        times[key] = (times[key] ?? 0) + 1
      })
    }
  }
  // Nobody can know that a server takes its address in one word, and a client in two.
  command.allowExcessArguments()
  command.action(() => {
    const { args } = command
    if (args.length > operands.length) {
      const isAddress = operands[0]?.usage === '[[host:]port]' && !/^\d+$/.test(args[0] ?? '')
      const hint = isAddress ? `; host and port are one word: ${args[0]}:${args[1]}` : ''
      throw new UsageError(`${name} does not take ${args.length} arguments${hint}`)
    }
    given(args, { ...command.opts(), ...times })
  })
}

/** Commander's form of a usage such as `[[host:]port]`: its own brackets only. */
function optionalArgument(usage: string): string {
  return `[${usage.slice(1, -1).replace(/[[\]]/g, '')}]`
}

function createOption(row: OptionRow): Option {
  const option = new Option(row.flags)
  // `--no-delay` is a switch of its own here, not the opposite of `--delay`.
  option.negate = false
  const { parse } = row
  if (parse === undefined) return option
  const named = (text: string): unknown => {
    try {
      return parse(text)
    } catch (error) {
      if (!(error instanceof SockpitError)) throw error
      throw new UsageError(`${option.long ?? row.flags}: ${error.message}`, { cause: error })
    }
  }
  return row.repeat === true
    ? option.argParser((text, before: unknown[] | undefined) => [...(before ?? []), named(text)])
    : option.argParser(named)
}

/** An option that only other commands have is no typing error: it is said whose it is. */
function strangeOption(message: string): string | undefined {
  const [, flag = ''] = /^error: unknown option '(--[a-z-]+)/.exec(message) ?? []
  const owners = subcommands
    .filter(({ options }) => Object.values(options).some(({ flags }) => flags.split(/[\s,]+/).includes(flag)))
    .map(({ name }) => name)
  if (owners.length === 0) return undefined
  return `Unknown option "${flag}": it is one of ${owners.join(', ')}. --help lists what there is.`
}

/** Commander's message as one line of ours: `error: unknown option '--ech'\n(Did you mean --echo?)`. */
function sentence(message: string): string {
  const text = message
    .replace(/^error: /, '')
    .replace(/\s*\n\s*/g, ' ')
    .replaceAll("'", '"')
  const advice = text.endsWith('?)') ? '' : `${text.endsWith('.') ? '' : '.'} --help lists what there is.`
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${advice}`
}
