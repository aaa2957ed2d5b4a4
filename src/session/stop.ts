import type { SockpitError } from '../errors.ts'
import type { ExitCode } from '../exit-code.ts'

interface StopOptions {
  readonly error?: SockpitError
  readonly graceMs?: number
  readonly flushMs?: number
}

/** Why a command ends before its sockets do: the reason that its abort signal carries. */
export class Stop {
  readonly exitCode: ExitCode
  readonly error: SockpitError | undefined
  /** How long the sockets get to send what is queued, milliseconds. */
  readonly graceMs: number
  /** How long standard output gets after that, milliseconds; undefined: as long as it takes. */
  readonly flushMs: number | undefined

  constructor(exitCode: ExitCode, { error, graceMs = 1_500, flushMs }: StopOptions = {}) {
    this.exitCode = exitCode
    this.error = error
    this.graceMs = graceMs
    this.flushMs = flushMs
  }
}
