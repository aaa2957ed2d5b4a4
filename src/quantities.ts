import { UsageError } from './errors.ts'

const durationUnits: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }
const sizeUnits: Readonly<Record<string, number>> = {
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
}

export interface Range {
  readonly min?: number
  readonly max?: number
}

/** What a read may take, bytes: the kernel's buffer is seldom larger. */
export const readSizeRange: Range = { min: 1, max: 16 * 2 ** 20 }

/** Keep-alive probes start after whole seconds, milliseconds. */
export const keepAliveRange: Range = { min: 1_000 }

/** Routers that a datagram may pass: TTL (RFC 791 §3.2), hop limit (RFC 8200 §3). */
export const hopLimitRange: Range = { min: 1, max: 255 }

/** The same for a group, where 0 keeps it on this machine. */
export const multicastHopLimitRange: Range = { min: 0, max: 255 }

/** The longest duration that a timer can hold, milliseconds. */
export const longestDurationMs = 2 ** 31 - 1

/**
 * A duration in milliseconds from `250ms`, `2s`, `1.5m`, `1h`; a bare number is milliseconds.
 * @throws UsageError when it is no duration or out of range
 */
export function parseDuration(text: string, range: Range = {}): number {
  return parseQuantity(text, durationUnits, 'a duration such as 250ms, 2s or 1m', {
    min: range.min ?? 0,
    max: Math.min(range.max ?? longestDurationMs, longestDurationMs),
  })
}

/**
 * A size in bytes from `512`, `64KiB`, `1MB`; a bare number is bytes.
 * @throws UsageError when it is no size or out of range
 */
export function parseSize(text: string, range: Range = {}): number {
  return parseQuantity(text, sizeUnits, 'a size such as 512, 64KiB or 1MB', {
    min: range.min ?? 1,
    max: range.max ?? 2 ** 31,
  })
}

/**
 * A whole number in decimal digits: no sign, no exponent, no hex.
 * @throws UsageError when it is none or out of range
 */
export function parseWhole(text: string, range: Range = {}): number {
  const min = range.min ?? 0
  const max = range.max ?? Number.MAX_SAFE_INTEGER
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN
  if (value >= min && value <= max) return value
  throw new UsageError(`"${text}" is not a whole number from ${min} to ${max}`)
}

/** A port, 0 to 65535. @throws UsageError */
export function parsePort(text: string): number {
  const value = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN
  if (value <= 65_535) return value
  throw new UsageError(`"${text}" is not a port: expected a whole number from 0 to 65535`)
}

/** A whole number with its thousands apart: `67,108,864`. */
export function group(value: number): string {
  return String(value).replace(/\B(?=(?:\d{3})+$)/g, ',')
}

function parseQuantity(
  text: string,
  units: Readonly<Record<string, number>>,
  expected: string,
  range: { readonly min: number; readonly max: number },
): number {
  const [, digits, unit = ''] = /^(\d+(?:\.\d+)?)([a-z]*)$/i.exec(text) ?? []
  const name = unit.toLowerCase()
  const factor = unit === '' ? 1 : Object.hasOwn(units, name) ? units[name] : undefined
  if (digits === undefined || factor === undefined) {
    throw new UsageError(`"${text}" is not ${expected}`)
  }
  const value = Number(digits) * factor
  if (!Number.isInteger(value) && factor === 1) throw new UsageError(`"${text}" is not ${expected}`)
  if (value < range.min || value > range.max) {
    const limits = `${range.min} to ${range.max} ${units === durationUnits ? 'ms' : 'bytes'}`
    throw new UsageError(`"${text}" is out of range: expected ${limits}`)
  }
  return Math.round(value)
}
