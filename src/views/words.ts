import {
  type EventKind,
  type EventOf,
  formatEndpoint,
  type OpenedEvent,
  type ProcessEvent,
  type TimeoutEvent,
} from '../event.ts'
import { connectionStats, connectionVerdict } from './connection-words.ts'
import { datagramEntry, datagramStats, datagramVerdict } from './datagram-words.ts'
import { type Entry, entry, type Telling } from './entry.ts'
import { escapeText } from './escape.ts'
import { frameEntry, messageEntry } from './frame-words.ts'
import type { Mark } from './marks.ts'
import type { Role } from './palette.ts'
import { head, preview, tail } from './preview.ts'
import { identityNotes, tlsEntry, untrustedEntry } from './tls-words.ts'
import { formatBytes, formatCount, formatDuration, group } from './units.ts'
import { requestEntry, upgradeEntry } from './upgrade-words.ts'
import { violationEntry, webSocketOpened, webSocketStats, webSocketVerdict } from './websocket-words.ts'

/** How an event is told; `show` is how many bytes of a payload are shown. */
export function describe<Kind extends EventKind>(
  kind: Kind,
  event: EventOf<Kind>,
  show: number,
  more: Omit<Telling, 'show'> = { verbosity: 0 },
): Entry {
  return formatters[kind](event, { show, ...more })
}

const formatters: { readonly [Kind in EventKind]: (event: EventOf<Kind>, telling: Telling) => Entry } = {
  listening({ transport, local, reach, service, url, tls }) {
    const where = `listening on ${url ?? formatEndpoint(local)}${transport === 'udp' ? ' (UDP)' : tls === undefined ? '' : ' with TLS'}`
    const what = service === 'none' ? '' : `, service ${service}`
    const told =
      reach === 'loopback'
        ? entry('●', 'good', `${where}, this machine only${what}`)
        : entry(
            '●',
            'warning',
            `${where}${what}: others on the network can ${transport === 'udp' ? 'send' : 'connect'}`,
          )
    return tls === undefined ? told : { ...told, notes: identityNotes(tls) }
  },

  resolved: ({ host, addresses, tookMs }) =>
    entry('·', 'faint', `${host} is ${addresses.join(', ')}, looked up in ${formatDuration(tookMs)}`),

  connecting: ({ remote, attempt, attempts }) =>
    entry('·', 'faint', `connecting to ${formatEndpoint(remote)}, attempt ${attempt} of ${attempts}`),

  opened,

  tls: tlsEntry,

  untrusted: untrustedEntry,

  bytes: ({ direction, size, payload }, { show }) => ({
    mark: direction === 'sent' ? '→' : '←',
    role: direction,
    size,
    verb: direction === 'sent' ? 'write' : 'read',
    text: preview(payload, size, show),
  }),

  datagram: (event, { show }) => datagramEntry(event, show),

  request: requestEntry,

  response: upgradeEntry,

  frame: frameEntry,

  message: messageEntry,

  violation: violationEntry,

  peer: ({ remote }) => entry('+', 'good', `new peer: the address ${formatEndpoint(remote)}`),

  paused: () => entry('‖', 'warning', 'reading stopped; what arrives now waits in the kernel'),

  resumed: () => entry('▸', 'good', 'reading again'),

  stalled: ({ queued }) =>
    entry(
      '‖',
      'warning',
      `a write says stop: the kernel's send buffer is full, ${formatBytes(queued)} wait here`,
    ),

  drained: ({ tookMs }) => entry('▸', 'good', `all that waited went out, after ${formatDuration(tookMs)}`),

  ended({ by, notified }) {
    if (by === 'us') {
      const how = notified === undefined ? 'FIN' : 'close_notify, FIN'
      return entry('⇥', 'sent', `we ended our side (${how}): no more will go out`)
    }
    if (notified === false) {
      const text = 'their FIN came without close_notify: anybody on the way may have cut the stream short'
      return entry('⇤', 'warning', text)
    }
    return entry(
      '⇤',
      'received',
      `they ended their side (${notified ? 'close_notify' : 'FIN'}): no more to come`,
    )
  },

  timeout: (event) => entry('!', 'warning', timeout(event)),

  refused({ transport, remote, code, tookMs }) {
    const where = formatEndpoint(remote)
    const after = tookMs === undefined ? '' : ` after ${formatDuration(tookMs)}`
    const told =
      transport !== 'udp'
        ? `${where} refused${after}: nothing listens there (${code})`
        : `nobody listens on ${where}: the kernel told us through ICMP, about a datagram sent earlier (${code})`
    return entry('×', 'bad', told)
  },

  failed({ code, message, remote, tookMs }) {
    const where = remote === undefined ? '' : formatEndpoint(remote)
    const after = tookMs === undefined ? '' : `, after ${formatDuration(tookMs)}`
    return entry(
      '×',
      'bad',
      `${message.includes(where) ? '' : `${where}: `}${message}${message.includes(code) ? '' : ` (${code})`}${after}`,
    )
  },

  closed(event) {
    if (event.transport === 'websocket') return webSocketVerdict(event)
    return event.transport === 'tcp' ? connectionVerdict(event) : datagramVerdict(event)
  },

  limit({ what, limit, detail, count }) {
    const limits = {
      connections: formatCount(limit, 'connection'),
      queue: `${formatBytes(limit)} that wait here`,
      line: `${formatBytes(limit)} in a line of the chat`,
      peers: `${formatCount(limit, 'peer')} remembered`,
      datagrams: `${formatCount(limit, 'datagram')} that wait here`,
      answer: undefined,
      loop: formatCount(limit, 'hop'),
      output: undefined,
      message: `${formatBytes(limit)} in a message`,
      fragments: `${formatCount(limit, 'frame')} in a message`,
      unfinished: `${formatBytes(limit)} of messages that have not ended`,
      pongs: `${formatBytes(limit)} of pongs that wait here`,
    }
    const which = limits[what] === undefined ? '' : `the limit is ${limits[what]}: `
    return entry('!', 'warning', `${which}${detail} (${group(count)} so far)`)
  },

  stats(event) {
    if (event.transport === 'websocket') return webSocketStats(event)
    return event.transport === 'tcp' ? connectionStats(event) : datagramStats(event)
  },

  expected({ met, payload, tookMs, instead }, { show }) {
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

  note: ({ text }) => entry('·', 'plain', ...text.split('\n')),

  process: (event) => entry(...processMark(event), processText(event)),
}

function processMark({ what, exitCode }: ProcessEvent): [mark: Mark, role: Role] {
  if (what === 'continued') return ['▸', 'good']
  if (what === 'stopped') return ['‖', 'warning']
  return exitCode === 0 ? ['-', 'plain'] : ['×', 'bad']
}

function processText({ what, exitCode, message }: ProcessEvent): string {
  const told = {
    stopped: 'the process is stopped (SIGSTOP); what arrives now waits in the kernel',
    continued: 'the process goes on (SIGCONT)',
    killed: 'the process is killed (SIGKILL): what it had open, the kernel closes',
    exited: `the process ended with exit code ${exitCode}`,
  }
  return escapeText(message === undefined ? told[what] : `${told[what]}: ${message}`)
}

function opened(event: OpenedEvent): Entry {
  if (event.transport === 'websocket') return webSocketOpened(event)
  const [local, remote] = [formatEndpoint(event.local), formatEndpoint(event.remote)]
  if (event.transport === 'tcp') {
    const { tookMs } = event
    if (tookMs === undefined) return entry('+', 'good', `connected from ${remote}`)
    return entry('+', 'good', `connected to ${remote} in ${formatDuration(tookMs)}, from ${local}`)
  }
  const told = event.connected
    ? `is set to ${remote} (connected UDP): nothing sent, nobody was asked`
    : `is open (UDP, not connected), for ${remote}`
  return entry('+', 'good', `socket ${local} ${told}`)
}

function timeout({ what, afterMs, remote }: TimeoutEvent): string {
  const where = remote === undefined ? '' : ` to ${formatEndpoint(remote)}`
  const after = formatDuration(afterMs)
  const told = {
    connect: `no connection${where} within ${after}: the time limit for connecting`,
    idle: `nothing moved either way for ${after}: the time limit for silence`,
    write: `they took nothing for ${after} while bytes of ours waited: the time limit for writing`,
    wait: `nothing happened for ${after}: we waited as long as was asked`,
    handshake: `the handshake was not done within ${after}: the time limit for the handshake`,
    ping: `no pong came back within ${after}: the time limit for answering a ping`,
    close: `closing was not over within ${after}: the time limit for it`,
  }
  return told[what]
}
