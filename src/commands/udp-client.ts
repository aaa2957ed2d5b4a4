import type { Context } from '../context.ts'
import type { ExitCode } from '../exit-code.ts'
import { UdpClient, type UdpClientOptions } from '../net/udp-client.ts'
import { checkLocalAddress, chooseFamily, parseConnectAddress } from './address.ts'
import { defaults } from './defaults.ts'
import type { Values } from './options/row.ts'
import type { udpClientOptions } from './options/udp.ts'
import {
  chooseSplit,
  chooseView,
  openSession,
  resolveDatagrams,
  resolveRaw,
  resolveSession,
  streamId,
} from './set-up.ts'

const defaultPort = 9_000

/** `sockpit udp-client [host] [port]` */
export async function udpClient(
  context: Context,
  [host, port]: readonly string[],
  values: Values<typeof udpClientOptions>,
): Promise<ExitCode> {
  const view = chooseView(context, values)
  const options = resolve(host, port, values)
  const sources = { onEof: values.onEof ?? 'close', split: chooseSplit(values) }
  const sessionOptions = await resolveSession(values, view, { transport: 'udp', role: 'client' }, sources)
  const { session, stop } = await openSession(context, values, view, sessionOptions, resolveRaw(values))
  const client = new UdpClient(options, {
    teller: session.teller,
    now: () => context.now(),
    stream: streamId(context),
  })
  try {
    await session.during(`looking up ${options.host}`, client.open(stop.signal))
  } catch (error) {
    if (!stop.signal.aborted) throw error
  }
  return session.run(client)
}

function resolve(
  host: string | undefined,
  port: string | undefined,
  values: Values<typeof udpClientOptions>,
): UdpClientOptions {
  const family = chooseFamily(values.ipv4, values.ipv6)
  const { localAddress } = values
  if (localAddress !== undefined) checkLocalAddress(localAddress, family)
  return {
    ...resolveDatagrams(values),
    ...parseConnectAddress(host, port, family, defaultPort),
    family,
    connect: values.noConnect !== true,
    localAddress,
    localPort: values.localPort,
    replyWaitMs: values.wait ?? defaults.replyWaitMs,
  }
}
