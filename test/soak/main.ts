/**
 * `npm run soak -- --minutes N`: clients of every kind come and go at servers of every kind for so long; the slopes
 * of live memory, open files and timers after a warm-up are told, and what is left when all have gone. Ends with 1 where
 * a file or a timer is left, a client was not served, or live memory grows by more than a MiB a minute and by more than
 * three times the slope's own error, if that is 4 MiB in all: a short run cannot tell.
 */
import { parseArgs } from 'node:util'
import { soak } from './soak.ts'
import { faultOf } from './verdict.ts'

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '10' } } })
const minutes = Number(values.minutes)
if (!(minutes >= 0.1 && minutes <= 1_440) || process.platform !== 'linux') {
  console.error('--minutes takes a number from 0.1 to 1440; the samples come from /proc, which Linux has')
  process.exit(2)
}

const signed = (value: number) => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(2)}`
const findings = await soak(minutes * 60_000, 1_000, true)
console.log('server            clients   RSS from, to   live MiB/min      files   timers a minute   left')
for (const one of findings) {
  const { name, clients, before, after, liveMiB, liveError, files, timers } = one
  const cells = [
    name.padEnd(16),
    clients.toLocaleString('en').padStart(9),
    `${before.residentMiB.toFixed(0)}, ${after.residentMiB.toFixed(0)}`.padStart(14),
    `${signed(liveMiB)} ± ${liveError.toFixed(2)}`.padStart(15),
    signed(files).padStart(9),
    signed(timers).padStart(17),
    `${after.files - before.files} files, ${after.timers - before.timers} timers`,
  ]
  const fault = faultOf(one)
  console.log(`${cells.join(' ')}${fault === undefined ? '' : `   ${fault}`}`)
}
process.exitCode = findings.some((one) => faultOf(one) !== undefined) ? 1 : 0
