import { Buffer } from 'node:buffer'
import type { RequestEvent, ResponseEvent } from '../event.ts'
import { acceptOf, handshakeGuid } from '../wire/handshake-response.ts'
import { headerValues } from '../wire/http-head.ts'
import { type Entry, type Telling, words } from './entry.ts'
import { escapeBytes, escapeText } from './escape.ts'
import { layOutHead, layOutTravelled, showLatin1 } from './head-lines.ts'
import { beside, type Line, span, wrapLines } from './lines.ts'
import { formatDuration } from './units.ts'

/** From this width on, the request and the answer stand next to each other. */
const besideWidth = 78
const columnGap = 2
const accept = 'Sec-WebSocket-Accept'

/** A request that nobody has answered. */
export function requestEntry(event: RequestEvent, telling: Telling): Entry {
  return {
    mark: '⇄',
    role: 'warning',
    text: [words('upgrade asked for, and no answer to it')],
    panel: (width) => [
      ...layOutHead(event, undefined, width),
      ...(telling.verbosity >= 1 ? layOutTravelled([event], telling.show, width) : []),
    ],
  }
}

/** The request and its answer, side by side, and how the answer proves that it is one. */
export function upgradeEntry(event: ResponseEvent, telling: Telling): Entry {
  const { request, show, verbosity } = telling
  const heads = request === undefined ? [event] : [request, event]
  return {
    mark: event.problem === undefined && event.status === 101 ? '⇄' : '×',
    role: event.problem === undefined && event.status === 101 ? 'good' : 'bad',
    text: [words(verdictOf(event, request))],
    panel: (width) => [
      ...layOutHeads(event, request, width),
      ...(request === undefined ? [] : proveAccept(event, request, width)),
      ...tellProblem(event, width),
      ...tellBody(event, show, width),
      ...(verbosity >= 1 ? layOutTravelled(heads, show, width) : []),
    ],
  }
}

function verdictOf({ status, reason, problem, tookMs }: ResponseEvent, request?: RequestEvent): string {
  const took = formatDuration(tookMs)
  const answer = showLatin1(`${status} ${reason}`.trimEnd())
  if (status !== 101) {
    const early = request === undefined ? 'before its request was read' : `after ${took}`
    return `upgrade refused: ${answer}, ${early}`
  }
  if (problem === undefined) return `upgrade asked and granted in ${took}`
  return `upgrade failed: the answer is wrong in its ${escapeText(problem.what)}`
}

function layOutHeads(
  event: ResponseEvent,
  request: RequestEvent | undefined,
  width: number,
): readonly Line[] {
  const { direction, problem } = event
  const answer = (cells: number) => layOutHead(event, direction === 'received' ? problem : undefined, cells)
  if (request === undefined) return answer(width)
  const asked = (cells: number) => layOutHead(request, direction === 'sent' ? problem : undefined, cells)
  if (width < besideWidth) return [...asked(width), [], ...answer(width)]
  const column = Math.floor((width - columnGap) / 2)
  return beside(
    [asked, answer].map((lines) => ({ lines: lines(column), width: column })),
    columnGap,
  )
}

/** The accept worked out from the key of this very request, and whether it is what stands in the answer. */
function proveAccept(event: ResponseEvent, { headers }: RequestEvent, width: number): readonly Line[] {
  const [key, ...more] = headerValues(headers, 'Sec-WebSocket-Key')
  const answered = headerValues(event.headers, accept)
  if (key === undefined || more.length > 0 || (event.status !== 101 && answered.length === 0)) return []
  const expected = acceptOf(key)
  const digest = Buffer.from(expected, 'base64')
    .toString('hex')
    .replace(/..(?=.)/g, '$& ')
  return [
    [],
    ...wrapLines(`${accept}, worked out from this key (RFC 6455 §4.2.2)`, width, 0, 'strong'),
    ...step('key + GUID', showLatin1(key) + handshakeGuid, width),
    ...step('SHA-1', digest, width),
    ...withProof(step('base64', expected, width), proofOf(event, expected, answered), width),
  ]
}

const stepWidth = 12

function step(label: string, value: string, width: number): readonly Line[] {
  const [first = [], ...rest] = wrapLines(value, width, stepWidth, 'plain')
  return [[span(label.padEnd(stepWidth), 'faint'), ...first.slice(1)], ...rest]
}

interface Proof {
  readonly text: string
  readonly holds: boolean
}

function proofOf({ direction }: ResponseEvent, expected: string, answered: readonly string[]): Proof {
  const went = direction === 'sent' ? 'went out' : 'came'
  if (answered.length === 1 && answered[0] === expected)
    return { text: `✓ matches what ${went}`, holds: true }
  const instead = answered.length === 0 ? 'nothing' : answered.map(showLatin1).join(', ')
  return { text: `✗ ${went}: ${instead}`, holds: false }
}

function withProof(lines: readonly Line[], { text, holds }: Proof, width: number): readonly Line[] {
  const role = holds ? 'good' : 'bad'
  const [only] = lines
  const used = only?.reduce((sum, part) => sum + part.text.length, 2) ?? 0
  if (holds && only !== undefined && lines.length === 1 && used + text.length <= width)
    return [[...only, span('  '), span(text, role)]]
  return [...lines, ...wrapLines(text, width, stepWidth - 2, role)]
}

/** What was wrong, where it says so, and how to mend it. */
function tellProblem({ problem }: ResponseEvent, width: number): readonly Line[] {
  if (problem === undefined) return []
  const { what, reason, section, hint } = problem
  return [
    [],
    ...hang(`✗ ${escapeText(what)} ${showLatin1(reason)} (${section})`, width, 'bad'),
    ...(hint === undefined ? [] : wrapLines(showLatin1(hint), width, 2, 'plain')),
  ]
}

function hang(text: string, width: number, role: 'bad'): readonly Line[] {
  const [first, ...rest] = wrapLines(text, width - 2, 0, role)
  return first === undefined ? [] : [first, ...rest.map((line) => [span('  '), ...line])]
}

/** The start of what came with a refusal, as text. What we send ourselves only repeats what is told above it. */
function tellBody({ body, direction }: ResponseEvent, show: number, width: number): readonly Line[] {
  if (body === undefined || body === '' || direction === 'sent') return []
  const bytes = Buffer.from(body, 'latin1')
  const shown = escapeBytes(bytes.subarray(0, show), { keepNewlines: true }).replace(/(?:\\r)?\n/g, '\n')
  return [
    [],
    [span('its body says', 'faint')],
    ...shown
      .trimEnd()
      .split('\n')
      .flatMap((text) => wrapLines(text, width, 2, 'plain')),
    ...(bytes.length > show ? [[span('  …', 'faint')] as const] : []),
  ]
}
