import type { Event, EventKind, Transport } from '../event.ts'
import { cellWidth, cutCells, leastRoom, wrapCells, wrapWords } from './cells.ts'
import { createConversations, type Recalled } from './conversation.ts'
import { type Entry, type Paragraph, words } from './entry.ts'
import { escapePattern, escapeText } from './escape.ts'
import { paint } from './lines.ts'
import { createStrangers } from './other-end.ts'
import { createPalette, type Palette, type Role } from './palette.ts'
import { plainLine } from './plain.ts'
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
  /** What its events are of. */
  readonly transport: Transport
  /** Cells of the terminal, asked anew for every event. */
  width(): number
  readonly color: boolean
  readonly time: 'elapsed' | 'delta' | 'clock' | 'none'
  /** How many bytes of a payload are shown; Infinity for all. */
  readonly show: number
  /**
   * -1: nothing; 0: what happens; from 1 on, also attempts to connect, and of a WebSocket its reads and writes;
   * from 2 on, also the anatomy of its frames.
   */
  readonly verbosity: -1 | 0 | 1 | 2
  /** One line of words an event, and nothing drawn. */
  readonly isPlain: boolean
  /** When the command started: the zero of every event's `at`. */
  readonly startedAt: Date
}

/** What tells of attempts to connect and of nothing else. */
const attempts: ReadonlySet<EventKind> = new Set(['resolved', 'connecting'])

const gap = '  '
const widestSocket = 16
/** `write  `, `binary  ` */
const leastVerb = { tcp: 7, udp: 7, websocket: 8 } as const satisfies Record<Transport, number>
/** Where text stands below the columns, since it has too little room beside them; notes stand before it. */
const narrowIndent = 4
const narrowNotesIndent = 2
/** A panel stands below the columns only where that leaves it this much room. */
const panelIndent = 2
const panelRoom = 100
/** Between a paragraph and one that goes on in its line. */
const joint = ', '

/** An escape in a payload: its ink is ours, not the peer's. */
const escapes = new RegExp(`(?:${escapePattern.source})+`, 'g')

/** Everything that happens, in words, for a person. */
export function createLogView(options: LogOptions): View {
  const tell = createStoryteller(options)
  const conversations = createConversations()

  const wants = (kind: EventKind): boolean => {
    if (options.verbosity !== 0) return options.verbosity > 0
    return !attempts.has(kind) && !(kind === 'bytes' && options.transport === 'websocket')
  }

  const shows = (event: Event): boolean =>
    wants(event.kind) && (options.verbosity >= 1 || !isFailedAttempt(event))

  return {
    wants,
    render(event) {
      if (!shows(event)) return undefined
      return conversations.hear(event).map(tell).join('') || undefined
    },
    end: () => conversations.end().map(tell).join('') || undefined,
  }
}

/** Puts an event into its columns, for one event after the other. */
function createStoryteller(options: LogOptions): (recalled: Recalled) => string {
  const { show, verbosity, transport, isPlain } = options
  // Anatomy and layout are drawings.
  const drawn = isPlain ? 0 : verbosity
  const palette = createPalette(options.color)
  const timeOf = createTime(options)
  /** Columns grow where they must and then stay, so that what follows is aligned again. */
  const widths = { time: 8, socket: 6 }
  const strangerOf = createStrangers()

  return ({ event, before }) => {
    const entry = withNote(
      describe(event.kind, event, show, { verbosity: drawn, ...before }),
      strangerOf(event),
    )
    const time = timeOf(event.at)
    if (isPlain) return plainLine(event, entry, time, escapeText(formatSocket(event.socket)))
    const socket = cutCells(escapeText(formatSocket(event.socket)), widestSocket)
    widths.time = Math.max(widths.time, time?.length ?? 0)
    widths.socket = Math.max(widths.socket, cellWidth(socket))

    const start = time === undefined ? '' : palette.faint(time.padStart(widths.time)) + gap
    const socketAt = time === undefined ? 0 : widths.time + gap.length
    const named = fill(socket, widths.socket, palette.socket) + gap
    const signal = formatSignal(entry, leastVerb[transport], palette)
    return layOut(entry, palette, {
      columns: start + named + signal.text,
      width: socketAt + widths.socket + gap.length + signal.width,
      notesAt: socketAt + widths.socket + gap.length + signal.notesAt,
      tableAt: socketAt,
      total: options.width(),
    })
  }
}

/** Whether it tells of an attempt to connect that came to nothing. */
function isFailedAttempt(event: Event): boolean {
  if (event.kind === 'refused') return event.transport !== 'udp'
  return event.kind === 'failed' && event.tookMs !== undefined
}

function withNote(entry: Entry, note: string | undefined): Entry {
  return note === undefined ? entry : { ...entry, notes: [words(note), ...(entry.notes ?? [])] }
}

/** The mark, the size and the verb, how many cells they take, and how many without the verb. */
function formatSignal(
  { mark, role, size, verb }: Entry,
  leastVerb: number,
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
  { role, text, notes = [], table, panel }: Entry,
  palette: Palette,
  { columns, width, notesAt, tableAt, total }: Frame,
): string {
  const isNarrow = total - width < leastRoom
  const linesAt = (indent: number, paragraphs: readonly Paragraph[]): readonly string[] => {
    const room = Math.max(total - indent, leastRoom)
    return joined(paragraphs, room).flatMap((paragraph) => wrap(paragraph, room, role, palette))
  }
  const hang = (indent: number) => (line: string) => ' '.repeat(indent) + line

  const textAt = isNarrow ? narrowIndent : width
  const lines = linesAt(textAt, text)
  const [beside = '', ...below] = isNarrow ? ['', ...lines] : lines
  const underAt = isNarrow ? narrowNotesIndent : notesAt
  const under = joined(notes, Math.max(total - underAt, leastRoom)).flatMap((note) => {
    const at = isTorn(note, total - underAt) ? narrowNotesIndent : underAt
    return linesAt(at, [note]).map(hang(at))
  })
  const tableLines = table ? layOutTable(table, isNarrow ? textAt : tableAt, total, palette) : []
  const panelAt = total - tableAt < panelRoom ? panelIndent : Math.max(tableAt, panelIndent)
  const panelLines = panel?.(Math.max(total - panelAt, leastRoom)) ?? []
  const drawn = panelLines.map((line) => hang(panelAt)(paint(line, palette)))
  if (drawn.length > 0) drawn.push('')
  const all = [columns + beside, ...below.map(hang(textAt)), ...under, ...tableLines, ...drawn]
  return all.map((line) => `${line.trimEnd()}\n`).join('')
}

/** The paragraphs, those that join the one before put into its line where they fit. */
function joined(paragraphs: readonly Paragraph[], room: number): readonly Paragraph[] {
  const all: Paragraph[] = []
  for (const paragraph of paragraphs) {
    const previous = all.at(-1)
    const text = `${previous?.text}${joint}${paragraph.text}`
    if (previous !== undefined && paragraph.joins && cellWidth(text) <= room) {
      all[all.length - 1] = { ...previous, text }
    } else all.push(paragraph)
  }
  return all
}

/** Whether it has a word that does not fit, such as a fingerprint: nobody could copy it whole. */
function isTorn({ text, as }: Paragraph, room: number): boolean {
  return as !== 'payload' && text.split(' ').some((word) => cellWidth(word) > room)
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
      // What was held back is told later than it was.
      const passed = Math.max(0, at - previous)
      previous = Math.max(previous, at)
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
