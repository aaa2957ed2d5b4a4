import type { Event, EventKind } from '../event.ts'
import { cellWidth, cutCells, leastRoom, wrapCells, wrapWords } from './cells.ts'
import { type Entry, type Paragraph, words } from './entry.ts'
import { escapePattern, escapeText } from './escape.ts'
import { createStrangers } from './other-end.ts'
import { createPalette, type Palette, type Role } from './palette.ts'
import { layOutTable } from './table.ts'
import { formatBytes, formatClock, formatElapsed, formatSocket } from './units.ts'
import type { View } from './view.ts'
import { describe } from './words.ts'

/*
 * The face of the product: columns that stay where they are, and text that hangs under its own column.
 *
 *    3.220  #1      ←        6 B  read   hello\n
 *    time   socket  mark  size    words, or a verb and a payload
 */

export interface LogOptions {
  /** Cells of the terminal, asked anew for every event. */
  width(): number
  readonly color: boolean
  readonly time: 'elapsed' | 'delta' | 'clock' | 'none'
  /** How many bytes of a payload are shown; Infinity for all. */
  readonly show: number
  /** -1: nothing; 0: what happens; from 1 on, also attempts to connect. */
  readonly verbosity: -1 | 0 | 1 | 2
  /** When the command started: the zero of every event's `at`. */
  readonly startedAt: Date
}

/** What tells of attempts to connect and of nothing else. */
const attempts: ReadonlySet<EventKind> = new Set(['resolved', 'connecting'])

const gap = '  '
const widestSocket = 16
/** `write  ` */
const leastVerb = 7
/** Where text stands below the columns, since it has too little room beside them; notes stand before it. */
const narrowIndent = 4
const narrowNotesIndent = 2

/** An escape in a payload: its ink is ours, not the peer's. */
const escapes = new RegExp(`(?:${escapePattern.source})+`, 'g')

/** Everything that happens, in words, for a person. */
export function createLogView(options: LogOptions): View {
  const palette = createPalette(options.color)
  const timeOf = createTime(options)
  /** Columns grow where they must and then stay, so that what follows is aligned again. */
  const widths = { time: 8, socket: 6 }
  const strangerOf = createStrangers()

  const wants = (kind: EventKind): boolean =>
    options.verbosity >= 0 && (options.verbosity >= 1 || !attempts.has(kind))

  const shows = (event: Event): boolean =>
    wants(event.kind) && (options.verbosity >= 1 || !isFailedAttempt(event))

  return {
    wants,
    render(event) {
      if (!shows(event)) return undefined
      const entry = withNote(describe(event.kind, event, options.show), strangerOf(event))
      const time = timeOf(event.at)
      const socket = cutCells(escapeText(formatSocket(event.socket)), widestSocket)
      widths.time = Math.max(widths.time, time?.length ?? 0)
      widths.socket = Math.max(widths.socket, cellWidth(socket))

      const start = time === undefined ? '' : palette.faint(time.padStart(widths.time)) + gap
      const socketAt = time === undefined ? 0 : widths.time + gap.length
      const named = fill(socket, widths.socket, palette.socket) + gap
      const signal = formatSignal(entry, palette)
      return layOut(entry, palette, {
        columns: start + named + signal.text,
        width: socketAt + widths.socket + gap.length + signal.width,
        notesAt: socketAt + widths.socket + gap.length + signal.notesAt,
        tableAt: socketAt,
        total: options.width(),
      })
    },
  }
}

/** Whether it tells of an attempt to connect that came to nothing. */
function isFailedAttempt(event: Event): boolean {
  if (event.kind === 'refused') return event.transport === 'tcp'
  return event.kind === 'failed' && event.tookMs !== undefined
}

function withNote(entry: Entry, note: string | undefined): Entry {
  return note === undefined ? entry : { ...entry, notes: [words(note), ...(entry.notes ?? [])] }
}

/** The mark, the size and the verb, how many cells they take, and how many without the verb. */
function formatSignal(
  { mark, role, size, verb }: Entry,
  palette: Palette,
): { readonly text: string; readonly width: number; readonly notesAt: number } {
  const bytes = size === undefined ? '' : formatBytes(size)
  const amount = `${(bytes.length > 11 ? bytes : ` ${bytes.padStart(10)}`).padEnd(12)} `
  const text = palette[role](mark) + amount
  const notesAt = 1 + amount.length
  if (verb === undefined) return { text, width: notesAt, notesAt }
  const verbWidth = Math.max(leastVerb, verb.length + gap.length)
  return { text: text + fill(verb, verbWidth, palette[role]), width: notesAt + verbWidth, notesAt }
}

interface Frame {
  /** Everything to the left of the text, coloured. */
  readonly columns: string
  /** The cells that it takes. */
  readonly width: number
  /** Where notes begin, under the words of other events. */
  readonly notesAt: number
  /** Where a table begins if it has room. */
  readonly tableAt: number
  readonly total: number
}

function layOut(
  { role, text, notes = [], table }: Entry,
  palette: Palette,
  { columns, width, notesAt, tableAt, total }: Frame,
): string {
  const isNarrow = total - width < leastRoom
  const linesAt = (indent: number, paragraphs: readonly Paragraph[]): readonly string[] =>
    paragraphs.flatMap((paragraph) => wrap(paragraph, Math.max(total - indent, leastRoom), role, palette))
  const hang = (indent: number) => (line: string) => ' '.repeat(indent) + line

  const textAt = isNarrow ? narrowIndent : width
  const lines = linesAt(textAt, text)
  const [beside = '', ...below] = isNarrow ? ['', ...lines] : lines
  const underAt = isNarrow ? narrowNotesIndent : notesAt
  const under = linesAt(underAt, notes).map(hang(underAt))
  const tableLines = table ? layOutTable(table, isNarrow ? textAt : tableAt, total, palette) : []
  const all = [columns + beside, ...below.map(hang(textAt)), ...under, ...tableLines]
  return all.map((line) => `${line.trimEnd()}\n`).join('')
}

function wrap({ text, as }: Paragraph, room: number, role: Role, palette: Palette): string[] {
  if (as === 'payload') return wrapCells(text, room).map((line) => line.replace(escapes, palette.faint))
  const loud = role === 'warning' || role === 'bad' ? role : 'plain'
  return wrapWords(text, room).map(palette[as === 'faint' ? as : loud])
}

/** Tells when an event was, in the way that was asked for; nothing where none was. */
function createTime({ time, startedAt }: LogOptions): (at: number) => string | undefined {
  let previous = 0
  const forms = {
    elapsed: formatElapsed,
    delta(at: number) {
      const passed = at - previous
      previous = at
      return `+${formatElapsed(passed)}`
    },
    clock: (at: number) => formatClock(new Date(startedAt.getTime() + at)),
    none: () => undefined,
  }
  return forms[time]
}

/** The text in its role, then spaces up to the width. */
function fill(text: string, width: number, style: (text: string) => string): string {
  return style(text) + ' '.repeat(Math.max(0, width - cellWidth(text)))
}
