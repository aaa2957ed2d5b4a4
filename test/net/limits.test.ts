import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Limits } from '../../src/net/limits.ts'
import { recorder } from './loopback.ts'

test('limits count how often each has acted, and tell it', () => {
  const { teller, events } = recorder()
  const limits = new Limits(teller)
  const remote = { address: '127.0.0.1', port: 9, family: 'IPv4' } as const
  assert.equal(limits.count('peers'), 0)
  limits.tell('server#1', 'peers', { limit: 4_096, detail: 'one', remote })
  limits.tell('server', 'answer', { limit: 0, detail: 'other' })
  limits.tell('server#2', 'peers', { limit: 4_096, detail: 'two' })
  assert.deepEqual(
    events.map(({ at: _, ...event }) => event),
    [
      {
        kind: 'limit',
        what: 'peers',
        limit: 4_096,
        count: 1,
        detail: 'one',
        remote,
        seq: 1,
        socket: 'server#1',
      },
      { kind: 'limit', what: 'answer', limit: 0, count: 1, detail: 'other', seq: 2, socket: 'server' },
      { kind: 'limit', what: 'peers', limit: 4_096, count: 2, detail: 'two', seq: 3, socket: 'server#2' },
    ],
  )
  assert.deepEqual([limits.count('peers'), limits.count('answer'), limits.count('loop')], [2, 1, 0])
})
