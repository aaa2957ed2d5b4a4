/** UTF-8 in any pieces: refused at the first byte that no text can hold. */
import { isUtf8 } from 'node:buffer'
import { Utf8Checker } from '../../src/wire/utf8.ts'
import { byteByByte, changed, inAnyPieces, inUtf8, type Source, sourceOf } from './source.ts'
import { must, mustEqual, type Target } from './target.ts'
import { readUtf8 } from './utf8-reference.ts'

const decoder = new TextDecoder('utf-8', { fatal: true })

function judge(input: Uint8Array): void {
  const { impossible, cut } = readUtf8(input)
  const isWhole = impossible < 0 && cut === 0
  mustEqual(isUtf8(input), isWhole, 'what Node says')
  if (isWhole) decoder.decode(input)

  const checker = new Utf8Checker()
  mustEqual(checker.accepts(input), impossible < 0, 'whole')
  if (impossible < 0) {
    mustEqual(checker.ends(), isWhole, 'at the end')
    must(checker.accepts(Uint8Array.of(0x61)) && checker.ends(), 'another text may follow')
  }
  mustEqual(refusedIn(byteByByte(input)), impossible, 'the first impossible byte')

  let end = 0
  const pieces = inAnyPieces(input, sourceOf(input))
  const guilty = pieces.findIndex(({ length }) => {
    end += length
    return impossible >= 0 && impossible < end
  })
  mustEqual(refusedIn(pieces), guilty, 'the piece with the first impossible byte')
}

/** Which piece is refused; -1 where none is. What ends where it should not is another question. */
function refusedIn(pieces: Iterable<Uint8Array>): number {
  const checker = new Utf8Checker()
  let index = 0
  for (const piece of pieces) {
    if (!checker.accepts(piece)) return index
    index += 1
  }
  return -1
}

const characters = [
  'a',
  'é',
  'κόσμε',
  '漢',
  '\u0800',
  '\ud7ff',
  '\ue000',
  '\uffff',
  '😀',
  '\u{10ffff}',
  '\u{10000}',
]
const tokens = [
  ...inUtf8(...characters),
  ...[
    '80',
    'bf',
    'c080',
    'c1bf',
    'c2',
    'e080af',
    'e09fbf',
    'e0a0',
    'eda080',
    'ed9f',
    'f08fbfbf',
    'f090',
    'f48f',
    'f4908080',
    'f5',
    'ff',
  ].map((hex) => Buffer.from(hex, 'hex')),
]

function make(source: Source): Uint8Array {
  return changed(Buffer.from(source.some(12, () => source.pick(characters)).join('')), source, tokens)
}

export const utf8: Target = { name: 'utf8', make, judge }
