import { usualRight } from '../views/comparison.ts'
import type { DistributionColumn } from '../views/distribution.ts'
import { during, readsOf } from './evidence.ts'
import type { Result } from './run.ts'

/** What is kept of one run where there are many: each column as a distribution over this run alone. */
export function tally(results: readonly Result[]): readonly DistributionColumn[] {
  return results.flatMap((result) => {
    if ('because' in result) return []
    const { transport, overTls, trials, claims, heard, right = usualRight } = result
    const countReads = (trial: string): number =>
      right.reduce((count, actor) => count + readsOf(during(heard, trial), actor).length, 0)
    return [
      {
        transport,
        ...(overTls && { overTls }),
        trials: trials.map(({ name }) => ({ name, reads: [countReads(name)] })),
        claims: claims.map(({ text, verdict }) => ({ text, verdicts: [verdict] })),
      },
    ]
  })
}

/** The columns of some runs, and those of some more of the same experiment, as those of all of them. */
export function addTallies(
  some: readonly DistributionColumn[],
  more: readonly DistributionColumn[],
): readonly DistributionColumn[] {
  return some.map((column, index) => {
    const other = more[index]
    return {
      ...column,
      trials: column.trials.map(({ name, reads }, at) => ({
        name,
        reads: [...reads, ...(other?.trials[at]?.reads ?? [])],
      })),
      claims: column.claims.map(({ text, verdicts }, at) => ({
        text,
        verdicts: [...verdicts, ...(other?.claims[at]?.verdicts ?? [])],
      })),
    }
  })
}
