/** Evidence of boundaries as it might have been heard: what each trial wrote and read, in whatever order. */
import type { EventBody } from '../../src/event.ts'
import type { Evidence, Heard } from '../../src/experiments/experiment.ts'

/** One thing in a trial; several of them with the same step happened in one. */
export type Moment = readonly [step: number, actor: 'client' | 'server', body: EventBody]

export const words = ['oak', 'heron', 'plum', 'meadow', 'stone'] as const

export function bytes(direction: 'sent' | 'received', text: string): EventBody {
  const payload = Buffer.from(text)
  return { kind: 'bytes', direction, size: payload.length, payload }
}

/** Each write is followed by its read. */
export function control(reads: readonly string[] = words): readonly Moment[] {
  const written = words.map((word, index): Moment => [index + 1, 'client', bytes('sent', word)])
  const read = reads.map((text, index): Moment => [index + 1, 'server', bytes('received', text)])
  const pairs = written.flatMap((moment, index) => [moment, ...read.slice(index, index + 1)])
  return [...pairs, ...read.slice(written.length)]
}

/** All writes, then the reads. */
export function held(reads: readonly string[] = [words.join('')]): readonly Moment[] {
  return [
    [1, 'server', { kind: 'paused' }],
    ...words.map((word, index): Moment => [index + 2, 'client', bytes('sent', word)]),
    [7, 'server', { kind: 'resumed' }],
    ...reads.map((text): Moment => [7, 'server', bytes('received', text)]),
  ]
}

/** The moments of both trials, told in order. */
export function stage(inControl: readonly Moment[], inHeld: readonly Moment[]): Evidence {
  const trials = [
    ...inControl.map((one) => ['control', one] as const),
    ...inHeld.map((one) => ['held', one] as const),
  ]
  return trials.map(
    ([trial, [step, actor, body]], index): Heard => ({
      actor,
      trial,
      step,
      heardAt: index,
      event: { ...body, seq: index + 1, at: index, socket: actor === 'server' ? 'server#1' : 'client' },
    }),
  )
}
