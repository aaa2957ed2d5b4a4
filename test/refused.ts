/** Command lines that are refused, looked at within the test: a process for each takes a hundred times as long. */
import assert from 'node:assert/strict'
import { SockpitError } from '../src/errors.ts'
import { runProgram } from '../src/program.ts'
import { fakeContext } from './fake-context.ts'

/** The error that a command line ends with: exit code 2, and nothing was written. */
export async function refused(words: readonly string[]): Promise<SockpitError> {
  const context = fakeContext()
  const error = await runProgram(context, words).then(
    (code) => `ended with ${code}`,
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof SockpitError, String(error))
  assert.equal(error.exitCode, 2)
  assert.deepEqual(context.written, { stdout: '', stderr: '' }, 'main tells the error, nobody else')
  return error
}

/** The same, and that it is one line. */
export async function refusedInOneLine(words: readonly string[]): Promise<string> {
  const { message } = await refused(words)
  assert.match(message, /^[^\r\n]+$/)
  return message
}
