/** What stands in a close frame (RFC 6455 §5.5.1, §7.4). */
import { checkClose, encodeClose, readClose } from '../../src/wire/close-frame.ts'
import { changed, inUtf8, type Source } from './source.ts'
import { must, mustEqual, type Target } from './target.ts'
import { readUtf8 } from './utf8-reference.ts'
import { mayTravel } from './web-socket-reference.ts'

function closeCodeOf(payload: Uint8Array): number | undefined {
  if (payload.length === 0) return undefined
  if (payload.length === 1 || !mayTravel(Buffer.from(payload).readUInt16BE())) return 1002
  const { impossible, cut } = readUtf8(payload.subarray(2))
  return impossible < 0 && cut === 0 ? undefined : 1007
}

function judge(input: Uint8Array): void {
  const violation = checkClose(input)
  mustEqual(violation?.closeCode, closeCodeOf(input), 'the violation')
  const { code, reason } = readClose(input)
  mustEqual(code, input.length < 2 ? 1005 : Buffer.from(input).readUInt16BE(), 'the code')
  if (violation !== undefined) {
    must(violation.message.length < 120 && /^RFC 6455 §[57]/.test(violation.section), 'the violation is told')
    return
  }
  const encoded = Buffer.from(encodeClose(input.length === 0 ? undefined : code, reason))
  const most = input.subarray(0, 125)
  must(
    encoded.length <= 125 && encoded.length >= most.length - 3,
    'as much of the reason as there is room for',
  )
  must(encoded.equals(most.subarray(0, encoded.length)), 'encoded as it was read')
  mustEqual(checkClose(encoded), undefined, 'what was encoded')
}

const reasons = [
  '',
  'bye',
  'é',
  '漢字',
  '😀'.repeat(30),
  'x'.repeat(123),
  `${'x'.repeat(121)}é`,
  `${'x'.repeat(122)}é`,
]
const codes = [999, 1000, 1003, 1004, 1005, 1006, 1007, 1014, 1015, 1016, 2999, 3000, 4999, 5000, 65_535]

function make(source: Source): Uint8Array {
  const code = source.once(2) ? source.pick(codes) : 1000 + source.below(20)
  return changed(
    Buffer.concat([Buffer.of(code >> 8, code), Buffer.from(source.pick(reasons))]),
    source,
    tokens,
  )
}

const tokens = [...inUtf8('a', 'é', '😀'), ...codes.map((code) => Buffer.of(code >> 8, code))]

export const close: Target = { name: 'close', make, judge }
