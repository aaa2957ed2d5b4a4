/** `--key-log`: where the secrets of TLS connections are kept for Wireshark. */
import { appendFileSync } from 'node:fs'
import { describeSystemError, UsageError } from '../errors.ts'

/** Adds lines to a file, which nobody else may read: Wireshark wants those of many runs in one. */
export class KeyLog {
  readonly #path: string
  #onBroken: ((why: string) => void) | undefined
  #isBroken = false

  /** @throws UsageError where the file cannot be written */
  constructor(path: string) {
    this.#path = path
    try {
      this.#append('')
    } catch (error) {
      throw new UsageError(this.#why(error), { cause: error })
    }
  }

  /** Is told once why nothing more is kept. */
  set onBroken(tell: (why: string) => void) {
    this.#onBroken = tell
  }

  /** Keeps a line. A disk that is full must not end a connection. */
  add(line: Uint8Array): void {
    if (this.#isBroken) return
    try {
      this.#append(line)
    } catch (error) {
      this.#isBroken = true
      this.#onBroken?.(`${this.#why(error)}; no more secrets are kept`)
    }
  }

  #append(line: Uint8Array | string): void {
    appendFileSync(this.#path, line, { mode: 0o600 })
  }

  #why(error: unknown): string {
    return `--key-log: "${this.#path}" cannot be written: ${describeSystemError(error)}`
  }
}
