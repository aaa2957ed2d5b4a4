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
  noise,
  nothing,
  roles,
} from './machine.ts'

for (const role of roles) {
  const to = frameTo.bind(undefined, role)

  describe(`ping and pong, as a ${role}`, () => {
    for (const payload of [
      Buffer.alloc(0),
      Buffer.from('Hello'),
      Buffer.of(0, 255, 0xfe, 0xc0),
      noise(125),
    ]) {
      test(`${payload.length} bytes come back`, () => {
        const expected = { first: 0x8a, payload }
        const harness = new Harness(role, { echo: false }).receive(
          to('ping', payload),
          ...byteByByte(to('ping', payload)),
        )
        for (const { first, payload } of harness.written) assert.deepEqual({ first, payload }, expected)
        assert.equal(harness.written.length, 2)
      })
    }

    test('one for each, in order, in one write', () => {
      const pings = Array.from({ length: 100 }, (_, index) => to('ping', `ping ${index}`))
      const harness = new Harness(role).receive(Buffer.concat(pings))
      assert.deepEqual(
        harness.frames,
        pings.map((_, index) => `pong ping ${index}`),
      )
      assert.deepEqual(harness.kinds, ['write'])
    })

    test('between fragments: the pong goes first', () => {
      const bytes = Buffer.concat([
        to('text', 'a', { fin: false }),
        to('ping', '1'),
        to('continuation', 'b', { fin: false }),
        to('ping', '2'),
        to('pong', 'unasked'),
        to('continuation', 'c'),
      ])
      for (const chunks of [[bytes], byteByByte(bytes)]) {
        assert.deepEqual(new Harness(role).receive(...chunks).frames, ['pong 1', 'pong 2', 'text abc'])
      }
    })

    test('pongs are not answered, and told where frames are', () => {
      const pongs = [to('pong', 'one'), to('pong', 'two')]
      const harness = new Harness(role, { wanted: { ...nothing, receivedFrames: true } }).receive(...pongs)
      assert.deepEqual(
        harness.told.map(({ kind, payload }) => [kind, payload]),
        [
          ['frame', 'one'],
          ['pong', 'one'],
          ['frame', 'two'],
          ['pong', 'two'],
        ],
      )
      assert.deepEqual(harness.frames, [])
      const unseen = new Harness(role, { wanted: messagesOnly }).receive(...pongs)
      assert.deepEqual([unseen.told, unseen.frames], [[], []])
    })

    test('ours', () => {
      const harness = new Harness(role)
      harness.take(harness.machine.sendControl('ping', Buffer.from('a')))
      harness.take(harness.machine.sendControl('pong', Buffer.from('b')))
      assert.deepEqual(harness.frames, ['ping a', 'pong b'])
      assert.deepEqual([harness.machine.sent.frames, harness.machine.sent.messages], [2, 0])
    })

    test('a limit on messages does not touch them', () => {
      const harness = new Harness(role, { maxPayload: 3 })
      harness.receive(to('ping', noise(125)), to('text', 'abc'), to('close', closing(1000, 'a reason')))
      assert.deepEqual(harness.faults, [])
      assert.deepEqual(harness.frames.slice(1), ['text abc', 'close 1000'])
    })

    test('ten thousand pongs that nobody asked for leave nothing behind', () => {
      const harness = new Harness(role)
      const pongs = Buffer.alloc(1_000 * to('pong').length, to('pong'))
      for (let round = 0; round < 10; round += 1) harness.receive(pongs)
      assert.equal(harness.machine.held, 0)
      assert.equal(harness.machine.received.frames, 10_000)
    })
  })

  describe(`pongs to a peer that does not read, as a ${role}`, () => {
    const ping = (index: number) => to('ping', `${index}`.padEnd(125))

    test('64 KiB of them, then only the newest, once it reads again', () => {
      const harness = new Harness(role)
      harness.take(harness.machine.setCongested(true))
      harness.take(harness.machine.setCongested(true))
      for (let index = 0; index < 1_000; index += 1) harness.receive(ping(index))
      assert.equal(harness.frames.length, 500)
      assert.deepEqual(harness.told, [
        {
          kind: 'limit',
          what: 'pongs',
          limit: 65_536,
          detail: 'a peer that sends pings and reads nothing is owed the newest pong only',
        },
      ])
      harness.fetch()
      harness.take(harness.machine.setCongested(false))
      assert.deepEqual(harness.frames, [`pong ${'999'.padEnd(125)}`])
      harness.fetch()
      harness.receive(ping(7)).take(harness.machine.setCongested(false))
      assert.deepEqual(harness.frames, [`pong ${'7'.padEnd(125)}`])
    })

    test('it is told again when it happens again', () => {
      const harness = new Harness(role)
      for (let round = 0; round < 2; round += 1) {
        harness.take(harness.machine.setCongested(true))
        for (let index = 0; index < 600; index += 1) harness.receive(ping(index))
        harness.take(harness.machine.setCongested(false))
      }
      assert.deepEqual(harness.faults, ['pongs', 'pongs'])
      assert.equal(harness.frames.length, 2 * 501)
    })

    test('what waited is not sent behind our close frame', () => {
      const harness = new Harness(role)
      harness.take(harness.machine.setCongested(true))
      for (let index = 0; index < 600; index += 1) harness.receive(ping(index))
      harness.take(harness.machine.close(1000)).take(harness.machine.setCongested(false))
      assert.equal(harness.frames.at(-1), 'close 1000')
    })
  })

  describe(`frames made by hand, as a ${role}`, () => {
    const plain = {
      fin: true,
      rsv1: false,
      rsv2: false,
      rsv3: false,
      opcode: 1,
      length: 2,
      lengthForm: 7,
      mask: undefined,
    } as const

    test('go out as they are, and are told so', () => {
      const harness = new Harness(role, { wanted: everything })
      const frame = { ...plain, rsv2: true, opcode: 11, lengthForm: 16, length: 9 } as const
      harness.take(harness.machine.sendFrame(frame, Buffer.from('ab')))
      assert.equal(harness.wire.toString('hex'), 'ab7e00096162')
      assert.deepEqual(harness.told, [
        {
          kind: 'frame',
          direction: 'sent',
          fin: true,
          rsv1: false,
          rsv2: true,
          rsv3: false,
          opcode: 11,
          lengthForm: 16,
          length: 9,
          size: 2,
          payload: 'ab',
        },
      ])
    })

    test('masked with the key that was given', () => {
      const harness = new Harness(role, { wanted: everything })
      harness.take(
        harness.machine.sendFrame({ ...plain, mask: Uint8Array.of(1, 2, 3, 4) }, Buffer.from('ab')),
      )
      assert.equal(harness.wire.toString('hex'), '8182010203046060')
      assert.deepEqual([harness.told[0]?.mask, harness.told[0]?.payload], ['01020304', 'ab'])
    })

    test('a close frame is taken for ours; behind it others may still be sent by hand', () => {
      const harness = new Harness(role)
      harness.take(harness.machine.sendFrame({ ...plain, opcode: 8 }, closing(4000)))
      assert.deepEqual(harness.machine.sentClose, { code: 4000, reason: '' })
      assert.ok(!harness.machine.isOpen)
      harness.take(harness.machine.send('text', Buffer.from('late')))
      harness.take(harness.machine.sendFrame({ ...plain, opcode: 8 }, closing(4001)))
      assert.deepEqual(harness.machine.sentClose, { code: 4000, reason: '' })
      assert.deepEqual(harness.kinds, ['closing', 'write', 'write'])
      harness.machine.end()
      assert.deepEqual(harness.machine.sendFrame(plain, Buffer.from('ab')), [])
    })

    test('the other side refuses what is wrong', () => {
      const harness = new Harness(role)
      const peer = new Harness(role === 'server' ? 'client' : 'server', { wanted: messagesOnly })
      const mask = role === 'client' ? Uint8Array.of(1, 2, 3, 4) : undefined
      harness.take(harness.machine.sendFrame({ ...plain, opcode: 5, mask }, Buffer.from('ab')))
      converse(harness, peer)
      assert.deepEqual(peer.faults, ['reserved-opcode'])
      assert.equal(harness.machine.receivedClose?.code, 1002)
    })
  })
}
