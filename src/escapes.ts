import { UsageError } from './errors.ts'

const simple: Readonly<Record<string, number>> = {
  n: 0x0a,
  r: 0x0d,
  t: 0x09,
  '0': 0x00,
  '\\': 0x5c,
  '"': 0x22,
}

const escapePattern = /\\(?:x([0-9a-fA-F]{2})|u\{([0-9a-fA-F]{1,6})\}|([\s\S]?))/y

/**
 * The bytes that a text with escapes stands for: `\n \r \t \0 \\ \" \x41 \u{1F600}`.
 * `\xHH` is one byte, `\u{…}` one code point in UTF-8.
 * @throws UsageError that names the escape which is none
 */
export function unescapeBytes(text: string): Uint8Array {
  if (!text.includes('\\')) return Buffer.from(text)
  const parts: Uint8Array[] = []
  let at = 0
  while (at < text.length) {
    const next = text.indexOf('\\', at)
    if (next === -1) break
    parts.push(Buffer.from(text.slice(at, next)))
    escapePattern.lastIndex = next
    const [whole = '\\', byte, codePoint, letter] = escapePattern.exec(text) ?? []
    parts.push(unescapeOne(whole, byte, codePoint, letter))
    at = next + whole.length
  }
  parts.push(Buffer.from(text.slice(at)))
  return Buffer.concat(parts)
}

function unescapeOne(whole: string, byte?: string, codePoint?: string, letter?: string): Uint8Array {
  if (byte !== undefined) return Uint8Array.of(Number.parseInt(byte, 16))
  if (codePoint !== undefined) {
    const value = Number.parseInt(codePoint, 16)
    if (value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff)) {
      throw new UsageError(`${whole} is no character: expected \\u{0} to \\u{10FFFF} without surrogates`)
    }
    return Buffer.from(String.fromCodePoint(value))
  }
  const value = simple[letter ?? '']
  if (value === undefined) {
    throw new UsageError(`"${whole}" is no escape: expected \\n \\r \\t \\0 \\\\ \\" \\x41 or \\u{1F600}`)
  }
  return Uint8Array.of(value)
}

/** A quoted argument whose text {@link unescapeBytes} turns back into exactly these bytes. */
export function quote(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) {
    if (byte === 0x0a) text += '\\n'
    else if (byte === 0x0d) text += '\\r'
    else if (byte === 0x09) text += '\\t'
    else if (byte === 0x5c) text += '\\\\'
    else if (byte === 0x22) text += '\\"'
    else if (byte >= 0x20 && byte < 0x7f) text += String.fromCharCode(byte)
    else text += `\\x${byte.toString(16).padStart(2, '0')}`
  }
  return `"${text}"`
}
