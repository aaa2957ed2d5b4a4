import type { Event } from '../event.ts'
import type { Entry } from './entry.ts'
import { showLatin1 } from './head-lines.ts'
import type { Table } from './table.ts'
import { formatBytes } from './units.ts'

/*
 * For screen readers, and for terminals that cannot draw: each event is one line of words from left to right.
 *
 *    3.220 #1: read, 6 B: hello\n
 */

/** An entry as one line; `name` is its socket's. */
export function plainLine(event: Event, entry: Entry, time: string | undefined, name: string): string {
  const start = [...(time === undefined ? [] : [time]), `${name}:`].join(' ')
  const payload = entry.text.map(({ text }) => text).join(' ')
  const said = [
    entry.verb === undefined
      ? `${warningOf(entry)}${joined(entry.text)}`
      : `${carried(event, entry)}: ${payload}`,
    ...headOf(event),
    ...(entry.notes ?? []).map(({ text }) => text),
    ...(entry.table === undefined ? [] : rowsOf(entry.table)),
  ]
  return `${start} ${said.join('; ').trimEnd()}\n`
}

/** `read, 6 B`, `datagram sent, 5 B`: what an arrow and a column say elsewhere. */
function carried(event: Event, { verb, size = 0 }: Entry): string {
  const isOneWay = verb === 'read' || verb === 'write'
  const direction = isOneWay || !('direction' in event) ? '' : ` ${event.direction}`
  return `${verb}${direction}, ${formatBytes(size)}`
}

function joined(paragraphs: Entry['text']): string {
  return paragraphs.map(({ text }) => text).join('; ')
}

/** What only a colour or a mark says elsewhere. */
function warningOf({ role }: Entry): string {
  if (role === 'bad') return 'error: '
  return role === 'warning' ? 'attention: ' : ''
}

/** What is drawn elsewhere: the head of a request, or of an answer. */
function headOf(event: Event): readonly string[] {
  if (event.kind !== 'request' && event.kind !== 'response') return []
  return event.headers.map(([name, value]) => showLatin1(`${name}: ${value}`))
}

/** Each row as words, the numbers after what they are. */
function rowsOf({ head, rows }: Table): readonly string[] {
  return rows.map((row) =>
    row
      .map((cell, index) => [head[index] ?? '', cell].filter((word) => word !== '').join(' '))
      .filter((words) => words !== '')
      .join(', '),
  )
}
