import assert from 'node:assert/strict'
import { syncBuiltinESMExports } from 'node:module'
import os from 'node:os'
import { afterEach, describe, mock, test } from 'node:test'
import {
  directedBroadcasts,
  interfaceFor,
  isBroadcast,
  isForMany,
  isMulticast,
  zoneOf,
} from '../../src/net/multicast.ts'

afterEach(() => {
  mock.restoreAll()
  syncBuiltinESMExports()
})

const common = { mac: '00:00:00:00:00:00', cidr: null }

function ipv4(address: string, netmask: string, internal = false) {
  return { ...common, address, netmask, family: 'IPv4', internal }
}

function ipv6(address: string, internal = false) {
  return { ...common, address, netmask: 'ffff:ffff:ffff:ffff::', family: 'IPv6', internal, scopeid: 0 }
}

function onMachine(interfaces: object): void {
  mock.method(os, 'networkInterfaces', () => interfaces)
  syncBuiltinESMExports()
}

const machine = {
  lo: [ipv4('127.0.0.1', '255.0.0.0', true), ipv6('::1', true)],
  eth0: [ipv4('192.168.1.5', '255.255.255.0'), ipv4('172.16.5.4', '255.255.240.0'), ipv6('fe80::1')],
  vpn0: [ipv4('10.1.2.3', '255.255.255.255')],
  gone: undefined,
}

describe('a multicast address', () => {
  const rows: readonly [address: string, isOne: boolean][] = [
    ['223.255.255.255', false],
    ['224.0.0.0', true],
    ['224.0.0.251', true],
    ['229.1.1.1', true],
    ['230.0.0.1', true],
    ['239.255.255.255', true],
    ['240.0.0.0', false],
    ['22.4.0.1', false],
    ['2.240.0.1', false],
    ['2240.0.0.1', false],
    ['1.224.0.1', false],
    ['255.255.255.255', false],
    ['ff00::', true],
    ['ff02::1', true],
    ['FF0E::101', true],
    ['ff02::fb%eth0', true],
    ['ff::1', false],
    ['fe80::1', false],
    ['::ff02:1', false],
    ['::1', false],
  ]
  for (const [address, isOne] of rows) {
    test(address, () =>
      assert.deepEqual(
        [isMulticast(address), isForMany(address)],
        [isOne, isOne || address === '255.255.255.255'],
      ),
    )
  }
})

describe('a broadcast address', () => {
  const rows: readonly [address: string, isOne: boolean][] = [
    ['255.255.255.255', true],
    ['192.168.1.255', true],
    ['172.16.15.255', true],
    ['127.255.255.255', true],
    ['192.168.2.255', false],
    ['172.16.5.255', false],
    ['10.1.2.3', false],
    ['192.168.1.5', false],
    ['192.168.1.0', false],
    ['::1', false],
    ['', false],
  ]
  for (const [address, isOne] of rows) {
    test(JSON.stringify(address), () => {
      onMachine(machine)
      assert.deepEqual([isBroadcast(address), isForMany(address)], [isOne, isOne])
    })
  }

  test('those of the networks are all of them', () => {
    onMachine(machine)
    assert.deepEqual(directedBroadcasts(), ['127.255.255.255', '192.168.1.255', '172.16.15.255'])
  })

  /** RFC 3021 §2.1: of two addresses neither is one; the services' guard leaves them out, too. */
  test('is none in a network of two', () => {
    onMachine({ ptp0: [ipv4('10.9.9.2', '255.255.255.254')] })
    assert.equal(isForMany('10.9.9.3'), false)
  })
})

test('an IPv6 address may name its interface', () => {
  assert.deepEqual(['ff02::1%eth0', 'ff02::1', '239.1.1.1'].map(zoneOf), ['eth0', undefined, undefined])
})

describe('an interface', () => {
  const rows: readonly [text: string, family: 4 | 6, system: string, isLoopback: boolean][] = [
    ['lo', 4, '127.0.0.1', true],
    ['127.0.0.1', 4, '127.0.0.1', true],
    ['127.0.0.2', 4, '127.0.0.2', true],
    ['127.255.255.254', 4, '127.255.255.254', true],
    ['eth0', 4, '192.168.1.5', false],
    ['172.16.5.4', 4, '172.16.5.4', false],
    ['vpn0', 4, '10.1.2.3', false],
    ['lo', 6, '::%lo', true],
    ['::1', 6, '::%lo', true],
    ['eth0', 6, '::%eth0', false],
    ['fe80::1', 6, '::%eth0', false],
    ['fe80::1%eth0', 6, '::%eth0', false],
  ]
  for (const [text, family, system, isLoopback] of rows) {
    test(`${text} for IPv${family}`, () => {
      onMachine(machine)
      assert.deepEqual(interfaceFor(text, family), { system, isLoopback })
    })
  }

  const unknown: readonly [text: string, family: 4 | 6][] = [
    ['eth9', 4],
    ['', 4],
    ['192.168.1.6', 4],
    ['127.0.0', 4],
    ['127.0.0.256', 4],
    ['127.0.0.2', 6],
    ['192.168.1.5', 6],
    ['::1', 4],
    ['vpn0', 6],
    ['gone', 4],
    ['ETH0', 4],
  ]
  for (const [text, family] of unknown) {
    test(`${JSON.stringify(text)} for IPv${family} is unknown, and those there are are listed`, () => {
      onMachine(machine)
      const those =
        family === 4
          ? 'lo (127.0.0.1), eth0 (192.168.1.5), eth0 (172.16.5.4), vpn0 (10.1.2.3)'
          : 'lo (::1), eth0 (fe80::1)'
      assert.throws(() => interfaceFor(text, family), {
        name: 'UsageError',
        message: `--interface: "${text}" is no IPv${family} interface of this machine: ${those}`,
      })
    })
  }

  test('of this very machine is found by its name and by its address', () => {
    const [name] =
      Object.entries(os.networkInterfaces()).find(([, all]) =>
        all?.some((one) => one.address === '127.0.0.1'),
      ) ?? []
    assert.ok(name !== undefined, 'there is a loopback interface')
    const expected = { system: '127.0.0.1', isLoopback: true }
    assert.deepEqual([interfaceFor(name, 4), interfaceFor('127.0.0.1', 4)], [expected, expected])
  })
})
