/** The events of a comparison in a few words: its columns are narrow, and whoever wants sentences has the log. */
import {
  type Endpoint,
  type Event,
  type EventKind,
  type EventOf,
  formatEndpoint,
  type WebSocketClosedEvent,
} from '../event.ts'
import { readClose } from '../wire/close-frame.ts'
import { opcodeName, opcodes } from '../wire/frame.ts'
import { escapeText } from './escape.ts'
import { head } from './preview.ts'
import { versionName } from './tls-words.ts'
import { formatBytes, formatDuration } from './units.ts'

/** Bytes of a control frame's payload. */
const mostShown = 32

/** Undefined for what has no shorter words than those of the log. */
export function shortWords(event: Event): string | undefined {
  return tell(event.kind, event)
}

function tell<Kind extends EventKind>(kind: Kind, event: EventOf<Kind>): string | undefined {
  return words[kind]?.(event)
}

const words: { readonly [Kind in EventKind]?: (event: EventOf<Kind>) => string | undefined } = {
  connecting: ({ remote }) => `connecting to ${near(remote)}`,
  opened(event) {
    if (event.transport === 'websocket') return `WebSocket open: ${escapeText(event.target)}`
    const [local, remote] = [near(event.local), near(event.remote)]
    if (event.transport === 'udp') {
      return event.connected ? `socket ${local}, connected to ${remote}` : `socket ${local}, not connected`
    }
    const { tookMs } = event
    return tookMs === undefined
      ? `connected from ${remote}`
      : `connected to ${remote} in ${formatDuration(tookMs)}, from ${local}`
  },
  peer: ({ remote }) => `new peer: ${near(remote)}`,
  paused: () => 'reading stopped',
  resumed: () => 'reading again',
  stalled: ({ queued }) => `a write says stop: ${formatBytes(queued)} wait here`,
  drained: ({ tookMs }) => `all went out, after ${formatDuration(tookMs)}`,
  tls: ({ version, cipher }) => `${versionName(version)}, ${escapeText(cipher.replace(/^TLS_/, ''))}`,
  untrusted: ({ message }) => escapeText(message),
  ended({ by, notified }) {
    if (notified === undefined) return by === 'us' ? 'FIN sent' : 'FIN came'
    if (by === 'us') return 'close_notify and FIN sent'
    return notified ? 'close_notify came' : 'FIN came, no close_notify'
  },
  timeout: ({ what, afterMs }) => (what === 'ping' ? `no pong within ${formatDuration(afterMs)}` : undefined),
  refused: ({ remote, code }) => `${near(remote)} refused (${escapeText(code)})`,
  violation: ({ message, section, closeCode }) =>
    escapeText(`a rule is broken: ${message} (${section})${closeCode === 0 ? '' : `: ${closeCode}`}`),
  frame: controlWords,
  closed,
  process({ what, exitCode, message }) {
    if (what === 'stopped') return 'process stopped (SIGSTOP)'
    if (what === 'continued') return 'process goes on (SIGCONT)'
    if (what === 'killed') return 'process killed (SIGKILL)'
    const why = message === undefined ? '' : `: ${escapeText(message.replace(/^sockpit: /, ''))}`
    return `exit code ${exitCode ?? 'unknown'}${why}`
  },
}

/** On this machine the port says it all. */
function near({ address, port, family }: Endpoint): string {
  return address === '127.0.0.1' ? `:${port}` : formatEndpoint({ address, port, family } as Endpoint)
}

/** `close 4001 "why"`, `ping "fox"`; nothing of a frame of data, nor of one that is not as it should be. */
function controlWords({
  opcode,
  fin,
  rsv1,
  rsv2,
  rsv3,
  length,
  size,
  payload,
}: EventOf<'frame'>): string | undefined {
  const isOdd = !fin || rsv1 || rsv2 || rsv3 || length !== size || size > 125
  if (isOdd || opcode < opcodes.close || opcode > opcodes.pong) return undefined
  if (opcode !== opcodes.close) {
    return size === 0 ? opcodeName(opcode) : `${opcodeName(opcode)} "${head(payload, mostShown)}"`
  }
  if (size < 2) return size === 0 ? 'close, without a code' : undefined
  const { code } = readClose(payload)
  return size === 2 ? `close ${code}` : `close ${code} "${head(payload.subarray(2), mostShown)}"`
}

function closed(event: EventOf<'closed'>): string {
  if (event.transport === 'udp') return 'closed'
  const lost = event.unsent === 0 ? '' : `; ${formatBytes(event.unsent)} never left`
  if (event.transport === 'websocket') return `closed: ${endOfWebSocket(event)}${lost}`
  const { answered, first } = event
  // Whether theirs would have come is not known where nobody waited for it.
  const alone = first === 'us' ? 'our FIN, without waiting for theirs' : 'their FIN, and none of ours'
  const fins = answered ? 'a FIN each way' : alone
  return `closed: ${event.how === 'fin' ? fins : endOfTcp(event)}${lost}`
}

function endOfWebSocket(event: WebSocketClosedEvent): string {
  const { upgraded, clean, closeCode, sentCode, failed, how } = event
  if (!upgraded) return 'no WebSocket came of it'
  if (failed) return `with ${sentCode}, and nothing looked at after that`
  if (clean)
    return sentCode === closeCode
      ? `${closeCode} each way, clean`
      : `${closeCode} came, ${sentCode} sent, clean`
  const end = how === 'fin' ? 'FIN' : endOfTcp(event)
  return closeCode === 1006 ? `1006, no close frame came; ${end}` : `${closeCode} came; ${end}, not clean`
}

function endOfTcp({
  how,
  code,
  first,
}: Pick<EventOf<'closed'> & { transport: 'tcp' }, 'how' | 'code' | 'first'>) {
  const named = code === undefined ? '' : ` (${escapeText(code)})`
  if (how === 'reset') return first === 'us' ? `RST sent${named}` : `RST came${named}`
  if (how === 'timeout') return 'a time limit of ours'
  return how === 'error' ? `an error${named}` : 'FIN'
}
