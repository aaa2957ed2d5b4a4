import type { Context } from '../context.ts'
import { UsageError } from '../errors.ts'
import type { ExitCode } from '../exit-code.ts'
import { familyOf } from '../net/endpoint.ts'
import { isMulticast } from '../net/multicast.ts'
import { UdpServer, type UdpServerOptions } from '../net/udp-server.ts'
import { type Address, chooseFamily, type Family, parseListenAddress } from './address.ts'
import type { Values } from './options/row.ts'
import type { udpServerOptions } from './options/udp.ts'
import {
  chooseService,
  chooseSplit,
  chooseView,
  openSession,
  resolveDatagrams,
  resolveRaw,
  resolveSession,
  streamId,
} from './set-up.ts'

type Options = Values<typeof udpServerOptions>

const defaultPort = 9_000

/** `sockpit udp-server [[host:]port]` */
export async function udpServer(
  context: Context,
  [address]: readonly string[],
  values: Options,
): Promise<ExitCode> {
  const view = chooseView(context, values)
  const options = resolve(address, values, context)
  const sources = { onEof: 'stay', split: chooseSplit(values) } as const
  const sessionOptions = await resolveSession(values, view, { transport: 'udp', role: 'server' }, sources)
  const { session, stop } = await openSession(context, values, view, sessionOptions, resolveRaw(values))
  const server = new UdpServer(options, {
    teller: session.teller,
    now: () => context.now(),
    date: () => context.date(),
    stream: streamId(context),
    signal: stop.signal,
  })
  try {
    await server.listen()
  } catch (error) {
    if (!stop.signal.aborted) throw error
  }
  return session.run(server)
}

function resolve(text: string | undefined, values: Options, context: Context): UdpServerOptions {
  const groups = values.join ?? []
  const asked = chooseFamily(values.ipv4, values.ipv6)
  const family = asked ?? familyOf(groups[0] ?? '')
  for (const group of groups) checkGroup(group, family)
  if (values.reusePort === true) checkReusePort(context.nodeVersion)
  return {
    ...resolveDatagrams(values),
    ...listenAddress(text, groups, { asked, family }, context.platform),
    family,
    ipv6Only: family === 6,
    service: chooseService(values),
    groups,
    // Members of a group on one machine share its port.
    reuseAddress: values.reuseAddress === true || groups.length > 0,
    reusePort: values.reusePort === true,
  }
}

/** A member that names no address listens on its group's, so that nothing else reaches it; on every one for several. */
function listenAddress(
  text: string | undefined,
  groups: readonly string[],
  { asked, family }: { readonly asked: Family; readonly family: Family },
  platform: NodeJS.Platform,
): Address {
  const address = parseListenAddress(text, asked, defaultPort)
  const namesHost = text !== undefined && !/^\d*$/.test(text)
  const [group] = groups
  if (group === undefined) return address
  if (namesHost) {
    const version = familyOf(address.host) ?? family
    if (version === family) return address
    throw new UsageError(
      `--join: "${group}" is an IPv${family} group, but "${address.host}" is an IPv${version} address`,
    )
  }
  const canBeBound = groups.length === 1 && platform !== 'win32'
  return { host: canBeBound ? group : family === 6 ? '::' : '0.0.0.0', port: address.port }
}

function checkGroup(group: string, family: Family): void {
  if (!isMulticast(group) || familyOf(group) === undefined) {
    const ranges = '224.0.0.0 to 239.255.255.255, or an address that begins with ff'
    throw new UsageError(`--join: "${group}" is not a multicast address: expected ${ranges}`)
  }
  if (familyOf(group) !== family) {
    throw new UsageError(`--join: "${group}" is not an IPv${family} group, and one socket has one IP`)
  }
}

/** @throws UsageError where this Node has no such option and would ignore it without a word */
function checkReusePort(version: string): void {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major > 23 || (major === 23 && minor >= 1) || (major === 22 && minor >= 12)) return
  throw new UsageError(
    `--reuse-port needs Node 22.12 or newer, and this is Node ${version}: --reuse-address is near it`,
  )
}
