/** What `sockpit help` can tell besides the commands. */
import { commonOptions } from '../commands/options/common.ts'
import { sharedTlsOptions } from '../commands/options/tls.ts'
import { wrapWords } from '../views/cells.ts'
import { optionLines } from './command-help.ts'
import { helpText, type Layout, sectionLines, widest } from './layout.ts'
import type { Section } from './section.ts'

export interface Topic {
  readonly name: string
  /** A clause without a full stop. */
  readonly summary: string
  /** What asks for it without `help`. */
  readonly option?: string
  write(how: TopicLayout): Promise<string>
}

/** How a topic is laid out, and of which version it tells. */
export interface TopicLayout extends Layout {
  readonly version: string
}

export const topics: readonly Topic[] = [
  {
    name: 'options',
    summary: 'what every socket command takes, and those of TLS',
    write: async (how) =>
      page(
        'what every socket command takes, and those of TLS',
        optionLines({ ...commonOptions, ...sharedTlsOptions }, how),
        how,
      ),
  },
  topic('language', 'what a typed line means, the verbs, scripts', async () =>
    (await import('./language.ts')).languageSections(),
  ),
  topic('views', 'log, raw, hex and json: what is shown, and where', async () =>
    (await import('./views.ts')).viewSections(),
  ),
  topic('events', 'what every event says in JSON, field by field', async () =>
    (await import('./events.ts')).eventSections(),
  ),
  topic('exit-codes', 'what the exit code says', async () =>
    (await import('./exit-codes.ts')).exitCodeSections(),
  ),
  {
    ...topic('limits', 'every limit: its default, its option, and what happens then', async () =>
      (await import('./limits.ts')).limitSections(),
    ),
    option: '--limits',
  },
  {
    name: 'man',
    summary: 'all of this as a manual page: sockpit help man | man -l -',
    write: async ({ version }) => (await import('./man-page.ts')).manPage(version),
  },
]

function topic(name: string, summary: string, sections: () => Promise<readonly Section[]>): Topic {
  return {
    name,
    summary,
    write: async (how) => page(summary, sectionLines(await sections(), how), how),
  }
}

function page(summary: string, lines: readonly string[], { width }: Layout): string {
  const title = `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`
  return helpText([...wrapWords(title, Math.min(width, widest)), ...lines])
}
