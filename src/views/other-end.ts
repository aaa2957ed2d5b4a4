import { type DatagramEvent, type Event, formatEndpoint } from '../event.ts'
import { escapeText } from './escape.ts'

/** `to 127.0.0.1:9000`, `from [::1]:5353` */
export function otherEnd({ direction, remote }: DatagramEvent): string {
  return escapeText(`${direction === 'sent' ? 'to' : 'from'} ${formatEndpoint(remote)}`)
}

/**
 * To be asked of every event in turn: the other end of a datagram, where it is not the one that its socket was
 * opened for. A numbered socket of a server stands for one peer, which its first event has named.
 */
export function createStrangers(): (event: Event) => string | undefined {
  const openedFor = new Map<string, string>()
  return (event) => {
    const { socket } = event
    if (event.kind === 'opened' && event.transport === 'udp') {
      openedFor.set(socket, formatEndpoint(event.remote))
    }
    if (event.kind === 'closed') openedFor.delete(socket)
    if (event.kind !== 'datagram' || socket.startsWith('server#')) return undefined
    return formatEndpoint(event.remote) === openedFor.get(socket) ? undefined : otherEnd(event)
  }
}
