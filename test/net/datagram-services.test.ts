import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { type AnsweringService, createAnswer } from '../../src/net/datagram-services.ts'
import { datagramServiceNames } from '../../src/net/service-names.ts'

const date = () => new Date('1982-08-22T23:14:45Z')

function answer(name: AnsweringService, request: string): string {
  return createAnswer(name, date)(Buffer.from(request, 'latin1')).toString('latin1')
}

test('the services of datagrams are those of CLI.md', () => {
  assert.deepEqual(datagramServiceNames, ['none', 'echo', 'discard', 'chargen', 'daytime', 'time'])
})

describe('an answer', () => {
  const line = 'Sun, 22 Aug 1982 23:14:45 GMT\r\n'
  const firstLine = ` !"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_\`abcdefg\r\n`
  const rows: readonly [name: AnsweringService, request: string, answer: string][] = [
    ['echo', 'hello', 'hello'],
    ['echo', '', ''],
    ['echo', '\x00\xff\n', '\x00\xff\n'],
    ['daytime', '', line],
    ['daytime', 'whatever', line],
    ['time', '', '\x9b\x71\x51\x65'],
    ['chargen', '', ''],
    ['chargen', 'x', ' '],
    ['chargen', 'x'.repeat(74), firstLine],
    ['chargen', 'x'.repeat(75), `${firstLine}!`],
  ]
  for (const [name, request, expected] of rows) {
    test(`of ${name} to ${request.length} B`, () => assert.equal(answer(name, request), expected))
  }

  test('of echo is the very datagram: nothing is copied', () => {
    const request = Buffer.from('x')
    assert.equal(createAnswer('echo', date)(request), request)
  })

  test('of daytime and time is that of the moment', () => {
    let now = new Date(0)
    const [daytime, time] = [createAnswer('daytime', () => now), createAnswer('time', () => now)]
    assert.match(daytime(Buffer.alloc(0)).toString(), /1970 00:00:00 GMT/)
    now = new Date(1_000)
    assert.match(daytime(Buffer.alloc(0)).toString(), /1970 00:00:01 GMT/)
    assert.equal(time(Buffer.alloc(0)).toString('hex'), '83aa7e81')
  })
})

describe('chargen', () => {
  const chargen = createAnswer('chargen', date)

  for (const size of [0, 1, 511, 512, 513, 65_507]) {
    test(`answers ${size} B with no more than that, nor than 512`, () => {
      assert.equal(chargen(Buffer.alloc(size)).length, Math.min(size, 512))
    })
  }

  test('is always the start of the same pattern', () => {
    const whole = chargen(Buffer.alloc(512)).toString('latin1')
    assert.match(whole, /^(?:[ -~]{72}\r\n){6}[ -~]{68}$/)
    fc.assert(
      fc.property(fc.nat(2_000), (size) => {
        const part = chargen(Buffer.alloc(size)).toString('latin1')
        assert.ok(part.length <= size && whole.startsWith(part))
      }),
    )
  })
})
