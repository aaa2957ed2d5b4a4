import type { Transport } from '../../event.ts'
import { commonOptions } from './common.ts'
import { asText, choice, type OptionRow, whole } from './row.ts'

const transports = ['tcp', 'udp', 'websocket'] as const satisfies readonly Transport[]

/** `tcp,udp`: in the order in which they are shown, each once. */
function parseTransports(text: string): readonly Transport[] {
  const named = text.split(',').map((word) => (word.trim() === 'ws' ? 'websocket' : word.trim()))
  const { parse } = choice(transports)
  for (const word of named) parse(word)
  return transports.filter((transport) => named.includes(transport))
}

export const compareOptions = {
  list: { flags: '--list', help: 'the experiments there are', group: 'What is run' },
  seed: {
    flags: '--seed <n>',
    help: 'repeat the run that was made with this seed',
    group: 'What is run',
    parse: whole({ max: 2 ** 32 - 1 }),
  },
  only: {
    flags: '--only <transports>',
    help: 'some of tcp, udp and websocket: tcp,udp',
    group: 'What is run',
    choices: transports,
    parse: parseTransports,
  },
  tls: { flags: '--tls', help: 'handshake: TLS as one more column', group: 'What is run' },
  repeat: {
    flags: '--repeat <n>',
    help: 'run it so often, and show how many reads',
    group: 'What is run',
    parse: whole({ min: 1, max: 10_000 }),
  },
  report: {
    flags: '--report <file>',
    help: 'write it as a page of HTML, too',
    group: 'What you see',
    parse: asText,
    isFile: true,
  },
  json: { flags: '--json', help: 'every event of every actor, then the claims', group: 'What you see' },
  width: {
    flags: '--width <columns>',
    help: 'draw for so many columns',
    group: 'What you see',
    parse: whole({ min: 40, max: 400 }),
  },
  plain: { ...commonOptions.plain, help: 'for screen readers: words in lines, no drawing' },
  color: commonOptions.color,
  noColor: commonOptions.noColor,
} as const satisfies Record<string, OptionRow>
