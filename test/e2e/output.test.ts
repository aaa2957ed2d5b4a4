/** What only prints something, where that cannot be printed. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { test } from 'node:test'
import { sockpitCommand, startProgram } from './sockpit.ts'

const printing = ['--help', '--version', 'help man', 'completion zsh', 'tcp-client --like', 'compare --list']

for (const words of printing) {
  test(`${words}: no space for it is one line, exit 1`, {
    skip: !existsSync('/dev/full') && 'no /dev/full',
  }, async (t) => {
    const { code, stderr } = await startProgram(t, 'sh', ['-c', `${sockpitCommand} ${words} >/dev/full`]).exit
    assert.deepEqual(
      [code, stderr],
      [1, 'sockpit: Cannot write to standard output: no space is left (ENOSPC)\n'],
    )
  })
}

test('a reader that has gone is no error to speak of: 141', async (t) => {
  const line = `(sleep 0.2; ${sockpitCommand} help man; echo "code $?" >&2) | true`
  const { stderr } = await startProgram(t, 'sh', ['-c', line]).exit
  assert.equal(stderr, 'code 141\n')
})
