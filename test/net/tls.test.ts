import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { namesOf } from '../../src/net/tls.ts'
import { describeDistrust, describeTlsFault, isLeaving, isPlainText } from '../../src/net/tls-faults.ts'
import type { Certificate } from '../../src/tls-event.ts'

describe('namesOf', () => {
  const rows: readonly [text: string, names: readonly string[]][] = [
    ['', []],
    ['DNS:localhost', ['localhost']],
    ['DNS:a.test, DNS:*.b.test, IP Address:127.0.0.1', ['a.test', '*.b.test', '127.0.0.1']],
    ['IP Address:0:0:0:0:0:0:0:1', ['::1']],
    ['email:me@a.test, URI:http://a.test/, DNS:a.test', ['a.test']],
    // Node puts quotes around what could pass for several.
    ['DNS:"evil.test, DNS:good.test", DNS:b.test', ['"evil.test, DNS:good.test"', 'b.test']],
    ['what is this', []],
  ]
  for (const [text, names] of rows) test(text, () => assert.deepEqual(namesOf(text), names))
})

function coded(code: string, errno?: number): Error {
  return Object.assign(new Error('x'), { code, ...(errno !== undefined && { errno }) })
}

describe('describeTlsFault', () => {
  const rows: readonly [code: string, role: 'client' | 'server', message: RegExp][] = [
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'client', /^what answers there does not speak TLS/],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'server', /they speak plain text to a port with TLS/],
    ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', 'server', /^they do not know who issued our certificate/],
    ['ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE', 'server', /^they do not accept our certificate/],
    ['ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE', 'client', /^they share no cipher or curve with us/],
    ['ERR_SSL_SOMETHING_NEW', 'client', /^OpenSSL says: something new \(ERR_SSL_SOMETHING_NEW\)$/],
    ['ECONNRESET', 'client', /ECONNRESET/],
  ]
  for (const [code, role, message] of rows) {
    test(`${code}, ${role}`, () => assert.match(describeTlsFault(coded(code), role), message))
  }
})

test('Node tells of a FIN in the midst of a handshake as of a reset: the number tells them apart', () => {
  assert.equal(isLeaving(coded('ECONNRESET')), true)
  assert.equal(isLeaving(coded('ECONNRESET', -104)), false)
  assert.equal(isLeaving(coded('ERR_SSL_WRONG_VERSION_NUMBER')), false)
})

test('plain text is what OpenSSL cannot read as a record', () => {
  assert.equal(isPlainText(coded('ERR_SSL_HTTP_REQUEST')), true)
  assert.equal(isPlainText(coded('ERR_SSL_NO_SHARED_CIPHER')), false)
  assert.equal(isPlainText(new Error('x')), false)
})

describe('describeDistrust', () => {
  const own: Certificate = {
    subject: 'own.test',
    issuer: 'Middle',
    names: Array.from({ length: 10 }, (_, index) => `n${index}.test`),
    validFrom: '2020-01-01T00:00:00.000Z',
    validTo: '2999-01-01T00:00:00.000Z',
    key: 'EC P-256',
    fingerprint: '0'.repeat(64),
  }
  const middle = { ...own, subject: 'Middle', issuer: 'Root', validTo: '2021-02-03T00:00:00.000Z' }
  const rows: readonly [code: string, chain: readonly Certificate[], message: string][] = [
    ['CERT_HAS_EXPIRED', [own, middle], 'the certificate of "Middle" expired on 2021-02-03'],
    [
      'ERR_TLS_CERT_ALTNAME_INVALID',
      [own],
      `the certificate is not for "h" but for ${own.names.slice(0, 8).join(', ')} and 2 more`,
    ],
    [
      'ERR_TLS_CERT_ALTNAME_INVALID',
      [{ ...own, names: [] }],
      'the certificate is not for "h" but for "own.test"',
    ],
    [
      'SELF_SIGNED_CERT_IN_CHAIN',
      [own, middle],
      'the chain ends in the self-signed "Middle", which is not trusted here',
    ],
    ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', [own, middle], 'the issuer "Root" is not known here'],
    ['CERT_REVOKED', [own], 'the check of the certificate of "own.test" failed'],
    ['CERT_HAS_EXPIRED', [], 'no certificate was shown'],
  ]
  for (const [code, chain, message] of rows) {
    test(`${code} of ${chain.length}`, () =>
      assert.equal(describeDistrust(code, { chain, host: 'h' }), message))
  }
})
