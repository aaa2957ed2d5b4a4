import type { Arena } from '../wire/arena.ts'
import type { TcpConnection } from './tcp-connection.ts'

/** Writes bytes in lent memory to a connection, and gives the memory back once nobody can need it any more. */
export class LentWrites {
  readonly #tcp: TcpConnection
  readonly #arena: Arena
  /** What the kernel has not taken whole yet, in order, and where in the stream each ends. */
  #underWay: { readonly memory: Buffer; readonly endsAt: number }[] | undefined

  constructor(tcp: TcpConnection, arena: Arena) {
    this.#tcp = tcp
    this.#arena = arena
  }

  /** Behind a queue what fills little of its memory waits as a copy, which holds what it needs and no more. */
  write(bytes: Uint8Array, memory: Buffer): void {
    this.takeBack()
    if (this.#tcp.isWaiting && 2 * bytes.length < memory.length) {
      this.#tcp.send(Buffer.from(bytes))
      this.#arena.give(memory)
      return
    }
    this.#tcp.send(bytes)
    if (this.#tcp.isWaiting) {
      this.#underWay ??= []
      this.#underWay.push({ memory, endsAt: this.#tcp.carried.sent.bytes + this.#tcp.queued })
    } else this.#arena.give(memory)
  }

  /** What the kernel has taken is free; the rest still is to be read from. */
  takeBack(): void {
    if (this.#underWay === undefined) return
    const sent = this.#tcp.carried.sent.bytes
    const gone = this.#underWay.findIndex(({ endsAt }) => endsAt > sent)
    this.#give(this.#underWay.splice(0, gone === -1 ? this.#underWay.length : gone))
    if (this.#underWay.length === 0) this.#underWay = undefined
  }

  /** The connection is over: nothing is read any more. */
  end(): void {
    this.#give(this.#underWay ?? [])
    this.#underWay = undefined
  }

  #give(lent: readonly { readonly memory: Buffer }[]): void {
    for (const { memory } of lent) this.#arena.give(memory)
  }
}
