/** Carries an experiment out from real sockets, then lets each of its claims fail. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import type { Evidence, Experiment, Part, Verdict } from '../../src/experiments/experiment.ts'
import { createRandom } from '../../src/experiments/random.ts'
import { carryOut } from '../../src/experiments/run.ts'
import { columnKey } from '../../src/views/comparison.ts'
import { root } from '../root.ts'

/** What is done so that a claim no longer holds, and what has to be said of it then. */
export interface Sabotage {
  readonly name: string
  /** How the claim's text begins. */
  readonly claim: string
  /** `contradicted` where nothing else is said. */
  readonly verdict?: Exclude<Verdict, 'observed'>
  /** What was heard of the true run, doctored. */
  readonly doctor?: (evidence: Evidence) => Evidence
  /** Or another run, of a part in which something was changed: a flag, a step. */
  readonly alter?: (part: Part) => Part
}

type ColumnKey = ReturnType<typeof columnKey>

export interface Rehearsal {
  /** Every claim needs one at least. */
  readonly sabotages: { readonly [Name in ColumnKey]?: readonly Sabotage[] }
  /** How the claims begin that need not be observed in every run, or on every system. */
  readonly mayMiss?: readonly string[]
}

const self = [process.execPath, join(root, 'bin', 'sockpit.js')] as const

/** What only tends to happen is waited for in so many runs. */
const mostTries = 3

/** Fresh for each process of the tests, and told where something fails. */
const seed = Date.now() % 2 ** 32

/** Declares the tests of an experiment. */
export function rehearse(experiment: Experiment, { sabotages, mayMiss = [] }: Rehearsal): void {
  const random = () => createRandom(seed)
  const { tls } = experiment
  const plan = () => [...experiment.plan(random()), ...(tls === undefined ? [] : [tls.plan(random())])]
  const parts = plan().filter((column): column is Part => !('because' in column))
  const heard = new Map<ColumnKey, Evidence>()

  describe(`${experiment.name}, seed ${seed}`, () => {
    before(async () => {
      await Promise.all(parts.map(async (part) => heard.set(columnKey(part), await observe(part))))
    })

    test('the plan has the columns that it promises', () => {
      assert.deepEqual(parts.map(columnKey), [
        ...experiment.transports,
        ...(tls === undefined ? [] : ['tls']),
      ])
      for (const column of plan()) {
        if ('because' in column) assert.match(column.because, /\.$/)
        else assert.ok(column.claims.length > 0 && column.byHand.length > 0)
      }
    })

    for (const part of parts) {
      const { claims } = part
      const key = columnKey(part)
      const ofColumn = sabotages[key] ?? []
      const evidenceOf = () => heard.get(key) ?? []

      for (const claim of claims) {
        test(`${key}: ${claim.text}`, () => {
          const { verdict, figures } = claim.judge(evidenceOf())
          const isExcused = mayMiss.some((start) => claim.text.startsWith(start))
          const allowed: readonly Verdict[] = isExcused
            ? ['observed', 'not observed this run', 'not supported here']
            : ['observed']
          assert.ok(allowed.includes(verdict), `${verdict}: ${figures}`)
          assert.match(figures, /\d/)
          assert.notEqual(claim.judge([]).verdict, 'observed', 'without any evidence')
          assert.ok(
            ofColumn.some((one) => claim.text.startsWith(one.claim)),
            'no sabotage lets it fail',
          )
        })
      }

      for (const { name, claim: start, verdict = 'contradicted', doctor, alter } of ofColumn) {
        test(`${key}, sabotaged: ${name}`, async (t) => {
          const claim = claims.find(({ text }) => text.startsWith(start))
          assert.ok(claim !== undefined, `no claim begins with "${start}"`)
          const true_ = evidenceOf()
          const before = claim.judge(true_)
          if (doctor !== undefined && before.verdict !== 'observed') {
            t.skip(`${before.verdict}: ${before.figures}`)
            return
          }
          const evidence = alter === undefined ? true_ : await runPart(alter(part))
          const doctored = doctor === undefined ? evidence : doctor(evidence)
          assert.notDeepEqual(doctored, true_, 'nothing was sabotaged')
          const judged = claim.judge(doctored)
          assert.equal(judged.verdict, verdict, judged.figures)
        })
      }
    }
  })
}

/** A run in which nothing was missed, as far as a few tries bring one: only what was seen can be doctored. */
async function observe(part: Part): Promise<Evidence> {
  for (let tries = 1; ; tries += 1) {
    const evidence = await runPart(part)
    const isMissed = part.claims.some(({ judge }) => {
      const { verdict, figures } = judge(evidence)
      // Other tests have ports, too.
      return verdict === 'not observed this run' || figures.startsWith('somebody else has port')
    })
    if (!isMissed || tries === mostTries) return evidence
  }
}

/** One transport's part, as the command itself runs it. */
async function runPart(part: Part): Promise<Evidence> {
  return carryOut(part, { self, signal: new AbortController().signal, limitMs: 30_000, hear: () => {} })
}
