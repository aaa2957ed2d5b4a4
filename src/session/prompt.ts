import { createInterface, type Interface } from 'node:readline'
import type { Readable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import type { Action, Peers } from '../action.ts'
import type { Context, Output } from '../context.ts'
import { ExpectationError, SockpitError } from '../errors.ts'
import { group } from '../quantities.ts'
import { wrapWords } from '../views/cells.ts'
import { complete } from './completion.ts'
import type { History } from './history.ts'
import type { Interpreter } from './interpreter.ts'
import { interceptKeys, isKeyInput, type Key } from './keys.ts'
import { leavePastes, longestPaste, markPastes, Paste, type Pasted } from './paste.ts'
import { Picker } from './picker.ts'
import type { Screen, TypedLine } from './screen.ts'
import type { Standing } from './standing.ts'

export interface PromptOptions {
  readonly context: Context
  readonly interpreter: Interpreter
  readonly screen: Screen
  readonly history: History | undefined
  readonly standing: Standing
  peers(): readonly number[]
  /** Ctrl-C. */
  interrupt(): void
  /** Whether the line is never drawn anew: whoever has it read aloud would hear it again and again. */
  readonly isPlain: boolean
}

/** How much of the width may say how things stand. */
const mostOfWidth = 0.6

/** The line that is being typed in a terminal: events are shown above it without tearing it. */
export class Prompt implements TypedLine {
  readonly #options: PromptOptions
  readonly #output: Output
  readonly #input: Readable
  /** Else the terminal itself echoes what is typed, and events come between. */
  readonly #isDrawn: boolean
  readonly #readline: Interface
  readonly #signal: AbortSignal
  readonly #paste = new Paste()
  /** Whom the lines are to mean, while that is being chosen. */
  #picker: Picker<Peers> | undefined
  #isShown = true
  /** Readline takes no call after its end, which may come before we have left the screen. */
  #isClosed = false
  /** Settles when every line before has been carried out. */
  #before: Promise<void> = Promise.resolve()

  constructor(options: PromptOptions, signal: AbortSignal) {
    const { context, history, interpreter } = options
    this.#options = options
    this.#signal = signal
    this.#output = context.stdout.isTerminal ? context.stdout : context.stderr
    this.#isDrawn = this.#output.isDrawable && !options.isPlain
    this.#input = context.stdin.stream()
    this.#readline = createInterface({
      input: this.#input,
      output: this.#output.stream,
      terminal: this.#isDrawn,
      history: [...(history?.lines ?? [])].reverse(),
      historySize: 1_000,
      removeHistoryDuplicates: true,
      completer: (line: string) => complete(line, { ...interpreter.dialect, peers: options.peers() }),
    })
    this.#readline.on('SIGINT', () => options.interrupt())
    this.#readline.on('SIGTSTP', () => options.context.suspend())
    // Its input's, that is: a terminal that is lost. Whoever opened it knows, and ends us.
    this.#readline.on('error', () => {})
  }

  /** Reads lines until the end of input (Ctrl-D) or the signal. */
  async run(): Promise<void> {
    const leave = this.#isDrawn ? this.#draw() : () => {}
    await new Promise<void>((resolve) => {
      this.#readline.on('line', (line) => this.#onLine(line))
      this.#readline.on('close', () => {
        this.#isClosed = true
        resolve()
      })
      this.#signal.addEventListener('abort', () => this.#readline.close())
      if (this.#signal.aborted) this.#readline.close()
    })
    leave()
    await this.#before
  }

  /** Takes the line off the screen, so that whole lines can be written where it stood. */
  hide(): void {
    if (!this.#isShown) return
    this.#isShown = false
    const rows = this.#picker === undefined ? this.#readline.getCursorPos().rows : 0
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

  /** Draws the line until the answer is called. */
  #draw(): () => void {
    const { context, screen } = this.#options
    const { stream } = this.#output
    const onResize = (): void => this.#setRowsAbove(this.#readline.getCursorPos().rows)
    screen.typedLine = this
    // The terminal has laid the line out anew, in other rows than readline remembers.
    stream.prependListener('resize', onResize)
    const leaveKeys = interceptKeys(this.#input, (key) => this.#takeKey(key))
    const forgetStops = context.onStop(
      () => this.#leaveModes(),
      () => this.#takeModes(),
    )
    stream.write(markPastes)
    this.#prompt()
    const leaveScreen = (): void => {
      stream.write(leavePastes)
      this.hide()
    }
    const forgetCrash = context.onCrash(leaveScreen)
    return () => {
      forgetStops()
      forgetCrash()
      leaveScreen()
      this.#picker = undefined
      leaveKeys()
      stream.off('resize', onResize)
      screen.typedLine = undefined
    }
  }

  #leaveModes(): void {
    this.#output.stream.write(leavePastes)
    if (isKeyInput(this.#input)) this.#input.setRawMode(false)
  }

  /** Whatever the terminal was used for meanwhile: what is set already, Node would not set again. */
  #takeModes(): void {
    this.#leaveModes()
    if (isKeyInput(this.#input)) this.#input.setRawMode(true)
    this.#output.stream.write(markPastes)
    // Readline pauses its input and leaves the rest to whoever listens.
    this.#prompt()
  }

  /** How far readline goes up before it draws the line again: it has no call for this. */
  #setRowsAbove(rows: number): void {
    Object.assign(this.#readline, { prevRows: rows })
  }

  #prompt(): void {
    if (this.#signal.aborted || this.#isClosed || !this.#isDrawn) return
    const { stream } = this.#output
    if (this.#picker !== undefined) {
      stream.write(`\r\x1b[J${this.#picker.row(this.#output.width())}`)
      return
    }
    // Where the data goes elsewhere, it may come back to this very terminal: no mark may stand before it.
    this.#readline.setPrompt(this.#options.context.stdout.isTerminal ? this.#mark() : '')
    this.#readline.prompt(true)
  }

  /** How things stand, where there is room for it beside what is typed. */
  #mark(): string {
    const { interpreter, standing } = this.#options
    const text = standing.text(interpreter.chosen)
    return text.length <= this.#output.width() * mostOfWidth ? `${text}> ` : '> '
  }

  /** Whether the key is not readline's. */
  #takeKey(key: Key): boolean {
    const pasted = this.#paste.take(key)
    if (typeof pasted === 'object') this.#onPaste(pasted)
    if (pasted !== false) return true
    return this.#picker !== undefined && this.#pick(this.#picker, key)
  }

  /** A pasted line is there to be edited; several are sent as they are, whatever they look like. */
  #onPaste(pasted: Pasted): void {
    if ('line' in pasted) this.#readline.write(pasted.line)
    else if ('tooLong' in pasted) {
      const text = `what was pasted has ${group(pasted.tooLong)} characters; at most ${group(longestPaste)} are sent`
      this.#tellError(`${text}: /file sends a file`)
    } else this.#inTurn({ kind: 'send', payload: Buffer.from(pasted.lines) })
  }

  /** Whom the lines mean is chosen with the arrows; any other key is typed on with, and the choice stays. */
  #pick(picker: Picker<Peers>, key: Key): boolean {
    const picked = picker.take(key)
    if (picked !== 'moved') {
      this.hide()
      this.#picker = undefined
      this.show()
    } else this.#prompt()
    if (typeof picked === 'object') this.#inTurn({ kind: 'to', peers: picked.choice })
    return picked !== 'other'
  }

  #offerPeers(): void {
    const { interpreter, peers } = this.#options
    const all = peers()
    if (!this.#isDrawn || all.length < 2 || this.#readline.line !== '') return
    this.hide()
    this.#picker = new Picker<Peers>('lines mean', ['all', ...all], interpreter.chosen ?? 'all')
    this.show()
  }

  /** Each line is carried out in its turn; what must work while a peer keeps us waiting does not wait long. */
  #onLine(line: string): void {
    const { history, interpreter } = this.#options
    history?.add(line)
    try {
      this.#inTurn(interpreter.parse(line))
    } catch (error) {
      if (!(error instanceof SockpitError)) throw error
      this.#tellError(error.message)
    }
    this.#prompt()
  }

  #tellError(message: string): void {
    const { context, screen } = this.#options
    const { stderr } = context
    screen.error(message, stderr.isTerminal ? (line) => foldError(line, stderr.width()) : undefined)
  }

  #inTurn(action: Action): void {
    const turn = isUrgent(action) ? Promise.race([this.#before, setImmediate()]) : this.#before
    const done = turn.then(() => this.#carryOut(action))
    this.#before = Promise.all([this.#before, done]).then(() => {})
  }

  async #carryOut(action: Action): Promise<void> {
    const { interpreter } = this.#options
    try {
      await interpreter.carryOut(action)
      if (action.kind === 'peers') this.#offerPeers()
    } catch (error) {
      if (this.#signal.aborted) return
      if (!(error instanceof SockpitError)) throw error
      // The event has told of an expectation that failed, and what came instead.
      if (!(error instanceof ExpectationError)) this.#tellError(error.message)
    }
    this.#prompt()
  }
}

/** Words as lines that stand behind `sockpit: `; one that is too narrow for that is left to the terminal. */
function foldError(words: string, columns: number): readonly string[] {
  const width = columns - 'sockpit: '.length - 1
  return width < 20 ? [words] : wrapWords(words, width)
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
