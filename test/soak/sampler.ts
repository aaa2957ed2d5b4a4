/** Loaded into a server with `--import`: tells over IPC, when asked, how many timers run there. */
process.on('message', () => {
  const timers = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
  process.send?.(timers)
})
// A channel that is listened to would keep the process alive.
process.channel?.unref()
