import { appendFileSync, chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Context } from '../context.ts'

/** How many lines are kept. */
export const longest = 1_000

/** The file in the platform's folder for state that outlasts a run. */
export function historyPath({ env, home, platform }: Pick<Context, 'env' | 'home' | 'platform'>): string {
  if (platform === 'darwin') return join(home, 'Library', 'Application Support', 'sockpit', 'history')
  if (platform === 'win32')
    return join(env('LOCALAPPDATA') ?? join(home, 'AppData', 'Local'), 'sockpit', 'history')
  const state = env('XDG_STATE_HOME')
  // A relative path there is to be ignored (XDG Base Directory Specification).
  return join(state?.startsWith('/') === true ? state : join(home, '.local', 'state'), 'sockpit', 'history')
}

/** The lines typed before, newest last, in a file that only its owner may read (mode 0600). */
export class History {
  readonly lines: readonly string[]
  readonly #path: string
  #last: string | undefined
  #works = true

  constructor(path: string) {
    this.#path = path
    this.lines = this.#load()
    this.#last = this.lines.at(-1)
  }

  /** Keeps a line, at once, so that a crash or a second session loses nothing. */
  add(line: string): void {
    if (!this.#works || line.trim() === '' || line === this.#last) return
    this.#last = line
    this.#try(() => appendFileSync(this.#path, `${line}\n`, { mode: 0o600 }))
  }

  #load(): readonly string[] {
    let lines: string[] = []
    this.#try(() => {
      mkdirSync(dirname(this.#path), { recursive: true, mode: 0o700 })
      appendFileSync(this.#path, '', { mode: 0o600 })
      chmodSync(this.#path, 0o600)
      const all = readFileSync(this.#path, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
      lines = all.slice(-longest)
      if (all.length > 2 * longest) writeFileSync(this.#path, `${lines.join('\n')}\n`, { mode: 0o600 })
    })
    return lines
  }

  /** A history that cannot be kept must not keep anybody from working. */
  #try(work: () => void): void {
    try {
      work()
    } catch {
      this.#works = false
    }
  }
}
