/** Bytes, exact: `6 B`, `65,536 B`. */
export function formatBytes(bytes: number): string {
  return `${group(bytes)} B`
}

/** A number of things: `1 read`, `2 reads`, `1,204 writes`. */
export function formatCount(count: number, noun: string): string {
  return `${group(count)} ${noun}${count === 1 ? '' : 's'}`
}

/** A duration to about three digits: `0.4 ms`, `12 ms`, `1.21 s`, `2 min 03 s`, `1 h 02 min`. */
export function formatDuration(ms: number): string {
  const tenths = round(ms, 1)
  if (tenths < 10) return `${tenths} ms`
  if (round(ms) < 1_000) return `${round(ms)} ms`
  const seconds = round(ms / 1_000, 2)
  if (seconds < 60) return `${seconds} s`
  const whole = round(ms / 1_000)
  if (whole < 3_600) return `${Math.floor(whole / 60)} min ${pad(whole % 60)} s`
  const minutes = round(ms / 60_000)
  return `${group(Math.floor(minutes / 60))} h ${pad(minutes % 60)} min`
}

/** A short duration to a hundredth of a millisecond where it is below one: `0.12 ms`, `1.2 ms`. */
export function formatShortDuration(ms: number): string {
  const hundredths = round(ms, 2)
  return hundredths < 1 ? `${hundredths} ms` : formatDuration(ms)
}

const rateUnits = ['B/s', 'kB/s', 'MB/s', 'GB/s', 'TB/s'] as const

/** Bytes a second, decimal units: `1.2 MB/s`; `—` where no time has passed. */
export function formatRate(bytes: number, ms: number): string {
  if (ms <= 0) return '—'
  let rate = (bytes / ms) * 1_000
  let unit = 0
  while (rate >= 999.5 && unit < rateUnits.length - 1) {
    rate /= 1_000
    unit += 1
  }
  return `${round(rate, rate < 99.95 ? 1 : 0)} ${rateUnits[unit]}`
}

/** How often a second: `0.7/s`, `9,800/s`; `—` where no time has passed. */
export function formatFrequency(count: number, ms: number): string {
  if (ms <= 0) return '—'
  const rate = (count / ms) * 1_000
  return `${group(round(rate, rate < 99.95 ? 1 : 0))}/s`
}

/** Time passed since the start, to the millisecond: `3.220`, `12:03.220`, `1:12:03.220`. */
export function formatElapsed(ms: number): string {
  const whole = round(ms)
  const seconds = `${pad(Math.floor(whole / 1_000) % 60)}.${pad(whole % 1_000, 3)}`
  const minutes = Math.floor(whole / 60_000)
  if (minutes === 0) return seconds.replace(/^0(?=\d)/, '')
  return minutes < 60
    ? `${minutes}:${seconds}`
    : `${Math.floor(minutes / 60)}:${pad(minutes % 60)}:${seconds}`
}

/** The time of day where the person is, to the millisecond: `14:03:21.220`. */
export function formatClock(date: Date): string {
  const parts = [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => pad(part))
  return `${parts.join(':')}.${pad(date.getMilliseconds(), 3)}`
}

/** A socket's short name: `server#3` is `#3`, others are as they are. */
export function formatSocket(socket: string): string {
  return socket.replace(/^server(?=#)/, '')
}

/** A whole number with its thousands apart: `67,108,864`. */
export function group(value: number): string {
  return String(value).replace(/\B(?=(?:\d{3})+$)/g, ',')
}

function pad(value: number, digits = 2): string {
  return String(value).padStart(digits, '0')
}

function round(value: number, decimals = 0): number {
  return Number(value.toFixed(decimals))
}
