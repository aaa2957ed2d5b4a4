/** What the columns of `boundaries` have in common: the words are sent one by one, by the client. */
import type { HandStep, LineStep } from './experiment.ts'

/** The client sends a word. */
export function send(word: string): Pick<LineStep, 'actor' | 'line'> {
  return { actor: 'client', line: `/send ${word}` }
}

/** A person types the words into the client. */
export function typeWords(words: readonly string[]): readonly HandStep[] {
  return words.map((line) => ({ terminal: 2, does: 'type', line }))
}

/** Why what was heard did not come in the order that the trial asks for; undefined where it did. */
export function faultOfOrder(heard: readonly string[], expected: readonly string[]): string | undefined {
  const stages = heard.filter((what, index) => what !== heard[index - 1])
  if (String(stages) === String(expected)) return undefined
  return `the order was ${stages.join(', ')} instead of ${expected.join(', ')}`
}
