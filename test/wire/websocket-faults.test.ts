import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Arena } from '../../src/wire/arena.ts'
import {
  byteByByte,
  closing,
  compression,
  everything,
  frameTo,
  Harness,
  messagesOnly,
  nothing,
  roles,
} from './machine.ts'

const bytesOf = (hex: string) => Buffer.from(hex.replaceAll(' ', ''), 'hex')

for (const role of roles) {
  const to = frameTo.bind(undefined, role)
  const more = { fin: false }

  describe(`fragments, as a ${role}`, () => {
    const good: readonly [name: string, frames: Buffer[], expected: string[]][] = [
      ['two', [to('text', 'a', more), to('continuation', 'b')], ['text ab']],
      ['binary', [to('binary', 'a', more), to('continuation', 'b')], ['binary ab']],
      [
        'three empty ones',
        [to('text', '', more), to('continuation', '', more), to('continuation')],
        ['text'],
      ],
      ['an empty first one', [to('binary', '', more), to('continuation', 'b')], ['binary b']],
      [
        'empty ones inside',
        [to('text', 'a', more), to('continuation', '', more), to('continuation', 'c')],
        ['text ac'],
      ],
      ['an empty last one', [to('text', 'a', more), to('continuation')], ['text a']],
      [
        'two messages',
        [to('text', 'a', more), to('continuation', 'b'), to('binary', 'c', more), to('continuation', 'd')],
        ['text ab', 'binary cd'],
      ],
    ]
    for (const [name, frames, expected] of good) {
      test(`${name}: one message`, () => {
        const bytes = Buffer.concat(frames)
        for (const chunks of [[bytes], frames, byteByByte(bytes)]) {
          assert.deepEqual(new Harness(role).receive(...chunks).frames, expected)
        }
      })
    }

    test('65,536 of them', () => {
      const bytes = Buffer.concat([
        to('text', 'x', more),
        Buffer.alloc(65_534 * to('continuation', 'x').length, to('continuation', 'x', more)),
        to('continuation', 'x'),
      ])
      const harness = new Harness(role, { wanted: messagesOnly }).receive(bytes)
      assert.deepEqual(
        harness.written.map(({ payload }) => payload.length),
        [65_536],
      )
      assert.equal(harness.told[0]?.frames, 65_536)
    })
  })

  describe(`violations, as a ${role}`, () => {
    const rows: readonly [name: string, frame: Buffer, code: string][] = [
      ['RSV1', to('text', 'x', { rsv: 4 }), 'reserved-bits'],
      ['RSV2', to('binary', 'x', { rsv: 2 }), 'reserved-bits'],
      ['RSV3 on a ping', to('ping', 'x', { rsv: 1 }), 'reserved-bits'],
      ['all of them on a close', to('close', closing(1000), { rsv: 7 }), 'reserved-bits'],
      ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map(
        (opcode) => [`opcode ${opcode}`, to(opcode, 'x'), 'reserved-opcode'] as [string, Buffer, string],
      ),
      ['a ping in fragments', to('ping', 'x', more), 'fragmented-control'],
      ['a ping of 126 bytes', to('ping', Buffer.alloc(126)), 'long-control'],
      ['a pong of 70,000 bytes', to('pong', Buffer.alloc(70_000)), 'long-control'],
      ['a continuation with nothing to continue', to('continuation', 'x'), 'stray-continuation'],
      ['one that is to be continued', to('continuation', 'x', more), 'stray-continuation'],
      [
        'masked where it must not be, or the reverse',
        to('text', 'x', { masked: role === 'client' }),
        role === 'client' ? 'masked' : 'not-masked',
      ],
    ]
    for (const [name, frame, code] of rows) {
      test(`${name}: 1002, what came before is flushed, nothing behind is looked at`, () => {
        const before = [
          to('text', 'one'),
          to('ping', 'two'),
          to('binary', 'thr', more),
          to('continuation', 'ee'),
        ]
        const behind = [to('ping', 'late'), to('text', 'late'), to('close', closing(1000))]
        const bytes = Buffer.concat([...before, frame, ...behind])
        for (const wanted of [nothing, messagesOnly, everything]) {
          for (const chunks of [[bytes], byteByByte(bytes)]) {
            const harness = new Harness(role, { wanted }).receive(...chunks)
            assert.deepEqual(harness.frames, ['text one', 'pong two', 'binary three', 'close 1002'])
            assert.deepEqual(harness.faults, [code])
            assert.equal(harness.machine.failure?.code, code)
            assert.deepEqual(harness.kinds.slice(-2), ['write', 'end'])
            if (wanted !== nothing) assert.deepEqual(harness.messages, ['text one', 'binary three'])
          }
        }
      })
    }

    const inside: readonly [name: string, frame: Buffer, code: string][] = [
      ['a new text', to('text', 'x'), 'interrupted-message'],
      ['a new binary in fragments', to('binary', 'x', more), 'interrupted-message'],
      ['a reserved opcode', to(3), 'reserved-opcode'],
    ]
    for (const [name, frame, code] of inside) {
      test(`${name} inside a message: 1002`, () => {
        const harness = new Harness(role).receive(
          Buffer.concat([to('text', 'half', more), frame, to('continuation', 'x')]),
        )
        assert.deepEqual([harness.frames, harness.faults], [['close 1002'], [code]])
        assert.equal(harness.machine.held, 0)
      })
    }

    test('a header is judged before it is complete', () => {
      const first = (frame: Buffer, size: number) => new Harness(role).receive(frame.subarray(0, size)).faults
      assert.deepEqual(first(to(3), 1), ['reserved-opcode'])
      assert.deepEqual(first(to('ping', Buffer.alloc(126)), 1), [])
      assert.deepEqual(first(to('ping', Buffer.alloc(126)), 2), ['long-control'])
      assert.deepEqual(first(to('text', 'x', { masked: role === 'client' }), 2), [
        role === 'client' ? 'masked' : 'not-masked',
      ])
    })

    test('a length that is not in its shortest form, or impossible', () => {
      const mask = role === 'server' ? '00000000' : ''
      for (const [short, hex] of [
        ['fe', '0005'],
        ['ff', '0000000000000005'],
        ['ff', '8000000000000000'],
      ] as const) {
        const second = role === 'server' ? short : short.replace('f', '7')
        const harness = new Harness(role).receive(bytesOf(`82 ${second} ${hex} ${mask}`))
        assert.deepEqual(harness.frames, ['close 1002'])
      }
    })
  })

  describe(`text, as a ${role}`, () => {
    const invalid: readonly [name: string, hex: string, impossibleAt: number][] = [
      ['overlong', 'ce ba e1 bd b9 c0 af 61', 5],
      ['a surrogate', '61 ed a0 80 62', 2],
      ['a pair of surrogates', 'ed a0 80 ed b0 80', 1],
      ['above U+10FFFF', '61 f4 90 80 80 62', 2],
      ['five bytes', 'f8 88 80 80 80', 0],
      ['FE', '61 62 fe', 2],
      ['a stray continuation', '61 80', 1],
    ]
    for (const [name, hex, impossibleAt] of invalid) {
      const text = bytesOf(hex)

      test(`${name}: 1007 at the first impossible byte, whole, and in fragments cut anywhere`, () => {
        const whole = Buffer.concat([to('text', 'good'), to('text', text), to('ping')])
        assert.deepEqual(new Harness(role).receive(whole).frames, ['text good', 'close 1007'])
        const frame = to('text', text)
        const bodyAt = frame.length - text.length
        const early = new Harness(role).receive(...byteByByte(frame.subarray(0, bodyAt + impossibleAt)))
        assert.deepEqual(early.faults, [])
        early.receive(frame.subarray(bodyAt + impossibleAt, bodyAt + impossibleAt + 1))
        assert.deepEqual([early.frames, early.faults], [['close 1007'], ['not-utf8']])
        for (let cut = 0; cut <= text.length; cut += 1) {
          const harness = new Harness(role).receive(to('text', text.subarray(0, cut), more))
          assert.equal(harness.ended, cut > impossibleAt)
          harness.receive(to('continuation', text.subarray(cut), more))
          assert.deepEqual(harness.frames, ['close 1007'])
        }
      })
    }

    test('cut at the end of the message: 1007; at the end of a fragment: not yet', () => {
      assert.deepEqual(new Harness(role).receive(to('text', bytesOf('61 f0 9f 98'))).frames, ['close 1007'])
      assert.deepEqual(new Harness(role).receive(...byteByByte(to('text', bytesOf('61 f0 9f')))).frames, [
        'close 1007',
      ])
      const harness = new Harness(role).receive(to('text', bytesOf('f0 9f'), more))
      assert.deepEqual(harness.faults, [])
      harness.receive(to('ping'), to('continuation', '', more), to('continuation'))
      assert.deepEqual(harness.frames, ['pong', 'close 1007'])
    })

    test('a character cut between fragments, and what looks odd but is text, comes back', () => {
      const text = Buffer.from('\0κόσμε \ufeff \ufffe \uffff \u{1fffe} \u{10ffff} 😀')
      assert.deepEqual(new Harness(role).receive(to('text', text)).written[0]?.payload, text)
      for (let cut = 0; cut <= text.length; cut += 1) {
        const harness = new Harness(role).receive(
          to('text', text.subarray(0, cut), more),
          to('continuation', text.subarray(cut)),
        )
        assert.deepEqual(
          harness.written.map(({ payload }) => payload),
          [text],
        )
      }
    })

    test('binary may be anything', () => {
      const harness = new Harness(role).receive(
        to('binary', bytesOf('ff fe 80')),
        ...byteByByte(to('binary', bytesOf('c0 af'))),
      )
      assert.deepEqual(harness.faults, [])
      assert.equal(harness.frames.length, 2)
    })
  })

  describe(`limits, as a ${role}`, () => {
    const small = { maxPayload: 100, maxFragments: 3, wanted: messagesOnly }
    const tooLong = {
      kind: 'limit',
      what: 'message',
      limit: 100,
      detail: 'a longer message is refused (1009); --max-payload allows more',
    }

    test('exactly the limit passes, in any number of frames', () => {
      const [message, half] = [Buffer.alloc(100, 'x'), Buffer.alloc(50, 'x')]
      const harness = new Harness(role, small).receive(
        to('text', message),
        ...byteByByte(to('binary', message)),
      )
      harness.receive(to('text', half, more), to('ping', Buffer.alloc(125)), to('continuation', half))
      assert.equal(harness.written.length, 4)
      assert.deepEqual(harness.faults, [])
    })

    const over: readonly [name: string, frames: Buffer[]][] = [
      ['one frame', [to('text', Buffer.alloc(101))]],
      ['its header alone', [to('text', Buffer.alloc(101)).subarray(0, role === 'server' ? 6 : 2)]],
      [
        'fragments together',
        [to('text', Buffer.alloc(60), more), to('continuation', Buffer.alloc(41), more)],
      ],
      [
        '2^63 - 1 declared',
        [bytesOf(role === 'server' ? '82 ff 7fffffffffffffff 00000000' : '82 7f 7fffffffffffffff')],
      ],
    ]
    for (const [name, frames] of over) {
      test(`over the limit, ${name}: 1009`, () => {
        const harness = new Harness(role, small).receive(
          Buffer.concat([to('text', 'fine'), ...frames, to('ping')]),
        )
        assert.deepEqual(harness.frames, ['text fine', 'close 1009'])
        assert.deepEqual(harness.told.at(-2), tooLong)
        assert.deepEqual(harness.kinds, ['message', 'limit', 'closing', 'write', 'end'])
        assert.equal(harness.machine.held, 0)
      })
    }

    test('a declared length takes no memory before its payload comes', () => {
      const frame = to('binary', Buffer.alloc(8 * 2 ** 20))
      const arena = new Arena()
      const taken: number[] = []
      const take = arena.take.bind(arena)
      arena.take = (size) => {
        taken.push(size)
        return take(size)
      }
      const harness = new Harness(role, { arena }).receive(frame.subarray(0, 100))
      assert.ok(Math.max(...taken) < 4_096)
      harness.receive(frame.subarray(100, 100_000))
      assert.ok(Math.max(...taken) < 500_000)
    })

    test('what has come of an unfinished message is told to the byte, whatever it reserves', () => {
      const harness = new Harness(role).receive(to('binary', Buffer.alloc(8 * 2 ** 20)).subarray(0, 5_000))
      const header = role === 'server' ? 14 : 10
      assert.equal(harness.machine.held, 5_000 - header)
    })

    test('one frame too many in a message, empty ones counted: 1008', () => {
      const rest = (count: number) => Array.from({ length: count }, () => to('continuation', '', more))
      const good = [to('text', 'a', more), ...rest(1), to('continuation')]
      const harness = new Harness(role, small).receive(...good, ...good, to('text', 'a', more), ...rest(3))
      assert.deepEqual(harness.frames, ['text a', 'text a', 'close 1008'])
      assert.deepEqual(harness.faults, ['fragments'])
    })

    test('a limit that is kept elsewhere: 1008', () => {
      const harness = new Harness(role).receive(to('text', 'half', more))
      const limit = { kind: 'limit', what: 'unfinished', limit: 1, detail: 'too much is unfinished' } as const
      harness.take(harness.machine.refuse(limit))
      assert.deepEqual(harness.frames, ['close 1008'])
      assert.deepEqual(harness.told, [limit, { kind: 'closing', by: 'us' }])
      const reason = 'more than 1 bytes of unfinished messages from all clients together'
      assert.deepEqual(harness.machine.sentClose, { code: 1008, reason })
      assert.equal(harness.machine.held, 0)
      assert.equal(harness.machine.failure?.code, 'limit-unfinished')
    })
  })

  describe(`lax, as a ${role}`, () => {
    const lax = { lax: true, wanted: messagesOnly }
    const rows: readonly [name: string, frames: Buffer[], expected: string[]][] = [
      [
        'masked as it should not be',
        [
          to('binary', 'abcd'),
          to('binary', 'Hello', { masked: role === 'client' }),
          to('text', 'there', { masked: role === 'client' }),
        ],
        ['binary abcd', 'binary Hello', 'text there'],
      ],
      ['reserved bits', [to('text', 'a', { rsv: 7 })], ['text a']],
      [
        'not UTF-8',
        [to('text', Buffer.of(0xff)), to('text', Buffer.of(0xc0), more), to('continuation', '!')],
        ['text \xff', 'text \xc0!'],
      ],
      [
        'a long ping',
        [to('ping', Buffer.alloc(126, 'p')), to('text', 'a')],
        [`pong ${'p'.repeat(126)}`, 'text a'],
      ],
      ['unknown control frames', [to(11, 'x'), to('text', 'a')], ['text a']],
      [
        'a message inside another',
        [
          to('text', 'half', more),
          to('binary', 'whole'),
          to('text', 'a', more),
          to('text', 'b', more),
          to('continuation', 'c'),
        ],
        ['binary whole', 'text bc'],
      ],
      ['a stray continuation', [to('continuation', 'a')], ['continuation a']],
      ['a close code that must not travel', [to('close', closing(1005)), to('ping')], ['close 1005']],
    ]
    for (const [name, frames, expected] of rows) {
      test(`${name}: taken as it is`, () => {
        for (const wanted of [nothing, messagesOnly, everything]) {
          const harness = new Harness(role, { ...lax, wanted }).receive(Buffer.concat(frames))
          assert.deepEqual([harness.frames, harness.faults], [expected, []])
        }
        assert.deepEqual(
          new Harness(role, lax).receive(...byteByByte(Buffer.concat(frames))).frames,
          expected,
        )
      })
    }

    test('limits are kept all the same', () => {
      const limited = { ...lax, maxPayload: 200, maxFragments: 2 }
      assert.deepEqual(new Harness(role, limited).receive(to('ping', Buffer.alloc(201))).frames, [
        'close 1009',
      ])
      const harness = new Harness(role, limited).receive(
        to('text', Buffer.alloc(150), more),
        to('text', Buffer.alloc(150), more),
      )
      assert.deepEqual(harness.faults, [])
      harness.receive(to('continuation', '', more), to('continuation'))
      assert.deepEqual(harness.faults, ['fragments'])
    })

    test('compressed text that is not UTF-8', () => {
      const harness = new Harness(role, { ...lax, compression }).receive(
        to('text', bytesOf('02 0100feff ff 00'), { rsv: 4 }),
      )
      assert.deepEqual(
        harness.faults.filter((code) => code === 'not-utf8'),
        [],
      )
    })
  })
}
