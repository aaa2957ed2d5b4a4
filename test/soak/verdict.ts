/** What is wrong with a server that clients have come to and left. */
import type { Sample } from './server.ts'

export interface Finding {
  readonly name: string
  readonly clients: number
  readonly failures: readonly string[]
  readonly before: Sample
  readonly after: Sample
  /** For each minute after the warm-up, and how sure the first is. */
  readonly liveMiB: number
  readonly liveError: number
  readonly files: number
  readonly timers: number
  /** How long that was looked at. */
  readonly countedMinutes: number
  /** Of the process when it is interrupted at the end: 130. */
  readonly exitCode: number | null
}

/** Whether no file and no timer is left that was not there before. */
export function isBack(before: Sample, after: Sample): boolean {
  return after.files <= before.files && after.timers <= before.timers
}

/** Less may be what is compiled and set up late: a short run can tell of large leaks only, MiB. */
const leastGrown = 4

/** What is alive grows by more than a MiB a minute and by some in all, and that is no chance. */
function grows({ liveMiB, liveError, countedMinutes }: Finding): boolean {
  return liveMiB > 1 && liveMiB > 3 * liveError && liveMiB * countedMinutes > leastGrown
}

/** The first thing that is wrong; undefined where nothing is. */
export function faultOf(finding: Finding): string | undefined {
  const { before, after, clients, failures, exitCode } = finding
  if (failures.length > 0) return `a client was not served: ${failures[0]}`
  if (clients === 0) return 'no client came'
  if (!isBack(before, after)) return 'a file or a timer is left'
  if (grows(finding)) return 'memory grows'
  return exitCode === 130 ? undefined : `it ended with ${exitCode}`
}
