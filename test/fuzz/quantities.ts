/** Durations, sizes, whole numbers and ports, in exact arithmetic. */
import { longestDurationMs, parseDuration, parsePort, parseSize, parseWhole } from '../../src/quantities.ts'
import { readOrRefused } from './refusals.ts'
import { changed, inUtf8, type Source } from './source.ts'
import { must, mustEqual, type Target } from './target.ts'

const durations: ReadonlyMap<string, bigint> = new Map([
  ['', 1n],
  ['ms', 1n],
  ['s', 1_000n],
  ['m', 60_000n],
  ['h', 3_600_000n],
])
const sizes: ReadonlyMap<string, bigint> = new Map([
  ['', 1n],
  ['b', 1n],
  ...['k', 'm', 'g'].flatMap((letter, index): [string, bigint][] => [
    [`${letter}b`, 1_000n ** BigInt(index + 1)],
    [`${letter}ib`, 1_024n ** BigInt(index + 1)],
  ]),
])

/** A quantity as a fraction; undefined where it is none. */
function exactly(
  text: string,
  units: ReadonlyMap<string, bigint>,
): [over: bigint, under: bigint] | undefined {
  const isDigit = (at: number) => '0123456789'.includes(text[at] ?? 'x')
  let end = 0
  while (isDigit(end)) end += 1
  let after = end
  if (end > 0 && text[end] === '.' && isDigit(end + 1)) {
    after += 1
    while (isDigit(after)) after += 1
  }
  const unit = text.slice(after)
  // U+212A is a k in lower case, too.
  const factor = [...unit].every((letter) => letter < '\x7f') ? units.get(unit.toLowerCase()) : undefined
  if (end === 0 || factor === undefined) return undefined
  const decimals = text.slice(end + 1, after)
  const under = 10n ** BigInt(decimals.length)
  const over = BigInt(text.slice(0, end) + decimals) * factor
  // What is the smallest there is has no parts.
  return factor === 1n && over % under !== 0n ? undefined : [over, under]
}

function judgeQuantity(
  text: string,
  parse: (text: string) => number,
  units: typeof sizes,
  min: number,
  max: number,
) {
  const exact = exactly(text, units)
  const read = readOrRefused(text, () => parse(text))
  const [over, under] = exact ?? [-1n, 1n]
  const value = Number(over) / Number(under)
  const isIn = exact !== undefined && value >= min && value <= max
  // Fractions of more digits than a number holds may be taken for their neighbours.
  if (text.includes('.') && text.replaceAll(/\D/g, '').length > 15) return
  if ('value' in read) must(isIn && Math.abs(read.value - value) <= 0.5000001, `${text} is ${read.value}`)
  else must(!isIn, `${text} is refused: ${read.refused}`)
  if ('value' in read) must(Number.isInteger(read.value), `${text} is ${read.value}`)
}

function judgeWhole(text: string, parse: (text: string) => number, most: bigint, digits: number): void {
  const isNumber =
    text !== '' && text.length <= digits && [...text].every((digit) => digit >= '0' && digit <= '9')
  const read = readOrRefused(text, () => parse(text))
  const expected = isNumber && BigInt(text) <= most ? Number(text) : undefined
  mustEqual('value' in read ? read.value : undefined, expected, text)
}

function judge(input: Uint8Array): void {
  const text = Buffer.from(input).toString()
  if (text.length > 1_000) return
  judgeQuantity(text, parseDuration, durations, 0, longestDurationMs)
  judgeQuantity(text, parseSize, sizes, 1, 2 ** 31)
  judgeWhole(text, parseWhole, BigInt(Number.MAX_SAFE_INTEGER), 16)
  judgeWhole(text, parsePort, 65_535n, 5)
}

const numbers = [
  '0',
  '1',
  '250',
  '1.5',
  '0.5',
  '9000',
  '65535',
  '65536',
  '2147483647',
  '2147483648',
  '9007199254740991',
]
const units = ['', 'ms', 's', 'm', 'h', 'b', 'kB', 'MB', 'GB', 'KiB', 'MiB', 'GiB', 'constructor', 'k', 'S']
const tokens = inUtf8(
  ...numbers,
  ...units,
  '.',
  '-',
  '+',
  'e',
  '0x',
  ' ',
  '\n',
  '٣',
  '\u017f',
  '\u212ab',
  '00',
  ',',
)

function make(source: Source): Uint8Array {
  const number = source.once(2)
    ? source.pick(numbers)
    : String(source.below(70_000) / source.pick([1, 1, 10, 8]))
  return changed(Buffer.from(number + source.pick(units)), source, tokens)
}

export const quantities: Target = { name: 'quantities', make, judge }
