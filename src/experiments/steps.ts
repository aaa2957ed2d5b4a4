/** Steps, as a trial lists them: what is done, then what has to be heard before the next one begins. */
import { all, type Condition } from './conditions.ts'
import type { Actor, HandStep, LineStep, ProcessStep, StartStep } from './experiment.ts'

/** The actor carries out a line of the language, or several. */
export function say(
  actor: string,
  line: string | readonly string[],
  ...until: readonly Condition[]
): LineStep {
  return { actor, lines: typeof line === 'string' ? [line] : line, isDone: all(...until) }
}

/** The actor's process stands still. */
export function stop(actor: string, ...until: readonly Condition[]): ProcessStep {
  return { actor, process: 'stop', isDone: all(...until) }
}

/** The actor's process goes on. */
export function goOn(actor: string, ...until: readonly Condition[]): ProcessStep {
  return { actor, process: 'continue', isDone: all(...until) }
}

/** The actor's process is killed. */
export function kill(actor: string, ...until: readonly Condition[]): ProcessStep {
  return { actor, process: 'kill', isDone: all(...until) }
}

/** One more actor takes part. */
export function start(actor: Actor): StartStep {
  return { start: actor }
}

/** A person runs a command line in a terminal. */
export function run(terminal: number, line: string): HandStep {
  return { terminal, does: 'run', line }
}

/** A person types lines into what runs in a terminal. */
export function type(terminal: number, ...lines: readonly string[]): readonly HandStep[] {
  return lines.map((line) => ({ terminal, does: 'type', line }))
}
