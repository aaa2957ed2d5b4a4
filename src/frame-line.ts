/** A frame made by hand, as it stands in a line: `opcode=ping fin=0 payload="two words"`, in any order. */
import type { HandmadeFrame } from './action.ts'
import { UsageError } from './errors.ts'
import { quote, unescapeBytes } from './escapes.ts'
import { parseWhole } from './quantities.ts'
import { lengthFormOf, opcodes } from './wire/frame.ts'

const keys = ['opcode', 'fin', 'rsv1', 'rsv2', 'rsv3', 'mask', 'length', 'form', 'payload', 'hex'] as const
type Key = (typeof keys)[number]

const codes: ReadonlyMap<string, number> = new Map(Object.entries(opcodes))
const namesOfOpcodes = [...codes.keys()].join(', ')

/** A key, its sign, and a value: in quotes, or up to the next space. */
const word = /\s*([^\s=]*)(=?)("(?:[^"\\]|\\[\s\S])*"(?=\s|$)|\S*)/y

/** The longest length that stands in each form. */
const mostIn = { 7: 125, 16: 65_535, 64: Number.MAX_SAFE_INTEGER } as const

/** @throws UsageError that names the keys, or what a value may be */
export function parseFrame(line: string): HandmadeFrame {
  const given = readWords(line)
  const value = <Value>(key: Key, read: (text: string, key: Key) => Value): Value | undefined => {
    const text = given.get(key)
    return text === undefined ? undefined : read(text, key)
  }
  const opcode = value('opcode', readOpcode)
  if (opcode === undefined) throw new UsageError('/frame needs an opcode: /frame opcode=ping payload=hello')
  if (given.has('payload') && given.has('hex')) {
    throw new UsageError('/frame: payload and hex both say what the payload is: one of them')
  }
  const frame = withoutAbsent({
    fin: value('fin', readBit),
    rsv1: value('rsv1', readBit),
    rsv2: value('rsv2', readBit),
    rsv3: value('rsv3', readBit),
    mask: value('mask', readMask),
    length: value('length', (text) => parseWhole(text)),
    lengthForm: value('form', readForm),
  })
  const payload = value('payload', readText) ?? value('hex', readHex) ?? new Uint8Array()
  checkForm(frame, payload.length)
  return { opcode, payload, ...frame }
}

/** What {@link parseFrame} understands as this frame. */
export function formatFrame(frame: HandmadeFrame): string {
  const { opcode, fin, rsv1, rsv2, rsv3, mask, length, lengthForm, payload } = frame
  const [name = String(opcode)] = [...codes].find(([, code]) => code === opcode) ?? []
  const words = Object.entries({
    opcode: name,
    ...formatBits({ fin, rsv1, rsv2, rsv3 }),
    mask: mask === undefined || mask === 'none' ? mask : Buffer.from(mask).toString('hex'),
    length,
    form: lengthForm,
    payload: payload.length === 0 ? undefined : quote(payload),
  })
  return words
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key}=${value}`)
    .join(' ')
}

function formatBits(bits: Readonly<Record<string, boolean | undefined>>): Record<string, number | undefined> {
  return Object.fromEntries(
    Object.entries(bits).map(([name, isSet]) => [name, isSet === undefined ? undefined : Number(isSet)]),
  )
}

function readWords(line: string): ReadonlyMap<Key, string> {
  const given = new Map<Key, string>()
  word.lastIndex = 0
  while (word.lastIndex < line.length) {
    const [whole = '', name = '', sign = '', value = ''] = word.exec(line) ?? []
    const key = keys.find((one) => one === name)
    if (key === undefined || sign === '') {
      throw new UsageError(
        `/frame: "${whole.trim()}" is not KEY=VALUE with one of the keys ${keys.join(', ')} ` +
          '(a payload with spaces stands in quotes)',
      )
    }
    if (given.has(key))
      throw new UsageError(`/frame: ${key} stands there twice; the keys are ${keys.join(', ')}`)
    given.set(key, value)
  }
  return given
}

function readOpcode(text: string): number {
  const code = codes.get(text)
  if (code !== undefined) return code
  if (/^\d{1,2}$/.test(text) && Number(text) <= 15) return Number(text)
  throw new UsageError(`/frame: opcode "${text}" is neither ${namesOfOpcodes} nor a number from 0 to 15`)
}

function readBit(text: string, key: Key): boolean {
  if (text === '0' || text === '1') return text === '1'
  throw new UsageError(`/frame: ${key} "${text}" is not 0 or 1`)
}

function readMask(text: string): Uint8Array | 'none' {
  if (text === 'none') return text
  if (/^[0-9a-f]{8}$/i.test(text)) return Buffer.from(text, 'hex')
  throw new UsageError(`/frame: mask "${text}" is neither none nor eight hex digits, such as 00000000`)
}

function readForm(text: string): 7 | 16 | 64 {
  const form = ([7, 16, 64] as const).find((bits) => String(bits) === text)
  if (form !== undefined) return form
  throw new UsageError(`/frame: form "${text}" is not 7, 16 or 64 (bits)`)
}

function readText(text: string): Uint8Array {
  if (!text.startsWith('"')) return unescapeBytes(text)
  const [, quoted] = /^"((?:[^"\\]|\\[\s\S])*)"$/.exec(text) ?? []
  if (quoted !== undefined) return unescapeBytes(quoted)
  throw new UsageError(
    '/frame: the quote of the payload is not closed, or something follows it (a quote itself is \\")',
  )
}

function readHex(text: string): Uint8Array {
  if (/^(?:[0-9a-f]{2})+$/i.test(text)) return Buffer.from(text, 'hex')
  throw new UsageError(`/frame: hex "${text}" is not pairs of hex digits without spaces, such as 48656c6c6f`)
}

/** A length may lie, but it has to stand in its form. */
function checkForm({ length, lengthForm }: Pick<HandmadeFrame, 'length' | 'lengthForm'>, size: number): void {
  const declared = length ?? size
  if (lengthForm === undefined || declared <= mostIn[lengthForm]) return
  throw new UsageError(
    `/frame: a length of ${declared} does not stand in ${lengthForm} bits, which hold at most ` +
      `${mostIn[lengthForm]}: form=${lengthFormOf(declared)}`,
  )
}

type Present<Fields> = { readonly [Name in keyof Fields]?: Exclude<Fields[Name], undefined> }

/** The fields that have a value. */
function withoutAbsent<Fields extends object>(fields: Fields): Present<Fields> {
  // Only what is undefined was left out.
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined),
  ) as Present<Fields>
}
