import type { Event } from '../event.ts'
import { escapeText } from './escape.ts'
import { hexRows } from './hexdump.ts'
import { createPalette } from './palette.ts'
import { formatBytes, formatElapsed, formatSocket } from './units.ts'
import type { View } from './view.ts'

type BytesEvent = Extract<Event, { kind: 'bytes' }>

/** Every read and write as rows of bytes. Offsets run on over the whole stream, one for each direction. */
export function createHexView(options: { readonly color: boolean }): View {
  const palette = createPalette(options.color)
  const offsets = new Map<string, { sent: number; received: number }>()

  const advance = ({ socket, direction, size }: BytesEvent): number => {
    const passed = offsets.get(socket) ?? { sent: 0, received: 0 }
    const start = passed[direction]
    offsets.set(socket, { ...passed, [direction]: start + size })
    return start
  }

  const dump = (event: BytesEvent): string => {
    const [mark, verb] = event.direction === 'sent' ? ['→', 'write'] : ['←', 'read']
    const colored = palette[event.direction](mark)
    const socket = palette.socket(escapeText(formatSocket(event.socket)))
    const time = palette.faint(`at ${formatElapsed(event.at)}`)
    let text = `${colored} ${socket}  ${verb} ${formatBytes(event.size)}  ${time}\n`
    for (const { offset, bytes, text: shown } of hexRows(event.payload, advance(event))) {
      text += `${colored} ${palette.faint(offset.padEnd(9))} ${bytes}  ${palette.faint('|')}${shown}${palette.faint('|')}\n`
    }
    return text
  }

  return {
    wants: (kind) => kind === 'bytes' || kind === 'closed',
    render(event) {
      if (event.kind === 'bytes') return dump(event)
      if (event.kind === 'closed') offsets.delete(event.socket)
      return undefined
    },
  }
}
