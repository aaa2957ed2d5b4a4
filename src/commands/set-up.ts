/** What every socket command shares: its raw options resolved, and the screen and session made from them. */

import type { Dialect } from '../action.ts'
import type { Context, Output } from '../context.ts'
import { UsageError } from '../errors.ts'
import type { EventKind } from '../event.ts'
import { signalCodes } from '../exit-code.ts'
import type { DatagramOptions } from '../net/datagram-port.ts'
import { bulkReadSize } from '../net/receiver.ts'
import type { StreamOptions } from '../net/tcp-connection.ts'
import type { Split } from '../session/messages.ts'
import { Screen } from '../session/screen.ts'
import { Session, type SessionOptions } from '../session/session.ts'
import { Stop } from '../session/stop.ts'
import type { LogOptions } from '../views/log.ts'
import type { RawOptions } from '../views/raw.ts'
import type { View } from '../views/view.ts'
import { sequenceHeaderSize } from '../wire/sequence.ts'
import type { commonOptions, datagramOptions, streamOptions, Values } from './options.ts'

type Common = Values<typeof commonOptions>

/** The stream options; they are the same for both ends of TCP. */
type Stream = Values<typeof streamOptions>

type Datagrams = Values<typeof datagramOptions>

export type ViewName = 'log' | 'raw' | 'hex' | 'json'

const defaultMaxQueue = 2 ** 20
const defaultMaxDatagrams = 1_000

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
    maxQueue: values.maxQueue ?? defaultMaxQueue,
    stallTimeoutMs: values.stallTimeout ?? defaultStallTimeoutMs,
    noDelay: values.noDelay === true,
    keepAliveMs: values.keepAlive,
    halfOpen: values.halfOpen === true,
  }
}

/** The datagram options; they are the same for both ends of UDP. */
export function resolveDatagrams(values: Datagrams): DatagramOptions {
  return {
    chunk: values.chunk,
    delayMs: values.delay,
    rate: values.rate,
    maxQueue: values.maxQueue ?? defaultMaxDatagrams,
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
export function chooseSplit({ split, chunk }: Datagrams): Split {
  return split ?? (chunk === undefined ? 'line' : 'none')
}

const afterDatagram = { line: '\n', nul: '\0', none: '' } as const satisfies Readonly<Record<Split, string>>

/** How the raw view writes datagrams: so that they come in again as they went out. */
export function resolveRaw(values: Datagrams): RawDatagrams {
  return {
    after: afterDatagram[chooseSplit(values)],
    headers: values.sequence === true ? 'strip' : 'keep',
  }
}

/** The session's half of the options, but for the role. */
export function resolveSession(
  values: Common,
  view: ViewName,
  role: SessionOptions['dialect']['role'],
  { onEof, split }: { readonly onEof: SessionOptions['onEof']; readonly split?: Split },
): SessionOptions {
  const dialect: Pick<Dialect, 'transport' | 'eol'> =
    split === undefined ? { transport: 'tcp', eol: 'lf' } : { transport: 'udp', eol: 'none' }
  return {
    dialect: { ...dialect, role, ...(values.eol !== undefined && { eol: values.eol }) },
    split,
    enter: values.enter ?? [],
    script: values.script,
    onEof,
    waitMs: values.wait,
    count: values.count,
    history: values.noHistory !== true,
    pieceSize: view === 'raw' ? bulkWriteSize : usualWriteSize,
  }
}

/** How the raw view writes datagrams. */
export type RawDatagrams = Pick<RawOptions, 'after' | 'headers'>

/** A session with its screen; signals, a full disk or a closed output end it through `stop`. */
export async function openSession(
  context: Context,
  values: Common,
  view: ViewName,
  options: SessionOptions,
  raw: RawDatagrams = {},
): Promise<{ session: Session; stop: AbortController }> {
  const stop = new AbortController()
  const screen = await createScreen(context, values, view, raw, stop)
  const session = new Session(context, options, screen, stop)
  context.onSignal((signal) => stop.abort(new Stop(signalCodes[signal], afterSignal)))
  return { session, stop }
}

/** Two seconds in all for whoever waits for us to go. */
const afterSignal = { graceMs: 1_400, flushMs: 400 } as const

async function createScreen(
  context: Context,
  values: Common,
  view: ViewName,
  raw: RawDatagrams,
  stop: AbortController,
): Promise<Screen> {
  const verbosity = chooseVerbosity(values)
  if (view === 'log') {
    return new Screen(context, await logView(context.stdout, context, values, verbosity), undefined, stop)
  }
  let narrator: Promise<View> | undefined
  const narration = {
    kinds: verbosity > 0 ? narratedVerbosely : narrated,
    load() {
      narrator ??= logView(context.stderr, context, values, verbosity)
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
const narrated: ReadonlySet<EventKind> = new Set([
  'listening',
  'timeout',
  'refused',
  'failed',
  'limit',
  'stats',
  'expected',
  'note',
])

const narratedVerbosely: ReadonlySet<EventKind> = new Set([
  ...narrated,
  'resolved',
  'connecting',
  'opened',
  'peer',
  'paused',
  'resumed',
  'stalled',
  'drained',
  'ended',
  'closed',
])

async function logView(
  output: Output,
  context: Context,
  values: Common,
  verbosity: LogOptions['verbosity'],
): Promise<View> {
  const { createLogView } = await import('../views/log.ts')
  return createLogView({
    width: () => output.width(),
    color: usesColor(output, values),
    time: values.time ?? 'elapsed',
    show: values.show ?? 256,
    verbosity,
    startedAt: new Date(context.date().getTime() - context.now()),
  })
}

async function createView(
  view: Exclude<ViewName, 'log'>,
  context: Context,
  values: Common,
  raw: RawDatagrams,
): Promise<View> {
  switch (view) {
    case 'raw':
      return (await import('../views/raw.ts')).createRawView({ terminal: context.stdout.isTerminal, ...raw })
    case 'hex':
      return (await import('../views/hex.ts')).createHexView({ color: usesColor(context.stdout, values) })
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
