/** What a process costs, as the kernel tells whoever looks from outside. */
import { readFileSync } from 'node:fs'
import type { Running } from '../e2e/sockpit.ts'

function statusOf({ child }: Running, name: 'VmRSS' | 'VmHWM' | 'VmPeak'): number {
  const status = readFileSync(`/proc/${child.pid}/status`, 'latin1')
  const [, kiB] = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status) ?? []
  if (kiB === undefined) throw new Error(`there is no ${name} in ${status}`)
  return Number(kiB) / 1_024
}

/** How much more memory it has had since at its worst, MiB: what it held, and what it only reserved. */
export function weigh(running: Running): () => { readonly held: number; readonly reserved: number } {
  const before = { held: statusOf(running, 'VmRSS'), reserved: statusOf(running, 'VmPeak') }
  return () => ({
    held: statusOf(running, 'VmHWM') - before.held,
    reserved: statusOf(running, 'VmPeak') - before.reserved,
  })
}

/** Pages are of this size wherever the tests run on Linux, bytes. */
const pageSize = 4_096

/** How much memory a process has now, MiB: the second number of proc_pid_statm(5) is its resident pages. */
export function residentMiB({ child }: Running): number {
  const [, pages = 0] = readFileSync(`/proc/${child.pid}/statm`, 'latin1').split(' ').map(Number)
  return (pages * pageSize) / 2 ** 20
}
