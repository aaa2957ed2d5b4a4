import { cutCells } from '../views/cells.ts'
import type { Key } from './keys.ts'

/** What a key did: another one is marked, one was taken, or the picker has nothing to do with it. */
export type Picked<Choice> = 'moved' | { readonly choice: Choice } | 'left' | 'other'

const hint = '← → choose · Enter takes it · Esc leaves'
const gap = '  '
/** From this width on there is room for more than choices. */
const roomForLabel = 40

/** A row of choices, of which one is marked: the arrows move the mark, Enter takes it. */
export class Picker<Choice extends string | number> {
  readonly #label: string
  readonly #choices: readonly Choice[]
  #at: number

  constructor(label: string, choices: readonly Choice[], marked: Choice) {
    this.#label = label
    this.#choices = choices
    this.#at = Math.max(0, choices.indexOf(marked))
  }

  take({ name }: Key): Picked<Choice> {
    if (name === 'escape') return 'left'
    const choice = this.#choices[this.#at]
    if ((name === 'return' || name === 'enter') && choice !== undefined) return { choice }
    const step = name === 'right' || name === 'down' ? 1 : name === 'left' || name === 'up' ? -1 : 0
    if (step === 0) return 'other'
    this.#at = (this.#at + step + this.#choices.length) % this.#choices.length
    return 'moved'
  }

  /** The row within the width; where not all choices fit, those around the marked one. */
  row(width: number): string {
    const words = this.#choices.map((choice, index) => wordOf(choice, index === this.#at))
    const label = width < roomForLabel ? '' : this.#label + gap
    const row = label + around(words, this.#at, width - 1 - label.length).join(' ')
    return row.length + gap.length + hint.length < width ? row + gap + hint : cutCells(row, width - 1)
  }
}

function wordOf(choice: string | number, isMarked: boolean): string {
  const word = typeof choice === 'number' ? `#${choice}` : choice
  return isMarked ? `[${word}]` : ` ${word} `
}

/** The words around one of them, as many as fit into the room, the rest told by `…`. */
function around(words: readonly string[], at: number, room: number): readonly string[] {
  let [from, to] = [at, at + 1]
  let used = (words[at] ?? '').length
  for (;;) {
    const [before, after] = [words[from - 1], words[to]]
    const next = after !== undefined && (before === undefined || to - at <= at - from) ? after : before
    if (next === undefined || used + next.length + 5 > room) break
    used += next.length + 1
    if (next === after) to += 1
    else from -= 1
  }
  return [...(from > 0 ? ['…'] : []), ...words.slice(from, to), ...(to < words.length ? ['…'] : [])]
}
