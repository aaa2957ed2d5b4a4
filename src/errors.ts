import { type ExitCode, exitCodes } from './exit-code.ts'

/** An error told to the person in one line; it carries the exit code that the command ends with. */
export class SockpitError extends Error {
  readonly exitCode: ExitCode

  constructor(message: string, exitCode: ExitCode, options?: ErrorOptions) {
    super(message, options)
    this.name = new.target.name
    this.exitCode = exitCode
  }
}

/** The caller did something wrong: an option, an argument, a line of the language. Exit 2. */
export class UsageError extends SockpitError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, exitCodes.usage, options)
  }
}

/** The network said no: refused, reset, unreachable, name not found, address in use. Exit 1. */
export class NetworkError extends SockpitError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, exitCodes.network, options)
  }
}

/** Something did not happen in time. Exit 3. */
export class TimeoutError extends SockpitError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, exitCodes.timeout, options)
  }
}

/** TLS came to nothing: the handshake failed, a certificate is not trusted, or the stream was cut short. Exit 4. */
export class TlsError extends SockpitError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, exitCodes.tls, options)
  }
}

/** The upgrade to WebSocket was refused, or its answer is invalid. Exit 5. */
export class UpgradeError extends SockpitError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, exitCodes.upgrade, options)
  }
}

/** A WebSocket ended abnormally: a broken rule, no close frame, or a close code that says so. Exit 6. */
export class WebSocketError extends SockpitError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, exitCodes.websocket, options)
  }
}

/** `/expect`, or a claim of an experiment, did not hold. Exit 7. */
export class ExpectationError extends SockpitError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, exitCodes.expectation, options)
  }
}

/** Standard output cannot be written to. */
export function outputError(cause: unknown): NetworkError {
  return new NetworkError(`Cannot write to standard output: ${describeSystemError(cause)}`, { cause })
}

/** The code of a system error, such as `ECONNREFUSED`; undefined where there is none. */
export function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

/** What a system error code means, in words, without a full stop. */
const meanings: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EADDRINUSE: 'the port is in use',
  EADDRNOTAVAIL: 'this machine has no such address',
  EAI_AGAIN: 'the name server did not answer',
  ECONNABORTED: 'the connection was aborted',
  ECONNREFUSED: 'connection refused: nothing listens there',
  ECONNRESET: 'the connection was reset by the peer',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'the file is too large',
  EHOSTDOWN: 'the host is down',
  EHOSTUNREACH: 'the host cannot be reached',
  EINVAL: 'the system rejects these values',
  EIO: 'input or output failed',
  EISDIR: 'it is a directory',
  EMFILE: 'too many open files in this process',
  ENETDOWN: 'the network is down',
  ENETUNREACH: 'the network cannot be reached',
  ENFILE: 'too many open files on this machine',
  ENOBUFS: 'the system has no buffer space',
  ENOENT: 'no such file',
  ENOSPC: 'no space is left',
  ENOTDIR: 'a part of the path is not a directory',
  ENOTFOUND: 'no such name',
  EPERM: 'not permitted',
  EPIPE: 'the other side has closed',
  ETIMEDOUT: 'no answer in time',
}

/** A system error in words with its code: `the port is in use (EADDRINUSE)`. */
export function describeSystemError(error: unknown): string {
  const code = systemCode(error)
  if (code === undefined) return error instanceof Error ? error.message : String(error)
  return `${meanings[code] ?? (error instanceof Error ? error.message : 'system error')} (${code})`
}
