/** The head of a request or of an answer, line by line, what its lines mean, and its bytes. */

import { Buffer } from 'node:buffer'
import type { RequestEvent, ResponseEvent } from '../event.ts'
import type { Problem } from '../wire/handshake-response.ts'
import { isToken } from '../wire/http-head.ts'
import { escapeBytes, escapeText } from './escape.ts'
import { meaningOf } from './header-words.ts'
import { hexRows } from './hexdump.ts'
import { type Line, span, wrapLines } from './lines.ts'
import type { Role } from './palette.ts'
import { formatBytes } from './units.ts'

type Head = RequestEvent | ResponseEvent

/** The mark and the space after it; a line that goes on stands under what follows them. */
const markWidth = 2
const hexWidth = 72
const offsetDigits = 4

/** Who says it, the start line, then each header as it came. `problem`: what is wrong in this head. */
export function layOutHead(head: Head, problem: Problem | undefined, width: number): readonly Line[] {
  const wrong = problem?.what.replace(/^header "(.*)"$/, '$1').toLowerCase()
  const isWrong = (...names: readonly string[]): boolean => names.some((name) => name.toLowerCase() === wrong)
  const startIsWrong = head.kind === 'request' ? isWrong('request line', 'method') : isWrong('status line')
  const names = head.headers.map(([name]) => name)
  const isMissing = problem !== undefined && isToken(problem.what) && !startIsWrong && !isWrong(...names)
  return [
    [span(titleOf(head), head.direction)],
    ...markedLine(startIsWrong ? '✗' : ' ', startLineOf(head), width, startIsWrong ? 'bad' : 'strong'),
    ...head.headers.flatMap(([name, value]) => {
      const meaning = meaningOf(name, value, head.kind)
      const text = showLatin1(`${name}: ${value}`)
      return [
        ...(isWrong(name)
          ? markedLine('✗', text, width, 'bad')
          : markedLine(meaning === undefined ? ' ' : '•', text, width, 'plain')),
        ...(meaning === undefined ? [] : wrapLines(meaning, width, 2 * markWidth, 'faint')),
      ]
    }),
    ...(isMissing && problem ? markedLine('✗', escapeText(`${problem.what}: missing`), width, 'bad') : []),
  ]
}

function titleOf({ kind, direction }: Head): string {
  if (kind === 'request') return direction === 'sent' ? '→ we asked' : '← they asked'
  return direction === 'sent' ? '→ we answered' : '← they answered'
}

function startLineOf(head: Head): string {
  return head.kind === 'request'
    ? showLatin1(`${head.method} ${head.target} ${head.version}`)
    : showLatin1(`${head.version} ${head.status} ${head.reason}`.trimEnd())
}

/** A line of a head behind its mark; where it goes on, it hangs two cells deeper. */
function markedLine(mark: string, text: string, width: number, role: Role): readonly Line[] {
  const [first = [], ...rest] = wrapLines(text, width - markWidth, markWidth, role)
  const marked = [span(`${mark} `, role === 'bad' ? role : 'faint'), ...first.slice(1)]
  return [marked, ...rest.map((line) => [span(' '.repeat(markWidth)), ...line])]
}

/** The heads as they travelled, in hex where there is room; as text the reads and writes show them. */
export function layOutTravelled(heads: readonly Head[], show: number, width: number): readonly Line[] {
  if (width < hexWidth) return []
  return heads.flatMap(({ kind, direction, size, payload }) => {
    const shown = payload.subarray(0, show)
    const more = size - shown.length
    const title = `${kind === 'request' ? 'the request' : 'the answer'} as it travelled, ${formatBytes(size)}`
    return [
      [],
      [span(title, 'faint')],
      ...Array.from(hexRows(shown), ({ offset, bytes, text }) => [
        span(`${offset.slice(-offsetDigits)}  `, 'faint'),
        span(`${bytes}  `),
        span(text, direction),
      ]),
      ...(more === 0 ? [] : [[span(`… ${formatBytes(more)} more`, 'faint')]]),
    ]
  })
}

/** Text of a peer's head, in which a character is a byte: as UTF-8 where it is that. Safe to show. */
export function showLatin1(text: string): string {
  // What has been cut short ends in a character of ours.
  return /[^\0-\xff]/.test(text) ? escapeText(text) : escapeBytes(Buffer.from(text, 'latin1'))
}
