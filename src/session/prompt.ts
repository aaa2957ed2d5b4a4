import { createInterface, type Interface } from 'node:readline'
import { setImmediate } from 'node:timers/promises'
import type { Action } from '../action.ts'
import type { Context, Output } from '../context.ts'
import { ExpectationError, SockpitError } from '../errors.ts'
import { complete } from './completion.ts'
import type { History } from './history.ts'
import type { Interpreter } from './interpreter.ts'
import type { Screen, TypedLine } from './screen.ts'

export interface PromptOptions {
  readonly context: Context
  readonly interpreter: Interpreter
  readonly screen: Screen
  readonly history: History | undefined
  peers(): readonly number[]
  /** Ctrl-C. */
  interrupt(): void
}

/** The line that is being typed in a terminal: events are shown above it without tearing it. */
export class Prompt implements TypedLine {
  readonly #options: PromptOptions
  readonly #output: Output
  readonly #readline: Interface
  readonly #signal: AbortSignal
  #isShown = true
  /** Settles when every line before has been carried out. */
  #before: Promise<void> = Promise.resolve()

  constructor(options: PromptOptions, signal: AbortSignal) {
    const { context, history, interpreter } = options
    this.#options = options
    this.#signal = signal
    this.#output = context.stdout.isTerminal ? context.stdout : context.stderr
    this.#readline = createInterface({
      input: context.stdin.stream(),
      output: this.#output.stream,
      terminal: this.#output.isTerminal,
      history: [...(history?.lines ?? [])].reverse(),
      historySize: 1_000,
      removeHistoryDuplicates: true,
      completer: (line: string) => complete(line, { ...interpreter.dialect, peers: options.peers() }),
    })
    this.#readline.on('SIGINT', () => options.interrupt())
    // Ctrl-Z and back: readline pauses its input and leaves the rest to whoever listens.
    this.#readline.on('SIGCONT', () => this.#prompt())
  }

  /** Reads lines until the end of input (Ctrl-D) or the signal. */
  async run(): Promise<void> {
    const { screen } = this.#options
    screen.typedLine = this
    this.#output.stream.prependListener('resize', this.#onResize)
    this.#prompt()
    await new Promise<void>((resolve) => {
      this.#readline.on('line', (line) => this.#onLine(line))
      this.#readline.on('close', () => resolve())
      this.#signal.addEventListener('abort', () => this.#readline.close())
      if (this.#signal.aborted) this.#readline.close()
    })
    this.hide()
    screen.typedLine = undefined
    this.#output.stream.off('resize', this.#onResize)
    await this.#before
  }

  /** Takes the line off the screen, so that whole lines can be written where it stood. */
  hide(): void {
    if (!this.#isShown) return
    this.#isShown = false
    const { rows } = this.#readline.getCursorPos()
    const up = rows > 0 ? `\x1b[${rows}A` : ''
    this.#output.stream.write(`${up}\r\x1b[J`)
  }

  /** Puts it back, on a row of its own. */
  show(): void {
    if (this.#signal.aborted) return
    this.#isShown = true
    this.#setRowsAbove(0)
    this.#prompt()
  }

  /** The terminal has laid the line out anew, in other rows than readline remembers. */
  readonly #onResize = (): void => this.#setRowsAbove(this.#readline.getCursorPos().rows)

  /** How far readline goes up before it draws the line again: it has no call for this. */
  #setRowsAbove(rows: number): void {
    Object.assign(this.#readline, { prevRows: rows })
  }

  #prompt(): void {
    if (this.#signal.aborted) return
    const { chosen } = this.#options.interpreter
    const mark = chosen === undefined ? '> ' : `#${chosen}> `
    // Where the data goes elsewhere, it may come back to this very terminal: no mark may stand before it.
    this.#readline.setPrompt(this.#options.context.stdout.isTerminal ? mark : '')
    this.#readline.prompt(true)
  }

  /** Each line is carried out in its turn; what must work while a peer keeps us waiting does not wait long. */
  #onLine(line: string): void {
    const { history, interpreter, screen } = this.#options
    history?.add(line)
    try {
      const action = interpreter.parse(line)
      const turn = isUrgent(action) ? Promise.race([this.#before, setImmediate()]) : this.#before
      const done = turn.then(() => this.#carryOut(action))
      this.#before = Promise.all([this.#before, done]).then(() => {})
    } catch (error) {
      if (!(error instanceof SockpitError)) throw error
      screen.error(error.message)
    }
    this.#prompt()
  }

  async #carryOut(action: Action): Promise<void> {
    const { interpreter, screen } = this.#options
    try {
      await interpreter.carryOut(action)
    } catch (error) {
      if (this.#signal.aborted) return
      if (!(error instanceof SockpitError)) throw error
      // The event has told of an expectation that failed, and what came instead.
      if (!(error instanceof ExpectationError)) screen.error(error.message)
    }
    this.#prompt()
  }
}

const urgentKinds: ReadonlySet<string> = new Set([
  'reset',
  'kick',
  'pause',
  'resume',
  'set',
  'peers',
  'stats',
  'help',
  'quit',
] satisfies Action['kind'][])

function isUrgent(action: Action): boolean {
  if (action.kind === 'to') return action.action === undefined || isUrgent(action.action)
  return urgentKinds.has(action.kind)
}
