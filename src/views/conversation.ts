import type { Event, EventKind, EventOf } from '../event.ts'
import type { Telling } from './entry.ts'

/** What was said before on the same socket, as far as an event is told by it. */
type Before = Pick<Telling, 'request' | 'readBefore' | 'compression'>

/** An event, and what was said before it. */
export interface Recalled {
  readonly event: Event
  readonly before: Before
}

interface Conversation {
  /** A request that has no answer yet. */
  asked?: EventOf<'request'>
  lastRead?: number
  compression?: boolean
}

/** What shows that a request gets no answer any more. */
const unanswered: ReadonlySet<EventKind> = new Set([
  'request',
  'opened',
  'refused',
  'failed',
  'timeout',
  'violation',
  'closed',
])

/**
 * Remembers what WebSockets say, so that a request is told together with its answer, and a frame with what it
 * shares with the frame before.
 */
export function createConversations() {
  const bySocket = new Map<string, Conversation>()

  const of = (socket: string): Conversation => {
    const known = bySocket.get(socket) ?? {}
    bySocket.set(socket, known)
    return known
  }

  /** The request that was held back, if there is one; told as of then, so that times do not go backwards. */
  const release = (conversation: Conversation | undefined, at?: number): readonly Recalled[] => {
    const event = conversation?.asked
    if (conversation === undefined || event === undefined) return []
    delete conversation.asked
    return [{ event: { ...event, at: at ?? event.at }, before: {} }]
  }

  return {
    /** To be asked of every event in turn: what is to be told now, in its order. */
    hear(event: Event): readonly Recalled[] {
      const { socket } = event
      if (event.kind === 'response') {
        const [request] = release(bySocket.get(socket))
        return [{ event, before: request?.event.kind === 'request' ? { request: request.event } : {} }]
      }
      if (event.kind === 'frame') return [{ event, before: recallFrame(of(socket), event) }]
      const isWaiting = event.kind === 'timeout' && event.what === 'wait'
      const released = unanswered.has(event.kind) && !isWaiting ? release(bySocket.get(socket), event.at) : []
      if (event.kind === 'request') {
        of(socket).asked = { ...event, payload: Uint8Array.from(event.payload) }
        return released
      }
      if (event.kind === 'opened' && event.transport === 'websocket')
        of(socket).compression = event.compression !== undefined
      if (event.kind === 'closed') bySocket.delete(socket)
      return [...released, { event, before: {} }]
    },

    /** The requests that are still held back. */
    end: (): readonly Recalled[] => [...bySocket.values()].flatMap((conversation) => release(conversation)),
  }
}

function recallFrame(conversation: Conversation, { lastRead }: EventOf<'frame'>): Before {
  const { lastRead: readBefore, compression } = conversation
  if (lastRead !== undefined) conversation.lastRead = lastRead
  return {
    ...(readBefore !== undefined && { readBefore }),
    ...(compression !== undefined && { compression }),
  }
}
