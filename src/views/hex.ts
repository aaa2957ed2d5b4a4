import { carriesPayload, type EventKind, type EventOf, type PayloadEvent } from '../event.ts'
import { escapeText } from './escape.ts'
import { hexRows } from './hexdump.ts'
import { createStrangers, otherEnd } from './other-end.ts'
import { createPalette } from './palette.ts'
import { formatBytes, formatElapsed, formatSocket } from './units.ts'
import type { View } from './view.ts'

const kinds: ReadonlySet<EventKind> = new Set(['opened', 'bytes', 'datagram', 'closed'])

/**
 * Every read, write and datagram as rows of bytes. Offsets run on over the whole stream, one for each direction;
 * a datagram stands for itself and begins at 0.
 */
export function createHexView(options: { readonly color: boolean }): View {
  const palette = createPalette(options.color)
  const offsets = new Map<string, { sent: number; received: number }>()
  const strangerOf = createStrangers()

  const advance = ({ socket, direction, size }: EventOf<'bytes'>): number => {
    const passed = offsets.get(socket) ?? { sent: 0, received: 0 }
    const start = passed[direction]
    offsets.set(socket, { ...passed, [direction]: start + size })
    return start
  }

  const dump = (event: PayloadEvent, other: string | undefined): string => {
    const mark = palette[event.direction](event.direction === 'sent' ? '→' : '←')
    const socket = palette.socket(escapeText(formatSocket(event.socket)))
    const what = `${verbOf(event)} ${formatBytes(event.size)}`
    const time = palette.faint(`at ${formatElapsed(event.at)}`)
    let text = `${[`${mark} ${socket}`, what, ...(other === undefined ? [] : [other]), time].join('  ')}\n`
    const start = event.kind === 'bytes' ? advance(event) : 0
    for (const { offset, bytes, text: shown } of hexRows(event.payload, start)) {
      text += `${mark} ${palette.faint(offset.padEnd(9))} ${bytes}  ${palette.faint('|')}${shown}${palette.faint('|')}\n`
    }
    return text
  }

  return {
    wants: (kind) => kinds.has(kind),
    render(event) {
      const stranger = strangerOf(event)
      if (event.kind === 'closed') offsets.delete(event.socket)
      if (!carriesPayload(event)) return undefined
      // Nothing else here names the peers of a server.
      const isPeer = event.kind === 'datagram' && event.socket.startsWith('server#')
      return dump(event, isPeer ? otherEnd(event) : stranger)
    },
  }
}

function verbOf({ kind, direction }: PayloadEvent): string {
  if (kind === 'datagram') return kind
  return direction === 'sent' ? 'write' : 'read'
}
