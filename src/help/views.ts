/** The views: what each is for, the marks of the log, and what goes to standard output and standard error. */
import { defaults } from '../commands/defaults.ts'
import { narrated, type ViewName } from '../commands/set-up.ts'
import type { EventKind, Transport } from '../event.ts'
import { eventFields } from '../views/json.ts'
import { createLogView, type LogOptions } from '../views/log.ts'
import { markMeanings } from '../views/marks.ts'
import { type Section, section, type Term, terms } from './section.ts'

interface ViewText {
  readonly is: string
  /** When it is what you get without asking. */
  readonly default: string
  /** The options that are short for `--view NAME`. */
  readonly short: string
}

export const viewTexts: Readonly<Record<ViewName, ViewText>> = {
  log: {
    is: 'a line an event: time, socket, mark, size, words, a safe preview of the payload',
    default: 'on a terminal',
    short: '',
  },
  raw: {
    is:
      'what was received, byte for byte, and nothing else; after each datagram or message a line feed, ' +
      'unless --split nul or none',
    default: 'into a pipe or file',
    short: '--raw',
  },
  hex: {
    is:
      'offset, bytes and text, with direction; offsets count on over reads; of a WebSocket, each frame as ' +
      'it travelled',
    default: '',
    short: '-x, --hex',
  },
  json: { is: 'every event, one a line, lossless', default: '', short: '--json' },
}

export const timeForms: Readonly<Record<LogOptions['time'], string>> = {
  elapsed: 'since the command started, seconds: 3.220 (the default)',
  delta: 'since the line before: +0.015',
  clock: 'the time of day: 14:03:21.220',
  none: 'no time',
}

export function viewSections(): readonly Section[] {
  return [
    section('Views', terms(viewRows()), '--view NAME chooses one.'),
    section(
      'Standard output and standard error',
      'log goes to standard output. raw, hex and json leave standard output to the data; what is said ' +
        'to you goes to standard error. An error is one line there that begins "sockpit: ", whatever the view.',
      terms(narrationRows()),
    ),
    section('Marks of the log', terms(Object.entries(markMeanings)), afterMarks),
    section(
      'Time in the log',
      terms(Object.entries(timeForms).map(([form, text]) => [`--time ${form}`, text])),
    ),
    section('How much is told', terms(verbosityRows())),
  ]
}

const afterMarks =
  'The size after the mark is in bytes. Behind it stands how the bytes went: write, read, datagram, frame, ' +
  "or the message's type. Colour repeats what mark and words say, and adds nothing."

function viewRows(): readonly Term[] {
  return Object.entries(viewTexts).map(([name, { is, default: usual, short }]) => {
    const chosen = [...(usual === '' ? [] : [`the default ${usual}`]), ...(short === '' ? [] : [short])]
    return [name, `${is} (${chosen.join('; ')})`]
  })
}

/** What is said on standard error beside the data, as the session does it. */
function narrationRows(): readonly Term[] {
  const [always = new Set<EventKind>(), verbose = always, most = verbose] = narrated
  const added = (more: ReadonlySet<EventKind>, than: ReadonlySet<EventKind>) =>
    [...more].filter((kind) => !than.has(kind)).join(', ')
  return [
    ['always', [...always].join(', ')],
    ['-v', `also ${added(verbose, always)}`],
    ['-vv', `also ${added(most, verbose)}`],
    ['-q', 'errors only'],
  ]
}

function verbosityRows(): readonly Term[] {
  const shown = (kinds: readonly EventKind[]) => kinds.join(', ')
  const everywhere = hidden('tcp')
  const ofWebSocket = hidden('websocket').filter((kind) => !everywhere.includes(kind))
  return [
    [
      '-v',
      `the log also tells ${shown(everywhere)} and each attempt that failed; of a WebSocket also ` +
        `${shown(ofWebSocket)} ` +
        '(its reads and writes), the heads of the upgrade as they travelled, and JSON laid out',
    ],
    ['-vv', 'the log also draws each frame bit by bit'],
    ['-q', 'errors only'],
    ['--show SIZE', `how many bytes of a payload the log shows (${defaults.show}); all: all of it`],
    ['--no-color', 'no colour; the same as the variable NO_COLOR; --color: colour anywhere'],
  ]
}

/** What the log keeps to itself without -v. */
function hidden(transport: Transport): readonly EventKind[] {
  const view = createLogView({
    transport,
    width: () => 80,
    color: false,
    time: 'none',
    show: 0,
    verbosity: 0,
    isPlain: false,
    startedAt: new Date(0),
  })
  return Object.keys(eventFields).filter((kind) => !view.wants(kind as EventKind)) as EventKind[]
}
