/** Frames that break a rule, and what has to become of each. */
import { closePayload, type FrameParts } from '../e2e/web-sockets.ts'

/** Makes a frame as the side makes it that sends it: a client masks, a server does not. */
export type Make = (parts: FrameParts) => Buffer

export interface Broken {
  readonly statement: string
  readonly made: (make: Make) => Buffer
  readonly closeCode: number
  /** As it is told: the stable code and the section, or the limit. */
  readonly told: string
  /** In the words of whoever closes. */
  readonly reason: string
  /** Another row stands for it at a client. */
  readonly isLikeOthers?: true
}

function rule(
  statement: string,
  [code, section]: readonly [code: string, section: string],
  reason: string,
  made: (make: Make) => Buffer,
): Broken {
  return {
    statement: `${statement} → 1002`,
    made,
    closeCode: 1002,
    told: `${code} (${section}): 1002`,
    reason,
  }
}

/** Only one of the two can be broken at each side. */
export const masking: Readonly<Record<'server' | 'client', Broken>> = {
  server: rule(
    'unmasked to the server',
    ['not-masked', 'RFC 6455 §5.1'],
    'a frame from a client that is not masked',
    (make) => make({ opcode: 1, payload: 'x', masked: false }),
  ),
  client: rule(
    'masked to the client',
    ['masked', 'RFC 6455 §5.1'],
    'a masked frame from a server: only clients mask',
    (make) => make({ opcode: 1, payload: 'x', masked: true }),
  ),
}

/** Rows that differ little: the first stands for all of them where each would need a process of its own. */
function alike<Row extends object>(rows: readonly Row[]): (Row & { readonly isLikeOthers?: true })[] {
  return rows.map((row, index) => (index === 0 ? row : { ...row, isLikeOthers: true }))
}

function reservedOpcode(opcode: number): Broken {
  const place = ['reserved-opcode', 'RFC 6455 §5.2'] as const
  return rule(`opcode ${opcode}`, place, `opcode ${opcode} is reserved`, (make) => make({ opcode }))
}

const reservedBits = [
  ['RSV1', 4],
  ['RSV2', 2],
  ['RSV3', 1],
] as const

const controls = [
  ['close', 8],
  ['ping', 9],
  ['pong', 10],
] as const

const misplaced: readonly Broken[] = [
  ...alike(
    reservedBits.map(([name, rsv]) =>
      rule(
        `${name} without its extension`,
        ['reserved-bits', 'RFC 6455 §5.2'],
        `${name} set, but no extension that was agreed on gives it a meaning`,
        (make) => make({ opcode: 1, payload: 'x', rsv }),
      ),
    ),
  ),
  ...alike([3, 4, 5, 6, 7].map(reservedOpcode)),
  ...alike([11, 12, 13, 14, 15].map(reservedOpcode)),
  ...alike(
    controls.map(([name, opcode]) =>
      rule(
        `control frame fragmented (${name})`,
        ['fragmented-control', 'RFC 6455 §5.5'],
        `a ${name} frame without FIN: control frames are never fragmented`,
        (make) => make({ opcode, fin: false }),
      ),
    ),
  ),
  ...alike(
    controls.map(([name, opcode]) =>
      rule(
        `control frame over 125 (${name})`,
        ['long-control', 'RFC 6455 §5.5'],
        `a ${name} frame of more than 125 bytes`,
        (make) => make({ opcode, payload: closePayload(1000, 'x'.repeat(124)) }),
      ),
    ),
  ),
  rule(
    'continuation without a start',
    ['stray-continuation', 'RFC 6455 §5.4'],
    'a continuation frame, but no message has begun',
    (make) => make({ opcode: 0, payload: 'x' }),
  ),
  rule(
    'new message inside a message',
    ['interrupted-message', 'RFC 6455 §5.4'],
    'a new binary message inside one that has not ended',
    (make) =>
      Buffer.concat([make({ opcode: 1, payload: 'x', fin: false }), make({ opcode: 2, payload: 'x' })]),
  ),
]

const longForms = [
  [125, 16],
  [125, 64],
  [65_535, 64],
] as const

const lengths: readonly Broken[] = [
  ...alike(
    longForms.map(([size, form]) =>
      rule(
        `length not in its shortest form (${size} in ${form} bits)`,
        ['long-length', 'RFC 6455 §5.2'],
        `a length of ${size} in ${form} bits, not in the shortest form`,
        (make) => make({ opcode: 2, payload: Buffer.alloc(size), form }),
      ),
    ),
  ),
  ...alike(
    [2n ** 63n, 2n ** 64n - 1n].map((declared) =>
      rule(
        `length ≥ 2^63 (${declared})`,
        ['impossible-length', 'RFC 6455 §5.2'],
        'a length whose highest bit is set',
        (make) => make({ opcode: 2, declared, form: 64 }),
      ),
    ),
  ),
]

/** Everything that is 1002, but for close frames. */
export const rules: readonly Broken[] = [...misplaced, ...lengths]

/** Declared, and never sent. */
export const tooLong: readonly Broken[] = alike(
  [2n ** 24n + 1n, 2n ** 32n, 2n ** 63n - 1n].map((declared) => ({
    statement: `length over the limit (${declared}) → 1009`,
    made: (make) => make({ opcode: 2, declared }),
    closeCode: 1009,
    told: 'more than 16777216: message',
    reason: 'more than 16777216 bytes in a message',
  })),
)

export interface BadText {
  readonly statement: string
  /** What may still become text. */
  readonly good: Buffer
  /** What cannot: the first byte is enough. */
  readonly bad: Buffer
  readonly isLikeOthers?: true
}

function impossible([name, good, bad]: readonly [name: string, good: string, bad: string]): BadText {
  return {
    statement: `invalid UTF-8 (${name}) → 1007 as soon as the bad byte arrives`,
    good: Buffer.from(good, 'hex'),
    bad: Buffer.from(bad, 'hex'),
  }
}

export const badTexts: readonly BadText[] = [
  ...alike(
    (
      [
        ['overlong, two bytes', 'ceba', 'c0'],
        ['overlong, three bytes', '61e0', '80'],
        ['overlong, four bytes', 'f0', '8f'],
      ] as const
    ).map(impossible),
  ),
  impossible(['surrogate', '61ed', 'a0']),
  impossible(['above U+10FFFF', 'f4', '90']),
  impossible(['truncated by the next character', 'f09f98', '61']),
]

export const notText = {
  closeCode: 1007,
  told: 'not-utf8 (RFC 6455 §8.1): 1007',
  reason: 'a text message that is not UTF-8',
} as const
