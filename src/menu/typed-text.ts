import {
  createPrompt,
  isEnterKey,
  isTabKey,
  makeTheme,
  useKeypress,
  usePrefix,
  useState,
} from '@inquirer/core'
import { SockpitError } from '../errors.ts'
import { escapeText } from '../views/escape.ts'
import type { Palette } from '../views/palette.ts'
import type { MenuTheme } from './theme.ts'

export interface TypedTextOptions {
  readonly message: string
  /** What Enter alone means; undefined where something has to be typed. */
  readonly initial: string | undefined
  readonly palette: Palette
  readonly theme: MenuTheme
  /** @throws SockpitError where the text cannot be meant */
  check(text: string): void
}

/** Asks for a text and says while it is typed what is wrong with it: only a right one is taken. */
export const typedText = createPrompt<string, TypedTextOptions>((options, done) => {
  const { message, initial, palette } = options
  const [text, setText] = useState('')
  const [isDone, setDone] = useState(false)
  const prefix = usePrefix({ status: isDone ? 'done' : 'idle', theme: makeTheme(options.theme) })

  useKeypress((key, readline) => {
    if (isTabKey(key)) {
      readline.clearLine(0)
      readline.write(text === '' ? (initial ?? '') : text)
      setText(readline.line)
    } else if (!isEnterKey(key)) setText(readline.line)
    else {
      const answer = text === '' && initial !== undefined ? initial : text
      if (problemOf(answer, options) === undefined) {
        setText(answer)
        setDone(true)
        done(answer)
      } else readline.write(text)
    }
  })

  const problem = text === '' || isDone ? undefined : problemOf(text, options)
  const usual = initial === undefined || isDone || text !== '' ? '' : ` ${palette.faint(`(${initial})`)}`
  const line = `${prefix} ${palette.strong(message)}${usual} ${isDone ? palette.sent(text) : text}`
  return [line, problem === undefined ? '' : palette.bad(`✗ ${problem}`)]
})

function problemOf(text: string, { check }: TypedTextOptions): string | undefined {
  try {
    check(text)
    return undefined
  } catch (error) {
    if (error instanceof SockpitError) return escapeText(error.message)
    throw error
  }
}
