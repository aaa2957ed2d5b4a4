import { type EventKind, type EventOf, formatEndpoint, type Received, type Sent } from '../event.ts'
import { cutLength, escapeBytes, escapeText } from './escape.ts'
import type { Role } from './palette.ts'
import { peerTable, type Table } from './table.ts'
import { formatBytes, formatCount, formatDuration, group } from './units.ts'

/** Text that begins a line of its own. */
export interface Paragraph {
  readonly text: string
  /** `words` break at spaces; `payload` breaks anywhere, its escapes faint. */
  readonly as: 'words' | 'payload' | 'faint'
}

/** What the log says of one event: safe to show, not yet laid out. */
export interface Entry {
  /** One cell. */
  readonly mark: string
  readonly role: Role
  readonly size?: number
  readonly verb?: 'read' | 'write'
  readonly text: readonly Paragraph[]
  /** Under the text, and from the left: it wants the whole width. */
  readonly table?: Table
}

/** How an event is told; `show` is how many bytes of a payload are shown. */
export function describe<Kind extends EventKind>(kind: Kind, event: EventOf<Kind>, show: number): Entry {
  return formatters[kind](event, show)
}

const formatters: { readonly [Kind in EventKind]: (event: EventOf<Kind>, show: number) => Entry } = {
  listening({ local, reach, service }) {
    const where = `listening on ${formatEndpoint(local)}`
    const what = service === 'none' ? '' : `, service ${service}`
    return reach === 'loopback'
      ? entry('●', 'good', `${where}, this machine only${what}`)
      : entry('●', 'warning', `${where}${what}: others on the network can connect`)
  },

  resolved: ({ host, addresses, tookMs }) =>
    entry('·', 'faint', `${host} is ${addresses.join(', ')}, looked up in ${formatDuration(tookMs)}`),

  connecting: ({ remote, attempt, attempts }) =>
    entry('·', 'faint', `connecting to ${formatEndpoint(remote)}, attempt ${attempt} of ${attempts}`),

  opened: ({ local, remote, tookMs }) =>
    entry(
      '+',
      'good',
      tookMs === undefined
        ? `connected from ${formatEndpoint(remote)}`
        : `connected to ${formatEndpoint(remote)} in ${formatDuration(tookMs)}, from ${formatEndpoint(local)}`,
    ),

  bytes: ({ direction, size, payload }, show) => ({
    mark: direction === 'sent' ? '→' : '←',
    role: direction,
    size,
    verb: direction === 'sent' ? 'write' : 'read',
    text: preview(payload, size, show),
  }),

  paused: () => entry('‖', 'warning', 'reading stopped; what arrives now waits in the kernel'),

  resumed: () => entry('▸', 'good', 'reading again'),

  stalled: ({ queued }) =>
    entry(
      '‖',
      'warning',
      `a write says stop: the kernel's send buffer is full, ${formatBytes(queued)} wait here`,
    ),

  drained: ({ tookMs }) => entry('▸', 'good', `all that waited went out, after ${formatDuration(tookMs)}`),

  ended: ({ by }) =>
    by === 'peer'
      ? entry('⇤', 'received', 'they ended their side (FIN): no more to come')
      : entry('⇥', 'sent', 'we ended our side (FIN): no more will go out'),

  timeout({ what, afterMs, remote }) {
    const where = remote === undefined ? '' : ` to ${formatEndpoint(remote)}`
    const after = formatDuration(afterMs)
    const told = {
      connect: `no connection${where} within ${after}: the time limit for connecting`,
      idle: `nothing moved either way for ${after}: the time limit for silence`,
      write: `they took nothing for ${after} while bytes of ours waited: the time limit for writing`,
      wait: `nothing happened for ${after}: we waited as long as was asked`,
    }
    return entry('!', 'warning', told[what])
  },

  refused: ({ remote, code, tookMs }) =>
    entry(
      '×',
      'bad',
      `${formatEndpoint(remote)} refused after ${formatDuration(tookMs)}: nothing listens there (${code})`,
    ),

  failed({ code, message, remote, tookMs }) {
    const where = remote === undefined ? '' : formatEndpoint(remote)
    const after = tookMs === undefined ? '' : `, after ${formatDuration(tookMs)}`
    return entry(
      '×',
      'bad',
      `${message.includes(where) ? '' : `${where}: `}${message}${message.includes(code) ? '' : ` (${code})`}${after}`,
    )
  },

  closed: (event) => ({
    mark: '-',
    role: event.how === 'fin' ? 'plain' : event.how === 'timeout' ? 'warning' : 'bad',
    text: [ending(event), amounts(event), loss(event)].map(words),
  }),

  limit({ what, limit, detail, count }) {
    const limits = {
      connections: formatCount(limit, 'connection'),
      queue: `${formatBytes(limit)} that wait here`,
      line: `${formatBytes(limit)} in a line of the chat`,
    }
    return entry('!', 'warning', `the limit is ${limits[what]}: ${detail} (${group(count)} so far)`)
  },

  stats: ({ asked, peers, total }) => ({
    mark: '≡',
    role: 'plain',
    text: [
      peers.length === 0 ? 'nobody is connected' : formatCount(peers.length, 'connection'),
      ...(asked === 'stats' ? [`altogether ${counts(total)}`, amounts(total)] : []),
    ].map(words),
    ...(peers.length > 0 && { table: peerTable(peers) }),
  }),

  expected({ met, payload, tookMs, instead }, show) {
    const after = formatDuration(tookMs)
    if (met) return entry('✓', 'good', `expectation met after ${after}: "${head(payload, show)}"`)
    const came = instead === undefined || instead.length === 0 ? 'nothing' : `"${tail(instead, show)}"`
    return {
      mark: '✗',
      role: 'bad',
      text: [
        { text: `expectation not met after ${after}`, as: 'words' },
        { text: `waited for  "${head(payload, show)}"`, as: 'payload' },
        { text: `what came   ${came}`, as: 'payload' },
      ],
    }
  },

  note: ({ text }) => entry('·', 'plain', text),
}

/** An entry in words of ours, each line of the text a paragraph; nothing in it can act on the terminal. */
function entry(mark: string, role: Role, text: string): Entry {
  const safe = escapeText(text, { keepNewlines: true, keepBackslashes: true })
  return { mark, role, text: safe.split('\n').map(words) }
}

function words(text: string): Paragraph {
  return { text, as: 'words' }
}

/** The payload, a line for each of its lines, and how much more there is. */
function preview(payload: Uint8Array, size: number, show: number): Paragraph[] {
  const shown = withoutCut(payload, show)
  const lines = escapeBytes(shown, { keepNewlines: true }).match(/[^\n]*\n|[^\n]+/g) ?? []
  const text: Paragraph[] = lines.map((line) => ({ text: line.replace('\n', '\\n'), as: 'payload' }))
  const more = size - shown.length
  return more === 0 ? text : [...text, { text: `… ${formatBytes(more)} more`, as: 'faint' }]
}

/** The first bytes, without the head of a character that is cut there. */
function withoutCut(bytes: Uint8Array, size: number): Uint8Array {
  if (bytes.length <= size) return bytes
  const first = bytes.subarray(0, size)
  return first.subarray(0, size - cutLength(first))
}

function head(bytes: Uint8Array, show: number): string {
  const shown = withoutCut(bytes, show)
  return `${escapeBytes(shown)}${shown.length < bytes.length ? '…' : ''}`
}

/** The last bytes, without the rest of a character that is cut there. */
function tail(bytes: Uint8Array, show: number): string {
  if (bytes.length <= show) return escapeBytes(bytes)
  const last = bytes.subarray(bytes.length - show)
  const start = last.subarray(0, 4).findIndex((byte) => (byte & 0xc0) !== 0x80)
  return `…${escapeBytes(last.subarray(Math.max(0, start)))}`
}

/** Who ended a connection first, how, and after how long. */
function ending({ first, how, answered, code, openMs }: EventOf<'closed'>): string {
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

function counts({ opened, closed, refused }: EventOf<'stats'>['total']): string {
  return `${group(opened)} opened, ${group(closed)} closed, ${group(refused)} refused`
}

/** What is known to be lost, and what nobody on this side can know. */
function loss({ how, answered, sent, unsent }: EventOf<'closed'>): string {
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
