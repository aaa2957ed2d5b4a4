import type { SockpitError } from '../errors.ts'
import type { ExitCode } from '../exit-code.ts'

/** Why a command ends before its sockets do: the reason that its abort signal carries. */
export class Stop {
  readonly exitCode: ExitCode
  readonly error: SockpitError | undefined
  /** How long the sockets get to send what is queued, milliseconds. */
  readonly graceMs: number

  constructor(
    exitCode: ExitCode,
    { error, graceMs = 1_500 }: { error?: SockpitError; graceMs?: number } = {},
  ) {
    this.exitCode = exitCode
    this.error = error
    this.graceMs = graceMs
  }
}
