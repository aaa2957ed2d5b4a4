import type { DatagramPeer } from './datagram-peer.ts'
import { type Answer, type AnsweringService, createAnswer } from './datagram-services.ts'
import { firstHopLimit, LoopGuard, type OwnAddresses, ownAddresses, refusalOf } from './echo-guard.ts'
import type { Limits } from './limits.ts'
import type { UdpSocket } from './udp-socket.ts'

export interface ResponderSurroundings {
  readonly limits: Limits
  /** Answers that may wait to be sent. */
  readonly maxQueue: number
  now(): number
  date(): Date
}

/** What a datagram server does by itself: it answers, but nobody whom the guard forbids. */
export class Responder {
  readonly #answer: Answer
  readonly #socket: UdpSocket
  readonly #surroundings: ResponderSurroundings
  readonly #own: OwnAddresses
  readonly #guard: LoopGuard<DatagramPeer>
  /** Why a peer is never answered; undefined where it is. */
  readonly #refusals = new WeakMap<DatagramPeer, { readonly why: string | undefined }>()
  /** Whether answers are being thrown away, which was told. */
  #isOverrun = false

  constructor(service: AnsweringService, socket: UdpSocket, surroundings: ResponderSurroundings) {
    this.#answer = createAnswer(service, () => surroundings.date())
    this.#socket = socket
    this.#surroundings = surroundings
    this.#own = ownAddresses(socket.local)
    this.#guard = new LoopGuard<DatagramPeer>(
      {
        release: (peer, payloads) => {
          for (const payload of payloads) this.#respond(peer, payload)
        },
        swallowed: (peer, count, why) => this.#onSwallowed(peer, count, why),
      },
      () => surroundings.now(),
    )
  }

  /** Answers a datagram, now or as soon as its sender has shown that it is no loop. */
  take(peer: DatagramPeer, payload: Buffer): void {
    const why = this.#refusalOf(peer)
    if (why !== undefined) {
      this.#surroundings.limits.tell(peer.name, 'answer', { limit: 0, detail: why, remote: peer.remote })
    } else if (this.#guard.judge(peer, payload) === 'answer') this.#respond(peer, payload)
  }

  #refusalOf(peer: DatagramPeer): string | undefined {
    const known = this.#refusals.get(peer)
    if (known !== undefined) return known.why
    const why = refusalOf(peer.remote, this.#own)
    this.#refusals.set(peer, { why })
    return why
  }

  #respond(peer: DatagramPeer, payload: Buffer): void {
    const answer = this.#answer(payload)
    if (this.#socket.sender.isFull) {
      this.#onOverrun(peer)
      return
    }
    this.#isOverrun = false
    this.#guard.sent(peer, answer)
    this.#socket.sender.send(answer, peer)
  }

  #onOverrun({ name }: DatagramPeer): void {
    if (this.#isOverrun) return
    this.#isOverrun = true
    const detail = 'answers are left out until the kernel takes some; --max-queue allows more'
    this.#surroundings.limits.tell(name, 'datagrams', { limit: this.#surroundings.maxQueue, detail })
  }

  #onSwallowed({ name, remote }: DatagramPeer, count: number, why: 'loop' | 'memory'): void {
    const what = count === 1 ? 'the last one is' : `the last ${count} are`
    const detail =
      why === 'loop'
        ? `so many came back just as they were sent, and none while we kept silent: ${what} not answered, which ends the loop`
        : `${what} not answered: too much was held back while looking for a loop`
    this.#surroundings.limits.tell(name, 'loop', { limit: firstHopLimit, detail, remote })
  }
}
