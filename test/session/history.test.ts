import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, describe, test } from 'node:test'
import { History, historyPath } from '../../src/session/history.ts'

const folder = mkdtempSync(join(tmpdir(), 'sockpit-history-'))
after(() => rmSync(folder, { recursive: true }))

let files = 0
function newPath(): string {
  files += 1
  return join(folder, String(files), 'state', 'history')
}

function newFile(content: string): string {
  const path = newPath()
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, content, { mode: 0o644 })
  return path
}

function mode(path: string): string {
  return (statSync(path).mode & 0o777).toString(8)
}

function numbered(from: number, to: number): string[] {
  return Array.from({ length: to - from + 1 }, (_, index) => `line ${from + index}`)
}

describe('historyPath', () => {
  const home = '/home/ann'
  const inHome = '/home/ann/.local/state/sockpit/history'
  const rows: readonly [name: string, NodeJS.Platform, variables: Record<string, string>, path: string][] = [
    ['Linux', 'linux', {}, inHome],
    ['XDG_STATE_HOME', 'linux', { XDG_STATE_HOME: '/state' }, '/state/sockpit/history'],
    ['a relative XDG_STATE_HOME', 'linux', { XDG_STATE_HOME: 'state' }, inHome],
    ['an empty XDG_STATE_HOME', 'linux', { XDG_STATE_HOME: '' }, inHome],
    ['macOS', 'darwin', { XDG_STATE_HOME: '/s' }, `${home}/Library/Application Support/sockpit/history`],
    ['Windows', 'win32', { LOCALAPPDATA: '/local' }, '/local/sockpit/history'],
    ['Windows without LOCALAPPDATA', 'win32', {}, `${home}/AppData/Local/sockpit/history`],
  ]
  for (const [name, platform, variables, path] of rows) {
    test(name, { skip: process.platform === 'win32' }, () => {
      assert.equal(historyPath({ env: (variable) => variables[variable], home, platform }), path)
    })
  }
})

describe('History', () => {
  test('makes its folder and file for the owner only', () => {
    const path = newPath()
    const history = new History(path)
    assert.deepEqual(history.lines, [])
    assert.deepEqual([mode(path), mode(dirname(path))], ['600', '700'])
  })

  test('takes from others the right to read a file that was there', () => {
    const path = newFile('old\n')
    assert.equal(mode(path), '644')
    const history = new History(path)
    assert.equal(mode(path), '600')
    assert.deepEqual(history.lines, ['old'])
  })

  test('keeps each line at once; the next session has it, newest last', () => {
    const path = newPath()
    const history = new History(path)
    history.add('first')
    assert.equal(readFileSync(path, 'utf8'), 'first\n')
    history.add('second é')
    assert.deepEqual(new History(path).lines, ['first', 'second é'])
  })

  test('two sessions at once lose nothing', () => {
    const path = newPath()
    const [one, other] = [new History(path), new History(path)]
    one.add('a')
    other.add('b')
    one.add('c')
    assert.deepEqual(new History(path).lines, ['a', 'b', 'c'])
  })

  test('keeps no blank line, and none twice in a row, even across sessions', () => {
    const path = newPath()
    const history = new History(path)
    for (const line of ['a', 'a', '', '   ', 'a', 'b', 'a']) history.add(line)
    assert.deepEqual(new History(path).lines, ['a', 'b', 'a'])
    new History(path).add('a')
    assert.equal(readFileSync(path, 'utf8'), 'a\nb\na\n')
  })

  test('shows the newest thousand, and shortens the file only beyond two thousand', () => {
    const path = newFile(`${numbered(1, 2_000).join('\n')}\n`)
    assert.deepEqual(new History(path).lines, numbered(1_001, 2_000))
    assert.equal(readFileSync(path, 'utf8').split('\n').length, 2_001)
    const history = new History(path)
    history.add('line 2001')
    assert.deepEqual(new History(path).lines, numbered(1_002, 2_001))
    assert.equal(readFileSync(path, 'utf8'), `${numbered(1_002, 2_001).join('\n')}\n`)
    assert.equal(mode(path), '600')
  })

  test('a place where nothing can be kept keeps nobody from working', () => {
    const path = newPath()
    mkdirSync(path, { recursive: true })
    const history = new History(path)
    history.add('lost')
    assert.deepEqual(history.lines, [])
    const below = join(newFile('a file'), 'history')
    const other = new History(below)
    other.add('lost')
    assert.deepEqual(other.lines, [])
  })
})
