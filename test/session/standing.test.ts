import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EventBody } from '../../src/event.ts'
import { Standing } from '../../src/session/standing.ts'

const [local, remote] = [
  { address: '127.0.0.1', port: 9_000, family: 'IPv4' },
  { address: '::1', port: 40_000, family: 'IPv6' },
] as const

function opened(transport: 'tcp' | 'websocket'): EventBody {
  return transport === 'tcp'
    ? { kind: 'opened', transport, local, remote }
    : { kind: 'opened', transport, local, remote, target: '/', tookMs: 1 }
}

const tls: EventBody = {
  kind: 'tls',
  version: 'TLSv1.3',
  cipher: 'TLS_AES_128_GCM_SHA256',
  resumed: false,
  tookMs: 1,
  sent: 1,
  received: 1,
  trust: 'verified',
  chain: [],
}

/** How things stand after each event. */
function after(standing: Standing, socket: string, events: readonly EventBody[], chosen?: number): string[] {
  return events.map((event) => {
    standing.hear({ seq: 1, at: 0, socket, ...event })
    return standing.text(chosen)
  })
}

test('a TCP client: open, paused, half-closed by either, closing, closed', () => {
  const standing = new Standing({ role: 'client', transport: 'tcp' })
  assert.equal(standing.text(undefined), 'closed')
  assert.deepEqual(
    after(standing, 'client', [
      opened('tcp'),
      { kind: 'paused' },
      { kind: 'ended', by: 'peer' },
      { kind: 'resumed' },
      { kind: 'ended', by: 'us' },
    ]),
    [
      '[::1]:40000 open',
      '[::1]:40000 paused',
      '[::1]:40000 half-closed by them, paused',
      '[::1]:40000 half-closed by them',
      '[::1]:40000 closing',
    ],
  )
})

test('half-closed by us', () => {
  const standing = new Standing({ role: 'client', transport: 'tcp' })
  const texts = after(standing, 'client', [opened('tcp'), { kind: 'ended', by: 'us' }, { kind: 'paused' }])
  assert.deepEqual(texts.slice(1), ['[::1]:40000 half-closed by us', '[::1]:40000 half-closed by us, paused'])
})

test('a WebSocket is upgrading before it is open', () => {
  const standing = new Standing({ role: 'client', transport: 'websocket' })
  const texts = after(standing, 'client', [opened('tcp'), opened('websocket')])
  assert.deepEqual(texts, ['[::1]:40000 upgrading', '[::1]:40000 open'])
})

test('a UDP client has no state', () => {
  const standing = new Standing({ role: 'client', transport: 'udp' })
  const event = { kind: 'opened', transport: 'udp', local, remote, connected: true } as const
  assert.deepEqual(after(standing, 'client', [event]), ['[::1]:40000 udp'])
})

test('a server counts, or tells of who was chosen', () => {
  const standing = new Standing({ role: 'server', transport: 'tcp' })
  assert.equal(standing.text(undefined), 'no client')
  assert.deepEqual(after(standing, 'server#1', [opened('tcp')]), ['1 client'])
  assert.deepEqual(after(standing, 'server#2', [opened('tcp'), { kind: 'paused' }]), [
    '2 clients',
    '2 clients',
  ])
  assert.equal(standing.text('all'), '2 clients')
  assert.equal(standing.text(2), '#2 [::1]:40000 paused')
  assert.equal(standing.text(3), '#3 closed')
  const sockets = new Standing({ role: 'server', transport: 'udp' })
  assert.equal(sockets.text(undefined), 'no peer')
  assert.deepEqual(after(sockets, 'server#1', [{ kind: 'peer', remote }]), ['1 peer'])
})

test('a flood of peers does not fill memory', () => {
  const standing = new Standing({ role: 'server', transport: 'udp' })
  for (let number = 1; number <= 5_000; number += 1) {
    standing.hear({ seq: number, at: 0, socket: `server#${number}`, kind: 'peer', remote })
  }
  assert.equal(standing.text(undefined), '4,096 peers')
  assert.deepEqual([standing.text(1), standing.text(5_000)], ['#1 closed', '#5000 [::1]:40000 udp'])
})

test('TLS is told once it is there, from the start or since', () => {
  const standing = new Standing({ role: 'client', transport: 'tcp' })
  assert.deepEqual(
    after(standing, 'client', [opened('tcp'), tls, { kind: 'ended', by: 'us' }, { kind: 'paused' }]),
    [
      '[::1]:40000 open',
      '[::1]:40000 open, TLS',
      '[::1]:40000 half-closed by us, TLS',
      '[::1]:40000 half-closed by us, paused, TLS',
    ],
  )
})

test('a WebSocket over TLS keeps it through its upgrade', () => {
  const standing = new Standing({ role: 'client', transport: 'websocket' })
  assert.deepEqual(after(standing, 'client', [opened('tcp'), tls, opened('websocket')]), [
    '[::1]:40000 upgrading',
    '[::1]:40000 upgrading, TLS',
    '[::1]:40000 open, TLS',
  ])
})
