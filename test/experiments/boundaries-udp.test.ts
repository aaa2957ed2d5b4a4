import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EventBody } from '../../src/event.ts'
import { boundaries, udpClaims } from '../../src/experiments/boundaries.ts'
import type { Evidence, Heard, Part, Verdict } from '../../src/experiments/experiment.ts'
import { createRandom } from '../../src/experiments/random.ts'
import { words } from './staged.ts'

type Moment = readonly [actor: 'client' | 'server', body: EventBody, socket?: string]

function datagram(direction: 'sent' | 'received', text: string): EventBody {
  const payload = Buffer.from(text)
  const remote = { address: '127.0.0.1', port: 9, family: 'IPv4' } as const
  return { kind: 'datagram', direction, size: payload.length, remote, payload }
}

const sent = words.map((word): Moment => ['client', datagram('sent', word)])

function received(texts: readonly string[]): readonly Moment[] {
  return texts.map((text): Moment => ['server', datagram('received', text)])
}

function process(what: 'stopped' | 'continued'): Moment {
  return ['server', { kind: 'process', what }, 'process']
}

function held(texts: readonly string[] = words): readonly Moment[] {
  return [process('stopped'), ...sent, process('continued'), ...received(texts)]
}

function stage(control: readonly Moment[], inHeld: readonly Moment[]): Evidence {
  const all = [
    ...control.map((one) => ['control', one] as const),
    ...inHeld.map((one) => ['held', one] as const),
  ]
  return all.map(
    ([trial, [actor, body, socket = actor]], index): Heard => ({
      actor,
      trial,
      step: index + 1,
      heardAt: index,
      event: { ...body, seq: index + 1, at: index, socket },
    }),
  )
}

const control = [...sent, ...received(words)]
const fewer = words.slice(1)
const [first = '', second = '', ...others] = words
const merged = [first + second, ...others]
const cut = [first.slice(0, -1), second, ...others]
const doubled = [first, ...words]
const swapped = [second, first, ...others]

const [yes, open, no, unsupported] = [
  'observed',
  'not observed this run',
  'contradicted',
  'not supported here',
] as const satisfies readonly Verdict[]

/** The verdicts on: whole and unmerged, one by one, side by side. */
const sabotaged: readonly [string, Evidence, readonly Verdict[]][] = [
  ['as it should be', stage(control, held()), [yes, yes, yes]],
  ['one is lost while held', stage(control, held(fewer)), [yes, yes, open]],
  ['one is lost in the control', stage([...sent, ...received(fewer)], held()), [yes, open, yes]],
  ['two are merged while held', stage(control, held(merged)), [no, yes, no]],
  ['two are merged in the control', stage([...sent, ...received(merged)], held()), [no, no, yes]],
  ['one is cut', stage(control, held(cut)), [no, yes, no]],
  ['one comes twice', stage(control, held(doubled)), [no, yes, no]],
  ['the order is another', stage(control, held(swapped)), [yes, yes, open]],
  ['nothing comes', stage(control, held([])), [open, yes, open]],
  ['the server was never stopped', stage(control, [...sent, ...received(words)]), [yes, yes, no]],
  [
    'the server reads while it is held',
    stage(control, [process('stopped'), ...received(words), ...sent, process('continued')]),
    [yes, yes, no],
  ],
  ['no evidence at all', [], [unsupported, unsupported, unsupported]],
  ['no evidence of the control', stage([], held()), [unsupported, unsupported, yes]],
  ['no evidence of the other trial', stage(control, []), [unsupported, yes, unsupported]],
]

for (const [name, evidence, expected] of sabotaged) {
  test(`claims: ${name}`, () => {
    const verdicts = udpClaims.map((claim) => claim.judge(evidence).verdict)
    assert.deepEqual(verdicts, expected)
  })
}

test('figures are those of the evidence', () => {
  const [whole, , together] = udpClaims.map((claim) => claim.judge(stage(control, held(merged))).figures)
  assert.equal(
    whole,
    'control 5 datagrams sent, 5 datagrams received, each with the sha256 of one that was sent; ' +
      'held 5 datagrams sent, 4 datagrams received, 1 with the sha256 of none that was sent',
  )
  assert.equal(together, '5 datagrams sent, 4 datagrams received, of 3 + 5 + 4 + 6 + 5 B and 8 + 4 + 6 + 5 B')
})

test('all transports send the same words, and both trials do', () => {
  const lines = boundaries
    .plan(createRandom(7))
    .flatMap((column) =>
      (column as Part).trials.map(({ steps }) =>
        steps.flatMap((step) => ('lines' in step && step.actor === 'client' ? step.lines : [])),
      ),
    )
  assert.equal(lines.length, 6)
  assert.equal(lines[0]?.length, 5)
  for (const one of lines) assert.deepEqual(one, lines[0])
})
