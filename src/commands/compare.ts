import type { Context, Output } from '../context.ts'
import { ExpectationError, UsageError } from '../errors.ts'
import { type ExitCode, exitCodes, signalCodes } from '../exit-code.ts'
import type { Experiment, Heard } from '../experiments/experiment.ts'
import { experiments } from '../experiments/index.ts'
import { createRandom, seedLimit } from '../experiments/random.ts'
import { carryOut, judge, type Result } from '../experiments/run.ts'
import { nearest } from '../nearest.ts'
import { Stop, stopOfOutput } from '../session/stop.ts'
import { renderComparison } from '../views/columns.ts'
import { encodeEvent } from '../views/json.ts'
import { formatCount } from '../views/units.ts'
import type { compareOptions, Values } from './options.ts'
import { usesColor } from './set-up.ts'

type Options = Values<typeof compareOptions>

/** `sockpit compare [experiment]` */
export async function compare(
  context: Context,
  [name = 'boundaries']: readonly string[],
  values: Options,
): Promise<ExitCode> {
  const stop = createStop(context)
  try {
    if (values.list === true) await write(context.stdout, listText())
    else await run(findExperiment(name), context, values, stop.signal)
    stop.signal.throwIfAborted()
    return exitCodes.ok
  } catch (reason) {
    if (!(reason instanceof Stop)) throw reason
    if (reason.error !== undefined) throw reason.error
    return reason.exitCode
  }
}

/** @throws ExpectationError where a claim is contradicted */
async function run(
  experiment: Experiment,
  context: Context,
  values: Options,
  signal: AbortSignal,
): Promise<void> {
  const { self, stdout } = context
  const seed = values.seed ?? Buffer.from(context.randomBytes(4)).readUInt32BE() % seedLimit
  const stamp = { experiment: experiment.name, seed }
  const results = await Promise.all(
    experiment.plan(createRandom(seed)).map(async (column): Promise<Result> => {
      if ('because' in column) return column
      const hear = (heard: Heard): void => {
        if (values.json === true) stdout.stream.write(encodeHeard(stamp, column.transport, heard))
      }
      return judge(column, await carryOut(column, { self, signal, hear }))
    }),
  )
  if (values.json === true) await write(stdout, encodeClaims(stamp, results))
  else await write(stdout, renderScreen(experiment, results, seed, context, values))
  signal.throwIfAborted()
  checkClaims(experiment, results)
}

/** @throws UsageError that names the nearest one, and all */
function findExperiment(name: string): Experiment {
  const found = experiments.find((experiment) => experiment.name === name)
  if (found !== undefined) return found
  const names = experiments.map((experiment) => experiment.name)
  const near = nearest(name, names)
  const hint = near === undefined ? '' : `did you mean ${near}? `
  throw new UsageError(
    `"${name}" is no experiment: ${hint}There is ${names.join(', ')} (sockpit compare --list)`,
  )
}

/** Name and question, and below them minutes and transports. */
function listText(): string {
  const width = Math.max(...experiments.map(({ name }) => name.length)) + 2
  const entries = experiments.map(({ name, question, minutes, transports }) => [
    `${name.padEnd(width)}${question}\n`,
    `${' '.repeat(width)}${formatCount(minutes, 'minute')} · ${transports.join(', ')}\n`,
  ])
  return entries.flat().join('')
}

function renderScreen(
  { name, question }: Experiment,
  columns: readonly Result[],
  seed: number,
  { stdout }: Context,
  values: Options,
): string {
  const repeat = `sockpit compare ${name} --seed ${seed}`
  const width = values.width ?? chooseWidth(stdout)
  return renderComparison({ name, question, columns, repeat }, { width, color: usesColor(stdout, values) })
}

/** The full picture needs no more than this, cells. */
const fullWidth = 120

/** Where no terminal sets a width, as much as every reader has. */
function chooseWidth(stdout: Output): number {
  return Math.min(stdout.isTerminal ? stdout.width() : Math.max(80, stdout.width()), fullWidth)
}

/** What every line of JSON says of its run. */
interface Stamp {
  readonly experiment: string
  readonly seed: number
}

/** An event as the json view tells it, stamped with where it comes from. */
function encodeHeard(stamp: Stamp, transport: string, { event, ...source }: Heard): string {
  const head = JSON.stringify({ ...stamp, transport, ...source })
  return `${head.slice(0, -1)},${encodeEvent(event).slice(1)}\n`
}

/** A line for each claim with its verdict and figures; where a transport takes no part, a line that says why. */
function encodeClaims(stamp: Stamp, results: readonly Result[]): string {
  const lines = results.flatMap((result): readonly object[] => {
    const source = { ...stamp, transport: result.transport }
    if ('because' in result) return [{ ...source, because: result.because }]
    return result.claims.map(({ text, verdict, figures }) => ({ ...source, claim: text, verdict, figures }))
  })
  return lines.map((line) => `${JSON.stringify(line)}\n`).join('')
}

function checkClaims({ name }: Experiment, results: readonly Result[]): void {
  const claims = results.flatMap((result) => ('because' in result ? [] : result.claims))
  const [first, ...more] = claims.filter(({ verdict }) => verdict === 'contradicted')
  if (first === undefined) return
  const others = more.length === 0 ? '' : `, and ${formatCount(more.length, 'claim')} more`
  throw new ExpectationError(`${name}: contradicted: "${first.text}" (${first.figures})${others}`)
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
