/** The manual page sockpit(1), from the same tables as the help. */
import { commonOptions } from '../commands/options/common.ts'
import type { OptionRow } from '../commands/options/row.ts'
import { type Subcommand, subcommands } from '../commands/subcommands.ts'
import { historyPath } from '../session/history.ts'
import { isSocketCommand, optionGroups, quantities, usageOf } from './command-help.ts'
import { eventSummary } from './events.ts'
import { exitCodeSections } from './exit-codes.ts'
import { languageSections } from './language.ts'
import { limitSections } from './limits.ts'
import { about } from './program-help.ts'
import { type Chapter, roffPage } from './roff.ts'
import { lines, type Section, section, type Term, terms } from './section.ts'
import { viewSections } from './views.ts'

/** The page's source. */
export function manPage(version: string): string {
  return roffPage({ name: 'sockpit', section: 1, version }, chapters())
}

function chapters(): readonly Chapter[] {
  return [
    chapter('NAME', section('', 'sockpit - raw TCP, UDP and WebSocket, made to be looked at')),
    chapter('SYNOPSIS', section('', lines(...subcommands.map(usageOf)))),
    chapter('DESCRIPTION', section('', ...description)),
    chapter('COMMANDS', section('', terms(subcommands.map(commandRow)))),
    chapter('OPTIONS', ...optionSections()),
    chapter('LANGUAGE', ...languageSections()),
    chapter('VIEWS', ...viewSections()),
    chapter('EVENTS', eventSummary()),
    chapter('EXIT STATUS', ...exitCodeSections()),
    chapter('LIMITS', ...limitSections()),
    chapter('FILES', section('', terms(files()))),
    chapter('ENVIRONMENT', section('', terms(Object.entries(environment)))),
    chapter('EXAMPLES', section('', lines(...subcommands.flatMap(({ examples }) => examples)))),
    chapter('SEE ALSO', section('', 'nc(1), ncat(1), socat(1)')),
  ]
}

const description = [
  about,
  'A server listens on loopback unless an address is given, and says so where others can reach it. ' +
    'Each command shows what its sockets do, and carries out what is typed, given with --enter or written in ' +
    'a script. Payload goes in through standard input and comes out on standard output, so that each works in ' +
    'a pipe, too.',
  'sockpit compare runs experiments that do the same over TCP, UDP and WebSocket, side by side.',
]

/** The variables that are looked at. */
const environment: Readonly<Record<string, string>> = {
  NO_COLOR: 'where it is not empty: no colour, unless --color asks for it',
  TERM: 'with the value dumb: no colour either',
  COLUMNS: 'how wide to write where standard output is no terminal (80)',
  DEBUG: 'with the value sockpit: an error is followed by the stack of calls that led to it',
  XDG_STATE_HOME: 'the folder for the history, where it is an absolute path',
  LOCALAPPDATA: 'the same on Windows',
}

function chapter(title: string, ...sections: readonly Section[]): Chapter {
  // Twice the same heading says no more than once.
  const isRepeated = ({ heading }: Section) => sections.length === 1 || heading.toUpperCase() === title
  return { title, sections: sections.map((one) => (isRepeated(one) ? { ...one, heading: '' } : one)) }
}

function commandRow({ name, summary }: Subcommand): Term {
  return [name, summary]
}

function optionSections(): readonly Section[] {
  const own = subcommands.flatMap(({ name, options }) => {
    const rows = Object.entries(options)
    if (rows.length === 0) return []
    if (!isSocketCommand(options)) return [section(name, terms(optionTerms(options)))]
    const unshared = Object.fromEntries(rows.filter(([key]) => !(key in commonOptions)))
    return [section(name, terms(optionTerms(unshared)), 'Also those of every socket command.')]
  })
  const general = terms([
    ['-h, --help', 'the help of sockpit, or of a command'],
    ['-V, --version', 'the version'],
    ['--limits', 'every limit, as sockpit help limits'],
  ])
  return [
    section('', general, quantities),
    section('Every socket command', terms(optionTerms(commonOptions))),
    ...own,
  ]
}

/** Options in the order of the help; each stands by itself here. */
function optionTerms(options: Readonly<Record<string, OptionRow>>): readonly Term[] {
  return optionGroups(options).flatMap(({ rows }) => rows.map(({ flags, help }): Term => [flags, help]))
}

function files(): readonly Term[] {
  const path = (platform: NodeJS.Platform) => historyPath({ env: () => undefined, home: '~', platform })
  return [
    [path('linux'), 'the lines that were typed, for the prompt (mode 0600; --no-history keeps none)'],
    [path('darwin'), 'the same on macOS'],
  ]
}
