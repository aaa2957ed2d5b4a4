import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  checkFrame,
  encodeFrameHeader,
  FrameHeader,
  type FrameParts,
  firstByte,
  isControl,
  lengthFormOf,
  opcodeName,
  opcodes,
  type Role,
} from '../../src/wire/frame.ts'
import { bitsOf } from '../../src/wire/output.ts'

const { continuation, text, binary, close, ping, pong } = opcodes
const key = Uint8Array.of(0x37, 0xfa, 0x21, 0x3d)

function parts(opcode: number, length: number, more: Partial<FrameParts> = {}): FrameParts {
  const lengthForm = lengthFormOf(length)
  return {
    fin: true,
    rsv1: false,
    rsv2: false,
    rsv3: false,
    opcode,
    length,
    lengthForm,
    mask: undefined,
    ...more,
  }
}

/** What a reader has found, as one would write it. */
function partsOf({ first, masked, length, lengthForm, key }: FrameHeader): FrameParts {
  return { ...bitsOf(first), length, lengthForm, mask: masked ? Uint8Array.from(key) : undefined }
}

const bytesOf = (hex: string) => Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'))
const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

const headers: readonly [name: string, header: FrameParts, hex: string][] = [
  ['an empty text', parts(text, 0), '81 00'],
  ['one byte', parts(binary, 1), '82 01'],
  ['125, the most in 7 bits', parts(binary, 125), '82 7d'],
  ['126, the least in 16', parts(binary, 126), '82 7e 007e'],
  ['127', parts(binary, 127), '82 7e 007f'],
  ['128', parts(binary, 128), '82 7e 0080'],
  ['256', parts(binary, 256), '82 7e 0100'],
  ['65,535, the most in 16', parts(binary, 65_535), '82 7e ffff'],
  ['65,536, the least in 64', parts(binary, 65_536), '82 7f 0000000000010000'],
  ['65,537', parts(binary, 65_537), '82 7f 0000000000010001'],
  ['2^32 + 1', parts(binary, 2 ** 32 + 1), '82 7f 0000000100000001'],
  ['2^53 - 1', parts(binary, 2 ** 53 - 1), '82 7f 001fffffffffffff'],
  ['2^62', parts(binary, 2 ** 62), '82 7f 4000000000000000'],
  ['2^63', parts(binary, 2 ** 63), '82 7f 8000000000000000'],
  ['masked', parts(text, 5, { mask: key }), '81 85 37fa213d'],
  ['masked, 16 bits', parts(text, 300, { mask: key }), '81 fe 012c 37fa213d'],
  ['masked, 64 bits', parts(text, 70_000, { mask: key }), '81 ff 0000000000011170 37fa213d'],
  ['a key of zeros', parts(text, 5, { mask: new Uint8Array(4) }), '81 85 00000000'],
  ['more to come', parts(text, 3, { fin: false }), '01 03'],
  ['a continuation', parts(continuation, 2), '80 02'],
  ['an empty continuation, more to come', parts(continuation, 0, { fin: false }), '00 00'],
  ['close', parts(close, 2), '88 02'],
  ['ping', parts(ping, 0), '89 00'],
  ['pong', parts(pong, 125), '8a 7d'],
  ['RSV1', parts(text, 1, { rsv1: true }), 'c1 01'],
  ['RSV2', parts(text, 1, { rsv2: true }), 'a1 01'],
  ['RSV3', parts(text, 1, { rsv3: true }), '91 01'],
  ['all reserved bits, no FIN', parts(15, 1, { fin: false, rsv1: true, rsv2: true, rsv3: true }), '7f 01'],
  ['a reserved opcode', parts(3, 0), '83 00'],
  ['5 in 16 bits', parts(binary, 5, { lengthForm: 16 }), '82 7e 0005'],
  [
    '5 in 64 bits, masked',
    parts(binary, 5, { lengthForm: 64, mask: key }),
    '82 ff 0000000000000005 37fa213d',
  ],
  ['65,535 in 64 bits', parts(binary, 65_535, { lengthForm: 64 }), '82 7f 000000000000ffff'],
]

describe('a frame header (RFC 6455 §5.2)', () => {
  for (const [name, header, hex] of headers) {
    const bytes = bytesOf(hex)
    test(`${name}: is written`, () => {
      assert.equal(hexOf(encodeFrameHeader(header)), hexOf(bytes))
      assert.equal(firstByte(header), bytes[0])
    })

    test(`${name}: is read, whole, cut anywhere, inside other bytes`, () => {
      const reader = new FrameHeader()
      assert.equal(reader.read(bytes, 0, bytes.length), bytes.length)
      assert.deepEqual(partsOf(reader), header)
      assert.equal(reader.known, 'all')
      assert.equal(reader.fin, header.fin)
      for (let end = 1; end < bytes.length; end += 1) {
        assert.equal(reader.read(bytes, 0, end), 0, `cut at ${end}`)
        assert.equal(reader.known, end === 1 ? 1 : 2)
        assert.equal(reader.opcode, header.opcode)
      }
      const around = Buffer.concat([Uint8Array.of(0xff, 0xff, 0xff), bytes, Uint8Array.of(0xff, 0xff)])
      assert.equal(reader.read(around, 3, around.length), bytes.length)
      assert.deepEqual(partsOf(reader), header)
      assert.equal(reader.read(around, 3, 3 + bytes.length - 1), 0)
    })
  }

  test('2^63 - 1 is not taken for a length whose highest bit is set', () => {
    const reader = new FrameHeader()
    reader.read(bytesOf('82 7f 7fffffffffffffff'), 0, 10)
    assert.ok(reader.length < 2 ** 63)
    assert.ok(reader.length > 2 ** 62)
    reader.read(bytesOf('82 7f ffffffffffffffff'), 0, 10)
    assert.ok(reader.length >= 2 ** 63)
  })

  const forms: readonly [length: number, form: 7 | 16 | 64][] = [
    [0, 7],
    [125, 7],
    [126, 16],
    [65_535, 16],
    [65_536, 64],
    [2 ** 40, 64],
  ]
  for (const [length, form] of forms) {
    test(`${length} stands in ${form} bits`, () => assert.equal(lengthFormOf(length), form))
  }

  const opcodeRows: readonly [opcode: number, name: string, isControl: boolean][] = [
    [0, 'continuation', false],
    [1, 'text', false],
    [2, 'binary', false],
    [3, 'reserved 3', false],
    [7, 'reserved 7', false],
    [8, 'close', true],
    [9, 'ping', true],
    [10, 'pong', true],
    [11, 'reserved 11', true],
    [15, 'reserved 15', true],
  ]
  for (const [opcode, name, control] of opcodeRows) {
    test(`opcode ${opcode} is ${name}`, () => {
      assert.equal(opcodeName(opcode), name)
      assert.equal(isControl(opcode), control)
    })
  }
})

interface Place {
  readonly role?: Role
  readonly inMessage?: boolean
  readonly compression?: boolean
}

/** What is found in a header of a server, or the part of it that these bytes are. */
function verdict(hex: string, { role = 'client', inMessage = false, compression = false }: Place = {}) {
  const bytes = bytesOf(hex)
  const header = new FrameHeader()
  header.read(bytes, 0, bytes.length)
  return checkFrame(header, { role, inMessage, compression })
}

const inMessage = { inMessage: true }
const compression = { compression: true }
const server = { role: 'server' } as const

describe('judging a frame', () => {
  const good: readonly [name: string, hex: string, place?: Place][] = [
    ['a text', '81 05'],
    ['a fragment', '01 05'],
    ['a continuation of a message', '00 05', inMessage],
    ['its last one', '80 00', inMessage],
    ['a ping between fragments', '89 00', inMessage],
    ['a close between fragments', '88 00', inMessage],
    ['a pong of 125 bytes', '8a 7d'],
    ['compressed text', 'c1 05', compression],
    ['a first compressed fragment', '42 05', compression],
    ['a continuation of it', '00 05', { ...compression, ...inMessage }],
    ['126 in 16 bits', '82 7e 007e'],
    ['65,536 in 64 bits', '82 7f 0000000000010000'],
    ['2^63 - 1', '82 7f 7fffffffffffffff'],
    ['a masked frame to a server', '81 85 00000000', server],
    ['the first byte only', '81'],
    ['a cut length', '82 7e 00'],
    ['a cut length that could become too short', '82 7f 00000000000000'],
  ]
  for (const [name, hex, place] of good) {
    test(`${name} may stand`, () => assert.equal(verdict(hex, place), undefined))
  }

  const noBits = (bits: string) =>
    ['reserved-bits', `${bits} set, but no extension that was agreed on gives it a meaning`, '§5.2'] as const
  const rsv1On = (where: string) =>
    [
      'reserved-bits',
      `RSV1 on ${where}: only the first frame of a message says that it is compressed`,
      'RFC 7692 §6.1',
    ] as const
  const reserved = (opcode: number) => ['reserved-opcode', `opcode ${opcode} is reserved`, '§5.2'] as const
  const long = (name: string) => ['long-control', `a ${name} frame of more than 125 bytes`, '§5.5'] as const

  /** The violation stands already in the last byte that is written here. */
  const bad: readonly (readonly [hex: string, place: Place, expected: readonly [string, string, string]])[] =
    [
      ['c1', {}, noBits('RSV1')],
      ['a1', {}, noBits('RSV2')],
      ['91', {}, noBits('RSV3')],
      ['f1', {}, noBits('RSV1, RSV2, RSV3')],
      ['e1', compression, noBits('RSV1, RSV2')],
      ['a2', compression, noBits('RSV2')],
      ['9a', compression, noBits('RSV3')],
      ['40', inMessage, noBits('RSV1')],
      ['c0', { ...compression, ...inMessage }, rsv1On('a frame that does not begin a message')],
      ['c9', compression, rsv1On('a control frame')],
      ['c8', compression, rsv1On('a control frame')],
      ...[3, 4, 5, 6, 7].map((opcode) => [`8${opcode}`, {}, reserved(opcode)] as const),
      ...[11, 12, 13, 14, 15].map((opcode) => [`8${opcode.toString(16)}`, {}, reserved(opcode)] as const),
      ['03', inMessage, reserved(3)],
      [
        '08',
        {},
        ['fragmented-control', 'a close frame without FIN: control frames are never fragmented', '§5.5'],
      ],
      [
        '09',
        {},
        ['fragmented-control', 'a ping frame without FIN: control frames are never fragmented', '§5.5'],
      ],
      [
        '0a',
        {},
        ['fragmented-control', 'a pong frame without FIN: control frames are never fragmented', '§5.5'],
      ],
      ['80', {}, ['stray-continuation', 'a continuation frame, but no message has begun', '§5.4']],
      ['00', {}, ['stray-continuation', 'a continuation frame, but no message has begun', '§5.4']],
      ['81', inMessage, ['interrupted-message', 'a new text message inside one that has not ended', '§5.4']],
      [
        '02',
        inMessage,
        ['interrupted-message', 'a new binary message inside one that has not ended', '§5.4'],
      ],
      [
        'c2',
        { ...compression, ...inMessage },
        ['interrupted-message', 'a new binary message inside one that has not ended', '§5.4'],
      ],
      ['81 80', {}, ['masked', 'a masked frame from a server: only clients mask', '§5.1']],
      ['81 00', server, ['not-masked', 'a frame from a client that is not masked', '§5.1']],
      ['81 7e', server, ['not-masked', 'a frame from a client that is not masked', '§5.1']],
      ['88 7e', {}, long('close')],
      ['89 7f', {}, long('ping')],
      ['8a fe', server, long('pong')],
      ['82 7e 0000', {}, ['long-length', 'a length of 0 in 16 bits, not in the shortest form', '§5.2']],
      ['82 7e 007d', {}, ['long-length', 'a length of 125 in 16 bits, not in the shortest form', '§5.2']],
      [
        '82 7f 0000000000000005',
        {},
        ['long-length', 'a length of 5 in 64 bits, not in the shortest form', '§5.2'],
      ],
      [
        '82 7f 000000000000ffff',
        {},
        ['long-length', 'a length of 65535 in 64 bits, not in the shortest form', '§5.2'],
      ],
      ['82 7f 8000000000000000', {}, ['impossible-length', 'a length whose highest bit is set', '§5.2']],
      ['82 7f ffffffffffffffff', {}, ['impossible-length', 'a length whose highest bit is set', '§5.2']],
      [
        '81 fe 0001 00000000',
        server,
        ['long-length', 'a length of 1 in 16 bits, not in the shortest form', '§5.2'],
      ],
    ]
  for (const [hex, place, [code, message, section]] of bad) {
    test(`${hex} ${JSON.stringify(place)}: ${message}`, () => {
      const where = section.startsWith('RFC') ? section : `RFC 6455 ${section}`
      assert.deepEqual(verdict(hex, place), { code, message, section: where, closeCode: 1002 })
    })
  }
})
