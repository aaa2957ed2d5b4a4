import { NetworkError, TimeoutError } from '../errors.ts'
import { formatDuration } from '../views/units.ts'
import { ActorProcess } from './actor-process.ts'
import type { Abstention, Actor, Claim, Evidence, Heard, Judgement, Part, Step, Trial } from './experiment.ts'

/** A part that was carried out, and how its claims fared. */
export type Judged = Omit<Part, 'claims'> & {
  readonly heard: Evidence
  readonly claims: readonly (Pick<Claim, 'text'> & Judgement)[]
}

export type Result = Judged | Abstention

/** How long one part may take in all: far more than it needs, since the machine may be busy. */
const usualLimitMs = 10_000

export interface Surroundings {
  /** The command that starts sockpit. */
  readonly self: readonly [string, ...string[]]
  /** Ends the run: it rejects with the signal's reason. */
  readonly signal: AbortSignal
  /** How long it may take in all, milliseconds (10,000). */
  readonly limitMs?: number
  /** Told of everything as it is heard. */
  hear(heard: Heard): void
}

/**
 * Carries out one transport's part of an experiment; all its processes are gone when it settles.
 * @throws TimeoutError, NetworkError where it cannot be carried out to its end
 */
export async function carryOut(part: Part, surroundings: Surroundings): Promise<Evidence> {
  const run = new Run(part.title, surroundings)
  try {
    for (const actor of part.actors) await run.start(actor)
    for (const trial of part.trials) await run.carryOut(trial)
    await run.end()
    return run.evidence
  } finally {
    await run.cleanUp()
  }
}

/** Puts every claim of a part to the evidence. */
export function judge(part: Part, heard: Evidence): Judged {
  const claims = part.claims.map(({ text, judge }) => ({ text, ...judge(heard) }))
  return { ...part, heard, claims }
}

/** What is told of a process that is held: nobody else could. */
const processNotes = {
  stop: 'the process is stopped (SIGSTOP); what arrives now waits in the kernel',
  continue: 'the process goes on (SIGCONT)',
} as const

class Run {
  readonly evidence: Heard[] = []
  readonly #title: string
  readonly #surroundings: Surroundings
  readonly #actors = new Map<string, ActorProcess>()
  readonly #stop = new AbortController()
  readonly #limit: NodeJS.Timeout
  #trial: string | undefined
  #step = 0
  #noted = 0
  /** What is waited for, in words, and how to see whether it is there. */
  #awaited = 'the start'
  #look = (): void => {}

  constructor(title: string, surroundings: Surroundings) {
    this.#title = title
    this.#surroundings = surroundings
    const { limitMs = usualLimitMs } = surroundings
    this.#limit = setTimeout(() => this.#onLimit(limitMs), limitMs)
    this.#stop.signal.addEventListener('abort', () => this.#look())
    surroundings.signal.addEventListener('abort', this.#onAbort)
    if (surroundings.signal.aborted) this.#onAbort()
  }

  async start(actor: Actor): Promise<void> {
    const { name } = actor
    const started = new ActorProcess(this.#surroundings.self, actor.words(this.evidence), {
      hear: (event) => this.#hear({ actor: name, trial: this.#trial, step: this.#step, event }),
      died: (how) => this.#stop.abort(new NetworkError(`${this.#title}: the ${name} ${how}`)),
    })
    this.#actors.set(name, started)
    await this.#until(`the ${name} to be ready`, () => actor.isReady(this.evidence))
  }

  /** Each step begins when what the one before it leads to was heard. */
  async carryOut({ name, steps }: Trial): Promise<void> {
    const from = this.evidence.length
    this.#trial = name
    for (const step of steps) {
      this.#step += 1
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
  }

  /** The answer says what was done. */
  #carryOutStep(step: Step): string {
    const actor = this.#actors.get(step.actor)
    if ('line' in step) {
      actor?.say(step.line)
      return step.line
    }
    actor?.hold(step.process)
    this.#noted += 1
    const event = {
      kind: 'note',
      seq: this.#noted,
      at: 0,
      socket: 'process',
      text: processNotes[step.process],
    } as const
    this.#hear({ actor: step.actor, trial: this.#trial, step: this.#step, event })
    return step.process
  }

  #hear(heard: Heard): void {
    this.evidence.push(heard)
    this.#surroundings.hear(heard)
    this.#look()
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
