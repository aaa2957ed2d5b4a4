/** The commands as data: from this table parsing, help, the menu, completion and the manual are made. */
import type { Context } from '../context.ts'
import type { ExitCode } from '../exit-code.ts'
import { compareOptions } from './options/compare.ts'
import type { OptionRow, Values } from './options/row.ts'
import { tcpClientOptions, tcpServerOptions } from './options/tcp.ts'
import { udpClientOptions, udpServerOptions } from './options/udp.ts'
import { wsClientOptions, wsEchoOptions } from './options/websocket.ts'
import { shells } from './shells.ts'

type Rows = Readonly<Record<string, OptionRow>>

/** What stands on the command line beside the options. */
export interface Operand {
  /** `[[host:]port]` */
  readonly usage: string
  /** The words that it may be, where there are only so many. */
  readonly choices?: () => Promise<readonly string[]>
  /** It names a machine. */
  readonly isHost?: true
}

/** One subcommand: its help, its options, and how it is run, which is imported only then. */
interface SubcommandOf<Options extends Rows> {
  readonly name: string
  readonly operands: readonly Operand[]
  /** A clause without a full stop. */
  readonly summary: string
  readonly examples: readonly [string, string, string]
  readonly options: Options
  run(context: Context, operands: readonly string[], values: Values<Options>): Promise<ExitCode>
}

/** Any of them. */
export interface Subcommand extends Omit<SubcommandOf<Rows>, 'run'> {
  /** @param values were read by its own options */
  run(
    context: Context,
    operands: readonly string[],
    values: Readonly<Record<string, unknown>>,
  ): Promise<ExitCode>
}

/** Types a subcommand's run against its own options: the border between the command line and typed values. */
function subcommand<const Options extends Rows>(one: SubcommandOf<Options>): Subcommand {
  return {
    ...one,
    run: async (context, operands, values) => {
      if (values.like === true) return (await import('./like.ts')).like(context, one.name, operands, values)
      return one.run(context, operands, values as Values<Options>)
    },
  }
}

const listenAt: readonly Operand[] = [{ usage: '[[host:]port]' }]
const connectTo: readonly Operand[] = [{ usage: '[host]', isHost: true }, { usage: '[port]' }]

export const subcommands: readonly Subcommand[] = [
  subcommand({
    name: 'tcp-server',
    operands: listenAt,
    summary: 'serve TCP (127.0.0.1:9000)',
    examples: [
      'sockpit tcp-server --echo',
      'sockpit tcp-server 0.0.0.0:7000 --service chat',
      'sockpit tcp-server --once --raw >received.bin',
    ],
    options: tcpServerOptions,
    run: async (...call) => (await import('./tcp-server.ts')).tcpServer(...call),
  }),
  subcommand({
    name: 'tcp-client',
    operands: connectTo,
    summary: 'connect to TCP (localhost 9000)',
    examples: [
      'sockpit tcp-client example.org 80',
      'echo hi | sockpit tcp-client localhost:9000',
      'sockpit tcp-client localhost 9000 --probe',
    ],
    options: tcpClientOptions,
    run: async (...call) => (await import('./tcp-client.ts')).tcpClient(...call),
  }),
  subcommand({
    name: 'udp-server',
    operands: listenAt,
    summary: 'receive datagrams over UDP (127.0.0.1:9000)',
    examples: [
      'sockpit udp-server --echo',
      'sockpit udp-server 5000 --join 239.1.1.1',
      'sockpit udp-server --truncate 5',
    ],
    options: udpServerOptions,
    run: async (...call) => (await import('./udp-server.ts')).udpServer(...call),
  }),
  subcommand({
    name: 'udp-client',
    operands: connectTo,
    summary: 'send datagrams over UDP (localhost 9000)',
    examples: [
      'sockpit udp-client localhost 9000',
      "printf 'one\\ntwo\\n' | sockpit udp-client localhost 9000",
      'sockpit udp-client localhost 9000 --chunk 1400 --rate 1MB <file',
    ],
    options: udpClientOptions,
    run: async (...call) => (await import('./udp-client.ts')).udpClient(...call),
  }),
  subcommand({
    name: 'ws-echo',
    operands: listenAt,
    summary: 'echo over WebSocket (127.0.0.1:9001)',
    examples: [
      'sockpit ws-echo',
      'sockpit ws-echo 8080 --path /chat --subprotocol chat.v1',
      'sockpit ws-echo -vv',
    ],
    options: wsEchoOptions,
    run: async (...call) => (await import('./ws-echo.ts')).wsEcho(...call),
  }),
  subcommand({
    name: 'ws-client',
    operands: [{ usage: '[url]' }],
    summary: 'connect to WebSocket (ws://localhost:9001/)',
    examples: [
      'sockpit ws-client ws://localhost:9001/',
      "echo hi | sockpit ws-client localhost:9001 -H 'X-Room: 7'",
      'sockpit ws-client localhost:9001 -e /ping -e \'/close 4001 "why"\'',
    ],
    options: wsClientOptions,
    run: async (...call) => (await import('./ws-client.ts')).wsClient(...call),
  }),
  subcommand({
    name: 'compare',
    operands: [{ usage: '[experiment]', choices: experimentNames }],
    summary: 'stream, datagram and message side by side',
    examples: [
      'sockpit compare boundaries --only tcp,udp',
      'sockpit compare split --repeat 20',
      'sockpit compare handshake --report handshake.html',
    ],
    options: compareOptions,
    run: async (...call) => (await import('./compare.ts')).compare(...call),
  }),
  subcommand({
    name: 'menu',
    operands: [],
    summary: 'ask what you want to do, and do it',
    examples: ['sockpit menu', 'sockpit', 'NO_COLOR=1 sockpit menu'],
    options: {},
    run: async (context) => (await import('./menu.ts')).menu(context),
  }),
  subcommand({
    name: 'completion',
    operands: [{ usage: '[shell]', choices: async () => shells }],
    summary: 'a script that completes sockpit in bash, zsh or fish',
    examples: [
      'source <(sockpit completion bash)',
      'source <(sockpit completion zsh)',
      'sockpit completion fish | source',
    ],
    options: {},
    run: async (context, operands) => (await import('./completion.ts')).completion(context, operands),
  }),
  subcommand({
    name: 'help',
    operands: [{ usage: '[topic]', choices: helpTopics }],
    summary: 'the help of a command, or of a topic',
    examples: ['sockpit help', 'sockpit help tcp-client', 'sockpit help options'],
    options: {},
    run: async (context, operands) => (await import('./help.ts')).help(context, operands),
  }),
]

/** The experiments are loaded for this only. */
async function experimentNames(): Promise<readonly string[]> {
  const { experiments } = await import('../experiments/index.ts')
  return experiments.map(({ name }) => name)
}

async function helpTopics(): Promise<readonly string[]> {
  const { topics } = await import('../help/topics.ts')
  return [...subcommands, ...topics].map(({ name }) => name)
}
