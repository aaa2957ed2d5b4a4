import { boundaries } from './boundaries.ts'
import type { Experiment } from './experiment.ts'

/** Every experiment, in the order in which a person should meet them. */
export const experiments: readonly Experiment[] = [boundaries]
