/** Help as the source of a manual page, in the man macros: man(7), groff_man(7). */
import { wrapWords } from '../views/cells.ts'
import type { Block, Section } from './section.ts'

/** A part of the page under a heading of its own; a section without a heading stands right below that. */
export interface Chapter {
  readonly title: string
  readonly sections: readonly Section[]
}

/** So long a line of the source is, at most: mandoc(1) asks for it. */
const sourceWidth = 78

/** What roff reads as something else, or shows as something else than the keyboard's character. */
const special: Readonly<Record<string, string>> = {
  '\\': '\\e',
  '-': '\\-',
  "'": '\\(aq',
  '`': '\\(ga',
  '^': '\\(ha',
  '~': '\\(ti',
}

/** A line of the source that shows this text, whatever it begins with. */
export function roffLine(text: string): string {
  return guard(escapeRoff(text))
}

function escapeRoff(text: string): string {
  return text
    .replace(/[-\\'`^~]/g, (character) => special[character] ?? character)
    .replace(/[^ -~]/gu, (character) => `\\[u${codePoint(character)}]`)
}

/** A full stop at its start would make it a request. */
function guard(line: string): string {
  return line.startsWith('.') ? `\\&${line}` : line
}

/** Neither hyphens nor spaces that nobody wrote: what stands here is copied. */
const manners = ['.nh', '.ad l']

/** The source of a page. @param section such as 1, of the manual */
export function roffPage(
  { name, section, version }: { readonly name: string; readonly section: number; readonly version: string },
  chapters: readonly Chapter[],
): string {
  const head = `.TH ${roffArgument(name.toUpperCase())} ${section} "" ${roffArgument(`${name} ${version}`)}`
  const body = chapters.flatMap(({ title, sections }) => [
    `.SH ${roffArgument(title)}`,
    ...sections.flatMap(sectionSource),
  ])
  return [head, ...manners, ...body].map((line) => `${line}\n`).join('')
}

function sectionSource({ heading, blocks }: Section): readonly string[] {
  const start = heading === '' ? [] : [`.SS ${roffArgument(heading)}`]
  return [...start, ...blocks.flatMap((block, index) => blockSource(block, index === 0))]
}

/** @param isFirst after a heading: a paragraph would begin there in any case */
function blockSource(block: Block, isFirst: boolean): readonly string[] {
  const start = isFirst ? [] : ['.PP']
  switch (block.kind) {
    case 'text':
      return [...start, ...textSource(block.text)]
    case 'terms':
      return block.rows.flatMap(([term, meaning]) => [
        '.TP',
        `\\fB${roffLine(term)}\\fR`,
        ...textSource(meaning),
      ])
    case 'lines':
      return [...start, '.nf', ...block.lines.map(roffLine), '.fi']
  }
}

function textSource(text: string): readonly string[] {
  return wrapWords(escapeRoff(text), sourceWidth).map((line) => guard(line.trimStart()))
}

/** An argument of a macro, in quotes. */
function roffArgument(text: string): string {
  return `"${escapeRoff(text).replaceAll('"', '\\(dq')}"`
}

function codePoint(character: string): string {
  return (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')
}
