/** How large a datagram may be, and what becomes of a large one on its way. */
import type { Endpoint } from '../event.ts'
import { group } from '../quantities.ts'

type Family = Endpoint['family']

/** Bytes of the UDP header (RFC 768). */
const udpHeader = 8

/** Both IPs hold a length in 16 bits, but only IPv4's counts its own header (RFC 791 §3.1, RFC 8200 §3). */
const longest = { IPv4: 65_535 - 20 - udpHeader, IPv6: 65_535 - udpHeader } as const

/** What IP carries on a path with the usual MTU of 1,500 bytes: whole, and in each fragment. */
const usual = {
  IPv4: { whole: 1_480, fragment: 1_480 },
  IPv6: { whole: 1_460, fragment: 1_448 },
} as const

/** How many fragments IP makes of a datagram with so many bytes of payload, where the MTU is the usual one. */
export function fragmentsOf(size: number, family: Family): number {
  const { whole, fragment } = usual[family]
  return size + udpHeader <= whole ? 1 : Math.ceil((size + udpHeader) / fragment)
}

/** Why a datagram of so many bytes is worth a word. */
export function fragmentNote(size: number, family: Family): string {
  const most = usual[family].whole - udpHeader
  return (
    `a datagram of ${group(size)} B is more than the ${group(most)} B that fit where the MTU is 1,500: there ${family} cuts it ` +
    `into ${fragmentsOf(size, family)} fragments, and if one is lost, all of it is (loopback cuts nothing; said once)`
  )
}

/** Why the system did not take a datagram (EMSGSIZE). */
export function tooLarge(size: number, family: Family): string {
  const most = longest[family]
  const sum = family === 'IPv4' ? '65,535 less 20 for the IP header and 8' : '65,535 less 8'
  const reason =
    size > most
      ? `${family} and UDP take ${group(most)} B at most (${sum} for the UDP header)`
      : 'this system takes less than that'
  return `a datagram of ${group(size)} B does not go: ${reason}`
}
