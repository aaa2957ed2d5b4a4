import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { applyMask, copyMasked } from '../../src/wire/mask.ts'
import { claimSimd, placeInSimd } from '../../src/wire/simd.ts'

const key = Uint8Array.of(0x37, 0xfa, 0x21, 0x3d)
const untouched = 0xee

function naive(bytes: Uint8Array, key: Uint8Array, phase = 0): Uint8Array {
  return bytes.map((byte, index) => byte ^ (key[(index + phase) % 4] ?? 0))
}

/** So many bytes that nobody uses any more when the next ones are asked for. */
type Make = (size: number) => Uint8Array

const ordinary: Make = (size) => new Uint8Array(size)

/** Two parts of the memory in which WebAssembly masks: what is copied goes from one to the other. */
const [fast, other] = [claimFor('one'), claimFor('another')]

function claimFor(what: string): Make {
  const memory = claimSimd(4_096)
  assert.ok(memory, `there is no memory for ${what}`)
  return (size) => memory.subarray(0, size)
}

/** `bytes` in the middle of memory that must stay as it is. */
function placed(bytes: Uint8Array, offset: number, make = ordinary): Uint8Array {
  const memory = make(offset + bytes.length + 7).fill(untouched)
  memory.set(bytes, offset)
  return memory
}

/** Byte by byte, whatever the memory is of. */
const plain = (bytes: Uint8Array) => Uint8Array.from(bytes)

const isAsciiOnly = (bytes: Uint8Array) => bytes.every((byte) => byte < 0x80)

for (const [where, make] of [
  ['ordinary memory', ordinary],
  ['memory of WebAssembly', fast],
] as const) {
  describe(`masking in place (RFC 6455 §5.3), in ${where}`, () => {
    test('equals the loop of the RFC for every alignment, phase and length', () => {
      for (let length = 0; length <= 70; length += 1) {
        const payload = Uint8Array.from({ length }, (_, index) => (index * 37 + length) & 0xff)
        for (let at = 0; at < 32; at += 1) {
          // The view itself begins at an odd place, and so does the payload in it.
          const [viewAt, start, phase] = [at & 3, at >> 3, (at * 7 + length) & 3]
          const memory = placed(payload, viewAt + start, make)
          applyMask(memory.subarray(viewAt), start, start + length, key, phase)
          const expected = placed(naive(payload, key, phase), viewAt + start)
          assert.deepEqual(plain(memory), expected, `${length} at ${at}`)
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
            const memory = placed(payload, offset, make)
            const end = offset + payload.length
            const said = applyMask(memory, offset, end, key, phase)
            const expected = naive(payload, key, phase)
            assert.deepEqual(plain(memory), placed(expected, offset))
            assert.ok(!said || isAsciiOnly(expected))
            applyMask(memory, offset, end, key, phase)
            assert.deepEqual(plain(memory), placed(payload, offset))
          },
        ),
      )
    })

    test('one byte that is not ASCII is seen wherever it stands', () => {
      for (const length of [1, 5, 23, 24, 25, 40, 61]) {
        const memory = make(length)
        for (let at = 0; at < length; at += 1) {
          const bytes = new Uint8Array(length).fill(0x41)
          memory.set(naive(bytes, key))
          assert.ok(applyMask(memory, 0, length, key, 0), `${length} bytes of ASCII`)
          bytes[at] = 0xc3
          memory.set(naive(bytes, key))
          assert.ok(!applyMask(memory, 0, length, key, 0), `${at} of ${length}`)
        }
      }
    })

    test('a large payload in pieces is one payload', () => {
      const payload = Uint8Array.from({ length: 4_000 }, (_, index) => index & 0xff)
      const masked = make(payload.length)
      masked.set(payload)
      for (let at = 0; at < masked.length; at += 333) {
        applyMask(masked, at, Math.min(at + 333, masked.length), key, at)
      }
      assert.deepEqual(plain(masked), naive(payload, key))
    })
  })
}

for (const [where, make, makeOther] of [
  ['within ordinary memory', ordinary, ordinary],
  ['within memory of WebAssembly', fast, other],
  ['out of memory of WebAssembly', fast, ordinary],
  ['into memory of WebAssembly', ordinary, fast],
] as const) {
  describe(`copying masked bytes ${where}`, () => {
    test('equals the loop of the RFC for every length and place, and leaves the source alone', () => {
      for (let length = 0; length <= 70; length += 1) {
        const payload = Uint8Array.from({ length }, (_, index) => (index * 53 + length) & 0xff)
        for (let at = 0; at < 16; at += 1) {
          const [from, to] = [at & 3, at >> 2]
          const source = placed(payload, from + 1, make)
          const target = placed(new Uint8Array(length).fill(untouched), to + 1, makeOther)
          const said = copyMasked(source.subarray(1), from, from + length, key, target.subarray(1), to)
          const expected = naive(payload, key)
          assert.ok(!said || isAsciiOnly(expected))
          assert.deepEqual(plain(source), placed(payload, from + 1))
          assert.deepEqual(plain(target), placed(expected, to + 1), `${length} at ${at}`)
        }
      }
    })

    test('text is seen to be ASCII, and to be more than that', () => {
      for (const length of [4, 20, 100]) {
        const bytes = new Uint8Array(length).fill(0x41)
        const [source, target] = [make(length), makeOther(length)]
        source.set(naive(bytes, key))
        assert.ok(copyMasked(source, 0, length, key, target, 0))
        bytes[length - 1] = 0xc3
        source.set(naive(bytes, key))
        assert.ok(!copyMasked(source, 0, length, key, target, 0))
      }
    })
  })
}

test('two turns between the same two places', () => {
  const [source, target] = [Uint8Array.of(1, 2, 3, 4, 5), new Uint8Array(10)]
  copyMasked(source, 0, 5, key, target, 0)
  copyMasked(source, 0, 5, key, target, 5)
  const once = [...naive(source, key)]
  assert.deepEqual([...target], [...once, ...once])
})

test('what is claimed lies side by side, and there is an end of it', () => {
  const [one, next] = [claimSimd(100), claimSimd(100)]
  assert.ok(one && next)
  assert.ok(placeInSimd(next) >= placeInSimd(one) + 100)
  assert.equal(placeInSimd(next.subarray(7)), placeInSimd(next) + 7)
  assert.equal(placeInSimd(new Uint8Array(100)), -1)
  assert.equal(claimSimd(2 ** 21), undefined)
})
