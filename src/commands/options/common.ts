import { parseSize } from '../../quantities.ts'
import { asText, choice, duration, type OptionRow, whole } from './row.ts'

const screen = 'What you see'
const session = 'What it does by itself'

/** What every socket command takes. */
export const commonOptions = {
  ipv4: { flags: '-4, --ipv4', help: 'IPv4 only; -6, --ipv6: IPv6 only', group: 'The connection' },
  ipv6: { flags: '-6, --ipv6', help: 'IPv6 only', group: 'The connection', toldBy: 'ipv4' },
  enter: {
    flags: '-e, --enter <line>',
    help: 'as if typed, before stdin is read; repeatable',
    group: session,
    parse: asText,
    repeat: true,
  },
  script: {
    flags: '--script <file>',
    help: 'lines of the language; - is standard input',
    group: session,
    parse: asText,
    isFile: true,
  },
  wait: {
    flags: '-w, --wait <duration>',
    help: 'end after so long with nothing happening',
    group: session,
    parse: duration({ min: 1 }),
  },
  count: {
    flags: '-n, --count <n>',
    help: 'end after so many received reads or messages',
    group: session,
    parse: whole({ min: 1 }),
  },
  eol: {
    flags: '--eol <end>',
    help: 'what ends a typed line: lf, crlf, none',
    group: session,
    ...choice(['lf', 'crlf', 'none']),
  },
  noHistory: { flags: '--no-history', help: 'neither read nor keep typed lines', group: session },
  like: { flags: '--like', help: 'how nc, ncat, socat and others would do it', group: session },
  view: {
    flags: '--view <view>',
    help: 'log, raw, hex, json; --raw, -x (--hex), --json',
    group: screen,
    ...choice(['log', 'raw', 'hex', 'json']),
  },
  json: { flags: '--json', help: 'short for --view json', group: screen, toldBy: 'view' },
  hex: { flags: '-x, --hex', help: 'short for --view hex', group: screen, toldBy: 'view' },
  raw: { flags: '--raw', help: 'short for --view raw', group: screen, toldBy: 'view' },
  verbose: { flags: '-v, --verbose', help: 'tell more; -vv: still more', group: screen, repeat: true },
  quiet: { flags: '-q, --quiet', help: 'tell errors only', group: screen },
  time: {
    flags: '--time <how>',
    help: 'elapsed, delta, clock, none (elapsed)',
    group: screen,
    ...choice(['elapsed', 'delta', 'clock', 'none']),
  },
  show: {
    flags: '--show <size>',
    help: 'how much of a payload log shows, or all (256)',
    group: screen,
    parse: (text: string) => (text === 'all' ? Number.POSITIVE_INFINITY : parseSize(text, { min: 0 })),
  },
  plain: {
    flags: '--plain',
    help: 'for screen readers: a line an event, no drawing',
    group: screen,
  },
  color: { flags: '--color', help: 'colour anywhere; --no-color, NO_COLOR: none', group: screen },
  noColor: {
    flags: '--no-color',
    help: 'no colour (NO_COLOR does the same)',
    group: screen,
    toldBy: 'color',
  },
} as const satisfies Record<string, OptionRow>
