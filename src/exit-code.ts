/** The one table of exit codes: what a shell or a script learns from how sockpit ended. */
export const exitCodes = {
  ok: 0,
  network: 1,
  usage: 2,
  timeout: 3,
  tls: 4,
  upgrade: 5,
  websocket: 6,
  expectation: 7,
  hangup: 129,
  interrupt: 130,
  stdoutClosed: 141,
  terminate: 143,
} as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

/** The signals that end a command. */
export const endingSignals = ['SIGHUP', 'SIGINT', 'SIGTERM'] as const
export type EndingSignal = (typeof endingSignals)[number]

/** The exit code that each signal leads to. */
export const signalCodes: Readonly<Record<EndingSignal, ExitCode>> = {
  SIGHUP: exitCodes.hangup,
  SIGINT: exitCodes.interrupt,
  SIGTERM: exitCodes.terminate,
}
