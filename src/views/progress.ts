import { group } from './units.ts'

const widest = 40

/** How far a long work is, as one line: `run 7 of 20  ██████████████░░░░░░`. */
export function renderProgress(noun: string, done: number, total: number, width: number): string {
  const told = `${noun} ${group(Math.min(done + 1, total))} of ${group(total)}`
  const room = Math.min(widest, width - told.length - 5)
  if (room < 4) return `  ${told}`
  const filled = Math.round((done / total) * room)
  return `  ${told}  ${'█'.repeat(filled)}${'░'.repeat(room - filled)}`
}
