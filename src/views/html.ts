import { escapeText } from './escape.ts'

/** Text that is HTML already: made by {@link html} alone, which escapes whatever is put into it. */
export interface Markup {
  readonly markup: string
}

type Content = string | number | Markup | readonly Content[] | undefined

/** HTML from a template: whatever is put into it is text, and escaped, where it is no {@link Markup}. */
export function html(parts: TemplateStringsArray, ...contents: readonly Content[]): Markup {
  const markup = parts.reduce((before, part, index) => before + toMarkup(contents[index - 1]) + part)
  return { markup }
}

/** Pieces of it, one after the other on lines of their own. */
export function lines(pieces: readonly Markup[]): Markup {
  return { markup: pieces.map(({ markup }) => markup).join('\n') }
}

function toMarkup(content: Content): string {
  if (content === undefined) return ''
  if (typeof content === 'string') return escapeHtml(content)
  if (typeof content === 'number') return String(content)
  return 'markup' in content ? content.markup : content.map(toMarkup).join('')
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Text for a page, in an attribute too; what could hide or reorder it stands there as an escape. */
function escapeHtml(text: string): string {
  const shown = escapeText(text, { keepNewlines: true, keepBackslashes: true })
  return shown.replace(/[&<>"']/g, (character) => entities[character] ?? '')
}
