/** The bits and bytes of one frame, drawn (RFC 6455 §5.2). */

import { Buffer } from 'node:buffer'
import type { FrameEvent } from '../event.ts'
import { encodeFrameHeader, lengthFormOf, opcodeName } from '../wire/frame.ts'
import { cellWidth, padCells } from './cells.ts'
import { type Line, span, wrapLines } from './lines.ts'
import type { Role } from './palette.ts'
import { formatBytes, group } from './units.ts'

/** Below this width the bits stand in a list. */
const drawnWidth = 58
const mostBytes = 16
const labelWidth = 13

/** The row of bits with this frame's values, and under it the bytes that follow. */
export function layOutAnatomy(event: FrameEvent, isCompressed: boolean, width: number): readonly Line[] {
  const bits = bitsOf(event)
  const drawing = drawBits(bits, width)
  return [
    ...(drawing ?? listBits(bits)),
    ...tellLength(event, width),
    ...tellKey(event, width),
    ...tellPayload(event, isCompressed, width),
  ]
}

interface Bits {
  readonly name: string
  readonly value: string
}

function bitsOf({ fin, rsv1, rsv2, rsv3, opcode, mask, lengthForm, length }: FrameEvent): readonly Bits[] {
  const bit = (isSet: boolean): string => (isSet ? '1' : '0')
  const short = lengthForm === 7 ? length & 0x7f : lengthForm === 16 ? 126 : 127
  return [
    { name: 'FIN', value: bit(fin) },
    { name: 'RSV1', value: bit(rsv1) },
    { name: 'RSV2', value: bit(rsv2) },
    { name: 'RSV3', value: bit(rsv3) },
    { name: 'opcode', value: `${binary(opcode, 4)} ${opcodeName(opcode)}` },
    { name: 'MASK', value: bit(mask !== undefined) },
    { name: 'length', value: `${binary(short, 7)} = ${short}` },
  ]
}

function binary(value: number, digits: number): string {
  return value.toString(2).padStart(digits, '0')
}

function drawBits(bits: readonly Bits[], width: number): readonly Line[] | undefined {
  const widths = bits.map(({ name, value }) => Math.max(name.length, value.length) + 2)
  const total = widths.reduce((sum, cells) => sum + cells + 1, 1)
  if (width < Math.max(total, drawnWidth)) return undefined
  const rule = (left: string, between: string, right: string): Line => {
    const dashes = widths.map((cells) => '─'.repeat(cells)).join(between)
    return [span(`${left}${dashes}${right}`, 'faint')]
  }
  const row = (texts: readonly string[], role: Role): Line => [
    ...texts.flatMap((text, column) => [span('│', 'faint'), span(center(text, widths[column] ?? 0), role)]),
    span('│', 'faint'),
  ]
  return [
    rule('┌', '┬', '┐'),
    row(
      bits.map(({ name }) => name),
      'faint',
    ),
    row(
      bits.map(({ value }) => value),
      'strong',
    ),
    rule('└', '┴', '┘'),
  ]
}

function center(text: string, width: number): string {
  const before = Math.floor((width - text.length) / 2)
  return padCells(' '.repeat(before) + text, width)
}

function listBits(bits: readonly Bits[]): readonly Line[] {
  return bits.map(({ name, value }) => [span(name.padEnd(labelWidth), 'faint'), span(value, 'strong')])
}

/** A label, a value, and what it means beside it where there is room, else under it. */
function labelled(
  label: string,
  value: string,
  meaning: string,
  width: number,
  role: Role = 'plain',
): Line[] {
  const start = [span(label.padEnd(labelWidth), 'faint'), span(value, role)]
  const used = labelWidth + cellWidth(value) + 2
  if (meaning === '') return [start]
  if (used + cellWidth(meaning) <= width) return [[...start, span('  '), span(meaning, 'faint')]]
  return [start, ...wrapLines(meaning, width, labelWidth, 'faint')]
}

/** In which form the length stands, and why. */
function tellLength({ length, lengthForm, ...frame }: FrameEvent, width: number): readonly Line[] {
  if (lengthForm === 7) return wrapLabel('length', `${length} fits into 7 bits: 125 is the most`, width)
  const shortest = lengthFormOf(length)
  const waste = shortest === lengthForm ? '' : `, though ${shortest} would do`
  const announced = `${lengthForm === 16 ? 126 : 127} says: ${lengthForm} bits follow${waste}`
  const isExact = length <= Number.MAX_SAFE_INTEGER
  const bytes = encodeFrameHeader({ ...frame, length, lengthForm, mask: undefined }).subarray(2)
  const value = isExact ? hex(bytes) : `about ${group(length)}`
  return [
    ...wrapLabel('length', announced, width),
    ...labelled(`${lengthForm} bits`, value, isExact ? `= ${group(length)}, network order` : '', width),
  ]
}

function wrapLabel(label: string, text: string, width: number): Line[] {
  const [first = [], ...rest] = wrapLines(text, width, labelWidth, 'plain')
  return [[span(label.padEnd(labelWidth), 'faint'), ...first.slice(1)], ...rest]
}

function tellKey({ mask }: FrameEvent, width: number): readonly Line[] {
  if (mask === undefined) return labelled('masking key', 'none', 'only clients mask (RFC 6455 §5.1)', width)
  const key = hex(Buffer.from(mask, 'hex'))
  return labelled('masking key', key, 'new and random for every frame of a client', width)
}

/** The first bytes, as they travel and as they are, one above the other. */
function tellPayload(event: FrameEvent, isCompressed: boolean, width: number): readonly Line[] {
  const { payload, mask, size, direction } = event
  if (size === 0) return labelled('payload', 'none', '', width)
  const most = Math.min(mostBytes, Math.max(1, Math.floor((width - labelWidth + 1) / 3)))
  const plain = payload.subarray(0, most)
  const text = Buffer.from(plain)
    .toString('latin1')
    .replace(/[^ -~]/g, '.')
  const shown = width >= labelWidth + most * 3 + 1 + most ? text : ''
  const rows =
    mask === undefined
      ? labelled('payload', hex(plain), shown, width, direction)
      : masked(plain, Buffer.from(mask, 'hex'), shown, width, direction)
  const facts = [
    ...(plain.length === size ? [] : [`the first ${plain.length} of ${formatBytes(size)}`]),
    ...(isCompressed ? ['still compressed'] : []),
  ]
  return facts.length === 0 ? rows : [...rows, ...wrapLines(facts.join(', '), width, labelWidth, 'faint')]
}

function masked(
  plain: Uint8Array,
  key: Uint8Array,
  shown: string,
  width: number,
  role: Role,
): readonly Line[] {
  const repeated = plain.map((_, index) => key[index % 4] ?? 0)
  const travelling = plain.map((byte, index) => byte ^ (repeated[index] ?? 0))
  return [
    ...labelled(role === 'sent' ? 'as it went' : 'as it came', hex(travelling), '', width),
    ...labelled('xor the key', hex(repeated), '', width),
    ...labelled('= payload', hex(plain), shown, width, role),
  ]
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ')
}
