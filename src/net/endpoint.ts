import { isIPv4, isIPv6, type Socket } from 'node:net'
import type { Endpoint } from '../event.ts'

/** An address and a port as an Endpoint. */
export function endpoint(address: string, port: number): Endpoint {
  return { address, port, family: familyOf(address) === 6 ? 'IPv6' : 'IPv4' }
}

/** Which IP an address belongs to; undefined for a name, and for what has a port behind it. */
export function familyOf(address: string): 4 | 6 | undefined {
  if (isIPv4(address)) return 4
  // Node's pattern takes milliseconds when it is first used: no start with a name or a port should pay for it.
  const mayBe6 = address.indexOf(':') !== address.lastIndexOf(':')
  return mayBe6 && isIPv6(address) ? 6 : undefined
}

export function localEnd(socket: Socket): Endpoint {
  return endpoint(socket.localAddress ?? '', socket.localPort ?? 0)
}

export function remoteEnd(socket: Socket): Endpoint {
  return endpoint(socket.remoteAddress ?? '', socket.remotePort ?? 0)
}

/** Whether only this machine reaches the address (RFC 1122 §3.2.1.3, RFC 4291 §2.5.3). */
export function isLoopback(address: string): boolean {
  return address === '::1' || /^(?:::ffff:)?127\./.test(address)
}
