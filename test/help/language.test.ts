import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseLine, verbRows } from '../../src/action.ts'
import { unescapeBytes } from '../../src/escapes.ts'
import type { Transport } from '../../src/event.ts'
import { escapeRules, languageSections, lineRules } from '../../src/help/language.ts'
import { lostVerbs, missingVerbs, otherVerbs, serverVerbs, streamVerbs } from '../../src/help/verb-tables.ts'
import { parseSetting, settingNames, settingRows } from '../../src/settings.ts'
import { elsewhere, verbs } from '../../src/verbs.ts'

const dialect = { transport: 'tcp', role: 'client', eol: 'lf' } as const
const transports: readonly Transport[] = ['tcp', 'udp', 'websocket']

/** The rows and paragraphs under a heading, as text. */
function under(heading: string): string {
  const found = languageSections().find((one) => one.heading === heading)
  assert.ok(found, heading)
  const told = found.blocks.map((block) =>
    block.kind === 'terms' ? block.rows.map((row) => row.join('  ')).join('\n') : JSON.stringify(block),
  )
  return told.join('\n')
}

describe('the lines in the help do what it says', () => {
  for (const { line, sends } of lineRules) {
    test(line, () => {
      const action = parseLine(line, dialect)
      assert.ok(action.kind === 'send')
      assert.deepEqual(Buffer.from(action.payload), Buffer.from(unescapeBytes(sends)))
    })
  }
})

test('the escapes in the help stand for the bytes beside them, and there are no others', () => {
  for (const [text, , hex] of escapeRules) {
    assert.equal(Buffer.from(unescapeBytes(text)).toString('hex'), hex, text)
  }
  const letters = new Set(escapeRules.map(([text]) => text.charAt(1)))
  for (let code = 0x20; code < 0x7f; code++) {
    const letter = String.fromCharCode(code)
    if (!letters.has(letter)) assert.throws(() => unescapeBytes(`\\${letter}`), letter)
  }
})

test('every verb stands there for every transport: as over TCP, as another one, or as missing', () => {
  const names = (rows: readonly (readonly [string, string])[]) =>
    rows.map(([usage]) => usage.replace(/^\/([a-z]+).*/, '$1'))
  for (const verb of Object.keys(verbs)) {
    for (const transport of transports) {
      const isMissing = Object.hasOwn(elsewhere[transport], verb)
      assert.equal(names(missingVerbs(transport)).includes(verb), isMissing, `${verb} ${transport}`)
      const here = verbRows({ transport, role: 'server' }).find((row) => row.verb === verb)
      assert.equal(here === undefined, isMissing, `${verb} ${transport}`)
      const told = [...otherVerbs(transport), ...streamVerbs()].find(([usage]) =>
        usage.startsWith(`/${verb}`),
      )
      if (here !== undefined) assert.deepEqual(told, [here.usage, here.summary], `${verb} ${transport}`)
    }
  }
  assert.deepEqual(otherVerbs('tcp'), [])
  assert.deepEqual(names(lostVerbs('udp')), ['tls', 'fin', 'close', 'reset', 'pause', 'resume', 'kick'])
})

test('the verbs of servers are those that a client is told are for a server', () => {
  assert.deepEqual(serverVerbs(), ['to', 'all', 'kick'])
  for (const verb of serverVerbs()) {
    assert.match(under('Verbs'), new RegExp(`/${verb}\\b.*: on a server only`))
    assert.throws(() => parseLine(`/${verb} 1`, dialect), /is for a server/)
  }
})

describe('/set', () => {
  test('every setting has a meaning, and the example is one', () => {
    for (const { name, example } of settingRows()) {
      assert.match(under('/set'), new RegExp(`^${name} ${example}  \\S.{10}`, 'm'))
      const owner = transports.find((transport) => settingNames(transport).includes(name))
      assert.ok(owner !== undefined)
      assert.equal(parseSetting(name, example, owner).name, name)
    }
  })

  test('what the help says of off is so', () => {
    const [, without = ''] = /VALUE may be off, but for ([^.]+)\./.exec(under('/set')) ?? []
    for (const transport of transports) {
      for (const name of settingNames(transport)) {
        const takesOff = () => parseSetting(name, 'off', transport)
        if (without.split(' and ').includes(name)) assert.throws(takesOff, name)
        else assert.equal(takesOff().name, name)
      }
    }
  })

  test('tells which transport has which', () => {
    for (const transport of transports) {
      assert.ok(under('/set').includes(` ${settingNames(transport).join(', ')}`), transport)
    }
  })
})
