/**
 * The form of an experiment: data over the product itself.
 *
 * Its actors are sockpit's own commands, each a process of its own, driven in the one language. What they
 * tell is its evidence, and its claims are pure functions of that evidence alone: what is expected comes
 * from the sender's log, never from the plan. So a claim can fail, and anybody can repeat the run by hand.
 */
import type { Event, Transport } from '../event.ts'
import type { Random } from './random.ts'

export interface Experiment {
  readonly name: string
  /** What a person may ask, and sees answered. */
  readonly question: string
  /** How long it takes to look at it and to understand. */
  readonly minutes: number
  readonly transports: readonly Transport[]
  /** One run: a column for each transport. Whatever is random in it is the same in all of them. */
  plan(random: Random): readonly Column[]
}

/** What one transport does, or why it cannot take part. */
export type Column = Part | Abstention

export interface Abstention {
  readonly transport: Transport
  /** `UDP · datagrams` */
  readonly title: string
  readonly because: string
}

export interface Part {
  readonly transport: Transport
  /** `TCP · stream` */
  readonly title: string
  /** Who acts on the left of the screen, and who on the right; they are started in this order. */
  readonly left: string
  readonly right: string
  readonly actors: readonly Actor[]
  /** One after the other, on the same connection: first the control, then what stands beside it. */
  readonly trials: readonly Trial[]
  readonly claims: readonly Claim[]
  /** Why it is so, in two sentences. */
  readonly explanation: string
  readonly byHand: readonly HandStep[]
}

/** A command of sockpit in a process of its own. */
export interface Actor {
  readonly name: string
  /** The words after `sockpit`, made from what those before it have told. */
  words(heard: Evidence): readonly string[]
  /** Whether it can take part now. */
  isReady(heard: Evidence): boolean
}

export interface Trial {
  readonly name: string
  /** What sets it apart. */
  readonly title: string
  readonly steps: readonly Step[]
}

/** What is done with one actor, and what has to be heard before the next step begins. */
export type Step = LineStep | ProcessStep

interface AnyStep {
  readonly actor: string
  /** Whether all that this step leads to was heard, given what was heard in this trial. */
  isDone(heard: Evidence): boolean
}

/** A line of the language. */
export interface LineStep extends AnyStep {
  readonly line: string
}

/** The whole process stands still, or goes on: what reaches it meanwhile waits in the kernel. */
export interface ProcessStep extends AnyStep {
  readonly process: 'stop' | 'continue'
}

/** What a person does in one of two terminals: run a command line, or type a line into what runs there. */
export interface HandStep {
  readonly terminal: 1 | 2
  readonly does: 'run' | 'type'
  readonly line: string
}

/** An event, who told it, and in which step it was heard; of what is done to a process, a note tells. */
export interface Heard {
  readonly actor: string
  /** The name of the trial; undefined before the first one and after the last. */
  readonly trial: string | undefined
  /** Counts from 1 within the trial; 0 outside of one. */
  readonly step: number
  readonly event: Event
}

/** Everything that was heard, in that order. */
export type Evidence = readonly Heard[]

export interface Claim {
  readonly text: string
  readonly judge: (evidence: Evidence) => Judgement
}

/** An invariant that does not hold is contradicted; what only tends to happen may be not observed. */
export type Verdict = 'observed' | 'not observed this run' | 'contradicted' | 'not supported here'

export interface Judgement {
  readonly verdict: Verdict
  /** What was counted and measured, in words: the proof. */
  readonly figures: string
}
