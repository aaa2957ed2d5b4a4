import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { subcommands } from '../src/commands/subcommands.ts'
import { experiments } from '../src/experiments/index.ts'
import { exitCodeRows } from '../src/help/exit-codes.ts'
import { limits } from '../src/help/limits.ts'
import type { Term } from '../src/help/section.ts'
import { lostVerbs, otherVerbs, streamVerbs } from '../src/help/verb-tables.ts'
import { viewTexts } from '../src/help/views.ts'
import { branches } from '../src/menu/branches.ts'
import { runProgram } from '../src/program.ts'
import { eventFields, stampFields } from '../src/views/json.ts'
import { fakeContext } from './fake-context.ts'
import { licences } from './lockfile.ts'
import { root } from './root.ts'

const path = join(root, 'README.md')
const readme = readFileSync(path, 'utf8')

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

/** With the options and verbs in it as code. */
const flagged = (text: string) => text.replace(/(?<![\w-])--?[a-z][a-z-]*|(?<= |^)\/[a-z]+/g, '`$&`')

const coded = (rows: readonly Term[]) => rows.map(([term, meaning]) => [`\`${cell(term)}\``, cell(meaning)])

test('the README lists every verb', () => {
  checkPart('verbs', table(['line', 'what it does'], coded(streamVerbs())))
})

test('the README lists every verb that is another one over UDP, and why some cannot be', () => {
  const missing = lostVerbs('udp').map(([verb, why]): Term => [verb, `no: ${why}`])
  checkPart('udp verbs', table(['line', 'over UDP'], coded([...otherVerbs('udp'), ...missing])))
})

test('the README lists every verb that is another one over WebSocket, and why one cannot be', () => {
  const missing = lostVerbs('websocket').map(([verb, why]): Term => [verb, `no: ${why}`])
  checkPart(
    'websocket verbs',
    table(['line', 'over WebSocket'], coded([...otherVerbs('websocket'), ...missing])),
  )
})

test('the README tells of every view', () => {
  const rows = Object.entries(viewTexts).map(([name, { is, default: usual, short }]) => [
    `\`${name}\``,
    flagged(is),
    usual,
    flagged(short),
  ])
  checkPart('views', table(['view', 'what it is', 'default', 'short'], rows))
})

test('the README lists every limit', () => {
  const rows = limits.map(({ what, default: usual, option = '', acts }) =>
    [what, usual, option, acts].map((text) => flagged(cell(text))),
  )
  checkPart('limits', table(['what', 'default', 'option', 'when it acts'], rows))
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
  checkPart('exit codes', table(['code', 'meaning'], exitCodeRows()))
})

test('the README lists the licences of what is installed with sockpit', () => {
  const rows = [...licences()].map(([licence, names]) => [
    licence,
    names.map((name) => `\`${name}\``).join(', '),
  ])
  checkPart('licences', table(['licence', 'packages'], rows))
})

test('every option that the README names exists', () => {
  const flags = subcommands
    .flatMap(({ options }) => Object.values(options))
    .flatMap((row) => row.flags.match(/--[a-z0-9-]+/g) ?? [])
  const known = new Set([
    ...flags,
    '--help',
    '--version',
    '--limits',
    '--chat',
    '--fragments',
    '--minutes',
    '--rounds',
    '--only',
  ])
  for (const [flag] of readme.matchAll(/(?<![\w-])--[a-z][a-z0-9-]+/g)) assert.ok(known.has(flag), flag)
})

test('the README names the two commands for a fresh machine', () => {
  for (const command of ['npm ci && npm start', 'npm ci && npm test']) assert.ok(readme.includes(command))
})

test('the README shows what --like prints', async () => {
  const words = ['tcp-server', '7000', '--echo', '--max-connections', '3', '--json', '--like']
  const context = fakeContext({ width: 80 })
  await runProgram(context, words)
  checkPart('like', `\`\`\`\n$ sockpit ${words.join(' ')}\n${context.written.stdout}\`\`\`\n`)
})

test('the README shows the menu', () => {
  const width = Math.max(...branches.map(({ title }) => title.length)) + 2
  const rows = branches.map(
    ({ title, hint }, index) => `${index === 0 ? '❯' : ' '} ${title.padEnd(width)}${hint}\n`,
  )
  const [question, keys] = ['? What do you want to do?', '↑↓ navigate • ⏎ select']
  checkPart('menu', `\`\`\`\n$ sockpit\n${question}\n${rows.join('')}\n${keys}\n\`\`\`\n`)
})
