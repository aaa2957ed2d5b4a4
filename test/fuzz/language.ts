/** The one language: any line is an Action or refused in one line, and an Action is written as a line that means it. */
import fc from 'fast-check'
import { type Action, type Dialect, formatAction, parseLine, verbRows } from '../../src/action.ts'
import { eols, settingNames } from '../../src/settings.ts'
import { anyAction, plain } from '../any-action.ts'
import { readOrRefused } from './refusals.ts'
import { changed, inUtf8, type Source, sourceOf } from './source.ts'
import { must, mustEqual, type Target } from './target.ts'

const transports = ['tcp', 'udp', 'websocket'] as const
const dialects: readonly Dialect[] = transports.flatMap((transport) =>
  (['server', 'client'] as const).flatMap((role) =>
    (['lf', 'crlf', 'none'] as const).map((eol) => ({ transport, role, eol })),
  ),
)

const simple: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9, '0': 0, '\\': 92, '"': 34 }

/** What a text with escapes stands for, a character at a time; undefined where one is none. */
function unescaped(text: string): Buffer | undefined {
  const parts: Buffer[] = []
  for (let at = 0; at < text.length; ) {
    const rest = text.slice(at)
    const [, byte, codePoint = ''] = /^\\(?:x([\da-fA-F]{2})|u\{([\da-fA-F]{1,6})\})/.exec(rest) ?? []
    const code = Number.parseInt(byte ?? codePoint, 16)
    const plainEnd = rest.indexOf('\\') === -1 ? rest.length : rest.indexOf('\\')
    if (plainEnd > 0) {
      parts.push(Buffer.from(rest.slice(0, plainEnd)))
      at += plainEnd
    } else if (byte !== undefined) {
      parts.push(Buffer.of(code))
      at += 4
    } else if (codePoint !== '') {
      if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return undefined
      parts.push(Buffer.from(String.fromCodePoint(code)))
      at += codePoint.length + 4
    } else {
      const one = Object.hasOwn(simple, rest[1] ?? '') ? simple[rest[1] ?? ''] : undefined
      if (one === undefined) return undefined
      parts.push(Buffer.of(one))
      at += 2
    }
  }
  return Buffer.concat(parts)
}

/** What stands in quotes, through the one that closes them; undefined where none does, or more stands behind it. */
function inQuotes(text: string): string | undefined {
  let at = 1
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1
  return at < text.length && text.slice(at + 1).trim() === '' ? text.slice(1, at) : undefined
}

/** What a line expects, and whether it says how long. What is slow in here does not matter for a line that is short. */
function expectedBy(line: string): { text: string | undefined; isWithin: boolean } | undefined {
  const [, rest = ''] = /^\/expect\s+(.*)$/s.exec(line.length < 500 ? line.trimEnd() : '') ?? []
  if (rest === '') return undefined
  const [, text] = /^("(?:[^"\\]|\\.)*"|[^"].*?)\s+within(?:\s+\S*)?$/s.exec(rest) ?? []
  const given = text ?? rest
  return { text: given.startsWith('"') ? inQuotes(given) : given, isWithin: text !== undefined }
}

/** What a line sends, as far as that is plain; `refused`; or nothing is known of it. */
function sentBy(line: string, { transport, eol }: Dialect): Buffer | 'refused' | undefined {
  if (!line.startsWith('/')) return Buffer.from(line + eols[eol])
  if (line.startsWith('//')) return Buffer.from(line.slice(1) + eols[eol])
  const [, verb, rest = ''] = /^\/(send|hex)\s+(.*)$/s.exec(line) ?? []
  if (verb === 'hex') {
    const digits = rest.replace(/\s/g, '')
    return /^(?:[\da-f]{2})+$/i.test(digits) ? Buffer.from(digits, 'hex') : 'refused'
  }
  if (verb === undefined || rest === '' || (transport === 'websocket' && rest.startsWith('--')))
    return undefined
  const text = rest.startsWith('"') ? inQuotes(rest) : rest
  return text === undefined ? 'refused' : (unescaped(text) ?? 'refused')
}

/** Whom an action is for, said by /to alone. */
function withTo(action: Action): Action {
  if (action.kind === 'to' && action.action !== undefined) return { ...action, action: withTo(action.action) }
  if (action.kind === 'to' || action.kind === 'kick' || !('peers' in action)) return action
  const { peers, ...rest } = action
  return peers === undefined ? rest : { kind: 'to', peers, action: rest }
}

function judge(input: Uint8Array): void {
  const line = Buffer.from(input).toString().replaceAll('\n', '')
  // What was printed means the same to a server of its transport.
  const known = lines.get(line)
  const dialect: Dialect =
    known === undefined ? sourceOf(input).pick(dialects) : { transport: known, role: 'server', eol: 'lf' }
  const read = readOrRefused(line, () => parseLine(line, dialect))
  const sent = sentBy(line, dialect)
  if ('refused' in read) {
    must(sent === undefined || sent === 'refused', `refused is what can be sent: ${read.refused}`)
    return
  }
  const action = read.value
  must(sent !== 'refused', 'taken is what means nothing')
  if (sent !== undefined) must(action.kind === 'send' && sent.equals(action.payload), 'other bytes are sent')
  if (action.kind === 'expect') {
    const { text = '', isWithin } = expectedBy(line) ?? { isWithin: true }
    if (text !== '') must(unescaped(text)?.equals(action.payload) === true, 'other bytes are expected')
    must(isWithin || action.withinMs === 5_000, 'it is said how long')
  }
  const printed = formatAction(action)
  if (known !== undefined) mustEqual(printed, line, 'printed anew')
  must(action.kind === 'help' || action.kind === 'to' || /^[ -~]*$/.test(printed), `printed as ${printed}`)
  // What is for somebody is written as a line of a server's, with /to before it.
  const again = parseLine(printed, { ...dialect, role: 'server' })
  mustEqual(plain(withTo(again)), plain(withTo(action)), `printed as ${printed}`)
  mustEqual(formatAction(again), printed, 'printed again')
}

/** Lines of any actions, and the transport whose server does them. */
const lines = new Map(
  transports.flatMap((transport, seed) =>
    fc
      .sample(anyAction(transport), { numRuns: 500, seed })
      .map((action) => [formatAction(action), transport] as const),
  ),
)
const printedLines = [...lines.keys()].map((line) => Buffer.from(line))
const rows = transports.flatMap((transport) => verbRows({ transport, role: 'server' }))
const examples = [
  ...rows.map(({ example }) => example),
  'hello',
  '//etc',
  '/send --binary --fragments 3 x',
  '/to 2 /fin',
]
const tokens = inUtf8(
  ...rows.map(({ verb }) => `/${verb} `),
  ...transports.flatMap((transport) => settingNames(transport)),
  ...[
    'opcode=',
    'ping',
    'hex=',
    'payload="',
    'length=',
    'mask=none',
    '--binary ',
    '--fragments ',
    '1000 ',
    '#',
  ],
  ...[
    '"',
    '\\',
    '\\x',
    '\\x41',
    '\\u{',
    '\\u{1F600}',
    '\\u{d800}',
    '\\u{dfff}',
    '\\u{10ffff}',
    '\\u{110000}',
    '\\n',
    ' ',
    'all ',
    '3 ',
    '/',
    '//',
    'within ',
    '5s',
    'off',
  ],
  ...['\x1b', '\u2028', '\u00a0', '\t', '\r', 'é', 'constructor', '__proto__ ', '-', '0'],
)

function make(source: Source): Uint8Array {
  const line = source.once(2) ? source.pick(printedLines) : Buffer.from(source.pick(examples))
  const whole = source.once(10) ? Buffer.concat(source.some(8, () => source.pick(tokens))) : line
  // What takes more than linear time shows in a line that is long.
  const rest = source.once(500)
    ? [Buffer.alloc(30_000, source.pick([' ', 'x', '\\', '"', ' within'])), Buffer.of(0x61)]
    : []
  return changed(Buffer.concat([whole, ...rest]), source, tokens)
}

export const language: Target = {
  name: 'language',
  rows: [
    ['help of a slash', '2f68656c70202f'],
    ['help behind slashes and spaces', '2f68656c70202f2000'],
  ],
  make,
  judge,
}
