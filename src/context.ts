import type { Readable, Writable } from 'node:stream'
import type { EndingSignal } from './exit-code.ts'

/** A standard stream that text goes to. */
export interface Output {
  readonly stream: Writable
  readonly isTerminal: boolean
  /** Whether what stands there can be drawn over: a terminal that is not dumb. */
  readonly isDrawable: boolean
  /** Whether nobody will ever see what is written: it is /dev/null. */
  readonly isDiscarded: boolean
  /** Columns of the terminal now; 80 where there is none. */
  width(): number
  /** Whether colour may be used here: a terminal, and the environment does not forbid it. */
  readonly color: boolean
  /**
   * Says something to its end, for who has nothing else to do until it is said: no stream is made for it.
   * @throws the system's error (EPIPE, ENOSPC …)
   */
  print(text: string): void
  /**
   * Writes at once as many bytes as the other end takes and returns their number: a file takes all of them,
   * a pipe what fits into it, a terminal none (it goes through the stream).
   * @throws the system's error (EPIPE, ENOSPC …)
   */
  writeNow(bytes: Uint8Array): number
  /** A check whether it is a pipe whose reader has gone, as far as the system tells without a write. */
  watchReader(): () => boolean
}

/** What standard input is: this decides between the prompt, a bulk copy and a stream. */
export type InputKind = 'terminal' | 'file' | 'pipe'

/** Standard input. */
export interface Input {
  readonly kind: InputKind
  /** Opened on first use: reading starts only when a command wants it. */
  stream(): Readable
  /** The next bytes of a file into the buffer, at once; 0 at the end. */
  readNow(buffer: Uint8Array): number
  /** Lets go of it, so that it keeps the process from ending no longer. */
  close(): void
}

/** Everything that a command may know of the process it runs in. Tests build their own. */
export interface Context {
  readonly stdin: Input
  readonly stdout: Output
  readonly stderr: Output
  /** Milliseconds since the command started, monotonic, three decimals. */
  now(): number
  /** Now, on the calendar. */
  date(): Date
  /** Unpredictable bytes. */
  randomBytes(size: number): Uint8Array
  /** An environment variable. */
  env(name: string): string | undefined
  /** sockpit's own. */
  readonly version: string
  readonly platform: NodeJS.Platform
  /** `20.20.2` */
  readonly nodeVersion: string
  /** The home folder of the person. */
  readonly home: string
  /** How many files this process may have open, and how many it has: Infinity where the system does not say. */
  openFiles(): { readonly limit: number; readonly open: number }
  /** For who keeps thousands of connections: what lives for a moment gets no more memory than now. */
  saveMemory(): void
  /** The command that started sockpit, to start another: the program and its first arguments. */
  readonly self: readonly [string, ...string[]]
  /** Calls back on the first signal that ends a command; a second one ends the process at once. */
  onSignal(callback: (signal: EndingSignal) => void): void
  /** Stops the whole job, as Ctrl-Z does where the terminal does not give the keys. */
  suspend(): void
  /** Calls the first before SIGTSTP stops the process, and the other when it goes on; the answer takes that back. */
  onStop(leave: () => void, comeBack: () => void): () => void
  /** Calls back before an error that nobody caught ends the process; the answer takes that back. */
  onCrash(callback: () => void): () => void
  /** Ctrl-C where the terminal does not send the signal itself: as if it had come. */
  interrupt(): void
}
