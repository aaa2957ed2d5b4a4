import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { ChatRoom } from '../../src/net/chat.ts'
import type { TcpConnection } from '../../src/net/tcp-connection.ts'

/** A chat of so many, what each of them was sent, and whose lines were cut. */
function room(people: number) {
  const heard: string[][] = []
  const cuts: string[] = []
  const sends: number[] = []
  const full = new Set<string>()
  const connections = Array.from({ length: people }, (_, index) => {
    const lines: string[] = []
    heard.push(lines)
    const send = (payload: Uint8Array) => {
      sends.push(payload.length)
      lines.push(
        ...Buffer.from(payload)
          .toString()
          .split(/(?<=\n)/),
      )
    }
    const name = `server#${index + 1}`
    return {
      name,
      send,
      get isFull() {
        return full.has(name)
      },
    } as unknown as TcpConnection
  })
  const chat = new ChatRoom({
    connections: () => connections,
    date: () => new Date(),
    lineCut: (connection, limit) => void cuts.push(`${connection.name} ${limit}`),
    linesDropped: (connection) => void cuts.push(`${connection.name} misses lines`),
  })
  const [ann] = connections
  const [, bob = []] = heard
  if (ann === undefined) throw new Error('a chat needs people')
  return {
    chat,
    ann,
    connections,
    heard,
    bob,
    cuts,
    sends,
    full,
    say: (text: string) => chat.received(ann, Buffer.from(text)),
  }
}

describe('a chat', () => {
  test('gives a line to all but who said it', () => {
    const { say, heard } = room(3)
    say('hello\n')
    assert.deepEqual(heard, [[], ['#1: hello\n'], ['#1: hello\n']])
  })

  test('passes nothing on to one who takes nothing, tells it once, and goes on when there is room', () => {
    const { say, heard, cuts, full } = room(3)
    full.add('server#2')
    say('one\ntwo\n')
    assert.deepEqual(heard, [[], [], ['#1: one\n', '#1: two\n']])
    assert.deepEqual(cuts, ['server#2 misses lines'])
    full.delete('server#2')
    say('three\n')
    full.add('server#2')
    say('four\n')
    assert.deepEqual(heard[1], ['#1: three\n'])
    assert.deepEqual(cuts, ['server#2 misses lines', 'server#2 misses lines'])
  })

  test('sends all lines of a read at once', () => {
    const { say, heard, sends } = room(3)
    say('\n'.repeat(1_000))
    assert.deepEqual(
      heard.map((lines) => lines.length),
      [0, 1_000, 1_000],
    )
    assert.deepEqual(sends, [5_000, 5_000])
  })

  const rows: readonly [name: string, reads: readonly string[], lines: readonly string[]][] = [
    ['waits for the end of a line', ['hel', 'lo', '\n'], ['hello']],
    ['several lines in one read', ['a\nb\nc'], ['a', 'b']],
    ['a line end in a read of its own', ['a', '\n', 'b', '\n'], ['a', 'b']],
    ['an empty line', ['\n'], ['']],
    ['CRLF', ['a\r\nb\r', '\n'], ['a', 'b']],
    ['a tab stays', ['a\tb\n'], ['a\tb']],
    ['controls become visible', ['\x1b[2J\x07\x7f\n'], ['\\x1b[2J\\x07\\x7f']],
    ['a CR inside a line', ['a\rb\r\r\n'], ['a\\x0db\\x0d']],
    [
      'C1, bidi and zero-width',
      ['\u009b\u202e\u200b\u2028\u2029\n'],
      ['\\u{9b}\\u{202e}\\u{200b}\\u{2028}\\u{2029}'],
    ],
    ['what nobody sees', ['\ufe0f\u3164\ue000\u{e0041}\n'], ['\\u{fe0f}\\u{3164}\\u{e000}\\u{e0041}']],
    [
      'marks that stand on nothing, or in a pile',
      ['\u0301a\x07\u0301\n', `e${'\u0301'.repeat(8)}\n`],
      ['\\u{301}a\\x07\\u{301}', `e${'\u0301'.repeat(6)}\\u{301}\\u{301}`],
    ],
    ['text beyond ASCII stays', ['é漢😀\n'], ['é漢😀']],
  ]
  for (const [name, reads, lines] of rows) {
    test(name, () => {
      const { say, bob } = room(2)
      for (const read of reads) say(read)
      assert.deepEqual(
        bob,
        lines.map((line) => `#1: ${line}\n`),
      )
    })
  }

  test('puts a character together that was cut between two reads', () => {
    const { chat, ann, bob } = room(2)
    const bytes = Buffer.from('é😀\n')
    for (const byte of bytes) chat.received(ann, Uint8Array.of(byte))
    assert.deepEqual(bob, ['#1: é😀\n'])
  })

  test('shows invalid UTF-8 as a replacement character', () => {
    const { chat, ann, bob } = room(2)
    chat.received(ann, Buffer.from('61ff62e282 0a'.replace(' ', ''), 'hex'))
    assert.deepEqual(bob, ['#1: a\ufffdb\ufffd\n'])
  })

  test('keeps what everyone says apart', () => {
    const { chat, connections, heard } = room(2)
    const [one, other] = connections
    if (one === undefined || other === undefined) return assert.fail()
    chat.received(one, Buffer.from('from '))
    chat.received(other, Buffer.from('hey '))
    chat.received(one, Buffer.from('one\n'))
    chat.received(other, Buffer.from('you\n'))
    return assert.deepEqual(heard, [['#2: hey you\n'], ['#1: from one\n']])
  })

  test('copies what waits: the bytes of a read are borrowed', () => {
    const { chat, ann, say, bob } = room(2)
    const borrowed = Buffer.from('abc')
    chat.received(ann, borrowed)
    borrowed.fill(0x78)
    say('\n')
    assert.deepEqual(bob, ['#1: abc\n'])
  })

  test('says what one began when one leaves, and forgets it', () => {
    const { chat, ann, say, bob } = room(2)
    say('bye\nlast words')
    chat.closed(ann)
    chat.closed(ann)
    assert.deepEqual(bob, ['#1: bye\n', '#1: last words\n'])
    say('x\n')
    assert.equal(bob[2], '#1: x\n')
  })

  test('says nothing of one who left with nothing begun', () => {
    const { chat, ann, say, bob } = room(2)
    chat.closed(ann)
    say('a\n')
    chat.closed(ann)
    assert.deepEqual(bob, ['#1: a\n'])
  })

  test('is passed on in pieces of 64 KiB where a line has no end, and that is told', () => {
    const { say, bob, cuts } = room(2)
    say('x'.repeat(65_536))
    assert.deepEqual([bob.length, cuts.length], [0, 0], 'exactly the limit waits')
    say('y')
    assert.deepEqual(bob, [`#1: ${'x'.repeat(65_536)}\n`])
    assert.deepEqual(cuts, ['server#1 65536'])
    say('z\n')
    assert.equal(bob[1], '#1: yz\n')
    say('w'.repeat(3 * 65_536))
    assert.deepEqual([bob.length, cuts.length], [4, 3])
  })

  test('cuts a line that is too long also where its end came with it', () => {
    const { say, bob, cuts } = room(2)
    say(`${'x'.repeat(70_000)}\n`)
    assert.ok(bob.every((line) => line.length <= 65_536 + '#1: \n'.length))
    assert.equal(cuts.length, 1)
  })

  test('says the same however the bytes were cut into reads', () => {
    const text = fc.array(fc.constantFrom('a', '\n', '\r\n', 'é', '\x1b', '😀', '\t'), { maxLength: 30 })
    fc.assert(
      fc.property(text, fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1 }), (parts, sizes) => {
        const bytes = Buffer.from(parts.join(''))
        const [whole, cut] = [room(2), room(2)]
        whole.chat.received(whole.ann, bytes)
        for (let at = 0, turn = 0; at < bytes.length; turn++) {
          const size = sizes[turn % sizes.length] ?? 1
          cut.chat.received(cut.ann, bytes.subarray(at, at + size))
          at += size
        }
        for (const one of [whole, cut]) one.chat.closed(one.ann)
        assert.deepEqual(cut.bob, whole.bob)
      }),
    )
  })
})
