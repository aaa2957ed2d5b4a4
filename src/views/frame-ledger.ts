import type { FrameEvent } from '../event.ts'
import { isControl } from '../wire/frame.ts'
import { padCells, wrapWords } from './cells.ts'
import { frameBytes, framingOf } from './framing.ts'
import { bracketPen, brackets, type Ends, printable, totalBytes } from './ledger.ts'
import { type Line, span } from './lines.ts'
import type { Role } from './palette.ts'
import { formatCount } from './units.ts'

type Frame = Pick<FrameEvent, 'opcode' | 'fin' | 'lengthForm' | 'mask' | 'size' | 'payload'>

/** The messages that one end sent, the reads that brought them, and the messages that came out. */
export interface FrameLedger {
  readonly pieces: 'messages'
  /** Frames of the sender, in which its messages went, and frames that the receiver found. */
  readonly sent: readonly Frame[]
  readonly found: readonly Frame[]
  readonly writes: readonly Uint8Array[]
  readonly reads: readonly Uint8Array[]
  readonly received: readonly Uint8Array[]
}

/**
 * The ledger of a WebSocket: the stream, a cell for each byte, framing as dots; above it the messages that were
 * sent, below it the reads that carried it, and below them the messages that were received.
 *
 *     2 messages        ┌3┐      ┌─5─┐
 *                 ······oak······maple
 *     1 read      └───────20 B───────┘
 *     2 messages        └3┘      └─5─┘
 *
 * Nothing where the width has no room for that.
 */
export function drawFrameLedger(
  { sent, found, writes, reads, received }: FrameLedger,
  width: number,
): readonly Line[] {
  const labels = [
    formatCount(writes.length, 'message'),
    formatCount(reads.length, 'read'),
    formatCount(received.length, 'message'),
  ] as const
  const indent = Math.max(...labels.map(({ length }) => length)) + 2
  const framed = [sent, found].map((frames) => frames.reduce((sum, frame) => sum + frameBytes(frame), 0))
  const longest = Math.max(...framed)
  if (longest === 0 || indent + Math.max(longest, totalBytes(reads)) > width) return []
  const streams = [...new Set([streamOf(sent), streamOf(found)])].filter((text) => text !== '')
  const row = (label: string, text: string, role: Role): Line => [
    span(padCells(label, indent), 'faint'),
    span(text, role),
  ]
  const notes = wrapWords(legendOf(sent), width - indent)
  return [
    row(labels[0], messageBrackets(sent, ['┌', '┐', '╷']), 'sent'),
    ...streams.map((text) => row('', text, 'plain')),
    row(labels[1], brackets(reads, ['└', '┘', '╵']), 'plain'),
    row(labels[2], messageBrackets(found, ['└', '┘', '╵']), 'received'),
    ...notes.map((note) => row('', note, 'faint')),
  ]
}

/** One cell a byte: framing as dots, payload as it is. */
function streamOf(frames: readonly Frame[]): string {
  return frames
    .map((frame) => '·'.repeat(frameBytes(frame) - frame.size) + printable([frame.payload]))
    .join('')
}

/** A bracket over the payload of each message, where it lies in the stream. */
function messageBrackets(frames: readonly Frame[], ends: Ends): string {
  const spans = messageSpans(frames)
  const draw = bracketPen(
    spans.map(({ size }) => size),
    ends,
  )
  return spans.reduce((drawn, { from, size }) => drawn.padEnd(from) + draw(size), '')
}

/** Where each message lies; one in several frames has the framing between them in it. */
function messageSpans(frames: readonly Frame[]): readonly { readonly from: number; readonly size: number }[] {
  const spans: { from: number; size: number }[] = []
  let [at, from]: [number, number | undefined] = [0, undefined]
  for (const frame of frames) {
    at += frameBytes(frame)
    if (isControl(frame.opcode)) continue
    from ??= at - frame.size
    if (!frame.fin) continue
    spans.push({ from, size: at - from })
    from = undefined
  }
  return spans
}

/** What the dots are. */
function legendOf(frames: readonly Frame[]): string {
  const forms = new Set(frames.map(framingOf).map(({ header, mask }) => framingText(header, mask)))
  const [form, ...more] = forms
  return form === undefined || more.length > 0 ? '· framing' : `· framing, in each frame ${form}`
}

function framingText(header: number, mask: number): string {
  return mask === 0 ? `${header} B of header` : `${header} B of header and ${mask} B of masking key`
}
