import assert from 'node:assert/strict'
import { test } from 'node:test'
import { drawLedger, type Ledger } from '../../src/views/ledger.ts'
import { paint } from '../../src/views/lines.ts'
import { createPalette } from '../../src/views/palette.ts'

function draw(
  writes: readonly string[],
  reads: readonly string[],
  { width = 60, pieces = 'stream' }: { readonly width?: number; readonly pieces?: Ledger['pieces'] } = {},
): string {
  const bytes = (texts: readonly string[]): readonly Uint8Array[] => texts.map((text) => Buffer.from(text))
  const lines = drawLedger({ pieces, writes: bytes(writes), reads: bytes(reads) }, width)
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
  assert.notEqual(draw(['oak'], ['oak'], { width: 12 }), '')
  assert.equal(draw(['oak'], ['oak'], { width: 11 }), '')
})

test('ledger: datagrams have one name, sent and received', () => {
  assert.equal(
    draw(['oak', 'maple'], ['oak'], { pieces: 'datagrams' }),
    '2 datagrams  ┌3┐┌─5─┐\n             oakmaple\n             oak\n1 datagram   └3┘\n',
  )
  assert.equal(
    draw(['oak', '', 'elm'], [''], { pieces: 'datagrams' }),
    '3 datagrams  ┌3┐┌3┐\n             oakelm\n1 datagram\n',
  )
})
