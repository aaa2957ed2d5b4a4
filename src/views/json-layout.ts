import { Buffer } from 'node:buffer'
import { faint, type Paragraph } from './entry.ts'
import { escapeText } from './escape.ts'
import { formatCount } from './units.ts'

/** What JSON is made of, white space left out; strings stay as they are written. */
const tokens = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s"{}[\],:]+/g

/** Deeper nesting is shown as it came: each level of it makes every line longer. */
const deepest = 32

const step = '  '

/**
 * A JSON object or array, a line for each member; undefined where it is none, or is not all there. Nothing is
 * read and written anew, which would round numbers and drop doubled names: only line ends and spaces are added.
 */
export function layOutJson(payload: Uint8Array, size: number, show: number): Paragraph[] | undefined {
  if (payload.length < size || size > show) return undefined
  const text = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString()
  if (!/^\s*[[{]/.test(text) || !isJson(text)) return undefined
  const lines = indent(text)
  if (lines === undefined) return undefined
  const shown = lines.slice(0, countWithin(lines, show))
  const more = lines.length - shown.length
  return [
    ...shown.map((line): Paragraph => ({ text: escapeText(line, { keepBackslashes: true }), as: 'payload' })),
    ...(more === 0 ? [] : [faint(`… ${formatCount(more, 'line')} more`)]),
  ]
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** The lines, or nothing where it is nested too deep. */
function indent(text: string): string[] | undefined {
  const lines: string[] = []
  let line = ''
  let depth = 0
  let isEmpty = false
  const breakLine = (): void => {
    lines.push(line)
    line = step.repeat(depth)
  }
  for (const [token] of text.matchAll(tokens)) {
    const closes = token === '}' || token === ']'
    if (closes) depth -= 1
    if (closes ? !isEmpty : isEmpty) breakLine()
    line += token === ':' ? ': ' : token
    isEmpty = token === '{' || token === '['
    if (isEmpty) depth += 1
    if (depth > deepest) return undefined
    if (token === ',') breakLine()
  }
  return [...lines, line]
}

/** How many of the lines hold no more characters than are shown, the first one always. */
function countWithin(lines: readonly string[], show: number): number {
  let left = show
  const end = lines.findIndex((line) => {
    left -= line.length
    return left < 0
  })
  return end < 0 ? lines.length : Math.max(1, end)
}
