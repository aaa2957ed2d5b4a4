/** Clients of every kind come and go for so long, while the servers are sampled; then all leave. */
import { setTimeout as pause } from 'node:timers/promises'
import { type Client, churn } from './clients.ts'
import { type Sample, type Watched, watchServer } from './server.ts'
import { slopeOf } from './slope.ts'
import { type Finding, isBack } from './verdict.ts'

/** So many clients at a time for each server. */
const atOnce = 3
/** The first part of a run is not counted: memory grows until everything was used once. */
const warmUp = 1 / 3
/** How long what is left over may take to go, milliseconds: less than any timer of a server runs. */
const settleMs = 3_000

/**
 * @param ms how long clients come
 * @param everyMs between two samples
 * @param fills whether what a server remembers is filled before, so that growth up to that bound is not seen
 */
export async function soak(ms: number, everyMs: number, fills: boolean): Promise<readonly Finding[]> {
  const servers = await Promise.all(
    churn.map(async ({ name, words, clients, fill }) => {
      const server = await watchServer(name, words)
      if (fills) await fill?.(server.port)
      return { name, clients, server }
    }),
  )
  const startedAt = performance.now()
  const elapsed = () => performance.now() - startedAt
  return Promise.all(
    servers.map(async ({ name, clients, server }) => {
      const before = await server.sample(elapsed())
      const lives = { count: 0, failures: [] as string[] }
      const workers = Array.from({ length: atOnce }, (_, index) =>
        live(Object.entries(clients), index, server.port, () => elapsed() < ms, lives),
      )
      while (elapsed() < ms) {
        await pause(everyMs)
        await server.sample(elapsed())
      }
      await Promise.all(workers)
      const after = await settled(server, before, elapsed)
      const counted = server.samples.filter(({ at }) => at >= ms * warmUp && at <= ms)
      const slope = (of: (sample: Sample) => number) =>
        slopeOf(counted.map((sample) => [sample.at / 60_000, of(sample)]))
      const alive = slope((sample) => sample.liveMiB)
      return {
        name,
        clients: lives.count,
        failures: lives.failures,
        before,
        after,
        liveMiB: alive.perUnit,
        liveError: alive.error,
        countedMinutes: (ms * (1 - warmUp)) / 60_000,
        files: slope((sample) => sample.files).perUnit,
        timers: slope((sample) => sample.timers).perUnit,
        exitCode: await server.end(),
      }
    }),
  )
}

/** One client after the other, of every kind in turn. */
async function live(
  clients: readonly (readonly [kind: string, client: Client])[],
  first: number,
  port: number,
  goesOn: () => boolean,
  lives: { count: number; readonly failures: string[] },
): Promise<void> {
  for (let turn = first; goesOn(); turn += 1) {
    const [kind, client] = clients[turn % clients.length] ?? []
    try {
      await client?.(port)
      lives.count += 1
    } catch (error) {
      if (lives.failures.length < 10) lives.failures.push(`${kind}: ${error}`)
    }
    // Ports that wait for their end (TIME_WAIT) would run out.
    await pause(5)
  }
}

/** Waits until everything of the clients is gone, as long as that may take. */
async function settled(server: Watched, before: Sample, elapsed: () => number): Promise<Sample> {
  const endsAt = elapsed() + settleMs
  for (;;) {
    const now = await server.sample(elapsed())
    if (isBack(before, now) || elapsed() > endsAt) return now
    await pause(100)
  }
}
