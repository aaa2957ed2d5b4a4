import type { LimitOutput } from './output.ts'

/** Pongs that may wait for a peer that does not read, bytes; then only the newest is kept. */
export const mostPending = 65_536

/** What a pong costs beside its payload, bytes: its header, with a key. */
const pongOverhead = 6

/** Keeps pongs from piling up where the peer sends pings and takes nothing (RFC 6455 §5.5.3 lets us answer the newest only). */
export class PongGate {
  #isCongested = false
  #pending = 0
  #isFull = false
  #newest: Uint8Array | undefined

  /** What is to be done about a pong: send it, tell of the limit, or nothing: it replaces the one that waits. */
  admit(payload: Uint8Array): 'send' | LimitOutput | undefined {
    if (!this.#isCongested) return 'send'
    this.#pending += payload.length + pongOverhead
    if (this.#pending <= mostPending) return 'send'
    this.#newest = Uint8Array.from(payload)
    if (this.#isFull) return undefined
    this.#isFull = true
    const detail = 'a peer that sends pings and reads nothing is owed the newest pong only'
    return { kind: 'limit', what: 'pongs', limit: mostPending, detail }
  }

  /** The answer is the pong that was kept, once the peer reads again. */
  setCongested(congested: boolean): Uint8Array | undefined {
    this.#isCongested = congested
    if (congested) return undefined
    const newest = this.#newest
    this.#newest = undefined
    this.#pending = 0
    this.#isFull = false
    return newest
  }
}
