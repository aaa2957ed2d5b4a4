import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { applyMask, copyMasked } from '../../src/wire/mask.ts'

const key = Uint8Array.of(0x37, 0xfa, 0x21, 0x3d)
const untouched = 0xee

function naive(bytes: Uint8Array, key: Uint8Array, phase = 0): Uint8Array {
  return bytes.map((byte, index) => byte ^ (key[(index + phase) % 4] ?? 0))
}

/** `bytes` in the middle of memory that must stay as it is. */
function placed(bytes: Uint8Array, offset: number): Uint8Array {
  const memory = new Uint8Array(offset + bytes.length + 7).fill(untouched)
  memory.set(bytes, offset)
  return memory
}

const isAsciiOnly = (bytes: Uint8Array) => bytes.every((byte) => byte < 0x80)

describe('masking in place (RFC 6455 §5.3)', () => {
  test('equals the loop of the RFC for every alignment, phase and length', () => {
    for (let length = 0; length <= 70; length += 1) {
      const payload = Uint8Array.from({ length }, (_, index) => (index * 37 + length) & 0xff)
      for (let at = 0; at < 32; at += 1) {
        // The view itself begins at an odd place, and so does the payload in it.
        const [viewAt, start, phase] = [at & 3, at >> 3, (at * 7 + length) & 3]
        const memory = placed(payload, viewAt + start)
        applyMask(memory.subarray(viewAt), start, start + length, key, phase)
        assert.deepEqual(memory, placed(naive(payload, key, phase), viewAt + start), `${length} at ${at}`)
      }
    }
  })

  test('any bytes, any key: twice is as before, and `ASCII` is never said wrongly', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        fc.uint8Array({ minLength: 4, maxLength: 4 }),
        fc.nat(9),
        fc.nat(1_000),
        (payload, key, offset, phase) => {
          const memory = placed(payload, offset)
          const end = offset + payload.length
          const said = applyMask(memory, offset, end, key, phase)
          const expected = naive(payload, key, phase)
          assert.deepEqual(memory, placed(expected, offset))
          assert.ok(!said || isAsciiOnly(expected))
          applyMask(memory, offset, end, key, phase)
          assert.deepEqual(memory, placed(payload, offset))
        },
      ),
    )
  })

  test('one byte that is not ASCII is seen wherever it stands', () => {
    for (const length of [1, 5, 23, 24, 25, 40, 61]) {
      for (let at = 0; at < length; at += 1) {
        const bytes = new Uint8Array(length).fill(0x41)
        assert.ok(applyMask(naive(bytes, key), 0, length, key, 0), `${length} bytes of ASCII`)
        bytes[at] = 0xc3
        assert.ok(!applyMask(naive(bytes, key), 0, length, key, 0), `${at} of ${length}`)
      }
    }
  })

  test('a large payload in pieces is one payload', () => {
    const payload = Uint8Array.from({ length: 5_000 }, (_, index) => index & 0xff)
    const masked = Uint8Array.from(payload)
    for (let at = 0; at < masked.length; at += 333) {
      applyMask(masked, at, Math.min(at + 333, masked.length), key, at)
    }
    assert.deepEqual(masked, naive(payload, key))
  })
})

describe('copying masked bytes', () => {
  test('equals the loop of the RFC for every length and place, and leaves the source alone', () => {
    for (let length = 0; length <= 70; length += 1) {
      const payload = Uint8Array.from({ length }, (_, index) => (index * 53 + length) & 0xff)
      for (let at = 0; at < 16; at += 1) {
        const [from, to] = [at & 3, at >> 2]
        const source = placed(payload, from + 1)
        const target = placed(new Uint8Array(length).fill(untouched), to + 1)
        copyMasked(source.subarray(1), from, from + length, key, target.subarray(1), to)
        assert.deepEqual(source, placed(payload, from + 1))
        assert.deepEqual(target, placed(naive(payload, key), to + 1), `${length} at ${at}`)
      }
    }
  })

  test('two turns between the same two places', () => {
    const [source, target] = [Uint8Array.of(1, 2, 3, 4, 5), new Uint8Array(10)]
    copyMasked(source, 0, 5, key, target, 0)
    copyMasked(source, 0, 5, key, target, 5)
    const once = [...naive(source, key)]
    assert.deepEqual([...target], [...once, ...once])
  })
})
