/**
 * The one file that leans on undocumented fields of node:net, node:tls and node:dgram, with a documented way beside
 * each.
 *
 * A server cannot ask `node:net` to read into a buffer of its own (`onread` exists for clients only), a reader
 * cannot learn how many bytes of a write the kernel took, nor whether a TLS stream ended by close_notify or by a bare
 * FIN, and nobody can ask `node:dgram` to stop reading for a while, nor what the kernel said of a datagram without
 * waiting for a callback. All of that is known to the handle under a socket.
 */
import type { Socket as DatagramSocket } from 'node:dgram'
import { type OnReadOpts, Socket, type SocketConstructorOpts } from 'node:net'

/** What we use of the handle under a socket. */
interface Handle {
  readonly writeQueueSize?: number
  /** Whether it was asked to read. */
  readonly reading?: boolean
  useUserBuffer?(buffer: Uint8Array): void
  /** 0 where it had to be asked, else an error code. */
  readStart?(): number
}

/** What libuv answers to who asks to read what is being read: UV_EALREADY, on every system that has it. */
const alreadyReading: ReadonlySet<number> = new Set([-114, -37, -133, -4084])

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

/** The socket that TLS was put on; undefined where this Node does not say. */
export function rawUnder(secured: Socket): Socket | undefined {
  const raw: unknown = '_parent' in secured ? secured._parent : undefined
  return raw instanceof Socket ? raw : undefined
}

/**
 * Bytes that wait in this process until the kernel under a TLS socket takes them: of a stalled connection all that
 * no write has confirmed, else nothing, though TLS itself confirms a write only later.
 */
export function unsentThroughTls(secured: Socket, raw: Socket): number {
  const waiting = secured.writableLength
  if (waiting === 0) return 0
  return handleOf(raw)?.writeQueueSize === 0 ? 0 : waiting
}

/**
 * Notices how the peer ends a TLS stream; the answer, once it has: whether by close_notify, undefined where this Node
 * does not let it be known. At a bare FIN libuv has stopped reading by itself; at close_notify it still reads.
 */
export function watchTlsEnd(secured: Socket, raw: Socket): () => boolean | undefined {
  let notified: boolean | undefined
  const push = secured.push.bind(secured)
  secured.push = (chunk: unknown, encoding?: BufferEncoding): boolean => {
    if (chunk === null) notified = isStillReading(secured, raw)
    return push(chunk, encoding)
  }
  return () => notified
}

function isStillReading(secured: Socket, raw: Socket): boolean | undefined {
  const handle = handleOf(raw)
  if (handle?.readStart === undefined) return undefined
  // Whoever does not read hears of no FIN.
  if (handleOf(secured)?.reading === false) return true
  const answer = handle.readStart()
  return answer === 0 ? false : alreadyReading.has(answer) ? true : undefined
}

/** What we use of the handle under a datagram socket. */
interface DatagramHandle {
  recvStart(): unknown
  recvStop(): unknown
  /** Wants a request, buffers, how many, of an unconnected socket a port and an address, and `true`. */
  send(...words: unknown[]): unknown
}

function isDatagramHandle(handle: unknown): handle is DatagramHandle {
  const names = ['recvStart', 'recvStop', 'send']
  return typeof handle === 'object' && handle !== null && names.every((name) => name in handle)
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

/** Where a datagram goes: an address that needs no lookup. */
interface Target {
  readonly address: string
  readonly port: number
}

/** The kernel's own answer to a datagram, where `node:dgram` has a callback wait for it. */
export interface DirectSend {
  /**
   * Gives the kernel a datagram, of a connected socket without a target. Above 0: it has it. Below 0: the number of
   * the error. 0: it waits in libuv.
   */
  give(bytes: Uint8Array, to: Target | undefined): number
  /** Calls back once the one that waits is over, with 0 or the number of the error. */
  whenOver(done: (error: number) => void): void
}

/** A request to send; one that was answered at once is as new. */
interface SendRequest {
  oncomplete?: (error: number) => void
}

/**
 * Learns how this Node has its handle send from how it does so with the next datagram, which is left as it is.
 * Where it does it in another way than the Nodes that we know, nothing is learnt: the handle takes no wrong word, but
 * ends the process.
 */
export function learnToSend(socket: DatagramSocket, learnt: (direct: DirectSend) => void): void {
  const handle = datagramHandleOf(socket)
  if (handle === undefined) return
  const { send } = handle
  handle.send = (...words) => {
    handle.send = send
    const answer = send.apply(handle, words)
    const create = isKnownWay(words) && typeof answer === 'number' ? creatorOf(words[0]) : undefined
    if (create !== undefined) learnt(directSend(handle, create))
    return answer
  }
}

function isKnownWay([request, list, count, ...rest]: readonly unknown[]): boolean {
  const kinds = rest.map((word) => typeof word).join()
  const isBuffers = Array.isArray(list) && list.length === 1 && list[0] instanceof Uint8Array
  return typeof request === 'object' && isBuffers && count === 1 && /^(number,string,)?boolean$/.test(kinds)
}

/** How to make another request like this one. */
function creatorOf(request: unknown): (() => SendRequest) | undefined {
  const { constructor: kind } = Object(request)
  return typeof kind === 'function' ? () => Reflect.construct(kind, []) : undefined
}

function directSend(handle: DatagramHandle, create: () => SendRequest): DirectSend {
  let request = create()
  return {
    give(bytes, to) {
      const answer =
        to === undefined
          ? handle.send(request, [bytes], 1, true)
          : handle.send(request, [bytes], 1, to.port, to.address, true)
      return Number(answer)
    },
    whenOver(done) {
      request.oncomplete = done
      request = create()
    },
  }
}
