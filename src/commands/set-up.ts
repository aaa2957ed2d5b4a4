/** What every socket command shares: its raw options resolved, and the screen and session made from them. */
import type { Context, Output } from '../context.ts'
import { UsageError } from '../errors.ts'
import type { EventKind } from '../event.ts'
import { signalCodes } from '../exit-code.ts'
import { bulkReadSize } from '../net/receiver.ts'
import type { StreamOptions } from '../net/tcp-connection.ts'
import { Screen } from '../session/screen.ts'
import { Session, type SessionOptions } from '../session/session.ts'
import { Stop } from '../session/stop.ts'
import type { LogOptions } from '../views/log.ts'
import type { View } from '../views/view.ts'
import type { commonOptions, streamOptions, Values } from './options.ts'

type Common = Values<typeof commonOptions>

/** The stream options; they are the same for both ends of TCP. */
type Stream = Values<typeof streamOptions>

export type ViewName = 'log' | 'raw' | 'hex' | 'json'

const defaultMaxQueue = 2 ** 20

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

/** The session's half of the options, but for the role. */
export function resolveSession(
  values: Common,
  view: ViewName,
  role: SessionOptions['dialect']['role'],
  onEof: SessionOptions['onEof'],
): SessionOptions {
  return {
    dialect: { transport: 'tcp', role, eol: values.eol ?? 'lf' },
    enter: values.enter ?? [],
    script: values.script,
    onEof,
    waitMs: values.wait,
    count: values.count,
    history: values.noHistory !== true,
    pieceSize: view === 'raw' ? bulkWriteSize : usualWriteSize,
  }
}

/** A session with its screen; signals, a full disk or a closed output end it through `stop`. */
export async function openSession(
  context: Context,
  values: Common,
  view: ViewName,
  options: SessionOptions,
): Promise<{ session: Session; stop: AbortController }> {
  const stop = new AbortController()
  const screen = await createScreen(context, values, view, stop)
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
    await createView(view, context, values),
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
  'paused',
  'resumed',
  'stalled',
  'drained',
  'ended',
  'refused',
  'failed',
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

async function createView(view: Exclude<ViewName, 'log'>, context: Context, values: Common): Promise<View> {
  switch (view) {
    case 'raw':
      return (await import('../views/raw.ts')).createRawView({ terminal: context.stdout.isTerminal })
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
