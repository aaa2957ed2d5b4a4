/**
 * A terminal to be asked what bytes did to it: a parser after ECMA-48 and xterm, in UTF-8, and a screen of cells.
 * Whatever is no character of its own it tells, in order: what the bytes could do is then a list to be compared.
 */
import { type ScreenOptions, VtScreen } from './vt-screen.ts'

export interface VtOptions extends ScreenOptions {
  /** Whether a line feed begins at the first column, as the line discipline has it (ONLCR). */
  readonly isCooked?: boolean
}

const names: Readonly<Record<number, string>> = {
  5: 'ENQ',
  7: 'BEL',
  8: 'BS',
  9: 'HT',
  10: 'LF',
  11: 'VT',
  12: 'FF',
  13: 'CR',
  14: 'SO',
  15: 'SI',
  24: 'CAN',
  26: 'SUB',
  127: 'DEL',
}

/** What begins a string that only ST ends, by its final byte after ESC; a bell ends an OSC, too. */
const strings: Readonly<Record<string, string>> = { P: 'DCS', X: 'SOS', ']': 'OSC', '^': 'PM', _: 'APC' }

/** What is seen by nobody, and may still hide or reorder what is. */
const unseen = /[\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\p{Cn}\p{Co}\p{Cs}]/u

/** What makes a terminal send something, as if it had been typed: who it is, where its cursor stands, its title. */
const asking =
  /^(?:ENQ|ESC Z|C1 9a|CSI [?>=]?[\d;]*[nc]|CSI >[\d;]*q|CSI [\d;]*x|CSI \??[\d;]*\$p|CSI (?:1[1-9]|2[01])[\d;]*t|CSI \?u|CSI \?[\d;]+S|OSC .*\?.*|DCS [$+]q.*)$/s

/** Which attribute a number of SGR sets; those that take it back are below. */
const attributeOf: readonly [first: number, last: number, name: string][] = [
  [1, 2, 'weight'],
  [3, 3, 'italic'],
  [4, 4, 'underline'],
  [5, 6, 'blink'],
  [7, 7, 'inverse'],
  [8, 8, 'hidden'],
  [9, 9, 'struck'],
  [30, 38, 'ink'],
  [40, 48, 'ground'],
  [90, 97, 'ink'],
  [100, 107, 'ground'],
]
const takenBack: ReadonlyMap<number, string> = new Map([
  [22, 'weight'],
  [23, 'italic'],
  [24, 'underline'],
  [25, 'blink'],
  [27, 'inverse'],
  [28, 'hidden'],
  [29, 'struck'],
  [39, 'ink'],
  [49, 'ground'],
])

const longestString = 100_000

type State = 'ground' | 'escape' | 'csi' | 'string'

export class Vt {
  readonly screen: VtScreen
  /** Every control function, character that nobody sees and byte that is no UTF-8, in order. */
  readonly functions: string[] = []
  /** The attributes that SGR has set. */
  readonly attributes = new Set<string>()
  readonly #isCooked: boolean
  #state: State = 'ground'
  /** What has come of a sequence or a string. */
  #held = ''
  #kind = ''
  /** Whether ESC has come within a string: `\` would end it. */
  #isEnding = false
  #saved: readonly [row: number, column: number] = [0, 0]
  readonly #decoder = new TextDecoder()
  /** Knows a byte that belongs to no character from U+FFFD itself. */
  #judge = new TextDecoder('utf-8', { fatal: true })

  constructor(options: VtOptions) {
    this.screen = new VtScreen(options)
    this.#isCooked = options.isCooked === true
  }

  /** Those that make the terminal answer. */
  get questions(): readonly string[] {
    return this.functions.filter((name) => asking.test(name))
  }

  /** The rows as text, those above the screen first, without spaces at their ends. */
  get text(): readonly string[] {
    const { screen } = this
    const rows = Array.from({ length: screen.height }, (_, row) => screen.cells(row).join('').trimEnd())
    return [...screen.scrolled, ...rows]
  }

  /** Any bytes; they may end anywhere. */
  write(bytes: Uint8Array | string): this {
    const text = typeof bytes === 'string' ? bytes : this.#decode(bytes)
    for (const character of text) {
      if (this.#state === 'ground' && character >= ' ' && character <= '~') this.screen.print(character)
      else this.#take(character, character.codePointAt(0) ?? 0)
    }
    return this
  }

  #decode(bytes: Uint8Array): string {
    try {
      this.#judge.decode(bytes, { stream: true })
    } catch {
      this.functions.push('no UTF-8')
      this.#judge = new TextDecoder('utf-8', { fatal: true })
    }
    return this.#decoder.decode(bytes, { stream: true })
  }

  #take(character: string, code: number): void {
    if (this.#state === 'ground') this.#takeInGround(character, code)
    else if (this.#state === 'string') this.#takeString(character, code)
    else if (code === 0x18 || code === 0x1a) this.#cancel(code)
    else if (code === 0x1b) this.#begin('escape')
    else if (code < 0x20) this.#control(code)
    else if (this.#state === 'escape') this.#takeEscape(character, code)
    else this.#takeCsi(character, code)
  }

  #takeInGround(character: string, code: number): void {
    if (code >= 0x20 && code < 0x7f) this.screen.print(character)
    else if (code === 0x1b) this.#begin('escape')
    else if (code < 0x20 || code === 0x7f) this.#control(code)
    else if (code >= 0x80 && code < 0xa0) this.#c1(code)
    else {
      if (unseen.test(character)) this.functions.push(`U+${code.toString(16)}`)
      this.screen.print(character)
    }
  }

  #begin(state: State): void {
    this.#state = state
    this.#held = ''
  }

  #cancel(code: number): void {
    this.#state = 'ground'
    this.functions.push(names[code] ?? '')
  }

  #control(code: number): void {
    this.functions.push(names[code] ?? `C0 ${code.toString(16).padStart(2, '0')}`)
    const { screen } = this
    if (code === 0x0d) screen.moveTo(screen.row, 0)
    else if (code === 0x08) screen.moveTo(screen.row, screen.column - 1)
    else if (code === 0x09) screen.tab()
    else if (code >= 0x0a && code <= 0x0c) {
      screen.lineFeed()
      if (this.#isCooked) screen.moveTo(screen.row, 0)
    }
  }

  /** A control of eight bits, here as its two bytes of UTF-8: the same as ESC and a byte 0x40 lower. */
  #c1(code: number): void {
    const final = String.fromCharCode(code - 0x40)
    if (code === 0x9b) this.#begin('csi')
    else if (strings[final] !== undefined) this.#beginString(final)
    else {
      this.functions.push(`C1 ${code.toString(16)}`)
      this.#carryOutEscape(final)
    }
  }

  #takeEscape(character: string, code: number): void {
    if (this.#held === '' && character === '[') this.#begin('csi')
    else if (this.#held === '' && strings[character] !== undefined) this.#beginString(character)
    else if (code < 0x30) this.#held += character
    else {
      this.#state = 'ground'
      this.functions.push(`ESC ${this.#held}${character}`)
      if (this.#held === '') this.#carryOutEscape(character)
    }
  }

  #carryOutEscape(final: string): void {
    const { screen } = this
    if (final === '7') this.#saved = [screen.row, screen.column]
    else if (final === '8') screen.moveTo(...this.#saved)
    else if (final === 'D') screen.lineFeed()
    else if (final === 'E') {
      screen.lineFeed()
      screen.moveTo(screen.row, 0)
    } else if (final === 'M') {
      if (screen.row === 0) screen.scroll(-1)
      else screen.moveTo(screen.row - 1, screen.column)
    } else if (final === 'c') {
      screen.moveTo(0, 0)
      screen.eraseDisplay(2)
      this.attributes.clear()
    }
  }

  #beginString(final: string): void {
    this.#kind = strings[final] ?? ''
    this.#isEnding = false
    this.#begin('string')
  }

  #takeString(character: string, code: number): void {
    const isOver = code === 0x9c || (code === 0x07 && this.#kind === 'OSC')
    if (code === 0x18 || code === 0x1a) this.#cancel(code)
    else if (this.#isEnding || isOver) {
      this.#state = 'ground'
      this.functions.push(`${this.#kind} ${this.#held}`)
      if (!isOver && character !== '\\') {
        this.#begin('escape')
        this.#take(character, code)
      }
    } else if (code === 0x1b) this.#isEnding = true
    else if (this.#held.length < longestString) this.#held += character
  }

  #takeCsi(character: string, code: number): void {
    if (code < 0x40) {
      this.#held += character
      return
    }
    this.#state = 'ground'
    const name = `CSI ${this.#held}${character}`
    this.functions.push(name)
    if (/^CSI [\d;]*m$/.test(name)) for (const number of this.#held.split(';')) this.#paint(Number(number))
    // What has a private mark or an intermediate byte moves nothing.
    else if (/^[\d;]*$/.test(this.#held)) this.#carryOut(character, this.#held.split(';').map(Number))
  }

  #paint(number: number): void {
    if (number === 0) this.attributes.clear()
    this.attributes.delete(takenBack.get(number) ?? '')
    for (const [first, last, name] of attributeOf)
      if (number >= first && number <= last) this.attributes.add(name)
  }

  #carryOut(final: string, [first = 0, second = 0]: readonly number[]): void {
    const { screen } = this
    const { row, column } = screen
    const count = Math.max(1, first)
    const functions: Readonly<Record<string, () => void>> = {
      A: () => screen.moveTo(row - count, column),
      B: () => screen.moveTo(row + count, column),
      C: () => screen.moveTo(row, column + count),
      D: () => screen.moveTo(row, column - count),
      E: () => screen.moveTo(row + count, 0),
      F: () => screen.moveTo(row - count, 0),
      G: () => screen.moveTo(row, count - 1),
      H: () => screen.moveTo(count - 1, second - 1),
      f: () => screen.moveTo(count - 1, second - 1),
      d: () => screen.moveTo(count - 1, column),
      J: () => screen.eraseDisplay(first),
      K: () => screen.eraseLine(first),
      L: () => screen.insertLines(count),
      M: () => screen.insertLines(-count),
      P: () => screen.deleteCells(count),
      '@': () => screen.insertCells(count),
      X: () => screen.eraseCells(count),
      S: () => screen.scroll(count),
      T: () => screen.scroll(-count),
    }
    functions[final]?.()
  }
}
