import { describeSystemError, NetworkError, systemCode } from '../errors.ts'
import { formatEndpoint } from '../event.ts'

const mends: Readonly<Record<string, string>> = {
  EADDRINUSE: 'Use port 0 for a free one, or stop the process that holds it.',
  EACCES: 'Ports below 1024 need privileges: choose a higher one.',
  EADDRNOTAVAIL: 'Choose an address of this machine, or 127.0.0.1.',
  EINVAL: 'An address of one link (fe80, ff02) needs its interface: --interface eth0, or %eth0 after it.',
  ENOTFOUND: 'Choose an address of this machine, or 127.0.0.1.',
}

/** Why a port could not be opened, and what to do. */
export function listenError(error: unknown, address: string, port: number): NetworkError {
  const where = formatEndpoint({ address, port })
  const mend = mends[systemCode(error) ?? ''] ?? ''
  return new NetworkError(`Cannot listen on ${where}: ${describeSystemError(error)}. ${mend}`.trimEnd(), {
    cause: error,
  })
}
