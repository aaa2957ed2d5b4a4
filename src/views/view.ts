import type { Event, Wants } from '../event.ts'

/** Turns events into text, or into bytes. */
export interface View {
  /** Whether this view would show events of the kind: others need not be built. */
  readonly wants: Wants
  /**
   * What to write for the event, whole lines ending in a line feed, or nothing.
   * Bytes are borrowed until the next event: they may be this one's own payload, or memory to be used again.
   */
  render(event: Event): string | Uint8Array | undefined
  /** What is still held back when the session ends, for example the head of a cut character. */
  end?(): string | Uint8Array | undefined
}
