import type { LimitEvent, Teller } from '../event.ts'

/** Tells when a limit acts, and counts how often each has. */
export class Limits {
  readonly #teller: Teller
  readonly #counts = new Map<LimitEvent['what'], number>()

  constructor(teller: Teller) {
    this.#teller = teller
  }

  count(what: LimitEvent['what']): number {
    return this.#counts.get(what) ?? 0
  }

  tell(
    socket: string,
    what: LimitEvent['what'],
    more: Pick<LimitEvent, 'limit' | 'detail' | 'remote'>,
  ): void {
    const count = this.count(what) + 1
    this.#counts.set(what, count)
    this.#teller.tell(socket, { kind: 'limit', what, count, ...more })
  }
}
