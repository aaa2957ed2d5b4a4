import fc from 'fast-check'

/** Any UTF-16 text, lone surrogates too. Cheaper to set up than the units of fast-check for all of Unicode. */
const anyText: fc.Arbitrary<string> = fc
  .array(
    fc.oneof(
      fc.integer({ min: 0x20, max: 0x7e }),
      fc.integer({ min: 0, max: 0x24f }),
      fc.integer({ min: 0, max: 0xffff }),
    ),
    { maxLength: 40 },
  )
  .map((units) => String.fromCharCode(...units))

/** Any text that UTF-8 can carry. */
export const wellFormedText: fc.Arbitrary<string> = fc
  .tuple(anyText, fc.constantFrom('', '😀', 'é'))
  .map(([text, end]) => Buffer.from(text + end).toString())
