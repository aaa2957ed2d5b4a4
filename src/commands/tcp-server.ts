import type { Context } from '../context.ts'
import type { ExitCode } from '../exit-code.ts'
import { TcpServer, type TcpServerOptions } from '../net/tcp-server.ts'
import { chooseFamily, parseListenAddress } from './address.ts'
import { defaults } from './defaults.ts'
import type { Values } from './options/row.ts'
import type { tcpServerOptions } from './options/tcp.ts'
import {
  chooseService,
  chooseView,
  openSession,
  resolveSession,
  resolveStream,
  type ViewName,
} from './set-up.ts'
import { planServerTls, tellOfTls } from './tls.ts'

const defaultPort = 9_000

/** `sockpit tcp-server [[host:]port]` */
export async function tcpServer(
  context: Context,
  [address]: readonly string[],
  values: Values<typeof tcpServerOptions>,
): Promise<ExitCode> {
  const view = chooseView(context, values)
  const tls = await planServerTls(context, values, values.tls === true)
  const options = { ...resolve(address, values, view), tls }
  const { session } = await openSession(
    context,
    values,
    view,
    await resolveSession(values, view, { transport: 'tcp', role: 'server' }, { onEof: 'stay' }),
  )
  context.saveMemory()
  const server = new TcpServer(options, {
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
  values: Values<typeof tcpServerOptions>,
  view: ViewName,
): Omit<TcpServerOptions, 'tls'> {
  const family = chooseFamily(values.ipv4, values.ipv6)
  return {
    ...resolveStream(values, view, defaults.stallTimeoutMs),
    ...parseListenAddress(address, family, defaultPort),
    ipv6Only: family === 6,
    service: chooseService(values),
    once: values.once === true,
    maxConnections: values.maxConnections ?? defaults.maxConnections,
    backlog: values.backlog ?? defaults.backlog,
    idleTimeoutMs: values.idleTimeout ?? defaults.idleTimeoutMs,
    handshakeTimeoutMs: values.handshakeTimeout ?? defaults.handshakeTimeoutMs,
  }
}
