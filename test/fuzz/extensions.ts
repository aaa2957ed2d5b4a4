/** `Sec-WebSocket-Extensions`: read as splitting it at commas, semicolons and equals signs has it. */
import {
  chooseCompression,
  type ExtensionOffer,
  formatCompression,
  judgeCompressionAnswer,
  parseExtensions,
} from '../../src/wire/extension.ts'
import { changed, type Source, sourceOf } from './source.ts'
import { must, mustEqual, type Target } from './target.ts'

const token = /^[!#$%&'*+.^_`|~\w-]+$/
const quoted = /^"(?:\\?[!#$%&'*+.^_`|~\w-])+"$/

/** Nothing that is quoted may be a separator, so that quotes need not be looked at. */
function split(text: string, separator: string): string[] {
  return text.split(separator).map(withoutSpace)
}

function withoutSpace(text: string): string {
  let [start, end] = [0, text.length]
  while (' \t'.includes(text[start] ?? 'x')) start += 1
  while (end > start && ' \t'.includes(text[end - 1] ?? 'x')) end -= 1
  return text.slice(start, end)
}

function expected(value: string): readonly ExtensionOffer[] | undefined {
  const offers: ExtensionOffer[] = []
  for (const member of split(value, ',').filter((one) => one !== '')) {
    const [name = '', ...parts] = split(member, ';')
    const parameters = parts.map((part): [string, string | undefined] => {
      const [key = '', ...values] = split(part, '=')
      const text = values.join('=')
      if (values.length === 0) return [key, undefined]
      if (quoted.test(text)) return [key, text.slice(1, -1).replaceAll('\\', '')]
      return token.test(text) ? [key, text] : ['', '']
    })
    if (!token.test(name) || !parameters.every(([key]) => token.test(key))) return undefined
    offers.push({ name, parameters })
  }
  return offers.length === 0 ? undefined : offers
}

/** The values that each parameter may have in an offer. */
const allowed: Readonly<Record<string, RegExp>> = {
  server_no_context_takeover: /^absent$/,
  client_no_context_takeover: /^absent$/,
  server_max_window_bits: /^(?:8|9|10|11|12|13|14|15)$/,
  client_max_window_bits: /^(?:absent|8|9|10|11|12|13|14|15)$/,
}

/** What an offer of permessage-deflate asks for: no context twice, and two windows; undefined where it may not stand. */
function asked({
  name,
  parameters,
}: ExtensionOffer): readonly [boolean, boolean, number, number] | undefined {
  const given = new Map(parameters)
  const areRight = parameters.every(
    ([key, value]) =>
      Object.hasOwn(allowed, key) && value !== 'absent' && allowed[key]?.test(value ?? 'absent') === true,
  )
  if (name !== 'permessage-deflate' || !areRight || given.size < parameters.length) return undefined
  return [
    given.has('server_no_context_takeover'),
    given.has('client_no_context_takeover'),
    Number(given.get('server_max_window_bits') ?? 15),
    Number(given.get('client_max_window_bits') ?? 15),
  ]
}

/** The same list, written in another way. */
function rewritten(offers: readonly ExtensionOffer[], source: Source): string {
  const space = () => source.pick(['', '', ' ', '\t '])
  const around = (sign: string) => `${space()}${sign}${space()}`
  const value = (text: string) =>
    source.once(2)
      ? text
      : `"${Array.from(text, (letter) => (source.once(4) ? `\\${letter}` : letter)).join('')}"`
  const parameter = ([name, text]: readonly [string, string | undefined]) =>
    text === undefined ? name : `${name}${around('=')}${value(text)}`
  return offers
    .map(({ name, parameters }) => [name, ...parameters.map(parameter)].join(around(';')))
    .join(around(source.once(4) ? ', ,' : ','))
}

const innocent = Object.getOwnPropertyNames(Object.prototype).length

function judge(input: Uint8Array): void {
  const value = Buffer.from(input).toString('latin1')
  const offers = parseExtensions(value)
  mustEqual(offers, expected(value), 'parsed')
  if (offers !== undefined)
    mustEqual(parseExtensions(rewritten(offers, sourceOf(input))), offers, 'rewritten')
  const wanted = offers?.map(asked).find((one) => one !== undefined)
  const chosen = chooseCompression([value])
  mustEqual(chosen && Object.values(inOrder(chosen.compression)), wanted, 'chosen')
  if (chosen !== undefined) {
    const { answer, compression } = chosen
    mustEqual(judgeCompressionAnswer([answer]), { compression }, 'answered')
    mustEqual(judgeCompressionAnswer([formatCompression(compression)]), { compression }, 'formatted')
  }
  const judged = judgeCompressionAnswer([value])
  if ('problem' in judged) must(judged.problem.length < 200 && judged.problem !== '', 'the problem is told')
  else must(offers?.length === 1 && chosen !== undefined, 'an answer is one right extension')
  mustEqual(Object.getOwnPropertyNames(Object.prototype).length, innocent, 'the prototype of objects')
}

function inOrder(compression: NonNullable<ReturnType<typeof chooseCompression>>['compression']) {
  const { serverNoContextTakeover, clientNoContextTakeover, serverMaxWindowBits, clientMaxWindowBits } =
    compression
  return [serverNoContextTakeover, clientNoContextTakeover, serverMaxWindowBits, clientMaxWindowBits]
}

const words = ['permessage-deflate', 'constructor', '__proto__', 'x-webkit-deflate-frame', 'a']
const parameters = [
  ...[
    'server_no_context_takeover',
    'client_no_context_takeover',
    'server_max_window_bits',
    'client_max_window_bits',
  ],
  ...['toString', '__proto__', 'b'],
]
const bits = ['8', '9', '10', '15', '7', '16', '08', '"12"', '"1\\1"', '', 'hasOwnProperty']
const tokens = [
  ...words,
  ...parameters,
  ...bits,
  '="',
  '\\',
  '"',
  ';',
  ',',
  '=',
  ' ',
  '\t',
  'é',
  '; a="',
  '""',
].map((text) => Buffer.from(text, 'latin1'))

function make(source: Source): Uint8Array {
  const offers = source.some(4, () => {
    const given = source.some(5, () => {
      const name = source.pick(parameters)
      const hasValue = name.endsWith('bits') ? !source.once(4) : source.once(6)
      return hasValue ? `${name}=${source.pick(bits)}` : name
    })
    return [source.once(3) ? source.pick(words) : 'permessage-deflate', ...given].join(
      source.once(2) ? '; ' : ';',
    )
  })
  return changed(Buffer.from(offers.join(', ')), source, tokens)
}

export const extensions: Target = { name: 'extensions', make, judge }
