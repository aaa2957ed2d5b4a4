/**
 * `npm run fuzz`: judges inputs of every target, in turn, until something breaks or the time is over.
 *
 * `npm run fuzz -- --minutes 10 --target url` takes ten minutes over one; `--seed 1 --target url --index 2` judges
 * the one input that a failure has named.
 */
import { parseArgs } from 'node:util'
import { seedLimit } from '../../src/experiments/random.ts'
import { parseWhole } from '../../src/quantities.ts'
import { type Finding, judgeInputs, judgeRows } from './run.ts'
import { Source } from './source.ts'
import type { Target } from './target.ts'
import { targets } from './targets.ts'

/** How many inputs a target gets before the next one has its turn. */
const turn = 2_000

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    target: { type: 'string' },
    seed: { type: 'string' },
    index: { type: 'string' },
  },
})

const seed = parseWhole(values.seed ?? String(Date.now() % seedLimit), { max: seedLimit - 1 })
const chosen = values.target === undefined ? targets : targets.filter(({ name }) => name === values.target)
if (chosen.length === 0) {
  console.error(
    `There is no target "${values.target}": expected ${targets.map(({ name }) => name).join(', ')}`,
  )
  process.exit(2)
}

const minutes = Number(values.minutes)
if (!(minutes > 0)) {
  console.error(`"${values.minutes}" are no minutes: expected a number such as 10 or 0.5`)
  process.exit(2)
}

console.log(`seed ${seed}`)
if (values.index === undefined) fuzz(chosen, minutes * 60_000)
else for (const target of chosen) judgeOne(target, parseWhole(values.index))

/** Shows one input and judges it. */
function judgeOne(target: Target, index: number): void {
  const hex = Buffer.from(target.make(new Source(seed, index))).toString('hex')
  console.log(`['fuzz ${target.name} ${seed}:${index}', '${hex}'],`)
  report(judgeInputs(target, seed, index, 1))
  console.log('nothing breaks')
}

function fuzz(those: readonly Target[], ms: number): void {
  const spent = new Map<Target, { inputs: number; ms: number }>()
  for (const target of those) report(judgeRows(target))
  for (const until = performance.now() + ms; performance.now() < until; ) {
    for (const target of those) {
      const so = spent.get(target) ?? { inputs: 0, ms: 0 }
      const startedAt = performance.now()
      report(judgeInputs(target, seed, so.inputs, turn))
      spent.set(target, { inputs: so.inputs + turn, ms: so.ms + performance.now() - startedAt })
    }
  }
  for (const [{ name }, { inputs, ms: took }] of spent) {
    const rate = Math.round((inputs / took) * 1_000)
    console.log(
      `${name.padEnd(20)}${inputs.toLocaleString('en').padStart(12)} inputs${rate.toLocaleString('en').padStart(12)}/s`,
    )
  }
}

/** Tells what was found, and ends with it. */
function report(finding: Finding | undefined): void {
  if (finding === undefined) return
  console.log(`${finding.target}: ${finding.error.stack}`)
  if (finding.place !== '') console.log(`again: npm run fuzz -- ${finding.place}`)
  console.log(finding.row)
  process.exit(1)
}
