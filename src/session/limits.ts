import {
  carriesPayload,
  type Direction,
  type Event,
  type EventKind,
  type Listener,
  payloadKinds,
  type Transport,
} from '../event.ts'
import { exitCodes } from '../exit-code.ts'
import { Stop } from './stop.ts'

/** Ends the session after so many received reads, datagrams or messages (`--count`). */
export class Count implements Listener {
  readonly #most: number
  readonly #transport: Transport
  readonly #enough: () => void
  #count = 0

  constructor(most: number, transport: Transport, enough: () => void) {
    this.#most = most
    this.#transport = transport
    this.#enough = enough
  }

  wants(kind: EventKind, direction?: Direction): boolean {
    return kind === payloadKinds[this.#transport] && direction !== 'sent'
  }

  hear(event: Event): void {
    if (!carriesPayload(event, this.#transport) || event.direction === 'sent') return
    this.#count += 1
    if (this.#count === this.#most) this.#enough()
  }
}

/** Ends the session after so long with nothing happening (`--wait`). */
export class Idle {
  readonly #timer: NodeJS.Timeout
  #isHeld = false
  #stirred = 0
  /** In this turn of the event loop it has begun anew: once is enough, since each time costs as much as sending a line. */
  #fresh: NodeJS.Immediate | undefined
  #isOver = false

  constructor(afterMs: number, stop: AbortController) {
    this.#timer = setTimeout(() => {
      const before = this.#stirred
      // On a busy machine timers come before what has arrived meanwhile: that has its turn first.
      setImmediate(() => {
        if (this.#isOver) return
        if (this.#isHeld || this.#stirred > before) this.#timer.refresh()
        else stop.abort(new Stop(exitCodes.ok, { isQuiet: true }))
      })
    }, afterMs)
    this.#timer.unref()
    stop.signal.addEventListener('abort', () => this.end())
  }

  /** Something happens. */
  stir(): void {
    this.#stirred += 1
    if (this.#isOver || this.#fresh !== undefined) return
    this.#timer.refresh()
    this.#fresh = setImmediate(() => {
      this.#fresh = undefined
    })
  }

  /** While the output is full it is we who let nothing happen. */
  hold(held: boolean): void {
    this.#isHeld = held
    if (!held) this.#timer.refresh()
  }

  end(): void {
    this.#isOver = true
    clearTimeout(this.#timer)
    clearImmediate(this.#fresh)
  }
}
