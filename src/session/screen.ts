import type { Context, Output } from '../context.ts'
import type { Direction, Event, EventKind, Listener } from '../event.ts'
import { exitCodes } from '../exit-code.ts'
import { oneLine } from '../views/escape.ts'
import type { View } from '../views/view.ts'
import { Stop, stopOfOutput } from './stop.ts'

/** A line being typed, which gives way to what is shown and comes back below it. */
export interface TypedLine {
  hide(): void
  show(): void
}

/** What is said beside a view that shows data: which events, and the view that words them, loaded on first use. */
export interface Narration {
  readonly kinds: ReadonlySet<EventKind>
  load(): Promise<View>
}

/** Pieces up to this size are written together, in calls of at most the other, bytes. */
const mostGathered = 2_048
const gatherSize = 65_536

/** How often a pipe is asked whether somebody still reads it, milliseconds. */
const readerCheckMs = 500

/** As wide as the word before it: what stands below an error's first line. */
const indent = ' '.repeat('sockpit: '.length)

/**
 * Where events become visible: the view on standard output, what is said to the person on standard error,
 * both above the line being typed. It knows when the output cannot take more, and when nobody reads it.
 */
export class Screen implements Listener {
  /** A line being typed on the same terminal. */
  typedLine: TypedLine | undefined
  /** Told when the output is full, and when it has room again. */
  onFull: (full: boolean) => void = () => {}
  readonly #context: Context
  readonly #view: View
  readonly #narration: Narration | undefined
  /** Settles when everything that was to be said has been said. */
  #said: Promise<void> = Promise.resolve()
  readonly #stop: AbortController
  readonly #readerCheck: NodeJS.Timeout
  #isBroken = false
  #isFull = false
  #gathered: Buffer | undefined
  #gatheredSize = 0
  #flushing: NodeJS.Immediate | undefined
  #emptied: (() => void)[] = []

  /** @param narration what standard error is told; undefined where standard output says it all */
  constructor(context: Context, view: View, narration: Narration | undefined, stop: AbortController) {
    this.#context = context
    this.#view = view
    this.#narration = narration
    this.#stop = stop
    context.stdout.stream.on('error', (error) => this.#onError(error))
    const isReaderGone = context.stdout.watchReader()
    this.#readerCheck = setInterval(() => {
      if (isReaderGone()) this.#break(new Stop(exitCodes.stdoutClosed, { graceMs: 0 }))
    }, readerCheckMs)
    this.#readerCheck.unref()
  }

  wants(kind: EventKind, direction?: Direction): boolean {
    return this.#view.wants(kind, direction) || this.#narration?.kinds.has(kind) === true
  }

  hear(event: Event): void {
    if (this.#view.wants(event.kind)) this.#write(this.#view.render(event))
    if (this.#narration?.kinds.has(event.kind) === true) this.#narrate(event, this.#narration)
  }

  /**
   * One line on standard error that begins `sockpit: `.
   * @param fold breaks it at words, where a person reads it and the terminal would break it anywhere
   */
  error(message: string, fold = (line: string): readonly string[] => [line]): void {
    const [first = '', ...rest] = fold(oneLine(message))
    this.#say([`sockpit: ${first}`, ...rest.map((line) => `${indent}${line}`)].join('\n').concat('\n'))
  }

  /** Writes what the view still holds back, and settles when the output has taken everything, or in time. */
  async finish(withinMs: number | undefined): Promise<void> {
    await this.#said
    this.#write(this.#view.end?.())
    this.#flush()
    const { stream } = this.#context.stdout
    if (!this.#isBroken && stream.writableLength > 0) {
      await new Promise<void>((resolve) => {
        this.#emptied.push(resolve)
        if (withinMs !== undefined) setTimeout(resolve, withinMs)
      })
    }
    clearInterval(this.#readerCheck)
  }

  #narrate(event: Event, { load }: Narration): void {
    // It is said later: by then a payload that was borrowed would be another one.
    const kept = 'payload' in event ? { ...event, payload: Uint8Array.from(event.payload) } : event
    this.#said = this.#said.then(async () => this.#say((await load()).render(kept)))
  }

  #say(text: string | Uint8Array | undefined): void {
    const { stderr } = this.#context
    if (text === undefined) return
    const { stream } = stderr
    if (stream.listenerCount('error', ignore) === 0) stream.on('error', ignore)
    this.#above(stderr, text, (line) => stream.write(line))
  }

  #write(out: string | Uint8Array | undefined): void {
    if (out === undefined || out.length === 0 || this.#isBroken) return
    const { stdout } = this.#context
    if (typeof out !== 'string' && out.length <= mostGathered && this.typedLine === undefined) {
      this.#gather(out)
      return
    }
    this.#flush()
    this.#above(stdout, out, (one) => {
      if (typeof one === 'string') this.#writeLater(stdout, one)
      else this.#writeBytes(stdout, one)
    })
  }

  /** Keeps small pieces until a turn of the event loop brings none, or there is no room: one call of write for many. */
  #gather(bytes: Uint8Array): void {
    this.#gathered ??= Buffer.allocUnsafeSlow(gatherSize)
    if (this.#gatheredSize + bytes.length > gatherSize) this.#flush()
    this.#gathered.set(bytes, this.#gatheredSize)
    this.#gatheredSize += bytes.length
    if (this.#flushing === undefined) this.#flushSoon(this.#gatheredSize)
  }

  #flushSoon(before: number): void {
    this.#flushing = setImmediate(() => {
      if (this.#gatheredSize !== before) {
        this.#flushSoon(this.#gatheredSize)
        return
      }
      this.#flushing = undefined
      this.#flush()
    })
  }

  #flush(): void {
    if (this.#gathered === undefined || this.#gatheredSize === 0 || this.#isBroken) return
    const bytes = this.#gathered.subarray(0, this.#gatheredSize)
    this.#gatheredSize = 0
    this.#writeBytes(this.#context.stdout, bytes)
  }

  /** As much as possible at once, from the borrowed bytes themselves; only what is left over is copied. */
  #writeBytes(stdout: Output, bytes: Uint8Array): void {
    let written = 0
    try {
      if (stdout.stream.writableLength === 0) written = stdout.writeNow(bytes)
    } catch (error) {
      this.#onError(error)
      return
    }
    if (written < bytes.length) this.#writeLater(stdout, Buffer.from(bytes.subarray(written)))
  }

  #writeLater({ stream }: Output, out: string | Uint8Array): void {
    stream.write(out, () => {
      if (stream.writableLength === 0) this.#onEmptied()
    })
    if (stream.writableLength === 0 || this.#isFull) return
    this.#isFull = true
    this.onFull(true)
  }

  #onEmptied(): void {
    if (this.#isFull) {
      this.#isFull = false
      this.onFull(false)
    }
    for (const resolve of this.#emptied.splice(0)) resolve()
  }

  /** The line being typed has a row of its own: what has no line end gets one, or it would be drawn over. */
  #above(output: Output, out: string | Uint8Array, write: (out: string | Uint8Array) => void): void {
    const typedLine = output.isTerminal ? this.typedLine : undefined
    typedLine?.hide()
    const isCut = typedLine !== undefined && typeof out === 'string' && !out.endsWith('\n')
    write(isCut ? `${out}\n` : out)
    typedLine?.show()
  }

  #onError(error: unknown): void {
    if (!this.#isBroken) this.#break(stopOfOutput(error))
  }

  /** Nothing more can be shown. */
  #break(stop: Stop): void {
    this.#isBroken = true
    this.#stop.abort(stop)
    this.#onEmptied()
  }
}

/** That nobody is told ends nothing. */
function ignore(): void {}
