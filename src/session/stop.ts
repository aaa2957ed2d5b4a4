import { outputError, type SockpitError, systemCode } from '../errors.ts'
import { type ExitCode, exitCodes } from '../exit-code.ts'
import type { EndReason } from '../net/driver.ts'

interface StopOptions {
  readonly error?: SockpitError
  readonly isQuiet?: boolean
  readonly graceMs?: number
  readonly flushMs?: number
  readonly why?: EndReason
}

/** Why a command ends before its sockets do: the reason that its abort signal carries. */
export class Stop {
  readonly exitCode: ExitCode
  readonly error: SockpitError | undefined
  /** The sockets are left as they are: how they fared says how the command ends. */
  readonly isQuiet: boolean
  /** How long the sockets get to send what is queued, milliseconds. */
  readonly graceMs: number
  /** How long standard output gets after that, milliseconds; undefined: as long as it takes. */
  readonly flushMs: number | undefined
  /** What the sockets are told of it. */
  readonly why: EndReason

  constructor(exitCode: ExitCode, options: StopOptions = {}) {
    const { error, isQuiet = false, graceMs = 1_500, flushMs, why = 'asked' } = options
    this.exitCode = exitCode
    this.error = error
    this.isQuiet = isQuiet
    this.graceMs = graceMs
    this.flushMs = flushMs
    this.why = why
  }
}

/** Standard output takes no more: silently where its reader has closed it, else with the reason. */
export function stopOfOutput(error: unknown): Stop {
  if (systemCode(error) === 'EPIPE') return new Stop(exitCodes.stdoutClosed, { graceMs: 0 })
  return new Stop(exitCodes.network, { error: outputError(error), graceMs: 0 })
}
