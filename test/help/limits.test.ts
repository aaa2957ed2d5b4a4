import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defaults } from '../../src/commands/defaults.ts'
import type { OptionRow } from '../../src/commands/options/row.ts'
import { subcommands } from '../../src/commands/subcommands.ts'
import { limits } from '../../src/help/limits.ts'
import { parseDuration, parseSize, parseWhole } from '../../src/quantities.ts'
import { eventFields } from '../../src/views/json.ts'

const rows = subcommands.flatMap(({ name, options }) =>
  Object.entries<OptionRow>(options).map(([key, row]) => ({ command: name, key, ...row })),
)

test('every option in the table of limits exists', () => {
  const known = rows.flatMap(({ flags }) => flags.match(/--[a-z-]+/g) ?? [])
  for (const { option = '' } of limits) {
    for (const [flag] of option.matchAll(/--[a-z-]+/g)) assert.ok(known.includes(flag), flag)
  }
})

test('every limit and time limit that an event can name stands in the table', () => {
  const words = (text: string) => text.split(/,? or |, /)
  const named = [...words(eventFields.limit.what), ...words(eventFields.timeout.what)]
  const told = limits.flatMap((row) => row.told ?? [])
  assert.deepEqual(told.sort(), named.sort())
})

test('what the options say of their defaults is so', () => {
  const expected: readonly (readonly [key: string, command: string, value: number])[] = [
    ['maxConnections', 'tcp-server', defaults.maxConnections],
    ['backlog', 'ws-echo', defaults.backlog],
    ['connectTimeout', 'tcp-client', defaults.connectTimeoutMs],
    ['connectTimeout', 'ws-client', defaults.connectTimeoutMs],
    ['handshakeTimeout', 'ws-echo', defaults.handshakeTimeoutMs],
    ['closeTimeout', 'ws-client', defaults.closeTimeoutMs],
    ['pingInterval', 'ws-echo', defaults.pingIntervalMs],
    ['stallTimeout', 'tcp-server', defaults.stallTimeoutMs],
    ['stallTimeout', 'ws-client', defaults.stallTimeoutMs],
    ['maxQueue', 'tcp-client', defaults.maxQueue],
    ['maxQueue', 'udp-client', defaults.maxDatagrams],
    ['maxPayload', 'ws-echo', defaults.maxPayload],
    ['onEof', 'udp-client', defaults.replyWaitMs],
    ['onEof', 'ws-client', defaults.replyWaitMs],
    ['show', 'tcp-server', defaults.show],
  ]
  for (const [key, command, value] of expected) {
    const row = rows.find((one) => one.key === key && one.command === command)
    const [, told = ''] = /\((?:server: )?(\d+[a-zA-Z]*)\)/.exec(row?.help ?? '') ?? []
    const parse = /^\d+$/.test(told) ? parseWhole : /[bB]$/.test(told) ? parseSize : parseDuration
    assert.equal(parse(told), value, `${command} ${key}: ${row?.help}`)
  }
})

test('the values are written for people', () => {
  const usual = new Map(limits.map((row) => [row.what, row.default]))
  assert.equal(usual.get('a message, decompressed'), '16 MiB')
  assert.equal(usual.get('HTTP head of an upgrade'), '16 KiB, 8 KiB a line, 100 headers')
  assert.equal(usual.get('frames a message'), '131,072')
  assert.equal(usual.get('silence'), 'none')
  assert.equal(usual.get('connecting'), '10 s')
})
