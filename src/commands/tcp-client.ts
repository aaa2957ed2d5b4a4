import { setTimeout as sleep } from 'node:timers/promises'
import type { Context } from '../context.ts'
import { NetworkError, systemCode, TimeoutError } from '../errors.ts'
import { formatEndpoint, type Teller } from '../event.ts'
import { type ExitCode, exitCodes } from '../exit-code.ts'
import { TcpClient, type TcpClientOptions } from '../net/tcp-client.ts'
import { Stop } from '../session/stop.ts'
import { formatDuration } from '../views/units.ts'
import { checkLocalAddress, chooseFamily, parseConnectAddress } from './address.ts'
import { defaults } from './defaults.ts'
import type { Values } from './options/row.ts'
import type { tcpClientOptions } from './options/tcp.ts'
import { chooseView, openSession, resolveSession, resolveStream, usesColor, type ViewName } from './set-up.ts'
import { planClientTls, tellOfTls } from './tls.ts'

const defaultPort = 9_000

/** The first pause before a retry, and the longest, milliseconds; each is twice the one before. */
const firstPauseMs = 250
const longestPauseMs = 10_000

/** `sockpit tcp-client [host] [port]` */
export async function tcpClient(
  context: Context,
  [host, port]: readonly string[],
  values: Values<typeof tcpClientOptions>,
): Promise<ExitCode> {
  const view = chooseView(context, values)
  const resolved = resolve(host, port, values, view)
  const place = { host: resolved.host, fromStart: values.tls === true }
  const options = { ...resolved, tls: await planClientTls(context, values, place) }
  const sessionOptions = await resolveSession(
    values,
    view,
    { transport: 'tcp', role: 'client' },
    { onEof: values.onEof ?? 'fin' },
  )
  const { session, stop } = await openSession(context, values, view, sessionOptions)
  tellOfTls(session.teller, 'client', values, options.tls)
  const client = new TcpClient(options, { teller: session.teller, now: () => context.now() })
  for (;;) {
    try {
      const connecting = connectRepeatedly(client, values.retry ?? 0, session.teller, stop.signal)
      const tookMs = await session.during(`connecting to ${whereOf(options)}`, connecting)
      if (values.probe === true) stop.abort(probed(session.teller, options, tookMs))
    } catch (error) {
      const next = stop.signal.aborted ? 'end' : await askWhatNext(error, context, values, view, options)
      if (next === 'again') continue
      if (next === 'serve') return serveInstead(context, options, values)
    }
    return session.run(client)
  }
}

/** Becomes the server that was not there, with all that it shares with a client. */
async function serveInstead(
  context: Context,
  options: TcpClientOptions,
  values: Values<typeof tcpClientOptions>,
): Promise<ExitCode> {
  const { connectTimeout, retry, localAddress, localPort, probe, onEof, ...others } = values
  const { insecure, ca, pin, servername, ...shared } = others
  const { tcpServer } = await import('./tcp-server.ts')
  return tcpServer(context, [whereOf(options)], shared)
}

/**
 * Asks a person at a terminal what to do where nothing listens.
 * @throws the error where nobody is to be asked, or wants nothing more
 */
async function askWhatNext(
  error: unknown,
  context: Context,
  values: Values<typeof tcpClientOptions>,
  view: ViewName,
  options: TcpClientOptions,
): Promise<'again' | 'serve' | 'end'> {
  const isRefused = error instanceof NetworkError && systemCode(error.cause) === 'ECONNREFUSED'
  if (!isRefused || !isWatched(context, values, view)) throw error
  const { askAfterRefusal } = await import('../menu/refusal.ts')
  const answer = await askAfterRefusal(context, options, usesColor(context.stdout, values))
  if (answer === 'leave') throw error
  return answer
}

/** Whether somebody sits at the terminal, and no script waits for how it ends. */
function isWatched(
  { stdin, stdout }: Context,
  values: Values<typeof tcpClientOptions>,
  view: ViewName,
): boolean {
  const { enter, script, probe, quiet, plain } = values
  const isScripted = [enter, script, probe, quiet, plain].some((value) => value !== undefined)
  return stdin.kind === 'terminal' && stdout.isDrawable && view === 'log' && !isScripted
}

function whereOf({ host, port }: TcpClientOptions): string {
  return formatEndpoint({ address: host, port })
}

function probed(teller: Teller, options: TcpClientOptions, tookMs: number): Stop {
  const text = `${whereOf(options)} accepts connections: connected in ${formatDuration(tookMs)}`
  teller.tell('client', { kind: 'note', text })
  return new Stop(exitCodes.ok)
}

async function connectRepeatedly(
  client: TcpClient,
  retries: number,
  teller: Teller,
  signal: AbortSignal,
): Promise<number> {
  for (let retry = 1; ; retry++) {
    try {
      return await client.connect(signal)
    } catch (error) {
      const isWorthRetrying = error instanceof NetworkError || error instanceof TimeoutError
      if (retry > retries || !isWorthRetrying) throw error
      const pauseMs = Math.min(firstPauseMs * 2 ** (retry - 1), longestPauseMs)
      const text = `${error.message} Trying again in ${formatDuration(pauseMs)} (${retry} of ${retries}).`
      teller.tell('client', { kind: 'note', text })
      await sleep(pauseMs, undefined, { signal })
    }
  }
}

function resolve(
  host: string | undefined,
  port: string | undefined,
  values: Values<typeof tcpClientOptions>,
  view: ViewName,
): Omit<TcpClientOptions, 'tls'> {
  const family = chooseFamily(values.ipv4, values.ipv6)
  const { localAddress } = values
  if (localAddress !== undefined) checkLocalAddress(localAddress, family)
  return {
    ...resolveStream(values, view, defaults.clientStallTimeoutMs),
    ...parseConnectAddress(host, port, family, defaultPort),
    family,
    localAddress,
    localPort: values.localPort,
    connectTimeoutMs: values.connectTimeout ?? defaults.connectTimeoutMs,
  }
}
