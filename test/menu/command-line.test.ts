import assert from 'node:assert/strict'
import { test } from 'node:test'
import { subcommands } from '../../src/commands/subcommands.ts'
import { type Choice, commandLine, type Given, valuesOf } from '../../src/menu/command-line.ts'

function choice(name: string, operands: readonly string[], given: readonly Given[]): Choice {
  const command = subcommands.find((one) => one.name === name)
  assert.ok(command !== undefined)
  return { command, operands, given }
}

test('what was chosen is the command line that says it, and the values that it would have', () => {
  const chosen = choice(
    'tcp-client',
    ['::1', '9000'],
    [
      { key: 'verbose' },
      { key: 'noDelay' },
      { key: 'rate', text: '1KiB' },
      { key: 'delay', text: '2s' },
      { key: 'enter', text: "it's two words" },
      { key: 'enter', text: '' },
      { key: 'onEof', text: 'stay' },
    ],
  )
  assert.equal(
    commandLine(chosen),
    "sockpit tcp-client ::1 9000 --verbose --no-delay --rate 1KiB --delay 2s --enter 'it'\\''s two words' " +
      "--enter '' --on-eof stay",
  )
  assert.deepEqual(valuesOf(chosen), {
    verbose: 1,
    noDelay: true,
    rate: 1_024,
    delay: 2_000,
    enter: ["it's two words", ''],
    onEof: 'stay',
  })
})

test('a switch that counts counts', () => {
  assert.deepEqual(valuesOf(choice('ws-echo', [], [{ key: 'verbose' }, { key: 'verbose' }])), { verbose: 2 })
})

test('what a shell would take for its own stands in quotes', () => {
  for (const [text, word] of [
    ['ws://localhost:9001/', 'ws://localhost:9001/'],
    ['ws://localhost:9001/?a=1&b', "'ws://localhost:9001/?a=1&b'"],
    ['$HOME', "'$HOME'"],
    ['a;b', "'a;b'"],
    ['*', "'*'"],
    ['~', "'~'"],
  ] as const) {
    assert.equal(commandLine(choice('ws-client', [text], [])), `sockpit ws-client ${word}`)
  }
})
