import assert from 'node:assert/strict'
import { test } from 'node:test'
import { boundaries, webSocketClaims } from '../../src/experiments/boundaries.ts'
import type { Evidence, Part, Verdict } from '../../src/experiments/experiment.ts'
import { createRandom } from '../../src/experiments/random.ts'
import { type Moment, stage, words } from './staged.ts'
import { receives, sends, wire, wsControl, wsHeld } from './staged-websocket.ts'

const yes = 'observed'
const open = 'not observed this run'
const no = 'contradicted'
const unsupported = 'not supported here'

const control = wsControl()
const stream = words.map(wire).join('')
const [first, second, ...others] = words
const cut = [first.slice(0, -1), second, ...others]
const swapped = [second, first, ...others]
const eachItsOwn = words.map((word): [string, string[]] => [wire(word), [word]])
/** Cut in the middle of a frame: the second read ends it. */
const inTwo: [string, string[]][] = [
  [stream.slice(0, 15), [first]],
  [stream.slice(15), [second, ...others]],
]
/** The control, its first two messages brought by one read, as cannot be. */
const joined = [
  ...sends(1, first),
  ...sends(2, second),
  ...receives(2, wire(first) + wire(second), [first, second]),
  ...others.flatMap((word, index) => [...sends(index + 3, word), ...receives(index + 3, wire(word), [word])]),
]
/** The control, its first message brought by two reads. */
const torn = [
  ...sends(1, first),
  ...receives(1, wire(first).slice(0, 4), []),
  ...receives(1, wire(first).slice(4), [first]),
  ...control.slice(sends(1, first).length + receives(1, '', [first]).length),
]

function without(moments: readonly Moment[], kind: string): readonly Moment[] {
  return moments.filter(([, , body]) => body.kind !== kind)
}

/** As if one of the server's messages had another type. */
function retyped(moments: readonly Moment[]): readonly Moment[] {
  return moments.map(([step, actor, body]) =>
    actor === 'server' && body.kind === 'message'
      ? [step, actor, { ...body, type: 'binary' }]
      : [step, actor, body],
  )
}

/** The verdicts on: whole and in order, a read for each, one read for several, bytes that add up. */
const sabotaged: readonly [string, Evidence, readonly Verdict[]][] = [
  ['as it should be', stage(control, wsHeld()), [yes, yes, yes, yes]],
  ['held, and two reads, one of which cuts a frame', stage(control, wsHeld(inTwo)), [yes, yes, yes, yes]],
  ['held, and a read for each message', stage(control, wsHeld(eachItsOwn)), [yes, yes, open, yes]],
  ['a message is lost', stage(control, wsHeld([[stream, words.slice(1)]])), [no, yes, no, yes]],
  ['a message comes twice', stage(control, wsHeld([[stream, [first, ...words]]])), [no, yes, no, yes]],
  ['two are merged', stage(control, wsHeld([[stream, [first + second, ...others]]])), [no, yes, no, yes]],
  ['one is cut', stage(control, wsHeld([[stream, cut]])), [no, yes, yes, yes]],
  ['the order is another', stage(control, wsHeld([[stream, swapped]])), [no, yes, yes, yes]],
  ['a text comes as bytes', stage(control, retyped(wsHeld())), [no, yes, yes, yes]],
  ['cut elsewhere: the same bytes', stage(control, wsHeld([[stream, [words.join('')]]])), [no, yes, no, yes]],
  ['a byte of the stream is lost', stage(control, wsHeld([[stream.slice(1), words]])), [yes, yes, yes, no]],
  ['nothing but payload was read', stage(control, wsHeld([[words.join(''), words]])), [yes, yes, yes, no]],
  ['no frame was told', stage(control, without(wsHeld(), 'frame')), [yes, yes, yes, no]],
  ['nothing came', stage(control, wsHeld([])), [no, yes, no, no]],
  ['nothing came in the control', stage(wsControl([]), wsHeld()), [no, no, unsupported, no]],
  ['the control joins two', stage(joined, wsHeld()), [yes, no, yes, yes]],
  ['the control cuts one', stage(torn, wsHeld()), [yes, open, yes, yes]],
  ['never held', stage(control, without(wsHeld(), 'paused')), [yes, yes, no, yes]],
  ['never released', stage(control, without(wsHeld(), 'resumed')), [yes, yes, no, yes]],
  [
    'read while held',
    stage(control, [
      [1, 'server', { kind: 'paused' }],
      ...receives(1, stream, words),
      ...wsHeld([]).slice(1),
    ]),
    [yes, yes, no, yes],
  ],
  ['no evidence at all', [], [unsupported, unsupported, unsupported, unsupported]],
  ['none of the control', stage([], wsHeld()), [unsupported, unsupported, unsupported, unsupported]],
  ['none of the other trial', stage(control, []), [unsupported, yes, unsupported, unsupported]],
]

for (const [name, evidence, expected] of sabotaged) {
  test(`claims: ${name}`, () => {
    assert.deepEqual(
      webSocketClaims.map((claim) => claim.judge(evidence).verdict),
      expected,
    )
  })
}

test('figures are those of the evidence', () => {
  const [whole, , together, sum] = webSocketClaims.map(
    (claim) => claim.judge(stage(control, wsHeld())).figures,
  )
  assert.match(
    String(whole),
    /^control 5 messages sent, 5 messages received, both sha256 (\w{8}); held 5 messages .* both sha256 \1$/,
  )
  assert.equal(together, '5 messages sent, 1 read, 5 messages received, against 5 reads in the control')
  const bytes = '23 B of payload + 10 B of header + 20 B of mask = 53 B, and 53 B read'
  assert.equal(sum, `control ${bytes}; held ${bytes}`)
})

test('a step is done when the message, its read and the whole echo were told', () => {
  const part = boundaries.plan(createRandom(7)).find(({ transport }) => transport === 'websocket') as Part
  const [step] = part.trials[0]?.steps ?? []
  assert.ok(step !== undefined && 'lines' in step)
  const echo = Buffer.from(first)
  const back: Moment = [
    1,
    'client',
    { kind: 'bytes', direction: 'received', size: echo.length, payload: echo },
  ]
  const all = [...sends(1, first), ...receives(1, wire(first), [first]), back]
  for (let left = 0; left < all.length; left += 1) {
    const body = all[left]?.[2]
    // Frames, and the message that the server echoes, come with what is waited for.
    if (body?.kind === 'frame' || (body?.kind === 'message' && body.direction === 'sent' && left > 2))
      continue
    if (body?.kind === 'bytes' && all[left]?.[1] === 'server' && body.direction === 'received') continue
    assert.equal(
      step.isDone(
        stage(
          all.filter((_, index) => index !== left),
          [],
        ),
      ),
      false,
      `without ${left}`,
    )
  }
  assert.equal(step.isDone(stage(all, [])), true)
})
