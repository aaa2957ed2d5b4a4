/**
 * Loaded into a server with `--import`: tells over IPC, when asked, how many timers run there and how much is
 * alive. Garbage is collected before, as what waits for that would look like a leak.
 */
process.on('message', () => {
  globalThis.gc?.()
  const timers = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
  const { heapUsed, external } = process.memoryUsage()
  process.send?.({ timers, liveMiB: (heapUsed + external) / 2 ** 20 })
})
// A channel that is listened to would keep the process alive.
process.channel?.unref()
