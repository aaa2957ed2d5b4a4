import assert from 'node:assert/strict'
import { test } from 'node:test'
import { drawLedger } from '../../src/views/ledger.ts'
import { paint } from '../../src/views/lines.ts'
import { createPalette } from '../../src/views/palette.ts'

function draw(writes: readonly string[], reads: readonly string[], width = 60): string {
  const pieces = (texts: readonly string[]): readonly Uint8Array[] => texts.map((text) => Buffer.from(text))
  const lines = drawLedger({ writes: pieces(writes), reads: pieces(reads) }, width)
  return lines.map((line) => `${paint(line, createPalette(false))}\n`).join('')
}

const drawings: readonly [string, readonly string[], readonly string[], string][] = [
  [
    'writes joined in one read',
    ['oak', 'maple', 'dune'],
    ['oakmapledune'],
    '3 writes  ┌3┐┌─5─┐┌4─┐\n          oakmapledune\n1 read    └───12 B───┘\n',
  ],
  [
    'a write cut in two, units where each has room',
    ['meadow'],
    ['mead', 'ow'],
    '1 write  ┌6 B─┐\n         meadow\n2 reads  └──┘└┘\n',
  ],
  ['single bytes', ['a', 'b'], ['ab'], '2 writes  ╷╷\n          ab\n1 read    └┘\n'],
  [
    'what was read is not what was written',
    ['oak', 'elm'],
    ['oakel'],
    '2 writes  ┌3┐┌3┐\n          oakelm\n          oakel\n1 read    └5 B┘\n',
  ],
  ['one cell a byte', ['é\n'], ['é\n'], '1 write  ┌3┐\n         ···\n1 read   └3┘\n'],
  ['nothing was read', ['oak'], [], '1 write  ┌3┐\n         oak\n0 reads\n'],
  ['nothing at all', [], [], ''],
]

for (const [name, writes, reads, expected] of drawings) {
  test(`ledger: ${name}`, () => assert.equal(draw(writes, reads), expected))
}

test('ledger: only where there is room', () => {
  assert.notEqual(draw(['oak'], ['oak'], 12), '')
  assert.equal(draw(['oak'], ['oak'], 11), '')
})
