/** Where to listen and whom to connect to, as the command line says it. */
import { UsageError } from '../errors.ts'
import { lazily } from '../lazily.ts'
import { familyOf } from '../net/endpoint.ts'
import { parsePort } from '../quantities.ts'

export interface Address {
  readonly host: string
  readonly port: number
}

export type Family = 4 | 6 | undefined

/** `-4` or `-6`. @throws UsageError where both are given */
export function chooseFamily(ipv4: boolean | undefined, ipv6: boolean | undefined): Family {
  if (ipv4 === true && ipv6 === true) throw new UsageError('-4 and -6 exclude each other: choose one')
  if (ipv4 === true) return 4
  return ipv6 === true ? 6 : undefined
}

/** A server's `[[host:]port]`. @throws UsageError */
export function parseListenAddress(text: string | undefined, family: Family, defaultPort: number): Address {
  const host = family === 6 ? '::1' : '127.0.0.1'
  if (text === undefined) return { host, port: defaultPort }
  const isAddressAlone = familyOf(text) === 4 || (text.startsWith('[') && familyOf(unbracket(text)) === 6)
  if (isAddressAlone) return checkHost({ host: unbracket(text), port: defaultPort }, family)
  if (/^[^:[\]]*$/.test(text)) return { host, port: parsePort(text) }
  return checkHost(splitHostPort(text), family)
}

/** A client's `[host] [port]`, also `host:port`, `[v6]:port`, and a port alone. @throws UsageError */
export function parseConnectAddress(
  first: string | undefined,
  second: string | undefined,
  family: Family,
  defaultPort: number,
): Address {
  if (first === undefined) return { host: 'localhost', port: defaultPort }
  if (second !== undefined) return checkTarget({ host: unbracket(first), port: parsePort(second) }, family)
  if (/^\d+$/.test(first)) return checkTarget({ host: 'localhost', port: parsePort(first) }, family)
  if (familyOf(unbracket(first)) !== undefined || !first.includes(':')) {
    return checkTarget({ host: unbracket(first), port: defaultPort }, family)
  }
  return checkTarget(splitHostPort(first), family)
}

/** `--local-address`. @throws UsageError where it is no address of the family that was asked for */
export function checkLocalAddress(address: string, family: Family): void {
  const version = familyOf(address)
  if (version === undefined) throw new UsageError(`--local-address: "${address}" is not an IP address`)
  if (family !== undefined && version !== family) {
    throw new UsageError(
      `--local-address: "${address}" is not an IPv${family} address, which -${family} asks for`,
    )
  }
}

function splitHostPort(text: string): Address {
  const [, bracketed, plain, port] = /^(?:\[([^\]]*)\]|([^:[\]]*)):([^:]*)$/.exec(text) ?? []
  if (port === undefined) {
    const hint = text.split(':').length > 2 ? '; an IPv6 address stands in brackets: [::1]:9000' : ''
    throw new UsageError(`"${text}" is not host:port${hint}`)
  }
  if (bracketed !== undefined && bracketed !== '' && familyOf(bracketed) !== 6) {
    throw new UsageError(`"${bracketed}" stands in brackets but is not an IPv6 address`)
  }
  return { host: bracketed ?? plain ?? '', port: parsePort(port) }
}

function unbracket(text: string): string {
  return /^\[(.*)\]$/.exec(text)?.[1] ?? text
}

function checkTarget(address: Address, family: Family): Address {
  if (address.port === 0) throw new UsageError('"0" is not a port to connect to: expected 1 to 65535')
  return checkHost(address, family)
}

/** Made on first use: looking up properties of Unicode would be felt in a start. */
const internationalName = lazily(() => /^[\p{L}\p{N}_.-]+$/u)

/** @throws UsageError where the host is none, or not of the family that was asked for */
export function checkHost({ host, port }: Address, family: Family): Address {
  if (host === '') throw new UsageError('the host is empty: expected a name or an address')
  const isName = /^[\w.-]+$/.test(host) || internationalName().test(host)
  const version = familyOf(host)
  if (!isName && version === undefined) throw new UsageError(`"${host}" is not a host name or address`)
  if (family !== undefined && version !== undefined && version !== family) {
    throw new UsageError(`"${host}" is an IPv${version} address, but -${family} asks for IPv${family}`)
  }
  return { host, port }
}
