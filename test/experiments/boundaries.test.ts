import assert from 'node:assert/strict'
import { test } from 'node:test'
import { boundaries, tcpClaims } from '../../src/experiments/boundaries.ts'
import type { Evidence, Part, Step, Verdict } from '../../src/experiments/experiment.ts'
import { createRandom } from '../../src/experiments/random.ts'
import { bytes, control, held, type Moment, stage, words } from './staged.ts'

const [whole, joined] = [control(), words.join('')]
const [lost, swapped] = [joined.slice(0, -1), 'heronoakplummeadowstone']

function without(moments: readonly Moment[], kind: string): readonly Moment[] {
  return moments.filter(([, , body]) => body.kind !== kind)
}

function verdicts(evidence: Evidence): readonly Verdict[] {
  return tcpClaims.map((claim) => claim.judge(evidence).verdict)
}

const yes = 'observed'
const open = 'not observed this run'
const no = 'contradicted'
const unsupported = 'not supported here'

/** The verdicts on: nothing lost, a read for each write, one read for several, no boundary. */
const sabotaged: readonly [string, Evidence, readonly Verdict[]][] = [
  ['as it should be', stage(whole, held()), [yes, yes, yes, yes]],
  ['held, but two reads', stage(whole, held(['oakheronpl', 'ummeadowstone'])), [yes, yes, yes, yes]],
  ['held, and a read for each write', stage(whole, held(words)), [yes, yes, open, open]],
  ['held, and more reads than writes', stage(whole, held([...joined])), [yes, yes, open, yes]],
  ['a byte is lost', stage(whole, held([lost])), [no, yes, yes, no]],
  ['a byte is added', stage(whole, held([`${joined}!`])), [no, yes, yes, no]],
  ['the order is another', stage(whole, held([swapped])), [no, yes, yes, no]],
  ['a boundary came along', stage(whole, held([words.join('\n')])), [no, yes, yes, no]],
  ['nothing was read', stage(whole, held([])), [no, yes, no, no]],
  ['nothing was read in the control', stage(control([]), held()), [no, no, unsupported, no]],
  [
    'the control joins two writes',
    stage(control(['oakheron', ...words.slice(2)]), held()),
    [yes, no, yes, yes],
  ],
  ['nothing was read in either', stage(control([]), held([])), [no, no, unsupported, no]],
  [
    'no contrast: as few reads in the control',
    stage(control(['oakheron', ...words.slice(2)]), held(['oak', 'heron', 'plum', 'meadowstone'])),
    [yes, no, open, yes],
  ],
  ['the control cuts a write', stage(control(['o', 'ak', ...words.slice(1)]), held()), [yes, open, yes, yes]],
  [
    'a byte is lost in both',
    stage(control([...words.slice(0, 4), 'ston']), held([lost])),
    [no, yes, yes, yes],
  ],
  ['the server was never held', stage(whole, without(held(), 'paused')), [yes, yes, no, yes]],
  ['the server was never released', stage(whole, without(held(), 'resumed')), [yes, yes, no, yes]],
  [
    'the server reads while it is held',
    stage(whole, [
      [1, 'server', { kind: 'paused' }],
      [1, 'server', bytes('received', joined)],
      ...held([]).slice(1),
    ]),
    [yes, yes, no, yes],
  ],
  ['no evidence at all', [], [unsupported, unsupported, unsupported, unsupported]],
  ['no evidence of the control', stage([], held()), [unsupported, unsupported, unsupported, unsupported]],
  ['no evidence of the other trial', stage(whole, []), [unsupported, yes, unsupported, unsupported]],
]

for (const [name, evidence, expected] of sabotaged) {
  test(`claims: ${name}`, () => assert.deepEqual(verdicts(evidence), expected))
}

test('figures are those of the evidence', () => {
  const figures = tcpClaims.map((claim) => claim.judge(stage(whole, held([lost]))).figures)
  assert.deepEqual(figures, [
    'control 23 B written and 23 B read, both sha256 b4ee507f; ' +
      'held 23 B written and 22 B read, sha256 b4ee507f and 6a7a915a',
    '5 writes, 5 reads',
    '5 writes, 1 read, against 5 reads in the control',
    '5 reads and 1 read, sha256 b4ee507f and 6a7a915a',
  ])
})

function plan(seed: number): Part {
  const [part] = boundaries.plan(createRandom(seed))
  assert.ok(part !== undefined && !('because' in part))
  return part
}

function lineOf(step: Step | undefined): string {
  assert.ok(step !== undefined && 'lines' in step)
  return String(step.lines)
}

function lines(part: Part): readonly string[] {
  return part.trials.flatMap(({ steps }) => steps.map(lineOf))
}

test('a seed repeats a plan, another one makes another', () => {
  assert.deepEqual(lines(plan(7)), lines(plan(7)))
  assert.notDeepEqual(lines(plan(7)), lines(plan(8)))
})

test('both trials write the same', () => {
  const [first, second] = plan(7).trials.map(({ steps }) =>
    steps.filter((step) => 'lines' in step && step.actor === 'client'),
  )
  assert.equal(first?.length, 5)
  assert.deepEqual(first?.map(lineOf), second?.map(lineOf))
})

test('a step is done when its write and its read were told, in whatever order', () => {
  const [step] = plan(7).trials[0]?.steps ?? []
  assert.ok(step !== undefined && 'lines' in step)
  const word = lineOf(step).replace('/send ', '')
  const write: Moment = [1, 'client', bytes('sent', word)]
  const read: Moment = [1, 'server', bytes('received', word)]
  assert.equal(step.isDone(stage([write], [])), false)
  assert.equal(step.isDone(stage([read], [])), false)
  assert.equal(step.isDone(stage([read, write], [])), true)
})
