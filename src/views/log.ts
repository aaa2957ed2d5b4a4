import type { Event, EventKind } from '../event.ts'
import { cellWidth, cutCells, leastRoom, wrapCells, wrapWords } from './cells.ts'
import { escapePattern, escapeText } from './escape.ts'
import { createPalette, type Palette, type Role } from './palette.ts'
import { layOutTable } from './table.ts'
import { formatBytes, formatClock, formatElapsed, formatSocket } from './units.ts'
import type { View } from './view.ts'
import { describe, type Entry, type Paragraph } from './words.ts'

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

const attempts: ReadonlySet<EventKind> = new Set(['resolved', 'connecting', 'refused'])

const gap = '  '
const widestSocket = 16
/** Where text stands below the columns, since it has too little room beside them. */
const narrowIndent = 4

/** An escape in a payload: its ink is ours, not the peer's. */
const escapes = new RegExp(`(?:${escapePattern.source})+`, 'g')

/** Everything that happens, in words, for a person. */
export function createLogView(options: LogOptions): View {
  const palette = createPalette(options.color)
  const timeOf = createTime(options)
  /** Columns grow where they must and then stay, so that what follows is aligned again. */
  const widths = { time: 8, socket: 6 }

  const wants = (kind: EventKind): boolean =>
    options.verbosity >= 0 && (options.verbosity >= 1 || !attempts.has(kind))

  const shows = (event: Event): boolean =>
    wants(event.kind) && (options.verbosity >= 1 || event.kind !== 'failed' || event.remote === undefined)

  return {
    wants,
    render(event) {
      if (!shows(event)) return undefined
      const entry = describe(event.kind, event, options.show)
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
        tableAt: socketAt,
        total: options.width(),
      })
    },
  }
}

/** The mark, the size and the verb, and how many cells they take. */
function formatSignal({ mark, role, size, verb }: Entry, palette: Palette): { text: string; width: number } {
  const bytes = size === undefined ? '' : formatBytes(size)
  const amount = `${(bytes.length > 11 ? bytes : ` ${bytes.padStart(10)}`).padEnd(12)} `
  return verb === undefined
    ? { text: palette[role](mark) + amount, width: 1 + amount.length }
    : { text: palette[role](mark) + amount + fill(verb, 7, palette[role]), width: 8 + amount.length }
}

interface Frame {
  /** Everything to the left of the text, coloured. */
  readonly columns: string
  /** The cells that it takes. */
  readonly width: number
  /** Where a table begins if it has room. */
  readonly tableAt: number
  readonly total: number
}

function layOut(entry: Entry, palette: Palette, { columns, width, tableAt, total }: Frame): string {
  const narrow = total - width < leastRoom
  const indent = narrow ? narrowIndent : width
  const room = Math.max(total - indent, leastRoom)
  const text = entry.text.flatMap((paragraph) => wrap(paragraph, room, entry.role, palette))
  const [beside = '', ...below] = narrow ? ['', ...text] : text
  const hanging = below.map((line) => ' '.repeat(indent) + line)
  const table = entry.table ? layOutTable(entry.table, narrow ? indent : tableAt, total, palette) : []
  return [columns + beside, ...hanging, ...table].map((line) => `${line.trimEnd()}\n`).join('')
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
