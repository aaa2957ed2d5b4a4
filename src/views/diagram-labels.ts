/** What stands beside an event in a sequence diagram: a few words, and the whole of it for who points at it. */
import type { Event, EventKind, EventOf } from '../event.ts'
import { readClose } from '../wire/close-frame.ts'
import { opcodeName, opcodes } from '../wire/frame.ts'
import { cellWidth, cutCells } from './cells.ts'
import { escapeText } from './escape.ts'
import { showLatin1 } from './head-lines.ts'
import type { Role } from './palette.ts'
import { head } from './preview.ts'
import { versionName } from './tls-words.ts'
import { formatBytes, formatCount } from './units.ts'
import { describe } from './words.ts'

export interface Label {
  readonly size?: string
  readonly text: string
  /** A second line. */
  readonly more?: string
  readonly role: Role
}

/** Cells of the longest payload in a label. */
const mostPayload = 12

/** Bytes of it that are looked at. */
const mostShown = 48

/** Of more bytes than this, nobody reads those that are no text. */
const mostOpaque = 24

/** How much of a payload is told to who points at it, bytes. */
const mostTold = 256

/** Undefined for what a diagram leaves out: it is no part of what goes on between the ends. */
export function labelOf(event: Event): Label | undefined {
  return labelAs(event.kind, event)
}

function labelAs<Kind extends EventKind>(kind: Kind, event: EventOf<Kind>): Label | undefined {
  return labels[kind](event)
}

/** The label in so many cells. */
export function cutLabel({ size, text, ...label }: Label, cells: number): Label {
  const room = cells - (size === undefined ? 0 : size.length + 1)
  const cut = size !== undefined && room < leastPayload ? '' : cutCells(text, Math.max(1, room))
  return { ...label, ...(size !== undefined && { size }), text: cut }
}

/** A shorter beginning of a payload tells nothing. */
const leastPayload = 4

/** Cells of a label, its two lines being under each other. */
export function labelCells({ size, text, more = '' }: Label): number {
  const first = size === undefined ? text : text === '' ? size : `${size} ${text}`
  return Math.max(cellWidth(first), cellWidth(more))
}

/** All of it, in the words of the log. */
export function tellWhole(event: Event): string {
  const { verb, size, text, notes = [] } = describe(event.kind, event, mostTold)
  const told = [...text, ...notes].map((paragraph) => paragraph.text).join(' ')
  return [verb, size === undefined ? undefined : formatBytes(size), told].filter(Boolean).join(' ')
}

function payload({ direction, size, payload }: EventOf<'bytes' | 'datagram' | 'message'>): Label {
  return { size: formatBytes(size), text: tellPayload(payload), role: direction }
}

/** Its beginning; nothing of much that is no text. */
function tellPayload(payload: Uint8Array): string {
  const shown = head(payload, mostShown)
  return payload.length > mostOpaque && shown.includes('\\x') ? '' : cutCells(shown, mostPayload)
}

const plain = (text: string): Label => ({ text, role: 'plain' })
const good = (text: string): Label => ({ text, role: 'good' })
const warning = (text: string): Label => ({ text, role: 'warning' })
const bad = (text: string): Label => ({ text, role: 'bad' })

const labels: { readonly [Kind in EventKind]: (event: EventOf<Kind>) => Label | undefined } = {
  bytes: payload,
  datagram: payload,
  message: payload,
  frame,
  request: ({ direction, method, target }) => ({ text: showLatin1(`${method} ${target}`), role: direction }),
  response: ({ direction, status, reason }) => ({
    text: showLatin1(`${status} ${reason.replace(/ Protocols$/, '')}`.trimEnd()),
    role: status === 101 ? direction : 'bad',
  }),
  listening: () => good('listens'),
  resolved: () => undefined,
  connecting: () => undefined,
  opened: (event) => {
    if (event.transport === 'udp') return good('socket open')
    if (event.transport === 'websocket') return good('upgraded')
    return good(event.tookMs === undefined ? 'accepted' : 'connected')
  },
  tls: ({ version }) => good(versionName(version)),
  untrusted: ({ accepted }) => (accepted ? warning : bad)('not trusted'),
  violation: () => bad('rule broken'),
  peer: () => undefined,
  paused: () => warning('stops reading'),
  resumed: () => good('reads again'),
  stalled: () => warning('told to wait'),
  drained: () => good('all went out'),
  ended({ by, notified }) {
    if (by === 'us') return plain(notified === undefined ? 'FIN' : 'close_notify')
    return notified === false
      ? warning('FIN, no close_notify')
      : plain(notified ? 'close_notify came' : 'FIN came')
  },
  timeout: ({ what }) => warning(`time limit: ${what}`),
  refused: () => bad('refused'),
  failed: ({ code }) => bad(escapeText(code)),
  closed,
  limit: ({ what }) => warning(`limit: ${what}`),
  stats: () => undefined,
  expected: () => undefined,
  note: () => undefined,
  process: ({ what, exitCode }) => {
    if (what === 'stopped') return warning('process stopped')
    if (what === 'continued') return good('process goes on')
    return what === 'exited' ? plain(`exit code ${exitCode ?? '?'}`) : bad('process killed')
  },
}

function frame({ direction, opcode, fin, size, payload, rsv1, rsv2, rsv3 }: EventOf<'frame'>): Label {
  const bits = `${fin ? '' : ' no FIN'}${rsv1 || rsv2 || rsv3 ? ' RSV' : ''}`
  if (opcode === opcodes.close) {
    const text = size < 2 ? 'close' : `close ${readClose(payload).code}`
    return { text: text + bits, role: direction }
  }
  const name = opcodeName(opcode)
  const said = size === 0 ? '' : ` ${tellPayload(payload)}`.trimEnd()
  if (fin && opcode !== opcodes.continuation) return { text: `${name}${said}${bits}`, role: direction }
  const part = [...(opcode === opcodes.continuation ? ['cont.'] : []), ...(fin ? [] : ['no FIN'])].join(', ')
  return { text: `${said.trimStart() || name} (${part})`, role: direction }
}

function closed(event: EventOf<'closed'>): Label {
  if (event.transport === 'udp') return plain('closed')
  const { how, code } = event
  if (how === 'reset') return bad(code === undefined ? 'RST' : `reset ${escapeText(code)}`)
  if (how !== 'fin') return bad(`closed: ${how}`)
  return plain(event.transport === 'websocket' ? `closed, ${event.closeCode}` : 'closed')
}

/** Many alike, as one. */
export function labelOfMany(events: readonly Event[], role: Role): Label {
  const size = events.reduce((sum, event) => sum + ('size' in event ? event.size : 0), 0)
  const count = formatCount(events.length, nounOf(events[0]))
  return { text: count, role, ...(size > 0 && { more: formatBytes(size) }) }
}

function nounOf(event: Event | undefined): string {
  switch (event?.kind) {
    case 'bytes':
      return event.direction === 'sent' ? 'write' : 'read'
    case 'datagram':
    case 'message':
    case 'frame':
      return event.kind
    case 'stalled':
      return 'stop'
    case 'drained':
      return 'drain'
    default:
      return 'event'
  }
}
