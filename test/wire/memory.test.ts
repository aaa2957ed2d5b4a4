import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Arena } from '../../src/wire/arena.ts'
import { mostHeaderBytes } from '../../src/wire/frame.ts'
import { FrameWriter } from '../../src/wire/frame-writer.ts'
import { Gatherer } from '../../src/wire/gatherer.ts'
import type { Output } from '../../src/wire/output.ts'
import { claimSimd } from '../../src/wire/simd.ts'
import { noise, nothing } from './machine.ts'

const mebibyte = 2 ** 20

describe('lent memory', () => {
  test('is lent again, the smallest that is large enough', () => {
    const arena = new Arena()
    const [small, middle, large] = [arena.take(100), arena.take(200), arena.take(400)]
    for (const memory of [middle, large, small]) arena.give(memory)
    assert.equal(arena.take(150), middle)
    assert.equal(arena.take(150), large)
    assert.equal(arena.take(100), small)
    assert.ok(![small, middle, large].includes(arena.take(100)), 'nothing is left')
  })

  test('is kept for somebody else where it is far too large', () => {
    const arena = new Arena()
    const large = arena.take(1_000)
    arena.give(large)
    assert.equal(arena.take(249).length, 249)
    assert.equal(arena.take(250), large)
  })

  test('no more than 12 MiB of it are kept', () => {
    const arena = new Arena()
    const all = Array.from({ length: 3 }, () => arena.take(6 * mebibyte))
    for (const memory of all) arena.give(memory)
    const again = all.map(() => arena.take(6 * mebibyte))
    assert.equal(again.filter((memory) => all.includes(memory)).length, 2)
  })

  test('what is not kept is told, and that much is about to be made', () => {
    const told: (number | 'look')[] = []
    const arena = new Arena({ dropped: (bytes) => told.push(bytes), look: () => told.push('look') })
    arena.give(arena.take(1_000))
    assert.deepEqual(told, [])
    const all = Array.from({ length: 2 }, () => arena.take(8 * mebibyte))
    for (const memory of all) arena.give(memory)
    arena.take(8 * mebibyte)
    assert.deepEqual(told, ['look', 'look', 8 * mebibyte])
  })
})

test('memory in which masking is fast is kept, whatever else is', () => {
  const told: number[] = []
  const arena = new Arena({ dropped: (bytes) => told.push(bytes), look: () => {} })
  const fast = claimSimd(1_000)
  assert.ok(fast)
  arena.give(arena.take(12 * mebibyte))
  arena.give(fast)
  arena.give(Buffer.alloc(1_001))
  assert.deepEqual(told, [1_001])
  assert.equal(arena.take(1_000), fast)
})

describe('gathering', () => {
  test('parts become one payload, in memory that grows by a factor', () => {
    const gatherer = new Gatherer(new Arena())
    const payload = noise(100_000)
    let grown = 0
    for (let at = 0; at < payload.length; at += 10) {
      const before = gatherer.held
      gatherer.add(payload.subarray(at, at + 10), 0)
      if (gatherer.held > before) grown += 1
    }
    assert.ok(payload.equals(gatherer.payload))
    assert.ok(payload.subarray(99_990).equals(gatherer.from(99_990)))
    assert.ok(grown < 10)
    assert.equal(gatherer.size, 100_000)
    const [memory] = gatherer.release()
    assert.ok(payload.equals(memory?.subarray(mostHeaderBytes, mostHeaderBytes + 100_000) ?? noise(0)))
    assert.deepEqual([gatherer.size, gatherer.held, gatherer.payload.length], [0, 0, 0])
  })

  test('what is declared is reserved only in proportion to what is here', () => {
    const gatherer = new Gatherer(new Arena())
    gatherer.add(noise(1_000), 16 * mebibyte)
    assert.equal(gatherer.held, mostHeaderBytes + 4_000)
    const exact = new Gatherer(new Arena())
    exact.add(noise(1_000), 3_000)
    assert.equal(exact.held, mostHeaderBytes + 3_000)
  })

  test('what is long takes hardly more memory than it has bytes, and its memory serves the next', () => {
    const arena = new Arena()
    const gatherer = new Gatherer(arena)
    const payload = noise(5 * mebibyte)
    for (let at = 0; at < payload.length; at += 100_000) {
      const part = payload.subarray(at, at + 100_000)
      gatherer.add(part, 16 * mebibyte)
      const { size, held } = gatherer
      if (size > mebibyte) assert.ok(held - size <= 2 ** 19, `${held} for ${size}`)
    }
    assert.ok(payload.equals(gatherer.payload))
    assert.ok(payload.subarray(4_999_999).equals(gatherer.from(4_999_999)))
    assert.ok(!gatherer.isTogether)
    const pieces = new Set(gatherer.release())
    assert.deepEqual([gatherer.size, gatherer.held, gatherer.isTogether], [0, 0, true])
    for (const piece of pieces) arena.give(piece)
    const next = new Gatherer(arena)
    for (let at = 0; at < payload.length; at += 65_536) next.add(payload.subarray(at, at + 65_536), 0)
    assert.ok(payload.equals(next.payload))
    const again = next.release().filter((piece) => pieces.has(piece))
    assert.ok(again.length >= 16, `only ${again.length} of ${pieces.size} were lent again`)
  })

  test('nothing takes nothing, and what is cleared is lent again', () => {
    const arena = new Arena()
    const gatherer = new Gatherer(arena)
    gatherer.add(noise(0), 100)
    assert.equal(gatherer.held, 0)
    gatherer.clear()
    gatherer.add(noise(10), 10)
    const { held } = gatherer
    gatherer.clear()
    assert.equal(gatherer.held, 0)
    assert.equal(arena.take(held).length, held)
  })
})

test('what stands in several pieces is written as it stands by a server, and as one frame by all', () => {
  for (const [role, wanted] of [
    ['server', nothing],
    ['server', { ...nothing, sentFrames: true }],
    ['client', nothing],
  ] as const) {
    const outputs: Output[] = []
    const arena = new Arena()
    const writer = new FrameWriter({ role, arena, wanted, nextMask: (into) => into.fill(0) }, () => outputs)
    const payload = noise(3 * mebibyte)
    for (const adopts of [false, true]) {
      const gatherer = new Gatherer(arena)
      if (adopts) gatherer.adopt(Buffer.from(payload))
      else gatherer.add(payload, payload.length)
      writer.writeAround(0x82, gatherer)
      writer.flush()
      const writes = outputs.splice(0).flatMap((output) => (output.kind === 'write' ? [output.bytes] : []))
      const header = role === 'server' ? 10 : 14
      const bytes = Buffer.concat(writes)
      assert.equal(bytes.length, header + payload.length)
      assert.ok(bytes.subarray(header).equals(payload))
      assert.equal(bytes.readUIntBE(4, 6), payload.length)
      if (role === 'server' && !wanted.sentFrames) assert.ok(writes.length > 1)
      else assert.equal(writes.length, 1)
    }
    assert.equal(writer.count, 2)
  }
})

test('a gathered payload is written where it stands', () => {
  for (const [role, size] of [
    ['server', 5],
    ['client', 300],
    ['server', 70_000],
  ] as const) {
    const outputs: Output[] = []
    const arena = new Arena()
    const options = { role, arena, wanted: nothing, nextMask: (into: Uint8Array) => into.fill(0) }
    const writer = new FrameWriter(options, () => outputs)
    const gatherer = new Gatherer(arena)
    gatherer.add(noise(size), size)
    const place = gatherer.payload
    writer.writeAround(0x82, gatherer)
    const [output] = outputs
    assert.ok(output?.kind === 'write' && output.memory.buffer === place.buffer)
    assert.equal(output.bytes.byteOffset + output.bytes.length, place.byteOffset + size)
    assert.ok(noise(size).equals(output.bytes.subarray(-size)))
    assert.equal(writer.count, 1)
  }
})
