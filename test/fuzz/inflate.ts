/** Compressed messages: what they stand for, the limit, and nothing where they are corrupt (RFC 7692 §7.2.2). */
import { constants, deflateRawSync, inflateRawSync } from 'node:zlib'
import { Inflater } from '../../src/wire/deflate.ts'
import { inflated } from './inflate-reference.ts'
import { before, payloads } from './payloads.ts'
import { changed, type Source, sourceOf } from './source.ts'
import { must, mustEqual, type Target } from './target.ts'

/** The message before, as it came. */
const first = deflateRawSync(before, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4)

function judge(input: Uint8Array): void {
  const source = sourceOf(input)
  const takeover = source.once(3)
  const most = source.pick([0, 1, 100, 299, 300, 5_000])
  const inflater = new Inflater({ takeover })
  if (takeover) must(before.equals(Buffer.from(inflater.inflate(first, before.length))), 'the message before')
  const result = inflater.inflate(input, most)
  judgeResult(result, inflated(input, takeover ? before : Buffer.alloc(0), most), most)
  if (source.once(16)) judgeByZlib(input, result, takeover, most)
}

function judgeResult(
  result: Uint8Array | 'too large' | 'corrupt',
  expected: { readonly bytes: Uint8Array; readonly isCorrupt: boolean },
  most: number,
): void {
  // zlib reads ahead: where it is too much, it may have met with something worse.
  if (expected.bytes.length > most) must(typeof result === 'string', `more than ${most} bytes are given`)
  else if (expected.isCorrupt) mustEqual(result, 'corrupt', 'what is corrupt')
  else must(typeof result !== 'string', `a message of ${expected.bytes.length} bytes is ${result}`)
  if (typeof result !== 'string') must(Buffer.from(expected.bytes).equals(result), 'other bytes')
}

/** zlib itself, fed once: what it takes is a message. */
function judgeByZlib(input: Uint8Array, result: Uint8Array | string, takeover: boolean, most: number): void {
  const options = {
    finishFlush: constants.Z_SYNC_FLUSH,
    maxOutputLength: Math.max(1, most),
    ...(takeover && { dictionary: before }),
  }
  try {
    const bytes = inflateRawSync(input, options)
    if (typeof result === 'string') return
    must(Buffer.from(result.subarray(0, bytes.length)).equals(bytes), 'zlib gives other bytes')
  } catch (error) {
    const isTooLarge = error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE'
    if (isTooLarge) must(typeof result === 'string', 'zlib finds more bytes than that')
  }
}

const tokens = [
  ...[
    '00',
    '01',
    '0000ffff',
    '000000ffff',
    '010000ffff',
    '0300',
    '07',
    'f248cdc9c90700',
    'f2001100',
    '4b04',
    '0001',
    'edfd',
  ],
].map((hex) => Buffer.from(hex, 'hex'))

function make(source: Source): Uint8Array {
  const parts = [source.pick(payloads), ...(source.once(4) ? [source.pick(payloads)] : [])]
  return changed(Buffer.concat(parts), source, tokens)
}

export const inflate: Target = {
  name: 'inflate',
  rows: [['a reference to what stands before a last block', 'f3cdc9c90000f200110000']],
  make,
  judge,
}
