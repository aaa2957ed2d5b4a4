import type { Arena } from '../wire/arena.ts'
import type { TcpConnection } from './tcp-connection.ts'

/** Writes bytes in lent memory to a connection, and gives the memory back once nobody can need it any more. */
export class LentWrites {
  readonly #tcp: TcpConnection
  readonly #arena: Arena
  /** What the kernel has not taken whole yet. */
  #underWay: Buffer[] | undefined

  constructor(tcp: TcpConnection, arena: Arena) {
    this.#tcp = tcp
    this.#arena = arena
  }

  /** Behind a queue what fills little of its memory waits as a copy, which holds what it needs and no more. */
  write(bytes: Uint8Array, memory: Buffer): void {
    if (!this.#tcp.isWaiting) this.takeBack()
    else if (2 * bytes.length < memory.length) {
      this.#tcp.send(Buffer.from(bytes))
      this.#arena.give(memory)
      return
    }
    this.#tcp.send(bytes)
    if (this.#tcp.isWaiting) {
      this.#underWay ??= []
      this.#underWay.push(memory)
    } else this.#arena.give(memory)
  }

  /** Nothing waits any more: what was under way is free. */
  takeBack(): void {
    for (const memory of this.#underWay ?? []) this.#arena.give(memory)
    this.#underWay = undefined
  }
}
