/** Groups, broadcast, and the interface that they are reached through. */
import { isIP } from 'node:net'
import { networkInterfaces } from 'node:os'
import { UsageError } from '../errors.ts'

/** Whether the address is a group's (RFC 1112 §4, RFC 4291 §2.7). */
export function isMulticast(address: string): boolean {
  return /^(?:22[4-9]|23\d)\.|^ff[\da-f]{2}:/i.test(address)
}

/** The interface that an IPv6 address names after `%` (RFC 4007 §11); undefined where it names none. */
export function zoneOf(address: string): string | undefined {
  return /%(.+)$/.exec(address)?.[1]
}

/** Whether everybody on a network is meant: answers come from other addresses than this one. */
export function isForMany(address: string): boolean {
  return isMulticast(address) || isBroadcast(address)
}

/** Whether it is the limited broadcast address, or the directed one of a network of ours (RFC 919 §7). */
export function isBroadcast(address: string): boolean {
  return address === '255.255.255.255' || directedBroadcasts().includes(address)
}

/** The broadcast addresses of the networks that this machine is in (RFC 1122 §3.2.1.3). */
export function directedBroadcasts(): readonly string[] {
  return localAddresses().flatMap(({ address, netmask, family }) =>
    family === 'IPv4' ? broadcastOf(address, netmask) : [],
  )
}

/** The last address of the network, unless it has one or two only: those have no broadcast (RFC 3021). */
function broadcastOf(address: string, netmask: string): string[] {
  const mask = netmask.split('.').map(Number)
  if ((mask[3] ?? 0) >= 254) return []
  const bytes = address.split('.').map((byte, index) => Number(byte) | (255 - (mask[index] ?? 0)))
  return [bytes.join('.')]
}

/** Every address of this machine, and the name of its interface. */
export function localAddresses() {
  return Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) =>
    addresses.map((one) => ({ ...one, name })),
  )
}

/**
 * What the system takes for an interface that is given by its name or one of its addresses.
 * @throws UsageError that lists the interfaces there are
 */
export function interfaceFor(
  text: string,
  family: 4 | 6,
): { readonly system: string; readonly isLoopback: boolean } {
  const wanted = text.replace(/%.*$/, '')
  const found = localAddresses().find(
    (one) => (one.name === text || one.address === wanted) && one.family === `IPv${family}`,
  )
  // Every address of 127/8 is the loopback interface's, and lists name one of them only.
  const alias = family === 4 && wanted.startsWith('127.') && isIP(wanted) === 4
  if (found === undefined && !alias) {
    const names = localAddresses()
      .filter((one) => one.family === `IPv${family}`)
      .map(({ name, address }) => `${name} (${address})`)
    throw new UsageError(
      `--interface: "${text}" is no IPv${family} interface of this machine: ${names.join(', ')}`,
    )
  }
  if (found === undefined) return { system: wanted, isLoopback: true }
  return { system: family === 4 ? found.address : `::%${found.name}`, isLoopback: found.internal }
}
