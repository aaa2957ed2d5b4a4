import { causesOf } from './causes.ts'
import type { Happening } from './comparison.ts'

/**
 * The happenings as they must have been. What several processes tell is heard in any order, a read even before the
 * write that it brings, or a step before it: here each actor's stay in its own order, and nothing comes before what
 * caused it. Else they stay as they were heard. The more of a run is given, the more is known of it.
 */
export function inCausalOrder(happenings: readonly Happening[]): readonly Happening[] {
  const moved = intoTheirSteps(happenings)
  const causes = causesOf(moved)
  return stepsOf(moved).flatMap((inStep) => merge(inStep, causes))
}

/** What was heard in a later step than what it caused, and what its actor told before it, belongs to that step. */
function intoTheirSteps(happenings: readonly Happening[]): readonly Happening[] {
  const steps = stepsOf(happenings)
  const stepOf = new Map(steps.flatMap((inStep, index) => inStep.map((one) => [one, index] as const)))
  const causes = [...causesOf(happenings)]
  const late = (): readonly (readonly [Happening, Happening])[] =>
    causes.filter(([effect, cause]) => (stepOf.get(cause) ?? 0) > (stepOf.get(effect) ?? 0))
  let isMoved = false
  for (let found = late(); found.length > 0; found = late()) {
    isMoved = true
    for (const [effect, cause] of found) {
      const step = stepOf.get(effect) ?? 0
      const before = happenings.slice(0, happenings.indexOf(cause) + 1)
      for (const one of before) {
        if (one.actor === cause.actor && (stepOf.get(one) ?? 0) > step) stepOf.set(one, step)
      }
    }
  }
  if (!isMoved) return happenings
  return steps.flatMap(([first], step) =>
    happenings
      .filter((one) => stepOf.get(one) === step)
      .map((one) => (first === undefined ? one : { ...one, trial: first.trial, step: first.step })),
  )
}

function stepsOf(happenings: readonly Happening[]): readonly (readonly Happening[])[] {
  const steps: Happening[][] = []
  for (const one of happenings) {
    const last = steps.at(-1)
    const [before] = last ?? []
    if (last !== undefined && before?.trial === one.trial && before?.step === one.step) last.push(one)
    else steps.push([one])
  }
  return steps
}

/** Again and again takes the first heard of those that may come now; where none may, the first of all. */
function merge(
  inStep: readonly Happening[],
  causes: ReadonlyMap<Happening, Happening>,
): readonly Happening[] {
  const waiting = new Set(inStep)
  const mayCome = (one: Happening): boolean => {
    const cause = causes.get(one)
    return cause === undefined || !waiting.has(cause)
  }
  const merged: Happening[] = []
  while (waiting.size > 0) {
    const next = firstOf(waiting, mayCome)
    if (next === undefined) break
    waiting.delete(next)
    merged.push(next)
  }
  return merged
}

/** Of those at the head of their actor's queue the first that may come, or else the first. */
function firstOf(
  waiting: ReadonlySet<Happening>,
  mayCome: (one: Happening) => boolean,
): Happening | undefined {
  const held = new Set<string>()
  let first: Happening | undefined
  for (const one of waiting) {
    if (held.has(one.actor)) continue
    if (mayCome(one)) return one
    first ??= one
    held.add(one.actor)
  }
  return first
}
