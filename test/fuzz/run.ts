/** Judges inputs one after another, and makes the first that breaks something as short as it can be. */
import { Source } from './source.ts'
import type { Target } from './target.ts'

/** An input that breaks something. */
export interface Finding {
  readonly target: string
  /** What is to be given to see it again: `--seed 1 --target url --index 2`; nothing for a row of the table. */
  readonly place: string
  /** The row for the table of the target. */
  readonly row: string
  readonly error: Error
}

/** No input that is made here may take longer, ms; where one did, it gets a few more chances: a machine may be busy. */
const mostMs = 500
const chances = 3

/** How long is spent on making an input shorter, ms. */
const shrinkingMs = 10_000

/** Judges the inputs that once broke something. */
export function judgeRows(target: Target): Finding | undefined {
  for (const [name, hex] of target.rows ?? []) {
    const error = errorOf(target, Buffer.from(hex, 'hex'))
    if (error !== undefined) return { target: target.name, place: '', row: rowOf(name, hex), error }
  }
  return undefined
}

/** Judges so many inputs of a seed, from one of them on; the answer is the first that breaks something. */
export function judgeInputs(target: Target, seed: number, from: number, count: number): Finding | undefined {
  const found = withoutStacks(() => {
    for (let index = from; index < from + count; index += 1) {
      const input = target.make(new Source(seed, index))
      const first = errorOf(target, input)
      if (first !== undefined) return { index, ...shrunk(target, input, first) }
    }
    return undefined
  })
  if (found === undefined) return undefined
  const { index, shortest, error } = found
  const place = `--seed ${seed} --target ${target.name} --index ${index}`
  const row = rowOf(`fuzz ${target.name} ${seed}:${index}`, Buffer.from(shortest).toString('hex'))
  return { target: target.name, place, row, error: errorOf(target, shortest) ?? error }
}

/** Most errors are those that are meant to be thrown, and most of what they cost is where they were. */
function withoutStacks<Value>(work: () => Value): Value {
  const before = Error.stackTraceLimit
  Error.stackTraceLimit = 0
  try {
    return work()
  } finally {
    Error.stackTraceLimit = before
  }
}

function rowOf(name: string, hex: string): string {
  return `['${name}', '${hex}'],`
}

function errorOf(target: Target, input: Uint8Array): Error | undefined {
  for (let chance = 1; ; chance += 1) {
    const startedAt = performance.now()
    try {
      // A judge may write over what it is given.
      target.judge(new Uint8Array(input))
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error))
    }
    const ms = performance.now() - startedAt
    if (ms <= mostMs) return undefined
    if (chance === chances) return new Error(`${input.length} bytes took ${Math.round(ms)} ms`)
  }
}

/** Leaves out halves, quarters … single bytes, then makes bytes zero, as long as it still breaks something. */
function shrunk(target: Target, input: Uint8Array, first: Error): { shortest: Uint8Array; error: Error } {
  const until = performance.now() + shrinkingMs
  let best = input
  let error = first
  const tries = (candidate: Uint8Array): boolean => {
    const found = performance.now() > until ? undefined : errorOf(target, candidate)
    if (found === undefined) return false
    best = candidate
    error = found
    return true
  }
  for (let before = -1; before !== best.length; ) {
    before = best.length
    for (let size = Math.ceil(best.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
      for (let at = 0; at < best.length; ) {
        const without = Buffer.concat([best.subarray(0, at), best.subarray(at + size)])
        if (!tries(without)) at += size
      }
    }
  }
  for (let at = 0; at < best.length; at += 1) {
    if (best[at] !== 0) tries(best.with(at, 0))
  }
  return { shortest: best, error }
}
