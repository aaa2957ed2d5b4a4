import { NetworkError, type SockpitError, TimeoutError } from '../errors.ts'
import type { ConnectionClosedEvent, WebSocketClosedEvent } from '../event.ts'

/** What a script must learn of a connection that broke: the error, or undefined where it ended as asked. */
export function errorOf(
  verdict: ConnectionClosedEvent | WebSocketClosedEvent,
  whose: string,
): SockpitError | undefined {
  const { how, code, sent, received, unsent } = verdict
  const isOurReset = how === 'reset' && code === undefined
  if (how === 'fin' || isOurReset) return undefined
  const counts = `after ${sent.bytes} B sent, ${received.bytes} B received, ${unsent} B unsent`
  if (how === 'timeout' || code === 'ETIMEDOUT') {
    return new TimeoutError(`${whose} made no progress and was given up ${counts}`)
  }
  const what = how === 'reset' ? 'was reset by the peer' : 'failed'
  return new NetworkError(`${whose} ${what} (${code ?? 'UNKNOWN'}) ${counts}`)
}
