import { closeSync, openSync, writeFileSync } from 'node:fs'
import type { Context, Output } from '../context.ts'
import { describeSystemError, ExpectationError, UsageError } from '../errors.ts'
import { type ExitCode, exitCodes, signalCodes } from '../exit-code.ts'
import type { Experiment } from '../experiments/experiment.ts'
import { experiments, tour } from '../experiments/index.ts'
import { seedLimit } from '../experiments/random.ts'
import { type Result, runExperiment } from '../experiments/run.ts'
import { addTallies, tally } from '../experiments/tally.ts'
import { nearest } from '../nearest.ts'
import { Stop, stopOfOutput } from '../session/stop.ts'
import { renderComparison } from '../views/columns.ts'
import type { Comparison } from '../views/comparison.ts'
import { type DistributionColumn, plainDistribution, renderDistribution } from '../views/distribution.ts'
import { plainComparison } from '../views/plain-comparison.ts'
import { renderProgress } from '../views/progress.ts'
import { formatCount } from '../views/units.ts'
import { awaitKey } from './await-key.ts'
import { encodeClaims, encodeDistribution, encodeHeard } from './compare-json.ts'
import type { compareOptions } from './options/compare.ts'
import type { Values } from './options/row.ts'
import { usesColor } from './set-up.ts'

type Options = Values<typeof compareOptions>

/** `sockpit compare [experiment]`; without an experiment, the tour. */
export async function compare(
  context: Context,
  [name]: readonly string[],
  values: Options,
): Promise<ExitCode> {
  const stop = createStop(context)
  try {
    if (values.list === true) await write(context.stdout, listText())
    else await new Comparing(context, values, stop.signal).all(choose(name, values))
    stop.signal.throwIfAborted()
    return exitCodes.ok
  } catch (reason) {
    if (!(reason instanceof Stop)) throw reason
    if (reason.error !== undefined) throw reason.error
    return reason.exitCode
  }
}

/** One call of the command: its experiments, each run once or several times, and what is shown of them. */
class Comparing {
  readonly #context: Context
  readonly #values: Options
  readonly #signal: AbortSignal
  readonly #seed: number
  /** What the report will show. */
  readonly #comparisons: Comparison[] = []
  readonly #contradictions: Contradiction[] = []

  /** @throws UsageError */
  constructor(context: Context, values: Options, signal: AbortSignal) {
    this.#context = context
    this.#values = values
    this.#signal = signal
    this.#seed = values.seed ?? Buffer.from(context.randomBytes(4)).readUInt32BE() % seedLimit
    if (values.report === undefined) return
    if (values.repeat !== undefined) {
      throw new UsageError('--report shows one run, and --repeat makes several: give one of them')
    }
    checkWritable(values.report)
  }

  /** @throws ExpectationError where a claim is contradicted, when everything was shown */
  async all(chosen: readonly Experiment[]): Promise<void> {
    for (const [index, experiment] of chosen.entries()) {
      if (index > 0 && !(await this.#goesOn(experiment))) break
      const { repeat } = this.#values
      if (repeat === undefined) await this.#once(experiment)
      else await this.#repeatedly(experiment, repeat)
      this.#signal.throwIfAborted()
    }
    if (this.#values.report !== undefined) await this.#report(this.#values.report)
    checkClaims(this.#contradictions)
  }

  async #once(experiment: Experiment): Promise<void> {
    const columns = await this.#run(experiment, this.#seed)
    const comparison = {
      ...experiment,
      explanation: this.#explanation(experiment),
      columns,
      repeat: this.#commandLine(experiment),
    }
    if (this.#values.report !== undefined) this.#comparisons.push(comparison)
    if (this.#values.json === true) return
    const isPlain = this.#values.plain === true
    await write(
      this.#context.stdout,
      isPlain ? plainComparison(comparison) : renderComparison(comparison, this.#screen()),
    )
  }

  async #repeatedly(experiment: Experiment, times: number): Promise<void> {
    const showProgress = createProgress(this.#context, this.#values)
    let columns: readonly DistributionColumn[] = []
    for (let done = 0; done < times; done += 1) {
      showProgress(done, times)
      const more = tally(await this.#run(experiment, (this.#seed + done) % seedLimit))
      columns = done === 0 ? more : addTallies(columns, more)
    }
    showProgress(times, times)
    const repeat = this.#commandLine(experiment, ` --repeat ${times}`)
    const distribution = { ...experiment, columns, runs: times, repeat }
    const stamp = { experiment: experiment.name, seed: this.#seed }
    const text =
      this.#values.json === true
        ? encodeDistribution(stamp, distribution)
        : this.#values.plain === true
          ? plainDistribution(distribution)
          : renderDistribution(distribution, this.#screen())
    await write(this.#context.stdout, text)
  }

  async #run(experiment: Experiment, seed: number): Promise<readonly Result[]> {
    const { stdout, self } = this.#context
    const isJson = this.#values.json === true
    const stamp = { experiment: experiment.name, seed }
    const results = await runExperiment(
      experiment,
      seed,
      { only: this.#values.only, tls: this.#values.tls === true },
      {
        self,
        signal: this.#signal,
        hear: (subject, heard) => {
          if (isJson) stdout.stream.write(encodeHeard(stamp, subject, heard))
        },
      },
    )
    if (isJson) await write(stdout, encodeClaims(stamp, results))
    this.#contradictions.push(...contradictionsOf(experiment, seed, results))
    return results
  }

  /** A person looks at one experiment before the next one comes. */
  async #goesOn({ name }: Experiment): Promise<boolean> {
    const { stdin, stdout } = this.#context
    if (this.#values.json === true) return true
    if (stdin.kind !== 'terminal' || !stdout.isTerminal) {
      await write(stdout, '\n')
      return true
    }
    const prompt = `\n  Next: ${name}. Any key goes on, q leaves. `
    const goesOn = await awaitKey(this.#context, prompt, this.#signal)
    await write(stdout, '\n\n')
    return goesOn
  }

  async #report(path: string): Promise<void> {
    const { renderReport } = await import('../views/report.ts')
    const { version, platform, nodeVersion } = this.#context
    const about = { version, date: this.#context.date(), platform: `${platform}, Node ${nodeVersion}` }
    const page = renderReport(this.#comparisons, about)
    try {
      writeFileSync(path, page)
    } catch (error) {
      throw reportError(path, error)
    }
    await write(this.#context.stderr, `The report is in ${path}\n`)
  }

  #explanation({ explanation, tls }: Experiment): string {
    return tls !== undefined && this.#values.tls === true ? `${explanation} ${tls.explanation}` : explanation
  }

  #commandLine({ name }: Experiment, more = ''): string {
    const only = this.#values.only === undefined ? '' : ` --only ${this.#values.only.join(',')}`
    const tls = this.#values.tls === true ? ' --tls' : ''
    return `sockpit compare ${name}${only}${tls} --seed ${this.#seed}${more}`
  }

  #screen(): { readonly width: number; readonly color: boolean } {
    const { stdout } = this.#context
    return { width: this.#values.width ?? chooseWidth(stdout), color: usesColor(stdout, this.#values) }
  }
}

/** The one that was named, or the tour. @throws UsageError where there is no such one, or none with TLS */
function choose(name: string | undefined, { tls }: Options): readonly Experiment[] {
  const chosen = name === undefined ? tour : [find(name)]
  if (tls === true && chosen.some((one) => one.tls === undefined)) {
    const able = experiments.filter((one) => one.tls !== undefined)
    throw new UsageError(`--tls: TLS has a column in ${able.map((one) => one.name).join(', ')} only`)
  }
  return chosen
}

/** @throws UsageError that names the nearest one, and all */
function find(name: string): Experiment {
  const found = experiments.find((experiment) => experiment.name === name)
  if (found !== undefined) return found
  const names = experiments.map((experiment) => experiment.name)
  const near = nearest(name, names)
  const hint = near === undefined ? `there is ${names.join(', ')}` : `did you mean ${near}?`
  throw new UsageError(`"${name}" is no experiment: ${hint} (sockpit compare --list)`)
}

/** Name and question, and below them minutes and transports. */
function listText(): string {
  const width = Math.max(...experiments.map(({ name }) => name.length)) + 2
  const entries = experiments.map(({ name, question, minutes, transports, tls }) => [
    `${name.padEnd(width)}${question}\n`,
    `${' '.repeat(width)}${formatCount(minutes, 'minute')} · ${transports.join(', ')}${tls === undefined ? '' : ', and TLS with --tls'}\n`,
  ])
  return entries.flat().join('')
}

/** The full picture needs no more than this, cells. */
const fullWidth = 120

/** Where no terminal sets a width, as much as every reader has. */
function chooseWidth(stdout: Output): number {
  return Math.min(stdout.isTerminal ? stdout.width() : Math.max(80, stdout.width()), fullWidth)
}

/** Shows how far the runs are, where a person looks at a terminal meanwhile; and takes it away at the end. */
function createProgress(
  { stderr }: Context,
  { json, plain }: Options,
): (done: number, total: number) => void {
  if (json === true || plain === true || !stderr.isDrawable) return () => {}
  return (done, total) => {
    const line = done === total ? '' : renderProgress('run', done, total, stderr.width())
    stderr.stream.write(`\r${line}\x1b[K`)
  }
}

/** Said before anything is run. @throws UsageError */
function checkWritable(path: string): void {
  try {
    closeSync(openSync(path, 'a'))
  } catch (error) {
    throw reportError(path, error)
  }
}

function reportError(path: string, cause: unknown): UsageError {
  return new UsageError(`Cannot write the report "${path}": ${describeSystemError(cause)}`, { cause })
}

/** A claim that was contradicted, and the run in which it was. */
interface Contradiction {
  readonly name: string
  readonly seed: number
  readonly text: string
  readonly figures: string
}

function contradictionsOf(
  { name }: Experiment,
  seed: number,
  results: readonly Result[],
): readonly Contradiction[] {
  return results
    .flatMap((result) => ('because' in result ? [] : result.claims))
    .filter(({ verdict }) => verdict === 'contradicted')
    .map(({ text, figures }) => ({ name, seed, text, figures }))
}

/** @throws ExpectationError that names the first, and counts the others */
function checkClaims([first, ...more]: readonly Contradiction[]): void {
  if (first === undefined) return
  const { name, seed, text, figures } = first
  const others = more.length === 0 ? '' : `, and ${formatCount(more.length, 'claim')} more`
  throw new ExpectationError(`${name}: contradicted: "${text}" (${figures})${others}; with --seed ${seed}`)
}

/** Aborted with a {@link Stop} by a signal, or by an output that takes no more. */
function createStop(context: Context): AbortController {
  const stop = new AbortController()
  context.onSignal((signal) => stop.abort(new Stop(signalCodes[signal])))
  context.stdout.stream.on('error', (error) => stop.abort(stopOfOutput(error)))
  return stop
}

/** Settles when the output has taken it, or never will. */
function write({ stream }: Output, text: string): Promise<void> {
  return new Promise((resolve) => {
    stream.write(text, () => resolve())
  })
}
