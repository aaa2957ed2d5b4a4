import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { describe, test } from 'node:test'
import { connect } from 'node:tls'
import { recogniseTls } from '../../src/wire/tls-record.ts'
import { portOf } from '../net/loopback.ts'

/** The first bytes that a client of Node's own sends. */
async function helloOf(servername?: string): Promise<Buffer> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = connect({
    host: '127.0.0.1',
    port: portOf(server),
    ...(servername !== undefined && { servername }),
  })
  client.on('error', () => {})
  const [socket] = await once(server, 'connection')
  const [bytes] = await once(socket, 'data')
  client.destroy()
  server.close()
  return bytes
}

describe('recogniseTls', () => {
  test('knows a ClientHello, and whom it is for', async () => {
    assert.deepEqual(recogniseTls(await helloOf('mail.example.test')), {
      kind: 'client-hello',
      servername: 'mail.example.test',
    })
    assert.deepEqual(recogniseTls(await helloOf()), { kind: 'client-hello' })
  })

  test('knows as much of a ClientHello that comes in pieces as is there', async () => {
    const hello = await helloOf('mail.example.test')
    const at = hello.indexOf('mail.example.test')
    assert.deepEqual(recogniseTls(hello.subarray(0, at + 5)), { kind: 'client-hello' })
    for (let size = 0; size < hello.length; size++) {
      const seen = recogniseTls(hello.subarray(0, size))
      assert.equal(seen?.kind, size < 6 ? undefined : 'client-hello', String(size))
    }
  })

  test('takes for no name what could be none of a host', async () => {
    const hello = await helloOf('mail.example.test')
    const at = hello.indexOf('mail.example.test')
    for (const byte of [0x00, 0x0a, 0x1b, 0x20, 0x7f, 0x9b, 0xff]) {
      hello[at + 4] = byte
      assert.deepEqual(recogniseTls(hello), { kind: 'client-hello' }, String(byte))
    }
  })

  const alerts: readonly [bytes: number[], description: string][] = [
    [[21, 3, 3, 0, 2, 2, 10], 'unexpected_message'],
    [[21, 3, 1, 0, 2, 2, 70], 'protocol_version'],
    [[21, 3, 3, 0, 2, 1, 0], 'close_notify'],
    [[21, 3, 3, 0, 2, 2, 199], 'alert 199'],
  ]
  for (const [bytes, description] of alerts) {
    test(`knows the alert ${description}`, () => {
      assert.deepEqual(recogniseTls(Uint8Array.from(bytes)), { kind: 'alert', description })
    })
  }

  const others: readonly [what: string, bytes: Uint8Array][] = [
    ['nothing', new Uint8Array()],
    ['an HTTP request', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['SSH', Buffer.from('SSH-2.0-OpenSSH_9.6\r\n')],
    ['a version that never was', Uint8Array.of(22, 3, 5, 0, 200, 1)],
    ['a record of application data', Uint8Array.of(23, 3, 3, 0, 2, 1, 0)],
    ['an alert that goes on', Uint8Array.of(21, 3, 3, 0, 2, 2, 10, 65)],
    ['a ServerHello', Uint8Array.of(22, 3, 3, 0, 90, 2)],
  ]
  for (const [what, bytes] of others) {
    test(`takes ${what} for no TLS`, () => assert.equal(recogniseTls(bytes), undefined))
  }
})
