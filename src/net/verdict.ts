import { NetworkError, type SockpitError, TimeoutError, TlsError } from '../errors.ts'
import type { ConnectionClosedEvent, WebSocketClosedEvent } from '../event.ts'
import { describeTlsFault, isTlsCode, type TlsRole } from './tls-faults.ts'

/** What a script must learn of a connection that broke: the error, or undefined where it ended as asked. */
export function errorOf(
  verdict: ConnectionClosedEvent | WebSocketClosedEvent,
  whose: string,
  role: TlsRole = 'client',
): SockpitError | undefined {
  const { how, code, sent, received, unsent } = verdict
  const isOurReset = how === 'reset' && code === undefined
  if ('truncated' in verdict) {
    const what = 'ended without close_notify (a bare FIN): what came may be cut short'
    return new TlsError(`${whose} ${what}, after ${received.bytes} B received`)
  }
  if (how === 'fin' || isOurReset) return undefined
  const counts = `after ${sent.bytes} B sent, ${received.bytes} B received, ${unsent} B unsent`
  if (how === 'timeout' || code === 'ETIMEDOUT') {
    return new TimeoutError(`${whose} made no progress and was given up ${counts}`)
  }
  if (isTlsCode(code)) {
    const error = Object.assign(new Error(), { code })
    return new TlsError(`${whose} failed: ${describeTlsFault(error, role)}, ${counts}`)
  }
  const what = how === 'reset' ? 'was reset by the peer' : 'failed'
  return new NetworkError(`${whose} ${what} (${code ?? 'UNKNOWN'}) ${counts}`)
}
