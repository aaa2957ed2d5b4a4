import { Buffer } from 'node:buffer'
import type { Event, EventKind, EventOf, Transport } from '../event.ts'
import { encodeFrameHeader, opcodeName } from '../wire/frame.ts'
import { applyMask } from '../wire/mask.ts'
import { escapeText } from './escape.ts'
import { hexRows } from './hexdump.ts'
import { createStrangers, otherEnd } from './other-end.ts'
import { createPalette } from './palette.ts'
import { formatBytes, formatElapsed, formatSocket } from './units.ts'
import type { View } from './view.ts'

/** What is shown as bytes. */
type ShownEvent = EventOf<'bytes' | 'datagram' | 'request' | 'response' | 'frame'>

/** A WebSocket's reads and writes are shown as what stands in them. */
const shownKinds: Readonly<Record<Transport, readonly ShownEvent['kind'][]>> = {
  tcp: ['bytes'],
  udp: ['datagram'],
  websocket: ['request', 'response', 'frame'],
}

export interface HexOptions {
  readonly color: boolean
  readonly transport: Transport
}

/**
 * Every read, write, datagram, or frame and head of a WebSocket as rows of bytes. Offsets run on over the whole
 * stream, one for each direction; what stands for itself begins at 0.
 */
export function createHexView({ color, transport }: HexOptions): View {
  const palette = createPalette(color)
  const offsets = new Map<string, { sent: number; received: number }>()
  const strangerOf = createStrangers()
  const kinds = new Set<EventKind>(['opened', 'closed', ...shownKinds[transport]])

  const advance = ({ socket, direction, size }: EventOf<'bytes'>): number => {
    const passed = offsets.get(socket) ?? { sent: 0, received: 0 }
    const start = passed[direction]
    offsets.set(socket, { ...passed, [direction]: start + size })
    return start
  }

  const dump = (event: ShownEvent, other: string | undefined): string => {
    const mark = palette[event.direction](event.direction === 'sent' ? '→' : '←')
    const socket = palette.socket(escapeText(formatSocket(event.socket)))
    const time = palette.faint(`at ${formatElapsed(event.at)}`)
    const head = [`${mark} ${socket}`, captionOf(event), ...(other === undefined ? [] : [other]), time]
    let text = `${head.join('  ')}\n`
    const start = event.kind === 'bytes' ? advance(event) : 0
    for (const { offset, bytes, text: shown } of hexRows(asTravelled(event), start)) {
      text += `${mark} ${palette.faint(offset.padEnd(9))} ${bytes}  ${palette.faint('|')}${shown}${palette.faint('|')}\n`
    }
    return text
  }

  return {
    wants: (kind) => kinds.has(kind),
    render(event) {
      const stranger = strangerOf(event)
      if (event.kind === 'closed') offsets.delete(event.socket)
      if (!isShown(event, transport)) return undefined
      // Nothing else here names the peers of a server.
      const isPeer = event.kind === 'datagram' && event.socket.startsWith('server#')
      return dump(event, isPeer ? otherEnd(event) : stranger)
    },
  }
}

function isShown(event: Event, transport: Transport): event is ShownEvent {
  return shownKinds[transport].some((kind) => kind === event.kind)
}

/** `write 6 B`, `response 101  129 B`, `frame text FIN  11 B` */
function captionOf(event: ShownEvent): string {
  const size = formatBytes(event.size)
  switch (event.kind) {
    case 'bytes':
      return `${event.direction === 'sent' ? 'write' : 'read'} ${size}`
    case 'datagram':
    case 'request':
      return `${event.kind} ${size}`
    case 'response':
      return `response ${event.status}  ${size}`
    case 'frame': {
      const { fin, rsv1, rsv2, rsv3, opcode, length } = event
      const bits = Object.entries({ FIN: fin, RSV1: rsv1, RSV2: rsv2, RSV3: rsv3 })
      const set = bits.filter(([, isSet]) => isSet).map(([name]) => ` ${name}`)
      const declared = length === event.size ? '' : `, declared as ${formatBytes(length)}`
      return `frame ${opcodeName(opcode)}${set.join('')}  ${size}${declared}`
    }
  }
}

/** The bytes as they stood in the stream; those of a frame are its header and, where it has a key, masked again. */
function asTravelled(event: ShownEvent): Uint8Array {
  if (event.kind !== 'frame') return event.payload
  const mask = event.mask === undefined ? undefined : Buffer.from(event.mask, 'hex')
  const header = encodeFrameHeader({ ...event, mask })
  const frame = Buffer.concat([header, event.payload])
  if (mask !== undefined) applyMask(frame, header.length, frame.length, mask, 0)
  return frame
}
