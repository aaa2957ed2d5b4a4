import type { SocketAction } from '../action.ts'
import { UsageError } from '../errors.ts'
import { isStreamSetting } from '../settings.ts'
import type { TcpConnection } from './tcp-connection.ts'

/** What a person can ask of one connection. */
export type ConnectionAction = Exclude<SocketAction, { kind: 'peers' } | { kind: 'stats' }>

/**
 * Carries out an action on one connection; settles when it is accepted, which for a payload means that the
 * queue has room for more; TLS is the driver's to put on it. @throws UsageError where the connection's state forbids it
 */
export async function carryOut(
  action: Exclude<ConnectionAction, { kind: 'tls' }>,
  connection: TcpConnection,
): Promise<void> {
  switch (action.kind) {
    case 'send':
      checkSend(connection)
      connection.send(action.payload)
      return connection.whenRoom()
    case 'fin':
      checkSend(connection)
      return connection.fin()
    case 'close':
      return connection.close()
    case 'reset':
      return connection.abort('reset')
    case 'kick':
      return connection.abort('fin')
    case 'pause':
      return connection.pause()
    case 'resume':
      return connection.resume()
    case 'set':
      if (isStreamSetting(action.setting)) connection.set(action.setting)
      return
  }
}

function checkSend(connection: TcpConnection): void {
  if (connection.canSend) return
  const why = connection.isClosed ? 'the connection is closed' : 'our side has ended already (FIN)'
  throw new UsageError(`${connection.name}: nothing can be sent: ${why}`)
}
