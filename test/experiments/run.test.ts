import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { test } from 'node:test'
import { NetworkError, TimeoutError } from '../../src/errors.ts'
import type { Event } from '../../src/event.ts'
import { told } from '../../src/experiments/evidence.ts'
import type { Heard, Part } from '../../src/experiments/experiment.ts'
import { carryOut, judge, type Surroundings } from '../../src/experiments/run.ts'

/** A program in place of sockpit. It tells an event for each line that it is given, and ends with `/quit`. */
const parrot = `
  const tell = (seq, text) => console.log(JSON.stringify({ kind: 'note', seq, at: 0, socket: 'x', text }))
  tell(1, process.argv.slice(1).join(' '))
  let seq = 1
  require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
    tell(++seq, line)
    if (line === '/quit') process.exit()
  })`

function surroundings(program: string, more: Partial<Surroundings> = {}): Surroundings {
  return {
    self: [process.execPath, '-e', program, '--'],
    signal: new AbortController().signal,
    hear: () => {},
    ...more,
  }
}

function countsNotes(actor: string, count: number): (heard: readonly Heard[]) => boolean {
  return (heard) => told(heard, actor, 'note').length >= count
}

const part: Part = {
  transport: 'tcp',
  left: ['one'],
  right: ['two'],
  actors: [
    { name: 'one', words: () => ['first'], isReady: countsNotes('one', 1) },
    {
      name: 'two',
      words: (heard) => ['after', String(told(heard, 'one', 'note').length)],
      isReady: countsNotes('two', 1),
    },
  ],
  trials: [
    {
      name: 'a',
      title: '',
      steps: [
        { actor: 'one', lines: ['hello'], isDone: countsNotes('one', 1) },
        { actor: 'two', lines: ['world'], isDone: countsNotes('two', 1) },
      ],
    },
    { name: 'b', title: '', steps: [{ actor: 'one', lines: ['again'], isDone: countsNotes('one', 1) }] },
  ],
  claims: [
    {
      text: 'something is heard',
      judge: (heard) => ({ verdict: 'observed', figures: String(heard.length) }),
    },
  ],
  byHand: [],
}

test('actors start in order and steps wait for each other; everything is heard in its place', async () => {
  const heard: Heard[] = []
  const evidence = await carryOut(part, surroundings(parrot, { hear: (one) => heard.push(one) }))
  assert.deepEqual(heard, evidence)
  const told = evidence.map(({ actor, trial, step, event }) => [
    actor,
    trial,
    step,
    event.kind === 'note' ? event.text : '',
  ])
  assert.deepEqual(told.slice(0, 5), [
    ['one', undefined, 0, 'first --json --quiet --script -'],
    ['two', undefined, 0, 'after 1 --json --quiet --script -'],
    ['one', 'a', 1, 'hello'],
    ['two', 'a', 2, 'world'],
    ['one', 'b', 1, 'again'],
  ])
  assert.deepEqual(told.slice(5).sort(), [
    ['one', undefined, 0, '/quit'],
    ['two', undefined, 0, '/quit'],
  ])
  assert.deepEqual(judge(part, evidence).claims, [
    { text: 'something is heard', verdict: 'observed', figures: '7' },
  ])
})

function wordsOf(event: Event): string {
  if (event.kind === 'process') return event.what
  return event.kind === 'note' ? event.text : ''
}

test('a process that is stopped says nothing until it goes on', async () => {
  const stopping: Part = {
    ...part,
    trials: [
      {
        name: 'a',
        title: '',
        steps: [
          { actor: 'one', process: 'stop', isDone: () => true },
          { actor: 'one', lines: ['to one'], isDone: () => true },
          { actor: 'two', lines: ['to two'], isDone: countsNotes('two', 1) },
          { actor: 'one', process: 'continue', isDone: countsNotes('one', 1) },
        ],
      },
    ],
  }
  const evidence = await carryOut(stopping, surroundings(parrot))
  const told = evidence
    .filter(({ trial }) => trial === 'a')
    .map(({ actor, event }) => [actor, event.socket, wordsOf(event)])
  assert.deepEqual(told, [
    ['one', 'process', 'stopped'],
    ['two', 'x', 'to two'],
    ['one', 'process', 'continued'],
    ['one', 'x', 'to one'],
  ])
})

test('a process that is still stopped at the end goes on, and ends as a person would end it', async () => {
  const steps = [{ actor: 'one', process: 'stop', isDone: () => true } as const]
  const stopped: Part = { ...part, trials: [{ name: 'a', title: '', steps }] }
  const evidence = await carryOut(stopped, surroundings(parrot))
  assert.equal(told(evidence, 'one', 'note').at(-1)?.text, '/quit')
})

test('an actor that may leave: how it left is evidence, and its name is free again', async () => {
  const [one, two] = part.actors
  assert.ok(one !== undefined && two !== undefined)
  const leaving: Part = {
    ...part,
    actors: [{ ...one, leaves: true }, two],
    trials: [
      {
        name: 'a',
        title: '',
        steps: [
          { actor: 'one', lines: ['/quit'], isDone: (heard) => told(heard, 'one', 'process').length > 0 },
          { start: { ...one, words: () => ['again'], isReady: countsNotes('one', 1) } },
          { actor: 'one', lines: ['hello', 'world'], isDone: countsNotes('one', 4) },
          { actor: 'one', process: 'kill', isDone: (heard) => told(heard, 'one', 'process').length > 1 },
        ],
      },
    ],
  }
  const evidence = await carryOut(leaving, surroundings(parrot))
  const heard = evidence.filter(({ trial }) => trial === 'a')
  assert.deepEqual(
    heard.map(({ step, event }) => [step, wordsOf(event)]),
    [
      [1, '/quit'],
      [1, 'exited'],
      [2, 'again --json --quiet --script -'],
      [3, 'hello'],
      [3, 'world'],
      [4, 'killed'],
    ],
  )
  const [exited] = told(evidence, 'one', 'process')
  assert.equal(exited?.exitCode, 0)
})

test('actors find the files of the experiment, which are gone afterwards', async () => {
  const reader = `
    const fs = require('node:fs')
    const text = process.cwd() + ' ' + fs.readFileSync('word.txt')
    console.log(JSON.stringify({ kind: 'note', seq: 1, at: 0, socket: 'x', text }))
    process.stdin.resume()
    process.stdin.on('data', () => process.exit())`
  const evidence = await carryOut(
    { ...part, files: { 'word.txt': Buffer.from('hello') }, trials: [] },
    surroundings(reader),
  )
  const [event] = told(evidence, 'two', 'note')
  const [folder = '', word] = event?.text.split(' ') ?? []
  assert.equal(word, 'hello')
  assert.equal(existsSync(folder), false)
})

test('an actor that dies is told with its last words', async () => {
  const dying = 'console.error("sockpit: no more"); process.exit(4)'
  await assert.rejects(
    carryOut(part, surroundings(dying)),
    new NetworkError('TCP · stream: the one ended with exit code 4: sockpit: no more'),
  )
})

test('an actor that ends with success while it is needed is told too', async () => {
  await assert.rejects(
    carryOut(part, surroundings('')),
    new NetworkError('TCP · stream: the one ended with exit code 0: it gave no reason'),
  )
})

test('an actor that cannot be started', async () => {
  await assert.rejects(
    carryOut(part, surroundings('', { self: ['/nowhere/sockpit'] })),
    /^NetworkError: TCP · stream: the one could not be started: no such file \(ENOENT\)$/,
  )
})

test('an actor that does not tell events', async () => {
  await assert.rejects(
    carryOut(part, surroundings('console.log("hello"); setInterval(() => {}, 1e6)')),
    /^NetworkError: TCP · stream: the one told what is no event: /,
  )
})

test('a run that takes too long says what it waited for', async () => {
  const silent = 'setInterval(() => {}, 1e6)'
  await assert.rejects(
    carryOut(part, surroundings(silent, { limitMs: 100 })),
    new TimeoutError(
      'TCP · stream: waited in vain for the one to be ready: a run may take 100 ms in all. ' +
        'Is the machine very busy? Try again.',
    ),
  )
})

test('a run that is stopped rejects with the reason, and its actors are gone', async () => {
  const stop = new AbortController()
  const pids: number[] = []
  const witness = `console.log(JSON.stringify({ kind: 'note', seq: process.pid, at: 0, socket: 'x', text: '' }))
    setInterval(() => {}, 1e6)`
  const hear = ({ event }: Heard): void => {
    pids.push(event.seq)
    if (pids.length === 2) stop.abort(new Error('enough'))
  }
  await assert.rejects(
    carryOut(part, surroundings(witness, { signal: stop.signal, hear })),
    new Error('enough'),
  )
  assert.equal(pids.length, 2)
  for (const pid of pids) assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' })
})

test('a run that is stopped before it begins starts nobody for long', async () => {
  const signal = AbortSignal.abort(new Error('too late'))
  await assert.rejects(carryOut(part, surroundings(parrot, { signal })), new Error('too late'))
})
