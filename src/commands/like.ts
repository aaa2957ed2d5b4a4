import type { Context } from '../context.ts'
import { type ExitCode, exitCodes } from '../exit-code.ts'
import { answerLines, counterpart } from '../like/answer.ts'
import { ncTcpClient, ncTcpServer, ncUdpClient, ncUdpServer } from '../like/nc.ts'
import { ncatTcpClient, ncatTcpServer, ncatUdpClient, ncatUdpServer } from '../like/ncat.ts'
import type { Target, Tool } from '../like/rule.ts'
import { socatTcpClient, socatTcpServer, socatUdpClient, socatUdpServer } from '../like/socat.ts'
import { websocatClient, websocatEcho, wscatClient, wscatEcho } from '../like/web-socket-tools.ts'
import { createPalette } from '../views/palette.ts'
import { chooseFamily, parseConnectAddress, parseListenAddress } from './address.ts'
import type { commonOptions } from './options/common.ts'
import type { OptionRow, Values } from './options/row.ts'
import { tcpClientOptions, tcpServerOptions } from './options/tcp.ts'
import { udpClientOptions, udpServerOptions } from './options/udp.ts'
import { wsClientOptions, wsEchoOptions } from './options/websocket.ts'
import { usesColor } from './set-up.ts'
import { parseWebSocketUrl } from './url.ts'

type Rows = Readonly<Record<string, OptionRow>>
type Common = Values<typeof commonOptions>

/** One command of ours, and the tools that stand in its place. */
interface Place {
  /** What sockpit does there that none of them does. */
  readonly besides: string
  target(operands: readonly string[], values: Common): Target
  counterparts(target: Target, values: Readonly<Record<string, unknown>>): ReturnType<typeof counterpart>[]
}

/** The border between the values of any command and those of this one. */
function place<Table extends Rows>(
  table: Table,
  tools: readonly Tool<Table>[],
  target: Place['target'],
  besides: string,
): Place {
  return {
    besides,
    target,
    counterparts: (target, values) =>
      tools.map((tool) => counterpart(tool, table, target, values as Values<Table>)),
  }
}

const listenAt =
  (port: number): Place['target'] =>
  ([address], { ipv4, ipv6 }) =>
    parseListenAddress(address, chooseFamily(ipv4, ipv6), port)

const connectTo: Place['target'] = ([host, port], { ipv4, ipv6 }) =>
  parseConnectAddress(host, port, chooseFamily(ipv4, ipv6), 9_000)

const connectToUrl: Place['target'] = ([text]) => {
  const { host, port, shown } = parseWebSocketUrl(text)
  return { host, port, url: shown }
}

const onStreams =
  'None of them shows which writes came out in one read, who ended which direction and how, or what was lost.'
const onDatagrams =
  'None of them shows each datagram by itself and from whom, what the kernel dropped, or what a refusal means.'
const onMessages =
  'None of them shows the upgrade and its proof, the frames that carry a message, or why a close was not clean.'

const ofTcp = {
  servers: [ncTcpServer, ncatTcpServer, socatTcpServer],
  clients: [ncTcpClient, ncatTcpClient, socatTcpClient],
}

const ofUdp = {
  servers: [ncUdpServer, ncatUdpServer, socatUdpServer],
  clients: [ncUdpClient, ncatUdpClient, socatUdpClient],
}

const ofWebSocket = { servers: [websocatEcho, wscatEcho], clients: [websocatClient, wscatClient] }

const places: Readonly<Record<string, Place>> = {
  'tcp-server': place(tcpServerOptions, ofTcp.servers, listenAt(9_000), onStreams),
  'tcp-client': place(tcpClientOptions, ofTcp.clients, connectTo, onStreams),
  'udp-server': place(udpServerOptions, ofUdp.servers, listenAt(9_000), onDatagrams),
  'udp-client': place(udpClientOptions, ofUdp.clients, connectTo, onDatagrams),
  'ws-echo': place(wsEchoOptions, ofWebSocket.servers, listenAt(9_001), onMessages),
  'ws-client': place(wsClientOptions, ofWebSocket.clients, connectToUrl, onMessages),
}

/** `--like`: how other tools would do what the command line asks for. @throws UsageError as the command would */
export function like(
  { stdout }: Context,
  command: string,
  operands: readonly string[],
  values: Readonly<Record<string, unknown>>,
): ExitCode {
  const place = places[command]
  if (place === undefined) return exitCodes.ok
  const common = values as Common
  const all = place.counterparts(place.target(operands, common), values)
  const palette = createPalette(usesColor(stdout, common))
  stdout.print(answerLines(all, place.besides, { width: stdout.width(), palette }))
  return exitCodes.ok
}
