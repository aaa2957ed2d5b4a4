import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { startOfBody } from '../../src/wire/http-body.ts'
import type { Header } from '../../src/wire/http-head.ts'

function read(headers: readonly Header[], received: string, status = 404): readonly [string, boolean] {
  const head = {
    kind: 'response',
    version: 'HTTP/1.1',
    reason: '',
    raw: new Uint8Array(),
    status,
    headers,
  } as const
  const { bytes, isWhole } = startOfBody(head, Buffer.from(received))
  return [Buffer.from(bytes).toString(), isWhole]
}

const chunked: Header = ['Transfer-Encoding', 'gzip, Chunked']

describe('the start of a body (RFC 9112 §6.3)', () => {
  const rows: readonly [
    name: string,
    headers: readonly Header[],
    received: string,
    text: string,
    isWhole: boolean,
  ][] = [
    ['a length that has come', [['content-length', '4']], 'four', 'four', true],
    ['a length of which more comes', [['Content-Length', '5']], 'four', 'four', false],
    ['more than the length', [['Content-Length', '3']], 'four', 'fou', true],
    ['a length of nothing', [['Content-Length', '0']], '', '', true],
    ['what is no length', [['Content-Length', '-3']], 'four', 'four', true],
    ['neither length nor chunks', [], 'four', 'four', false],
    [
      'chunks in the place of a length',
      [['Content-Length', '1'], chunked],
      '2\r\nab\r\n0\r\n\r\n',
      'ab',
      true,
    ],
    [
      'chunks of any size, extended',
      [chunked],
      'A;x=y\r\n0123456789\r\n01 \r\nx\r\n0\r\n',
      '0123456789x',
      true,
    ],
    ['a chunk of which more comes', [chunked], '5\r\nfour', 'four', false],
    ['a chunk without its end', [chunked], '4\r\nfour', 'four', false],
    ['a length without its end', [chunked], '4\r\nfour\r\n4', 'four', false],
    ['no chunk yet', [chunked], '', '', false],
    ['what is no chunk', [chunked], '4\r\nfour\r\nmore\r\n', 'four', true],
    ['a length beyond all bounds', [chunked], `${'f'.repeat(900)}\r\nfour`, 'four', false],
  ]
  for (const [name, headers, received, text, isWhole] of rows) {
    test(name, () => assert.deepEqual(read(headers, received), [text, isWhole]))
  }

  test('behind a 101 there is none', () => {
    assert.deepEqual(read([['Content-Length', '4']], 'four', 101), ['', true])
  })
})
