/** What holds where an option is not given. */
export const defaults = {
  /** Bytes of a stream that may wait in this process. */
  maxQueue: 2 ** 20,
  /** Datagrams that may wait to be sent. */
  maxDatagrams: 1_000,
  /** How long a peer that takes nothing is waited for: a TCP client waits on. */
  stallTimeoutMs: 30_000,
  clientStallTimeoutMs: 0,
  /** Bytes of a message, decompressed. */
  maxPayload: 2 ** 24,
  closeTimeoutMs: 5_000,
  connectTimeoutMs: 10_000,
  handshakeTimeoutMs: 10_000,
  /** Of a server; a client pings only when asked to. */
  pingIntervalMs: 20_000,
  clientPingIntervalMs: 0,
  idleTimeoutMs: 0,
  maxConnections: 1_000,
  backlog: 511,
  /** How long replies are waited for at the end of standard input. */
  replyWaitMs: 1_000,
  /** Bytes of a payload that the log shows. */
  show: 256,
} as const
