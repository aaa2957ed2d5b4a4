import { Command, CommanderError, Option } from 'commander'
import {
  compareOptions,
  type OptionRow,
  tcpClientOptions,
  tcpServerOptions,
  udpClientOptions,
  udpServerOptions,
  type Values,
  wsClientOptions,
  wsEchoOptions,
} from './commands/options.ts'
import type { Context } from './context.ts'
import { SockpitError, UsageError } from './errors.ts'
import { type ExitCode, exitCodes } from './exit-code.ts'
import { nearest } from './nearest.ts'

/** One subcommand: its help, its options, and how it is run, which is imported only then. */
interface Subcommand<Rows extends Readonly<Record<string, OptionRow>>> {
  readonly name: string
  readonly arguments: readonly string[]
  readonly summary: string
  readonly examples: readonly string[]
  readonly options: Rows
  run(context: Context, operands: readonly string[], values: Values<Rows>): Promise<ExitCode>
}

const subcommands = [
  subcommand({
    name: 'tcp-server',
    arguments: ['[[host:]port]'],
    summary: 'serve TCP (127.0.0.1:9000)',
    examples: [
      'sockpit tcp-server --echo',
      'sockpit tcp-server 0.0.0.0:7000 --service chat',
      'sockpit tcp-server --once --raw >received.bin',
    ],
    options: tcpServerOptions,
    run: async (...call) => (await import('./commands/tcp-server.ts')).tcpServer(...call),
  }),
  subcommand({
    name: 'tcp-client',
    arguments: ['[host]', '[port]'],
    summary: 'connect to TCP (localhost 9000)',
    examples: [
      'sockpit tcp-client example.org 80',
      'echo hi | sockpit tcp-client localhost:9000',
      'sockpit tcp-client localhost 9000 --probe',
    ],
    options: tcpClientOptions,
    run: async (...call) => (await import('./commands/tcp-client.ts')).tcpClient(...call),
  }),
  subcommand({
    name: 'udp-server',
    arguments: ['[[host:]port]'],
    summary: 'receive and answer datagrams over UDP (127.0.0.1:9000)',
    examples: [
      'sockpit udp-server --echo',
      'sockpit udp-server 5000 --join 239.1.1.1',
      'sockpit udp-server --truncate 5',
    ],
    options: udpServerOptions,
    run: async (...call) => (await import('./commands/udp-server.ts')).udpServer(...call),
  }),
  subcommand({
    name: 'udp-client',
    arguments: ['[host]', '[port]'],
    summary: 'send datagrams over UDP (localhost 9000)',
    examples: [
      'sockpit udp-client localhost 9000',
      "printf 'one\\ntwo\\n' | sockpit udp-client localhost 9000",
      'sockpit udp-client localhost 9000 --chunk 1400 --rate 1MB <file',
    ],
    options: udpClientOptions,
    run: async (...call) => (await import('./commands/udp-client.ts')).udpClient(...call),
  }),
  subcommand({
    name: 'ws-echo',
    arguments: ['[[host:]port]'],
    summary: 'serve WebSocket, every message goes back (127.0.0.1:9001)',
    examples: [
      'sockpit ws-echo',
      'sockpit ws-echo 8080 --path /chat --subprotocol chat.v1',
      'sockpit ws-echo -vv',
    ],
    options: wsEchoOptions,
    run: async (...call) => (await import('./commands/ws-echo.ts')).wsEcho(...call),
  }),
  subcommand({
    name: 'ws-client',
    arguments: ['[url]'],
    summary: 'connect to WebSocket (ws://localhost:9001/)',
    examples: [
      'sockpit ws-client ws://localhost:9001/',
      "echo hi | sockpit ws-client localhost:9001 -H 'X-Room: 7'",
      'sockpit ws-client localhost:9001 -e /ping -e \'/close 4001 "why"\'',
    ],
    options: wsClientOptions,
    run: async (...call) => (await import('./commands/ws-client.ts')).wsClient(...call),
  }),
  subcommand({
    name: 'compare',
    arguments: ['[experiment]'],
    summary: 'see on one screen what streams, datagrams and messages do to what is sent',
    examples: [
      'sockpit compare',
      'sockpit compare --list',
      'sockpit compare boundaries --only tcp,udp --repeat 20',
      'sockpit compare handshake --report handshake.html',
    ],
    options: compareOptions,
    run: async (...call) => (await import('./commands/compare.ts')).compare(...call),
  }),
]

/** Types a subcommand's options against its own table. */
function subcommand<const Rows extends Readonly<Record<string, OptionRow>>>(one: Subcommand<Rows>) {
  return {
    name: one.name,
    create: (context: Context, isAsked: boolean, done: (code: ExitCode) => void): Command =>
      createCommand(one, context, isAsked, done),
  }
}

/**
 * Understands the command line and runs what it asks for.
 * @throws SockpitError
 */
export async function runProgram(context: Context, words: readonly string[]): Promise<ExitCode> {
  let code: ExitCode = exitCodes.ok
  const program = new Command('sockpit')
    .description(
      'A sandpit for sockets: raw TCP, UDP and WebSocket on the command line, made to be looked at.',
    )
    .version(context.version, '-V, --version', 'the version')
    .helpOption('-h, --help', 'this help')
    .helpCommand('help [command]', 'the help of a command')
  configure(program, context)
  for (const { name, create } of subcommands) {
    const command = create(context, words.includes(name), (result) => {
      code = result
    })
    program.addCommand(command)
  }
  program.addHelpText('after', '\nStart with: sockpit compare')
  if (words.length === 0) {
    program.outputHelp()
    return exitCodes.usage
  }
  checkTopic(words)
  try {
    await program.parseAsync([...words], { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (error.exitCode === 0) return exitCodes.ok
    throw new UsageError(sentence(error.message))
  }
  return code
}

function configure(command: Command, context: Context): void {
  const { stdout } = context
  command.exitOverride().configureOutput({
    writeOut: (text) => stdout.stream.write(text),
    writeErr: () => {},
    outputError: () => {},
    getOutHelpWidth: () => Math.min(stdout.width(), 120),
    getOutHasColors: () => stdout.color,
  })
}

function createCommand<Rows extends Readonly<Record<string, OptionRow>>>(
  one: Subcommand<Rows>,
  context: Context,
  isAsked: boolean,
  done: (code: ExitCode) => void,
): Command {
  const command = new Command(one.name).summary(one.summary).description(one.summary)
  for (const argument of one.arguments) command.argument(optionalArgument(argument))
  // Start-up: the options of the others would be built for nothing.
  if (!isAsked) return command
  configure(command, context)
  command.helpOption('-h, --help', 'this help')
  const times: Record<string, number> = {}
  for (const row of Object.values<OptionRow>(one.options)) {
    const option = createOption(row)
    command.addOption(option)
    if (row.parse === undefined && row.repeat === true) {
      const name = option.attributeName()
      command.on(`option:${option.name()}`, () => {
        times[name] = (times[name] ?? 0) + 1
      })
    }
  }
  const examples = one.examples.map((line) => `  ${line}`).join('\n')
  command.addHelpText('after', `\n${quantities(one.options)}Examples:\n${examples}`)
  // Nobody can know that a server takes its address in one word, and a client in two.
  command.allowExcessArguments()
  command.action(async () => {
    const { args } = command
    if (args.length > one.arguments.length) {
      const hint =
        one.arguments[0] === '[[host:]port]' ? `; host and port are one word: ${args[0]}:${args[1]}` : ''
      throw new UsageError(`${one.name} does not take ${args.length} arguments${hint}`)
    }
    // The border between commander's untyped values and ours: the same rows made both.
    const values = { ...command.opts(), ...times } as Values<Rows>
    done(await one.run(context, command.args, values))
  })
  return command
}

/** How durations and sizes are written, where an option takes one. */
function quantities(rows: Readonly<Record<string, OptionRow>>): string {
  if (!Object.values(rows).some(({ flags }) => flags.includes('<duration>'))) return ''
  return (
    'A duration is 250ms, 2s or 1m; a bare number is milliseconds.\n' +
    'A size is 512, 64KiB or 1MB; a bare number is bytes.\n\n'
  )
}

/** Commander's form of a usage such as `[[host:]port]`: its own brackets only. */
function optionalArgument(usage: string): string {
  return `[${usage.slice(1, -1).replace(/[[\]]/g, '')}]`
}

function createOption(row: OptionRow): Option {
  const option = new Option(row.flags, row.help).helpGroup(`${row.group}:`)
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

/** `help` of a command that there is not. @throws UsageError */
function checkTopic([first, topic]: readonly string[]): void {
  const names = subcommands.map(({ name }) => name)
  if (first !== 'help' || topic === undefined || names.includes(topic)) return
  const near = nearest(topic, names)
  const hint = near === undefined ? `there is ${names.join(', ')}` : `did you mean ${near}?`
  throw new UsageError(`"${topic}" is no command: ${hint}`)
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
