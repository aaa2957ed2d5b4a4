/** Compressed payloads of all kinds, to begin with. */
import { constants, deflateRawSync } from 'node:zlib'
import { Source } from './source.ts'

/** What went before the messages that refer to something. */
export const before = Buffer.from(
  'Hello, hello! The quick brown fox jumps over the lazy dog; κόσμε 0123456789. '.repeat(4),
)

const source = new Source(7, 0)
const texts: readonly Buffer[] = [
  ...['', 'a', 'Hello', 'HelloHelloHello', 'the quick brown fox jumps over the lazy dog', 'κόσμε '.repeat(9)],
  ...['0123456789'.repeat(30), 'x'.repeat(299), 'x'.repeat(300), 'x'.repeat(301)],
  // Enough of different letters that a code of their own pays.
  ...[80, 200, 290].map((length) =>
    Array.from({ length }, () => source.pick([...'eeeetttaaoinshrdlu'])).join(''),
  ),
]
  .map((text) => Buffer.from(text))
  .concat([Buffer.from(source.bytes(100)), Buffer.alloc(2_000)])

/** Each text in ways of zlib: with and without what went before, in codes of each kind, with a last block or none. */
export const payloads: readonly Buffer[] = texts.flatMap((text) =>
  [
    {},
    { dictionary: before },
    { level: 0 },
    { strategy: constants.Z_FIXED },
    { strategy: constants.Z_HUFFMAN_ONLY },
  ].flatMap((options) => {
    const open = deflateRawSync(text, { ...options, finishFlush: constants.Z_SYNC_FLUSH })
    const ended = deflateRawSync(text, options)
    return [open.subarray(0, -4), ended, Buffer.concat([ended, Buffer.of(0)])]
  }),
)
