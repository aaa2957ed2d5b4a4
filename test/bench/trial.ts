/** What is measured, and how figures of one run are set side by side. */

/** One thing that is measured. The first contestant is ours; the others are what it is held against. */
export interface Trial {
  readonly name: string
  readonly unit: string
  readonly better: 'more' | 'less'
  /** Each measures once, in processes of its own, and answers a figure. */
  readonly contestants: Readonly<Record<string, () => Promise<number>>>
}

/** A part of the benchmarks; a reason where it cannot be measured here. */
export interface Part {
  readonly title: string
  readonly trials: readonly Trial[]
  readonly skipped?: string
}

/** Measures everybody in turn within every round, and writes a line as soon as a trial is over. */
export async function measurePart({ title, trials, skipped }: Part, rounds: number): Promise<void> {
  console.log(`\n${title}${skipped === undefined ? '' : `: not measured, ${skipped}`}`)
  if (skipped !== undefined) return
  for (const trial of trials) console.log(`  ${await measureTrial(trial, rounds)}`)
}

async function measureTrial({ name, unit, better, contestants }: Trial, rounds: number): Promise<string> {
  const figures = new Map<string, number[]>(Object.keys(contestants).map((contestant) => [contestant, []]))
  for (let round = 0; round < rounds; round += 1) {
    for (const [contestant, measure] of Object.entries(contestants)) {
      figures.get(contestant)?.push(await measure())
    }
  }
  const [ours = [], ...others] = [...figures.values()]
  const names = Object.keys(contestants).slice(1)
  const ratios = names.map((other, index) => {
    const theirs = others[index] ?? []
    const ratio = spread(ours.map((figure, round) => figure / (theirs[round] ?? Number.NaN)))
    return better === 'more' ? `${other} × ${ratio}` : `${ratio} of ${other}`
  })
  return `${name.padEnd(26)}${written(median(ours)).padStart(12)} ${unit.padEnd(10)} ${ratios.join('   ')}`
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

/** `3.10 (2.90 to 3.40)` */
function spread(values: readonly number[]): string {
  const [least, middle, most] = [Math.min(...values), median(values), Math.max(...values)].map((value) =>
    value.toPrecision(3),
  )
  return `${middle} (${least} to ${most})`
}

function written(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(3)
}
