import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import type { OptionRow } from '../../src/commands/options/row.ts'
import { subcommands } from '../../src/commands/subcommands.ts'
import { exitCodeRows } from '../../src/help/exit-codes.ts'
import { limits } from '../../src/help/limits.ts'
import { manPage } from '../../src/help/man-page.ts'
import { roffLine, roffPage } from '../../src/help/roff.ts'
import { lines, section, terms } from '../../src/help/section.ts'
import { missingVerbs, otherVerbs, streamVerbs } from '../../src/help/verb-tables.ts'
import { viewTexts } from '../../src/help/views.ts'
import { eventFields } from '../../src/views/json.ts'
import { markMeanings } from '../../src/views/marks.ts'
import { missing, pathOf } from '../e2e/peers.ts'
import { root } from '../root.ts'

const page = manPage('1.2.3')

/** What a formatter makes of a page, without overstrikes and attributes, and what it complains about. */
function render(tool: 'groff' | 'mandoc', words: readonly string[], source: string) {
  const { stdout, stderr, error } = spawnSync(pathOf(tool) ?? tool, words, {
    input: source,
    encoding: 'utf8',
  })
  assert.equal(error, undefined)
  return { text: stdout.replace(/.\x08/gu, '').replace(/\x1b\[[\d;]*m/g, ''), complaints: stderr }
}

/** Formatters put line ends and more spaces where there is one. */
const flat = (text: string) => text.replace(/\s+/g, ' ')

const formatters = [
  ['groff', ['-man', '-Tutf8', '-ww', '-P-c']],
  ['mandoc', ['-man', '-Tutf8']],
] as const

test('characters that roff reads in another way are escaped', () => {
  assert.equal(roffLine('.TH is none'), '\\&.TH is none')
  assert.equal(roffLine("'tis"), '\\(aqtis')
  assert.equal(roffLine('a\\nb'), 'a\\enb')
  assert.equal(roffLine('--no-delay ~ ^ `'), '\\-\\-no\\-delay \\(ti \\(ha \\(ga')
  assert.equal(roffLine('→ 😀'), '\\[u2192] \\[u1F600]')
})

test('a page is made of macros', () => {
  const parts = [terms([['-x', 'a "b"']]), 'Then a text.', lines('.so it is')]
  assert.equal(
    roffPage({ name: 'one', section: 1, version: '2' }, [
      { title: 'NAME', sections: [section('', 'one - two'), section('A "b"', ...parts)] },
    ]),
    `.TH "ONE" 1 "" "one 2"
.nh
.ad l
.SH "NAME"
one \\- two
.SS "A \\(dqb\\(dq"
.TP
\\fB\\-x\\fR
a "b"
.PP
Then a text.
.PP
.nf
\\&.so it is
.fi
`,
  )
})

for (const [tool, words] of formatters) {
  describe(`the manual page through ${tool}`, { skip: missing(tool) }, () => {
    const { text, complaints } =
      missing(tool) === false ? render(tool, words, page) : { text: '', complaints: '' }
    const shown = flat(text)
    const holds = (wanted: string) => assert.ok(shown.includes(flat(wanted)), wanted)

    test('has nothing to complain about', () => {
      assert.equal(complaints, '')
    })

    test('holds every command, every example, and every flag of every option with its help', () => {
      for (const { name, operands, summary, examples, options } of subcommands) {
        holds(` sockpit ${name} `)
        for (const { usage } of operands) holds(usage)
        for (const line of [summary, ...examples]) holds(line)
        for (const { flags, help, toldBy } of Object.values<OptionRow>(options)) {
          if (toldBy === undefined) holds(`${flags} ${help} `)
          for (const flag of flags.match(/(?<![\w-])--?[a-z0-9-]+/gi) ?? []) holds(flag)
        }
      }
    })

    test('holds every verb of every transport, and why some cannot be', () => {
      const rows = [streamVerbs(), otherVerbs('udp'), otherVerbs('websocket')].flat()
      for (const [usage, summary] of [...rows, ...missingVerbs('tcp'), ...missingVerbs('udp')])
        holds(` ${usage} ${summary} `)
    })

    test('holds every view, mark, event, exit code and limit', () => {
      for (const [view, { is }] of Object.entries(viewTexts)) holds(` ${view} ${is} `)
      for (const row of Object.entries(markMeanings)) holds(` ${row.join(' ')} `)
      for (const [kind, fields] of Object.entries(eventFields))
        holds(` ${kind} ${Object.keys(fields).join(', ')}`)
      for (const row of exitCodeRows()) holds(` ${row.join(' ')} `)
      for (const { what, default: usual } of limits) holds(` ${what} ${usual}`)
    })
  })
}

test('groff and mandoc would find faults', { skip: missing('groff') || missing('mandoc') }, () => {
  assert.match(render('groff', ['-man', '-Tutf8', '-ww'], `${page}\\[nosuch]\n`).complaints, /nosuch/)
  assert.match(faults(`${page}.nosuch\n`).join('\n'), /nosuch/)
})

test('mandoc finds no fault but the missing date', { skip: missing('mandoc') }, () => {
  assert.deepEqual(faults(page), [])
})

/** What mandoc(1) would have another way. */
function faults(source: string): readonly string[] {
  const { text } = render('mandoc', ['-T', 'lint'], source)
  return text.split('\n').filter((line) => line !== '' && !line.includes('missing date'))
}

test('the environment of the manual page is what the code looks at', () => {
  const names = new Set<string>()
  for (const name of readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.ts')) continue
    const source = readFileSync(join(root, 'src', name), 'utf8')
    for (const [, one, other] of source.matchAll(/process\.env\.(\w+)|\benv\('(\w+)'\)/g))
      names.add(one ?? other ?? '')
  }
  assert.ok(names.size > 3)
  const [, part = ''] = /\.SH "ENVIRONMENT"\n([\s\S]*?)\.SH/.exec(page) ?? []
  assert.deepEqual([...part.matchAll(/\\fB(\w+)\\fR/g)].map(([, name]) => name).sort(), [...names].sort())
})
