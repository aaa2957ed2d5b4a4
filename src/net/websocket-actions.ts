import { isUtf8 } from 'node:buffer'
import type { SocketAction } from '../action.ts'
import { UsageError } from '../errors.ts'
import { isStreamSetting } from '../settings.ts'
import type { WebSocketConnection } from './websocket-connection.ts'

/** What a person can ask of one WebSocket. */
type ConnectionAction = Exclude<SocketAction, { kind: 'peers' } | { kind: 'stats' }>

/**
 * Carries out an action on one WebSocket; settles when it is accepted, which for a payload means that the queue
 * has room for more. @throws UsageError where the state or the payload forbids it
 */
export async function carryOutOnWebSocket(
  action: ConnectionAction,
  connection: WebSocketConnection,
  isBinary: boolean,
): Promise<void> {
  switch (action.kind) {
    case 'send': {
      checkOpen(connection)
      const type = action.binary === true || isBinary ? 'binary' : 'text'
      if (type === 'text') checkText(action.payload)
      connection.send(type, action.payload, action.fragments)
      return connection.tcp.whenRoom()
    }
    case 'ping':
    case 'pong':
      checkOpen(connection)
      connection.sendControl(action.kind, action.payload)
      return connection.tcp.whenRoom()
    case 'frame':
      checkUpgraded(connection)
      connection.sendFrame(action.frame)
      return connection.tcp.whenRoom()
    case 'close':
      return connection.close(action.code, action.reason)
    case 'fin':
      return connection.tcp.fin()
    case 'reset':
      return connection.tcp.abort('reset')
    case 'kick':
      return connection.tcp.abort('fin')
    case 'pause':
      return connection.tcp.pause()
    case 'resume':
      return connection.tcp.resume()
    case 'tls':
      throw new UsageError('/tls: a WebSocket has TLS from its start (wss://), or not at all')
    case 'set':
      if (isStreamSetting(action.setting)) connection.tcp.set(action.setting)
      return
  }
}

function checkOpen(connection: WebSocketConnection): void {
  if (connection.isOpen) return
  const why = connection.tcp.isClosed
    ? 'the connection is closed'
    : connection.isUpgraded
      ? 'our side of the WebSocket has ended already'
      : 'the upgrade is not done yet'
  throw new UsageError(`${connection.name}: nothing can be sent: ${why}`)
}

/** A frame made by hand may come after a close frame, too. */
function checkUpgraded(connection: WebSocketConnection): void {
  if (!connection.isUpgraded || connection.tcp.isClosed) checkOpen(connection)
}

function checkText(payload: Uint8Array): void {
  if (isUtf8(payload)) return
  throw new UsageError(
    'a text message has to be UTF-8, and this is not: /send --binary sends it as bytes, /frame opcode=text as it is',
  )
}
