import type { RemoteInfo } from 'node:dgram'
import type { Endpoint } from '../event.ts'
import type { DatagramPeer } from './datagram-peer.ts'
import { endpoint } from './endpoint.ts'

/** So many addresses are remembered: a peer can make up as many as it likes. */
export const mostPeers = 4_096

export interface PeerTableHooks {
  /** An address that is not known, or not any more. */
  create(remote: Endpoint): DatagramPeer
  /** The one that was silent longest had to give way. */
  forgotten(peer: DatagramPeer): void
}

/** The peers of a datagram socket by their address, as many as may be remembered. */
export class PeerTable {
  readonly #hooks: PeerTableHooks
  /** Those who have been silent longest stand first. */
  readonly #peers = new Map<string, DatagramPeer>()
  /** Most datagrams come from where the one before came from. */
  #last: DatagramPeer | undefined

  constructor(hooks: PeerTableHooks) {
    this.#hooks = hooks
  }

  all(): readonly DatagramPeer[] {
    return [...this.#peers.values()]
  }

  of({ address, port }: Pick<RemoteInfo, 'address' | 'port'>): DatagramPeer {
    const last = this.#last?.remote
    if (this.#last !== undefined && last?.port === port && last.address === address) return this.#last
    const key = `${port} ${address}`
    const known = this.#peers.get(key)
    this.#peers.delete(key)
    this.#last = known ?? this.#hooks.create(endpoint(address, port))
    this.#peers.set(key, this.#last)
    if (this.#peers.size > mostPeers) this.#forgetOldest()
    return this.#last
  }

  #forgetOldest(): void {
    const [oldest] = this.#peers
    if (oldest === undefined) return
    this.#peers.delete(oldest[0])
    this.#hooks.forgotten(oldest[1])
  }
}
