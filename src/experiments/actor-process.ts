import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { describeSystemError } from '../errors.ts'
import type { Event } from '../event.ts'
import { decodeEvent } from '../views/json.ts'

/** What makes a command an actor: it tells its events, and takes lines of the language as they come. */
const actorWords = ['--json', '--quiet', '--script', '-']

export interface ActorHooks {
  hear(event: Event): void
  /** It ended, and nobody had asked it to; `how` says in words with which code and message. */
  died(how: string): void
}

/** One of sockpit's own commands in a process of its own. */
export class ActorProcess {
  readonly #child: ChildProcessWithoutNullStreams
  readonly #ended: Promise<void>
  #isAsked = false
  #errors = ''

  /** @param self the command that starts sockpit */
  constructor(self: readonly [string, ...string[]], words: readonly string[], hooks: ActorHooks) {
    const [program, ...first] = self
    this.#child = spawn(program, [...first, ...words, ...actorWords])
    // One that has ended takes no more lines; how it ended says the rest.
    this.#child.stdin.on('error', () => {})
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#errors += text
    })
    const lines = createInterface({ input: this.#child.stdout, crlfDelay: Number.POSITIVE_INFINITY })
    lines.on('line', (line) => {
      try {
        hooks.hear(decodeEvent(line))
      } catch (error) {
        hooks.died(`told what is no event: ${describeSystemError(error)}`)
      }
    })
    this.#ended = new Promise((resolve) => {
      this.#child.on('error', (error) => {
        hooks.died(`could not be started: ${describeSystemError(error)}`)
        resolve()
      })
      this.#child.on('close', (code, signal) => {
        if (!this.#isAsked) hooks.died(`ended with ${signal ?? `exit code ${code}`}: ${this.#lastWords()}`)
        resolve()
      })
    })
  }

  /** Lets it carry out one line of the language. */
  say(line: string): void {
    this.#child.stdin.write(`${line}\n`)
  }

  /** Lets the whole process stand still, or go on. */
  hold(what: 'stop' | 'continue'): void {
    this.#child.kill(what === 'stop' ? 'SIGSTOP' : 'SIGCONT')
  }

  /** Ends it as a person would; settles when it is gone and everything it told was heard. */
  quit(): Promise<void> {
    this.#isAsked = true
    this.say('/quit')
    return this.#ended
  }

  /** Ends it by force, where it has not ended yet. */
  kill(): Promise<void> {
    this.#isAsked = true
    this.#child.kill('SIGKILL')
    return this.#ended
  }

  #lastWords(): string {
    return this.#errors.trim() === '' ? 'it gave no reason' : this.#errors.trim()
  }
}
