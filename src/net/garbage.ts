/**
 * Memory outside V8's heap that nobody holds any more. V8 looks for it only after 64 MiB more of it, in steps, while
 * new comes: measured, a hundred peers with long messages left 250 MiB and more behind. We look sooner, and at once.
 */
import type { Leftovers } from '../wire/arena.ts'

/** So much may pile up, bytes, or an eighth of what is alive where that is more: collecting looks at all of it. */
const leastGrowth = 12 * 2 ** 20

/** What is outside the heap, bytes, and the collector; `undefined` where this Node has none. */
interface Collector {
  measure(): number
  collect(): void
}

let collector: Collector | undefined
let isLoading = false
/** What was alive when it was last looked at, and what was dropped since and is garbage for certain, bytes. */
let alive = 0
let dropped = 0

export const leftovers: Leftovers = {
  dropped(bytes) {
    dropped += bytes
  },

  look() {
    if (collector === undefined) loadCollector()
    else lookInto(collector)
  },
}

function lookInto({ measure, collect }: Collector): void {
  const now = measure()
  alive = Math.min(alive, now)
  if (now - alive + dropped < Math.max(leastGrowth, alive / 8)) return
  collect()
  alive = measure()
  dropped = 0
}

/** Loaded where it is first needed: no start should pay for it. */
function loadCollector(): void {
  if (isLoading) return
  isLoading = true
  void createCollector().then((created) => {
    collector = created
    alive = created?.measure() ?? 0
  })
}

async function createCollector(): Promise<Collector | undefined> {
  const { getHeapStatistics, setFlagsFromString } = await import('node:v8')
  const { runInNewContext } = await import('node:vm')
  // The one way to the collector in a process that was started without the flag.
  setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('gc')
  setFlagsFromString('--no-expose-gc')
  if (typeof collect !== 'function') return undefined
  return { measure: () => getHeapStatistics().external_memory, collect: () => void collect() }
}
