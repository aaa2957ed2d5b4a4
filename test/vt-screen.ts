/** The cells of a terminal: what stands where, and what each function of the cursor and the eraser does to it. */

/**
 * How cells are counted: by code points, as xterm and VTE do; or by what a person sees as one character, as kitty does.
 */
export type Counting = 'code points' | 'clusters'

export interface ScreenOptions {
  readonly columns: number
  /** Infinity: nothing ever scrolls away. */
  readonly rows?: number
  readonly counting?: Counting
}

/** East Asian Wide and Fullwidth (UAX #11) but for emoji, up to Unicode 16; gaps that nothing fills are included. */
const wide =
  /[\u1100-\u115f\u2329\u232a\u2630-\u2637\u268a-\u268f\u2e80-\u303e\u3041-\u3247\u3250-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{16fe0}-\u{18dff}\u{1aff0}-\u{1b2ff}\u{1d300}-\u{1d376}\u{1f200}-\u{1f2ff}\u{20000}-\u{3fffd}]/u
const emoji = /(?!\p{Regional_Indicator})\p{Emoji_Presentation}/u
const zero = /[\p{Mn}\p{Me}\p{Cf}\u1160-\u11ff\ud7b0-\ud7ff\u2028\u2029]/u
const joinsInCluster = /[\p{Mc}\p{Emoji_Modifier}]/u
const regional = /\p{Regional_Indicator}/u
const joins = new RegExp(`${joinsInCluster.source}|${regional.source}`, 'u')

/** The cells that a character takes; 0: those of the one before it. */
export function widthOf(character: string, before: string, counting: Counting): 0 | 1 | 2 {
  if (zero.test(character)) return 0
  if (counting === 'clusters') {
    if (before !== '' && joinsInCluster.test(character)) return 0
    if (regional.test(character)) return /^\p{Regional_Indicator}$/u.test(before) ? 0 : 2
  }
  return wide.test(character) || emoji.test(character) ? 2 : 1
}

export class VtScreen {
  readonly columns: number
  readonly #rows: number
  readonly #counting: Counting
  /** A character with what has joined it; '' is the second cell of a wide one, ' ' an empty cell. */
  #lines: string[][] = [[]]
  row = 0
  column = 0
  /** The last column is full, and the next character goes to the next row (DECAWM). */
  #isPending = false
  /** How often a row went on in the next by itself. */
  wraps = 0
  /** Rows that have scrolled away. */
  readonly scrolled: string[] = []
  readonly #widths = new Map<string, 0 | 1 | 2>()

  constructor({ columns, rows = Number.POSITIVE_INFINITY, counting = 'code points' }: ScreenOptions) {
    this.columns = columns
    this.#rows = rows
    this.#counting = counting
  }

  /** The cells of a row, up to the last one that was written. */
  cells(row: number): readonly string[] {
    return this.#lines[row] ?? []
  }

  get height(): number {
    return this.#lines.length
  }

  print(character: string): void {
    const line = this.#line()
    // Most of all that is printed: a character of one cell at the end of a row that is not full.
    if (character <= '~' && this.column === line.length && this.column < this.columns - 1) {
      line.push(character)
      this.column += 1
      return
    }
    let width: 0 | 1 | 2 = 1
    if (character > '~') {
      const last = this.#isPending || this.column > 0 ? this.#lastCell(line) : -1
      const before = line[last] ?? ''
      width = this.#width(character, before)
      if (width === 0) {
        if (before !== '') line[last] = before + character
        return
      }
    }
    if (this.#isPending || this.column + width > this.columns) this.#wrap()
    this.#put(character, width, this.#line())
  }

  #put(character: string, width: 1 | 2, line: string[]): void {
    while (line.length < this.column) line.push(' ')
    this.#split(line, this.column)
    this.#split(line, this.column + width)
    line[this.column] = character
    if (width === 2) line[this.column + 1] = ''
    this.column += width
    if (this.column < this.columns) return
    this.column = this.columns - 1
    this.#isPending = true
  }

  #width(character: string, before: string): 0 | 1 | 2 {
    if (this.#counting === 'clusters' && joins.test(character))
      return widthOf(character, before, this.#counting)
    const known = this.#widths.get(character)
    if (known !== undefined) return known
    const width = widthOf(character, before, this.#counting)
    this.#widths.set(character, width)
    return width
  }

  /** Where the character before the cursor stands. */
  #lastCell(line: readonly string[]): number {
    const at = this.#isPending ? this.column : this.column - 1
    return line[at] === '' ? at - 1 : at
  }

  #line(): string[] {
    while (this.#lines.length <= this.row) this.#lines.push([])
    return this.#lines[this.row] ?? []
  }

  /** A wide character of which one cell is written over is gone. */
  #split(line: string[], at: number): void {
    if (line[at] !== '') return
    line[at - 1] = ' '
    line[at] = ' '
  }

  #wrap(): void {
    this.wraps += 1
    this.lineFeed()
    this.column = 0
  }

  lineFeed(): void {
    this.#isPending = false
    if (this.row + 1 < this.#rows) this.row += 1
    else this.scroll(1)
    this.#line()
  }

  /** Down where the count is negative; without a limit of rows nothing scrolls. */
  scroll(count: number): void {
    if (!Number.isFinite(this.#rows)) return
    while (this.#lines.length < this.#rows) this.#lines.push([])
    for (let done = 0; done < Math.abs(count); done++) {
      if (count < 0) {
        this.#lines.unshift([])
        this.#lines.pop()
        continue
      }
      this.scrolled.push((this.#lines.shift() ?? []).join('').trimEnd())
      this.#lines.push([])
    }
  }

  /** To a cell of the screen, as near as there is one. */
  moveTo(row: number, column: number): void {
    this.#isPending = false
    this.row = Math.min(Math.max(0, row), this.#rows - 1)
    this.column = Math.min(Math.max(0, column), this.columns - 1)
    this.#line()
  }

  /** To the next stop, eight columns apart; never to the next row. */
  tab(): void {
    this.moveTo(this.row, (Math.floor(this.column / 8) + 1) * 8)
  }

  /** ED: 0 from the cursor on, 1 up to it, 2 and 3 all. */
  eraseDisplay(how: number): void {
    this.eraseLine(how)
    if (how === 0) this.#lines.length = this.row + 1
    else this.#lines = this.#lines.map((line, row) => (how === 1 && row >= this.row ? line : []))
  }

  /** EL: 0 from the cursor on, 1 up to it, 2 all. */
  eraseLine(how: number): void {
    this.#isPending = false
    const line = this.#line()
    if (how === 0) {
      this.#split(line, this.column)
      line.length = Math.min(line.length, this.column)
    } else if (how === 1) this.eraseCells(this.column + 1, 0)
    else line.length = 0
  }

  /** ECH */
  eraseCells(count: number, from = this.column): void {
    const line = this.#line()
    for (let at = from; at < Math.min(from + count, line.length); at++) line[at] = ' '
  }

  /** ICH */
  insertCells(count: number): void {
    const line = this.#line()
    if (line.length <= this.column) return
    line.splice(this.column, 0, ...Array.from({ length: Math.min(count, this.columns) }, () => ' '))
    line.length = Math.min(line.length, this.columns)
  }

  /** DCH */
  deleteCells(count: number): void {
    this.#line().splice(this.column, count)
  }

  /** IL where the count is positive, DL where it is negative. */
  insertLines(count: number): void {
    if (count < 0) this.#lines.splice(this.row, -count)
    else this.#lines.splice(this.row, 0, ...Array.from({ length: Math.min(count, 1_000) }, () => []))
    if (this.#lines.length > this.#rows) this.#lines.length = this.#rows
    this.#line()
  }
}
