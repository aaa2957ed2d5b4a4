import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { Endpoint } from '../../src/event.ts'
import { DatagramPeer } from '../../src/net/datagram-peer.ts'
import { mostPeers, PeerTable } from '../../src/net/peer-table.ts'

function bench() {
  const created: Endpoint[] = []
  const forgotten: string[] = []
  const table = new PeerTable({
    create(remote) {
      created.push(remote)
      return new DatagramPeer(`server#${created.length}`, remote, 0)
    },
    forgotten: (peer) => void forgotten.push(peer.name),
  })
  const of = (port: number, address = '127.0.0.1') => table.of({ address, port })
  const names = () => table.all().map((peer) => peer.name)
  /** Fills it with so many peers, whose ports begin at 1. */
  const fill = (count: number) => {
    for (let port = 1; port <= count; port++) of(port)
  }
  return { table, created, forgotten, of, names, fill }
}

describe('a peer table', () => {
  test('knows an address again by itself and its port', () => {
    const { of, created } = bench()
    const one = of(1)
    const others = [of(2), of(1, '127.0.0.2'), of(1, '::1')]
    for (const [index, other] of others.entries()) assert.notEqual(other, one, String(index))
    assert.equal(new Set(others).size, 3)
    assert.equal(of(1), one)
    assert.deepEqual(created, [
      { address: '127.0.0.1', port: 1, family: 'IPv4' },
      { address: '127.0.0.1', port: 2, family: 'IPv4' },
      { address: '127.0.0.2', port: 1, family: 'IPv4' },
      { address: '::1', port: 1, family: 'IPv6' },
    ])
  })

  test('the one that spoke before is the same only where address and port are', () => {
    const { of } = bench()
    const one = of(1)
    assert.equal(of(1), one)
    assert.notEqual(of(2), one)
    assert.notEqual(of(1, '127.0.0.2'), one)
    assert.equal(of(1), one)
  })

  test('lists who has been silent longest first', () => {
    const { of, names } = bench()
    for (const port of [1, 2, 3, 1, 3, 2, 2]) of(port)
    assert.deepEqual(names(), ['server#1', 'server#3', 'server#2'])
  })

  test('remembers 4,096, then forgets who has been silent longest', () => {
    const { table, of, forgotten, fill } = bench()
    assert.equal(mostPeers, 4_096)
    fill(4_096)
    assert.deepEqual(forgotten, [])
    of(1)
    of(4_097)
    assert.deepEqual(forgotten, ['server#2'], 'the first one has spoken again')
    of(4_098)
    assert.deepEqual(forgotten, ['server#2', 'server#3'])
    assert.equal(table.all().length, 4_096)
  })

  test('of 100,000 sources never more than 4,096 are remembered, and they are the last ones', () => {
    const { table, of, created, forgotten } = bench()
    for (let number = 1; number <= 100_000; number++) {
      of(1 + (number % 50_000), number <= 50_000 ? '127.0.0.1' : '::1')
      if (number % 5_000 === 0) assert.equal(table.all().length, Math.min(number, mostPeers))
    }
    assert.deepEqual([created.length, forgotten.length], [100_000, 100_000 - mostPeers])
    assert.deepEqual(
      table.all().map(({ name }) => name),
      Array.from({ length: mostPeers }, (_, index) => `server#${100_000 - mostPeers + 1 + index}`),
    )
  })

  test('whoever was forgotten and speaks again is created anew, also as the one who spoke before', () => {
    const { of, forgotten, created, fill } = bench()
    const first = of(1)
    fill(4_097)
    assert.deepEqual(forgotten, ['server#1'])
    const again = of(1)
    assert.notEqual(again, first)
    assert.equal(again.name, 'server#4098')
    assert.equal(of(1), again)
    assert.equal(created.length, 4_098)
    assert.deepEqual(forgotten, ['server#1', 'server#2'])
  })

  test('whoever spoke last is never the one that is forgotten', () => {
    const { of, forgotten, fill } = bench()
    fill(4_096)
    const last = of(1)
    for (let port = 5_000; port < 5_000 + 4_095; port++) of(port)
    assert.equal(forgotten.length, 4_095)
    assert.equal(of(1), last)
    of(1)
    for (let port = 10_000; port < 10_000 + 4_095; port++) of(port)
    assert.equal(of(1), last)
  })

  test('gives the same as a list that is searched', () => {
    const speaker = fc.record({
      port: fc.integer({ min: 1, max: 4 }),
      address: fc.constantFrom('10.0.0.1', '::1'),
    })
    fc.assert(
      fc.property(fc.array(speaker, { maxLength: 40 }), (speakers) => {
        const { table } = bench()
        let model: { key: string; peer: DatagramPeer }[] = []
        for (const { address, port } of speakers) {
          const key = `${address} ${port}`
          const known = model.find((one) => one.key === key)
          const peer = table.of({ address, port })
          if (known !== undefined) assert.equal(peer, known.peer)
          assert.deepEqual([peer.remote.address, peer.remote.port], [address, port])
          model = [...model.filter((one) => one.key !== key), { key, peer }]
          assert.deepEqual(
            table.all(),
            model.map((one) => one.peer),
          )
        }
      }),
    )
  })
})
