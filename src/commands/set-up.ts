/** What every socket command shares: its raw options resolved, and the screen and session made from them. */

import type { Dialect } from '../action.ts'
import type { Context, Output } from '../context.ts'
import { UsageError } from '../errors.ts'
import type { EventKind } from '../event.ts'
import { signalCodes } from '../exit-code.ts'
import type { DatagramOptions } from '../net/datagram-port.ts'
import { bulkReadSize } from '../net/receiver.ts'
import type { StreamOptions } from '../net/tcp-connection.ts'
import type { WebSocketOptions } from '../net/websocket-connection.ts'
import type { Split } from '../session/messages.ts'
import { Screen } from '../session/screen.ts'
import { Session, type SessionOptions } from '../session/session.ts'
import { Stop } from '../session/stop.ts'
import type { LogOptions } from '../views/log.ts'
import type { RawOptions } from '../views/raw.ts'
import type { View } from '../views/view.ts'
import { sequenceHeaderSize } from '../wire/sequence.ts'
import { defaults } from './defaults.ts'
import type { commonOptions } from './options/common.ts'
import type { Values } from './options/row.ts'
import type { streamOptions } from './options/tcp.ts'
import type { datagramOptions } from './options/udp.ts'
import type { webSocketOptions } from './options/websocket.ts'

type Common = Values<typeof commonOptions>

/** The stream options; they are the same for both ends of TCP. */
type Stream = Values<typeof streamOptions>

type Datagrams = Values<typeof datagramOptions>

type WebSocket = Values<typeof webSocketOptions>

export type ViewName = 'log' | 'raw' | 'hex' | 'json'

/** Measured: of messages of 64 KiB and more this brings the most a second, bytes. */
const webSocketReadSize = 2 ** 18

/** Where nobody looks at single writes, larger ones are faster. */
const usualWriteSize = 2 ** 16
const bulkWriteSize = 2 ** 21

/** The view that the options ask for, or that fits the output. @throws UsageError where they contradict */
export function chooseView(context: Context, values: Common): ViewName {
  const shorts = (['json', 'hex', 'raw'] as const).filter((name) => values[name] === true)
  const asked = new Set([...shorts, ...(values.view === undefined ? [] : [values.view])])
  if (asked.size > 1) throw new UsageError(`one view at a time: ${[...asked].join(', ')} were asked for`)
  const [view] = asked
  return view ?? (context.stdout.isTerminal ? 'log' : 'raw')
}

/** The stream's half of a driver's options. */
export function resolveStream(values: Stream, view: ViewName, defaultStallTimeoutMs: number): StreamOptions {
  return {
    // Nobody looks at single reads in raw: larger ones are faster.
    readSize: values.readSize ?? (view === 'raw' ? bulkReadSize : undefined),
    rate: values.rate,
    hold: values.hold === true,
    chunk: values.chunk,
    delayMs: values.delay,
    maxQueue: values.maxQueue ?? defaults.maxQueue,
    stallTimeoutMs: values.stallTimeout ?? defaultStallTimeoutMs,
    noDelay: values.noDelay === true,
    keepAliveMs: values.keepAlive,
    halfOpen: values.halfOpen === true,
  }
}

/** The options that are the same for both ends of a WebSocket. */
export function resolveWebSocket(values: WebSocket, view: ViewName): Omit<WebSocketOptions, 'echo'> {
  return {
    ...resolveStream(values, view, defaults.stallTimeoutMs),
    readSize: values.readSize ?? (view === 'raw' ? webSocketReadSize : undefined),
    // Frames are written whole: holding back the last one would serve nobody.
    noDelay: true,
    // Without its upgrade there would be nothing to hold.
    hold: false,
    holdFrames: values.hold === true,
    maxPayload: values.maxPayload ?? defaults.maxPayload,
    closeTimeoutMs: values.closeTimeout ?? defaults.closeTimeoutMs,
    lax: values.lax === true,
  }
}

/** The datagram options; they are the same for both ends of UDP. */
export function resolveDatagrams(values: Datagrams): DatagramOptions {
  return {
    chunk: values.chunk,
    delayMs: values.delay,
    rate: values.rate,
    maxQueue: values.maxQueue ?? defaults.maxDatagrams,
    truncate: values.truncate,
    sequence: values.sequence === true,
    headerSize: values.sequence === true ? sequenceHeaderSize : 0,
    broadcast: values.broadcast === true,
    ttl: values.ttl,
    multicastTtl: values.multicastTtl,
    multicastLoopback: values.noLoopback !== true,
    interface: values.interface,
    receiveBuffer: values.receiveBuffer,
    sendBuffer: values.sendBuffer,
  }
}

/** Where one datagram of standard input ends: with pieces of a size that was asked for, line ends mean nothing. */
export function chooseSplit({ split, chunk }: Pick<Datagrams, 'split' | 'chunk'>): Split {
  return split ?? (chunk === undefined ? 'line' : 'none')
}

const afterMessage = { line: '\n', nul: '\0', none: '' } as const satisfies Readonly<Record<Split, string>>

/** How the raw view writes messages and datagrams: so that they come in again as they went out. */
export function resolveRaw(values: Pick<Datagrams, 'split' | 'chunk' | 'sequence'>): RawMessages {
  return {
    after: afterMessage[chooseSplit(values)],
    headers: values.sequence === true ? 'strip' : 'keep',
  }
}

/** The session's half of the options. @throws UsageError where a line of the script cannot be understood */
export async function resolveSession(
  values: Common,
  view: ViewName,
  { transport, role }: Pick<Dialect, 'transport' | 'role'>,
  { onEof, split }: { readonly onEof: SessionOptions['onEof']; readonly split?: Split },
): Promise<SessionOptions> {
  const eol = values.eol ?? (transport === 'tcp' ? 'lf' : 'none')
  const dialect = { transport, role, eol }
  return {
    dialect,
    split,
    script: await scriptOf(values, dialect),
    inputIsScript: values.script === '-',
    onEof,
    waitMs: values.wait,
    count: values.count,
    history: values.noHistory !== true,
    isPlain: values.plain === true,
    saysProgress: view === 'log' && values.plain !== true && values.quiet !== true,
    pieceSize: view === 'raw' ? bulkWriteSize : usualWriteSize,
  }
}

/** The language is loaded only where something is said in it. */
async function scriptOf({ enter, script }: Common, dialect: Dialect): Promise<SessionOptions['script']> {
  if (enter === undefined && script === undefined) return []
  const { readScript } = await import('../session/script.ts')
  return readScript(enter ?? [], script, dialect)
}

/** How the raw view writes messages and datagrams. */
export type RawMessages = Pick<RawOptions, 'after' | 'headers'>

/** A session with its screen; signals, a full disk or a closed output end it through `stop`. */
export async function openSession(
  context: Context,
  values: Common,
  view: ViewName,
  options: SessionOptions,
  raw: RawMessages = {},
): Promise<{ session: Session; stop: AbortController }> {
  const stop = new AbortController()
  const shown = { ...raw, transport: options.dialect.transport }
  const screen = await createScreen(context, values, view, shown, stop)
  const session = new Session(context, options, screen, stop)
  context.onSignal((signal) => stop.abort(new Stop(signalCodes[signal], afterSignal)))
  return { session, stop }
}

/** Two seconds in all for whoever waits for us to go. */
const afterSignal = { graceMs: 1_400, flushMs: 400, why: 'signal' } as const

async function createScreen(
  context: Context,
  values: Common,
  view: ViewName,
  raw: Omit<RawOptions, 'terminal'>,
  stop: AbortController,
): Promise<Screen> {
  const verbosity = chooseVerbosity(values)
  const { transport } = raw
  if (view === 'log') {
    const log = await logView(context.stdout, context, values, { verbosity, transport })
    return new Screen(context, log, undefined, stop)
  }
  let narrator: Promise<View> | undefined
  const narration = {
    kinds: narrated[Math.max(0, verbosity)] ?? narratedAlways,
    load() {
      narrator ??= logView(context.stderr, context, values, { verbosity, transport })
      return narrator
    },
  }
  return new Screen(
    context,
    await createView(view, context, values, raw),
    verbosity < 0 ? undefined : narration,
    stop,
  )
}

function chooseVerbosity({ quiet, verbose = 0 }: Common): LogOptions['verbosity'] {
  if (quiet === true) return -1
  return verbose > 1 ? 2 : verbose === 1 ? 1 : 0
}

/** What is said on standard error beside a view that shows data. */
const narratedAlways: ReadonlySet<EventKind> = new Set([
  'listening',
  'timeout',
  'refused',
  'failed',
  'violation',
  'limit',
  'stats',
  'expected',
  'note',
  'untrusted',
])

const narratedVerbosely: ReadonlySet<EventKind> = new Set([
  ...narratedAlways,
  'resolved',
  'connecting',
  'opened',
  'tls',
  'request',
  'response',
  'peer',
  'paused',
  'resumed',
  'stalled',
  'drained',
  'ended',
  'closed',
])

/** What is said on standard error beside a view that shows data, by how often -v was given. */
export const narrated = [
  narratedAlways,
  narratedVerbosely,
  new Set<EventKind>([...narratedVerbosely, 'frame']),
]

async function logView(
  output: Output,
  context: Context,
  values: Common,
  how: Pick<LogOptions, 'verbosity' | 'transport'>,
): Promise<View> {
  const { createLogView } = await import('../views/log.ts')
  return createLogView({
    width: () => output.width(),
    color: usesColor(output, values),
    time: values.time ?? 'elapsed',
    show: values.show ?? defaults.show,
    isPlain: values.plain === true,
    ...how,
    startedAt: new Date(context.date().getTime() - context.now()),
  })
}

async function createView(
  view: Exclude<ViewName, 'log'>,
  context: Context,
  values: Common,
  raw: Omit<RawOptions, 'terminal'>,
): Promise<View> {
  const { transport } = raw
  switch (view) {
    case 'raw':
      if (context.stdout.isDiscarded) return (await import('../views/none.ts')).createNoView()
      return (await import('../views/raw.ts')).createRawView({ terminal: context.stdout.isTerminal, ...raw })
    case 'hex': {
      const color = usesColor(context.stdout, values)
      return (await import('../views/hex.ts')).createHexView({ color, transport })
    }
    case 'json':
      return (await import('../views/json.ts')).createJsonView()
  }
}

/** Whether to colour: as asked, else where the output is a terminal and the environment allows it. */
export function usesColor(output: Output, values: Pick<Common, 'color' | 'noColor'>): boolean {
  if (values.noColor === true) return false
  return values.color === true || output.color
}

/** Marks the numbered datagrams of this run. */
export function streamId({ randomBytes }: Context): number {
  return Buffer.from(randomBytes(4)).readUInt32BE()
}

/** The service that was asked for by its name, or by `--echo`. @throws UsageError where both ask for different ones */
export function chooseService<Name extends string>({
  echo,
  service,
}: {
  readonly echo?: boolean
  readonly service?: Name
}): Name | 'echo' | 'none' {
  if (echo !== true) return service ?? 'none'
  if (service === undefined || service === 'echo') return 'echo'
  throw new UsageError(`--echo is short for --service echo, but --service ${service} was given too`)
}
