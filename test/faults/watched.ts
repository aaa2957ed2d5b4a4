/** sockpit at work on a pseudo-terminal, whose bytes go to a terminal that tells what they did to it. */
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { type Running, sockpitCommand } from '../e2e/sockpit.ts'
import { onTerminal } from '../e2e/terminals.ts'
import { Vt } from '../vt.ts'
import { type Dice, evilBytes } from './evil.ts'
import { typed } from './stage.ts'

/** SOCKPIT_SEED repeats another run than the usual one. */
export const seed = Number(process.env.SOCKPIT_SEED ?? 20_261)
/** Payloads a test. */
const count = 200
const longest = 80
/** The last thing that is said. */
export const end = 'THE END OF IT'
/** A view that says all there is to say. */
export const log = '--show all -v'

export function payloads(dice: Dice): readonly Buffer[] {
  return Array.from({ length: count }, () => evilBytes(dice, longest))
}

/** The same as UTF-8, for what has to be that. */
export function texts(dice: Dice, most = longest): readonly string[] {
  return payloads(dice).map((payload) => {
    const text = Buffer.from(payload.toString()).subarray(0, most).toString()
    return text.replaceAll('\ufffd', '')
  })
}

export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** What the log, the prompt and readline do to a terminal without colour: rows, and the typed line drawn anew. */
const ours = /^(?:CR|LF|CSI 0?J|CSI \d+G|CSI \?2004[hl])$/

export interface Watched {
  readonly running: Running
  /** Of a server. */
  readonly port: number
  /** Settles when the text stands on the screen, above the line that is typed, which is as it was. */
  settled(text: string): Promise<void>
  /** Ends it, and answers how: with nothing that is not ours on the terminal from beginning to end. */
  leave(keys?: string): Promise<number>
}

/** What else may be done to the terminal. */
export type Allowed = readonly string[] | undefined

/** Starts it, and types half a line as soon as there is a prompt. */
export async function watch(
  t: TestContext,
  args: string,
  { ready = 'open> ', allowed }: { readonly ready?: string; readonly allowed?: Allowed } = {},
): Promise<Watched> {
  const running = onTerminal(t, `${sockpitCommand} ${args} --time none --no-color; echo "code $?"`)
  const vt = new Vt({ columns: 80, rows: 24 })
  let taken = 0
  const look = (): Vt => {
    const { stdout } = running
    vt.write(stdout.subarray(taken))
    taken = stdout.length
    return vt
  }
  const lastRow = (): string => look().screen.cells(vt.screen.row).join('')
  await running.until(ready, () => (lastRow().endsWith(ready) ? true : undefined))
  running.write(typed)
  await running.until(typed, () => (lastRow().endsWith(`> ${typed}`) ? true : undefined))

  const check = (): void => {
    assert.deepEqual(
      look().functions.filter((name) => !ours.test(name) && !allowed?.includes(name)),
      [],
    )
    assert.deepEqual(vt.questions, [])
  }
  const [, port] = /listening on (?:ws:\/\/)?127\.0\.0\.1:(\d+)/.exec(running.stdout.toString()) ?? []
  return {
    running,
    port: Number(port),
    async settled(text) {
      await running.until(text, () => {
        const row = lastRow()
        const isThere = row.endsWith(`> ${typed}`) && vt.text.some((one) => one.includes(text))
        return isThere && vt.screen.column === row.length ? true : undefined
      })
      check()
    },
    async leave(keys = '\x03') {
      running.write(keys)
      await running.printed('code ')
      running.end()
      await running.exit
      check()
      const [, code] = /^code (\d+)$/m.exec(vt.text.join('\n')) ?? []
      return Number(code)
    },
  }
}

/**
 * Runs it to its end without a prompt, and answers what stands on the screen, white space left out, since a row may end
 * anywhere: with nothing that is not ours on the terminal.
 */
export async function screenAfter(t: TestContext, args: string, environment = ''): Promise<string> {
  const running = onTerminal(
    t,
    `${environment} ${sockpitCommand} ${args} --time none --no-color; echo "code $?"`,
  )
  await running.printed('code ')
  running.end()
  const vt = new Vt({ columns: 80 }).write((await running.exit).stdout)
  assert.deepEqual(
    vt.functions.filter((name) => !ours.test(name)),
    [],
  )
  return vt.text.join('').replace(/\s/g, '')
}
