/**
 * The form of an experiment: data over the product itself.
 *
 * Its actors are sockpit's own commands, each a process of its own, driven in the one language. What they
 * tell is its evidence, and its claims are pure functions of that evidence alone: what is expected comes
 * from the sender's log, never from the plan. So a claim can fail, and anybody can repeat the run by hand.
 */
import type { Event, Transport } from '../event.ts'
import type { ColumnSubject } from '../views/comparison.ts'
import type { Random } from './random.ts'

export interface Experiment {
  readonly name: string
  /** What a person may ask, and sees answered. */
  readonly question: string
  /** Why it is so, in two sentences. */
  readonly explanation: string
  /** How long it takes to look at it and to understand. */
  readonly minutes: number
  readonly transports: readonly Transport[]
  /** One run: a column for each transport. Whatever is random in it is the same in all of them. */
  plan(random: Random): readonly Column[]
  /** Where TLS has something to show, too. */
  readonly tls?: OverTls
}

/** One more column of an experiment. */
export interface OverTls {
  /** A sentence more, on why it is so. */
  readonly explanation: string
  /** Its random draws are those of the experiment's own plan. */
  plan(random: Random): Part
}

/** What one transport does, or why it cannot take part. */
export type Column = Part | Abstention

export interface Abstention extends ColumnSubject {
  readonly because: string
}

export interface Part extends ColumnSubject {
  /** Who acts on the left of the screen (`client`), and who on the right (`server`). */
  readonly left?: readonly string[]
  readonly right?: readonly string[]
  /** What the right side sends back is no part of the experiment, and is left out of the picture. */
  readonly isOneWay?: true
  /** The upgrade itself is the lesson: both heads are shown, and how the accept is worked out. */
  readonly showsUpgrade?: true
  /** Files that the actors find where they are started, by their names. */
  readonly files?: Readonly<Record<string, Uint8Array>>
  /** Started in this order, before the first trial. */
  readonly actors: readonly Actor[]
  /** One after the other: first the control, then what stands beside it. */
  readonly trials: readonly Trial[]
  readonly claims: readonly Claim[]
  readonly byHand: readonly HandStep[]
}

/** A command of sockpit in a process of its own. */
export interface Actor {
  readonly name: string
  /** It may end by itself: how it did is evidence then. Of the others nobody may. */
  readonly leaves?: true
  /** The words after `sockpit`, made from what was told so far. */
  words(heard: Evidence): readonly string[]
  /** Whether it can take part now, given what was heard since it was started. */
  isReady(heard: Evidence): boolean
}

export interface Trial {
  readonly name: string
  /** What sets it apart. */
  readonly title: string
  readonly steps: readonly Step[]
}

/** What is done with one actor, and what has to be heard before the next step begins. */
export type Step = LineStep | ProcessStep | StartStep

interface AnyStep {
  readonly actor: string
  /** Whether all that this step leads to was heard, given what was heard in this trial. */
  isDone(heard: Evidence): boolean
}

/** Lines of the language, one after the other. */
export interface LineStep extends AnyStep {
  readonly lines: readonly string[]
}

/**
 * The whole process stands still, or goes on: what reaches it meanwhile waits in the kernel. Or it is killed,
 * and the kernel closes what it had open.
 */
export interface ProcessStep extends AnyStep {
  readonly process: 'stop' | 'continue' | 'kill'
}

/** One more actor takes part from here on; the step is over when it can. It may bear the name of one that has left. */
export interface StartStep {
  readonly start: Actor
}

/** What a person does in one of some terminals: run a command line, or type a line into what runs there. */
export interface HandStep {
  readonly terminal: number
  readonly does: 'run' | 'type'
  readonly line: string
}

/** An event, who told it, and in which step it was heard; of the process itself, who runs it tells. */
export interface Heard {
  readonly actor: string
  /** The name of the trial; undefined before the first one and after the last. */
  readonly trial: string | undefined
  /** Counts from 1 within the trial; 0 outside of one. */
  readonly step: number
  /** When it was heard, milliseconds since the run began: the one clock that all share. */
  readonly heardAt: number
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
