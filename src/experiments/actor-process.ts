import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { describeSystemError } from '../errors.ts'
import type { Event } from '../event.ts'
import { decodeEvent } from '../views/json.ts'

/** What makes a command an actor: it tells its events, and takes lines of the language as they come. */
const actorWords = ['--json', '--quiet', '--script', '-']

/** How much is kept of what an actor says on standard error, characters. */
const longestErrors = 4_096

/** How a process ended, without being asked to. */
export interface Exit {
  /** Undefined where a signal ended it, or where it never began. */
  readonly exitCode?: number
  /** What it said last, or why it never began. */
  readonly message?: string
}

export interface ActorHooks {
  hear(event: Event): void
  /** It ended, and nobody had asked it to; everything that it told was heard. */
  left(exit: Exit): void
  /** It cannot be an actor. */
  failed(how: string): void
}

const signals = { stop: 'SIGSTOP', continue: 'SIGCONT', kill: 'SIGKILL' } as const

/** One of sockpit's own commands in a process of its own. */
export class ActorProcess {
  readonly #child: ChildProcessWithoutNullStreams
  readonly #ended: Promise<void>
  #isAsked = false
  #errors = ''

  /**
   * @param self the command that starts sockpit
   * @param folder where it works: the files of the experiment are there
   */
  constructor(
    self: readonly [string, ...string[]],
    words: readonly string[],
    folder: string | undefined,
    hooks: ActorHooks,
  ) {
    const [program, ...first] = self
    this.#child = spawn(program, [...first, ...words, ...actorWords], { cwd: folder })
    this.#ended = new Promise((resolve) => {
      this.#child.on('error', (error) => {
        hooks.failed(`could not be started: ${describeSystemError(error)}`)
        resolve()
      })
      this.#child.on('close', (code) => {
        const message = this.#errors.trim()
        const exit = { ...(code !== null && { exitCode: code }), ...(message !== '' && { message }) }
        if (!this.#isAsked) hooks.left(exit)
        resolve()
      })
    })
    // Where the system had no room for it, it has no streams either.
    if (this.#child.pid !== undefined) this.#listen(hooks)
  }

  /** Lets it carry out lines of the language, one after the other. */
  say(lines: readonly string[]): void {
    this.#child.stdin.write(lines.map((line) => `${line}\n`).join(''))
  }

  /** Lets the whole process stand still, or go on, or be no more. */
  signal(what: keyof typeof signals): void {
    if (what === 'kill') this.#isAsked = true
    this.#child.kill(signals[what])
  }

  /** Ends it as a person would; settles when it is gone and everything it told was heard. */
  quit(): Promise<void> {
    this.#isAsked = true
    this.signal('continue')
    this.say(['/quit'])
    return this.#ended
  }

  /** Ends it by force, where it has not ended yet. */
  kill(): Promise<void> {
    this.signal('kill')
    return this.#ended
  }

  #listen({ hear, failed }: ActorHooks): void {
    const { stdin, stdout, stderr } = this.#child
    // One that has ended takes no more lines; how it ended says the rest.
    stdin.on('error', () => {})
    stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#errors = (this.#errors + text).slice(-longestErrors)
    })
    const lines = createInterface({ input: stdout, crlfDelay: Number.POSITIVE_INFINITY })
    lines.on('line', (line) => {
      try {
        hear(decodeEvent(line))
      } catch (error) {
        failed(`told what is no event: ${describeSystemError(error)}`)
      }
    })
  }
}
