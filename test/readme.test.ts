import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { verbRows } from '../src/action.ts'
import { subcommands } from '../src/commands/subcommands.ts'
import { exitCodes } from '../src/exit-code.ts'
import { experiments } from '../src/experiments/index.ts'
import { elsewhere } from '../src/verbs.ts'
import { eventFields, stampFields } from '../src/views/json.ts'
import { root } from './root.ts'

const path = join(root, 'README.md')
const readme = readFileSync(path, 'utf8')

const meanings: Readonly<Record<keyof typeof exitCodes, string>> = {
  ok: 'ended as asked',
  network:
    'network: refused, reset, unreachable, name not found, address in use; or the output cannot be written',
  usage: 'usage: an option, an argument, a line of the language',
  timeout: 'a time limit',
  tls: 'TLS',
  upgrade: 'WebSocket: the upgrade was refused or invalid',
  websocket:
    'WebSocket: ended by a broken rule, without a close frame (1006), or with a close code other than 1000, 1001, 1005',
  expectation: 'an expectation failed: `/expect`, or a claim of an experiment',
  hangup: 'SIGHUP',
  interrupt: 'SIGINT (Ctrl-C): sockets closed, output flushed; a second one ends at once',
  stdoutClosed: 'standard output was closed by its reader: silent',
  terminate: 'SIGTERM',
}

/** The part of the README between two markers; with UPDATE_README=1 it is written anew. */
function checkPart(name: string, expected: string): void {
  const [start, end] = [`<!-- ${name} -->\n`, `<!-- /${name} -->`]
  const from = readme.indexOf(start) + start.length
  const to = readme.indexOf(end)
  assert.ok(from >= start.length && to >= from, `README.md has no part "${name}"`)
  if (process.env.UPDATE_README === '1') {
    const now = readFileSync(path, 'utf8')
    const [head] = now.split(start)
    writeFileSync(path, `${head}${start}${expected}${now.slice(now.indexOf(end))}`)
  } else assert.equal(readme.slice(from, to), expected)
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |\n`
  return line(head) + line(head.map(() => '---')) + rows.map(line).join('')
}

const cell = (text: string) => text.replaceAll('|', '\\|')

test('the README lists every verb', () => {
  const rows = verbRows({ transport: 'tcp', role: 'server' })
  const cells = rows.map(({ usage, summary }) => [`\`${cell(usage)}\``, cell(summary)])
  checkPart('verbs', table(['line', 'what it does'], cells))
})

test('the README lists every verb that is another one over UDP, and why some cannot be', () => {
  const streamVerbs = new Map(
    verbRows({ transport: 'tcp', role: 'server' }).map((row) => [row.verb, row.summary]),
  )
  const others = verbRows({ transport: 'udp', role: 'server' })
    .filter(({ verb, summary }) => summary !== streamVerbs.get(verb))
    .map(({ usage, summary }) => [`\`${cell(usage)}\``, cell(summary)])
  const missing = Object.entries(elsewhere.udp)
    .filter(([verb]) => streamVerbs.has(verb))
    .map(([verb, why]) => [`\`/${verb}\``, `no: ${cell(why)}`])
  checkPart('udp verbs', table(['line', 'over UDP'], [...others, ...missing]))
})

test('the README lists every verb that is another one over WebSocket', () => {
  const streamVerbs = new Map(
    verbRows({ transport: 'tcp', role: 'server' }).map((row) => [row.verb, row.summary]),
  )
  const others = verbRows({ transport: 'websocket', role: 'server' })
    .filter(({ verb, summary }) => summary !== streamVerbs.get(verb))
    .map(({ usage, summary }) => [`\`${cell(usage)}\``, cell(summary)])
  checkPart('websocket verbs', table(['line', 'over WebSocket'], others))
})

test('the README lists every field of every event', () => {
  const stamp = Object.entries(stampFields).map(([field, meaning]) => ['', `\`${field}\``, meaning])
  const own = Object.entries(eventFields).flatMap(([kind, fields]) => {
    const rows = Object.entries<string>(fields)
    if (rows.length === 0) return [[`\`${kind}\``, '', '']]
    return rows.map(([field, meaning], index) => [index === 0 ? `\`${kind}\`` : '', `\`${field}\``, meaning])
  })
  checkPart('events', table(['kind', 'field', 'meaning'], [...stamp, ...own]))
})

test('the README lists every experiment', () => {
  const names = { tcp: 'TCP', udp: 'UDP', websocket: 'WebSocket' } as const
  const rows = experiments.map(({ name, question, transports }) => [
    `\`${name}\``,
    cell(question),
    transports.map((transport) => names[transport]).join(', '),
  ])
  checkPart('experiments', table(['experiment', 'question', 'over'], rows))
})

test('the README lists every exit code', () => {
  // What nothing here can lead to yet is left out.
  const toCome = new Set(['tls'])
  const rows = Object.entries(exitCodes)
    .filter(([name]) => !toCome.has(name))
    .sort(([, a], [, b]) => a - b)
    .map(([name, code]) => [String(code), meanings[name as keyof typeof exitCodes]])
  checkPart('exit codes', table(['code', 'meaning'], rows))
})

test('every option that the README names exists', () => {
  const flags = subcommands
    .flatMap(({ options }) => Object.values(options))
    .flatMap((row) => row.flags.match(/--[a-z0-9-]+/g) ?? [])
  const known = new Set([...flags, '--help', '--version', '--chat', '--fragments'])
  for (const [flag] of readme.matchAll(/(?<![\w-])--[a-z][a-z0-9-]+/g)) assert.ok(known.has(flag), flag)
})

test('the README names the two commands for a fresh machine', () => {
  for (const command of ['npm ci && npm start', 'npm ci && npm test']) assert.ok(readme.includes(command))
})
