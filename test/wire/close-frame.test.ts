import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { describeCloseCode, isNormalClosure, mayTravel } from '../../src/wire/close-code.ts'
import { checkClose, encodeClose, readClose } from '../../src/wire/close-frame.ts'

const payloadOf = (code: number, reason = '') =>
  Buffer.concat([Uint8Array.of(code >> 8, code), Buffer.from(reason)])

describe('close codes (RFC 6455 §7.4)', () => {
  const rows: readonly [code: number, name: string, mayTravel: boolean][] = [
    [0, 'undefined', false],
    [999, 'undefined', false],
    [1000, 'normal closure', true],
    [1001, 'going away', true],
    [1002, 'protocol error', true],
    [1003, 'unsupported data', true],
    [1004, 'reserved', false],
    [1005, 'no status received', false],
    [1006, 'abnormal closure', false],
    [1007, 'invalid payload data', true],
    [1008, 'policy violation', true],
    [1009, 'message too big', true],
    [1010, 'mandatory extension', true],
    [1011, 'internal error', true],
    [1012, 'service restart', true],
    [1013, 'try again later', true],
    [1014, 'bad gateway', true],
    [1015, 'TLS handshake', false],
    [1016, 'undefined', false],
    [1100, 'undefined', false],
    [2000, 'undefined', false],
    [2999, 'undefined', false],
    [3000, 'registered', true],
    [3999, 'registered', true],
    [4000, 'private', true],
    [4999, 'private', true],
    [5000, 'undefined', false],
    [65_535, 'undefined', false],
  ]
  for (const [code, name, travels] of rows) {
    test(`${code}: ${name}, ${travels ? 'may' : 'must not'} travel`, () => {
      const described = describeCloseCode(code)
      assert.deepEqual([described.code, described.name, described.mayTravel], [code, name, travels])
      assert.equal(mayTravel(code), travels)
      const fault = checkClose(payloadOf(code))
      assert.deepEqual(
        [fault?.code, fault?.closeCode],
        travels ? [undefined, undefined] : ['forbidden-close-code', 1002],
      )
    })
  }

  const meanings: readonly [code: number, meaning: string][] = [
    [999, 'below 1000 no code is used'],
    [2999, 'reserved for the protocol'],
    [5000, 'above 4999 no code is used'],
    [3000, 'a library or framework gives it its meaning'],
    [4000, 'the application gives it its meaning'],
    [1000, 'the purpose was fulfilled'],
  ]
  for (const [code, meaning] of meanings) {
    test(`${code} means: ${meaning}`, () => assert.equal(describeCloseCode(code).meaning, meaning))
  }

  test('1000, 1001 and 1005 are as it should be', () => {
    const normal = Array.from({ length: 5_001 }, (_, code) => code).filter(isNormalClosure)
    assert.deepEqual(normal, [1000, 1001, 1005])
  })
})

describe('close frames (RFC 6455 §5.5.1)', () => {
  const rows: readonly [name: string, code: number | undefined, reason: string, hex: string][] = [
    ['empty', undefined, '', ''],
    ['a code', 1000, '', '03e8'],
    ['a code and a reason', 1001, 'bye', '03e9627965'],
    ['4999', 4999, 'ä', '1387c3a4'],
    ['123 bytes of reason', 1000, 'x'.repeat(123), `03e8${'78'.repeat(123)}`],
  ]
  for (const [name, code, reason, hex] of rows) {
    test(`${name}: both ways`, () => {
      const payload = Buffer.from(hex, 'hex')
      assert.equal(Buffer.from(encodeClose(code, reason)).toString('hex'), hex)
      assert.deepEqual(readClose(payload), { code: code ?? 1005, reason })
      assert.equal(checkClose(payload), undefined)
    })
  }

  test('a reason that is too long is cut between characters', () => {
    const payload = encodeClose(1000, `${'x'.repeat(122)}äöü`)
    assert.equal(payload.length, 124)
    assert.deepEqual(readClose(payload), { code: 1000, reason: 'x'.repeat(122) })
    assert.equal(encodeClose(1000, 'y'.repeat(500)).length, 125)
  })

  test('without a code there is no reason', () => assert.equal(encodeClose(undefined, 'lost').length, 0))

  test('one byte', () => {
    assert.deepEqual(checkClose(Uint8Array.of(3)), {
      code: 'short-close',
      message: 'a close frame of one byte: a code takes two',
      section: 'RFC 6455 §5.5.1',
      closeCode: 1002,
    })
    assert.deepEqual(readClose(Uint8Array.of(3)), { code: 1005, reason: '' })
  })

  test('a code that must not travel is told with what it means', () => {
    assert.deepEqual(checkClose(payloadOf(1005)), {
      code: 'forbidden-close-code',
      message: 'close code 1005, which must not travel: the close frame had no code; it never travels itself',
      section: 'RFC 6455 §7.4',
      closeCode: 1002,
    })
  })

  test('a reason that is not UTF-8: 1007', () => {
    const payload = Buffer.concat([payloadOf(1000), Uint8Array.of(0x61, 0xce)])
    assert.deepEqual(checkClose(payload), {
      code: 'not-utf8',
      message: 'the reason of a close frame is not UTF-8',
      section: 'RFC 6455 §5.5.1',
      closeCode: 1007,
    })
    assert.deepEqual(readClose(payload), { code: 1000, reason: 'a\ufffd' })
  })
})
