import type { Actor, Part } from '../../src/experiments/experiment.ts'
import { oneToMany } from '../../src/experiments/one-to-many.ts'
import { by, carried, repeated, without, withPayload } from './doctored.ts'
import { rehearse } from './rehearsal.ts'

const one = 'A send to one address'
const many = 'One send to the group'

const other = (payload: Uint8Array) => payload.map((byte) => byte ^ 1)

/** With other words for those that are started in a trial. */
function reworded(part: Part, change: (name: string, words: readonly string[]) => readonly string[]): Part {
  const changedActor = (actor: Actor): Actor => ({
    ...actor,
    words: (heard) => change(actor.name, actor.words(heard)),
  })
  const trials = part.trials.map((trial) => ({
    ...trial,
    steps: trial.steps.map((step) => ('start' in step ? { start: changedActor(step.start) } : step)),
  }))
  return { ...part, trials }
}

/** A system where nobody can join. */
function withoutMulticast(part: Part): Part {
  return reworded(part, (name, words) =>
    name === 'ann' ? words.map((word) => word.replace(/^239\..*/, '127.0.0.1')) : words,
  )
}

/** The datagram goes to another group. */
function pastThem(part: Part): Part {
  return reworded(part, (name, words) =>
    name === 'group client' ? words.map((word) => word.replace(/^239\.255/, '239.254')) : words,
  )
}

rehearse(oneToMany, {
  mayMiss: [one, many],
  sabotages: {
    udp: [
      {
        name: 'it is received twice',
        claim: one,
        doctor: (heard) => repeated(heard, carried('server', 'received')),
      },
      {
        name: 'a member receives it, too',
        claim: one,
        doctor: (heard) =>
          heard.flatMap((event) =>
            carried('server', 'received')(event) ? [event, { ...event, actor: 'ann' }] : [event],
          ),
      },
      {
        name: 'the server receives something else',
        claim: one,
        doctor: (heard) => withPayload(heard, carried('server', 'received'), other),
      },
      {
        name: 'a second send, for the second member',
        claim: many,
        doctor: (heard) => repeated(heard, carried('group client', 'sent')),
      },
      {
        name: 'one member receives it twice',
        claim: many,
        doctor: (heard) => repeated(heard, carried('ben', 'received')),
      },
      {
        name: 'one member receives something else',
        claim: many,
        doctor: (heard) => withPayload(heard, carried('ann', 'received'), other),
      },
      {
        name: 'one member receives nothing',
        claim: many,
        verdict: 'not observed this run',
        doctor: (heard) => without(heard, carried('ben', 'received')),
      },
      {
        name: 'one did not join',
        claim: many,
        verdict: 'not supported here',
        doctor: (heard) => without(heard, by('ben', 'note')),
      },
      { name: 'it goes past them', claim: many, verdict: 'not observed this run', alter: pastThem },
      { name: 'nobody can join', claim: one, verdict: 'not supported here', alter: withoutMulticast },
    ],
  },
})
