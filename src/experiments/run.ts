import { NetworkError, TimeoutError } from '../errors.ts'
import { type Event, msSince, type ProcessEvent, type Transport } from '../event.ts'
import { type ColumnSubject, columnTitle } from '../views/comparison.ts'
import { formatDuration } from '../views/units.ts'
import { ActorProcess, type Exit } from './actor-process.ts'
import type {
  Abstention,
  Actor,
  Claim,
  Evidence,
  Experiment,
  Heard,
  Judgement,
  LineStep,
  Part,
  ProcessStep,
  Trial,
} from './experiment.ts'
import { removeFolder, writeFiles } from './files.ts'
import { createRandom } from './random.ts'

/** A part that was carried out, and how its claims fared. */
export type Judged = Omit<Part, 'claims'> & {
  readonly heard: Evidence
  readonly claims: readonly (Pick<Claim, 'text'> & Judgement)[]
}

export type Result = Judged | Abstention

/** How long one part may take in all: far more than it needs, since the machine may be busy. */
const usualLimitMs = 15_000

export interface Surroundings {
  /** The command that starts sockpit. */
  readonly self: readonly [string, ...string[]]
  /** Ends the run: it rejects with the signal's reason. */
  readonly signal: AbortSignal
  /** How long it may take in all, milliseconds (15,000). */
  readonly limitMs?: number
  /** Told of everything as it is heard. */
  hear(heard: Heard): void
}

/**
 * Carries out one transport's part of an experiment; all its processes are gone when it settles.
 * @throws TimeoutError, NetworkError where it cannot be carried out to its end
 */
export async function carryOut(part: Part, surroundings: Surroundings): Promise<Evidence> {
  const run = new Run(part, surroundings)
  try {
    for (const actor of part.actors) await run.start(actor)
    for (const trial of part.trials) await run.carryOut(trial)
    await run.end()
    return run.evidence
  } finally {
    await run.cleanUp()
  }
}

/** What a whole experiment is carried out with. */
export interface ExperimentSurroundings extends Omit<Surroundings, 'hear'> {
  /** Told of everything as it is heard. */
  hear(subject: ColumnSubject, heard: Heard): void
}

/** Which columns are wanted. */
export interface Choice {
  /** All of them where undefined. */
  readonly only: readonly Transport[] | undefined
  /** The column of TLS, too. */
  readonly tls: boolean
}

/**
 * Runs an experiment once: all its transports at the same time, or those that are asked for. Where one of them cannot
 * be carried out, the others are stopped, too; nothing of any of them is left when it settles.
 * @throws TimeoutError, NetworkError, or the reason of the signal
 */
export async function runExperiment(
  experiment: Experiment,
  seed: number,
  { only, tls }: Choice,
  { hear, signal, ...surroundings }: ExperimentSurroundings,
): Promise<readonly Result[]> {
  const stop = new AbortController()
  const either = AbortSignal.any([signal, stop.signal])
  const columns = experiment
    .plan(createRandom(seed))
    .filter(({ transport }) => only === undefined || only.includes(transport))
  const secured = tls ? experiment.tls?.plan(createRandom(seed)) : undefined
  const runs = [...columns, ...(secured === undefined ? [] : [secured])].map(
    async (column): Promise<Result> => {
      if ('because' in column) return column
      const hearHere = (heard: Heard): void => hear(column, heard)
      try {
        return judge(column, await carryOut(column, { ...surroundings, signal: either, hear: hearHere }))
      } catch (error) {
        stop.abort(error)
        throw error
      }
    },
  )
  await Promise.allSettled(runs)
  return Promise.all(runs)
}

/** Puts every claim of a part to the evidence. */
export function judge(part: Part, heard: Evidence): Judged {
  const claims = part.claims.map(({ text, judge }) => ({ text, ...judge(heard) }))
  return { ...part, heard, claims }
}

/** What is told of a process to which something was done: nobody else could. */
const done = { stop: 'stopped', continue: 'continued', kill: 'killed' } as const

class Run {
  readonly evidence: Heard[] = []
  readonly #title: string
  readonly #surroundings: Surroundings
  readonly #folder: string | undefined
  readonly #startedAt = performance.now()
  readonly #actors = new Map<string, ActorProcess>()
  readonly #stop = new AbortController()
  readonly #limit: NodeJS.Timeout
  #trial: string | undefined
  #step = 0
  /** How often the run itself has told something. */
  #told = 0
  /** What is waited for, in words, and how to see whether it is there. */
  #awaited = 'the start'
  #look = (): void => {}
  #willLook = false

  constructor(part: Part, surroundings: Surroundings) {
    const { files } = part
    this.#title = columnTitle(part)
    this.#surroundings = surroundings
    this.#folder = files === undefined ? undefined : writeFiles(files)
    const { limitMs = usualLimitMs } = surroundings
    this.#limit = setTimeout(() => this.#onLimit(limitMs), limitMs)
    this.#stop.signal.addEventListener('abort', () => this.#look())
    surroundings.signal.addEventListener('abort', this.#onAbort)
    if (surroundings.signal.aborted) this.#onAbort()
  }

  async start(actor: Actor): Promise<void> {
    const { name } = actor
    const from = this.evidence.length
    const { self } = this.#surroundings
    const started = new ActorProcess(self, actor.words(this.evidence), this.#folder, {
      hear: (event) => this.#hear(name, event),
      left: (exit) => this.#onLeft(actor, exit),
      failed: (how) => this.#stop.abort(new NetworkError(`${this.#title}: the ${name} ${how}`)),
    })
    this.#actors.set(name, started)
    await this.#until(`the ${name} to be ready`, () => actor.isReady(this.evidence.slice(from)))
  }

  /** Each step begins when what the one before it leads to was heard. */
  async carryOut({ name, steps }: Trial): Promise<void> {
    const from = this.evidence.length
    this.#trial = name
    for (const step of steps) {
      this.#step += 1
      if ('start' in step) {
        await this.start(step.start)
        continue
      }
      const what = this.#carryOutStep(step)
      await this.#until(`what "${what}" of the ${step.actor} leads to`, () =>
        step.isDone(this.evidence.slice(from)),
      )
    }
    this.#trial = undefined
    this.#step = 0
  }

  /** Lets everybody end as a person would. */
  async end(): Promise<void> {
    let left = this.#actors.size
    const leave = (): void => {
      left -= 1
      this.#look()
    }
    for (const actor of this.#actors.values()) void actor.quit().then(leave)
    await this.#until('everybody to end', () => left === 0)
  }

  async cleanUp(): Promise<void> {
    clearTimeout(this.#limit)
    this.#surroundings.signal.removeEventListener('abort', this.#onAbort)
    await Promise.all([...this.#actors.values()].map((actor) => actor.kill()))
    if (this.#folder !== undefined) removeFolder(this.#folder)
  }

  /** The answer says what was done. */
  #carryOutStep(step: LineStep | ProcessStep): string {
    const actor = this.#actors.get(step.actor)
    if ('lines' in step) {
      actor?.say(step.lines)
      return step.lines.at(-1) ?? ''
    }
    actor?.signal(step.process)
    this.#tell(step.actor, { kind: 'process', what: done[step.process] })
    return step.process
  }

  /** One that ended by itself: evidence, or the end of everything. */
  #onLeft({ name, leaves }: Actor, exit: Exit): void {
    this.#actors.delete(name)
    if (leaves === true) {
      this.#tell(name, { kind: 'process', what: 'exited', ...exit })
      return
    }
    const { exitCode, message = 'it gave no reason' } = exit
    const how = exitCode === undefined ? 'was ended by a signal' : `ended with exit code ${exitCode}`
    this.#stop.abort(new NetworkError(`${this.#title}: the ${name} ${how}: ${message}`))
  }

  #tell(actor: string, body: ProcessEvent): void {
    this.#told += 1
    this.#hear(actor, { ...body, seq: this.#told, at: this.#now(), socket: 'process' })
  }

  #hear(actor: string, event: Event): void {
    const heard = { actor, trial: this.#trial, step: this.#step, heardAt: this.#now(), event }
    this.evidence.push(heard)
    this.#surroundings.hear(heard)
    this.#lookSoon()
  }

  /** Once for everything that came together: looking costs as much as all the evidence is long. */
  #lookSoon(): void {
    if (this.#willLook) return
    this.#willLook = true
    setImmediate(() => {
      this.#willLook = false
      this.#look()
    })
  }

  #now(): number {
    return msSince(this.#startedAt, performance.now())
  }

  /** Settles when it is so; rejects with the reason when the run is stopped before. */
  async #until(what: string, isSo: () => boolean): Promise<void> {
    const { signal } = this.#stop
    this.#awaited = what
    await new Promise<void>((resolve, reject) => {
      this.#look = () => {
        if (signal.aborted) reject(signal.reason)
        else if (isSo()) resolve()
      }
      this.#look()
    })
  }

  #onLimit(limitMs: number): void {
    const what = `${this.#title}: waited in vain for ${this.#awaited}`
    const limit = `a run may take ${formatDuration(limitMs)} in all`
    this.#stop.abort(new TimeoutError(`${what}: ${limit}. Is the machine very busy? Try again.`))
  }

  readonly #onAbort = (): void => this.#stop.abort(this.#surroundings.signal.reason)
}
