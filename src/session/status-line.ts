import type { Output } from '../context.ts'
import { cutCells } from '../views/cells.ts'
import { escapeText } from '../views/escape.ts'
import type { Screen, TypedLine } from './screen.ts'

/** How long something may take before it is said, milliseconds: what is quick must not flicker. */
const patienceMs = 300

/** The last row of a terminal while something is under way and nothing can be typed yet. */
export class StatusLine implements TypedLine {
  readonly #text: string
  readonly #output: Output
  readonly #screen: Screen
  readonly #timer: NodeJS.Timeout
  #isShown = false

  constructor(text: string, output: Output, screen: Screen) {
    this.#text = escapeText(text)
    this.#output = output
    this.#screen = screen
    this.#timer = setTimeout(() => {
      screen.typedLine = this
      this.show()
    }, patienceMs)
  }

  hide(): void {
    if (this.#isShown) this.#output.stream.write('\r\x1b[J')
    this.#isShown = false
  }

  show(): void {
    this.#output.stream.write(cutCells(this.#text, this.#output.width() - 1))
    this.#isShown = true
  }

  /** Takes it off the screen for good. */
  end(): void {
    clearTimeout(this.#timer)
    this.hide()
    if (this.#screen.typedLine === this) this.#screen.typedLine = undefined
  }
}
