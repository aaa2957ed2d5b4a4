/** Asks a person, question by question, what is to be run. */
import { Separator } from '@inquirer/core'
import { checkbox, search, select } from '@inquirer/prompts'
import { groups, longFlag, type OptionRow } from '../commands/options/row.ts'
import { type Subcommand, subcommands } from '../commands/subcommands.ts'
import { experiments } from '../experiments/index.ts'
import { cutCells, padCells } from '../views/cells.ts'
import type { Palette } from '../views/palette.ts'
import { type Branch, branches, type ChoiceQuestion, type OperandQuestion } from './branches.ts'
import { type Choice, commandLine, type Given } from './command-line.ts'
import type { MenuTheme } from './theme.ts'
import { typedText } from './typed-text.ts'

/** The terminal that is asked at, and when to stop asking. */
export interface Place {
  readonly input: NodeJS.ReadableStream
  readonly output: NodeJS.WritableStream
  readonly signal: AbortSignal
  readonly palette: Palette
  readonly theme: MenuTheme
  readonly width: () => number
}

/** Rows of a list that are shown at once: a terminal of 24 has room for them, the question and its help. */
const pageSize = 14

/** What inquirer puts before a choice, cells. */
const cursorWidth = 4

/** From what a person wants to do to a command with its options; undefined: nothing is to be run. */
export async function interview(place: Place): Promise<Choice | undefined> {
  const branch = await askBranch(place)
  const command = subcommands.find(({ name }) => name === branch.command)
  if (command === undefined) return undefined
  let choice: Choice = { command, operands: [], given: [] }
  for (const question of branch.questions) choice = await answered(choice, question, place)
  for (;;) {
    const next = await askNext(choice, place)
    if (next === 'leave') return undefined
    if (next === 'run') return choice
    choice = { ...choice, given: await askMore(choice, branch, place) }
  }
}

function askBranch(place: Place): Promise<Branch> {
  const titleWidth = Math.max(...branches.map(({ title }) => title.length))
  return select<Branch>(
    {
      message: 'What do you want to do?',
      choices: branches.map((branch) => ({
        value: branch,
        name: line(padCells(branch.title, titleWidth + 2) + branch.hint, place),
        short: branch.title,
      })),
      loop: false,
      pageSize,
      theme: place.theme,
    },
    place,
  )
}

async function answered(
  choice: Choice,
  question: Branch['questions'][number],
  place: Place,
): Promise<Choice> {
  switch (question.kind) {
    case 'operand':
      return { ...choice, operands: await askOperand(question, place) }
    case 'choice': {
      const text = await askChoice(question, place)
      return { ...choice, given: text === undefined ? [] : [{ key: question.key, text }] }
    }
    case 'experiment':
      return { ...choice, operands: await askExperiment(question.message, place) }
  }
}

async function askOperand(question: OperandQuestion, place: Place): Promise<readonly string[]> {
  const { message, initial, check } = question
  return question.operands(
    await typedText({ message, initial, check, palette: place.palette, theme: place.theme }, place),
  )
}

/** What was chosen, where it is not what happens anyway. */
async function askChoice({ message, choices }: ChoiceQuestion, place: Place): Promise<string | undefined> {
  const [usual] = Object.keys(choices)
  const wordWidth = Math.max(...Object.keys(choices).map((word) => word.length))
  const word = await select<string>(
    {
      message,
      choices: Object.entries(choices).map(([word, hint]) => ({
        value: word,
        name: line(padCells(word, wordWidth + 2) + hint, place),
        short: word,
      })),
      loop: false,
      pageSize,
      theme: place.theme,
    },
    place,
  )
  return word === usual ? undefined : word
}

const tour = { name: '', title: 'tour', question: 'boundaries, handshake and price, one after the other' }

async function askExperiment(message: string, place: Place): Promise<readonly string[]> {
  const all = [tour, ...experiments.map(({ name, question }) => ({ name, title: name, question }))]
  const titleWidth = Math.max(...all.map(({ title }) => title.length))
  const name = await search<string>(
    {
      message,
      source: (term = '') =>
        all
          .filter(({ title, question }) => `${title} ${question}`.toLowerCase().includes(term.toLowerCase()))
          .map(({ name, title, question }) => ({
            value: name,
            name: line(padCells(title, titleWidth + 2) + question, place),
            short: title,
          })),
      pageSize,
      theme: place.theme,
    },
    place,
  )
  return name === '' ? [] : [name]
}

function askNext(choice: Choice, place: Place): Promise<'run' | 'more' | 'leave'> {
  return select<'run' | 'more' | 'leave'>(
    {
      message: commandLine(choice),
      choices: [
        { value: 'run', name: 'Run it' },
        { value: 'more', name: 'Also …', description: 'the other options of this command' },
        { value: 'leave', name: 'Leave' },
      ],
      loop: false,
      theme: place.theme,
    },
    place,
  )
}

/** The options that are to be given beside those that were asked for. */
async function askMore({ command, given }: Choice, branch: Branch, place: Place): Promise<readonly Given[]> {
  const asked = new Set(branch.questions.flatMap((question) => ('key' in question ? [question.key] : [])))
  const offered = Object.entries(command.options).filter(([key]) => !asked.has(key))
  const before = new Set(given.map(({ key }) => key))
  const keys = await checkbox<string>(
    {
      message: 'Also',
      choices: optionChoices(offered, before, place),
      loop: false,
      pageSize,
      theme: place.theme,
    },
    place,
  )
  const kept = given.filter(({ key }) => asked.has(key) || keys.includes(key))
  const added: Given[] = []
  for (const key of keys) {
    if (!before.has(key)) added.push(...(await askOption(key, command, place)))
  }
  return [...kept, ...added]
}

/** The options under the headings of the help, what is given already marked. */
function optionChoices(
  offered: readonly (readonly [key: string, row: OptionRow])[],
  before: ReadonlySet<string>,
  place: Place,
) {
  const flagsWidth = Math.max(...offered.map(([, { flags }]) => flags.length))
  return groups.flatMap((heading) => {
    const rows = offered.filter(([, { group }]) => group === heading)
    if (rows.length === 0) return []
    const choices = rows.map(([key, row]) => ({
      value: key,
      name: line(padCells(row.flags, flagsWidth + 2) + row.help, place),
      short: longFlag(row),
      checked: before.has(key),
    }))
    return [new Separator(place.palette.strong(heading)), ...choices]
  })
}

async function askOption(key: string, command: Subcommand, place: Place): Promise<readonly Given[]> {
  const row = command.options[key]
  if (row?.parse === undefined) return [{ key }]
  const { choices, parse, flags, help } = row
  if (choices !== undefined) {
    const message = `${longFlag(row)}: ${help}`
    const values = choices.map((word) => ({ value: word, name: word }))
    return [
      {
        key,
        text: await select<string>({ message, choices: values, loop: false, theme: place.theme }, place),
      },
    ]
  }
  const message = `${flags}: ${help}`
  return [
    {
      key,
      text: await typedText(
        { message, initial: undefined, check: parse, palette: place.palette, theme: place.theme },
        place,
      ),
    },
  ]
}

/** A choice in one row of the terminal. */
function line(text: string, { width }: Place): string {
  return cutCells(text, Math.max(20, width() - cursorWidth - 1))
}
