/** The upgrade as it travelled in a trial: the request and the answer, and what proves the answer. */
import type { Event, EventOf } from '../event.ts'
import { isControl } from '../wire/frame.ts'
import type { ComparedColumn, Happening } from './comparison.ts'
import { type Line, span } from './lines.ts'
import { happeningsIn, sideOf } from './shown.ts'
import { describe } from './words.ts'

/**
 * Where the upgrade is the lesson: the first upgrade in a trial that is about nothing else, and each that failed: others go without saying. Nothing
 * elsewhere.
 */
export function upgradeSection(column: ComparedColumn, trial: string, width: number): readonly Line[] {
  if (!column.showsUpgrade) return []
  const inTrial = new Set(happeningsIn(column, trial).map(({ event }) => event))
  const sends = new Set(column.heard.filter(({ event }) => isSending(event)).map((one) => one.trial))
  const heard = column.heard.filter((one) => one.trial !== undefined && sideOf(column, one.actor) === 'left')
  const pairs = pairsOf(heard.filter((one) => !sends.has(one.trial) || isFailedIn(heard, one.trial)))
  return pairs
    .filter(({ response }, index) => index === 0 || (response !== undefined && isFailed(response)))
    .filter(({ request }) => inTrial.has(request))
    .flatMap(({ request, response }) => {
      const entry =
        response === undefined
          ? describe('request', request, shownBody)
          : describe('response', response, shownBody, { verbosity: 0, request })
      const title: Line = [span('The upgrade', 'strong'), span(', and what its lines mean', 'faint')]
      return [title, [], ...(entry.panel?.(width) ?? []).map(fromOutside), []]
    })
}

/** Bytes of a refusal's body. */
const shownBody = 256

function isSending(event: Event): boolean {
  return event.kind === 'message' || (event.kind === 'frame' && !isControl(event.opcode))
}

function isFailedIn(heard: readonly Happening[], trial: string | undefined): boolean {
  return heard.some((one) => one.trial === trial && one.event.kind === 'response' && isFailed(one.event))
}

function isFailed({ status, problem }: EventOf<'response'>): boolean {
  return status !== 101 || problem !== undefined
}

interface Pair {
  readonly request: EventOf<'request'>
  readonly response?: EventOf<'response'>
}

function pairsOf(heard: readonly Happening[]): readonly Pair[] {
  const pairs: Pair[] = []
  for (const { event } of heard) {
    if (event.kind === 'request') pairs.push({ request: event })
    const last = pairs.at(-1)
    if (event.kind === 'response' && last !== undefined)
      pairs[pairs.length - 1] = { request: last.request, response: event }
  }
  return pairs
}

/** The log speaks as one of the two ends; here somebody looks at both. */
const titles: Readonly<Record<string, string>> = {
  '→ we asked': '→ request ',
  '← they answered': '← the answer   ',
}

function fromOutside(line: Line): Line {
  return line.map(({ text, role }) => span(titles[text] ?? text, role))
}
