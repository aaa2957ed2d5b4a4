import type { EventOf } from '../event.ts'
import { escapeText } from './escape.ts'
import type { Line } from './lines.ts'
import type { Mark } from './marks.ts'
import type { Role } from './palette.ts'
import type { Table } from './table.ts'

/** Text that begins a line of its own. */
export interface Paragraph {
  readonly text: string
  /** `words` break at spaces; `payload` breaks anywhere, its escapes faint. */
  readonly as: 'words' | 'payload' | 'faint'
  /** Goes on in the line of the paragraph before, which is of the same kind, where there is room for all of it. */
  readonly joins?: boolean
}

/** How much is told of an event, and what came before it on its socket. */
export interface Telling {
  /** How many bytes of a payload are shown. */
  readonly show: number
  readonly verbosity: number
  /** The request that a response answers. */
  readonly request?: EventOf<'request'>
  /** The read that brought the last byte of the frame before. */
  readonly readBefore?: number
  /** Whether compression was agreed on: RSV1 says of a message that it is compressed. */
  readonly compression?: boolean
}

/** What the log says of one event: safe to show, not yet laid out. */
export interface Entry {
  /** One cell. */
  readonly mark: Mark
  readonly role: Role
  readonly size?: number
  readonly verb?: 'read' | 'write' | 'datagram' | 'frame' | 'text' | 'binary'
  readonly text: readonly Paragraph[]
  /** What we say of a payload: under it and to its left, where no payload can pass for it. */
  readonly notes?: readonly Paragraph[]
  /** Under the text, and from the left: it wants the whole width. */
  readonly table?: Table
  /** Drawn under all of that over the whole width, which it is asked not to exceed. */
  readonly panel?: (width: number) => readonly Line[]
}

/** An entry in words of ours, each line of them a paragraph; nothing in it can act on the terminal. */
export function entry(mark: Mark, role: Role, ...lines: readonly string[]): Entry {
  return { mark, role, text: lines.map((line) => words(escapeText(line, { keepBackslashes: true }))) }
}

export function words(text: string): Paragraph {
  return { text, as: 'words' }
}

export function faint(text: string): Paragraph {
  return { text, as: 'faint' }
}
