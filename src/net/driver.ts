import type { SocketAction } from '../action.ts'
import type { SockpitError } from '../errors.ts'

/** What a client does at the end of standard input: half-close, close, or nothing. */
export const onEofChoices = ['fin', 'close', 'stay'] as const
/** The same for datagrams, which have no half-close. */
export const datagramOnEofChoices = ['close', 'stay'] as const
export type OnEof = (typeof onEofChoices)[number]

/** How much of a file is sent in one go on a stream, where the pieces mean nothing, bytes. */
const usualFilePiece = 65_536

/** How much of a file goes into a stream at once, bytes: a larger chunk that was asked for is one write. */
export function streamFilePiece({
  chunk = 0,
  maxQueue,
}: {
  readonly chunk?: number | undefined
  readonly maxQueue: number
}): number {
  return Math.max(usualFilePiece, Math.min(chunk, maxQueue))
}

/** A message that is longer becomes no datagram, bytes: none can be nearly as long. */
export const longestDatagramMessage = 2 ** 20

/** Why everything is to end: somebody asked for it, or a signal told the process to go. */
export type EndReason = 'asked' | 'signal'

/** Carries actions to real sockets; what happens there is told as events. */
export interface Driver {
  /**
   * Carries out one action; settles when it is accepted, which for a payload means that the queue has room
   * for more.
   * @throws UsageError where it cannot be done, with the reason
   */
  perform(action: SocketAction): Promise<void>
  /**
   * Sends bytes from standard input to whoever is there: of a stream, some of it; of datagrams, one. The answer
   * comes when more can be sent, and at once where that is so already; false: nothing can be sent any more. A
   * stream's bytes have gone to the kernel by then, so that their buffer may be used again; a datagram's are kept.
   */
  feed(bytes: Uint8Array): boolean | Promise<boolean>
  /** How much of a file goes into one send, bytes; Infinity: all of it. */
  readonly filePiece: number
  /** The longest message that can be sent, bytes: a longer one is not kept; Infinity for a stream, which has none. */
  readonly longestMessage: number
  /** Standard input or a script may bring bytes from now on: a peer's FIN is not answered before they did. */
  startFeed(): void
  /** Nothing more comes: a client ends its side, closes or stays; a server ends the sides that it fed. */
  endFeed(onEof: OnEof): void
  /** Settles when the kernel has everything that was sent, or nothing can be sent any more. */
  drained(): Promise<void>
  /** A message of standard input, of so many bytes, was longer than any can be, and was not kept. */
  leaveOut?(size: number): void
  /** Whether sockets are read from: not while the output is full, and not once enough was received on TCP or UDP. */
  setReading(reading: boolean): void
  /** Whether queued payload is written: not while the output cannot take the events that tell of it. */
  setWriting(writing: boolean): void
  /** The numbers of the clients that are connected; a client itself has none. */
  peers(): readonly number[]
  /** Settles when nothing is left to drive. */
  readonly ended: Promise<Outcome>
  /**
   * Sends what is queued, ends every connection and stops listening; within the grace time, else by force.
   * Where a connection ends with a word, as a WebSocket does, `why` decides which.
   */
  shutdown(graceMs: number, why: EndReason): Promise<void>
}

/** How a driver ended: as asked, or with what went wrong. */
export interface Outcome {
  readonly error?: SockpitError
}
