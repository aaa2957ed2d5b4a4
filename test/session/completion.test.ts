import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { verbRows } from '../../src/action.ts'
import { type Candidates, complete } from '../../src/session/completion.ts'
import { settingNames } from '../../src/settings.ts'

const server: Candidates = { transport: 'tcp', role: 'server', peers: [1, 2, 13] }
const client: Candidates = { transport: 'tcp', role: 'client', peers: [] }
const udpServer: Candidates = { ...server, transport: 'udp' }
const udpClient: Candidates = { ...client, transport: 'udp' }

const webServer: Candidates = { ...server, transport: 'websocket' }

const table: readonly [line: string, who: Candidates, hits: readonly string[], word?: string][] = [
  ['/s', server, ['/send ', '/set ', '/stats ']],
  ['/se', client, ['/send ', '/set ']],
  ['/to', server, ['/to ']],
  ['/to', client, []],
  ['/ki', client, []],
  ['/zz', server, []],
  ['/to ', server, ['1 ', '2 ', '13 ', 'all '], ''],
  ['/to 1', server, ['1 ', '13 '], '1'],
  ['/kick a', server, ['all '], 'a'],
  ['/fin 2', server, ['2 '], '2'],
  ['/close ', server, ['1 ', '2 ', '13 ', 'all '], ''],
  ['/reset 13', server, ['13 '], '13'],
  ['/pause 3', server, [], '3'],
  ['/resume ', client, [], ''],
  ['/set re', client, ['read-size '], 're'],
  ['/set ', client, settingNames('tcp').map((name) => `${name} `), ''],
  ['/wait c', client, ['connected ', 'closed '], 'c'],
  ['/help st', server, ['stats '], 'st'],
  ['/help ki', client, [], 'ki'],
  ['/send h', server, [], 'h'],
  ['/p', webServer, ['/ping ', '/pong ', '/pause ', '/peers ']],
  ['/close ', webServer, [], ''],
  ['/fin 2', webServer, ['2 '], '2'],
  ['/set ', webServer, settingNames('websocket').map((name) => `${name} `), ''],
  ['/wait c', webServer, ['connected ', 'closed '], 'c'],
  ['/s', udpServer, ['/send ', '/set ', '/stats ']],
  ['/p', udpServer, ['/peers ']],
  ['/r', udpClient, []],
  ['/c', udpServer, []],
  ['/t', udpClient, []],
  ['/to ', udpServer, ['1 ', '2 ', '13 ', 'all '], ''],
  ['/set ', udpServer, settingNames('udp').map((name) => `${name} `), ''],
  ['/set t', udpClient, ['truncate ', 'ttl '], 't'],
  ['/set no', udpClient, [], 'no'],
  ['/set no', client, ['no-delay '], 'no'],
  ['/wait ', udpServer, ['drained '], ''],
  ['/wait c', udpClient, [], 'c'],
  ['/help f', udpServer, ['file '], 'f'],
  ['/help f', server, ['file ', 'fin '], 'f'],
  ['/set read-size ', server, []],
  ['', server, []],
  ['plain', server, []],
  ['s', server, []],
  ['//s', server, []],
  ['//', server, []],
]

describe('complete', () => {
  for (const [line, who, hits, word = line] of table) {
    test(`${JSON.stringify(line)} of a ${who.role} of ${who.transport}`, () => {
      assert.deepEqual(complete(line, who), [hits, word])
    })
  }

  test('a slash alone lists every verb of the role', () => {
    for (const who of [server, client, udpServer, udpClient]) {
      const verbs = verbRows(who).map((row) => `/${row.verb} `)
      assert.deepEqual(complete('/', who), [verbs, '/'])
    }
  })

  test('every completion goes on from the word, which ends the line', () => {
    const pieces = fc.constantFrom('/', 'to', 'set', 'help', ' ', 's', 'a', '1', '//', 'wait', 'r', 'é')
    const anyLine = fc.oneof(
      fc.array(pieces).map((parts) => parts.join('')),
      fc.string(),
    )
    fc.assert(
      fc.property(anyLine, (line) => {
        const [hits, word] = complete(line, server)
        assert.ok(line.endsWith(word))
        for (const hit of hits) assert.ok(hit.startsWith(word) && hit.endsWith(' '))
      }),
    )
  })
})
