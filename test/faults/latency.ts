/** How long an honest client waits for its echo, as far as that is the server's doing. */
import { readFileSync } from 'node:fs'
import type { Running } from '../e2e/sockpit.ts'
import type { RoundTrip } from './honest.ts'

/** So often the client would have spoken, had it not been waiting, milliseconds: between two turns of `served`. */
const betweenMs = 5

/** So often it asks before it gives up. */
const mostAttempts = 20

/**
 * Milliseconds that the main thread of a process, which is what answers, was ready to run and had no processor; see
 * sched-stats.rst of Linux.
 */
function starvedMs(pid: number | undefined): number {
  try {
    const [, waited = 0] = readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'latin1').split(' ').map(Number)
    return waited / 1e6
  } catch {
    // This kernel does not tell.
    return 0
  }
}

export interface Watch {
  readonly roundTrip: RoundTrip
  /** The latency that 99 of 100 stay below, milliseconds, of all since it was asked for last. */
  percentile99(): number
}

/** Takes the time of round trips. What the machine kept the server or us waiting for a processor is not counted. */
export function watch(roundTrip: RoundTrip, { child }: Running): Watch {
  const starved = () => starvedMs(child.pid) + starvedMs(process.pid)
  let times: number[] = []
  return {
    async roundTrip(text) {
      // Who loses a datagram asks again, and what has an answer has a latency.
      for (let attempt = 0; attempt < mostAttempts; attempt += 1) {
        const [startedAt, before] = [performance.now(), starved()]
        const echo = await roundTrip(text)
        if (echo === undefined) continue
        const tookMs = performance.now() - startedAt - (starved() - before)
        // One who waits does not speak: those who would have spoken meanwhile would have waited for the rest.
        for (let left = tookMs; left > 0 || left === tookMs; left -= betweenMs) times.push(Math.max(0, left))
        return echo
      }
      return undefined
    },
    percentile99() {
      const sorted = times.sort((one, other) => one - other)
      times = []
      return sorted[Math.floor(sorted.length * 0.99)] ?? 0
    },
  }
}
