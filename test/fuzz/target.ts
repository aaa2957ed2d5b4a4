/** What is fuzzed: how its inputs are made, and what must hold for any of them. */
import type { Source } from './source.ts'

export interface Target {
  readonly name: string
  /** Inputs that are judged before all others: those that once broke something. */
  readonly rows?: readonly (readonly [name: string, hex: string])[]
  make(source: Source): Uint8Array
  /** Throws where something does not hold; the same input is judged in the same way again. */
  judge(input: Uint8Array): void
}

/** Throws where it is not so. */
export function must(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(what)
}

/** Throws where the two differ; told as JSON. */
export function mustEqual(actual: unknown, expected: unknown, what: string): void {
  if (isSame(actual, expected)) return
  const [told, wanted] = [JSON.stringify(actual), JSON.stringify(expected)]
  if (told !== wanted) throw new Error(`${what}: ${briefly(told)} instead of ${briefly(wanted)}`)
}

/** Whether they are of the same parts; what is not may still be told in the same way. */
function isSame(actual: unknown, expected: unknown): boolean {
  if (actual === expected) return true
  if (!isOfParts(actual) || !isOfParts(expected)) return false
  const names = Object.keys(actual)
  if (names.length !== Object.keys(expected).length) return false
  if (Array.isArray(actual) !== Array.isArray(expected)) return false
  return names.every((name) => Object.hasOwn(expected, name) && isSame(actual[name], expected[name]))
}

/** Whether its own fields are all that it is; bytes, which have many, are told. */
function isOfParts(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || Array.isArray(value)
}

function briefly(json: string | undefined): string {
  const text = String(json)
  return text.length > 400 ? `${text.slice(0, 400)}…` : text
}
