/** What a peer's bytes look like: nothing that is left can act on a terminal, and nothing is lost. */
import { unescapeBytes } from '../../src/escapes.ts'
import { createStreamEscaper, cutLength, escapeBytes, oneLine } from '../../src/views/escape.ts'
import { byteByByte, changed, inAnyPieces, inUtf8, type Source, sourceOf } from './source.ts'
import { must, mustEqual, type Target } from './target.ts'
import { characterSize, readUtf8 } from './utf8-reference.ts'

/** What no text of ours may hold, wherever it comes from. */
export const dangerous =
  /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]|(?:^|[ -/:-@[-`{-~]|\p{M}{6})\p{M}/u

const isHarmful = /^[\p{C}\p{Default_Ignorable_Code_Point}\\]$|^(?! )\p{Z}$/u
/** Parts of a Korean syllable fall on what is before them, too. */
const isMark = /^[\p{M}\u1160-\u11ff\ud7b0-\ud7ff]$/u
/** A sign that may be ours. */
const isSign = /^[ -/:-@[-`{-~]$/

/** So many marks may stand on one character. */
const mostMarks = 6

/** The characters of bytes; a byte that belongs to none is a number. */
function charactersOf(bytes: Buffer): (string | number)[] {
  const characters: (string | number)[] = []
  for (let at = 0; at < bytes.length; ) {
    const size = characterSize(bytes, at)
    if (size === 0) characters.push(bytes[at] ?? 0)
    else
      characters.push(
        size === 1 ? String.fromCharCode(bytes[at] ?? 0) : bytes.toString('utf8', at, at + size),
      )
    at += size === 0 ? 1 : size
  }
  return characters
}

/** What they look like, character by character; those that are kept stay as they are. */
function expected(characters: readonly (string | number)[], kept: string): string {
  // How many more marks may fall on what is before them: that must be a letter of the peer's, and shown.
  let room = 0
  let text = ''
  for (const character of characters) {
    const kind = typeof character === 'number' ? 'harmful' : kindOf(character)
    const isBare = kind === 'harmful' || (kind === 'mark' && room === 0)
    if (isBare || kind === 'sign') room = 0
    else room = kind === 'mark' ? room - 1 : mostMarks
    text += isBare && !kept.includes(String(character)) ? escapeOf(character) : character
  }
  return text
}

type Kind = 'harmful' | 'mark' | 'sign' | 'other'

/** What each character is found to be, once for all. */
const kinds = new Map<string, Kind>()

function kindOf(character: string): Kind {
  const known = kinds.get(character)
  if (known !== undefined) return known
  const kind = isHarmful.test(character)
    ? 'harmful'
    : isMark.test(character)
      ? 'mark'
      : isSign.test(character)
        ? 'sign'
        : 'other'
  kinds.set(character, kind)
  return kind
}

function escapeOf(character: string | number): string {
  const named: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\\': '\\\\' }
  const code = typeof character === 'number' ? character : (character.codePointAt(0) ?? 0)
  const hex = code.toString(16)
  if (typeof character === 'string' && code > 0x7f) return `\\u{${hex}}`
  return named[character] ?? `\\x${hex.padStart(2, '0')}`
}

/** What a stream shows of these reads. */
function shown(reads: Iterable<Uint8Array>): string {
  const escaper = createStreamEscaper()
  let text = ''
  for (const read of reads) text += escaper.write(read)
  return text + escaper.end()
}

function judge(input: Uint8Array): void {
  const source = sourceOf(input)
  const bytes = Buffer.from(input)
  const characters = charactersOf(bytes)
  const escaped = escapeBytes(input)
  must(!dangerous.test(escaped), `something dangerous is left: ${JSON.stringify(escaped)}`)
  mustEqual(escaped, expected(characters, ''), 'escaped')
  must(bytes.equals(unescapeBytes(escaped)), 'what is shown stands for other bytes')
  if (source.once(3))
    mustEqual(escapeBytes(input, { keepNewlines: true }), expected(characters, '\n'), 'with its lines')

  const stream = bytes.toString('latin1').replaceAll('\r\n', '\n')
  const whole = shown([input])
  mustEqual(whole, expected(charactersOf(Buffer.from(stream, 'latin1')), '\n\t'), 'a stream')
  mustEqual(shown(inAnyPieces(input, source)), whole, 'in pieces')
  if (source.once(6) && input.length < 500) mustEqual(shown(byteByByte(input)), whole, 'by bytes')

  const { cut } = readUtf8(input.subarray(input.length - Math.min(3, input.length)))
  if (cut > 0) mustEqual(cutLength(input), cut, 'the end is cut')
  if (!source.once(3)) return
  const line = oneLine(bytes.toString())
  must(!dangerous.test(line), `something dangerous is left in one line: ${JSON.stringify(line)}`)
}

const tokens = [
  ...inUtf8(
    '\x1b[2J',
    '\x1b]0;x\x07',
    '\u009b',
    '\u202e',
    '\u2066',
    '\u200d',
    '\u200b',
    '\u2028',
    '\u2029',
    '\u00a0',
  ),
  ...inUtf8(
    '\u0301',
    '\u20dd',
    '\ufe0f',
    '\u{e0100}',
    '\ufeff',
    '\u3000',
    '\u{e0041}',
    '\u{f0000}',
    '\u0378',
    '\u3164',
  ),
  ...inUtf8(
    '\\',
    '\\x1b',
    '\r',
    '\n',
    '\r\n',
    '\t',
    ' ',
    '\0',
    '\x7f',
    'a',
    'é',
    'e\u0301',
    '漢',
    '👩‍🔬',
    '\ud7ff',
  ),
  ...['80', 'c2', 'e2', 'e280', 'f09f', 'f09f98', 'eda080', 'ff', 'f4908080'].map((hex) =>
    Buffer.from(hex, 'hex'),
  ),
]

function make(source: Source): Uint8Array {
  return changed(Buffer.concat(source.some(12, () => source.pick(tokens))), source, tokens)
}

export const escapes: Target = { name: 'escapes', make, judge }
