/** The real screen and prompt on a terminal that is asked, after each event, what was done to it. */
import assert from 'node:assert/strict'
import { PassThrough, Writable } from 'node:stream'
import type { Context, Output } from '../../src/context.ts'
import type { Event } from '../../src/event.ts'
import { Interpreter } from '../../src/session/interpreter.ts'
import { Prompt } from '../../src/session/prompt.ts'
import { Screen } from '../../src/session/screen.ts'
import { Standing } from '../../src/session/standing.ts'
import { Watch } from '../../src/session/watch.ts'
import type { View } from '../../src/views/view.ts'
import { fakeContext } from '../fake-context.ts'
import { fakeDriver } from '../session/fake-driver.ts'
import { Vt } from '../vt.ts'
import type { Counting } from '../vt-screen.ts'

export interface Look {
  readonly width: number
  readonly color: boolean
  readonly counting: Counting
}

/** What is typed and not sent. */
export const typed = 'half a li'

/** What colour may be made of: chalk's own pairs for the roles. */
const colours: ReadonlySet<string> = new Set(
  [1, 2, 22, 31, 32, 33, 34, 35, 36, 39].map((number) => `CSI ${number}m`),
)

export interface Stage {
  readonly vt: Vt
  /** What happens on the screen, and whether that is nothing else than a harmless peer could do. */
  hear(view: View, events: readonly Event[], how?: HowShown): void
  /** The same of an error. */
  error(message: string): void
  leave(): Promise<void>
}

export interface HowShown {
  /** Whether every row is ours to begin: none goes on in the next by itself, and those below the first are indented. */
  readonly isLaidOut?: boolean
  /** Whether tabs of the peer stay tabs. */
  readonly keepsTabs?: boolean
}

export async function openStage({ width, color, counting }: Look): Promise<Stage> {
  const vt = new Vt({ columns: width, rows: 24, isCooked: true, counting })
  const stream = Object.assign(
    new Writable({
      decodeStrings: false,
      write(chunk: Buffer | string, _, done) {
        vt.write(chunk)
        done()
      },
    }),
    { isTTY: true, columns: width, rows: 24 },
  )
  const output: Output = {
    ...fakeContext({ isTerminal: true, width, color }).stdout,
    stream,
    // As a terminal has it: everything goes through the stream.
    writeNow: () => 0,
  }
  const keys = Object.assign(new PassThrough(), { isTTY: true, setRawMode() {} })
  const context: Context = {
    ...fakeContext(),
    stdin: { kind: 'terminal', stream: () => keys, readNow: () => 0, close() {} },
    stdout: output,
    stderr: output,
  }
  let shown: View = { wants: () => true, render: () => undefined }
  let out: string | Uint8Array | undefined
  const view: View = {
    wants: () => true,
    render(event) {
      out = shown.render(event)
      return out
    },
  }
  const stop = new AbortController()
  const screen = new Screen(context, view, undefined, stop)
  const leave = await openPrompt(context, screen, stop)
  keys.write(typed)
  await turns(3)
  const [bottom, column] = [vt.screen.cells(vt.screen.row).join(''), vt.screen.column]
  assert.ok(bottom.endsWith(`open> ${typed}`), bottom)

  const usualOthers = watched(vt, () => screen.error('harmless'))
    .functions.filter((name) => name !== 'LF')
    .join()
  const check = (how: HowShown, act: () => void): void => {
    const done = watched(vt, act)
    if (done.functions.length === 0) return
    const lines = done.functions.filter((name) => name === 'LF').length
    const others = (name: string): boolean =>
      name !== 'LF' && !colours.has(name) && !(how.keepsTabs === true && name === 'HT')
    assert.equal(done.functions.filter(others).join(), usualOthers)
    assert.equal(vt.attributes.size, 0)
    const { row } = vt.screen
    assert.equal(vt.screen.cells(row).join(''), bottom, 'the typed line')
    assert.equal(vt.screen.column, column, 'the cursor')
    if (how.isLaidOut !== true) return
    assert.equal(done.wraps, 0, 'a row went on by itself')
    const [first = ''] = String(out).split('\n')
    if (lines <= row) assert.equal(vt.screen.cells(row - lines).join(''), withoutColour(first))
    for (let at = Math.max(0, row - lines + 1); at < row; at++) {
      const [first = ' ', second = ' '] = vt.screen.cells(at)
      assert.equal(first + second, '  ', 'a row begins as one of ours')
    }
  }

  return {
    vt,
    hear(by, events, how = {}) {
      shown = by
      for (const event of events) check(how, () => screen.hear(event))
    },
    error(message) {
      check({}, () => screen.error(message))
    },
    leave,
  }
}

function withoutColour(text: string): string {
  return text.replace(/\x1b\[\d+m/g, '')
}

interface Done {
  readonly functions: readonly string[]
  readonly wraps: number
}

/** What was done to the terminal meanwhile. */
function watched(vt: Vt, act: () => void): Done {
  const before = vt.screen.wraps
  vt.functions.length = 0
  vt.screen.scrolled.length = 0
  act()
  return { functions: [...vt.functions], wraps: vt.screen.wraps - before }
}

async function openPrompt(
  context: Context,
  screen: Screen,
  stop: AbortController,
): Promise<() => Promise<void>> {
  const dialect = { transport: 'tcp', role: 'client', eol: 'lf' } as const
  const standing = new Standing(dialect)
  const here = { address: '127.0.0.1', port: 9000, family: 'IPv4' } as const
  const stamp = { seq: 1, at: 0, socket: 'client' }
  standing.hear({ ...stamp, kind: 'opened', transport: 'tcp', local: here, remote: here, tookMs: 1 })
  const watch = new Watch(dialect, () => 0)
  const teller = { tell() {}, stir() {}, wants: () => false }
  const interpreter = new Interpreter(dialect, { driver: fakeDriver(), teller, watch, stop })
  const prompt = new Prompt(
    {
      context,
      interpreter,
      screen,
      history: undefined,
      standing,
      peers: () => [],
      interrupt() {},
      isPlain: false,
    },
    stop.signal,
  )
  const ended = prompt.run()
  return async () => {
    stop.abort()
    await ended
    await screen.finish(0)
  }
}

export async function turns(count: number): Promise<void> {
  for (let done = 0; done < count; done++) await new Promise((resolve) => setImmediate(resolve))
}
