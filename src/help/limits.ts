/** The one table of limits, its values taken from the code that keeps to them. */
import { defaults } from '../commands/defaults.ts'
import type { LimitEvent, TimeoutEvent } from '../event.ts'
import { longestLine } from '../net/chat.ts'
import { firstClientPort, firstHopLimit, quietMs } from '../net/echo-guard.ts'
import { mostPeers } from '../net/peer-table.ts'
import { maxFragments } from '../net/websocket-connection.ts'
import { mostUnfinished } from '../net/websocket-server.ts'
import { longest as longestHistory } from '../session/history.ts'
import { longestPaste } from '../session/paste.ts'
import { longestScript, longestLine as longestScriptLine, mostScriptLines } from '../session/script.ts'
import { tailSize } from '../session/watch.ts'
import { expectWithinMs } from '../verb-arguments.ts'
import { formatDuration, group } from '../views/units.ts'
import { headLimits } from '../wire/http-head.ts'
import { mostPending } from '../wire/pong-gate.ts'
import { type Section, section, terms } from './section.ts'

/** One limit. */
export interface LimitRow {
  readonly what: string
  readonly default: string
  /** The option that changes it. */
  readonly option?: string
  /** What happens when it acts. */
  readonly acts: string
  /** How an event of kind limit or timeout names it. */
  readonly told?: LimitEvent['what'] | TimeoutEvent['what']
}

const connecting: readonly LimitRow[] = [
  {
    what: 'connections',
    default: `${group(defaults.maxConnections)}, and below the soft limit of open files`,
    option: '--max-connections',
    acts: 'refused, counted, told',
    told: 'connections',
  },
  {
    what: 'connections that wait for accept',
    default: String(defaults.backlog),
    option: '--backlog',
    acts: 'the kernel lets no more in',
  },
  {
    what: 'connecting',
    default: timeLimit(defaults.connectTimeoutMs),
    option: '--connect-timeout',
    acts: 'told, exit 3',
    told: 'connect',
  },
  {
    what: 'silence',
    default: timeLimit(defaults.idleTimeoutMs),
    option: '--idle-timeout',
    acts: 'closed, told',
    told: 'idle',
  },
  { what: 'nothing happening', default: 'none', option: '--wait', acts: 'ended, exit 0', told: 'wait' },
]

const stream: readonly LimitRow[] = [
  {
    what: 'bytes queued to a client that does not read',
    default: binarySize(defaults.maxQueue),
    option: '--max-queue',
    acts: 'it is read from no more until it takes some; told',
    told: 'queue',
  },
  {
    what: 'no progress to such a peer',
    default: `${timeLimit(defaults.stallTimeoutMs)}; tcp-client: ${timeLimit(defaults.clientStallTimeoutMs)}`,
    option: '--stall-timeout',
    acts: 'closed with RST, told',
    told: 'write',
  },
  {
    what: 'a line of the chat',
    default: binarySize(longestLine),
    acts: 'passed on in pieces, told',
    told: 'line',
  },
]

const datagrams: readonly LimitRow[] = [
  {
    what: 'datagrams queued to be sent',
    default: group(defaults.maxDatagrams),
    option: '--max-queue',
    acts: 'whoever sends waits; answers of a service are left out, told',
    told: 'datagrams',
  },
  {
    what: 'UDP peers remembered',
    default: group(mostPeers),
    acts: 'the one silent longest is forgotten, told',
    told: 'peers',
  },
  {
    what: 'whom a service answers over UDP',
    default: `ports from ${group(firstClientPort)}; neither itself, nor broadcast, nor groups`,
    acts: 'the answer is left out, told',
    told: 'answer',
  },
  {
    what: 'answers to a datagram that keeps coming back',
    default: `${group(firstHopLimit)}, more for who proves alive`,
    acts: `silence for ${formatDuration(quietMs)}; a loop ends there, told`,
    told: 'loop',
  },
  {
    what: 'datagrams while the output takes no more',
    default: 'none is kept',
    acts: 'thrown away, told',
    told: 'output',
  },
]

const webSocket: readonly LimitRow[] = [
  {
    what: 'HTTP head of an upgrade',
    default:
      `${binarySize(headLimits.headBytes)}, ${binarySize(headLimits.lineBytes)} a line, ` +
      `${headLimits.headers} headers`,
    acts: 'answered with 431, or 414; closed',
  },
  {
    what: 'the upgrade, from the connection to the answer, TLS included; tcp-server: TLS alone',
    default: timeLimit(defaults.handshakeTimeoutMs),
    option: '--handshake-timeout; client: --connect-timeout',
    acts: 'closed, told (client: exit 3)',
    told: 'handshake',
  },
  {
    what: 'a message, decompressed',
    default: binarySize(defaults.maxPayload),
    option: '--max-payload',
    acts: 'closed with 1009; a declared length is judged before anything is kept',
    told: 'message',
  },
  { what: 'frames a message', default: group(maxFragments), acts: 'closed with 1008', told: 'fragments' },
  {
    what: 'unfinished messages of all clients',
    default: binarySize(mostUnfinished),
    acts: 'the largest is closed with 1008',
    told: 'unfinished',
  },
  {
    what: 'pongs owed to a peer that does not read',
    default: binarySize(mostPending),
    acts: 'then only the newest is kept, told',
    told: 'pongs',
  },
  {
    what: 'the answer to a ping',
    default:
      `until the next ping: server ${timeLimit(defaults.pingIntervalMs)}; ` +
      `client ${timeLimit(defaults.clientPingIntervalMs)}`,
    option: '--ping-interval',
    acts: 'who says nothing is closed, told',
    told: 'ping',
  },
  {
    what: "the other side's half of closing",
    default: timeLimit(defaults.closeTimeoutMs),
    option: '--close-timeout',
    acts: 'closed, told',
    told: 'close',
  },
]

const session: readonly LimitRow[] = [
  {
    what: 'what /expect looks at',
    default: `the newest ${binarySize(tailSize)} of each connection`,
    acts: 'older bytes are forgotten',
  },
  {
    what: 'what /expect waits for',
    default: `${timeLimit(expectWithinMs)}; or within D`,
    acts: 'told, a script ends with exit 7',
  },
  {
    what: 'replies after the end of standard input',
    default: `udp-client, ws-client: ${timeLimit(defaults.replyWaitMs)}`,
    option: '--wait',
    acts: 'closed',
  },
  {
    what: 'a script, and a line of it',
    default: `${binarySize(longestScript)} and ${group(mostScriptLines)} lines in a file; ${binarySize(longestScriptLine)}`,
    acts: 'exit 2',
  },
  {
    what: 'what is pasted at the prompt',
    default: `${group(longestPaste)} characters`,
    acts: 'refused, told',
  },
  {
    what: 'lines of the history',
    default: group(longestHistory),
    option: '--no-history',
    acts: 'the oldest are forgotten',
  },
]

/** Every limit. */
export const limits: readonly LimitRow[] = [...connecting, ...stream, ...datagrams, ...webSocket, ...session]

export function limitSections(): readonly Section[] {
  const titled: readonly (readonly [heading: string, rows: readonly LimitRow[]])[] = [
    ['Connections', connecting],
    ['Streams', stream],
    ['Datagrams', datagrams],
    ['WebSocket', webSocket],
    ['The session', session],
  ]
  return titled.map(([heading, rows]) =>
    section(
      heading,
      terms(
        rows.map(({ what, default: usual, option, acts }) => {
          const changed = option === undefined ? '' : ` (${option})`
          return [what, `${usual}${changed}: ${acts}`]
        }),
      ),
    ),
  )
}

/** `16 MiB`: in the largest unit that leaves a whole number. */
function binarySize(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB']
  let [value, unit] = [bytes, 0]
  while (value % 1_024 === 0 && unit < units.length - 1) [value, unit] = [value / 1_024, unit + 1]
  return `${group(value)} ${units[unit]}`
}

/** `10 s`; 0 is none. */
function timeLimit(ms: number): string {
  return ms === 0 ? 'none' : formatDuration(ms)
}
