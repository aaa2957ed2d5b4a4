/** Pings that wait for their pong: older ones are forgotten, since nobody has to answer every ping. */
const mostPending = 64

/** When each ping was sent, so that its pong tells how long it took. */
export class PingLog {
  #pending: { readonly payload: string; readonly at: number }[] = []

  sent(payload: Uint8Array, at: number): void {
    this.#pending = [...this.#pending.slice(1 - mostPending), { payload: textOf(payload), at }]
  }

  /** When the ping was sent that a pong with this payload answers, if there is one. */
  find(payload: Uint8Array): number | undefined {
    const text = textOf(payload)
    return this.#pending.find((ping) => ping.payload === text)?.at
  }

  /** A pong has come: it answers its ping and those before it (RFC 6455 §5.5.3). */
  answered(payload: Uint8Array): void {
    const text = textOf(payload)
    const index = this.#pending.findIndex((ping) => ping.payload === text)
    this.#pending = this.#pending.slice(index + 1)
  }
}

function textOf(payload: Uint8Array): string {
  return Buffer.from(payload).toString('latin1')
}
