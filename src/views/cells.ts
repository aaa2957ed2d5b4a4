import stringWidth from 'fast-string-width'
import { lazily } from '../lazily.ts'
import { escapePattern, mark } from './escape.ts'

/** Text never gets fewer cells than this, however narrow the terminal. */
export const leastRoom = 20

/** Text in which every character takes one cell. */
const ascii = /^[ -~]*$/

/** An escape that `escape.ts` wrote, whole; or a run of text without any. */
const escapeOrRun = new RegExp(`${escapePattern.source}|\\\\|[^\\\\]+`, 'g')

/** A word with the spaces before it; a number and the word that it counts stay together: `12 ms`. */
const words = / *[^ ]+(?:(?<=\d) [a-z][^ ]*)?/gi

/*
 * What Unicode says of a character. The patterns are texts until they are first used: looking up such properties takes
 * a start longer than all the rest of this file, and most text is ASCII.
 */

/** What may belong to the character before it, so that only a segmenter knows where one ends (UAX #29). */
const joining = property(
  String.raw`\p{M}\p{C}\p{Regional_Indicator}\p{Emoji_Modifier}\u1100-\u11ff\ua960-\ua97f\ud7b0-\ud7ff`,
)

/** Wide characters that the library takes for narrow ones; those of Unicode 16 are narrow in older terminals. */
const overlooked = property(
  String.raw`\p{Script=Yi}\p{Script=Nushu}\p{Script=Khitan_Small_Script}\u2630-\u2637\u268a-\u268f\u4dc0-\u4dff\u{16fe0}-\u{16fff}\u{1d300}-\u{1d376}\u{1f200}-\u{1f2ff}`,
)

/** What takes no cell behind another character. */
const cellless = property(String.raw`\p{Mn}\p{Me}\p{Cf}\u1160-\u11ff\ud7b0-\ud7ff`)
const regional = property(String.raw`\p{Regional_Indicator}`)

const attaches = lazily(() => new RegExp(`^${mark}`, 'u'))

/** A pattern of characters in any of these classes. */
function property(classes: string): () => RegExp {
  return lazily(() => new RegExp(`[${classes}]`, 'u'))
}

let segmenter: Intl.Segmenter | undefined

/** The widths of single characters met so far: measuring one costs far more than finding it here. */
const known = new Map<string, number>()
const mostKnown = 4_096

/** How many cells of a terminal the text takes. */
export function cellWidth(text: string): number {
  if (ascii.test(text)) return text.length
  let cells = 0
  // Where nothing can belong together, what must not be torn is as wide as its characters.
  if (!joining().test(text))
    for (const character of text) cells += character <= '~' ? 1 : atomWidth(character)
  else for (const atom of atoms(text)) cells += atomWidth(atom)
  return cells
}

/** The text with spaces after it up to the width. */
export function padCells(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - cellWidth(text)))
}

/** The text where it fits into the width, else its head and `…`. */
export function cutCells(text: string, width: number): string {
  if (cellWidth(text) <= width) return text
  const [head = ''] = wrapCells(text, width - 1)
  return `${head}…`
}

/** Lines no wider than the width, filled to the last cell: neither a character nor an escape is torn. */
export function wrapCells(text: string, width: number): string[] {
  if (text.length <= width && ascii.test(text)) return [text]
  const lines: string[] = []
  let line = ''
  let used = 0
  for (const atom of atoms(text)) {
    const cells = atomWidth(atom)
    if (used + cells > width && line !== '') {
      lines.push(line)
      line = ''
      used = 0
    }
    line += atom
    used += cells
  }
  lines.push(line)
  return lines
}

/** Lines no wider than the width, broken at spaces; only a word that is wider than a line is torn. */
export function wrapWords(text: string, width: number): string[] {
  if (cellWidth(text) <= width) return [text]
  const lines: string[] = []
  let line = ''
  for (const [word] of text.matchAll(words)) {
    if (cellWidth(line + word) <= width) {
      line += word
      continue
    }
    if (line !== '') lines.push(line)
    const pieces = wrapCells(word.trimStart(), width)
    line = pieces.pop() ?? ''
    lines.push(...pieces)
  }
  lines.push(line)
  return lines
}

/** What must not be torn: escapes, and characters with all that belongs to them. */
function* atoms(text: string): Generator<string> {
  for (const [piece] of text.matchAll(escapeOrRun)) {
    if (piece.startsWith('\\')) yield piece
    else if (ascii.test(piece) || !joining().test(piece)) yield* piece
    else {
      yield* clusters(piece)
    }
  }
}

/** What a person sees as one character, and what a terminal puts into the same cell though it is another one. */
function* clusters(text: string): Generator<string> {
  segmenter ??= new Intl.Segmenter('en')
  let cluster = ''
  for (const { segment } of segmenter.segment(text)) {
    if (cluster !== '' && !attaches().test(segment)) {
      yield cluster
      cluster = ''
    }
    cluster += segment
  }
  yield cluster
}

function atomWidth(atom: string): number {
  if (ascii.test(atom)) return atom.length
  const width = known.get(atom) ?? measure(atom)
  if (atom.length <= 2) {
    if (known.size >= mostKnown) known.clear()
    known.set(atom, width)
  }
  return width
}

/**
 * As many cells as any terminal takes for it: some join what belongs together, others count each character by itself.
 * One that takes more than was thought begins a row by itself, and a peer would write where rows of ours begin.
 */
function measure(atom: string): number {
  let apart = 0
  for (const character of atom) apart += characterWidth(character)
  return Math.max(stringWidth(atom.normalize()), apart)
}

function characterWidth(character: string): number {
  if (cellless().test(character)) return 0
  if (regional().test(character)) return 1
  return overlooked().test(character) ? 2 : stringWidth(character) || 1
}
