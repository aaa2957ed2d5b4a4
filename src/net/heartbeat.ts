import type { WebSocketConnection } from './websocket-connection.ts'

/** Pings every connection at intervals, so that one that is gone is noticed (RFC 6455 §5.5.2). */
export class Heartbeat {
  readonly #timer: NodeJS.Timeout | undefined

  /** @param intervalMs milliseconds; 0: never */
  constructor(intervalMs: number, connections: () => Iterable<WebSocketConnection>) {
    if (intervalMs === 0) return
    this.#timer = setInterval(() => {
      for (const connection of connections()) connection.beat(intervalMs)
    }, intervalMs)
    this.#timer.unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}
