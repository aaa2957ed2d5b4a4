/**
 * What reading may take of one turn of the event loop, so that who has much to say, or something that takes long, does
 * not keep the others waiting.
 *
 * libuv lets one connection read 32 times in a row, and looks at all of them in every turn. That is right where a read
 * takes microseconds; but a buffer full of tiny frames takes milliseconds, and a hundred of these take seconds.
 */

import { leftovers } from './garbage.ts'

/** Somebody who reads, and can be asked to go on in a later turn. */
export interface Reader {
  goOn(): void
}

/** Reads may take so long together, of one or of many, milliseconds; from then on those wait whose reads are not known to be short. */
const budgetMs = 20

/** Below that nobody keeps account: most turns cost nothing here. */
const briefMs = 0.25

/** Who has read last, and for how long in a row. */
let latest: Reader | undefined
let rowMs = 0

/** What was noticed of this turn so far. */
let spentMs = 0
let end: NodeJS.Immediate | undefined

/** Those who wait for a turn, in this order; those whose reads were brief before go first. */
const brief = new Set<Reader>()
const others = new Set<Reader>()

/** Whether this turn has no time left for what may take long. */
export function isSpent(): boolean {
  return spentMs > budgetMs
}

/** Accounts for a read. `brief`: it took next to nothing; `over`: its reader should have others go on first. */
export function account(reader: Reader, tookMs: number): 'brief' | 'long' | 'over' {
  rowMs = reader === latest ? rowMs + tookMs : tookMs
  latest = reader
  if (end !== undefined) spentMs += tookMs
  if (rowMs <= briefMs) return 'brief'
  if (end === undefined) {
    spentMs += rowMs
    end = setImmediate(nextTurn)
  }
  return isSpent() ? 'over' : 'long'
}

/** Has somebody go on in a later turn. */
export function queueUp(reader: Reader, wasBrief: boolean): void {
  if (wasBrief) brief.add(reader)
  else others.add(reader)
  end ??= setImmediate(nextTurn)
}

/** Somebody will not go on any more. */
export function leaveQueue(reader: Reader): void {
  brief.delete(reader)
  others.delete(reader)
}

function nextTurn(): void {
  end = undefined
  leftovers.look()
  latest = undefined
  spentMs = 0
  for (const queue of [brief, others]) {
    for (const reader of queue) {
      if (isSpent()) break
      queue.delete(reader)
      reader.goOn()
    }
  }
  if (brief.size + others.size > 0) end ??= setImmediate(nextTurn)
}
