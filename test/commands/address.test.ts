import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  type Address,
  chooseFamily,
  parseConnectAddress,
  parseListenAddress,
} from '../../src/commands/address.ts'

type Family = Parameters<typeof parseListenAddress>[1]
type Row<Arguments> = readonly [args: Arguments, host: string, port: number]

function check(parse: () => Address, host: string, port: number): void {
  assert.deepEqual(parse(), { host, port })
}

test('chooseFamily', () => {
  assert.equal(chooseFamily(undefined, undefined), undefined)
  assert.equal(chooseFamily(false, false), undefined)
  assert.equal(chooseFamily(true, undefined), 4)
  assert.equal(chooseFamily(undefined, true), 6)
  assert.equal(chooseFamily(false, true), 6)
  assert.throws(() => chooseFamily(true, true), {
    name: 'UsageError',
    message: /^-4 and -6 exclude each other/,
  })
})

describe('parseListenAddress', () => {
  const rows: readonly Row<[text: string | undefined, family?: Family]>[] = [
    [[undefined], '127.0.0.1', 9_000],
    [[undefined, 4], '127.0.0.1', 9_000],
    [[undefined, 6], '::1', 9_000],
    [['7000'], '127.0.0.1', 7_000],
    [['7000', 6], '::1', 7_000],
    [['0'], '127.0.0.1', 0],
    [['65535'], '127.0.0.1', 65_535],
    [['0.0.0.0:0'], '0.0.0.0', 0],
    [['0.0.0.0'], '0.0.0.0', 9_000],
    [['[::1]'], '::1', 9_000],
    [['0.0.0.0:80', 4], '0.0.0.0', 80],
    [['localhost:80'], 'localhost', 80],
    [['localhost:80', 6], 'localhost', 80],
    [['[::1]:80'], '::1', 80],
    [['[::]:80', 6], '::', 80],
    [['[fe80::1%eth0]:80'], 'fe80::1%eth0', 80],
    [['bücher.example:80'], 'bücher.example', 80],
    [['my_host-1:80'], 'my_host-1', 80],
  ]
  for (const [[text, family], host, port] of rows) {
    test(`${text} ${family ?? ''}`, () => check(() => parseListenAddress(text, family, 9_000), host, port))
  }

  const wrong: readonly [text: string, message: RegExp, family?: Family][] = [
    ['', /^"" is not a port/],
    ['-1', /^"-1" is not a port/],
    ['65536', /^"65536" is not a port/],
    ['1e3', /^"1e3" is not a port/],
    ['0x50', /^"0x50" is not a port/],
    ['80x', /^"80x" is not a port/],
    ['localhost', /^"localhost" is not a port/],
    ['127.0.0.1', /^"127.0.0.1" is an IPv4 address, but -6 asks for IPv6/, 6],
    [':80', /^the host is empty/],
    ['[]:80', /^the host is empty/],
    ['localhost:', /^"" is not a port/],
    ['localhost:65536', /^"65536" is not a port/],
    ['localhost:80x', /^"80x" is not a port/],
    ['::1', /^"::1" is not host:port; an IPv6 address stands in brackets/],
    ['::1:80', /^"::1:80" is not host:port/],
    ['[::1]', /^"::1" is an IPv6 address, but -4 asks for IPv4/, 4],
    ['[::1]80', /^"\[::1\]80" is not host:port/],
    ['[::1:80', /is not host:port/],
    ['a:80:81', /is not host:port/],
    ['http://x:80', /is not host:port/],
    ['a b:80', /^"a b" is not a host name or address/],
    ['a\x1bb:80', /is not a host name or address/],
    ['a/b:80', /^"a\/b" is not a host name or address/],
    ['127.0.0.1:80', /^"127.0.0.1" is an IPv4 address, but -6 asks for IPv6/, 6],
    ['[::1]:80', /^"::1" is an IPv6 address, but -4 asks for IPv4/, 4],
  ]
  for (const [text, message, family] of wrong) {
    test(`${JSON.stringify(text)} is refused`, () => {
      assert.throws(() => parseListenAddress(text, family, 9_000), { name: 'UsageError', message })
    })
  }
})

describe('parseConnectAddress', () => {
  type Given = [first?: string, second?: string | undefined, family?: Family]
  const rows: readonly Row<Given>[] = [
    [[], 'localhost', 9_000],
    [['example.org'], 'example.org', 9_000],
    [['example.org', '80'], 'example.org', 80],
    [['example.org:80'], 'example.org', 80],
    [['80'], 'localhost', 80],
    [['127.0.0.1'], '127.0.0.1', 9_000],
    [['127.0.0.1:80', undefined, 4], '127.0.0.1', 80],
    [['::1'], '::1', 9_000],
    [['[::1]'], '::1', 9_000],
    [['::1', '80'], '::1', 80],
    [['[::1]', '80', 6], '::1', 80],
    [['[::1]:80'], '::1', 80],
    [['::1:9000'], '::1:9000', 9_000],
    [['fe80::1%eth0', '80'], 'fe80::1%eth0', 80],
    [['localhost', '80', 6], 'localhost', 80],
    [['localhost', '65535'], 'localhost', 65_535],
    [['1', '1'], '1', 1],
  ]
  for (const [[first, second, family], host, port] of rows) {
    test(`${first} ${second ?? ''} ${family ?? ''}`, () =>
      check(() => parseConnectAddress(first, second, family, 9_000), host, port))
  }

  const wrong: readonly [given: Given, message: RegExp][] = [
    [[''], /^the host is empty/],
    [['', '80'], /^the host is empty/],
    [['[]', '80'], /^the host is empty/],
    [[':80'], /^the host is empty/],
    [['0'], /^"0" is not a port to connect to: expected 1 to 65535/],
    [['localhost', '0'], /^"0" is not a port to connect to/],
    [['localhost:0'], /^"0" is not a port to connect to/],
    [['65536'], /^"65536" is not a port/],
    [['localhost', ''], /^"" is not a port/],
    [['localhost', '-1'], /^"-1" is not a port/],
    [['localhost', '1e3'], /^"1e3" is not a port/],
    [['localhost', '0x50'], /^"0x50" is not a port/],
    [['localhost', '80x'], /^"80x" is not a port/],
    [['localhost:80x'], /^"80x" is not a port/],
    [['localhost:'], /^"" is not a port/],
    [['[::1]:'], /^"" is not a port/],
    [['[::1'], /is not host:port/],
    [['a:b:c'], /is not host:port/],
    [['tcp://localhost:80'], /is not host:port/],
    [['a b'], /^"a b" is not a host name/],
    [['a\0b', '80'], /is not a host name/],
    [['a\nb', '80'], /is not a host name/],
    [['127.0.0.1', '80', 6], /^"127.0.0.1" is an IPv4 address, but -6 asks for IPv6/],
    [['::1', undefined, 4], /^"::1" is an IPv6 address, but -4 asks for IPv4/],
    [['localhost:9000', '80'], /./],
    [['[::1]:9000', '80'], /./],
  ]
  for (const [given, message] of wrong) {
    test(`${JSON.stringify(given)} is refused`, () => {
      const [first, second, family] = given
      assert.throws(() => parseConnectAddress(first, second, family, 9_000), { name: 'UsageError', message })
    })
  }
})
