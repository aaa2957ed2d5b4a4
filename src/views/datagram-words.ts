import type {
  DatagramClosedEvent,
  DatagramCount,
  DatagramEvent,
  DatagramStatsEvent,
  Traffic,
} from '../event.ts'
import { type RoundTripReport, type SequenceReport, sequenceHeaderSize } from '../wire/sequence.ts'
import { type Entry, faint, type Paragraph, words } from './entry.ts'
import { preview } from './preview.ts'
import { datagramTable } from './table.ts'
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatFrequency,
  formatRate,
  formatShortDuration,
  group,
} from './units.ts'

/** One datagram: its payload, and below it what we know of it. */
export function datagramEntry(event: DatagramEvent, show: number): Entry {
  const { direction, size } = event
  return {
    mark: direction === 'sent' ? '→' : '←',
    role: direction,
    size,
    verb: 'datagram',
    text: payloadOf(event, show),
    notes: [...numberOf(event), ...keptOf(event)],
  }
}

/** What a datagram socket has carried, after it was closed, and what can be known of the rest. */
export function datagramVerdict(event: DatagramClosedEvent): Entry {
  const { openMs, unsent, refused, dropped = 0 } = event
  const after = `closed after ${formatDuration(openMs)}: UDP has no goodbye`
  return {
    mark: '-',
    role: unsent + refused + dropped > 0 ? 'warning' : 'plain',
    text: [after, ...carried(event), ...unknown(event)].map(words),
  }
}

/** The addresses that are remembered, and what went each way. */
export function datagramStats({ asked, peers, total }: DatagramStatsEvent): Entry {
  const altogether = [`altogether, open for ${formatDuration(total.openMs)}`, ...carried(total)]
  return {
    mark: '≡',
    role: 'plain',
    text: [
      peers.length === 0 ? 'no peer is known' : formatCount(peers.length, 'peer'),
      ...(asked === 'stats' ? altogether : []),
    ].map(words),
    ...(peers.length > 0 && { table: datagramTable(peers) }),
  }
}

function payloadOf({ size, payload, number }: DatagramEvent, show: number): readonly Paragraph[] {
  if (size === 0) return [faint('empty: a datagram of no bytes')]
  if (number === undefined) return preview(payload, size, show)
  return preview(payload.subarray(sequenceHeaderSize), size - sequenceHeaderSize, show)
}

function numberOf({ size, number }: DatagramEvent): readonly Paragraph[] {
  if (number === undefined) return []
  const alone = size === sequenceHeaderSize ? ' and nothing else' : ''
  return [faint(`no. ${group(number)}, in a header of ${formatBytes(sequenceHeaderSize)}${alone}`)]
}

function keptOf({ size, kept }: DatagramEvent): readonly Paragraph[] {
  if (kept === undefined) return []
  const [first, rest] = [formatBytes(kept), formatBytes(size - kept)]
  return [words(`a recv of ${first} would have kept the first ${first} and lost ${rest} without a word`)]
}

/** What went each way and what is known to be lost, a line for each. */
function carried({ sent, received, unsent, refused, dropped, sequence, roundTrips }: Traffic): string[] {
  return [
    `in ${amount(received)}`,
    `out ${amount(sent)}`,
    ...(dropped === undefined ? [] : [losses(dropped, received)]),
    ...(unsent === 0 ? [] : [`${formatCount(unsent, 'datagram')} never left this process`]),
    ...(refused === 0 ? [] : [`refused ${times(refused)}: ICMP told us that nobody listens`]),
    ...(sequence === undefined ? [] : [numbered(sequence)]),
    ...(roundTrips === undefined ? [] : [thereAndBack(roundTrips)]),
  ]
}

/** Of fewer datagrams a rate says nothing. */
const fewestRated = 10

/** `2,000 B (20 datagrams, 1.2 kB/s, 59/s)`; a rate is counted after the first one, which only starts the clock. */
function amount({ bytes, datagrams, spanMs }: DatagramCount): string {
  const later = datagrams - 1
  const rates =
    datagrams < fewestRated || spanMs <= 0
      ? []
      : [formatRate((bytes * later) / datagrams, spanMs), formatFrequency(later, spanMs)]
  return `${formatBytes(bytes)} (${[formatCount(datagrams, 'datagram'), ...rates].join(', ')})`
}

function losses(dropped: number, received: DatagramCount): string {
  if (dropped === 0) return 'the kernel dropped none here'
  const arrived = group(received.datagrams + dropped)
  return `the kernel dropped ${formatCount(dropped, 'datagram')} that nobody read in time: ${arrived} or more arrived here`
}

function numbered({ received, lost, duplicates, reordered, jitterMs }: SequenceReport): string {
  const counts = [
    `${group(received)} received`,
    `${group(lost)} missing in between`,
    formatCount(duplicates, 'duplicate'),
    `${group(reordered)} reordered`,
  ]
  return `numbered: ${counts.join(', ')}, jitter ${formatShortDuration(jitterMs)}`
}

function thereAndBack({ count, minMs, meanMs, maxMs }: RoundTripReport): string {
  const [least = '', mean = '', most = ''] = [minMs, meanMs, maxMs].map(formatShortDuration)
  const took = count === 1 ? mean : `${least} to ${most}, ${mean} on average`
  return `there and back ${times(count)}: ${took}`
}

/** What became of what we sent, as far as anybody here can know. */
function unknown({ sent, received, refused, connected }: DatagramClosedEvent): string[] {
  if (sent.datagrams === 0) return []
  if (received.datagrams > 0) return ['whether each of ours arrived, UDP does not say']
  if (!connected) {
    return [
      'nothing came back, which proves nothing: it may be lost, nobody may listen, or whoever listens may ' +
        'say nothing; a socket that is not connected does not even learn of a refusal',
    ]
  }
  if (refused > 0) return []
  return [
    'nothing came back, and no refusal either: it arrived and was not answered, or was lost on the way, ' +
      'or a firewall dropped it',
  ]
}

function times(count: number): string {
  return count === 1 ? 'once' : count === 2 ? 'twice' : `${group(count)} times`
}
