import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  byteByByte,
  closing,
  converse,
  everything,
  frameTo,
  Harness,
  messagesOnly,
  roles,
} from './machine.ts'

for (const role of roles) {
  const to = frameTo.bind(undefined, role)
  const isServer = role === 'server'

  describe(`close, as a ${role}`, () => {
    const answered: readonly [name: string, payload: Buffer, answer: string, code: number, reason: string][] =
      [
        ['empty', Buffer.alloc(0), 'close', 1005, ''],
        ...[
          1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999,
        ].map(
          (code) =>
            [`${code}`, closing(code), `close ${code}`, code, ''] as [string, Buffer, string, number, string],
        ),
        ['a reason', closing(1000, 'bye'), 'close 1000', 1000, 'bye'],
        ['123 bytes of reason', closing(1000, 'x'.repeat(123)), 'close 1000', 1000, 'x'.repeat(123)],
      ]
    for (const [name, payload, answer, code, reason] of answered) {
      test(`${name}: answered with the same code, once; everything behind it is ignored`, () => {
        const behind = [to('close', closing(1001)), to('ping', 'late'), to('text', 'late'), to(5)]
        const bytes = Buffer.concat([to('close', payload), ...behind])
        for (const chunks of [[bytes], byteByByte(bytes)]) {
          const harness = new Harness(role, { wanted: messagesOnly }).receive(...chunks)
          assert.deepEqual(harness.frames, [answer])
          assert.deepEqual(harness.told, [{ kind: 'closing', by: 'peer' }])
          assert.equal(harness.ended, isServer, 'the server ends TCP')
          const { machine } = harness
          assert.deepEqual(machine.receivedClose, { code, reason })
          assert.deepEqual(machine.sentClose, { code, reason: '' })
          assert.equal(machine.failure, undefined)
          assert.ok(!machine.isOpen)
          assert.equal(machine.received.frames, 1)
        }
      })
    }

    const refused: readonly [name: string, payload: Buffer, code: string, closeCode: number][] = [
      ['one byte', Buffer.of(3), 'short-close', 1002],
      ...[0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535].map(
        (code) =>
          [`${code}`, closing(code), 'forbidden-close-code', 1002] as [string, Buffer, string, number],
      ),
      ['a reason that is not UTF-8', closing(1000, Buffer.of(0x61, 0xff)), 'not-utf8', 1007],
      ['a reason that is cut', closing(1000, Buffer.of(0xe1, 0xbd)), 'not-utf8', 1007],
      ['124 bytes of reason', closing(1000, 'x'.repeat(124)), 'long-control', 1002],
    ]
    for (const [name, payload, code, closeCode] of refused) {
      test(`${name}: ${closeCode}`, () => {
        const bytes = Buffer.concat([to('close', payload), to('ping', 'late')])
        for (const chunks of [[bytes], byteByByte(bytes)]) {
          const harness = new Harness(role).receive(...chunks)
          assert.deepEqual(harness.frames, [`close ${closeCode}`])
          assert.deepEqual(harness.faults, [code])
          assert.ok(harness.ended, 'who fails it ends TCP')
          assert.equal(harness.machine.failure?.code, code)
          assert.equal(harness.machine.receivedClose, undefined)
          assert.equal(harness.machine.sentClose?.code, closeCode)
        }
      })
    }

    test('in the middle of a message', () => {
      const harness = new Harness(role).receive(
        to('text', 'a', { fin: false }),
        to('close'),
        to('continuation', 'b'),
      )
      assert.deepEqual(harness.frames, ['close'])
      assert.equal(harness.machine.held, 0)
    })

    test('what came before it is sent back before the answer, in one write', () => {
      const bytes = Buffer.concat([to('text', 'one'), to('ping', 'two'), to('close', closing(1000))])
      const harness = new Harness(role, { wanted: messagesOnly }).receive(bytes)
      assert.deepEqual(harness.frames, ['text one', 'pong two', 'close 1000'])
      assert.deepEqual(harness.kinds, ['message', 'closing', 'write', ...(isServer ? ['end'] : [])])
    })

    test('ours: their messages still come, but nothing is sent any more', () => {
      const harness = new Harness(role, { wanted: messagesOnly })
      harness.take(harness.machine.close(1001, 'away'))
      assert.deepEqual(harness.kinds, ['closing', 'write'])
      harness.receive(to('text', 'a'), to('ping', 'b'), to('pong', 'c'), ...byteByByte(to('binary', 'd')))
      harness.take(harness.machine.send('text', Buffer.from('late')))
      harness.take(harness.machine.sendControl('ping', Buffer.from('late')))
      harness.take(harness.machine.close(1002))
      assert.ok(!harness.ended)
      harness.receive(to('close', closing(1001)), to('text', 'late'))
      assert.deepEqual(harness.frames, ['close 1001'])
      assert.deepEqual(harness.messages, ['text a', 'binary d'])
      assert.equal(harness.ended, isServer)
      assert.deepEqual(harness.machine.sentClose, { code: 1001, reason: 'away' })
      assert.deepEqual(harness.machine.receivedClose, { code: 1001, reason: '' })
    })

    test('ours without a bare-echo either', () => {
      const harness = new Harness(role)
      harness.take(harness.machine.close())
      harness.receive(to('binary', 'a'), to('text', 'b'), ...byteByByte(to('binary', 'c')))
      assert.deepEqual(harness.frames, ['close'])
      assert.equal(harness.machine.received.messages, 3)
      assert.deepEqual(harness.machine.sentClose, { code: 1005, reason: '' })
    })

    test('a violation behind our close frame ends it without another one', () => {
      const harness = new Harness(role)
      harness.take(harness.machine.close(1000)).receive(Buffer.concat([to(3), to('close', closing(1000))]))
      assert.deepEqual(harness.frames, ['close 1000'])
      assert.deepEqual(harness.kinds, ['closing', 'write', 'violation', 'end'])
      assert.deepEqual(harness.machine.sentClose, { code: 1000, reason: '' })
    })

    test('after the end nothing is read or written', () => {
      const harness = new Harness(role).receive(to('text', 'half', { fin: false }))
      const { machine } = harness
      assert.ok(machine.held > 0)
      machine.end()
      assert.equal(machine.held, 0)
      harness.receive(to('continuation', 'rest')).take(machine.send('text', Buffer.from('a')))
      harness
        .take(machine.close())
        .take(machine.sendControl('ping', Buffer.of()))
        .take(machine.setCongested(false))
      harness.take(machine.refuse({ kind: 'limit', what: 'unfinished', limit: 1, detail: 'late' }))
      assert.deepEqual(harness.kinds, [])
    })

    test('frames are told in their order', () => {
      const harness = new Harness(role, { wanted: everything }).receive(to('close', closing(1000)))
      assert.deepEqual(harness.kinds, ['frame', 'closing', 'frame', 'write', ...(isServer ? ['end'] : [])])
      const ours = new Harness(role, { wanted: everything })
      ours.take(ours.machine.close(1000))
      assert.deepEqual(ours.kinds, ['frame', 'closing', 'write'])
    })
  })
}

describe('the close handshake between two machines', () => {
  const pairs: readonly [name: string, closers: readonly ('server' | 'client')[]][] = [
    ['the client begins', ['client']],
    ['the server begins', ['server']],
    ['both at once', ['client', 'server']],
  ]
  for (const [name, closers] of pairs) {
    test(`${name}: one close frame each, the server ends TCP`, () => {
      const peers = { client: new Harness('client'), server: new Harness('server') }
      for (const role of closers) peers[role].take(peers[role].machine.close(role === 'client' ? 4001 : 4002))
      converse(peers.client, peers.server, 1)
      for (const role of roles) {
        const { machine, ended } = peers[role]
        const ours = closers.includes(role) ? role : closers[0]
        assert.equal(machine.sentClose?.code, ours === 'client' ? 4001 : 4002)
        assert.equal(machine.sent.frames, 1)
        assert.equal(machine.received.frames, 1)
        assert.equal(ended, role === 'server')
      }
    })
  }
})
