/** The lines of `compare --json`: events as they are heard, then the claims with their verdicts. */
import type { Heard } from '../experiments/experiment.ts'
import type { Result } from '../experiments/run.ts'
import type { ColumnSubject } from '../views/comparison.ts'
import type { Distribution } from '../views/distribution.ts'
import { encodeEvent } from '../views/json.ts'

/** What every line says of its run. */
export interface Stamp {
  readonly experiment: string
  readonly seed: number
}

/** An event as the json view tells it, stamped with where it comes from. */
export function encodeHeard(stamp: Stamp, subject: ColumnSubject, { event, ...source }: Heard): string {
  const head = JSON.stringify({ ...stamp, ...subjectOf(subject), ...source })
  return `${head.slice(0, -1)},${encodeEvent(event).slice(1)}\n`
}

/** A line for each claim with its verdict and figures; where a transport takes no part, a line that says why. */
export function encodeClaims(stamp: Stamp, results: readonly Result[]): string {
  return encodeLines(
    results.flatMap((result): readonly object[] => {
      const source = { ...stamp, ...subjectOf(result) }
      if ('because' in result) return [{ ...source, because: result.because }]
      return result.claims.map(({ text, verdict, figures }) => ({ ...source, claim: text, verdict, figures }))
    }),
  )
}

/** A line for each trial of repeated runs: how many reads each run had. */
export function encodeDistribution(stamp: Stamp, { runs, columns }: Distribution): string {
  return encodeLines(
    columns.flatMap((column) =>
      column.trials.map(({ name, reads }) => ({
        ...stamp,
        runs,
        ...subjectOf(column),
        trial: name,
        reads,
      })),
    ),
  )
}

/** Of which column of its experiment a line is. */
function subjectOf({ transport, overTls }: ColumnSubject): object {
  return overTls ? { transport, tls: true } : { transport }
}

function encodeLines(rows: readonly object[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('')
}
