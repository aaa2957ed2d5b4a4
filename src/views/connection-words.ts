import type { ConnectionClosedEvent, ConnectionStatsEvent, Received, Sent } from '../event.ts'
import { type Entry, words } from './entry.ts'
import { escapeText } from './escape.ts'
import { connectionTable } from './table.ts'
import { formatBytes, formatCount, formatDuration, group } from './units.ts'

/** How a connection ended, what it carried, and what may be lost. */
export function connectionVerdict(event: ConnectionClosedEvent): Entry {
  return {
    mark: '-',
    role: event.how === 'fin' ? 'plain' : event.how === 'timeout' ? 'warning' : 'bad',
    text: [ending(event), amounts(event), loss(event)].map(words),
  }
}

/** Who is connected, and what went each way. */
export function connectionStats({ asked, peers, total }: ConnectionStatsEvent): Entry {
  return {
    mark: '≡',
    role: 'plain',
    text: [
      peers.length === 0 ? 'nobody is connected' : formatCount(peers.length, 'connection'),
      ...(asked === 'stats' ? [`altogether ${counts(total)}`, amounts(total)] : []),
    ].map(words),
    ...(peers.length > 0 && { table: connectionTable(peers) }),
  }
}

/** Who ended a connection first, how, and after how long. */
function ending({ first, how, answered, code, openMs }: ConnectionClosedEvent): string {
  const after = `closed after ${formatDuration(openMs)}: `
  const error = code === undefined ? '' : ` (${escapeText(code)})`
  switch (how) {
    case 'fin': {
      if (first === 'peer') return `${after}they ended first (FIN), and we answered`
      return (
        after +
        (answered ? 'we ended first (FIN), and they answered' : 'we closed and did not wait for their FIN')
      )
    }
    case 'reset': {
      const resetter = code === undefined ? 'us' : 'peer'
      const before = first === resetter ? '' : `${first === 'us' ? 'we' : 'they'} ended first (FIN), then `
      const cause = code === undefined ? '' : `, ${escapeText(code)}`
      return `${after}${before}${resetter === 'us' ? 'we' : 'they'} reset the connection (RST${cause})`
    }
    case 'timeout': {
      const before = first === 'us' ? '' : 'they ended first (FIN), then '
      return `${after}${before}a time limit of ours ended it${error}`
    }
    case 'error':
      return `${after}an error ended it${error}`
  }
}

function amounts({ received, sent }: { readonly received: Received; readonly sent: Sent }): string {
  const reads = formatCount(received.reads, 'read')
  const writes = formatCount(sent.writes, 'write')
  return `in ${formatBytes(received.bytes)} (${reads}), out ${formatBytes(sent.bytes)} (${writes})`
}

function counts({ opened, closed, refused }: ConnectionStatsEvent['total']): string {
  return `${group(opened)} opened, ${group(closed)} closed, ${group(refused)} refused`
}

/** What is known to be lost, and what nobody on this side can know. */
function loss({ how, answered, sent, unsent, truncated }: ConnectionClosedEvent): string {
  if (truncated) return 'their end of TLS was not announced (close_notify): what came may be cut short'
  const left =
    unsent === 0 ? 'every byte left this process' : `${formatBytes(unsent)} never left this process`
  if (how === 'fin' && answered) return unsent === 0 ? 'nothing lost here' : left
  const unread = 'what of theirs was not read is lost'
  if (sent.bytes === 0 && unsent === 0)
    return how === 'fin' ? unread : 'nothing of ours is lost: we had sent nothing'
  const unknown =
    sent.bytes === 0 ? left : `${left}; how much of what was written arrived, nobody here can know`
  return how === 'fin' ? `${unread}; of ours, ${unknown}` : unknown
}
