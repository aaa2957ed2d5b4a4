import type { FrameEvent, MessageEvent } from '../event.ts'
import { describeCloseCode } from '../wire/close-code.ts'
import { readClose } from '../wire/close-frame.ts'
import { opcodeName, opcodes } from '../wire/frame.ts'
import { layOutAnatomy } from './anatomy.ts'
import { type Entry, faint, type Telling, words } from './entry.ts'
import { frameBytes } from './framing.ts'
import { layOutJson } from './json-layout.ts'
import { head, preview } from './preview.ts'
import { formatBytes, formatCount, formatShortDuration, group } from './units.ts'

/** One frame, in a line; from verbosity 2 on with its anatomy. */
export function frameEntry(event: FrameEvent, telling: Telling): Entry {
  const { direction, length, size } = event
  const lie = `its header declares ${formatBytes(length)}, and it has ${formatBytes(size)}`
  return {
    mark: direction === 'sent' ? '→' : '←',
    role: 'faint',
    size: frameBytes(event),
    verb: 'frame',
    text: [
      faint(
        `${[opcodeName(event.opcode), ...bitsOf(event, telling), amountOf(event)].join(', ')}${saidBy(event, telling)}`,
      ),
      ...[...roundTripOf(event), ...readsOf(event, telling)].map((text) => ({ ...faint(text), joins: true })),
      ...(length === size ? [] : [words(lie)]),
    ],
    ...(telling.verbosity >= 2 && {
      panel: (width: number) => layOutAnatomy(event, isCompressed(event, telling), width),
    }),
  }
}

/** One whole message: its payload, and below it how it travelled. */
export function messageEntry(event: MessageEvent, { show, verbosity }: Telling): Entry {
  const { direction, type, size, payload, frames } = event
  const layout = verbosity >= 1 && type === 'text' ? layOutJson(payload, size, show) : undefined
  return {
    mark: direction === 'sent' ? '→' : '←',
    role: direction,
    size,
    verb: type,
    text: size === 0 ? [faint('empty: a message of no bytes')] : (layout ?? preview(payload, size, show)),
    notes: [
      ...(frames > 1 ? [faint(`in ${formatCount(frames, 'frame')}`)] : []),
      ...compressionOf(event).map((text) => ({ ...faint(text), joins: true })),
      ...(layout === undefined
        ? []
        : [{ ...faint('JSON, laid out here: these line ends did not travel'), joins: true }]),
    ],
  }
}

/** Whether it begins a compressed message: what RSV1 says once that was agreed on (RFC 7692 §6). */
function isCompressed({ rsv1, opcode }: FrameEvent, { compression = false }: Telling): boolean {
  return rsv1 && compression && (opcode === opcodes.text || opcode === opcodes.binary)
}

/** `1,024 B to 143 B (14 %)` */
export function formatCompression(from: number, to: number): string {
  const share = from === 0 ? '' : ` (${group(Math.round((to / from) * 100))} %)`
  return `${formatBytes(from)} to ${formatBytes(to)}${share}`
}

function compressionOf({ size, compressedSize }: MessageEvent): readonly string[] {
  return compressedSize === undefined ? [] : [`compressed ${formatCompression(size, compressedSize)}`]
}

function bitsOf(event: FrameEvent, telling: Telling): readonly string[] {
  const { fin, rsv1, rsv2, rsv3 } = event
  return [
    fin ? 'FIN' : 'no FIN',
    ...(rsv1 ? [isCompressed(event, telling) ? 'compressed' : 'RSV1'] : []),
    ...(rsv2 ? ['RSV2'] : []),
    ...(rsv3 ? ['RSV3'] : []),
  ]
}

function amountOf({ size, mask }: FrameEvent): string {
  return `${formatBytes(size)}${mask === undefined ? '' : ' masked'}`
}

/** What a frame carries that belongs to no message: `  "abcd"`, or a close code and the reason. */
function saidBy({ opcode, payload, size }: FrameEvent, { show }: Telling): string {
  if (size === 0 || opcode <= opcodes.binary) return ''
  if (opcode !== opcodes.close || payload.length < 2) return `  "${head(payload, show)}"`
  const { code } = readClose(payload)
  const reason = payload.length === 2 ? '' : ` "${head(payload.subarray(2), show)}"`
  // What it means is told once, by the verdict.
  return `, ${code} (${describeCloseCode(code).name})${reason}`
}

/** `1000 (normal closure: the purpose was fulfilled)` */
export function describeCode(code: number): string {
  const { name, meaning } = describeCloseCode(code)
  return `${code} (${name}${meaning === name ? '' : `: ${meaning}`})`
}

function roundTripOf({ roundTripMs }: FrameEvent): readonly string[] {
  return roundTripMs === undefined ? [] : [`there and back in ${formatShortDuration(roundTripMs)}`]
}

/** Where reads and frames differ. */
function readsOf({ firstRead, lastRead }: FrameEvent, { readBefore }: Telling): readonly string[] {
  if (firstRead === undefined || lastRead === undefined) return []
  const shares = firstRead === readBefore
  const reads = lastRead - firstRead + 1
  if (reads === 1) return shares ? ['same read as the frame before'] : []
  return [`in ${formatCount(reads, 'read')}${shares ? ', the first with the frame before' : ''}`]
}
