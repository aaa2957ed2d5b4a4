import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { UsageError } from '../src/errors.ts'
import { longestDurationMs, parseDuration, parsePort, parseSize, parseWhole } from '../src/quantities.ts'

type Parse = (text: string) => number

function accepts(parse: Parse, rows: readonly (readonly [text: string, value: number])[]): void {
  for (const [text, value] of rows) {
    test(`${text} is ${value}`, () => assert.equal(parse(text), value))
  }
}

function refuses(parse: Parse, texts: readonly string[]): void {
  for (const text of texts) {
    test(`${JSON.stringify(text)} is refused`, () => {
      assert.throws(
        () => parse(text),
        (error: unknown) => error instanceof UsageError && error.message.startsWith(`"${text}" is `),
      )
    })
  }
}

/** What is a number for none of them: signs, exponents, hex, other digits, spaces, words. */
const noNumbers = ['', ' ', '-1', '+1', '1e3', '0x50', '80x', '.5', '5.', '1,000', '1_000', ' 1', '1 ', '1\n']
  .concat(['١', '１', 'NaN', 'Infinity', 'ms', '1 s', '1..5s', '1.5.5s'])
  .concat(['1constructor', '1toString', '1__proto__', '1valueOf', '1hasOwnProperty'])

describe('parseDuration', () => {
  accepts(parseDuration, [
    ['0', 0],
    ['250', 250],
    ['007', 7],
    ['250ms', 250],
    ['2s', 2_000],
    ['1.5s', 1_500],
    ['1.1s', 1_100],
    ['1m', 60_000],
    ['0.5m', 30_000],
    ['1h', 3_600_000],
    ['2S', 2_000],
    ['3MS', 3],
    ['1M', 60_000],
    ['2147483647', 2_147_483_647],
  ])
  refuses(parseDuration, [...noNumbers, '1.5', '1.5ms', '2147483648', '597h', '1d', '1min', '1KiB', '1b'])

  test('keeps to the range it is given', () => {
    const range = { min: 1_000, max: 60_000 }
    assert.equal(parseDuration('1s', range), 1_000)
    assert.equal(parseDuration('60s', range), 60_000)
    for (const text of ['999ms', '60001']) {
      assert.throws(() => parseDuration(text, range), {
        name: 'UsageError',
        message: `"${text}" is out of range: expected 1000 to 60000 ms`,
      })
    }
  })

  test('never goes over what a timer can hold, whatever the range says', () => {
    assert.throws(() => parseDuration('2147483648', { max: 2 ** 40 }), UsageError)
    assert.equal(longestDurationMs, 2_147_483_647)
  })

  test('says what a duration looks like', () => {
    assert.throws(() => parseDuration('soon'), {
      message: '"soon" is not a duration such as 250ms, 2s or 1m',
    })
  })
})

describe('parseSize', () => {
  accepts(parseSize, [
    ['1', 1],
    ['512', 512],
    ['512B', 512],
    ['1kB', 1_000],
    ['64KiB', 65_536],
    ['1.5KiB', 1_536],
    ['1MB', 1_000_000],
    ['1mib', 1_048_576],
    ['2GB', 2_000_000_000],
    ['1GiB', 1_073_741_824],
    ['2147483648', 2 ** 31],
    ['2GiB', 2 ** 31],
  ])
  refuses(parseSize, [...noNumbers, '0', '1.5', '1.5B', '2147483649', '3GiB', '1K', '1k', '1TiB', '1s'])

  test('keeps to the range it is given', () => {
    assert.equal(parseSize('0', { min: 0 }), 0)
    assert.equal(parseSize('16MiB', { max: 2 ** 24 }), 2 ** 24)
    assert.throws(() => parseSize('16777217', { max: 2 ** 24 }), UsageError)
  })

  test('says what a size looks like', () => {
    assert.throws(() => parseSize('big'), { message: '"big" is not a size such as 512, 64KiB or 1MB' })
  })
})

describe('parseWhole', () => {
  accepts(parseWhole, [
    ['0', 0],
    ['7', 7],
    ['9007199254740991', Number.MAX_SAFE_INTEGER],
  ])
  refuses(parseWhole, [...noNumbers, '1.5', '9007199254740992', '99999999999999999'])

  test('keeps to the range it is given', () => {
    assert.equal(parseWhole('1', { min: 1, max: 3 }), 1)
    assert.equal(parseWhole('3', { min: 1, max: 3 }), 3)
    for (const text of ['0', '4']) {
      assert.throws(() => parseWhole(text, { min: 1, max: 3 }), {
        name: 'UsageError',
        message: `"${text}" is not a whole number from 1 to 3`,
      })
    }
  })
})

describe('parsePort', () => {
  accepts(parsePort, [
    ['0', 0],
    ['1', 1],
    ['9000', 9_000],
    ['65535', 65_535],
  ])
  refuses(parsePort, [...noNumbers, '65536', '99999', '100000', '1.0', '80.5'])
})
