import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { type Message, MessageSplitter, type Split, splitChoices } from '../../src/session/messages.ts'

function split(how: Split, chunks: readonly Uint8Array[], longest = 1_000): Message[] {
  const splitter = new MessageSplitter(how, longest)
  const messages: Message[] = []
  for (const chunk of chunks) {
    messages.push(...splitter.push(chunk).map(kept))
    // Whoever reads may use the buffer again.
    chunk.fill(0x21)
  }
  return [...messages, ...splitter.end()]
}

function kept(message: Message): Message {
  return 'bytes' in message ? { bytes: Buffer.from(message.bytes) } : message
}

/** A message as text; one that was too long as its size. */
function told(message: Message): string | number {
  return 'bytes' in message ? message.bytes.toString('latin1') : message.tooLong
}

describe('messages', () => {
  const rows: readonly [how: Split, longest: number, input: string, messages: (string | number)[]][] = [
    ['line', 9, '', []],
    ['line', 9, 'a', ['a']],
    ['line', 9, 'a\nb', ['a', 'b']],
    ['line', 9, 'a\nb\n', ['a', 'b']],
    ['line', 9, '\n\n', ['', '']],
    ['line', 9, 'a\r\nb\0c\r\n', ['a\r', 'b\0c\r']],
    ['line', 3, 'abc\nabcd\nab\n\n', ['abc', 4, 'ab', '']],
    ['line', 3, 'abcdefgh', [8]],
    ['line', 0, '\na\n\n', ['', 1, '']],
    ['nul', 9, '', []],
    ['nul', 9, 'a\nb\0c\r\n\0', ['a\nb', 'c\r\n']],
    ['nul', 9, '\0\0x', ['', '', 'x']],
    ['nul', 1, 'ab\0c\0', [2, 'c']],
    ['none', 9, '', []],
    ['none', 9, 'a\nb\0c\n', ['a\nb\0c\n']],
    ['none', 3, 'abc', ['abc']],
    ['none', 3, 'abcd', [4]],
  ]
  for (const [how, longest, input, messages] of rows) {
    test(`${how}, ${longest} at most: ${JSON.stringify(input)}`, () => {
      assert.deepEqual(split(how, [Buffer.from(input, 'latin1')], longest).map(told), messages)
      const single = [...Buffer.from(input, 'latin1')].map((byte) => Uint8Array.of(byte))
      assert.deepEqual(split(how, single, longest).map(told), messages)
    })
  }

  test('any chunks of the same bytes give the same messages', () => {
    const byte = fc.oneof(fc.constantFrom(0x0a, 0x00, 0x61), fc.nat(255))
    const input = fc.array(byte, { maxLength: 60 })
    const cuts = fc.array(fc.nat(60), { maxLength: 8 })
    fc.assert(
      fc.property(fc.constantFrom(...splitChoices), input, cuts, fc.nat(12), (how, bytes, at, longest) => {
        const whole = Buffer.from(bytes)
        const places = [0, ...at.sort((a, b) => a - b), whole.length]
        const chunks = places.map((place, index) =>
          Buffer.from(whole.subarray(places[index - 1] ?? 0, place)),
        )
        const end = { line: '\n', nul: '\0', none: /(?!)/ }[how]
        const expected = whole.toString('latin1').split(end)
        if (expected.at(-1) === '') expected.pop()
        assert.deepEqual(
          split(how, chunks, longest).map(told),
          expected.map((message) => (message.length > longest ? message.length : message)),
        )
      }),
    )
  })

  test('starts anew after its end', () => {
    const splitter = new MessageSplitter('none', 3)
    splitter.push(Buffer.from('abcd'))
    assert.deepEqual(splitter.end(), [{ tooLong: 4 }])
    assert.deepEqual(splitter.end(), [])
    splitter.push(Buffer.from('x'))
    assert.deepEqual(splitter.end().map(told), ['x'])
  })

  test('that are whole within a chunk are not copied', () => {
    const chunk = Buffer.from('abc\ndef\n')
    const [first] = new MessageSplitter('line', 9).push(chunk)
    assert.ok(first !== undefined && 'bytes' in first)
    assert.equal(first.bytes.buffer, chunk.buffer)
    assert.equal(first.bytes.byteOffset, chunk.byteOffset)
  })

  test('that are too long cost no memory', () => {
    const splitter = new MessageSplitter('line', 65_507)
    const before = process.memoryUsage().arrayBuffers
    const chunk = Buffer.alloc(65_536, 'x')
    for (let count = 0; count < 16_384; count++) assert.equal(splitter.push(chunk).length, 0)
    assert.ok(process.memoryUsage().arrayBuffers - before < 2 ** 20)
    assert.deepEqual(splitter.push(Buffer.from('\nnext\n')).map(told), [2 ** 30, 'next'])
  })

  test('are gathered in no more memory than the longest may take', () => {
    const splitter = new MessageSplitter('line', 1_000)
    for (const size of [600, 300, 100]) splitter.push(Buffer.alloc(size, 'x'))
    const [message] = splitter.end()
    assert.ok(message !== undefined && 'bytes' in message)
    assert.deepEqual([message.bytes.length, message.bytes.buffer.byteLength], [1_000, 1_000])
  })

  test('of many small chunks take linear time', () => {
    const splitter = new MessageSplitter('none', 2 ** 24)
    const startedAt = performance.now()
    for (let count = 0; count < 2 ** 18; count++) splitter.push(Buffer.from('sixteen letters.'))
    const [message] = splitter.end()
    assert.ok(message !== undefined && 'bytes' in message && message.bytes.length === 2 ** 22)
    assert.ok(message.bytes.subarray(-16).equals(Buffer.from('sixteen letters.')))
    assert.ok(performance.now() - startedAt < 3_000)
  })
})
