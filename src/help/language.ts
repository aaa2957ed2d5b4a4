/** The language: how a line is read, the verbs, what can be set, scripts. */

import { commonOptions } from '../commands/options/common.ts'
import type { OptionRow } from '../commands/options/row.ts'
import { streamOptions } from '../commands/options/tcp.ts'
import { datagramOptions } from '../commands/options/udp.ts'
import { settingNames, settingRows } from '../settings.ts'
import { type Section, section, type Term, terms } from './section.ts'
import { missingVerbs, otherVerbs, serverVerbs, streamVerbs } from './verb-tables.ts'

/** How a line is read, by example. */
export interface LineRule {
  readonly line: string
  readonly meaning: string
  /** What goes out over TCP, in the escapes of the language. */
  readonly sends: string
}

export const lineRules: readonly LineRule[] = [
  {
    line: 'hello',
    meaning: 'payload: sent as it stands; over TCP a line feed follows (--eol)',
    sends: 'hello\\n',
  },
  {
    line: 'C:\\new "x"',
    meaning: 'payload is literal: no escapes, no quotes',
    sends: 'C:\\\\new \\"x\\"\\n',
  },
  { line: '//etc', meaning: 'payload that begins with a slash', sends: '/etc\\n' },
  {
    line: '/send one\\r\\n',
    meaning: 'a verb, and exactly its text: no line end is added',
    sends: 'one\\r\\n',
  },
  {
    line: '/send " two "',
    meaning: 'the same in quotes, which keep spaces at both ends',
    sends: ' two ',
  },
  { line: '/send \\n', meaning: 'an empty line', sends: '\\n' },
  { line: '/hex 48 65 6c6c 6f', meaning: 'bytes in pairs of hex digits', sends: 'Hello' },
]

/** What a text after a verb may hold, and the bytes that it stands for, in hex. */
export const escapeRules: readonly (readonly [escape: string, meaning: string, hex: string])[] = [
  ['\\n', 'line feed', '0a'],
  ['\\r', 'carriage return', '0d'],
  ['\\t', 'tab', '09'],
  ['\\0', 'NUL', '00'],
  ['\\\\', 'a backslash', '5c'],
  ['\\"', 'a quotation mark', '22'],
  ['\\x41', 'any byte, here A', '41'],
  ['\\u{1F600}', 'any character, in UTF-8', 'f09f9880'],
]

const argumentRules: readonly Term[] = [
  ['TEXT', 'what follows up to the end of the line, or one argument in quotes; both know escapes'],
  ['N', "a client's number on a server, as the log shows it: 3"],
  ['all', 'every client'],
  ['D', 'a duration: 250ms, 2s, 1m; a bare number is milliseconds'],
  ['LINE', 'a line of this language: payload, or a verb'],
]

const scriptRules: readonly string[] = [
  '--enter LINE and the lines of --script FILE are understood whole before anything is done, then carried out ' +
    'in order before standard input is read; --script - takes them from standard input as they come.',
  'In a script empty lines are skipped, and so are lines that begin with #, a comment. /send # sends such a ' +
    'line, /send \\n an empty one. A script is UTF-8; /hex and \\xff stand for other bytes.',
  'A line that fails ends the script: a mistake with exit code 2, an /expect that is not met with 7.',
]

export function languageSections(): readonly Section[] {
  const escapes = escapeRules.map(([text, meaning, hex]): Term => [text, `${meaning} (${hex})`])
  return [
    section(
      'Lines',
      'What is typed, given with --enter and written in a script is one language.',
      terms(lineRules.map(({ line, meaning }): Term => [line, meaning])),
    ),
    section('Escapes', 'Where a verb takes TEXT, in quotes or not:', terms(escapes)),
    section('Arguments', terms(argumentRules)),
    section('Verbs', terms(streamVerbs()), onServersOnly()),
    section('Over UDP', 'The others are as above.', terms(otherVerbs('udp'))),
    section('Over WebSocket', 'The others are as above.', terms(otherVerbs('websocket'))),
    section('Not over TCP', terms(missingVerbs('tcp'))),
    section('Not over UDP', terms(missingVerbs('udp'))),
    section('/set', ...settingParts()),
    section('Scripts', ...scriptRules),
  ]
}

function onServersOnly(): string {
  return `${serverVerbs()
    .map((verb) => `/${verb}`)
    .join(', ')}: on a server only, which has several peers.`
}

/** What can be set, in the words of the options of the same names. */
function settingParts(): Parameters<typeof section>[1][] {
  const rows = settingRows().map(({ name, example }): Term => [`${name} ${example}`, settingMeaning(name)])
  const over = (['tcp', 'udp', 'websocket'] as const).map((transport) => settingNames(transport).join(', '))
  return [
    terms(rows),
    `Over TCP ${over[0]}; over UDP ${over[1]}; over WebSocket ${over[2]}. ` +
      'VALUE may be off, but for ttl and multicast-ttl.',
  ]
}

function settingMeaning(name: string): string {
  const ofStream = helpOf(streamOptions, name)
  const ofDatagrams = helpOf(datagramOptions, name)
  const own = helpOf(commonOptions, name)
  if (own !== undefined) return own
  if (ofStream === undefined || ofDatagrams === undefined) return ofStream ?? ofDatagrams ?? ''
  return ofStream === ofDatagrams ? ofStream : `${ofStream}; UDP: ${ofDatagrams}`
}

function helpOf(options: Readonly<Record<string, OptionRow>>, name: string): string | undefined {
  return Object.values(options).find(({ flags }) => flags.replace(/ <.*/, '') === `--${name}`)?.help
}
