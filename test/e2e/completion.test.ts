import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { subcommands } from '../../src/commands/subcommands.ts'
import { experiments } from '../../src/experiments/index.ts'
import { missing } from './peers.ts'
import { run, startProgram, temporaryFolder } from './sockpit.ts'

/** A folder with the script of a shell, and a file to be completed. */
async function scriptOf(t: TestContext, shell: string): Promise<{ folder: string; path: string }> {
  const folder = temporaryFolder(t)
  const { code, stdout } = await run(t, ['completion', shell])
  assert.equal(code, 0)
  const path = join(folder, `completion.${shell}`)
  writeFileSync(path, stdout)
  writeFileSync(join(folder, 'lines of mine.txt'), '')
  return { folder, path }
}

/** What a shell prints, whose own complaints fail the test. */
async function said(t: TestContext, command: string, args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await startProgram(t, command, args).exit
  assert.deepEqual([code, stderr], [0, ''])
  return stdout.toString()
}

/** The words so far, of which the last is to be completed, and what is to be offered for it. */
type Case = readonly [words: readonly string[], offered: readonly string[]]

const commandNames = subcommands.map(({ name }) => name)

const cases: readonly Case[] = [
  [['tcp-s'], ['tcp-server']],
  [['ws-'], ['ws-echo', 'ws-client']],
  [['tcp-server', '--ser'], ['--service']],
  [
    ['tcp-server', '--service', 'd'],
    ['discard', 'daytime'],
  ],
  [['udp-server', '--service', 'c'], ['chargen']],
  [['ws-client', '--view', 'j'], ['json']],
  [
    ['compare', 'b'],
    ['boundaries', 'break-it'],
  ],
  [['compare', 'boundaries', 'b'], []],
  [['compare', '--repeat', '3', 'same'], ['same-port']],
  [['help', 'ev'], ['events']],
  [
    ['completion', ''],
    ['bash', 'zsh', 'fish'],
  ],
  [['tcp-client', '--rate', ''], []],
  [['tcp-client', 'localhost', ''], []],
]

const sorted = (words: readonly string[]) => [...words].sort()

test('bash completes what there is, and nothing else', { skip: missing('bash') }, async (t) => {
  const { folder, path } = await scriptOf(t, 'bash')
  const more: readonly Case[] = [
    ...cases,
    [[''], [...commandNames, '-h', '--help', '-V', '--version', '--limits']],
    [['ws-echo', '--view', '=', 'h'], ['hex']],
    [
      ['ws-echo', '--view', '='],
      ['log', 'raw', 'hex', 'json'],
    ],
    [['compare', ''], experiments.map(({ name }) => name)],
    [['tcp-client', '-w', '2s', 'localh'], ['localhost']],
    [['udp-client', '--script', 'lin'], ['lines of mine.txt']],
    // What was given once is not offered again, in neither of its spellings; what may be repeated is.
    [['tcp-client', '-4', '--ipv'], ['--ipv6']],
    [['tcp-client', '-e', 'x', '--ent'], ['--enter']],
  ]
  const lines = more.map(([words]) => `complete_ ${words.map((word) => `'${word}'`).join(' ')}`)
  const script = `set -u; source '${path}'; cd '${folder}'
    complete_() { COMP_WORDS=(sockpit "$@"); COMP_CWORD=$#; _sockpit; (IFS='|'; echo "\${COMPREPLY[*]-}"); }
    ${lines.join('\n')}`
  const offered = (await said(t, 'bash', ['--norc', '--noprofile', '-c', script])).trimEnd().split('\n')
  assert.equal(offered.length, more.length)
  for (const [index, [words, expected]] of more.entries()) {
    const got = (offered[index] ?? '').split('|').filter((word) => word !== '')
    assert.deepEqual(sorted(got), sorted(expected), words.join(' '))
  }
})

test('fish completes what there is, with what it means', { skip: missing('fish') }, async (t) => {
  const { folder, path } = await scriptOf(t, 'fish')
  const all: readonly Case[] = [...cases, [[''], commandNames]]
  const lines = all.map(([words]) => `complete -C 'sockpit ${words.join(' ')}'; echo .`)
  const home = { env: { HOME: folder, XDG_CONFIG_HOME: folder, XDG_DATA_HOME: folder } }
  const script = `source '${path}'; ${lines.join('; ')}; complete -C 'sockpit udp-client --script lin'`
  const { stdout, stderr } = await startProgram(
    t,
    'fish',
    ['--no-config', '-c', `cd '${folder}'; ${script}`],
    home,
  ).exit
  assert.equal(stderr, '')
  const blocks = stdout.toString().split('.\n')
  for (const [index, [words, expected]] of all.entries()) {
    const got = (blocks[index] ?? '').split('\n').map((line) => line.split('\t')[0] ?? '')
    const own = got.filter((word) => word !== '' && (words[0] !== '' || !word.startsWith('-')))
    assert.deepEqual(sorted(own), sorted(expected), words.join(' '))
  }
  assert.match(stdout.toString(), /^tcp-server\tserve TCP \(127\.0\.0\.1:9000\)$/m)
  assert.match(stdout.toString(), /^lines\\? of\\? mine\.txt/m)
})

test('zsh completes what there is', { skip: missing('zsh') }, async (t) => {
  const { folder, path } = await scriptOf(t, 'zsh')
  const all: readonly Case[] = [
    ...cases,
    [['ws-client', '--view=j'], ['json']],
    [['tcp-client', '-e', 'x', '--ent'], ['--enter']],
    [['tcp-client', '-4', '--ipv4'], []],
  ]
  const offered = await offeredByZsh(t, folder, path, all)
  assert.equal(offered.length, all.length)
  for (const [index, [words, expected]] of all.entries()) {
    assert.deepEqual(sorted(offered[index] ?? []), sorted(expected), words.join(' '))
  }
})

/**
 * What zsh's own completion offers for each case: an interactive zsh on a pseudo-terminal of another one, whose
 * compadd also writes down what it was given. Ctrl-X ends a case.
 */
async function offeredByZsh(
  t: TestContext,
  folder: string,
  path: string,
  all: readonly Case[],
): Promise<readonly string[][]> {
  const inner = join(folder, 'inner.zsh')
  writeFileSync(
    inner,
    `autoload -Uz compinit; compinit -u -d '${folder}/dump'; source '${path}'; cd '${folder}'
    compadd() {
      local -a found ignored_
      zparseopts -E -a ignored_ O: A: D:
      if (( ! \${#ignored_} )); then
        builtin compadd -O found "$@"; print -l -- "<"\${^found}">" >>found
      fi
      builtin compadd "$@"
    }
    next_() { BUFFER=; print . >>found; zle -I; print done$((++cases_)) }
    zle -N next_; bindkey '^X' next_; PS1='ready> '`,
  )
  const steps = all.map(
    ([words], index) =>
      `zpty -w -n z $'sockpit ${words.join(' ')}\\t\\x18'; zpty -r z out '*done${index + 1}[^0-9]*'`,
  )
  const outer = `zmodload zsh/zpty; zpty z 'TERM=dumb zsh -f -i'
    zpty -w z 'source ${inner}'; zpty -r z out '*ready> '
    ${steps.join('\n')}
    cat '${folder}/found'`
  const blocks = (await said(t, 'zsh', ['-f', '-c', outer])).split(/^\.$/m).slice(0, -1)
  return blocks.map((block) => [...new Set([...block.matchAll(/^<(.+)>$/gm)].map(([, word = '']) => word))])
}

test('a shell that there is no script for', async (t) => {
  for (const [args, message] of [
    [[], /^sockpit: completion needs the name of a shell: bash, zsh, fish\n$/],
    [['basch'], /^sockpit: "basch" is not one of bash, zsh, fish: did you mean bash\?\n$/],
    [['powershell'], /^sockpit: "powershell" is not one of bash, zsh, fish\n$/],
  ] as const) {
    const { code, stderr, stdout } = await run(t, ['completion', ...args])
    assert.deepEqual([code, stdout.length], [2, 0])
    assert.match(stderr, message)
  }
})
