import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { DatagramPeer } from '../../src/net/datagram-peer.ts'

const remote = { address: '127.0.0.1', port: 9, family: 'IPv4' } as const

describe('a peer', () => {
  test('numbers what is sent to it from 1', () => {
    const [one, other] = [new DatagramPeer('server#1', remote, 0), new DatagramPeer('server#2', remote, 0)]
    assert.deepEqual([one.nextNumber(), one.nextNumber(), other.nextNumber(), one.nextNumber()], [1, 2, 1, 3])
  })

  test('says what went each way, and since when it is known', () => {
    const peer = new DatagramPeer('server#3', remote, 100)
    peer.sent.add(5, 110)
    peer.received.add(1, 120)
    peer.received.add(2, 150.5)
    assert.deepEqual(peer.state(200.25), {
      socket: 'server#3',
      remote,
      sent: { bytes: 5, datagrams: 1, spanMs: 0 },
      received: { bytes: 3, datagrams: 2, spanMs: 30.5 },
      knownMs: 100.25,
    })
  })

  test('tells of numbers only where some came', () => {
    const peer = new DatagramPeer('client', remote, 0)
    assert.equal(peer.sequence, undefined)
    for (const number of [1, 3, 3, 2]) peer.track({ stream: 7, number, sentAtMs: number }, number + 10)
    const sequence = { received: 4, lost: 0, duplicates: 1, reordered: 1, jitterMs: 0 }
    assert.deepEqual([peer.sequence, peer.state(0).sequence], [sequence, sequence])
  })
})
