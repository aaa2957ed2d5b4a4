import type { Context } from '../context.ts'
import { UsageError } from '../errors.ts'
import type { ExitCode } from '../exit-code.ts'
import { WebSocketClient, type WebSocketClientOptions } from '../net/websocket-client.ts'
import { checkHost, chooseFamily } from './address.ts'
import { defaults } from './defaults.ts'
import type { Values } from './options/row.ts'
import type { wsClientOptions } from './options/websocket.ts'
import {
  chooseSplit,
  chooseView,
  openSession,
  resolveRaw,
  resolveSession,
  resolveWebSocket,
  type ViewName,
} from './set-up.ts'
import { planClientTls, refuseTlsOptions, tellOfTls } from './tls.ts'
import {
  basicAuthorization,
  checkOrigin,
  checkSubprotocols,
  parseHeader,
  parseWebSocketUrl,
  type WebSocketUrl,
} from './url.ts'

type Options = Values<typeof wsClientOptions>

/** `sockpit ws-client [url]` */
export async function wsClient(
  context: Context,
  [url]: readonly string[],
  values: Options,
): Promise<ExitCode> {
  const view = chooseView(context, values)
  const parsed = parseWebSocketUrl(url)
  if (!parsed.isSecure) refuseTlsOptions(values, `${parsed.shown} has no TLS: wss:// does`)
  const tls = await planClientTls(context, values, { host: parsed.host, fromStart: parsed.isSecure })
  const options = { ...resolve(parsed, values, view), tls }
  const place = { transport: 'websocket', role: 'client' } as const
  const sources = { onEof: values.onEof ?? 'close', split: chooseSplit(values) }
  const sessionOptions = await resolveSession(values, view, place, sources)
  const { session, stop } = await openSession(context, values, view, sessionOptions, resolveRaw(values))
  tellOfTls(session.teller, 'client', values, tls)
  const client = new WebSocketClient(options, {
    teller: session.teller,
    now: () => context.now(),
    randomBytes: (size) => context.randomBytes(size),
  })
  try {
    await session.during(`connecting to ${options.url}`, client.open(stop.signal))
  } catch (error) {
    if (!stop.signal.aborted) throw error
  }
  return session.run(client)
}

function resolve(url: WebSocketUrl, values: Options, view: ViewName): Omit<WebSocketClientOptions, 'tls'> {
  const family = chooseFamily(values.ipv4, values.ipv6)
  return {
    ...resolveWebSocket(values, view),
    ...checkHost({ host: url.host, port: url.port }, family),
    family,
    localAddress: undefined,
    localPort: undefined,
    connectTimeoutMs: values.connectTimeout ?? defaults.connectTimeoutMs,
    url: url.shown,
    request: resolveRequest(url, values),
    echo: values.echo === true,
    binary: values.binary === true,
    pingIntervalMs: values.pingInterval ?? defaults.clientPingIntervalMs,
    replyWaitMs: values.wait ?? defaults.replyWaitMs,
  }
}

function resolveRequest(url: WebSocketUrl, values: Options): WebSocketClientOptions['request'] {
  const { subprotocol: subprotocols = [], origin, auth } = values
  checkSubprotocols(subprotocols)
  if (origin !== undefined) checkOrigin(origin)
  if (auth !== undefined && url.credentials !== undefined) {
    throw new UsageError('--auth and a user in the URL were both given: choose one')
  }
  const credentials = auth ?? url.credentials
  return {
    host: url.authority,
    target: url.target,
    origin,
    subprotocols,
    compress: values.noCompress !== true,
    authorization: credentials === undefined ? undefined : basicAuthorization(credentials),
    headers: (values.header ?? []).map(parseHeader),
  }
}
