import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Arena } from '../../src/wire/arena.ts'
import { mostHeaderBytes } from '../../src/wire/frame.ts'
import { FrameWriter } from '../../src/wire/frame-writer.ts'
import { Gatherer } from '../../src/wire/gatherer.ts'
import type { Output } from '../../src/wire/output.ts'
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

  test('no more than 8 MiB of it are kept', () => {
    const arena = new Arena()
    const all = Array.from({ length: 3 }, () => arena.take(4 * mebibyte))
    for (const memory of all) arena.give(memory)
    const again = all.map(() => arena.take(4 * mebibyte))
    assert.equal(again.filter((memory) => all.includes(memory)).length, 2)
  })
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
    const memory = gatherer.release()
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
