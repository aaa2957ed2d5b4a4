import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  describeSystemError,
  ExpectationError,
  NetworkError,
  SockpitError,
  systemCode,
  TimeoutError,
  UsageError,
} from '../src/errors.ts'
import { exitCodes } from '../src/exit-code.ts'

function systemError(code: unknown, message = 'connect it'): Error {
  return Object.assign(new Error(message), { code })
}

test('the exit codes are the contract of CLI.md', () => {
  assert.deepEqual(exitCodes, {
    ok: 0,
    network: 1,
    usage: 2,
    timeout: 3,
    tls: 4,
    upgrade: 5,
    websocket: 6,
    expectation: 7,
    hangup: 129,
    interrupt: 130,
    stdoutClosed: 141,
    terminate: 143,
  })
})

describe('every error carries its name, exit code, message and cause', () => {
  for (const [make, name, exitCode] of [
    [UsageError, 'UsageError', 2],
    [NetworkError, 'NetworkError', 1],
    [TimeoutError, 'TimeoutError', 3],
    [ExpectationError, 'ExpectationError', 7],
  ] as const) {
    test(name, () => {
      const cause = new Error('below')
      const error = new make('what went wrong', { cause })
      assert.ok(error instanceof SockpitError)
      assert.deepEqual(
        [error.name, error.exitCode, error.message, error.cause],
        [name, exitCode, 'what went wrong', cause],
      )
    })
  }
})

test('systemCode', () => {
  const rows: readonly [unknown, string | undefined][] = [
    [systemError('ECONNREFUSED'), 'ECONNREFUSED'],
    [systemError(7), undefined],
    [new Error('none'), undefined],
    [{ code: 'ECONNREFUSED' }, undefined],
    ['ECONNREFUSED', undefined],
    [undefined, undefined],
    [null, undefined],
  ]
  for (const [error, code] of rows) assert.equal(systemCode(error), code)
})

describe('describeSystemError', () => {
  const rows: readonly [name: string, error: unknown, words: string][] = [
    ['refused', systemError('ECONNREFUSED'), 'connection refused: nothing listens there (ECONNREFUSED)'],
    ['in use', systemError('EADDRINUSE'), 'the port is in use (EADDRINUSE)'],
    ['no name', systemError('ENOTFOUND'), 'no such name (ENOTFOUND)'],
    ['reset', systemError('ECONNRESET'), 'the connection was reset by the peer (ECONNRESET)'],
    ['an unknown code keeps the message', systemError('EWEIRD', 'odd'), 'odd (EWEIRD)'],
    ['without a code', new Error('plain'), 'plain'],
    ['no error at all', 'text', 'text'],
    ['undefined', undefined, 'undefined'],
  ]
  for (const [name, error, words] of rows) test(name, () => assert.equal(describeSystemError(error), words))

  test('refused, no such name, unreachable and timeout read differently', () => {
    const codes = ['ECONNREFUSED', 'ENOTFOUND', 'EHOSTUNREACH', 'ENETUNREACH', 'ETIMEDOUT', 'EAI_AGAIN']
    const words = codes.map((code) => describeSystemError(systemError(code)).replace(`(${code})`, ''))
    assert.equal(new Set(words).size, codes.length)
    assert.ok(!words.some((text) => text.includes('connect it')))
  })
})
