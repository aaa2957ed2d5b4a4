import type { Peers } from '../action.ts'
import { UsageError } from '../errors.ts'
import type { Transport } from '../event.ts'

/** How many numbers a message names at most. */
const mostNamed = 20

interface Words {
  readonly who: string
  readonly nobody: string
  readonly here: string
}

const ofConnections: Words = { who: 'client', nobody: 'nobody is connected', here: 'connected' }

const words: Readonly<Record<Transport, Words>> = {
  tcp: ofConnections,
  websocket: ofConnections,
  udp: { who: 'peer', nobody: 'nobody has spoken yet', here: 'known' },
}

/** Whom a server deals with, by number. A number is given once. */
export class Roster<Member> {
  readonly #transport: Transport
  readonly #members = new Map<number, Member>()
  readonly #numbers = new Map<Member, number>()
  #added = 0
  #arrivals: (() => void)[] = []

  constructor(transport: Transport) {
    this.#transport = transport
  }

  get size(): number {
    return this.#members.size
  }

  all(): Member[] {
    return [...this.#members.values()]
  }

  numbers(): number[] {
    return [...this.#members.keys()]
  }

  /** Gives the next number to a new member. */
  add(create: (number: number) => Member): Member {
    this.#added += 1
    const member = create(this.#added)
    this.#members.set(this.#added, member)
    this.#numbers.set(member, this.#added)
    for (const arrive of this.#arrivals.splice(0)) arrive()
    return member
  }

  remove(member: Member): void {
    const number = this.#numbers.get(member)
    if (number === undefined) return
    this.#members.delete(number)
    this.#numbers.delete(member)
  }

  /** Those who are meant: one by number, else all. @throws UsageError where nobody is */
  choose(peers: Peers | undefined): readonly Member[] {
    if (typeof peers === 'number') {
      const one = this.#members.get(peers)
      if (one === undefined) throw noSuchPeer(peers, this.numbers(), this.#transport)
      return [one]
    }
    if (this.size === 0) throw new UsageError(`${words[this.#transport].nobody}: nothing was done`)
    return this.all()
  }

  /** Settles when the next member has come. */
  nextArrival(): Promise<void> {
    return new Promise((arrive) => this.#arrivals.push(arrive))
  }
}

/** What is said of a number that nobody has. */
export function noSuchPeer(number: number, present: readonly number[], transport: Transport): UsageError {
  const { who, nobody, here } = words[transport]
  const named = present.slice(0, mostNamed).map((one) => `#${one}`)
  const others = named.length === 0 ? nobody : `${here}: ${named.join(' ')}`
  return new UsageError(`there is no ${who} #${number}: ${others}`)
}
