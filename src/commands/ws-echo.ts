import type { Context } from '../context.ts'
import type { ExitCode } from '../exit-code.ts'
import { WebSocketServer, type WebSocketServerOptions } from '../net/websocket-server.ts'
import { chooseFamily, parseListenAddress } from './address.ts'
import { defaults } from './defaults.ts'
import type { Values } from './options/row.ts'
import type { wsEchoOptions } from './options/websocket.ts'
import {
  chooseSplit,
  chooseView,
  openSession,
  resolveRaw,
  resolveSession,
  resolveWebSocket,
  type ViewName,
} from './set-up.ts'
import { planServerTls, refuseTlsOptions, tellOfTls } from './tls.ts'
import { checkAllowedOrigin, checkPaths, checkSubprotocols } from './url.ts'

const defaultPort = 9_001

/** `sockpit ws-echo [[host:]port]` */
export async function wsEcho(
  context: Context,
  [address]: readonly string[],
  values: Values<typeof wsEchoOptions>,
): Promise<ExitCode> {
  const view = chooseView(context, values)
  if (values.tls !== true) refuseTlsOptions(values, 'it needs --tls')
  const tls = await planServerTls(context, values, values.tls === true)
  const options = { ...resolve(address, values, view), tls }
  const place = { transport: 'websocket', role: 'server' } as const
  const sessionOptions = await resolveSession(values, view, place, {
    onEof: 'stay',
    split: chooseSplit(values),
  })
  const { session } = await openSession(context, values, view, sessionOptions, resolveRaw(values))
  context.saveMemory()
  const server = new WebSocketServer(options, {
    teller: session.teller,
    now: () => context.now(),
    date: () => context.date(),
    openFiles: () => context.openFiles(),
  })
  tellOfTls(session.teller, 'server', values, tls)
  await server.listen()
  return session.run(server)
}

function resolve(
  address: string | undefined,
  values: Values<typeof wsEchoOptions>,
  view: ViewName,
): Omit<WebSocketServerOptions, 'tls'> {
  const family = chooseFamily(values.ipv4, values.ipv6)
  const { path: paths, origin: origins, subprotocol: subprotocols = [] } = values
  checkPaths(paths ?? [])
  for (const origin of origins ?? []) checkAllowedOrigin(origin)
  checkSubprotocols(subprotocols)
  return {
    ...resolveWebSocket(values, view),
    ...parseListenAddress(address, family, defaultPort),
    ipv6Only: family === 6,
    echo: true,
    policy: { paths, origins, subprotocols, compress: values.noCompress !== true },
    handshakeTimeoutMs: values.handshakeTimeout ?? defaults.handshakeTimeoutMs,
    idleTimeoutMs: values.idleTimeout ?? defaults.idleTimeoutMs,
    pingIntervalMs: values.pingInterval ?? defaults.pingIntervalMs,
    maxConnections: values.maxConnections ?? defaults.maxConnections,
    backlog: values.backlog ?? defaults.backlog,
  }
}
