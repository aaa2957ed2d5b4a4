import {
  formatEndpoint,
  type ViolationEvent,
  type WebSocketClosedEvent,
  type WebSocketOpenedEvent,
  type WebSocketStatsEvent,
} from '../event.ts'
import { describeCloseCode, isNormalClosure } from '../wire/close-code.ts'
import type { Carried } from '../wire/output.ts'
import { type Entry, words } from './entry.ts'
import { escapeText } from './escape.ts'
import { describeCode, formatCompression } from './frame-words.ts'
import type { Role } from './palette.ts'
import { webSocketTable } from './table.ts'
import { formatBytes, formatCount, formatDuration, group } from './units.ts'

/** `1005`: a close frame without a code; `1006`: no close frame. Neither travels (RFC 6455 §7.4.1). */
const [noCode, noFrame] = [1005, 1006]

/** What was agreed on, and with whom. */
export function webSocketOpened({ target, subprotocol, compression, remote }: WebSocketOpenedEvent): Entry {
  const agreed = [
    target,
    ...(subprotocol === undefined ? [] : [`subprotocol ${subprotocol}`]),
    ...(compression === undefined ? [] : [compression]),
  ].map((text) => escapeText(text))
  return {
    mark: '+',
    role: 'good',
    text: [words(`WebSocket open: ${agreed.join(', ')}, with ${escapeText(formatEndpoint(remote))}`)],
  }
}

/** What was wrong, the place that says so, and what our close frame says of it. */
export function violationEntry({ message, section, closeCode }: ViolationEvent): Entry {
  const closed = closeCode === 0 ? '' : `: closed with ${closeCode} (${describeCloseCode(closeCode).name})`
  return {
    mark: '×',
    role: 'bad',
    text: [words(escapeText(`they broke a rule: ${message} (${section})${closed}`))],
  }
}

/** How a WebSocket ended, what it carried, and what may be lost. */
export function webSocketVerdict(event: WebSocketClosedEvent): Entry {
  const { openMs, upgraded, sent, received, unsent } = event
  const [ending = '', ...more] = upgraded ? endingOf(event) : [`no WebSocket came of it: ${endOfTcp(event)}`]
  return {
    mark: '-',
    role: roleOf(event),
    text: [
      `closed after ${formatDuration(openMs)}: ${ending}`,
      ...more,
      ...amounts(event),
      ...compression(received, 'in'),
      ...compression(sent, 'out'),
      ...(unsent === 0 ? [] : [`${formatBytes(unsent)} of the stream never left this process`]),
    ].map(words),
  }
}

/** Who is connected, and what went each way. */
export function webSocketStats({ asked, peers, total }: WebSocketStatsEvent): Entry {
  const { opened, closed, refused, sent, received } = total
  const altogether = [
    `altogether ${group(opened)} opened, ${group(closed)} closed, ${group(refused)} refused`,
    ...amounts({ upgraded: true, sent, received }),
    ...compression(received, 'in'),
    ...compression(sent, 'out'),
  ]
  return {
    mark: '≡',
    role: 'plain',
    text: [
      peers.length === 0 ? 'nobody is connected' : formatCount(peers.length, 'WebSocket'),
      ...(asked === 'stats' ? altogether : []),
    ].map(words),
    ...(peers.length > 0 && { table: webSocketTable(peers) }),
  }
}

function roleOf({ upgraded, clean, closeCode, sentCode = noCode, how }: WebSocketClosedEvent): Role {
  if (!upgraded) return how === 'fin' ? 'warning' : 'bad'
  if (clean) return isNormalClosure(closeCode) && isNormalClosure(sentCode) ? 'plain' : 'warning'
  return how === 'timeout' ? 'warning' : 'bad'
}

/** The close frames, then how TCP went down; below it what needs a word more. */
function endingOf(event: WebSocketClosedEvent): readonly string[] {
  const { clean, closeCode, reason, how, failed } = event
  const end = clean ? 'clean' : how === 'fin' ? `${endOfTcp(event)}: not clean` : endOfTcp(event)
  return [
    `${closeFrames(event)}; ${end}`,
    ...(reason === '' ? [] : [`their reason: "${escapeText(reason)}"`]),
    ...(closeCode === noCode ? ['1005: their close frame had no code'] : []),
    ...(closeCode === noFrame && failed === undefined
      ? ['1006: no close frame came; 1006 never travels, it stands for that']
      : []),
  ]
}

/** Whose close frame came first, what it said, and the answer. */
function closeFrames({ first, closeCode, sentCode, failed }: WebSocketClosedEvent): string {
  const ours = sentCode === undefined ? undefined : withCode(sentCode)
  const theirs = closeCode === noFrame ? undefined : withCode(closeCode)
  if (ours === undefined && theirs === undefined) return 'no close frame went either way'
  if (failed) return `we closed ${ours} and looked at nothing after that`
  if (theirs === undefined) return `we closed ${ours}, they did not answer`
  if (ours === undefined) return `they closed ${theirs}, we did not answer`
  const isSame = sentCode === closeCode
  return first === 'us'
    ? `we closed first ${ours}, they answered${isSame ? '' : ` ${theirs}`}`
    : `they closed first ${theirs}, we answered${isSame ? '' : ` ${ours}`}`
}

function withCode(code: number): string {
  return code === noCode ? 'without a code' : `with ${describeCode(code)}`
}

function endOfTcp({ first, how, code }: WebSocketClosedEvent): string {
  const error = code === undefined ? '' : ` (${escapeText(code)})`
  switch (how) {
    case 'fin':
      return `${first === 'us' ? 'we' : 'they'} ended the connection (FIN)`
    case 'reset':
      return code === undefined
        ? 'we reset the connection (RST)'
        : `they reset the connection (RST, ${escapeText(code)})`
    case 'timeout':
      return `a time limit of ours ended it${error}`
    case 'error':
      return `an error ended it${error}`
  }
}

/** What went each way; of a WebSocket that never was only the bytes and the calls. */
function amounts({
  upgraded,
  received,
  sent,
}: Pick<WebSocketClosedEvent, 'upgraded' | 'received' | 'sent'>): readonly string[] {
  const [came, reads] = [formatBytes(received.bytes), formatCount(received.reads, 'read')]
  const [went, writes] = [formatBytes(sent.bytes), formatCount(sent.writes, 'write')]
  if (!upgraded) return [`in ${came} (${reads}), out ${went} (${writes})`]
  return [`in ${carried(received)}; ${came} in ${reads}`, `out ${carried(sent)}; ${went} in ${writes}`]
}

function carried({ messages, frames, messageBytes }: Carried): string {
  const counts = `${formatCount(messages, 'message')}, ${formatCount(frames, 'frame')}`
  return `${counts}, ${formatBytes(messageBytes)} of payload`
}

function compression({ compressed: { from, to } }: Carried, way: 'in' | 'out'): readonly string[] {
  if (from === 0 && to === 0) return []
  const cost = to > from ? ': it cost more than it won' : ''
  return [`compression ${way}: ${formatCompression(from, to)}${cost}`]
}
