/** A session: a driver, the events it tells, and the sources of what it is asked, from start to exit code. */
import type { Dialect } from '../action.ts'
import type { Context } from '../context.ts'
import { SockpitError } from '../errors.ts'
import { createTeller, type Listener, payloadKinds, type Teller } from '../event.ts'
import { type ExitCode, exitCodes } from '../exit-code.ts'
import type { Driver, OnEof, Outcome } from '../net/driver.ts'
import { longestDurationMs } from '../quantities.ts'
import { feedInput, feedMessages } from './feed.ts'
import type { Interpreter } from './interpreter.ts'
import { Count, Idle } from './limits.ts'
import type { Split } from './messages.ts'
import type { Screen } from './screen.ts'
import type { ScriptLine } from './script.ts'
import { Standing } from './standing.ts'
import { Stop } from './stop.ts'
import { Watch } from './watch.ts'

export interface SessionOptions {
  readonly dialect: Dialect
  /** What is asked before anything else. */
  readonly script: readonly ScriptLine[]
  /** Whether standard input is a script, too. */
  readonly inputIsScript: boolean
  /** What a client does at the end of standard input. */
  readonly onEof: OnEof
  /** End after so long with nothing happening, milliseconds. */
  readonly waitMs: number | undefined
  /** End after so many received reads, datagrams or messages. */
  readonly count: number | undefined
  readonly history: boolean
  /** Whether nothing is drawn anew, the line being typed neither. */
  readonly isPlain: boolean
  /** Whether what takes long is said on the screen while it lasts. */
  readonly saysProgress: boolean
  /** Where one message of standard input ends and the next begins; undefined: it is a stream of bytes. */
  readonly split: Split | undefined
  /** How much of a file on standard input goes into one write, bytes. */
  readonly pieceSize: number
}

/** Everything around a driver: made first, because a driver tells its events from the start. */
export class Session {
  readonly teller: Teller
  readonly #context: Context
  readonly #options: SessionOptions
  readonly #screen: Screen
  readonly #stop: AbortController
  readonly #watch: Watch
  readonly #standing: Standing
  readonly #idle: Idle | undefined
  #driver: Driver | undefined
  /** Made where something is typed or scripted: nobody else needs the language. */
  #interpreter: Interpreter | undefined
  #isEnough = false

  constructor(context: Context, options: SessionOptions, screen: Screen, stop: AbortController) {
    this.#context = context
    this.#options = options
    this.#screen = screen
    this.#stop = stop
    this.#watch = new Watch(options.dialect, () => context.now())
    this.#standing = new Standing(options.dialect)
    // How things stand is known before the line that tells of it is drawn anew.
    const listeners: Listener[] = context.stdin.kind === 'terminal' ? [this.#standing, screen] : [screen]
    if (this.#needsWatch()) listeners.push(this.#watch)
    if (options.count !== undefined) {
      listeners.push(new Count(options.count, options.dialect.transport, () => this.#onEnough()))
    }
    if (options.waitMs !== undefined) {
      this.#idle = new Idle(options.waitMs, stop)
      // Until there is something to drive, other time limits hold.
      this.#idle.hold(true)
    }
    const teller = createTeller(
      () => context.now(),
      listeners,
      () => this.#idle?.stir(),
    )
    this.teller = options.count === undefined ? teller : this.#untilEnough(teller)
  }

  /** Waits for what is under way, and says so on a terminal if it takes long. */
  async during<T>(what: string, work: Promise<T>): Promise<T> {
    const { stdin, stdout } = this.#context
    if (stdin.kind !== 'terminal' || !stdout.isDrawable || !this.#options.saysProgress) return work
    const { StatusLine } = await import('./status-line.ts')
    const line = new StatusLine(`${what} …`, stdout, this.#screen)
    try {
      return await work
    } finally {
      line.end()
    }
  }

  /** Drives until the driver has ended, or something stops it. @throws SockpitError that ended it */
  async run(driver: Driver): Promise<ExitCode> {
    this.#driver = driver
    this.#idle?.hold(false)
    this.#screen.onFull = (full) => {
      driver.setReading(!full)
      driver.setWriting(!full)
      this.#idle?.hold(full)
    }
    const { signal } = this.#stop
    const script = this.#runScripts(driver)
    const input = script.then(() => this.#readInput(driver))
    const failed = new Promise<never>((_, reject) => input.catch(reject))
    const stopped = untilAborted(signal)
    // A socket that neither reads nor writes does not keep Node running.
    const awake = setInterval(() => {}, longestDurationMs)
    let failure: unknown
    try {
      await Promise.race([driver.ended, stopped, failed])
      this.#watch.over()
      await Promise.race([script, stopped, failed])
    } catch (error) {
      failure = error
    }
    const wasStopped = signal.aborted
    const { error } = await this.#leave(driver)
    clearInterval(awake)
    // What could not be asked of a connection that broke is told by how it broke.
    if (failure !== undefined) throw this.#isBroken(failure, error) ? error : failure
    const stop = stopOf(signal)
    if (wasStopped && !stop.isQuiet) return codeOf(stop)
    if (error !== undefined) throw error
    return exitCodes.ok
  }

  /** Ends what still goes on; the answer is how the driver ended. */
  async #leave(driver: Driver): Promise<Outcome> {
    const { signal } = this.#stop
    this.#idle?.end()
    if (!signal.aborted) this.#stop.abort(new Stop(exitCodes.ok))
    const { graceMs, flushMs, why } = stopOf(signal)
    driver.setWriting(true)
    await driver.shutdown(graceMs, why)
    this.#context.stdin.close()
    await this.#screen.finish(flushMs)
    return driver.ended
  }

  /** What understands the lines of this session. */
  async #interpret(driver: Driver): Promise<Interpreter> {
    const { Interpreter } = await import('./interpreter.ts')
    this.#interpreter ??= new Interpreter(this.#options.dialect, {
      driver,
      teller: this.teller,
      watch: this.#watch,
      stop: this.#stop,
    })
    return this.#interpreter
  }

  async #runScripts(driver: Driver): Promise<void> {
    const { script, inputIsScript, onEof } = this.#options
    if (!this.#isScripted) return
    driver.startFeed()
    try {
      const interpreter = await this.#interpret(driver)
      const { runScript, runScriptFromInput } = await import('./script.ts')
      await runScript(script, interpreter)
      if (!inputIsScript) return
      await runScriptFromInput(this.#context, interpreter, this.#stop.signal)
    } catch (error) {
      if (this.#stop.signal.aborted) return
      throw error
    }
    driver.endFeed(onEof)
  }

  async #readInput(driver: Driver): Promise<void> {
    if (this.#options.inputIsScript || this.#stop.signal.aborted) return
    if (this.#context.stdin.kind === 'terminal') await this.#prompt(driver)
    else {
      driver.startFeed()
      await this.#feed(driver)
    }
    if (!this.#stop.signal.aborted) driver.endFeed(this.#options.onEof)
  }

  /** Of a connection that broke, TCP's or a WebSocket's, nothing can be asked any more; a datagram socket goes on. */
  #isBroken(failure: unknown, error: SockpitError | undefined): boolean {
    return isUsage(failure) && error !== undefined && this.#options.dialect.transport !== 'udp'
  }

  /** Standard input as bytes of a stream, or message by message. */
  #feed(driver: Driver): Promise<void> {
    const { split, pieceSize, dialect } = this.#options
    const { signal } = this.#stop
    if (split === undefined) return feedInput(this.#context, driver, pieceSize, signal)
    // A script before may have set another one.
    const { eol } = this.#interpreter?.dialect ?? dialect
    return feedMessages(this.#context, driver, { split, eol }, signal)
  }

  async #prompt(driver: Driver): Promise<void> {
    driver.endFeed('stay')
    const interpreter = await this.#interpret(driver)
    const { Prompt } = await import('./prompt.ts')
    const { History, historyPath } = await import('./history.ts')
    const prompt = new Prompt(
      {
        context: this.#context,
        interpreter,
        screen: this.#screen,
        standing: this.#standing,
        isPlain: this.#options.isPlain,
        history: this.#options.history ? new History(historyPath(this.#context)) : undefined,
        peers: () => driver.peers(),
        interrupt: () => this.#context.interrupt(),
      },
      this.#stop.signal,
    )
    await prompt.run()
    const { role } = this.#options.dialect
    if (role === 'client' || this.#stop.signal.aborted) return
    const text = 'standard input has ended: the server goes on without a prompt; Ctrl-C ends it'
    this.teller.tell(role, { kind: 'note', text })
  }

  get #isScripted(): boolean {
    return this.#options.script.length > 0 || this.#options.inputIsScript
  }

  /** Only what is typed or scripted can wait for something. */
  #needsWatch(): boolean {
    return this.#isScripted || this.#context.stdin.kind === 'terminal'
  }

  /** One read may bring more messages than were asked for: those are not told. */
  #untilEnough(teller: Teller): Teller {
    const kind = payloadKinds[this.#options.dialect.transport]
    return {
      ...teller,
      tell: (socket, event, at) => {
        const isReceived = event.kind === kind && event.direction === 'received'
        if (!this.#isEnough || !isReceived) teller.tell(socket, event, at)
      },
    }
  }

  #onEnough(): void {
    this.#isEnough = true
    // A WebSocket is read on: the close frame that answers ours is still to come.
    if (this.#options.dialect.transport !== 'websocket') this.#driver?.setReading(false)
    this.#stop.abort(new Stop(exitCodes.ok))
  }
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve())
  })
}

function isUsage(error: unknown): boolean {
  return error instanceof SockpitError && error.exitCode === exitCodes.usage
}

/** @throws SockpitError where one is the reason to stop */
function codeOf({ exitCode, error }: Stop): ExitCode {
  if (error !== undefined) throw error
  return exitCode
}

function stopOf(signal: AbortSignal): Stop {
  return signal.reason instanceof Stop ? signal.reason : new Stop(exitCodes.ok)
}
