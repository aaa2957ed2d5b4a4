import { Buffer, isUtf8 } from 'node:buffer'
import { lazily } from '../lazily.ts'

/*
 * The one place that makes a peer's bytes safe to look at. What has a shape of its own stays as it is; what
 * could move the cursor, hide, reorder or pass for something else becomes an escape of the one language. So
 * what is shown can be typed after `/send`, and the very same bytes go out.
 *
 * Bytes that are no UTF-8 travel through here as lone surrogates, U+DC80 to U+DCFF: no valid text holds one.
 */

/** An escape as it is written here. */
export const escapePattern = /\\(?:x[\da-f]{2}|u\{[\da-f]+\}|[nrt\\])/

/** Text in which nothing needs an escape, found without looking at Unicode properties. */
const harmless = /^[ -[\]-~]*$/

/** More marks than a word of any living language puts on one letter; a pile of them covers the rows above and below. */
const mostMarks = 6

/** A mark, or a part of a Korean syllable, which terminals put into the cell of the character before it. */
export const mark = '[\\p{M}\\u1160-\\u11ff\\ud7b0-\\ud7ff]'

/** A space or sign of ASCII, which may be ours: what is quoted, or stands behind a colon, must not reach into it. */
const sign = '[ -/:-@[-`{-~]'

/** Marks that might stand on a character of ours, or are too many. */
export const strayMarks = `(?<=${sign}|${mark}{${mostMarks}})${mark}+`

/** What needs an escape, with the marks after it, which would otherwise attach to a character of ours. */
const risky = lazily(
  () =>
    new RegExp(`(?:[\\p{C}\\p{Default_Ignorable_Code_Point}\\\\]|(?! )\\p{Z}|^)${mark}*|${strayMarks}`, 'gu'),
)
const marksAtEnd = lazily(() => new RegExp(`${mark}*$`, 'u'))
const signAtEnd = new RegExp(`${sign}$`)

/** One character in UTF-8 beyond ASCII (RFC 3629 §4), or a byte that belongs to none. */
const beyondAscii =
  /([\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xed[\x80-\x9f][\x80-\xbf]|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2})|[\x80-\xff]/g

/** The head of such a character, where the end has cut it. */
const cutCharacter =
  /(?:[\xc2-\xdf]|\xe0[\xa0-\xbf]?|[\xe1-\xec\xee\xef][\x80-\xbf]?|\xed[\x80-\x9f]?|\xf0(?:[\x90-\xbf][\x80-\xbf]?)?|[\xf1-\xf3][\x80-\xbf]{0,2}|\xf4(?:[\x80-\x8f][\x80-\xbf]?)?)$/

const named: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\\': '\\\\' }

export interface EscapeOptions {
  /** A line feed stays one. */
  readonly keepNewlines?: boolean
  /** A backslash stays single: for text of ours, in which nobody has to tell it from an escape. */
  readonly keepBackslashes?: boolean
}

/** Text that is safe on a terminal: `\n \r \t \\`, `\x1b` below U+0080, `\u{202e}` above. */
export function escapeText(text: string, options: EscapeOptions = {}): string {
  if (harmless.test(text)) return text
  const kept = `${options.keepNewlines ? '\n' : ''}${options.keepBackslashes ? '\\' : ''}`
  return text.replace(risky(), (run) => escapeRun(run, kept))
}

/** {@link escapeText} for bytes: UTF-8 where they are, else `\xNN` for each byte that belongs to no character. */
export function escapeBytes(bytes: Uint8Array, options: EscapeOptions = {}): string {
  return escapeText(decode(bytes), options)
}

/** A message of ours as one line that is safe on a terminal, whatever it quotes. */
export function oneLine(message: string): string {
  // Looked at once: /\s*\n/ takes quadratic time where much white space has no line feed behind it.
  const line = message.replace(/\s+/g, (space) => (space.includes('\n') ? ' ' : space))
  return escapeText(line, { keepBackslashes: true })
}

/** How many bytes at the end, 0 to 3, are the head of a character whose rest is missing. */
export function cutLength(bytes: Uint8Array): number {
  const tail = latin1(bytes.subarray(-3))
  return cutCharacter.exec(tail)?.[0].length ?? 0
}

/** Escapes a stream of bytes that comes in reads: any split of the same bytes gives the same text. */
export interface StreamEscaper {
  /** What can be shown by now. Line feeds, CR LF (as a line feed) and tabs stay, since they only move on. */
  write(bytes: Uint8Array): string
  /** What was still held back: the head of a cut character, or a carriage return. */
  end(): string
}

export function createStreamEscaper(): StreamEscaper {
  let held: Uint8Array = new Uint8Array()
  /** How many more marks could attach to the last character, which has to be the peer's own. */
  let room = 0

  const show = (text: string): string => {
    if (text === '') return ''
    const base = room === 0 ? '' : `x${'\u0301'.repeat(mostMarks - room)}`
    const whole = base + text.replaceAll('\r\n', '\n')
    // Of the end alone, since looking for it from everywhere would take a square of the time.
    const [marks = ''] = marksAtEnd().exec(whole.slice(-2 * (mostMarks + 1))) ?? []
    room = signAtEnd.test(whole) ? 0 : Math.max(0, mostMarks - [...marks].length)
    const shown = whole.replace(risky(), (run: string, at: number) => {
      if (at + run.length === whole.length) room = 0
      return escapeRun(run, '\n\t')
    })
    return shown.slice(base.length)
  }

  return {
    write(bytes) {
      const whole = held.length === 0 ? bytes : Buffer.concat([held, bytes])
      const hold = whole.at(-1) === 0x0d ? 1 : cutLength(whole)
      held = Uint8Array.from(whole.subarray(whole.length - hold))
      return show(decode(whole.subarray(0, whole.length - hold)))
    },
    end() {
      const rest = show(decode(held))
      held = new Uint8Array()
      return rest
    },
  }
}

function escapeRun(run: string, kept: string): string {
  let text = ''
  for (const character of run) text += kept.includes(character) ? character : escapeCharacter(character)
  return text
}

function escapeCharacter(character: string): string {
  const code = character.codePointAt(0) ?? 0
  if (code < 0x80) return named[character] ?? `\\x${hexByte(code)}`
  return code >= 0xdc80 && code <= 0xdcff ? `\\x${hexByte(code & 0xff)}` : `\\u{${code.toString(16)}}`
}

function hexByte(byte: number): string {
  return byte.toString(16).padStart(2, '0')
}

function decode(bytes: Uint8Array): string {
  if (isUtf8(bytes)) return view(bytes).toString()
  return latin1(bytes).replace(beyondAscii, (run: string, character?: string) =>
    character === undefined
      ? String.fromCharCode(0xdc00 + run.charCodeAt(0))
      : Buffer.from(character, 'latin1').toString(),
  )
}

function latin1(bytes: Uint8Array): string {
  return view(bytes).toString('latin1')
}

/** The same memory, as a Buffer. */
function view(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
