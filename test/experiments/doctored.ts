/** Evidence as it was heard, with something in it changed. */
import type { Event, EventBody, EventKind, EventOf } from '../../src/event.ts'
import type { Actor, Evidence, Heard, Part } from '../../src/experiments/experiment.ts'

/** Which of what was heard is meant. */
export type Meant = (heard: Heard) => boolean

/** What an actor told of a kind, in a trial or in all of them; `also` narrows it down. */
export function by<Kind extends EventKind>(
  actor: string,
  kind: Kind,
  { trial, also }: { readonly trial?: string; readonly also?: (event: EventOf<Kind>) => boolean } = {},
): Meant {
  return (heard) =>
    heard.actor === actor &&
    heard.event.kind === kind &&
    (trial === undefined || heard.trial === trial) &&
    (also === undefined || also(heard.event as EventOf<Kind>))
}

/** Sent, or received, by an actor: writes and reads, datagrams. */
export function carried(actor: string, direction: 'sent' | 'received', trial?: string): Meant {
  return (heard) =>
    heard.actor === actor &&
    (heard.event.kind === 'bytes' || heard.event.kind === 'datagram') &&
    heard.event.direction === direction &&
    (trial === undefined || heard.trial === trial)
}

/** Without what is meant; or without so many of them, from the first. */
export function without(evidence: Evidence, meant: Meant, count = Number.POSITIVE_INFINITY): Evidence {
  let left = count
  return evidence.filter((heard) => {
    if (!meant(heard) || left === 0) return true
    left -= 1
    return false
  })
}

/** With each that is meant, or the first so many, changed in some of its fields. */
export function changed(
  evidence: Evidence,
  meant: Meant,
  change: (event: Event) => Partial<EventBody>,
  count = Number.POSITIVE_INFINITY,
): Evidence {
  let left = count
  return evidence.map((heard) => {
    if (!meant(heard) || left === 0) return heard
    left -= 1
    return { ...heard, event: { ...heard.event, ...change(heard.event) } as Event }
  })
}

/** With the payload of each that is meant, or of the first so many, replaced. */
export function withPayload(
  evidence: Evidence,
  meant: Meant,
  replace: (payload: Uint8Array) => Uint8Array,
  count?: number,
): Evidence {
  const change = (event: Event): Partial<EventBody> => {
    if (!('payload' in event)) return {}
    const payload = replace(event.payload)
    return { payload, size: payload.length } as Partial<EventBody>
  }
  return changed(evidence, meant, change, count)
}

/** With the payloads of the first two that are meant in one, as a relay would that merges. */
export function merged(evidence: Evidence, meant: Meant): Evidence {
  const [first, second] = evidence.filter(meant)
  if (first === undefined || second === undefined || !('payload' in second.event)) return evidence
  const more = second.event.payload
  const joined = withPayload(
    evidence,
    (heard) => heard === first,
    (payload) => Buffer.concat([payload, more]),
  )
  return joined.filter((heard) => heard !== second)
}

/** With one more after what is meant first: told twice, or something else. */
export function repeated(evidence: Evidence, meant: Meant): Evidence {
  const index = evidence.findIndex(meant)
  const found = evidence[index]
  return found === undefined
    ? evidence
    : [...evidence.slice(0, index + 1), found, ...evidence.slice(index + 1)]
}

/** A part in which this actor takes the place of the one of its name. */
export function withActor(part: Part, actor: Actor): Part {
  return { ...part, actors: part.actors.map((one) => (one.name === actor.name ? actor : one)) }
}

/** A part in which lines of its steps are others. */
export function withLines(part: Part, change: (line: string) => string): Part {
  const trials = part.trials.map((trial) => ({
    ...trial,
    steps: trial.steps.map((step) => ('lines' in step ? { ...step, lines: step.lines.map(change) } : step)),
  }))
  return { ...part, trials }
}
