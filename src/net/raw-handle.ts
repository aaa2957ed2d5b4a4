/**
 * The one file that leans on undocumented fields of node:net and node:dgram, with a documented way beside each.
 *
 * A server cannot ask `node:net` to read into a buffer of its own (`onread` exists for clients only), a reader
 * cannot learn how many bytes of a write the kernel took, and nobody can ask `node:dgram` to stop reading for a
 * while. All of that is known to the handle under a socket.
 */
import type { Socket as DatagramSocket } from 'node:dgram'
import { type OnReadOpts, Socket, type SocketConstructorOpts } from 'node:net'

/** What we use of the handle under a socket. */
interface Handle {
  readonly writeQueueSize?: number
  useUserBuffer?(buffer: Uint8Array): void
}

function handleOf(socket: Socket): Handle | undefined {
  const handle: unknown = '_handle' in socket ? socket._handle : undefined
  return typeof handle === 'object' && handle !== null ? handle : undefined
}

/**
 * The same connection as a socket that reads through `onread`, not yet reading; undefined where this Node
 * offers no way: then the accepted socket's own `data` events serve.
 * @param accepted a socket from a server with `pauseOnConnect`, unread; not to be used any more
 */
export function readThrough(accepted: Socket, onread: OnReadOpts): Socket | undefined {
  const handle = handleOf(accepted)
  if (handle?.useUserBuffer === undefined) return undefined
  const options = { handle, onread, allowHalfOpen: true, pauseOnCreate: true }
  Object.assign(accepted, { _handle: null })
  // The accepted socket is empty now; destroying it makes its server forget it.
  accepted.destroy()
  return new Socket(options satisfies SocketConstructorOpts & { handle: Handle })
}

/**
 * Makes the next read of an `onread` socket use this buffer; the answer says whether the handle allows it.
 * Node still names the buffer before to the callback, so whoever uses this keeps account himself.
 */
export function readNextInto(socket: Socket, buffer: Uint8Array): boolean {
  const handle = handleOf(socket)
  if (handle?.useUserBuffer === undefined) return false
  handle.useUserBuffer(buffer)
  return true
}

/**
 * Bytes of a connected socket that wait in this process: exact where the handle tells of the write under way,
 * else the whole of every write that is not complete.
 */
export function unsentBytes(socket: Socket): number {
  const waiting = socket.writableLength
  // Asking the handle costs more than all the rest.
  if (waiting === 0) return 0
  return Math.min(handleOf(socket)?.writeQueueSize ?? waiting, waiting)
}

/** What we use of the handle under a datagram socket. */
interface DatagramHandle {
  recvStart(): unknown
  recvStop(): unknown
}

function isDatagramHandle(handle: unknown): handle is DatagramHandle {
  return typeof handle === 'object' && handle !== null && 'recvStart' in handle && 'recvStop' in handle
}

function datagramHandleOf(socket: DatagramSocket): DatagramHandle | undefined {
  const key = Object.getOwnPropertySymbols(socket).find(({ description }) => description === 'state symbol')
  const state: unknown = key === undefined ? undefined : Object.getOwnPropertyDescriptor(socket, key)?.value
  const handle = typeof state === 'object' && state !== null && 'handle' in state ? state.handle : undefined
  return isDatagramHandle(handle) ? handle : undefined
}

/**
 * Leaves what arrives at a bound datagram socket in the kernel, or reads it again; the answer says whether
 * this Node offers a way. Where it does not, `message` events go on.
 */
export function setReceiving(socket: DatagramSocket, receiving: boolean): boolean {
  const handle = datagramHandleOf(socket)
  if (handle === undefined) return false
  if (receiving) handle.recvStart()
  else handle.recvStop()
  return true
}
