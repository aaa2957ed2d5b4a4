import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  basicAuthorization,
  checkOrigin,
  checkPaths,
  parseHeader,
  parseWebSocketUrl,
} from '../../src/commands/url.ts'

describe('parseWebSocketUrl', () => {
  const rows: readonly [
    text: string | undefined,
    host: string,
    port: number,
    target: string,
    authority: string,
  ][] = [
    [undefined, 'localhost', 9_001, '/', 'localhost:9001'],
    ['ws://localhost', 'localhost', 80, '/', 'localhost'],
    ['WS://Example.TEST:8080/A?b=C', 'example.test', 8_080, '/A?b=C', 'example.test:8080'],
    ['example.test/chat', 'example.test', 80, '/chat', 'example.test'],
    ['//example.test/chat', 'example.test', 80, '/chat', 'example.test'],
    ['localhost:9', 'localhost', 9, '/', 'localhost:9'],
    ['9', 'localhost', 9, '/', 'localhost:9'],
    ['9/a', 'localhost', 9, '/a', 'localhost:9'],
    [':9/a', 'localhost', 9, '/a', 'localhost:9'],
    ['/a?b', 'localhost', 9_001, '/a?b', 'localhost:9001'],
    ['ws://[::1]:9/', '::1', 9, '/', '[::1]:9'],
    ['::1', '::1', 80, '/', '[::1]'],
    ['ws://h:80/', 'h', 80, '/', 'h'],
    ['ws://h/ä b', 'h', 80, '/%C3%A4%20b', 'h'],
  ]
  for (const [text, host, port, target, authority] of rows) {
    test(text ?? 'nothing', () => {
      const shown = `ws://${authority}${target}`
      assert.deepEqual(parseWebSocketUrl(text), {
        host,
        port,
        target,
        authority,
        shown,
        credentials: undefined,
        isSecure: false,
      })
    })
  }

  test('wss:// is secure, and has a port of its own', () => {
    const secure = parseWebSocketUrl('wss://h/a')
    assert.deepEqual([secure.isSecure, secure.port, secure.authority], [true, 443, 'h'])
    assert.equal(secure.shown, 'wss://h/a')
    assert.equal(parseWebSocketUrl('WSS://h:8443').authority, 'h:8443')
  })

  test('user and password are taken out', () => {
    const { shown, authority, credentials } = parseWebSocketUrl('ws://me:a%3Ab%20c@h:1/x')
    assert.deepEqual([shown, authority, credentials], ['ws://h:1/x', 'h:1', 'me:a:b c'])
  })

  const wrong: readonly [text: string, message: RegExp][] = [
    ['http://h/', /expected ws:\/\/ or wss:\/\/, got http:\/\//],
    ['ws://h/#', /fragment/],
    ['ws://h/#a', /fragment/],
    ['ws://[::1', /is not a URL/],
    ['', /is not a URL/],
    ['ws://h:65536/', /is not a URL/],
    ['ws://h:0/', /"0" is not a port/],
    ['ws://h/\r\nX: y', /a carriage return/],
    ['ws://h/\n', /a line feed/],
    ['ws://h/\0', /a NUL/],
    ['ws://u:%ff@h/', /not percent-encoded UTF-8/],
  ]
  for (const [text, message] of wrong) {
    test(JSON.stringify(text), () => {
      assert.throws(() => parseWebSocketUrl(text), { name: 'UsageError', message })
    })
  }

  test('no message repeats a password', () => {
    const plain = ['http://u:geheim@h/', 'ws://u:geheim@[::1', 'ws://u:geheim@h/#a', 'u:geheim@h#']
    // A slash that should be %2F makes it something else than a password, but it was meant as one.
    const odd = [
      'ws://u:geheim@h/\n',
      'ws://u:a/geheim@h',
      'ws://u:a#geheim@h',
      ' ws://u:geheim@h',
      '\0geheim@h',
    ]
    for (const url of [...plain, ...odd]) {
      assert.throws(
        () => parseWebSocketUrl(url),
        (error) => error instanceof Error && !error.message.includes('geheim'),
        url,
      )
    }
    assert.throws(() => parseWebSocketUrl('ws://u:a/b@h'), /^UsageError: "ws:\/\/…@h" is not a URL/)
  })

  test('is the same however often it is read', () => {
    for (let count = 0; count < 30_000; count += 1)
      assert.throws(() => parseWebSocketUrl('ß\u{9f}'), { name: 'UsageError' })
  })
})

test('basicAuthorization (RFC 7617 §2)', () => {
  assert.equal(basicAuthorization('Aladdin:open sesame'), 'Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==')
  assert.equal(basicAuthorization('test:123£'), 'Basic dGVzdDoxMjPCow==')
  assert.throws(() => basicAuthorization('geheim'), /^UsageError: --auth: (?!.*geheim)/)
  assert.throws(() => basicAuthorization('u:geheim\n'), /^UsageError: --auth: (?!.*geheim)/)
})

test('parseHeader', () => {
  assert.deepEqual(parseHeader('X-A: b: c '), ['X-A', 'b: c'])
  assert.deepEqual(parseHeader('X-A:'), ['X-A', ''])
  assert.deepEqual(parseHeader('X: ä'), ['X', '\u00c3\u00a4'])
  for (const text of ['X', ': a', 'a b: c', 'a : b', 'X: a\r\nY: b']) {
    assert.throws(() => parseHeader(text), { name: 'UsageError' }, text)
  }
})

test('paths and origins', () => {
  checkPaths(['/', '/a/b%20c'])
  checkOrigin('null')
  for (const path of ['', 'a', '/a b', '/a?b', '/a#b', '/a\n'])
    assert.throws(() => checkPaths([path]), { name: 'UsageError' })
  for (const origin of ['', 'a b', 'a\r']) assert.throws(() => checkOrigin(origin), { name: 'UsageError' })
})
