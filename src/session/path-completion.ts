import { readdirSync } from 'node:fs'

/** The longest list that is shown. */
const mostPaths = 200

/** The completions of a path that is being typed, folders with a slash; none where it leads nowhere. */
export function completePath(path: string): [string[], string] {
  const [, folder = '', start = ''] = /^(.*\/)?([^/]*)$/.exec(path) ?? []
  try {
    const entries = readdirSync(folder === '' ? '.' : folder, { withFileTypes: true })
      .filter(({ name }) => name.startsWith(start) && (start !== '' || !name.startsWith('.')))
      // What a terminal would act on, and what the language takes for an escape or a quote, is not offered.
      .filter(({ name }) => /^[^\p{C}\\"]+$/u.test(name))
    const paths = entries.map((entry) => `${folder}${entry.name}${entry.isDirectory() ? '/' : ''}`)
    return [paths.sort().slice(0, mostPaths), path]
  } catch {
    return [[], path]
  }
}
